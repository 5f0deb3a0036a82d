//! Being told when a repository changes, by the system rather than by looking again and again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use notify::{Event, EventKind, RecursiveMode, Watcher};

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A ref has moved.
    Refs,
    /// The output of some attempt has grown.
    Output,
}

/// It is told as long as this lives.
pub struct Notices {
    _watcher: notify::RecommendedWatcher,
}

/// Tells of changes of refs below a common git directory, and of the output below a folder, which is
/// made where it is missing.
///
/// # Errors
/// Where the system cannot tell, or watches too much already.
pub fn of(
    common: &Path,
    outputs: &Path,
    tell: impl Fn(Change) + Send + 'static,
) -> Result<Notices> {
    super::paths::make_private_dir(outputs)?;
    let refs = common.join("refs");
    let places = (refs.clone(), outputs.to_owned());
    let heard = move |event: notify::Result<Event>| {
        if let Some(change) = event.ok().and_then(|event| change(&event, &places)) {
            tell(change);
        }
    };
    let mut watcher = notify::recommended_watcher(heard)?;
    for (folder, mode) in [
        (refs.as_path(), RecursiveMode::Recursive),
        (common, RecursiveMode::NonRecursive),
        (outputs, RecursiveMode::Recursive),
    ] {
        let watched = watcher.watch(folder, mode);
        watched.with_context(|| format!("cannot watch `{}`", folder.display()))?;
    }
    Ok(Notices { _watcher: watcher })
}

/// What an event means; reading is none, nor is what git leaves beside its refs.
fn change(event: &Event, (refs, outputs): &(PathBuf, PathBuf)) -> Option<Change> {
    if matches!(event.kind, EventKind::Access(_)) {
        return None;
    }
    let told = |path: &PathBuf| {
        if path.starts_with(outputs) {
            return Some(Change::Output);
        }
        let name = path.file_name()?.to_str()?;
        let counts = path.starts_with(refs) || matches!(name, "HEAD" | "packed-refs");
        (counts && !name.ends_with(".lock")).then_some(Change::Refs)
    };
    let mut told: Vec<_> = event.paths.iter().filter_map(told).collect();
    told.sort_by_key(|change| *change == Change::Output);
    told.first().copied()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn refs_and_output_are_told_apart_and_the_rest_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(dir.join("refs/heads")).unwrap();
        let (to, changes) = mpsc::channel();
        let outputs = dir.join("buildq/output");
        let notices =
            of(&dir, &outputs, move |change| to.send(change).unwrap_or_default()).unwrap();
        let told = || changes.recv_timeout(Duration::from_secs(20)).unwrap();
        std::fs::write(dir.join("index"), "x").unwrap();
        std::fs::write(dir.join("refs/heads/a.lock"), "x").unwrap();
        std::fs::write(dir.join("refs/heads/a"), "x").unwrap();
        assert_eq!(told(), Change::Refs);
        std::fs::create_dir(outputs.join("a-1")).unwrap();
        while told() != Change::Output {}
        std::fs::write(dir.join("packed-refs"), "x").unwrap();
        while told() != Change::Refs {}
        drop(notices);
        while changes.recv_timeout(Duration::from_secs(20)).is_ok() {}
    }
}
