//! Walks over history: events, origins of task files, what has come into a branch.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use super::{QueueEntry, Repo, plain, raw};
use crate::domain::id::Oid;

/// One commit, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: Oid,
    /// In order.
    pub parents: Vec<Oid>,
    /// When it was committed.
    pub at: DateTime<Utc>,
    /// The author's name.
    pub author: String,
    /// The whole message.
    pub message: String,
}

/// What stands before a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One commit, or none.
    Plain,
    /// Several.
    Merge,
    /// More than this clone has: its history ends here.
    Cut,
}

impl Repo {
    /// One commit.
    pub fn commit(&self, id: Oid) -> Result<Commit> {
        let found = self.git.find_commit(raw(id)?);
        Ok(owned(&found.with_context(|| format!("commit `{id}`"))?))
    }

    /// Commits reachable from `tip` but not from `hidden`, newest first, at most `most`.
    pub fn commits(&self, tip: Oid, hidden: &[Oid], most: usize) -> Result<Vec<Commit>> {
        let mut walk = self.git.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME)?;
        walk.push(raw(tip)?)?;
        for oid in hidden {
            if self.has(*oid) {
                walk.hide(raw(*oid)?)?;
            }
        }
        let mut found = Vec::new();
        for oid in walk.take(most) {
            found.push(owned(&self.git.find_commit(oid?)?));
        }
        Ok(found)
    }

    /// Where a branch that is at `tip` stood before a moment: the first commit along its first
    /// parents that is older. None where that is more than `most` commits ago, or cannot be read.
    pub fn stood(&self, tip: Oid, until: DateTime<Utc>, most: usize) -> Option<Oid> {
        let tip = self.git.find_commit(raw(tip).ok()?).ok();
        let mut line = std::iter::successors(tip, |commit| commit.parent(0).ok()).take(most);
        let older = |commit: &git2::Commit| commit.time().seconds() < until.timestamp();
        line.find(older).map(|commit| plain(commit.id()))
    }

    /// Whether `old` is `new` or in its history.
    pub fn is_ancestor(&self, old: Oid, new: Oid) -> bool {
        let (Ok(a), Ok(b)) = (raw(old), raw(new)) else { return false };
        old == new || self.git.graph_descendant_of(b, a).unwrap_or(false)
    }

    /// The best common ancestor.
    pub fn merge_base(&self, a: Oid, b: Oid) -> Option<Oid> {
        self.git.merge_base(raw(a).ok()?, raw(b).ok()?).ok().map(plain)
    }

    /// A name for the change between two commits that a rebase or squash does not alter; what
    /// lies below the folder `without` does not count. `None` for no change.
    pub fn patch_id(&self, old: Option<Oid>, new: Oid, without: &str) -> Result<Option<Oid>> {
        let tree = |id: Oid| -> Result<git2::Tree> { Ok(self.git.find_commit(raw(id)?)?.tree()?) };
        let old = old.map(tree).transpose()?;
        let new = tree(new)?;
        let mut diff = self.git.diff_tree_to_tree(old.as_ref(), Some(&new), None)?;
        let paths = paths(&diff);
        let below = |path: &Vec<u8>| {
            let rest = path.strip_prefix(without.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"/"))
        };
        let kept: Vec<_> = paths.iter().filter(|path| !below(path)).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        if kept.len() < paths.len() {
            let mut options = git2::DiffOptions::new();
            options.disable_pathspec_match(true);
            kept.iter().for_each(|path| _ = options.pathspec(path.as_slice()));
            diff = self.git.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?;
        }
        let patch = plain(diff.patchid(None)?);
        // Of a binary file the patch holds no content: its new object stands for that.
        let mut exact = patch.to_string();
        for index in 0..diff.deltas().len() {
            if git2::Patch::from_diff(&diff, index)?.is_none() {
                let delta = diff.get_delta(index);
                exact.extend(delta.map(|delta| delta.new_file().id().to_string()));
            }
        }
        Ok(Some(plain(git2::Oid::hash_object(git2::ObjectType::Blob, exact.as_bytes())?)))
    }

    /// How much of its past a commit shows; one that cannot be read shows none.
    pub fn shape(&self, commit: Oid) -> Shape {
        let found = raw(commit).ok().and_then(|oid| self.git.find_commit(oid).ok());
        let Some(found) = found else { return Shape::Cut };
        let told = found.raw_header_bytes().split(|byte| *byte == b'\n');
        let told = told.filter(|line| line.starts_with(b"parent ")).count();
        match told {
            told if told > found.parents().count() => Shape::Cut,
            0 | 1 => Shape::Plain,
            _ => Shape::Merge,
        }
    }

    /// Files that a commit brings: path and blob, different from what each parent has there.
    /// `below` narrows it to one folder.
    pub fn introduced(&self, commit: Oid, below: Option<&str>) -> Result<BTreeSet<(String, Oid)>> {
        let commit = self.git.find_commit(raw(commit)?)?;
        let tree = commit.tree()?;
        let mut options = git2::DiffOptions::new();
        options.disable_pathspec_match(true);
        below.into_iter().for_each(|folder| _ = options.pathspec(folder));
        let mut against = |old: Option<&git2::Tree>| -> Result<BTreeSet<(String, Oid)>> {
            let diff = self.git.diff_tree_to_tree(old, Some(&tree), Some(&mut options))?;
            let file = |delta: git2::DiffDelta| {
                let new = delta.new_file();
                let path = String::from_utf8_lossy(new.path_bytes()?).into_owned();
                (delta.status() != git2::Delta::Deleted).then(|| (path, plain(new.id())))
            };
            Ok(diff.deltas().filter_map(file).collect())
        };
        let mut found: Option<BTreeSet<(String, Oid)>> = None;
        for id in commit.parent_ids() {
            let new = against(Some(&self.git.find_commit(id)?.tree()?))?;
            found = Some(match found {
                Some(known) => known.intersection(&new).cloned().collect(),
                None => new,
            });
        }
        found.map_or_else(|| against(None), Ok)
    }

    /// The SSH signature of a commit, if it has exactly one signature and that is of SSH.
    pub fn signature(&self, commit: Oid) -> Option<String> {
        let found = self.git.find_commit(raw(commit).ok()?).ok()?;
        let header = String::from_utf8_lossy(found.raw_header_bytes()).into_owned();
        let fields = header.lines().filter(|line| line.starts_with("gpgsig"));
        let first = fields.collect::<Vec<_>>();
        let [only] = first.as_slice() else { return None };
        let ssh = only.strip_prefix("gpgsig ")?;
        ssh.starts_with("-----BEGIN SSH SIGNATURE-----").then(|| ssh.to_owned())
    }

    /// Every path that differs between two trees, a renamed file by both its names.
    pub fn changed_paths(&self, old: Oid, new: Oid) -> Result<Vec<String>> {
        let (old, new) = (self.git.find_tree(raw(old)?)?, self.git.find_tree(raw(new)?)?);
        let diff = self.git.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let text = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        Ok(paths(&diff).iter().map(text).collect())
    }
}

