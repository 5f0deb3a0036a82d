//! Advisory locks in the repository's local folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::clock;
use super::paths::make_private_dir;

/// How often, and how far apart, a lock that is not free is tried again before it counts as
/// held: [`Lock::is_free`] can only ask by holding it for a moment.
const PROBES: u32 = 10;
const PROBE: Duration = Duration::from_millis(2);
/// How far apart a waiting taker looks.
const PAUSE: Duration = Duration::from_millis(15);

/// A lock that is held; dropping it lets go. The kernel lets go too when every process that
/// holds its descriptor has died, however it died.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock if it is free, making its file and folder if needed.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            make_private_dir(folder)?;
        }
        let mut probes = 0;
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(path)
                .with_context(|| format!("cannot open the lock `{}`", path.display()))?;
            match file.try_lock() {
                Ok(()) => {
                    let lock = Self { file, path: path.to_owned() };
                    // Whoever removed the file meanwhile made this lock worthless.
                    if lock.is_in_place() {
                        return Ok(Some(lock));
                    }
                }
                Err(TryLockError::WouldBlock) if probes < PROBES => {
                    probes += 1;
                    thread::sleep(PROBE);
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
                }
            }
        }
    }

    /// Takes the lock, waiting at most this long for it.
    pub fn take(path: &Path, wait: Duration) -> Result<Option<Self>> {
        let start = clock::tick();
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(Some(lock));
            }
            if start.elapsed() >= wait {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether nobody holds the lock. A lock that cannot be looked at is not free.
    pub fn is_free(path: &Path) -> bool {
        match File::open(path) {
            // Shared, so that those who ask do not see each other.
            Ok(file) => file.try_lock_shared().is_ok(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }

    /// Whether the lock's path still leads to the file that is locked: not so after
    /// somebody removed the local folder, and then another process may hold a lock of the
    /// same name.
    pub fn is_in_place(&self) -> bool {
        let place = |file: fs::Metadata| (file.dev(), file.ino());
        match (self.file.metadata(), fs::metadata(&self.path)) {
            (Ok(held), Ok(there)) => place(held) == place(there),
            _ => false,
        }
    }

    /// Lets go for good: nobody will want this lock again, so its file goes too.
    pub fn retire(self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// The locked file. A child that inherits its descriptor holds the lock too.
    pub fn file(&self) -> &File {
        &self.file
    }
}

/// Waits until a lock is free. A child that another test of the same process has just forked
/// holds every lock of that process until it executes.
#[cfg(test)]
pub fn wait_until_free(path: &Path) {
    let begun = super::clock::tick();
    while !Lock::is_free(path) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} stays locked", path.display());
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.lock");
        assert!(Lock::is_free(&path));
        let lock = Lock::try_take(&path).unwrap().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!Lock::is_free(&path));
        assert!(Lock::try_take(&path).unwrap().is_none());
        assert!(Lock::take(&path, Duration::from_millis(30)).unwrap().is_none());
        drop(lock);
        wait_until_free(&path);
        assert!(Lock::take(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn asking_never_makes_a_taker_fail() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.lock");
        drop(Lock::try_take(&path).unwrap());
        let stop = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        Lock::is_free(&path);
                        thread::yield_now();
                    }
                });
            }
            let taken = (0..200).filter(|_| Lock::try_take(&path).unwrap().is_some()).count();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(taken, 200);
        });
    }

    #[test]
    fn a_removed_lock_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.lock");
        let old = Lock::try_take(&path).unwrap().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(!old.is_in_place());
        let new = Lock::try_take(&path).unwrap().unwrap();
        assert!(new.is_in_place());
    }

    #[test]
    fn a_lock_that_cannot_be_looked_at_is_not_free() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(!Lock::is_free(&file.join("b.lock")));
        assert!(Lock::try_take(&file.join("b.lock")).is_err());
    }
}
