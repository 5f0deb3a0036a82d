//! One running command: its start, its pipes, its end.

use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::super::cgroup::Cgroup;
use super::super::limits::Bounds;
use super::super::pty::Pty;
use super::super::sys::{self, Birth, Usage};
use super::super::{clock, env, limits, sweep};
use super::{ADOPTS, Ended, Invocation, SPARED, quoted};

/// When the watcher is called first, and how far apart then.
pub const FIRST_WATCH: Duration = Duration::from_millis(100);
pub const WATCH: Duration = Duration::from_millis(500);
/// How long a killed command may take to vanish.
const DEATH: Duration = Duration::from_secs(30);
/// How often a command's end is looked for where the kernel does not tell it.
const LOOK: Duration = Duration::from_millis(20);
/// How much is read at a time.
const CHUNK: usize = 64 << 10;
/// How many reads are made for what is left in a pipe that somebody still holds open.
const LAST_READS: usize = 64;

/// Where output comes from; merged output counts as standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Out,
    /// Error output.
    Err,
}

/// Whether standard and error output come through one pipe, in order.
#[derive(Clone, Copy)]
pub enum Channels<'a> {
    /// They do.
    Merged,
    /// Each has its own.
    Apart,
    /// All three are this terminal, and it is that of the command's session.
    Terminal(&'a Pty),
}

/// Who takes output.
pub type Sink<'a> = dyn FnMut(Channel, &[u8]) -> Result<()> + 'a;

/// A command that was started and that nobody has taken leave of: until then its number,
/// which names its group too, belongs to nobody else.
pub struct Running {
    pid: u32,
    handle: Pid,
    exit: Option<OwnedFd>,
    pipes: Vec<(Channel, PipeReader)>,
    quarry: sweep::Quarry,
    buffer: Vec<u8>,
    group: Option<Cgroup>,
}

