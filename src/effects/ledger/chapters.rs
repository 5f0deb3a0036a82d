//! History in chapters: what each stretch of the ledger has made of it, and which commits it is.
//! So whoever asks for a past day replays that day, and not the years before it.
//!
//! A cache: it counts only where the line of commits from the ledger's tip still leads to the end of
//! the last chapter, and every event that is told is read from git. Where anything is missing,
//! damaged, or of another history, all of it is replayed, and the chapters are written anew.

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Told, cache, recorded, tip, told, whole};
use crate::core::ledger::{Change, Chronicle, Ledger};
use crate::core::report::Before;
use crate::domain::event::Recorded;
use crate::domain::id::Oid;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;

/// So many commits are one chapter: what is read past the end of the last one costs milliseconds.
const LENGTH: usize = if cfg!(test) { 8 } else { 1024 };

/// What is known of a chapter without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Its last commit, which the first parents of the tip lead to.
    end: Oid,
    /// The time of its earliest event: clocks go wrong, and events stand where they stand.
    earliest: Option<DateTime<Utc>>,
    /// The time of the latest event up to its end, earlier chapters too.
    latest: Option<DateTime<Utc>>,
    /// Where the queue branch stood at its last event.
    queue: Option<Oid>,
}

/// The chapters that a tip leads to, and the commits after them.
struct Book {
    heads: Vec<Head>,
    rest: Vec<Told>,
}

/// The events before `until`, from `from` on or from earlier, and what stood before them.
pub fn events_before(
    repo: &Repo,
    paths: &Paths,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Before, Vec<Recorded>)> {
    let tip = tip(repo);
    repo.must_be_read()?;
    let Some(tip) = tip else { return Ok((Before::default(), Vec::new())) };
    let known = || match open(repo, paths, tip)? {
        Some(book) => Ok::<_, anyhow::Error>(tell(repo, paths, book, (from, until))),
        None => Ok(None),
    };
    if let Some(told) = known()? {
        return Ok(told);
    }
    let mut commits = whole(repo, tip)?;
    if commits.len() >= LENGTH {
        if write(paths, (Vec::new(), Ledger::default()), commits).is_some()
            && let Some(told) = known()?
        {
            return Ok(told);
        }
        commits = whole(repo, tip)?;
    }
    let events = commits.into_iter().filter_map(|told| told.recorded);
    Ok((Before::default(), events.filter(|event| event.at < until).collect()))
}

/// The chapters that lead to this tip, the last of them at most [`LENGTH`] commits before it.
fn open(repo: &Repo, paths: &Paths, tip: Oid) -> Result<Option<Book>> {
    let Some(heads) = cache::load_heads::<Vec<Head>>(paths) else { return Ok(None) };
    let Some(last) = heads.last() else { return Ok(None) };
    let Some(rest) = repo.past(tip, Some(last.end), told)? else { return Ok(None) };
    if rest.len() < LENGTH {
        return Ok(Some(Book { heads, rest }));
    }
    let Some(ledger) = lay(paths, &heads) else { return Ok(None) };
    let Some(heads) = write(paths, (heads, ledger), rest) else { return Ok(None) };
    let Some(last) = heads.last() else { return Ok(None) };
    let rest = repo.past(tip, Some(last.end), told)?;
    Ok(rest.map(|rest| Book { heads, rest }))
}

/// What stands after these chapters.
fn lay(paths: &Paths, heads: &[Head]) -> Option<Ledger> {
    let mut ledger = Ledger::default();
    for (number, head) in heads.iter().enumerate() {
        let (of, change): (Head, Change) = cache::load_chapter(paths, number)?;
        (of == *head).then(|| ledger.change(change))?;
    }
    Some(ledger)
}

