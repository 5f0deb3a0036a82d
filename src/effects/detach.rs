//! Starting a buildq process that outlives its parent.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::paths::make_private_dir;
use super::sys::{self, Birth};
use super::{clock, env};

/// The size from which a log file is begun anew.
const LOG: u64 = 1 << 20;
/// The longest line that a child may tell its parent.
const LINE: usize = 64 << 10;

/// The parent's end of the pipe on which a detached child tells that it is ready.
#[derive(Debug)]
pub struct Ready {
    pipe: PipeReader,
}

impl Ready {
    /// The line that the child tells; `None` when it ends without a word or takes longer
    /// than this.
    pub fn wait(mut self, timeout: Duration) -> Option<String> {
        let begun = clock::tick();
        let mut line = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let left = timeout.saturating_sub(begun.elapsed());
            let left = Timespec::try_from(left).ok();
            match poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], left.as_ref()) {
                Ok(0) => return None,
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return None,
                Ok(_) => {}
            }
            let length = self.pipe.read(&mut buffer).ok().filter(|length| *length > 0)?;
            line.extend_from_slice(&buffer[..length]);
            if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                line.truncate(end);
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            if line.len() > LINE {
                return None;
            }
        }
    }
}

/// Starts this very buildq with these arguments in a session of its own: no terminal, no
/// descriptors of whoever started this process, the scrubbed environment, and standard
/// error appended to `log` if there is one. `cwd` should be `/`, which nobody wants to
/// unmount or remove. With `ready`, the child is expected to [`tell_ready`].
pub fn spawn(
    args: &[&OsStr],
    cwd: &Path,
    log: Option<&Path>,
    ready: bool,
) -> Result<Option<Ready>> {
    let mut command = Command::new(this_program()?);
    command.args(args).current_dir(cwd);
    start(command, log, ready)
}

fn start(mut command: Command, log: Option<&Path>, ready: bool) -> Result<Option<Ready>> {
    command.env_clear().envs(env::scrubbed(std::env::vars_os()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(log) = log {
        command.stderr(open_log(log)?);
    }
    let mut pipe = None;
    if ready {
        let (reader, writer) = io::pipe().context("cannot make a pipe")?;
        command.stdout(writer);
        pipe = Some(Ready { pipe: reader });
    }
    sys::prepare(&mut command, Birth { own_session: true, ..Birth::default() });
    let program = command.get_program().to_owned();
    // Nobody waits for it: parents are short-lived, and then it is the system's child.
    let started = command.spawn();
    started.with_context(|| format!("cannot start `{}`", program.display()))?;
    Ok(pipe)
}

/// Makes this process the leader of a session of its own, if it is not that already. The
/// first act of a command that is meant to run on, however it was started.
pub fn become_detached() {
    // Refused to the leader of a group, which `start` has made a session's leader already.
    let _ = rustix::process::setsid();
}

/// Tells the parent one line, and lets go of the pipe to it: standard output leads nowhere
/// from here on.
pub fn tell_ready(line: &str) -> Result<()> {
    let line = format!("{}\n", line.replace('\n', " "));
    let mut bytes = line.as_bytes();
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            // The parent has not waited.
            Err(_) => break,
        }
    }
    let nowhere = OpenOptions::new().write(true).open("/dev/null");
    let nowhere = nowhere.context("cannot open the null device")?;
    rustix::stdio::dup2_stdout(nowhere.as_fd()).context("cannot let go of standard output")
}

/// The path of this program; of the one that stands there now, if it was replaced.
pub fn this_program() -> Result<PathBuf> {
    let path = std::env::current_exe().context("cannot tell where this program is")?;
    Ok(without_deleted(path))
}

fn without_deleted(path: PathBuf) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    match bytes.strip_suffix(b" (deleted)") {
        Some(there) if !path.exists() => std::ffi::OsString::from_vec(there.to_vec()).into(),
        _ => path,
    }
}

/// Opens a log file to append to; one that has grown large starts anew.
fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        make_private_dir(folder)?;
    }
    let log = || format!("cannot open the log `{}`", path.display());
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    let file = file.with_context(log)?;
    if file.metadata().with_context(log)?.len() > LOG {
        file.set_len(0).with_context(log)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn sh(script: &str, log: Option<&Path>) -> Ready {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir("/");
        start(command, log, true).unwrap().unwrap()
    }

    #[test]
    fn a_detached_process_is_on_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("logs/sync.log");
        let ready =
            sh("echo oops >&2; set -- $(cat /proc/$$/stat); echo $$ $6 $7 $GIT_DIR", Some(&log));
        let line = ready.wait(LONG).unwrap();
        let words: Vec<_> = line.split(' ').collect();
        if cfg!(target_os = "linux") {
            assert_eq!(words[0], words[1], "it leads its session");
            assert_eq!(words[2], "0", "it has no terminal");
        }
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "oops\n");
        assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn silence_is_told_from_a_word() {
        assert_eq!(sh("exit 3", None).wait(LONG), None);
        assert_eq!(sh("printf 'no end'", None).wait(LONG), None);
        assert_eq!(sh("echo a; echo b; exec sleep 2", None).wait(LONG).as_deref(), Some("a"));
        let silent = sh("exec sleep 2", None);
        assert_eq!(silent.wait(Duration::from_millis(20)), None);
    }

    #[test]
    fn a_log_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        std::fs::write(&log, "x".repeat(100)).unwrap();
        assert_eq!(open_log(&log).unwrap().metadata().unwrap().len(), 100);
        std::fs::write(&log, "x".repeat(1 + (1 << 20))).unwrap();
        assert_eq!(open_log(&log).unwrap().metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_replaced_program_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("odd (deleted)");
        assert_eq!(without_deleted(odd.clone()), dir.path().join("odd"));
        std::fs::write(&odd, "").unwrap();
        assert_eq!(without_deleted(odd.clone()), odd);
        assert!(this_program().unwrap().exists());
    }

    /// Not a test: the child of the next one.
    #[test]
    #[ignore = "the child of another test"]
    fn child_that_tells_and_stays() {
        if std::env::var_os("BUILDQ_TEST_STAYS").is_some() {
            become_detached();
            tell_ready("ready\nand waiting").unwrap();
            let mut rest = String::new();
            io::stdin().read_to_string(&mut rest).unwrap();
        }
    }

    #[test]
    fn a_child_that_has_told_lets_go_of_the_pipe() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("effects::detach::tests::child_that_tells_and_stays")
            .env("BUILDQ_TEST_STAYS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(text.lines().any(|line| line.ends_with("ready and waiting")), "{text}");
        assert!(child.try_wait().unwrap().is_none(), "it lives, and stdout has ended");
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}
