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
/// Git makes one pack of them from so many on, unless `gc.autoPackLimit` says otherwise. Each work
/// that is taken over comes as a pack, and every git looks into all of them.
const PACKS: i64 = 50;
/// Of many packs git leaves few. While it works it is not asked again.
const PACK_PAUSE: TimeDelta = TimeDelta::seconds(10);

fn stamp(paths: &Paths) -> std::path::PathBuf {
    paths.local.join("cache").join("upkeep")
}

/// Whether git would find something to do, by its own measures, and may: two folders are counted.
pub fn is_wanted(repo: &Repo, paths: &Paths, now: DateTime<Utc>) -> bool {
    let most = |key, usual| {
        let set = repo.setting(key).and_then(|text| text.trim().parse().ok()).unwrap_or(usual);
        usize::try_from(set).ok().filter(|most| *most > 0)
    };
    let Some(most_loose) = most("gc.auto", LOOSE).filter(|_| may(repo)) else { return false };
    let loose = || fs::read_dir(paths.common.join(SAMPLE)).map_or(0, Iterator::count);
    let many_loose = || loose() > most_loose.div_ceil(256) && !was_lately(paths, now, PAUSE);
    let many_packs = || most("gc.autoPackLimit", PACKS).is_some_and(|most| packs(paths) > most);
    (many_packs() && !was_lately(paths, now, PACK_PAUSE)) || many_loose()
}

/// How many packs there are that git may make one of.
fn packs(paths: &Paths) -> usize {
    let entries = fs::read_dir(paths.common.join("objects/pack")).into_iter().flatten().flatten();
    let packs = entries.map(|entry| entry.path()).filter(|path| {
        path.extension().is_some_and(|kind| kind == "pack") && !path.with_extension("keep").exists()
    });
    packs.count()
}

/// `maintenance.auto` is read by whoever runs the maintenance, not by git's command itself.
fn may(repo: &Repo) -> bool {
    let no = ["false", "no", "off", "0"];
    repo.setting("maintenance.auto")
        .is_none_or(|text| !no.contains(&text.trim().to_lowercase().as_str()))
}

fn was_lately(paths: &Paths, now: DateTime<Utc>, pause: TimeDelta) -> bool {
    let last = fs::metadata(stamp(paths)).and_then(|meta| meta.modified()).ok();
    let age = last.map(|last| now - DateTime::<Utc>::from(last));
    age.is_some_and(|age| (TimeDelta::zero()..pause).contains(&age))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::clock;

    #[test]
    fn what_git_would_pack_is_packed() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q"]).unwrap();
        let paths = Paths::discover(&dir.path().join(".git"), None, "mini").unwrap();
        let wanted = || is_wanted(&Repo::at(&paths.common).unwrap(), &paths, clock::now());
        let file =
            |name: String| fs::write(paths.common.join("objects/pack").join(name), "").unwrap();
        (0..50).for_each(|n| file(format!("pack-{n}.pack")));
        file("pack-51.pack".into());
        file("pack-51.keep".into());
        assert!(!wanted(), "one is kept apart");
        file("pack-52.pack".into());
        assert!(wanted());
        for (setting, value) in
            [("gc.autoPackLimit", "60"), ("gc.autoPackLimit", "0"), ("gc.auto", "0")]
        {
            git.run(["config", setting, value]).unwrap();
            assert!(!wanted(), "{setting}={value}");
            git.run(["config", "--unset", setting]).unwrap();
        }
        files::replace_cache(&stamp(&paths), b"").unwrap();
        assert!(!wanted(), "git is at work");
    }
}
