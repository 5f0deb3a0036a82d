//! A control group of one command's own, where this user may make one: as root, or below a
//! service manager that has handed its groups to the user.
//!
//! Nothing leaves its group by changing its session, its parent, its environment or its folder;
//! and unlike the kernel's bound on a user's processes, that of a group holds root as well.
//! Elsewhere there is none, and what [`super::limits`] and [`super::sweep`] do has to do.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{clock, sweep};

/// What the names of our groups begin with; the number of the process that made it follows.
const NAME: &str = "buildq-";
/// How long the dead may take to vanish from a group.
const DEATH: Duration = Duration::from_secs(5);
/// How far apart one looks.
const PAUSE: Duration = Duration::from_millis(2);

static MADE: AtomicU32 = AtomicU32::new(0);

/// One group; it goes when this is dropped, if nothing is left in it.
#[derive(Debug)]
pub struct Cgroup {
    dir: PathBuf,
}

impl Cgroup {
    /// Makes one that holds at most so many processes and threads.
    pub fn make(most: u32) -> Option<Self> {
        bases().into_iter().find_map(|base| {
            clear(&base);
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let dir = base.join(format!("{NAME}{}-{number}", std::process::id()));
            fs::create_dir(&dir).ok()?;
            let group = Self { dir };
            // A hierarchy that does not count processes is of no use.
            fs::write(group.dir.join("pids.max"), most.to_string()).ok()?;
            Some(group)
        })
    }

    /// The file into which a process writes `0` to join.
    pub fn door(&self) -> Option<File> {
        OpenOptions::new().write(true).open(self.dir.join("cgroup.procs")).ok()
    }

    /// Whether something in it was refused another process.
    pub fn was_full(&self) -> bool {
        let told = fs::read_to_string(self.dir.join("pids.events")).unwrap_or_default();
        let refused = told.lines().find_map(|line| line.strip_prefix("max "));
        refused.and_then(|count| count.trim().parse::<u64>().ok()).is_some_and(|count| count > 0)
    }

    /// Kills all that is in it; what is killed cannot fork, and nothing else may.
    pub fn kill(&self) {
        let _ = fs::write(self.dir.join("pids.max"), "0");
        if fs::write(self.dir.join("cgroup.kill"), "1").is_ok() {
            return;
        }
        let begun = clock::tick();
        while begun.elapsed() < DEATH {
            let living: Vec<u32> = self.members();
            if living.is_empty() {
                return;
            }
            for pid in living {
                sweep::strike(pid, Signal::KILL, |_| true);
            }
            thread::sleep(PAUSE);
        }
    }

    fn members(&self) -> Vec<u32> {
        let listed = fs::read_to_string(self.dir.join("cgroup.procs")).unwrap_or_default();
        let pids = listed.lines().filter_map(|line| line.parse().ok());
        // The dead are listed until somebody has taken leave of them.
        pids.filter(|pid| sweep::Process::look(*pid).is_some_and(|it| it.lives)).collect()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let begun = clock::tick();
        while fs::remove_dir(&self.dir).is_err() && self.dir.exists() {
            if begun.elapsed() > DEATH {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Folders in which a group may be made, best first.
fn bases() -> Vec<PathBuf> {
    let told = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut found = Vec::new();
    for line in told.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(kinds), Some(path)) = (parts.next(), parts.next()) else { continue };
        let below = Path::new(path.trim_start_matches('/'));
        let top = match kinds {
            "" => Path::new("/sys/fs/cgroup"),
            kinds if kinds.split(',').any(|kind| kind == "pids") => {
                Path::new("/sys/fs/cgroup/pids")
            }
            _ => continue,
        };
        // A group with processes in it hands nothing on to groups below it; its parent may.
        let own = top.join(below);
        found.extend(own.parent().filter(|parent| parent.starts_with(top)).map(Path::to_owned));
        found.push(own);
    }
    found
}

/// Removes what killed processes of ours have left.
fn clear(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').next());
        let Some(maker) = maker.and_then(|maker| maker.parse::<u32>().ok()) else { continue };
        if sweep::Process::look(maker).is_none() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}
