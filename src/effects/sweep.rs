//! Ending every process of an attempt, strays too.
//!
//! A process may leave its group, its session and its parent, but it seldom leaves its
//! environment and its folder. Linux only: elsewhere nothing is found, and the end of the
//! process group has to do. What had a pid namespace of its own cannot have left this process's
//! descendants, and is looked for among them alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal};

use super::{clock, env, limits};

/// How long killed processes may take to vanish.
const DEATH: Duration = Duration::from_secs(30);
/// A look may miss what forks and ends while it goes on. So one that finds nothing only
/// counts alone if nothing at all was forked meanwhile; else this many in a row do, where
/// nothing was ever found and where something was.
const LOOKS_FOR_NONE: u32 = 3;
const LOOKS: u32 = 25;
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// What makes a process one of an attempt's: any of these.
#[derive(Clone, Debug, Default)]
pub struct Quarry {
    /// It carries `BUILDQ_TOKEN` with this value. An empty token is carried by nobody.
    pub token: String,
    /// It works in this folder, runs a program from it or has it as its root, and has no
    /// terminal: a person may look around in a workspace.
    pub folder: Option<PathBuf>,
    /// It belongs to this process group.
    pub group: Option<u32>,
    /// It is a child of this very process, which adopts orphans and has no other children
    /// than the one that leads `group`.
    pub adopted: bool,
    /// The one child that is no orphan: it belongs to this process itself.
    pub spared: Option<u32>,
    /// It had a pid namespace of its own, and `adopted` holds: whatever is left of it is a child
    /// of this process or descends from one, and is looked for there.
    pub walled: bool,
}

impl Quarry {
    /// The processes with this token or in this folder.
    pub fn new(token: &str, folder: &Path) -> Self {
        // The kernel names folders by their canonical path.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Self { token: token.to_owned(), folder: Some(folder), ..Self::default() }
    }

    fn holds(&self, process: &Process) -> bool {
        let pid = process.pid;
        self.group == Some(process.group)
            || (self.adopted
                && process.parent == std::process::id()
                && self.group != Some(pid)
                && self.spared != Some(pid))
            || (!self.token.is_empty() && carries(pid, &self.token))
            || self.folder.as_ref().is_some_and(|folder| !process.terminal && is_in(pid, folder))
    }
}

/// The processes that carry this token or work in this folder, but for this process and
/// its ancestors.
pub fn living(token: &str, folder: &Path) -> Vec<u32> {
    hunt(&Quarry::new(token, folder), &mut |_| None)
}

/// Ends the processes that carry this token or work in this folder: TERM, after `grace`
/// KILL, until none is left. Returns how many there were; fails when one does not die.
pub fn end_all(token: &str, folder: &Path, grace: Duration) -> Result<usize> {
    end(&Quarry::new(token, folder), grace, &mut || ())
}