impl Running {
    /// Starts the command; the inner error says why it cannot be.
    pub fn start(
        invocation: &Invocation,
        stdin: Stdio,
        channels: Channels,
    ) -> Result<Result<Self, String>> {
        let Some((program, arguments)) = invocation.argv.split_first() else {
            bail!("the command is empty");
        };
        if !invocation.cwd.is_dir() {
            bail!("the folder `{}` is not there", invocation.cwd.display());
        }
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&invocation.cwd).stdin(stdin);
        let own_terminal = matches!(channels, Channels::Terminal(_));
        if !own_terminal {
            // Who leads a group cannot begin a session, which makes a group as well.
            command.process_group(0);
        }
        command.env_clear().envs(invocation.env.iter().map(|(name, value)| (name, value)));
        if !invocation.token.is_empty() {
            command.env(env::TOKEN, &invocation.token);
        }
        let keep = invocation.keep_fd.map(|file| file.as_raw_fd());
        let group = invocation.bounds.processes.and_then(Cgroup::make);
        let door = group.as_ref().and_then(Cgroup::door);
        let joins = door.as_ref().map(AsRawFd::as_raw_fd);
        let own_session = own_terminal;
        let birth = Birth { keep, joins, dies_with_parent: true, own_session, own_terminal };
        sys::prepare(&mut command, birth);
        let pipes = connect(&mut command, channels).context("cannot make a pipe")?;
        let started = command.spawn();
        drop(command);
        let child = match started {
            Ok(child) => child,
            Err(error) if is_missing(&error) => {
                let name = program.display();
                return Ok(Err(format!("`{name}` cannot be started: {error}")));
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot start {}", quoted(&invocation.argv)));
            }
        };
        let (pid, handle) = (child.id(), Pid::from_child(&child));
        let mut quarry = sweep::Quarry {
            token: if invocation.beside { String::new() } else { invocation.token.clone() },
            group: Some(pid),
            spared: Some(SPARED.load(Ordering::Relaxed)).filter(|pid| *pid != 0),
            adopted: ADOPTS.load(Ordering::Relaxed) && !invocation.beside,
            ..sweep::Quarry::default()
        };
        quarry.walled = quarry.adopted && !invocation.own_tree;
        if invocation.own_tree && !invocation.beside {
            quarry.folder = sweep::Quarry::new("", &invocation.cwd).folder;
        }
        let (exit, buffer) = (exit_of(handle), vec![0; CHUNK]);
        Ok(Ok(Self { pid, handle, exit, pipes, quarry, buffer, group }))
    }

    /// Follows the command until it ends by itself (`None`) or has to be ended.
    pub fn attend(
        &mut self,
        invocation: &Invocation,
        sink: &mut Sink,
        watch: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Option<Ended>> {
        let begun = clock::tick();
        let deadline = later(begun, invocation.timeout);
        let bounds = invocation.bounds.are_some().then_some(&invocation.bounds);
        let mut next_watch = begun + FIRST_WATCH;
        loop {
            let now = clock::tick();
            if now >= deadline {
                return Ok(Some(Ended::Timeout));
            }
            if now >= next_watch {
                if let Some(reason) = watch() {
                    return Ok(Some(Ended::Stopped(reason)));
                }
                if let Some(what) = bounds.and_then(|bounds| self.passed(bounds)) {
                    return Ok(Some(Ended::Exceeded(what)));
                }
                next_watch = clock::tick() + WATCH;
            }
            let until = next_watch.min(deadline);
            if self.pump(until.saturating_duration_since(clock::tick()), sink)? {
                return Ok(None);
            }
        }
    }

    /// Which of its bounds the command has passed, in words.
    fn passed(&self, bounds: &Bounds) -> Option<String> {
        let full = self.group.as_ref().is_some_and(Cgroup::was_full);
        match bounds.processes.filter(|_| full) {
            Some(most) => {
                Some(format!("it wanted more processes and threads, the limit is {most}"))
            }
            None => bounds.passed(&self.roots()),
        }
    }

    /// What all processes of the command descend from: itself, and strays that this process
    /// has adopted.
    fn roots(&self) -> Vec<u32> {
        match self.quarry.adopted {
            true => {
                let mut roots = limits::children(std::process::id());
                roots.retain(|pid| self.quarry.spared != Some(*pid));
                roots
            }
            false => vec![self.pid],
        }
    }

    /// Asks the command to end, and kills it at the deadline; at once, where that has come.
    pub fn stop(&mut self, deadline: Instant, sink: &mut Sink) -> Result<()> {
        if clock::tick() < deadline {
            self.ask();
        }
        self.kill_at(deadline, sink)
    }

    fn ask(&self) {
        let inside = sweep::inside(self.pid);
        if inside.is_empty() {
            let _ = kill_process_group(self.handle, Signal::TERM);
            sweep::ask(&self.quarry);
        }
        // The outer process of a sandbox would take everything down with it, at once.
        for pid in inside {
            let start = sweep::Process::look(pid).map(|process| process.start);
            sweep::strike(pid, Signal::TERM, |process| Some(process.start) == start);
        }
    }

    fn kill_at(&mut self, deadline: Instant, sink: &mut Sink) -> Result<()> {
        let mut given_up = later(deadline, DEATH);
        let mut killed = false;
        loop {
            let now = clock::tick();
            if now >= deadline && !killed {
                let _ = kill_process_group(self.handle, Signal::KILL);
                self.group.iter().for_each(Cgroup::kill);
                (killed, given_up) = (true, later(now, DEATH));
            }
            if now >= given_up {
                bail!("process {} does not die though it was killed", self.pid);
            }
            let until = if killed { given_up } else { deadline };
            // Nobody is left to tell when a sink fails now.
            if let Ok(true) = self.pump(until.saturating_duration_since(now), sink) {
                return Ok(());
            }
        }
    }

    /// Ends what the command left behind, takes what is left in its pipes, and leave of it.
    pub fn tidy_up(mut self, deadline: Instant, sink: &mut Sink) -> Result<(ExitStatus, Usage)> {
        let quarry = self.quarry.clone();
        let left = deadline.saturating_duration_since(clock::tick());
        if left.is_zero() {
            // First what forks faster than anybody could look for it.
            self.group.iter().for_each(Cgroup::kill);
        }
        if cfg!(target_os = "linux") {
            sweep::end(&quarry, left, &mut || self.drain(sink))?;
        } else {
            let _ = kill_process_group(self.handle, Signal::KILL);
        }
        self.group.iter().for_each(Cgroup::kill);
        self.drain(sink);
        let mut orphans = if quarry.adopted { sweep::dead_children(self.pid) } else { Vec::new() };
        orphans.retain(|orphan| *orphan != self.pid);
        let pid = i32::try_from(self.pid).context("a process number out of range")?;
        let (status, mut usage) =
            sys::reap(pid)?.ok_or_else(|| anyhow!("process {pid} ended and yet lives"))?;
        for orphan in orphans {
            if let Ok(Some((_, used))) = sys::reap(i32::try_from(orphan)?) {
                usage = usage.with(used);
            }
        }
        Ok((status, usage))
    }

    /// Takes output for at most this long, once; tells whether the command has ended.
    fn pump(&mut self, timeout: Duration, sink: &mut Sink) -> Result<bool> {
        let timeout = if self.exit.is_some() { timeout } else { timeout.min(LOOK) };
        let timeout = Timespec::try_from(timeout).ok();
        let mut fds: Vec<_> =
            self.pipes.iter().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)).collect();
        fds.extend(self.exit.iter().map(|exit| PollFd::new(exit, PollFlags::IN)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for a command"),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        let ended = match self.exit {
            Some(_) => ready[self.pipes.len()],
            None => has_ended(self.handle),
        };
        self.read(|index| ready[index], sink)?;
        Ok(ended)
    }

    /// Reads once from those of the pipes that are ready, and drops those that have ended.
    fn read(&mut self, ready: impl Fn(usize) -> bool, sink: &mut Sink) -> Result<bool> {
        let mut index = 0;
        let mut taken = Ok(false);
        let buffer = &mut self.buffer;
        self.pipes.retain_mut(|(channel, pipe)| {
            index += 1;
            if !ready(index - 1) || taken.is_err() {
                return true;
            }
            match pipe.read(buffer) {
                Ok(0) => false,
                Ok(length) => {
                    taken = sink(*channel, &buffer[..length]).map(|()| true);
                    true
                }
                Err(error) => {
                    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
                }
            }
        });
        taken
    }

    /// Takes what is in the pipes, and no more than that.
    fn drain(&mut self, sink: &mut Sink) {
        for _ in 0..LAST_READS {
            if !matches!(self.read(|_| true, sink), Ok(true)) {
                break;
            }
        }
    }
}