fn tell(
    repo: &Repo,
    paths: &Paths,
    book: Book,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Option<(Before, Vec<Recorded>)> {
    let over = book.heads.iter().take_while(|head| head.latest.is_none_or(|at| at < from)).count();
    let (before, after) = book.heads.split_at(over);
    let ledger = lay(paths, before)?;
    let queue = before.last().and_then(|head| head.queue);
    let mut events = Vec::new();
    for (head, number) in after.iter().zip(over..) {
        if head.earliest.is_none_or(|at| at >= until) {
            continue;
        }
        let (of, commits): (Head, Vec<Oid>) = cache::load_commits(paths, number)?;
        (of == *head).then_some(())?;
        for commit in commits {
            events.extend(recorded(repo.commit(commit).ok()?));
        }
    }
    events.extend(book.rest.into_iter().filter_map(|told| told.recorded));
    events.retain(|event| event.at < until);
    Some((Before { ledger, queue }, events))
}

/// A chapter while it is written.
#[derive(Default)]
struct Draft {
    commits: Vec<Oid>,
    earliest: Option<DateTime<Utc>>,
    has_merge: bool,
}

/// Goes on after these chapters, at whose end the ledger was so. `None` where it cannot be written.
fn write(
    paths: &Paths,
    (mut heads, ledger): (Vec<Head>, Ledger),
    commits: Vec<Told>,
) -> Option<Vec<Head>> {
    let on_the_line = first_parents(&commits);
    let mut queue = heads.last().and_then(|head| head.queue);
    let mut latest = ledger.latest;
    let mut chronicle = Chronicle::after(ledger);
    let mut draft = Draft::default();
    for (commit, on_the_line) in commits.into_iter().zip(on_the_line) {
        draft.commits.push(commit.commit);
        draft.has_merge |= commit.parents.len() > 1;
        if let Some(event) = commit.recorded {
            queue = event.event.queue.or(queue);
            latest = latest.max(Some(event.at));
            draft.earliest = draft.earliest.into_iter().chain([event.at]).min();
            chronicle.take(event);
        }
        // Whoever reads on from a chapter's end follows a line: a merge has to be within one.
        let is_full = draft.commits.len() >= LENGTH || draft.has_merge;
        if is_full && on_the_line {
            let Draft { commits, earliest, .. } = std::mem::take(&mut draft);
            let head = Head { end: commit.commit, earliest, latest, queue };
            let number = heads.len();
            cache::store_chapter(paths, number, &(&head, chronicle.cut()))?;
            cache::store_commits(paths, number, &(&head, commits))?;
            heads.push(head);
        }
    }
    cache::store_heads(paths, &heads)?;
    Some(heads)
}

/// Which of the commits the first parents of the last one lead to.
fn first_parents(commits: &[Told]) -> Vec<bool> {
    let mut next = commits.last().map(|tip| tip.commit);
    let mut found: Vec<_> = commits
        .iter()
        .rev()
        .map(|commit| {
            let is_next = next == Some(commit.commit);
            if is_next {
                next = commit.parents.first().copied();
            }
            is_next
        })
        .collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use chrono::TimeDelta;

    use super::*;
    use crate::effects::git::Git;
    use crate::effects::ledger::cache::tests::grow;
    use crate::effects::ledger::{REF, events, root};

    type Said = (Ledger, Option<Oid>, Vec<Recorded>);

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    /// The ledger at the end of a span, and the events within it.
    fn said((before, events): (Before, Vec<Recorded>), from: DateTime<Utc>) -> Said {
        let Before { mut ledger, mut queue } = before;
        for event in &events {
            queue = event.event.queue.or(queue);
            ledger.apply(event);
        }
        (ledger, queue, events.into_iter().filter(|event| event.at >= from).collect())
    }

    /// Holds what chapters say of many spans against a replay of everything.
    fn check(repo: &Repo, paths: &Paths, what: &str) {
        for (from, until) in [(-5, 1), (0, 9), (7, 8), (12, 40), (30, 31), (39, 70), (60, 90)] {
            let (from, until) = (minute(from), minute(until));
            let whole = events(repo).unwrap().into_iter().filter(|event| event.at < until);
            let whole = said((Before::default(), whole.collect()), from);
            let told = events_before(repo, paths, (from, until)).unwrap();
            assert_eq!(said(told, from), whole, "{what}: {from} to {until}");
        }
    }

    struct Place {
        _dir: tempfile::TempDir,
        repo: Repo,
        paths: Paths,
    }

    fn place() -> Place {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let common = dir.path().join(".git");
        let paths = Paths::discover(&common, None, "mini").unwrap();
        Place { repo: Repo::at(&common).unwrap(), paths, _dir: dir }
    }

    fn files(paths: &Paths) -> Vec<PathBuf> {
        let found = fs::read_dir(paths.local.join("cache/chapters")).unwrap();
        let mut found: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
        found.sort();
        found
    }

    #[test]
    fn whatever_becomes_of_the_branch_chapters_say_what_a_replay_says() {
        let Place { repo, paths, .. } = &place();
        let begin = root(repo).unwrap();
        let first = grow(repo, &[begin], "first", 40);
        let longer = grow(repo, &[first], "longer", 3);
        let longest = grow(repo, &[longer], "longest", 50);
        let other = grow(repo, &[begin], "other", 45);
        let merged = grow(repo, &[longest, other], "merged", 1);
        let after = grow(repo, &[merged], "after", 33);
        for tip in [first, longer, longest, longer, other, first, merged, after, longest, begin] {
            repo.swap(REF, repo.reference(REF), tip, "test").unwrap();
            check(repo, paths, &format!("at {tip}"));
            // Past a merge they go on without a new replay.
            let book = open(repo, paths, tip).unwrap();
            let rest = book.map_or(LENGTH, |book| book.rest.len());
            assert!(rest < LENGTH || tip == begin, "{rest} commits after {tip}");
        }
    }

    #[test]
    fn chapters_that_are_missing_or_damaged_are_written_anew() {
        let Place { repo, paths, .. } = &place();
        let tip = grow(repo, &[root(repo).unwrap()], "event", 60);
        repo.swap(REF, None, tip, "test").unwrap();
        check(repo, paths, "the first time");
        let good: Vec<_> = files(paths).iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(good.len() > 10, "{}", good.len());
        for (file, bytes) in files(paths).iter().zip(&good) {
            let (mut bent, cut) = (bytes.clone(), &bytes[..bytes.len() / 2]);
            bent[bytes.len() / 3] ^= 4;
            for damaged in [Some(bent.as_slice()), Some(cut), Some(&good[1]), None] {
                match damaged {
                    Some(damaged) => fs::write(file, damaged).unwrap(),
                    None => fs::remove_file(file).unwrap(),
                }
                check(repo, paths, &format!("{} is damaged", file.display()));
            }
            let now: Vec<_> = files(paths).iter().map(|file| fs::read(file).unwrap()).collect();
            assert!(now == good, "{} is not as it was", file.display());
        }
    }

    #[test]
    fn where_nothing_can_be_written_all_is_replayed() {
        let Place { repo, paths, .. } = &place();
        let tip = grow(repo, &[root(repo).unwrap()], "event", 30);
        repo.swap(REF, None, tip, "test").unwrap();
        fs::create_dir_all(&paths.local).unwrap();
        fs::write(paths.local.join("cache"), "no folder").unwrap();
        check(repo, paths, "without a cache");
    }
}
