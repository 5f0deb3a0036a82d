//! Git's own maintenance: `git commit` and `git fetch` run it when they are done, buildq writes past
//! both. It does what git would do here by itself, and never more.

use std::fs;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use super::files;
use super::git::Git;
use super::paths::Paths;
use super::repo::Repo;

/// Git packs from about so many loose objects on, unless `gc.auto` says otherwise.
const LOOSE: i64 = 6700;
/// Of the 256 folders of loose objects git counts this one.
const SAMPLE: &str = "objects/17";
/// What git leaves loose it would leave loose again: it is not asked more often than this.
const PAUSE: TimeDelta = TimeDelta::hours(1);

fn stamp(paths: &Paths) -> std::path::PathBuf {
    paths.local.join("cache").join("upkeep")
}

/// Whether git would find something to do, by its own measure, and may: one folder is counted.
pub fn is_wanted(repo: &Repo, paths: &Paths, now: DateTime<Utc>) -> bool {
    let most = repo.setting("gc.auto").and_then(|text| text.trim().parse().ok()).unwrap_or(LOOSE);
    if most <= 0 || !may(repo) {
        return false;
    }
    let loose = fs::read_dir(paths.common.join(SAMPLE)).map_or(0, Iterator::count);
    let most = usize::try_from(most).unwrap_or(usize::MAX).div_ceil(256);
    loose > most && !was_lately(paths, now)
}

/// `maintenance.auto` is read by whoever runs the maintenance, not by git's command itself.
fn may(repo: &Repo) -> bool {
    let no = ["false", "no", "off", "0"];
    repo.setting("maintenance.auto")
        .is_none_or(|text| !no.contains(&text.trim().to_lowercase().as_str()))
}

fn was_lately(paths: &Paths, now: DateTime<Utc>) -> bool {
    let last = fs::metadata(stamp(paths)).and_then(|meta| meta.modified()).ok();
    let age = last.map(|last| now - DateTime::<Utc>::from(last));
    age.is_some_and(|age| (TimeDelta::zero()..PAUSE).contains(&age))
}

/// Has git do it. It asks `gc.auto` and the rest of its settings itself.
pub fn pack(repo: &Repo, paths: &Paths) -> Result<()> {
    if !may(repo) {
        return Ok(());
    }
    files::replace_cache(&stamp(paths), b"")?;
    Git::bare(&paths.common).run(["maintenance", "run", "--auto", "--quiet"])?;
    Ok(())
}
