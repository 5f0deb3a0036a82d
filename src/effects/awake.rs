//! Holding off the machine's sleep while something is built, where the system lets us.

use std::io::PipeWriter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{env, process};

/// Where the system's services are spoken to, logind among them.
const BUS: &str = "/run/dbus/system_bus_socket";

/// While it lives, the machine does not go to sleep by itself. Dropped, or when this process
/// dies in any way, its pipe closes and the system's own tool lets go.
pub struct Awake {
    _pipe: PipeWriter,
    tool: Child,
}

impl Awake {
    /// Asks the system; `None` where there is nobody to ask.
    pub fn hold(what: &str) -> Option<Self> {
        let mut command = Command::new(tool()?);
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

/// The system's own tool, where it has somebody to ask.
pub fn tool() -> Option<PathBuf> {
    match cfg!(target_os = "macos") {
        true => which::which("caffeinate").ok(),
        false => inhibit(Path::new(BUS)),
    }
}

/// Without the bus it ends at once: a process for nothing in the way of every build.
fn inhibit(bus: &Path) -> Option<PathBuf> {
    bus.exists().then(|| which::which("systemd-inhibit").ok()).flatten()
}

impl Drop for Awake {
    fn drop(&mut self) {
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_where_nobody_answers() {
        assert_eq!(inhibit(Path::new("/nonexistent/bus")), None);
        assert_eq!(inhibit(Path::new("/")), which::which("systemd-inhibit").ok());
    }
}
