//! Workspaces of builds in review: they stay, set up as they are, until the build is decided.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::files;
use crate::domain::id::Oid;

/// What the name of the mark ends with. It lies beside the workspace, where nobody inside can
/// write, and is set once the workspace is whole.
pub const REVIEW: &str = ".review";

/// What the mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spared {
    /// The commit that would be merged: the workspace holds what was built for it.
    pub tip: Oid,
    /// What it took on disk when it was marked, in bytes.
    pub bytes: u64,
    /// When that was.
    pub since: DateTime<Utc>,
}

/// Marks a workspace.
pub fn spare(folder: &Path, spared: &Spared) -> Result<()> {
    files::replace_cache(&mark(folder), &serde_json::to_vec(spared)?)
}

/// What the mark of a workspace that is there says; one that cannot be read is none.
pub fn spared(folder: &Path) -> Option<Spared> {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|about| about.is_dir());
    let bytes = is_folder.then(|| fs::read(mark(folder)).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

/// All that are marked, in the folder of all workspaces.
pub fn all(workspaces: &Path) -> Vec<(PathBuf, Spared)> {
    let entries = fs::read_dir(workspaces).into_iter().flatten().flatten();
    let marked = entries.filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_suffix(REVIEW)?.to_owned();
        let folder = workspaces.join(name);
        Some((spared(&folder)?, folder))
    });
    marked.map(|(spared, folder)| (folder, spared)).collect()
}

/// Takes the mark away.
pub fn forget(folder: &Path) {
    let _ = fs::remove_file(mark(folder));
}

fn mark(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default();
    folder.with_file_name(format!("{}{REVIEW}", name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::super::remove;
    use super::*;

    #[test]
    fn a_mark_counts_for_a_folder_that_is_there_and_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("one-1");
        let tip: Oid = "a".repeat(40).parse().unwrap();
        let told = Spared { tip, bytes: 7, since: DateTime::UNIX_EPOCH };
        spare(&folder, &told).unwrap();
        assert_eq!(spared(&folder), None, "there is no such folder");
        fs::create_dir(&folder).unwrap();
        fs::write(dir.path().join(remove::SIGN), "").unwrap();
        assert_eq!(spared(&folder), Some(told));
        assert_eq!(all(dir.path()), [(folder.clone(), told)]);
        fs::write(mark(&folder), "{\"tip\": 1").unwrap();
        assert_eq!(spared(&folder), None, "a mark that was cut short");
        spare(&folder, &told).unwrap();
        remove(&folder).unwrap();
        assert!(!mark(&folder).exists() && all(dir.path()).is_empty());
    }
}
