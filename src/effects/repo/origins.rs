//! Where the present text of every task file comes from: one walk over history for all of them.
//!
//! Each step compares the queue's trees of a commit and its parents, and looks at what differs:
//! a commit that leaves the queue alone costs one comparison of two ids, whatever its size.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::history::{TreeChange, moment};
use super::{Repo, plain, raw};
use crate::domain::id::Oid;

/// Who last changed a file, and when it first appeared.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileOrigin {
    /// The blob that was looked for.
    pub blob: Oid,
    /// Commits that brought this very blob to this path.
    pub commits: Vec<Oid>,
    /// The author of the first of them.
    pub author: String,
    /// When the path first appeared.
    pub added: DateTime<Utc>,
    /// The same of every other text that the path ever had: one that comes back has a past.
    earlier: BTreeMap<Oid, Brought>,
}

impl FileOrigin {
    /// Of a text that was there before and does not matter any more: nobody asks whose it was.
    pub fn untold(blob: Oid, added: DateTime<Utc>) -> Self {
        let (commits, author, earlier) = (Vec::new(), String::new(), BTreeMap::new());
        Self { blob, commits, author, added, earlier }
    }
}

/// The commits that brought a text to a path, and the author of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Brought {
    author: String,
    commits: Vec<Oid>,
}

/// By path.
type Origins = BTreeMap<String, FileOrigin>;

/// What is known of a path so far.
#[derive(Default)]
struct Past {
    added: Option<DateTime<Utc>>,
    texts: BTreeMap<Oid, Brought>,
}

impl Past {
    fn bring(&mut self, blob: Oid, author: &str, commits: &[Oid]) {
        let brought = self.texts.entry(blob).or_default();
        if brought.commits.is_empty() {
            brought.author = author.to_owned();
        }
        let new = commits.iter().filter(|commit| !brought.commits.contains(commit));
        let new: Vec<Oid> = new.copied().collect();
        brought.commits.extend(new);
    }

    fn appear(&mut self, at: DateTime<Utc>) {
        self.added = Some(self.added.map_or(at, |known| known.min(at)));
    }

    fn take_over(&mut self, answer: &FileOrigin) {
        self.appear(answer.added);
        self.bring(answer.blob, &answer.author, &answer.commits);
        for (blob, brought) in &answer.earlier {
            self.bring(*blob, &brought.author, &brought.commits);
        }
    }

    fn of(mut self, blob: Oid) -> Option<FileOrigin> {
        let Brought { author, commits } = self.texts.remove(&blob)?;
        Some(FileOrigin { blob, commits, author, added: self.added?, earlier: self.texts })
    }
}

type Found<'a> = BTreeMap<&'a str, Past>;

/// Paths that are still followed, and by which commit.
#[derive(Default)]
struct Open<'a>(BTreeMap<Oid, BTreeSet<&'a str>>);

impl<'a> Open<'a> {
    fn add(&mut self, commit: Oid, mut paths: BTreeSet<&'a str>) {
        if paths.is_empty() {
            return;
        }
        let there = self.0.entry(commit).or_default();
        if there.len() < paths.len() {
            std::mem::swap(there, &mut paths);
        }
        there.extend(paths);
    }
}

/// What one commit makes of the queue, seen from one parent, by path.
type Changes = BTreeMap<String, Change>;

/// A path that differs.
#[derive(Clone, Copy)]
struct Change {
    /// The blob that the parent has there.
    before: Option<Oid>,
    /// The blob that the commit has there.
    now: Option<Oid>,
}

impl Repo {
    /// For every path below the folder: the commits that brought its present blob there, on every
    /// line of history, following each parent that has the path; and the oldest appearance of the
    /// path. The walk goes no further than `known`, whose answers are taken over.
    pub fn origins(
        &self,
        (tip, dir): (Oid, &str),
        wanted: &BTreeMap<String, Oid>,
        known: Option<(Oid, &Origins)>,
    ) -> Result<Origins> {
        let mut found = Found::new();
        let mut open = Open::default();
        open.add(tip, wanted.keys().map(String::as_str).collect());
        let mut walk = self.git.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
        walk.push(raw(tip)?)?;
        for oid in walk {
            if open.0.is_empty() {
                break;
            }
            let commit = self.git.find_commit(oid?)?;
            let id = plain(commit.id());
            let Some(paths) = open.0.remove(&id) else { continue };
            match known.filter(|(at, _)| *at == id) {
                Some((_, answers)) => {
                    for path in paths {
                        if let Some(answer) = answers.get(path) {
                            found.entry(path).or_default().take_over(answer);
                        }
                    }
                }
                None => self.step((&commit, dir), paths, (&mut open, &mut found))?,
            }
        }
        let origin = |(path, past): (&str, Past)| Some((path.to_owned(), past.of(wanted[path])?));
        Ok(found.into_iter().filter_map(origin).collect())
    }

