//! The difference between two trees, one path at a time, as the judgement of a build wants it.

use anyhow::Result;

use super::{Repo, raw};
use crate::core::inspect::{Change, Entry, Extent, LARGE, Mode};
use crate::domain::id::Oid;

/// Lines of one file beyond this are not looked at one by one: the file is told by its size.
const LINES: usize = 200_000;

impl Repo {
    /// Shows every change from one commit to another, renames as such.
    pub fn each_change(&self, old: Oid, new: Oid, see: &mut dyn FnMut(&Change)) -> Result<()> {
        let tree =
            |oid: Oid| -> Result<git2::Tree> { Ok(self.git.find_commit(raw(oid)?)?.tree()?) };
        let (old, new) = (tree(old)?, tree(new)?);
        let mut options = git2::DiffOptions::new();
        options.context_lines(0).interhunk_lines(0).max_size(LARGE as i64).include_typechange(true);
        let mut diff = self.git.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))?;
        diff.find_similar(Some(git2::DiffFindOptions::new().renames(true)))?;
        for index in 0..diff.deltas().len() {
            let Some(delta) = diff.get_delta(index) else { continue };
            let mut change = self.change(&delta);
            if let Some(patch) = git2::Patch::from_diff(&diff, index)? {
                read_lines(&patch, &mut change)?;
            }
            see(&change);
        }
        Ok(())
    }

    fn change(&self, delta: &git2::DiffDelta) -> Change {
        let text = |file: &git2::DiffFile| {
            file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned())
        };
        let (old, new) = (delta.old_file(), delta.new_file());
        let (before, after) = (text(&old), text(&new));
        let path = after.or(before.clone()).unwrap_or_default();
        let from = before.filter(|before| *before != path);
        let there = |file: &git2::DiffFile| {
            let mode = mode(file.mode())?;
            let id = super::plain(file.id());
            let size = if mode == Mode::Submodule { 0 } else { self.size(id).unwrap_or(0) };
            Some(Entry { mode, size })
        };
        let (old, new) = (there(&old), there(&new));
        Change { path, from, old, new, ..Change::default() }
    }

    /// Files and lines of a commit's tree; lines of files that are no text or very large do not
    /// count.
    pub fn extent(&self, commit: Oid) -> Result<Extent> {
        let tree = self.git.find_commit(raw(commit)?)?.tree()?;
        let odb = self.git.odb()?;
        let mut extent = Extent::default();
        tree.walk(git2::TreeWalkMode::PreOrder, |_, entry| {
            if entry.kind() == Some(git2::ObjectType::Blob) {
                extent.files += 1;
                let small = odb.read_header(entry.id()).is_ok_and(|(size, _)| size as u64 <= LARGE);
                if let Some(object) = small.then(|| odb.read(entry.id()).ok()).flatten() {
                    extent.lines += object.data().iter().filter(|byte| **byte == b'\n').count();
                }
            }
            git2::TreeWalkResult::Ok
        })?;
        Ok(extent)
    }
}

fn mode(mode: git2::FileMode) -> Option<Mode> {
    match mode {
        git2::FileMode::BlobExecutable => Some(Mode::Executable),
        git2::FileMode::Blob | git2::FileMode::BlobGroupWritable => Some(Mode::File),
        git2::FileMode::Link => Some(Mode::Link),
        git2::FileMode::Commit => Some(Mode::Submodule),
        git2::FileMode::Tree | git2::FileMode::Unreadable => None,
    }
}

fn read_lines(patch: &git2::Patch, change: &mut Change) -> Result<()> {
    let mut left = LINES;
    for hunk in 0..patch.num_hunks() {
        for index in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, index)?;
            let text = || String::from_utf8_lossy(line.content()).trim_end().to_owned();
            match (line.origin(), left.checked_sub(1)) {
                ('+', Some(rest)) => {
                    let number = usize::try_from(line.new_lineno().unwrap_or(0)).unwrap_or(0);
                    change.added.push((number, text()));
                    left = rest;
                }
                ('-', Some(rest)) => {
                    change.removed.push(text());
                    left = rest;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