/// Gives the command its output pipes and returns the reading ends, which never block.
fn connect(command: &mut Command, channels: Channels) -> Result<Vec<(Channel, PipeReader)>> {
    let pipes = match channels {
        Channels::Merged => {
            let (out, end) = io::pipe()?;
            command.stderr(end.try_clone()?).stdout(end);
            vec![(Channel::Out, out)]
        }
        Channels::Apart => {
            let ((out, end), (err, err_end)) = (io::pipe()?, io::pipe()?);
            command.stderr(err_end).stdout(end);
            vec![(Channel::Out, out), (Channel::Err, err)]
        }
        Channels::Terminal(pty) => {
            command.stderr(pty.inner()?).stdout(pty.inner()?);
            vec![(Channel::Out, pty.outer()?.into())]
        }
    };
    for (_, pipe) in &pipes {
        let flags = rustix::fs::fcntl_getfl(pipe.as_fd())?;
        rustix::fs::fcntl_setfl(pipe.as_fd(), flags | rustix::fs::OFlags::NONBLOCK)?;
    }
    Ok(pipes)
}

/// A descriptor that becomes readable when the process ends.
#[cfg(target_os = "linux")]
fn exit_of(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn exit_of(_pid: Pid) -> Option<OwnedFd> {
    None
}

/// Whether a child has ended; it stays there to be taken leave of.
fn has_ended(pid: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(pid), look), Ok(None))
}

fn is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let missing = [Errno::NOENT, Errno::ACCESS, Errno::NOTDIR, Errno::NOEXEC, Errno::LOOP];
    Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno))
}

/// A time so far off that it never comes, rather than an overflow.
pub fn later(begun: Instant, wait: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    begun + wait.min(NEVER)
}
