//! Walks over history: events, origins of task files, what has come into a branch.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use super::{Repo, plain, raw};
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

    /// Every path that differs between two trees, a renamed file by both its names.
    pub fn changed_paths(&self, old: Oid, new: Oid) -> Result<Vec<String>> {
        let (old, new) = (self.git.find_tree(raw(old)?)?, self.git.find_tree(raw(new)?)?);
        let diff = self.git.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let text = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        Ok(paths(&diff).iter().map(text).collect())
    }
}

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
