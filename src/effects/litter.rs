//! What lies in the folders of this clone: names, sizes and dates. Links are never followed, and
//! nothing is opened but folders.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::locks::Lock;
use super::paths::Paths;
use super::workspace::{self, marker, remove, spared};
use crate::core::gc::{Litter, Signs, What};
use crate::domain::id::{Attempt, TaskId};

/// Endings of workspaces that are made for a trial, and the lock that is held meanwhile; that of
/// the attempt where none is named.
const TRIALS: [(&str, Option<&str>); 3] =
    [("-base", None), ("-accept", Some("accept")), ("-judge", Some("judge"))];
/// The ending of those in which somebody tries out what is not kept.
pub const TRY: &str = "-try";
/// What the files begin with that are put in place in one step.
const HALF: &str = ".tmp";

/// Everything that lies there, with its place.
pub fn look(paths: &Paths) -> Vec<(Litter, PathBuf)> {
    let local = &paths.local;
    let mut all = Vec::new();
    if paths.workspaces.join(remove::SIGN).is_file() {
        all.extend(below(&paths.workspaces, |name, path| workspaces(paths, name, path)));
    }
    all.extend(below(&local.join("logs"), |name, path| {
        let (task, attempt) = whose(name)?;
        is_folder(path).then_some(What::Log { task, attempt })
    }));
    all.extend(below(&local.join("builds"), |name, path| {
        let (task, attempt) = whose(name.strip_suffix(".lock")?)?;
        Lock::is_free(path).then_some(What::Lock { task, attempt })
    }));
    all.extend(below(&local.join("tries"), |name, path| {
        let (task, attempt) = whose(name.strip_suffix(".lock")?)?;
        Lock::is_free(path).then_some(What::Lock { task, attempt })
    }));
    all.extend(below(&local.join("cache"), |name, path| match is_file(path) {
        true if name.starts_with(HALF) => Some(What::Scrap),
        true => Some(What::Cache),
        false => None,
    }));
    all.extend(below(local, |name, path| {
        (name.starts_with(HALF) && is_file(path)).then_some(What::Scrap)
    }));
    all
}

/// Bytes of all logs, quickly: what a sync can ask for.
pub fn logs(paths: &Paths) -> u64 {
    let attempts = entries(&paths.local.join("logs")).filter(|(_, path)| is_folder(path));
    let files = attempts.flat_map(|(_, path)| entries(&path).collect::<Vec<_>>());
    files.filter_map(|(_, path)| Some(fs::symlink_metadata(path).ok()?.len())).sum()
}

/// `<task>-<attempt>`
pub fn whose(name: &str) -> Option<(TaskId, Attempt)> {
    let (task, attempt) = name.rsplit_once('-')?;
    Some((TaskId::new(task).ok()?, Attempt(attempt.parse().ok()?)))
}

/// Removes what is no workspace: a log's folder, or a file.
pub fn remove_plain(path: &Path) -> Result<()> {
    let shown = || format!("cannot remove `{}`", path.display());
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        about => about.with_context(shown)?,
    };
    if about.is_dir() {
        fs::remove_dir_all(path).with_context(shown)
    } else if about.is_file() {
        fs::remove_file(path).with_context(shown)
    } else {
        bail!("`{}` is neither a file nor a folder: it is left alone", path.display())
    }
}

fn workspaces(paths: &Paths, name: &str, path: &Path) -> Option<What> {
    if name == remove::SIGN {
        return None;
    }
    let mark = [remove::KEPT, spared::REVIEW].into_iter().find_map(|end| name.strip_suffix(end));
    if let Some(of) = mark {
        return (!path.with_file_name(of).exists()).then_some(What::Scrap);
    }
    if name.starts_with(remove::GOING) {
        return Some(What::Remains);
    }
    if let Some(of) = name.strip_suffix(remove::HOME) {
        // A throw-away home goes with its workspace.
        return (!path.with_file_name(of).exists()).then_some(What::Remains);
    }
    if !is_folder(path) {
        return Some(What::Foreign);
    }
    let tried = name.strip_suffix(TRY).and_then(whose);
    if let Some((task, attempt)) = tried {
        return Some(trial(paths, &paths.try_lock(&task, attempt)));
    }
    for (ending, lock) in TRIALS {
        let Some(of) = name.strip_suffix(ending) else { continue };
        let lock = match lock {
            Some(lock) => TaskId::new(of).ok().map(|_| paths.lock(lock)),
            None => whose(of).map(|(task, attempt)| paths.attempt_lock(&task, attempt)),
        };
        if let Some(lock) = lock {
            return Some(trial(paths, &lock));
        }
    }
    let Some((task, attempt)) = whose(name) else { return Some(What::Foreign) };
    let signs = Signs {
        marked: fs::symlink_metadata(path.join(marker::FILE)).is_ok()
            || paths.handed(&task, attempt).exists(),
        kept: workspace::is_kept(path),
        held: !Lock::is_free(&paths.attempt_lock(&task, attempt)),
        spared: spared::spared(path).is_some(),
        tried: !Lock::is_free(&paths.try_lock(&task, attempt)),
    };
    Some(What::Workspace { task, attempt, signs })
}

fn trial(paths: &Paths, lock: &Path) -> What {
    let held = !Lock::is_free(lock);
    let lock = lock.strip_prefix(&paths.local).unwrap_or(lock).display().to_string();
    What::Trial { lock, held }
}

fn below(folder: &Path, what: impl Fn(&str, &Path) -> Option<What>) -> Vec<(Litter, PathBuf)> {
    let found = entries(folder).filter_map(|(name, path)| {
        let what = what(&name, &path)?;
        let about = fs::symlink_metadata(&path).ok()?;
        let bytes = match about.is_dir() {
            true => workspace::disk_use(&path),
            false => size(&about),
        };
        let changed = newest(&path, &about);
        Some((Litter { name, what, bytes, changed }, path))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> + use<> {
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name();
        Some((OsStr::to_str(&name)?.to_owned(), entry.path()))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(named)
}

fn size(about: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(about) * 512
}

/// Of a folder the newest of its own entries.
fn newest(path: &Path, about: &Metadata) -> DateTime<Utc> {
    let own = about.modified().ok();
    let inside =
        entries(path).filter_map(|(_, path)| fs::symlink_metadata(path).ok()?.modified().ok());
    own.into_iter().chain(inside).max().map_or(DateTime::UNIX_EPOCH, DateTime::from)
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
}