/// The same for any quarry; `meanwhile` is called often.
pub fn end(quarry: &Quarry, grace: Duration, meanwhile: &mut dyn FnMut()) -> Result<usize> {
    let mut met = BTreeSet::new();
    let start = clock::tick();
    let (mut pause, mut empty) = (FIRST_PAUSE, 0);
    loop {
        let elapsed = start.elapsed();
        let kill = elapsed >= grace;
        let mut unseen = false;
        let mut before = None;
        let mut signal = |pid| {
            let first = met.insert(pid);
            unseen |= first;
            if kill { Some(Signal::KILL) } else { first.then_some(Signal::TERM) }
        };
        let near = hunt_near(quarry, &mut signal);
        let everywhere = near.is_none();
        let found = near.unwrap_or_else(|| {
            before = forks();
            hunt(quarry, &mut signal)
        });
        meanwhile();
        if found.is_empty() {
            empty += 1;
            let nothing_forked = before.is_some() && before == forks();
            let (sure, enough) = if met.is_empty() { (1, LOOKS_FOR_NONE) } else { (2, LOOKS) };
            if !everywhere || empty >= enough || (empty >= sure && nothing_forked) {
                return Ok(met.len());
            }
            continue;
        }
        empty = 0;
        if elapsed >= grace.saturating_add(DEATH) {
            bail!("processes that do not die though they were killed: {}", listed(&found));
        }
        if unseen {
            pause = FIRST_PAUSE;
        } else {
            let left = if kill { pause } else { grace.saturating_sub(start.elapsed()) };
            thread::sleep(pause.min(left));
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

/// Whether a process that lives was started with exactly these words after its own name. A child
/// between fork and exec still bears its parent's words, so only who leads a session, as every
/// detached process does, or has a terminal, is meant. Where nothing can be seen of processes, one
/// may live.
pub fn is_seen(words: &[&OsStr]) -> bool {
    let is_it = |pid: u32| {
        let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return false };
        let mut said = line.strip_suffix(b"\0").unwrap_or(&line).split(|byte| *byte == 0).skip(1);
        words.iter().all(|word| said.next() == Some(word.as_bytes())) && said.next().is_none()
    };
    let lives = |pid: u32| {
        let process = Process::look(pid).filter(|process| process.lives);
        process.is_some_and(|process| process.session == pid || process.terminal)
    };
    !Path::new("/proc/self/cmdline").exists() || pids().any(|pid| is_it(pid) && lives(pid))
}

/// Asks each of a quarry once to end.
pub fn ask(quarry: &Quarry) {
    hunt(quarry, &mut |_| Some(Signal::TERM));
}

/// The descendants of a process that live in a deeper pid namespace: what runs inside a
/// sandbox whose outer process this is.
pub fn inside(pid: u32) -> Vec<u32> {
    let all: BTreeMap<u32, Process> =
        pids().filter_map(Process::look).map(|process| (process.pid, process)).collect();
    let outer = depth(pid);
    let descends = |process: &Process| {
        let mut parent = process.parent;
        for _ in 0..all.len() {
            if parent == pid {
                return true;
            }
            match all.get(&parent) {
                Some(next) => parent = next.parent,
                None => return false,
            }
        }
        false
    };
    let inner = |process: &&Process| descends(process) && depth(process.pid) > outer;
    all.values().filter(inner).map(|process| process.pid).collect()
}

/// Sends a signal to a process, if it still is the one for which `is_it` holds.
pub fn strike(pid: u32, signal: Signal, is_it: impl Fn(&Process) -> bool) {
    let Some(target) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        match pidfd_open(target, PidfdFlags::empty()) {
            // Looked at after it was opened: what is struck is what was seen.
            Ok(pidfd) => {
                if Process::look(pid).is_some_and(|process| is_it(&process)) {
                    let _ = pidfd_send_signal(&pidfd, signal);
                }
                return;
            }
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            Err(_) => return,
        }
    }
    if Process::look(pid).is_some_and(|process| is_it(&process)) {
        let _ = rustix::process::kill_process(target, signal);
    }
}

/// The dead children of this process that nobody has taken leave of; `known` is one of them.
pub fn dead_children(known: u32) -> Vec<u32> {
    let me = std::process::id();
    let looked = children_with(known).unwrap_or_else(|| pids().collect());
    let looked = looked.into_iter().filter_map(Process::look);
    looked.filter(|it| it.parent == me && !it.lives).map(|it| it.pid).collect()
}

/// The children of this process; `None` where the system does not list them. A list without one
/// that is known to be a child, since nobody has taken leave of it, is none.
fn children_with(known: u32) -> Option<Vec<u32>> {
    Some(limits::children(std::process::id())).filter(|all| all.contains(&known))
}

/// As [`hunt`] for a walled quarry, among the children of this process: what finds nothing there
/// is sure of it. `None` where they cannot be told.
///
/// Whatever lives descends from the command through processes that live: when one dies, its
/// children become this process's own. So none lives when all that were listed are dead, and
/// nobody has joined them meanwhile.
fn hunt_near(quarry: &Quarry, signal: &mut dyn FnMut(u32) -> Option<Signal>) -> Option<Vec<u32>> {
    let leader = quarry.group.filter(|_| quarry.walled)?;
    let mut listed = children_with(leader)?;
    for _ in 0..LOOKS {
        let found = look_through(listed.iter().copied(), quarry, signal);
        let now = children_with(leader)?;
        if !found.is_empty() || now.iter().all(|pid| listed.contains(pid)) {
            return Some(found);
        }
        listed = now;
    }
    None
}

/// Looks at every living process once, in the order of the pids; `signal` says what one
/// that belongs to the quarry gets, at once, since it may be gone a moment later.
fn hunt(quarry: &Quarry, signal: &mut dyn FnMut(u32) -> Option<Signal>) -> Vec<u32> {
    let spared = line_of_descent();
    look_through(pids().filter(|pid| !spared.contains(pid)), quarry, signal)
}

fn look_through(
    pids: impl Iterator<Item = u32>,
    quarry: &Quarry,
    signal: &mut dyn FnMut(u32) -> Option<Signal>,
) -> Vec<u32> {
    let mut found = Vec::new();
    for process in pids.filter_map(Process::look) {
        if !process.lives || !quarry.holds(&process) {
            continue;
        }
        found.push(process.pid);
        if let Some(signal) = signal(process.pid) {
            let start = process.start;
            strike(process.pid, signal, |now| now.start == start);
        }
    }
    found
}

/// What `/proc/<pid>/stat` tells of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Whether it is more than a zombie.
    pub lives: bool,
    /// Its parent's number.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// The process that leads its session.
    pub session: u32,
    /// Whether it has a controlling terminal.
    pub terminal: bool,
    /// When it started, in clock ticks since boot: tells it from a later one of this number.
    pub start: u64,
}