    /// From one commit to its parents.
    fn step<'a>(
        &self,
        (commit, dir): (&git2::Commit, &str),
        mut paths: BTreeSet<&'a str>,
        (open, found): (&mut Open<'a>, &mut Found<'a>),
    ) -> Result<()> {
        let own = self.queue_tree(commit, dir);
        let mut parents = Vec::new();
        for parent in commit.parents() {
            parents.push((
                plain(parent.id()),
                self.queue_changes(&self.queue_tree(&parent, dir), &own, dir)?,
            ));
        }
        let Some((_, first)) = parents.first() else {
            // Nothing is older: all that it has it brought.
            let all = self.queue_changes(&None, &own, dir)?;
            for path in paths {
                let blob = all.get(path).and_then(|change| change.now);
                blob.into_iter().for_each(|blob| note(found, commit, path, (Some(blob), true)));
            }
            return Ok(());
        };
        // What the first parent has unchanged, no commit brought here; of the rest all are asked.
        let differing = first.iter().filter_map(|(path, change)| {
            let path = paths.get(path.as_str()).copied()?;
            Some((path, change.now))
        });
        for (path, blob) in differing {
            let there = |changes: &Changes| changes.get(path).map_or(blob, |change| change.before);
            let before: Vec<_> = parents.iter().filter_map(|(_, c)| there(c)).collect();
            if blob.is_none_or(|blob| !before.contains(&blob)) {
                note(found, commit, path, (blob, before.is_empty()));
            }
        }
        let last = parents.len() - 1;
        for (at, (parent, changes)) in parents.into_iter().enumerate() {
            let mut theirs = if at == last { std::mem::take(&mut paths) } else { paths.clone() };
            let gone = changes.iter().filter(|(_, change)| change.before.is_none());
            gone.for_each(|(path, _)| _ = theirs.remove(path.as_str()));
            open.add(parent, theirs);
        }
        Ok(())
    }

    fn queue_tree(&self, commit: &git2::Commit, dir: &str) -> Option<git2::Tree<'_>> {
        let entry = commit.tree().ok()?.get_path(Path::new(dir)).ok()?;
        self.git.find_tree(entry.id()).ok()
    }

    /// Paths that differ between two trees of the queue, with what the old one has there.
    fn queue_changes(
        &self,
        old: &Option<git2::Tree>,
        new: &Option<git2::Tree>,
        dir: &str,
    ) -> Result<Changes> {
        if old.as_ref().map(git2::Tree::id) == new.as_ref().map(git2::Tree::id) {
            return Ok(Changes::new());
        }
        let id = |tree: &Option<git2::Tree>| tree.as_ref().map(|tree| plain(tree.id()));
        let changes = self.tree_changes(id(old), id(new), dir)?;
        let change = |change: TreeChange| {
            let now = change.now.map(|(blob, _)| blob);
            (change.path, Change { before: change.before, now })
        };
        Ok(changes.into_iter().map(change).collect())
    }
}

