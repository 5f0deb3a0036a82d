//! What the commits of a branch brought along, commit by commit: also what a later one took
//! out again.

use std::collections::HashSet;

use anyhow::{Context, Result};

use super::{Repo, plain, raw};
use crate::domain::id::Oid;

/// One file as one commit brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The commit.
    pub commit: Oid,
    /// From the top of the repository.
    pub path: String,
    /// What it holds.
    pub blob: Oid,
}

impl Repo {
    /// Every blob that commits reachable from `tip` but not from `hidden` brought, newest first,
    /// each blob once; what a merge took over unchanged from any parent does not count.
    pub fn brought(&self, tip: Oid, hidden: &[Oid]) -> Result<Vec<Brought>> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for commit in self.commits(tip, hidden, usize::MAX)? {
            self.brought_by(commit.id, &mut |one| {
                if seen.insert((one.blob, one.path.clone())) {
                    found.push(one);
                }
            })?;
        }
        Ok(found)
    }

    fn brought_by(&self, id: Oid, take: &mut dyn FnMut(Brought)) -> Result<()> {
        let commit = self.git.find_commit(raw(id)?)?;
        let tree = commit.tree()?;
        let parents: Vec<_> =
            commit.parents().map(|parent| parent.tree()).collect::<Result<_, _>>()?;
        let diff = self.git.diff_tree_to_tree(parents.first(), Some(&tree), None)?;
        for delta in diff.deltas() {
            let file = delta.new_file();
            let no_blob =
                matches!(file.mode(), git2::FileMode::Commit | git2::FileMode::Unreadable);
            let Some(bytes) = file.path_bytes().filter(|_| !no_blob && !file.id().is_zero()) else {
                continue;
            };
            let path = String::from_utf8_lossy(bytes).into_owned();
            let there = |tree: &git2::Tree| {
                let entry = tree.get_path(std::path::Path::new(&path));
                entry.is_ok_and(|entry| entry.id() == file.id())
            };
            if !parents.iter().skip(1).any(there) {
                take(Brought { commit: id, path, blob: plain(file.id()) });
            }
        }
        Ok(())
    }

    /// A whole commit as it is stored: names, addresses, message.
    pub fn commit_bytes(&self, id: Oid) -> Result<Vec<u8>> {
        let odb = self.git.odb()?;
        let found = odb.read(raw(id)?);
        Ok(found.with_context(|| format!("commit `{id}`"))?.data().to_vec())
    }

    /// The size of an object in bytes; `None` when it is not here.
    pub fn size(&self, id: Oid) -> Option<u64> {
        let (size, _) = self.git.odb().ok()?.read_header(raw(id).ok()?).ok()?;
        Some(size as u64)
    }
}
