//! Objects: blobs, trees, and commits written byte by byte.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use super::{Entry, Repo, plain, raw};
use crate::core::queue::{self, Content, File};
use crate::domain::id::Oid;

/// One entry of a tree below the queue directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// From the top of the repository.
    pub path: String,
    /// Its object.
    pub blob: Oid,
    /// As git writes it: `0o100644`, `0o120000` …
    pub mode: u32,
}

impl QueueEntry {
    /// Whether it is a plain file.
    pub fn is_regular(&self) -> bool {
        matches!(self.mode, 0o100_644 | 0o100_755 | 0o100_664)
    }
}

/// Name and address, as commits carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Without `<`, `>` and line breaks once written.
    pub name: String,
    /// The same.
    pub email: String,
}

/// Who wrote a commit, who put it here, and when.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// Who caused it.
    pub author: Person,
    /// Who wrote it down.
    pub committer: Person,
    /// To the second, in UTC.
    pub at: DateTime<Utc>,
}

impl Stamp {
    fn lines(&self) -> String {
        let at = self.at.timestamp();
        let line = |role: &str, person: &Person| {
            let clean = |text: &str| {
                let kept = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
                text.chars().filter(kept).collect::<String>().trim().to_owned()
            };
            format!("{role} {} <{}> {at} +0000\n", clean(&person.name), clean(&person.email))
        };
        line("author", &self.author) + &line("committer", &self.committer)
    }
}

impl Repo {
    /// The bytes of a blob; `None` when it is not here.
    pub fn blob(&self, oid: Oid) -> Option<Vec<u8>> {
        let blob = self.there(format_args!("`{oid}`"), self.git.find_blob(raw(oid).ok()?))?;
        Some(blob.content().to_vec())
    }

    /// Writes a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid> {
        Ok(plain(self.git.blob(bytes)?))
    }

    /// Whether an object is here.
    pub fn has(&self, oid: Oid) -> bool {
        raw(oid).is_ok_and(|oid| self.git.odb().is_ok_and(|odb| odb.exists(oid)))
    }

    /// Whether an object is a file's.
    pub fn is_blob(&self, oid: Oid) -> bool {
        let header = |id| {
            let found = self.git.odb().and_then(|odb| odb.read_header(id));
            self.there(format_args!("`{oid}`"), found)
        };
        raw(oid).ok().and_then(header).is_some_and(|(_, kind)| kind == git2::ObjectType::Blob)
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: Oid) -> Result<Oid> {
        let found = self.git.find_commit(raw(commit)?);
        Ok(plain(found.with_context(|| format!("commit `{commit}`"))?.tree_id()))
    }

    /// The object at a path of a commit's tree.
    pub fn entry(&self, commit: Oid, path: &str) -> Option<Oid> {
        Some(self.at_path(commit, path)?.object)
    }

    /// The text at a path of a commit's tree, if it is a regular file.
    pub fn file(&self, commit: Oid, path: &str) -> Option<Vec<u8>> {
        let entry = self.at_path(commit, path)?;
        let regular = matches!(entry.mode, 0o100_644 | 0o100_755 | 0o100_664);
        regular.then(|| self.blob(entry.object)).flatten()
    }

    fn at_path(&self, commit: Oid, path: &str) -> Option<Entry> {
        let found = self.look_up(commit, path);
        self.there(format_args!("`{commit}:{path}`"), found).flatten()
    }

    /// Names at the top of a commit's tree.
    pub fn top_names(&self, commit: Oid) -> Vec<String> {
        let tree = raw(commit).ok().and_then(|oid| self.git.find_commit(oid).ok()?.tree().ok());
        let names = |tree: git2::Tree| {
            tree.iter().filter_map(|entry| entry.name().ok().map(str::to_owned)).collect()
        };
        tree.map(names).unwrap_or_default()
    }

    /// Every file below the queue directory of a commit.
    pub fn queue_files(&self, commit: Oid, dir: &str) -> Result<Vec<File>> {
        let odb = self.git.odb()?;
        let file = |entry: QueueEntry| {
            let wanted = queue::is_task(dir, &entry.path);
            let content = content(&odb, entry.blob, entry.mode, wanted);
            File { path: entry.path, blob: entry.blob, content }
        };
        Ok(self.queue_entries(commit, dir)?.into_iter().map(file).collect())
    }

    /// The same files by name alone, in the order of the tree.
    pub fn queue_entries(&self, commit: Oid, dir: &str) -> Result<Vec<QueueEntry>> {
        let Some(tree) = self.entry(commit, dir) else { return Ok(Vec::new()) };
        let Ok(tree) = self.git.find_tree(raw(tree)?) else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() != Some(git2::ObjectType::Tree) {
                let name = String::from_utf8_lossy(entry.name_bytes());
                let path = format!("{dir}/{folder}{name}");
                let mode = u32::try_from(entry.filemode()).unwrap_or_default();
                entries.push(QueueEntry { path, blob: plain(entry.id()), mode });
            }
            git2::TreeWalkResult::Ok
        })?;
        Ok(entries)
    }

    /// What can be read of a file, as [`Repo::queue_files`] reads it.
    pub fn content(&self, entry: &QueueEntry) -> Result<Content> {
        Ok(content(&self.git.odb()?, entry.blob, entry.mode, true))
    }

    /// Writes a commit.
    pub fn write_commit(
        &self,
        tree: Oid,
        parents: &[Oid],
        stamp: &Stamp,
        message: &str,
    ) -> Result<Oid> {
        let mut text = format!("tree {tree}\n");
        parents.iter().for_each(|parent| text.push_str(&format!("parent {parent}\n")));
        text.push_str(&stamp.lines());
        text.push('\n');
        text.push_str(message);
        Ok(plain(self.git.odb()?.write(git2::ObjectType::Commit, text.as_bytes())?))
    }

    /// Writes the tree that has no entries.
    pub fn empty_tree(&self) -> Result<Oid> {
        Ok(plain(self.git.odb()?.write(git2::ObjectType::Tree, b"")?))
    }

    /// A tree with files added, replaced (`Some`) or removed (`None`).
    pub fn edit_tree(&self, tree: Oid, edits: &[(String, Option<Oid>)]) -> Result<Oid> {
        let tree = self.git.find_tree(raw(tree)?)?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, blob) in edits {
            match blob {
                Some(blob) => update.upsert(path.as_str(), raw(*blob)?, git2::FileMode::Blob),
                None if tree.get_path(std::path::Path::new(path)).is_ok() => {
                    update.remove(path.as_str())
                }
                None => &mut update,
            };
        }
        Ok(plain(update.create_updated(&self.git, &tree)?))
    }
}

fn content(odb: &git2::Odb, blob: Oid, mode: u32, wanted: bool) -> Content {
    match mode {
        0o120_000 => return Content::Irregular("a symbolic link"),
        0o160_000 => return Content::Irregular("a submodule"),
        _ if !wanted => return Content::Bytes(Vec::new()),
        _ => {}
    }
    let Ok(oid) = raw(blob) else { return Content::Absent(blob) };
    let Ok((size, _)) = odb.read_header(oid) else { return Content::Absent(blob) };
    if size as u64 > queue::MAX_FILE {
        return Content::TooLarge(size as u64);
    }
    match odb.read(oid) {
        Ok(object) => Content::Bytes(object.data().to_vec()),
        Err(_) => Content::Absent(blob),
    }
}
