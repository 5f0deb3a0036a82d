//! Looking at a workspace from outside while a builder may be at work in it: names and dates
//! only, links never followed, nothing opened but folders.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Entries looked at for a sign of life, the shallow ones first.
const MAX_FOR_LIFE: usize = 50_000;
/// Entries looked at for the space used.
const MAX_FOR_DISK: usize = 1_000_000;

/// When something in a workspace was last changed. Of git's own folder only what commits and
/// staging touch is looked at. In a workspace beyond 50,000 entries deep changes may be missed.
pub fn newest_change(folder: &Path) -> Option<SystemTime> {
    let mut newest = None;
    let git = folder.join(".git");
    for name in ["HEAD", "index", "logs/HEAD", "refs/heads"] {
        newest = newest.max(fs::symlink_metadata(git.join(name)).ok().and_then(|it| changed(&it)));
    }
    walk(folder, Some(&git), MAX_FOR_LIFE, |about| newest = newest.max(changed(about)));
    newest
}

/// Bytes on disk below a folder, hard links counted once.
pub fn disk_use(folder: &Path) -> u64 {
    let mut total = 0;
    let mut linked = HashSet::new();
    walk(folder, None, MAX_FOR_DISK, |about| {
        if about.is_dir() || about.nlink() < 2 || linked.insert((about.dev(), about.ino())) {
            total += about.blocks() * 512;
        }
    });
    total
}

/// The file's own date, but never later than the moment it was given that date: a date in
/// the future is no sign of life.
fn changed(about: &Metadata) -> Option<SystemTime> {
    let seconds = u64::try_from(about.ctime()).ok()?;
    let nanoseconds = u32::try_from(about.ctime_nsec()).ok()?;
    let set = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?;
    Some(about.modified().ok()?.min(set))
}

fn walk(folder: &Path, without: Option<&Path>, most: usize, mut see: impl FnMut(&Metadata)) {
    let mut folders: VecDeque<PathBuf> = VecDeque::from([folder.to_owned()]);
    let mut left = most;
    while let Some(folder) = folders.pop_front() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if left == 0 {
                return;
            }
            left -= 1;
            // Of the entry itself, not of what it links to.
            let Ok(about) = entry.metadata() else { continue };
            let path = entry.path();
            if without == Some(path.as_path()) {
                continue;
            }
            see(&about);
            if about.is_dir() {
                folders.push_back(path);
            }
        }
    }
}
