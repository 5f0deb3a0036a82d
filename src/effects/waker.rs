//! The one sleeping process of a clone.
//!
//! `local/wake` holds the time at which something is due. Whoever writes it pokes the
//! sleeper through a FIFO, or starts one. A sleeper that finds nothing due lets go of its
//! lock *before* it looks a last time, and a writer looks at the lock *after* it wrote: so
//! one of the two sees the other.

mod vigil;
mod watch;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::locks::Lock;
use super::paths::{Paths, make_private_dir};
use super::{clock, detach, env, files, sys};

pub use vigil::{Call, Onward, Vigil};

/// The longest sleep: so long at most after a suspend, or after somebody set the clock, is
/// the time looked at again.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest sleep while a test holds the clock, or where there is no FIFO.
const LONGEST_IN_TEST: Duration = Duration::from_millis(100);
/// A clock that went back by more than this between two looks has been set: when something is
/// due is then decided anew.
const SET_BACK: TimeDelta = TimeDelta::seconds(60);
/// A sleeper that is sent away has gone within this time, unless it is at work.
const LEAVING: Duration = Duration::from_secs(2);
/// How long after a sync that failed it is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(60);

/// Leaves word when the next thing is due, or that nothing is, and sees to it that
/// somebody is awake then.
pub fn leave(paths: &Paths, due: Option<DateTime<Utc>>) -> Result<()> {
    write_due(paths, due)?;
    poke(paths);
    if due.is_some() && lacks(paths) {
        send_away(paths);
    }
    if due.is_some() && !is_awake(paths) {
        let args: [&OsStr; 3] = ["waker".as_ref(), "--repo".as_ref(), paths.common.as_os_str()];
        let log = paths.local.join("waker.log");
        detach::spawn(&args, Path::new("/"), Some(&log), false)?;
    }
    Ok(())
}

/// Whether the sleeping process was started without a variable that the policy names and that is
/// set here: what it starts would not have it.
fn lacks(paths: &Paths) -> bool {
    let Ok(names) = fs::read_to_string(names_file(paths)) else { return false };
    let has = |name: &String| names.lines().any(|line| line == name);
    is_awake(paths) && !env::handed_on().iter().all(has)
}

/// Has the sleeping process end, so that another one takes its place; one that is at work stays.
fn send_away(paths: &Paths) {
    let _ = fs::remove_file(names_file(paths));
    poke(paths);
    let begun = clock::tick();
    while is_awake(paths) && begun.elapsed() < LEAVING {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the sleeping process of this clone is there.
pub fn is_awake(paths: &Paths) -> bool {
    !Lock::is_free(&paths.lock("waker"))
}

/// Gives a sleeper that was just started a moment to lie down; whether it did.
pub fn await_sleeper(paths: &Paths, patience: Duration) -> bool {
    let begun = clock::tick();
    while !is_awake(paths) && begun.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    is_awake(paths)
}

/// When the next thing is due, as it was left.
pub fn due(paths: &Paths) -> Option<DateTime<Utc>> {
    let text = fs::read_to_string(wake_file(paths)).ok()?;
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|due| due.to_utc())
}

/// The life of the sleeping process: sleeps until something is due, has `run_sync` do it
/// (which leaves the next time), and so on until nothing is. Returns at once when there is
/// a sleeper already, and soon after the repository has gone.
pub fn sleep_until_due(paths: &Paths, run_sync: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    Sleeper { paths, now: &clock::now, longest: longest() }.live(run_sync)
}

struct Sleeper<'a> {
    paths: &'a Paths,
    now: &'a dyn Fn() -> DateTime<Utc>,
    longest: Duration,
}