/// A commit that changed a path: the text that it brought, and whether the path is new.
fn note<'a>(
    found: &mut Found<'a>,
    commit: &git2::Commit,
    path: &'a str,
    (blob, appeared): (Option<Oid>, bool),
) {
    let past = found.entry(path).or_default();
    if let Some(blob) = blob {
        past.bring(blob, commit.author().name().unwrap_or("somebody"), &[plain(commit.id())]);
    }
    if appeared {
        past.appear(moment(commit.time().seconds()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Person, Stamp};
    use super::*;

    /// The rule itself, path by path, without any haste.
    fn by_the_rule(repo: &Repo, tip: Oid, path: &str) -> (BTreeSet<Oid>, DateTime<Utc>) {
        let (mut found, mut added) = (BTreeSet::new(), DateTime::<Utc>::MAX_UTC);
        let wanted = repo.entry(tip, path);
        let (mut open, mut seen) = (vec![tip], BTreeSet::new());
        while let Some(id) = open.pop().filter(|id| seen.insert(*id)).or_else(|| open.pop()) {
            let commit = repo.commit(id).unwrap();
            let here = repo.entry(id, path);
            let before: Vec<_> =
                commit.parents.iter().map(|p| (*p, repo.entry(*p, path))).collect();
            if here == wanted && before.iter().all(|(_, there)| *there != here) {
                found.insert(id);
            }
            if before.iter().all(|(_, there)| there.is_none()) {
                added = added.min(commit.at);
            }
            open.extend(
                before.iter().filter(|(p, t)| t.is_some() && !seen.contains(p)).map(|(p, _)| *p),
            );
        }
        (found, added)
    }

    fn random(seed: &mut u64, below: usize) -> usize {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed % below as u64) as usize
    }

    #[test]
    fn any_history_is_read_by_the_rule() {
        let mut seed = 0x2545_F491_4F6C_DD1D;
        for round in 0..12 {
            let dir = tempfile::tempdir().unwrap();
            git2::Repository::init_bare(dir.path()).unwrap();
            let repo = Repo::at(dir.path()).unwrap();
            let person = Person { name: "Ada".into(), email: "a@b".into() };
            let mut commits: Vec<Oid> = Vec::new();
            for n in 0..30 {
                let mut parents = Vec::new();
                for _ in 0..if n == 0 { 0 } else { 1 + usize::from(random(&mut seed, 4) == 0) } {
                    let back = random(&mut seed, commits.len().min(4));
                    let parent = commits[commits.len() - 1 - back];
                    if !parents.contains(&parent) {
                        parents.push(parent);
                    }
                }
                let mut tree = match parents.first() {
                    Some(parent) => repo.tree_of(*parent).unwrap(),
                    None => repo.empty_tree().unwrap(),
                };
                for _ in 0..random(&mut seed, 3) {
                    let path =
                        ["queue/a.md", "queue/s/b.md", "queue/c.md", "x.txt"][random(&mut seed, 4)];
                    let text = format!("{}", random(&mut seed, 3));
                    let blob = repo.write_blob(text.as_bytes()).unwrap();
                    let blob = (random(&mut seed, 4) > 0).then_some(blob);
                    tree = repo.edit_tree(tree, &[(path.to_owned(), blob)]).unwrap();
                }
                let at = moment(1_000_000 + i64::from(n));
                let stamp = Stamp { author: person.clone(), committer: person.clone(), at };
                commits.push(
                    repo.write_commit(tree, &parents, &stamp, &format!("{round} {n}")).unwrap(),
                );
            }
            let tip = commits[29];
            let wanted_at = |tip: Oid| -> BTreeMap<String, Oid> {
                let entries = repo.queue_entries(tip, "queue").unwrap();
                entries.into_iter().map(|entry| (entry.path, entry.blob)).collect()
            };
            let wanted = wanted_at(tip);
            let whole = repo.origins((tip, "queue"), &wanted, None).unwrap();
            for path in wanted.keys() {
                let (commits, added) = by_the_rule(&repo, tip, path);
                let origin = &whole[path];
                assert_eq!(
                    origin.commits.iter().copied().collect::<BTreeSet<_>>(),
                    commits,
                    "{round} {path}"
                );
                assert_eq!(origin.added, added, "{round} {path}");
            }
            // From an older answer of the same line the same follows.
            let parent = repo.commit(tip).unwrap().parents[0];
            let before = repo.origins((parent, "queue"), &wanted_at(parent), None).unwrap();
            let again = repo.origins((tip, "queue"), &wanted, Some((parent, &before))).unwrap();
            for (path, origin) in &again {
                let same = |o: &FileOrigin| o.commits.iter().copied().collect::<BTreeSet<_>>();
                assert_eq!(same(origin), same(&whole[path]), "{round} {path}");
            }
        }
    }
}
