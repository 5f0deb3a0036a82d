//! Holding off the machine's sleep while something is built, where the system lets us.

use std::io::PipeWriter;
use std::process::{Child, Command, Stdio};

use super::{env, process};

/// While it lives, the machine does not go to sleep by itself. Dropped, or when this process
/// dies in any way, its pipe closes and the system's own tool lets go.
pub struct Awake {
    _pipe: PipeWriter,
    tool: Child,
}

impl Awake {
    /// Asks the system; `None` where there is nobody to ask.
    pub fn hold(what: &str) -> Option<Self> {
        let tool =
            which::which(if cfg!(target_os = "macos") { "caffeinate" } else { "systemd-inhibit" });
        let mut command = Command::new(tool.ok()?);
        if cfg!(target_os = "macos") {
            command.arg("-i");
        } else {
            let why = format!("--why=building {what}");
            command.args(["--what=sleep:idle", "--mode=block", "--who=buildq", &why]);
        }
        let (reader, writer) = std::io::pipe().ok()?;
        command.arg("cat").env_clear().envs(env::scrubbed(std::env::vars_os()));
        command.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        let tool = command.spawn().ok()?;
        process::spare(tool.id());
        Some(Self { _pipe: writer, tool })
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}
