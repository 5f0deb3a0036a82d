//! The only place that runs `git`.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};

/// Given to every call: nothing of the repository's own may run by the way.
const SETTINGS: [&str; 2] = ["core.hooksPath=/dev/null", "core.fsmonitor=false"];

/// Given to every call. Without lazy fetches a partial clone fails at once, and says what is
/// missing, where it would go to the network and ask for passwords.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
];

/// How many lines of what git complained about an error repeats.
const COMPLAINTS: usize = 5;

/// Runs `git` in one repository.
///
/// No `GIT_*` variable of this process is passed on: those that hooks leak (`GIT_DIR`,
/// `GIT_INDEX_FILE`, `GIT_AUTHOR_DATE`, `GIT_QUARANTINE_PATH`, …) point git at another
/// repository, another index, another author. What one call needs is set with [`Git::with`].
#[derive(Clone, Debug)]
pub struct Git {
    dir: PathBuf,
    place: Vec<OsString>,
    settings: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Git {
    /// As `git -C dir`.
    pub fn at(dir: &Path) -> Self {
        Self::new(dir, vec!["-C".into(), dir.into()])
    }

    /// As `git -C dir --git-dir=.`: the repository without any work tree. Relative paths in
    /// arguments and answers start at the git directory.
    pub fn bare(git_dir: &Path) -> Self {
        Self::new(git_dir, vec!["-C".into(), git_dir.into(), "--git-dir=.".into()])
    }

    fn new(dir: &Path, place: Vec<OsString>) -> Self {
        let dir = dir.to_owned();
        Self { dir, place, settings: Vec::new(), environment: Vec::new() }
    }

    /// The directory it was made for.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The same with one environment variable more.
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same with one setting more, as `-c key=value`.
    pub fn set(mut self, setting: impl Into<OsString>) -> Self {
        self.settings.push(setting.into());
        self
    }

    /// The call, ready to be started: standard input is the null device.
    pub fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command.envs(ENVIRONMENT);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(&self.place);
        let settings = SETTINGS.iter().map(OsStr::new);
        for setting in settings.chain(self.settings.iter().map(OsString::as_os_str)) {
            command.arg("-c").arg(setting);
        }
        command.args(args).stdin(Stdio::null());
        command
    }

    /// Its standard output without the last newline; anything but exit 0 is an error.
    pub fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<String> {
        Ok(text(&self.bytes(args)?))
    }

    /// Its standard output as it is; anything but exit 0 is an error.
    pub fn bytes(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Vec<u8>> {
        let mut command = self.command(args);
        let output = command.output().map_err(cannot_run)?;
        succeeded(&command, output)
    }

    /// The same, with what it complained about all the same.
    pub fn bytes_and_complaint(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<(Vec<u8>, String)> {
        let mut command = self.command(args);
        let output = command.output().map_err(cannot_run)?;
        let said = text(&output.stderr);
        Ok((succeeded(&command, output)?, said))
    }

    /// Exit code, standard output and standard error, the last newlines cut off; a signal
    /// counts as 128 and its number.
    pub fn try_run(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<(i32, String, String)> {
        let output = self.command(args).output().map_err(cannot_run)?;
        Ok((code(&output), text(&output.stdout), text(&output.stderr)))
    }

    /// As [`Git::bytes`], with these bytes as its standard input.
    pub fn feed(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        stdin: &[u8],
    ) -> Result<Vec<u8>> {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot_run)?;
        let pipe = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Who reads only a part of it says so by its exit code; the pipe's end is no news.
            let write = move || pipe.map(|mut pipe| pipe.write_all(stdin));
            if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, write) {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
            child.wait_with_output()
        });
        succeeded(&command, output.map_err(cannot_run)?)
    }

    /// The version of the git on PATH.
    pub fn version() -> Result<(u32, u32, u32)> {
        let said = Self::at(Path::new("/")).run(["version"])?;
        parse_version(&said).ok_or_else(|| anyhow!("`git version` says `{said}`"))
    }
}

