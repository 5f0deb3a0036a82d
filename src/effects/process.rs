//! Running one command, bounded in time and output.
//!
//! Everything happens in the calling thread: one poll waits for output, the command's end
//! and the next look at the clock. (On Linux the command is killed when the thread that
//! started it ends, so a build cannot outlive its supervisor.)

mod running;

use std::ffi::{OsStr, OsString};
use std::fs::File;
#[cfg(test)]
use std::io::{Seek as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

pub use self::running::Channel;
use self::running::{Channels, Running, Sink};
use super::limits::Bounds;
use super::pty::Pty;
use super::{clock, env};

/// How long a command that was asked to end has before it is killed.
pub const GRACE: Duration = Duration::from_secs(10);
/// How much of a command's error output is kept where it is kept apart.
const ERRORS: usize = 16 << 10;

static ADOPTS: AtomicBool = AtomicBool::new(false);

/// The child that [`spare`] named; 0 when there is none.
static SPARED: AtomicU32 = AtomicU32::new(0);

/// Tells that this child of ours is no orphan and is not to be ended with a command.
pub fn spare(pid: u32) {
    SPARED.store(pid, Ordering::Relaxed);
}

/// One command and its bounds.
#[derive(Clone, Debug)]
pub struct Invocation<'a> {
    /// The program, looked for on the PATH of `env`, and its arguments.
    pub argv: Vec<OsString>,
    /// The folder it starts in.
    pub cwd: PathBuf,
    /// Its whole environment; [`env::TOKEN`] is added when `token` is not empty.
    pub env: Vec<(OsString, OsString)>,
    /// The regular file it reads; else the null device.
    pub stdin: Option<PathBuf>,
    /// How long it may run.
    pub timeout: Duration,
    /// How long it has from being asked to end to being killed.
    pub grace: Duration,
    /// By what its processes are found again; empty: not at all.
    pub token: String,
    /// It has no pid namespace: what works in `cwd` in the end is ended as well.
    pub own_tree: bool,
    /// Another command of this process runs meanwhile: only its own group is ended with it.
    pub beside: bool,
    /// A file whose descriptor it inherits under the same number.
    pub keep_fd: Option<&'a File>,
    /// How much it may use; what uses more is ended at once.
    pub bounds: Bounds,
}

impl Invocation<'_> {
    /// A command with no input, no token, ten minutes of time, and strays that are ended.
    pub fn new(argv: Vec<OsString>, cwd: &Path, env: Vec<(OsString, OsString)>) -> Self {
        Self {
            argv,
            cwd: cwd.to_owned(),
            env,
            stdin: None,
            timeout: Duration::from_secs(600),
            grace: GRACE,
            token: String::new(),
            own_tree: true,
            beside: false,
            keep_fd: None,
            bounds: Bounds::default(),
        }
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal, not ours.
    Signal(i32),
    /// It was ended, because its time was up.
    Timeout,
    /// It was ended by the watcher, for this reason.
    Stopped(String),
    /// It was ended, because it used more than it may: what and how much.
    Exceeded(String),
    /// It never started: not found, or cannot be executed.
    Missing(String),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub ended: Ended,
    /// User and system time of it and of those it waited for.
    pub cpu: Option<Duration>,
    /// The largest resident set of any one of its processes, in bytes.
    pub memory: Option<u64>,
    /// Wall-clock time from its start to the end of the last of its processes.
    pub duration: Duration,
}

impl Finished {
    /// Whether it ended by itself with code 0.
    pub fn is_success(&self) -> bool {
        self.ended == Ended::Exit(0)
    }
}

/// Makes this process the one that inherits what its commands leave behind: strays are then
/// found whatever they change about themselves, and what was used inside a sandbox counts.
/// Only for a process with one thread that has one child at a time: a supervisor. Every
/// other child of it is taken for a stray and ended.
pub fn adopt_orphans() -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .context("cannot become the parent of orphaned processes")?;
        ADOPTS.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// The program that `run` would start: found on the PATH of `env`, or a path, relative to
/// `cwd`. A command inside a sandbox is looked for with this, since there the sandbox is
/// what starts.
pub fn find(program: &OsStr, cwd: &Path, env: &[(OsString, OsString)]) -> Option<PathBuf> {
    let path = env.iter().find(|(name, _)| name == env::PATH).map(|(_, path)| path.clone());
    which::which_in(program, path, cwd).ok()
}

/// Becomes another program, looked for on PATH; why not, where it cannot be.
pub fn become_command(argv: &[OsString]) -> anyhow::Error {
    let Some((program, arguments)) = argv.split_first() else { return anyhow!("no command") };
    let error = std::process::Command::new(program).args(arguments).exec();
    anyhow::Error::from(error).context(format!("cannot run `{}`", program.display()))
}

/// Runs a command to its end. `output` gets what it writes, standard and error output as
/// they come; `watch` is called at least every 500 ms and ends it by giving a reason.
/// When this returns, nothing of the command is left.
pub fn run(
    invocation: &Invocation,
    output: &mut dyn FnMut(&[u8]),
    watch: &mut dyn FnMut() -> Option<String>,
) -> Result<Finished> {
    let stdin = open_input(invocation.stdin.as_deref())?;
    let mut sink = |_, bytes: &[u8]| {
        output(bytes);
        Ok(())
    };
    drive(invocation, stdin, Channels::Merged, &mut sink, watch)
}