impl Process {
    /// Looks at a process; `None` when there is none.
    pub fn look(pid: u32) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&stat))
    }

    /// The name, second, may hold anything, so the fields count from the last `)`.
    fn parse(pid: u32, stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let threads = number(17)?;
        Some(Self {
            pid,
            // The first thread may have ended before the others.
            lives: !matches!(*fields.first()?, "Z" | "X" | "x") || threads > 1,
            parent: u32::try_from(number(1)?).ok()?,
            group: u32::try_from(number(2)?).ok()?,
            session: u32::try_from(number(3)?).ok()?,
            terminal: *fields.get(4)? != "0",
            start: number(19)?,
        })
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// How many processes were ever started on this machine.
fn forks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("processes "))?.parse().ok()
}

/// This process and its ancestors.
fn line_of_descent() -> BTreeSet<u32> {
    let mut line = BTreeSet::new();
    let mut next = Some(std::process::id());
    while let Some(pid) = next.filter(|pid| line.insert(*pid)) {
        next = Process::look(pid).map(|process| process.parent);
    }
    line
}

fn carries(pid: u32, token: &str) -> bool {
    let Ok(environ) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
    let variable = format!("{}={token}", env::TOKEN);
    environ.split(|byte| *byte == 0).any(|held| held == variable.as_bytes())
}

fn is_in(pid: u32, folder: &Path) -> bool {
    ["cwd", "exe", "root"].iter().any(|link| {
        std::fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|target| {
            let text = target.to_string_lossy();
            target.starts_with(folder)
                || text.strip_suffix(" (deleted)").is_some_and(|was| Path::new(was) == folder)
        })
    })
}

/// How many pid namespaces deep a process lives, as seen from here.
fn depth(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.map_or(0, |line| line.split_ascii_whitespace().count())
}

fn listed(pids: &[u32]) -> String {
    pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(all(test, target_os = "linux"))]
#[path = "sweep/tests.rs"]
mod tests;