impl Sleeper<'_> {
    fn live(&self, run_sync: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut last = (self.now)();
        while self.repository_is_there() {
            let Some(lock) = Lock::try_take(&self.paths.lock("waker"))? else { return Ok(()) };
            let bell = Bell::hang(self.paths)?;
            let names = env::received().join("\n");
            files::replace_cache(&names_file(self.paths), names.as_bytes())?;
            // A lock that was removed protects nothing: another sleeper may have its own.
            while self.repository_is_there() && lock.is_in_place() {
                bell.still();
                let stays =
                    fs::read_to_string(names_file(self.paths)).ok().as_ref() == Some(&names);
                if !stays || !Lock::is_free(&daemon_lock(self.paths)) {
                    return Ok(());
                }
                let Some(due) = due(self.paths) else { break };
                let now = (self.now)();
                let was_set = last - now > SET_BACK;
                last = now;
                if now < due && !was_set {
                    let left = (due - now).to_std().unwrap_or(Duration::ZERO);
                    let _rung = bell.wait(left.min(self.longest));
                } else {
                    self.wake(due, run_sync)?;
                }
            }
            drop(lock);
            if due(self.paths).is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Does what is due. The word that it is due stays until then, so that it is not lost
    /// when this process is killed; a sync that leaves no other word was the last.
    fn wake(&self, was_due: DateTime<Utc>, run_sync: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let done = run_sync();
        if due(self.paths) == Some(was_due) && self.repository_is_there() {
            let again = done.is_err().then(|| (self.now)() + AGAIN);
            write_due(self.paths, again)?;
        }
        Ok(())
    }

    fn repository_is_there(&self) -> bool {
        self.paths.common.join("HEAD").exists()
    }
}

fn wake_file(paths: &Paths) -> PathBuf {
    paths.local.join("wake")
}

/// The lock of a daemon, which the sleeping process makes way for.
fn daemon_lock(paths: &Paths) -> PathBuf {
    paths.lock("daemon")
}

/// The longest sleep.
fn longest() -> Duration {
    if clock::is_held() { LONGEST_IN_TEST } else { LONGEST }
}

/// Names of the variables that the sleeping process was given beyond the usual ones.
fn names_file(paths: &Paths) -> PathBuf {
    paths.local.join("waker.names")
}

fn bell_path(paths: &Paths) -> PathBuf {
    paths.local.join("waker.fifo")
}

fn write_due(paths: &Paths, due: Option<DateTime<Utc>>) -> Result<()> {
    let file = wake_file(paths);
    let write = || -> Result<()> {
        let Some(due) = due else {
            return match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            };
        };
        make_private_dir(&paths.local)?;
        let mut new = tempfile::NamedTempFile::new_in(&paths.local)?;
        // Whole: a time cut to the second would be due too early, and then not yet.
        writeln!(new, "{}", due.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        new.persist(&file)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", file.display()))
}

/// Rings, if anybody listens.
fn poke(paths: &Paths) {
    let path = bell_path(paths);
    if !is_fifo(&path) {
        return;
    }
    let mut options = fs::OpenOptions::new();
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    if let Ok(mut bell) = options.write(true).custom_flags(nonblocking).open(path) {
        // Full means that it rings already.
        let _ = bell.write(b"!");
    }
}

fn is_fifo(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_fifo())
}

/// The sleeper's end of the FIFO. It is open for writing too, so that it never ends.
struct Bell(File);

impl Bell {
    fn hang(paths: &Paths) -> Result<Self> {
        let path = bell_path(paths);
        let hang = || -> Result<File> {
            if !is_fifo(&path) {
                let _ = fs::remove_file(&path);
                sys::mkfifo(&path)?;
            }
            let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
            let mut options = fs::OpenOptions::new();
            Ok(options.read(true).write(true).custom_flags(nonblocking).open(&path)?)
        };
        hang().map(Self).with_context(|| format!("cannot make the FIFO `{}`", path.display()))
    }

    /// Whether it has rung. Interrupted or not: the caller looks at everything again.
    fn wait(&self, longest: Duration) -> bool {
        let longest = Timespec::try_from(longest).ok();
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], longest.as_ref())
            .is_ok_and(|rung| rung > 0)
    }

    /// Another hand on it.
    fn hand(&self) -> Result<File> {
        self.0.try_clone().context("cannot open the FIFO of the waker again")
    }

    fn still(&self) {
        let mut rung = [0; 64];
        while (&self.0).read(&mut rung).is_ok_and(|length| length > 0) {}
    }
}

#[cfg(test)]
mod tests;