/// What one path of a folder was and is, where that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeChange {
    /// From the top of the repository.
    pub path: String,
    /// The object that was there.
    pub before: Option<Oid>,
    /// The object that is there, and its mode as git writes it.
    pub now: Option<(Oid, u32)>,
}

impl TreeChange {
    /// The file that is there now.
    pub fn entry(&self) -> Option<QueueEntry> {
        let (blob, mode) = self.now?;
        Some(QueueEntry { path: self.path.clone(), blob, mode })
    }
}

impl Repo {
    /// Paths below a folder that differ between two trees of it. What is the same in both is
    /// passed over by its id, folders as a whole, so it costs what has changed and no more;
    /// libgit2's own comparison opens every folder.
    pub fn tree_changes(
        &self,
        old: Option<Oid>,
        new: Option<Oid>,
        folder: &str,
    ) -> Result<Vec<TreeChange>> {
        let mut changes = Vec::new();
        let mut open = vec![(old, new, folder.to_owned())];
        while let Some((old, new, folder)) = open.pop() {
            if old == new {
                continue;
            }
            // One that is not here any more counts as having held nothing.
            let mut before = old.and_then(|old| self.listed(old).ok()).unwrap_or_default();
            let now = new.map(|new| self.listed(new)).transpose()?.unwrap_or_default();
            let mut pairs: Vec<(Vec<u8>, Option<Listed>, Option<Listed>)> = Vec::new();
            for (name, is) in now {
                let was = before.remove(&name);
                pairs.push((name, was, Some(is)));
            }
            pairs.extend(before.into_iter().map(|(name, was)| (name, Some(was), None)));
            for (name, was, is) in pairs.into_iter().filter(|(_, was, is)| was != is) {
                let path = format!("{folder}/{}", String::from_utf8_lossy(&name));
                let tree = |one: Option<Listed>| one.filter(|(_, mode)| *mode == FOLDER);
                let file = |one: Option<Listed>| one.filter(|(_, mode)| *mode != FOLDER);
                let trees = (tree(was).map(|(id, _)| id), tree(is).map(|(id, _)| id));
                let (before, now) = (file(was).map(|(id, _)| id), file(is));
                if before.is_some() || now.is_some() {
                    changes.push(TreeChange { path: path.clone(), before, now });
                }
                open.push((trees.0, trees.1, path));
            }
        }
        Ok(changes)
    }

