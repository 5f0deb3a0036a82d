//! The one sleeping process of a clone.
//!
//! `local/wake` holds the time at which something is due. Whoever writes it pokes the
//! sleeper through a FIFO, or starts one. A sleeper that finds nothing due lets go of its
//! lock *before* it looks a last time, and a writer looks at the lock *after* it wrote: so
//! one of the two sees the other.

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
use super::{clock, detach, sys};

/// The longest sleep: so long at most after a suspend, or after somebody set the clock, is
/// the time looked at again.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest sleep while a test holds the clock, or where there is no FIFO.
const LONGEST_IN_TEST: Duration = Duration::from_millis(100);
/// A clock that went back by more than this between two looks has been set: when something is
/// due is then decided anew.
const SET_BACK: TimeDelta = TimeDelta::seconds(60);
/// How long after a sync that failed it is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(60);

/// Leaves word when the next thing is due, or that nothing is, and sees to it that
/// somebody is awake then.
pub fn leave(paths: &Paths, due: Option<DateTime<Utc>>) -> Result<()> {
    write_due(paths, due)?;
    poke(paths);
    if due.is_some() && !is_awake(paths) {
        let args: [&OsStr; 3] = ["waker".as_ref(), "--repo".as_ref(), paths.common.as_os_str()];
        let log = paths.local.join("waker.log");
        detach::spawn(&args, Path::new("/"), Some(&log), false)?;
    }
    Ok(())
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
    let longest = if clock::is_held() { LONGEST_IN_TEST } else { LONGEST };
    Sleeper { paths, now: &clock::now, longest }.live(run_sync)
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
            // A lock that was removed protects nothing: another sleeper may have its own.
            while self.repository_is_there() && lock.is_in_place() {
                bell.still();
                let Some(due) = due(self.paths) else { break };
                let now = (self.now)();
                let was_set = last - now > SET_BACK;
                last = now;
                if now < due && !was_set {
                    let left = (due - now).to_std().unwrap_or(Duration::ZERO);
                    bell.wait(left.min(self.longest));
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

    fn wait(&self, longest: Duration) {
        let longest = Timespec::try_from(longest).ok();
        // Interrupted or not: the caller looks at everything again.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], longest.as_ref());
    }

    fn still(&self) {
        let mut rung = [0; 64];
        while (&self.0).read(&mut rung).is_ok_and(|length| length > 0) {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn repo(dir: &Path) -> Paths {
        fs::create_dir_all(dir.join("buildq")).unwrap();
        fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        Paths::discover(dir, None, "mini").unwrap()
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn until(what: &str, condition: impl Fn() -> bool) {
        let begun = clock::tick();
        while !condition() {
            assert!(begun.elapsed() < LONG, "never: {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn word_is_left_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        assert_eq!(due(&paths), None);
        leave(&paths, None).unwrap();
        let time = at(5) + TimeDelta::nanoseconds(123_456_789);
        write_due(&paths, Some(time)).unwrap();
        assert_eq!(due(&paths), Some(time));
        leave(&paths, None).unwrap();
        assert_eq!(due(&paths), None);
        until("asleep", || !is_awake(&paths));
    }

    #[test]
    fn it_sleeps_until_each_thing_is_due_and_ends_when_nothing_is() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        let (second, syncs) = (AtomicI64::new(0), AtomicUsize::new(0));
        write_due(&paths, Some(at(100))).unwrap();
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let now = || at(second.load(Ordering::SeqCst));
                // Ten minutes: only the bell can wake it in time.
                let sleeper = Sleeper { paths: &paths, now: &now, longest: 10 * LONGEST };
                sleeper.live(&mut || {
                    let next = match syncs.fetch_add(1, Ordering::SeqCst) {
                        0 => Some(at(200)),
                        _ => None,
                    };
                    leave(&paths, next)
                })
            });
            until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
            let second_sleeper = Sleeper { paths: &paths, now: &|| at(0), longest: LONGEST };
            second_sleeper.live(&mut || panic!("there is one already")).unwrap();
            // A clock that was set, and a bell.
            for (now, count) in [(99, 0), (100, 1), (150, 1), (199, 1), (201, 2)] {
                second.store(now, Ordering::SeqCst);
                poke(&paths);
                until("the sync", || syncs.load(Ordering::SeqCst) == count);
            }
            sleeper.join().unwrap().unwrap();
        });
        // A child that another test has just forked holds the lock until it executes.
        until("asleep", || !is_awake(&paths));
        assert_eq!(syncs.into_inner(), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_strands_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        let years = 3653 * 24 * 3600;
        let (second, syncs) = (AtomicI64::new(years), AtomicUsize::new(0));
        write_due(&paths, Some(at(years + 100))).unwrap();
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let now = || at(second.load(Ordering::SeqCst));
                let sleeper = Sleeper { paths: &paths, now: &now, longest: LONGEST_IN_TEST };
                sleeper.live(&mut || {
                    let next = (syncs.fetch_add(1, Ordering::SeqCst) == 0).then(|| at(100));
                    leave(&paths, next)
                })
            });
            until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
            // A little is what time servers do.
            second.store(years - 30, Ordering::SeqCst);
            poke(&paths);
            second.store(0, Ordering::SeqCst);
            until("the sync", || due(&paths) == Some(at(100)));
            second.store(100, Ordering::SeqCst);
            sleeper.join().unwrap().unwrap();
        });
        assert_eq!(syncs.into_inner(), 2);
    }

    #[test]
    fn an_earlier_time_wakes_it_earlier() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        write_due(&paths, Some(at(1000))).unwrap();
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let sleeper = Sleeper { paths: &paths, now: &|| at(50), longest: 10 * LONGEST };
                sleeper.live(&mut || leave(&paths, None))
            });
            until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
            write_due(&paths, Some(at(40))).unwrap();
            // The bell may have rung before the sleeper hung it.
            until("the end", || {
                poke(&paths);
                sleeper.is_finished()
            });
            sleeper.join().unwrap().unwrap();
        });
        assert_eq!(due(&paths), None);
    }

    #[test]
    fn a_sync_that_fails_is_tried_again_a_minute_later() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        write_due(&paths, Some(at(10))).unwrap();
        let second = AtomicI64::new(10);
        let mut seen = Vec::new();
        let now = || at(second.load(Ordering::SeqCst));
        let sleeper = Sleeper { paths: &paths, now: &now, longest: LONGEST_IN_TEST };
        let next = |now: i64| second.store(now, Ordering::SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| {
                until("the next try", || due(&paths) == Some(at(70)));
                next(70);
                poke(&paths);
            });
            sleeper
                .live(&mut || {
                    seen.push(second.load(Ordering::SeqCst));
                    anyhow::ensure!(seen.len() > 1, "the disk is full");
                    Ok(())
                })
                .unwrap();
        });
        assert_eq!(seen, [10, 70]);
        assert_eq!(due(&paths), None, "a sync that leaves no word was the last");
    }

    #[test]
    fn it_ends_with_the_repository_or_its_lock() {
        for gone in ["HEAD", "buildq/waker.lock"] {
            let dir = tempfile::tempdir().unwrap();
            let paths = repo(dir.path());
            write_due(&paths, Some(at(1000))).unwrap();
            thread::scope(|scope| {
                let sleeper = scope.spawn(|| {
                    let longest = Duration::from_millis(5);
                    let sleeper = Sleeper { paths: &paths, now: &|| at(0), longest };
                    sleeper.live(&mut || panic!("nothing is due"))
                });
                until("awake", || is_awake(&paths));
                fs::remove_file(dir.path().join(gone)).unwrap();
                if gone != "HEAD" {
                    until("another lock", || is_awake(&paths));
                    fs::remove_file(wake_file(&paths)).unwrap();
                }
                sleeper.join().unwrap().unwrap();
            });
        }
    }

    #[test]
    fn something_else_in_the_fifos_place_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        fs::write(bell_path(&paths), "x").unwrap();
        poke(&paths);
        write_due(&paths, Some(at(0))).unwrap();
        let sleeper = Sleeper { paths: &paths, now: &|| at(1), longest: LONGEST };
        sleeper.live(&mut || leave(&paths, None)).unwrap();
        assert!(is_fifo(&bell_path(&paths)));
    }
}