fn cannot_run(error: std::io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context("cannot run `git`: is it installed and on PATH?")
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

fn code(output: &Output) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = || output.status.signal().map(|signal| 128 + signal);
    output.status.code().or_else(signal).unwrap_or(-1)
}

fn succeeded(command: &Command, output: Output) -> Result<Vec<u8>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let verb = verb(command);
    let code = code(&output);
    let said = complaint(&output.stderr);
    if said.is_empty() {
        bail!("`git {verb}` failed with exit {code}");
    }
    bail!("`git {verb}` failed with exit {code}: {said}")
}

/// The subcommand alone: whole command lines are long and hold what nobody asked for.
fn verb(command: &Command) -> String {
    let mut args = command.get_args();
    while let Some(arg) = args.next() {
        match arg.as_encoded_bytes() {
            b"-c" | b"-C" => _ = args.next(),
            [b'-', ..] => {}
            _ => return arg.to_string_lossy().into_owned(),
        }
    }
    String::new()
}

/// The first lines of standard error on one line, without git's advice.
pub fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with("hint:")).take(COMPLAINTS);
    lines.collect::<Vec<_>>().join("; ")
}

fn parse_version(said: &str) -> Option<(u32, u32, u32)> {
    let number = said.strip_prefix("git version ")?.split_whitespace().next()?;
    let mut parts = number.split(['.', '-']);
    let mut next = || parts.next().and_then(|part| part.parse().ok());
    Some((next()?, next()?, next().unwrap_or(0)))
}

/// One commit's name as text, from a revision; an error when there is none.
pub fn commit_at(git: &Git, revision: &str) -> Result<String> {
    let wanted = format!("{revision}^{{commit}}");
    git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
        .with_context(|| format!("`{revision}` names no commit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_makes_are_read() {
        for (said, version) in [
            ("git version 2.47.3", Some((2, 47, 3))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39, 5))),
            ("git version 2.54.0-rc1", Some((2, 54, 0))),
            ("git version 2.50", Some((2, 50, 0))),
            ("hub version 2", None),
        ] {
            assert_eq!(parse_version(said), version, "{said}");
        }
        assert!(Git::version().unwrap() > (2, 30, 0));
    }

    #[test]
    fn errors_name_the_verb_and_what_git_said() {
        let dir = tempfile::tempdir().unwrap();
        let error = Git::at(dir.path()).run(["rev-parse", "HEAD"]).unwrap_err().to_string();
        assert!(error.starts_with("`git rev-parse` failed with exit 128: fatal: not a git"));
        let (code, out, err) = Git::at(dir.path()).try_run(["rev-parse", "HEAD"]).unwrap();
        assert_eq!((code, out.as_str()), (128, ""));
        assert!(err.starts_with("fatal"));
    }

    #[test]
    fn what_is_fed_arrives_also_when_it_fills_every_pipe() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let git = Git::at(dir.path());
        let mut lines = String::new();
        for number in 0..100_000 {
            lines.push_str(&format!("file{number}\n"));
        }
        let echo =
            git.feed(["check-ignore", "-v", "-n", "--no-index", "--stdin"], lines.as_bytes());
        assert!(echo.is_err(), "nothing is ignored: exit 1");
        let oid = git.feed(["hash-object", "-w", "--stdin"], b"x\n").unwrap();
        assert_eq!(text(&oid), "587be6b4c3f93f93c489c0111bba5596147a26cb");
    }

    #[test]
    fn hooks_and_leaked_variables_have_no_say() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q"]).unwrap();
        let command = git.clone().with("GIT_INDEX_FILE", "/x").command(["status"]);
        let environment: Vec<_> = command.get_envs().collect();
        assert!(environment.contains(&(OsStr::new("GIT_INDEX_FILE"), Some(OsStr::new("/x")))));
        assert!(environment.contains(&(OsStr::new("LC_ALL"), Some(OsStr::new("C")))));
        assert_eq!(git.run(["config", "core.hooksPath"]).unwrap(), "/dev/null");
    }
}