    fn listed(&self, tree: Oid) -> Result<BTreeMap<Vec<u8>, Listed>> {
        let tree = self.git.find_tree(raw(tree)?)?;
        let entry = |entry: git2::TreeEntry| {
            let mode = u32::try_from(entry.filemode()).unwrap_or_default();
            (entry.name_bytes().to_vec(), (plain(entry.id()), mode))
        };
        Ok(tree.iter().map(entry).collect())
    }
}

/// An entry of a tree: its object and mode.
type Listed = (Oid, u32);

const FOLDER: u32 = 0o040_000;

fn paths(diff: &git2::Diff) -> Vec<Vec<u8>> {
    let path = |delta: git2::DiffDelta| {
        let path = delta.new_file().path_bytes().or(delta.old_file().path_bytes());
        path.map(<[u8]>::to_vec)
    };
    diff.deltas().filter_map(path).collect()
}

fn owned(commit: &git2::Commit) -> Commit {
    Commit {
        id: plain(commit.id()),
        parents: commit.parent_ids().map(plain).collect(),
        at: moment(commit.time().seconds()),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
    }
}

pub(super) fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::git::Git;

    #[test]
    fn the_difference_of_two_folders_is_that_of_git() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q", "-b", "main"]).unwrap();
        let person = ["-c", "user.name=A", "-c", "user.email=a@b.c"];
        let write = |name: &str, text: &str| {
            let path = dir.path().join("q").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let repo = || Repo::at(&dir.path().join(".git")).unwrap();
        let commit = || {
            git.run(["add", "-A", "."]).unwrap();
            git.run(person.iter().chain(&["commit", "-qm", "x"])).unwrap();
            let repo = repo();
            repo.entry(repo.branch("main").unwrap(), "q")
        };
        for (name, text) in [("same/a", "1"), ("edited/b", "2"), ("gone/c", "3"), ("turns", "4")] {
            write(name, text);
        }
        let old = commit();
        std::fs::remove_dir_all(dir.path().join("q/gone")).unwrap();
        std::fs::remove_file(dir.path().join("q/turns")).unwrap();
        for (name, text) in [("edited/b", "5"), ("turns/d", "6"), ("new", "7")] {
            write(name, text);
        }
        let new = commit();
        let told = |old, new| {
            let changes = repo().tree_changes(old, new, "q").unwrap();
            let mut told: Vec<_> = changes
                .iter()
                .map(|c| (c.path.clone(), c.before.is_some(), c.now.is_some()))
                .collect();
            told.sort();
            told
        };
        let row = |path: &str, before, now| (path.to_owned(), before, now);
        assert_eq!(
            told(old, new),
            [
                row("q/edited/b", true, true),
                row("q/gone/c", true, false),
                row("q/new", false, true),
                row("q/turns", true, false),
                row("q/turns/d", false, true),
            ]
        );
        assert_eq!(told(new, new), []);
        assert_eq!(told(None, new).len(), 4);
        assert_eq!(told(new, None).len(), 4);
        // A tree that this clone does not have held nothing.
        assert_eq!(told(Some(Oid([7; 20])), new).len(), 4);
    }
}
