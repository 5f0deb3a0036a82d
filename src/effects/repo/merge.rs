//! Merges and differences, without a work tree.

use anyhow::Result;

use super::{Repo, plain, raw};
use crate::domain::id::Oid;

/// What a merge of two commits gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// This tree.
    Clean(Oid),
    /// These paths need a person.
    Clash(Vec<String>),
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// From the top of the repository, as it is now (or was, when removed).
    pub path: String,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

impl Repo {
    /// Merges two commits in memory.
    pub fn merge(&self, ours: Oid, theirs: Oid) -> Result<Merged> {
        let (ours, theirs) = (raw(ours)?, raw(theirs)?);
        let (ours, theirs) = (self.git.find_commit(ours)?, self.git.find_commit(theirs)?);
        let mut index = self.git.merge_commits(&ours, &theirs, None)?;
        if !index.has_conflicts() {
            return Ok(Merged::Clean(plain(index.write_tree_to(&self.git)?)));
        }
        let mut paths: Vec<String> = index
            .conflicts()?
            .flatten()
            .filter_map(|c| c.our.or(c.their).or(c.ancestor))
            .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
            .collect();
        paths.sort();
        paths.dedup();
        Ok(Merged::Clash(paths))
    }

    /// The files that differ between two commits, with how much.
    pub fn changes(&self, old: Oid, new: Oid) -> Result<Vec<Change>> {
        let tree =
            |oid: Oid| -> Result<git2::Tree> { Ok(self.git.find_commit(raw(oid)?)?.tree()?) };
        let (old, new) = (tree(old)?, tree(new)?);
        let mut diff = self.git.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        diff.find_similar(None)?;
        let mut changes = Vec::new();
        for index in 0..diff.deltas().len() {
            let Some(delta) = diff.get_delta(index) else { continue };
            let file = delta.new_file().path_bytes().or(delta.old_file().path_bytes());
            let path = String::from_utf8_lossy(file.unwrap_or_default()).into_owned();
            let patch = git2::Patch::from_diff(&diff, index)?;
            let (_, added, removed) = patch.map_or(Ok((0, 0, 0)), |patch| patch.line_stats())?;
            changes.push(Change { path, added, removed });
        }
        Ok(changes)
    }
}