/// Runs a command whose standard output goes to `sink`, at most `limit` bytes of it; gives
/// the end of its error output too. More output, or an error of the sink, ends the command
/// and is an error.
pub fn pipe_to(
    invocation: &Invocation,
    sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    limit: u64,
) -> Result<(Finished, String)> {
    let stdin = open_input(invocation.stdin.as_deref())?;
    pipe(invocation, stdin, sink, limit)
}

/// Runs a command that reads `stdin` (instead of the invocation's) and gives its standard
/// output, at most `max_stdout` bytes, and the end of its error output.
#[cfg(test)]
pub fn capture(
    invocation: &Invocation,
    stdin: &[u8],
    max_stdout: usize,
) -> Result<(Finished, Vec<u8>, String)> {
    // A file, not a pipe: a command that does not read cannot hold anybody up.
    let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
    file.write_all(stdin).context("cannot write a temporary file")?;
    file.rewind().context("cannot rewind a temporary file")?;
    let mut stdout = Vec::new();
    let mut sink = |bytes: &[u8]| {
        stdout.extend_from_slice(bytes);
        Ok(())
    };
    let (finished, stderr) = pipe(invocation, file.into(), &mut sink, max_stdout as u64)?;
    Ok((finished, stdout, stderr))
}

fn pipe(
    invocation: &Invocation,
    stdin: Stdio,
    sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    limit: u64,
) -> Result<(Finished, String)> {
    let (mut taken, mut errors) = (0, Vec::new());
    let mut channels = |channel, bytes: &[u8]| match channel {
        Channel::Out => {
            taken += bytes.len() as u64;
            if taken > limit {
                bail!("{} gave more than {limit} bytes", quoted(&invocation.argv));
            }
            sink(bytes)
        }
        Channel::Err => {
            errors.extend_from_slice(bytes);
            let surplus = errors.len().saturating_sub(ERRORS);
            errors.drain(..surplus);
            Ok(())
        }
    };
    let finished = drive(invocation, stdin, Channels::Apart, &mut channels, &mut || None)?;
    Ok((finished, String::from_utf8_lossy(&errors).into_owned()))
}

/// What a person holds of a command that they work with.
pub enum Hands<'a> {
    /// A terminal: its other end is theirs.
    Terminal(&'a Pty),
    /// What it reads; what it writes comes through two pipes.
    Pipes(Stdio),
}

/// Runs a command that a person works with, as [`run`] does. `output` gets what it writes as it
/// comes; a terminal's is standard output.
pub fn attend(
    invocation: &Invocation,
    hands: Hands,
    output: &mut dyn FnMut(Channel, &[u8]),
    watch: &mut dyn FnMut() -> Option<String>,
) -> Result<Finished> {
    let (stdin, channels) = match hands {
        Hands::Terminal(pty) => {
            (pty.inner().context("a terminal cannot be handed on")?, Channels::Terminal(pty))
        }
        Hands::Pipes(stdin) => (stdin, Channels::Apart),
    };
    let mut sink = |channel, bytes: &[u8]| {
        output(channel, bytes);
        Ok(())
    };
    drive(invocation, stdin, channels, &mut sink, watch)
}

fn open_input(path: Option<&Path>) -> Result<Stdio> {
    let Some(path) = path else { return Ok(Stdio::null()) };
    let input = || format!("cannot read the input `{}`", path.display());
    // Opening a FIFO would hang.
    if !path.metadata().with_context(input)?.is_file() {
        bail!("{}: it is no regular file", input());
    }
    Ok(File::open(path).with_context(input)?.into())
}

fn drive(
    invocation: &Invocation,
    stdin: Stdio,
    channels: Channels,
    sink: &mut Sink,
    watch: &mut dyn FnMut() -> Option<String>,
) -> Result<Finished> {
    let begun = clock::tick();
    let mut running = match Running::start(invocation, stdin, channels)? {
        Ok(running) => running,
        Err(missing) => {
            let ended = Ended::Missing(missing);
            return Ok(Finished { ended, cpu: None, memory: None, duration: begun.elapsed() });
        }
    };
    let attended = running.attend(invocation, sink, watch);
    let grace = match attended {
        Err(_) | Ok(Some(Ended::Exceeded(_))) => Duration::ZERO,
        Ok(_) => invocation.grace,
    };
    let deadline = running::later(clock::tick(), grace);
    let mut swallow = |_, _: &[u8]| Ok(());
    // A sink that failed gets no more.
    let sink = if attended.is_ok() { sink } else { &mut swallow };
    if !matches!(attended, Ok(None)) {
        running.stop(deadline, sink)?;
    }
    let (status, usage) = running.tidy_up(deadline, sink)?;
    let ended = attended?.unwrap_or_else(|| match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    });
    let duration = begun.elapsed();
    Ok(Finished { ended, cpu: Some(usage.cpu), memory: Some(usage.memory), duration })
}

fn quoted(argv: &[OsString]) -> String {
    format!("`{}`", argv.first().map_or(String::new(), |name| name.display().to_string()))
}

#[cfg(test)]
#[path = "process/tests.rs"]
mod tests;
