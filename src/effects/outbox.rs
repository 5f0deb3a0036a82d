//! The file of what waits to be told. Without it nothing is lost but what was on its way: all facts
//! stand in the ledger.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::files;
use super::locks::Lock;
use super::paths::Paths;
use crate::core::notices::Outbox;

/// Grows with every change of what is written; what another buildq wrote is begun anew.
const FORMAT: u32 = 1;
/// Nobody holds the file for longer than a moment.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    outbox: Outbox,
}

fn file(paths: &Paths) -> PathBuf {
    paths.local.join("outbox.json")
}

/// What waits; `None` where nothing was ever told here.
pub fn read(paths: &Paths) -> Option<Outbox> {
    let written: Written = serde_json::from_slice(&fs::read(file(paths)).ok()?).ok()?;
    (written.format == FORMAT).then_some(written.outbox)
}

/// Changes it, in one step that a crash or a power cut leaves undone or whole. `change` is given
/// `None` where nothing was ever told here; what is left as it was is not written.
pub fn change<T>(paths: &Paths, change: impl FnOnce(&mut Option<Outbox>) -> T) -> Result<T> {
    let Some(_turn) = Lock::take(&paths.lock("outbox"), PATIENCE)? else {
        bail!("another process holds `{}`", file(paths).display());
    };
    let mut outbox = read(paths);
    let before = outbox.clone();
    let answer = change(&mut outbox);
    if let Some(outbox) = outbox.filter(|after| before.as_ref() != Some(after)) {
        let bytes = serde_json::to_vec(&Written { format: FORMAT, outbox })?;
        files::replace(&file(paths), &bytes)?;
    }
    Ok(answer)
}

/// Forgets all of it: nobody is to be told any more.
pub fn forget(paths: &Paths) {
    let _ = fs::remove_file(file(paths));
}

/// The lock of whoever delivers.
pub fn carrier(paths: &Paths) -> PathBuf {
    paths.lock("notify")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_back_and_noise_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("buildq")).unwrap();
        let paths = Paths::discover(dir.path(), None, "mini").unwrap();
        assert_eq!(read(&paths), None);
        change(&paths, |_| ()).unwrap();
        assert_eq!(read(&paths), None, "nothing was made of nothing");
        change(&paths, |outbox| *outbox = Some(Outbox::default())).unwrap();
        assert_eq!(read(&paths), Some(Outbox::default()));
        let written = fs::read(file(&paths)).unwrap();
        for noise in [&b"{"[..], b"", b"\xff", br#"{"format":99,"outbox":{}}"#] {
            fs::write(file(&paths), noise).unwrap();
            assert_eq!(read(&paths), None);
        }
        change(&paths, |outbox| *outbox = Some(Outbox::default())).unwrap();
        assert_eq!(fs::read(file(&paths)).unwrap(), written);
        forget(&paths);
        assert_eq!(read(&paths), None);
    }
}
