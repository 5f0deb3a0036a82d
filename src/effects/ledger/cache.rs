//! The ledger as it was replayed last, on disk: for another tip it is extended or thrown away, and
//! never trusted.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::ledger::{Lean, Ledger};
use crate::domain::event::FORMAT;
use crate::effects::paths::Paths;
use crate::effects::{files, program};

/// Grows with every change of what is written.
const SHAPE: u32 = 4;

/// The whole ledger, as this very program has written it last.
pub fn load(paths: &Paths) -> Option<Ledger> {
    read(paths, "ledger")
}

/// A cache that cannot be written is no fault: the next reader replays.
pub fn store(paths: &Paths, ledger: &Ledger) {
    let _ = write(paths, "ledger", ledger);
}

/// The small part of it.
pub fn load_lean(paths: &Paths) -> Option<Lean> {
    read(paths, "ledger-lean")
}

/// Keeps the small part.
pub fn store_lean(paths: &Paths, lean: &Lean) {
    let _ = write(paths, "ledger-lean", lean);
}

/// What is known of the chapters of history without reading them.
pub fn load_heads<T: DeserializeOwned>(paths: &Paths) -> Option<T> {
    read(paths, "chapters/heads")
}

/// Keeps that; `None` where it cannot be written, as with all that belongs to chapters.
pub fn store_heads(paths: &Paths, heads: &impl Serialize) -> Option<()> {
    write(paths, "chapters/heads", heads)
}

/// What one chapter has made of the ledger.
pub fn load_chapter<T: DeserializeOwned>(paths: &Paths, number: usize) -> Option<T> {
    read(paths, &format!("chapters/{number}"))
}

/// Keeps it.
pub fn store_chapter(paths: &Paths, number: usize, chapter: &impl Serialize) -> Option<()> {
    write(paths, &format!("chapters/{number}"), chapter)
}

/// The commits of one chapter.
pub fn load_commits<T: DeserializeOwned>(paths: &Paths, number: usize) -> Option<T> {
    read(paths, &format!("chapters/{number}-commits"))
}

/// Keeps them.
pub fn store_commits(paths: &Paths, number: usize, commits: &impl Serialize) -> Option<()> {
    write(paths, &format!("chapters/{number}-commits"), commits)
}

/// A report that was made before.
pub fn load_report<T: DeserializeOwned>(paths: &Paths, name: &str) -> Option<T> {
    read(paths, &format!("reports/{name}"))
}

/// Keeps it; `None` where it cannot be written.
pub fn store_report(paths: &Paths, name: &str, report: &impl Serialize) -> Option<()> {
    write(paths, &format!("reports/{name}"), report)
}

fn file(paths: &Paths, name: &str) -> PathBuf {
    paths.local.join("cache").join(name)
}

fn read<T: DeserializeOwned>(paths: &Paths, name: &str) -> Option<T> {
    let content = files::sealed(&file(paths, name))?;
    let mark = postcard::to_stdvec(&mark(name)?).ok()?;
    postcard::from_bytes(content.strip_prefix(mark.as_slice())?).ok()
}

fn write(paths: &Paths, name: &str, what: &impl Serialize) -> Option<()> {
    let content = postcard::to_stdvec(&(mark(name)?, what)).ok()?;
    files::replace_sealed(&file(paths, name), content).ok()
}

/// Another version of the program may lay the same words out in another way, and a file that came
/// to lie under another name is none.
fn mark(name: &str) -> Option<impl Serialize> {
    Some((FORMAT, SHAPE, program::mark()?, name))
}

#[cfg(test)]
pub mod tests {
    use chrono::{DateTime, TimeDelta};

    use crate::core::ledger::{Lean, Ledger};
    use crate::domain::event::{Event, Kind};
    use crate::domain::id::Oid;
    use crate::effects::git::Git;
    use crate::effects::ledger::{REF, keep_lean, lean, read, root};
    use crate::effects::paths::Paths;
    use crate::effects::repo::{Person, Repo, Stamp};

    /// Writes so many events on a commit; answers the newest one.
    pub fn grow(repo: &Repo, from: &[Oid], label: &str, count: i64) -> Oid {
        let person = Person { name: "Ada".into(), email: "a@b.c".into() };
        let tree = repo.empty_tree().unwrap();
        let mut parents = from.to_vec();
        for n in 0..count {
            let task = format!("{label}-{}", n % 7).parse().unwrap();
            let kind = match n % 3 {
                0 => Kind::Closed { task, reason: "by hand".into(), source: None },
                1 => Kind::Retried { task, reason: "anew".into() },
                _ => Kind::Paused { until: None, builder: None, reason: label.into() },
            };
            let (id, body) = (format!("{label}{n}"), String::new());
            let message = Event { id, kind, queue: None, run: None, body }.message();
            let at = DateTime::UNIX_EPOCH + TimeDelta::minutes(n);
            let stamp = Stamp { author: person.clone(), committer: person.clone(), at };
            parents = vec![repo.write_commit(tree, &parents, &stamp, &message).unwrap()];
        }
        parents[0]
    }

    #[test]
    fn whatever_becomes_of_the_branch_the_cache_says_what_a_replay_says() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let common = dir.path().join(".git");
        let repo = Repo::at(&common).unwrap();
        let paths = Paths::discover(&common, None, "mini").unwrap();
        let begin = root(&repo).unwrap();
        let first = grow(&repo, &[begin], "first", 40);
        let longer = grow(&repo, &[first], "longer", 5);
        let longest = grow(&repo, &[longer], "longest", 50);
        let other = grow(&repo, &[begin], "other", 45);
        let merged = grow(&repo, &[longest, other], "merged", 1);
        let after = grow(&repo, &[merged], "after", 33);
        // Extended, by little and by much, rewound, replaced, merged, extended past a merge, gone.
        for tip in [first, longer, longest, longer, other, first, merged, after, longest] {
            repo.swap(REF, repo.reference(REF), tip, "test").unwrap();
            let quick = read(&repo, &paths).unwrap();
            let small = lean(&repo, &paths, DateTime::UNIX_EPOCH + TimeDelta::days(9));
            assert_eq!(small, None, "one of another tip is none");
            let again = read(&repo, &paths).unwrap();
            std::fs::remove_dir_all(paths.local.join("cache")).unwrap_or_default();
            let cold = read(&repo, &paths).unwrap();
            assert_eq!((&quick, &again), (&cold, &cold), "{tip}");
            assert_eq!(cold.tip, Some(tip));
            keep_lean(&paths, &cold);
            let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(60);
            assert_eq!(lean(&repo, &paths, now), Some(Lean::of(&cold).ledger), "{tip}");
        }
        let file = super::file(&paths, "ledger");
        let whole = std::fs::read(&file).unwrap();
        for place in (0..whole.len()).step_by(101) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            std::fs::write(&file, &bytes).unwrap();
            assert_eq!(super::load(&paths), None::<Ledger>, "a bit at {place}");
        }
    }
}
