//! Task files that are not committed yet: of the work tree, and of the index.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::env;
use super::git::Git;
use super::repo::{QueueEntry, Repo};
use crate::core::queue::{Content, MAX_FILE};
use crate::domain::id::Oid;

/// Folders in folders in folders … at most so many.
const DEEPEST: usize = 32;

/// Every file below the queue's folder of a work tree, sorted by path; links are not followed.
pub fn of_work_tree(top: &Path, dir: &str) -> Result<Vec<(String, Content)>> {
    let mut found = Vec::new();
    let mut open = vec![(top.join(dir), dir.to_owned(), 0)];
    while let Some((folder, name, depth)) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("`{}`", folder.display())),
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("`{}`", folder.display()))?;
            let path = format!("{name}/{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().with_context(|| format!("`{path}`"))?;
            if kind.is_dir() && depth < DEEPEST {
                open.push((entry.path(), path, depth + 1));
            } else if !kind.is_dir() {
                found.push((path, read(&entry.path())?));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// One file of the work tree.
pub fn read(path: &Path) -> Result<Content> {
    let shown = || format!("cannot read `{}`", path.display());
    let meta = fs::symlink_metadata(path).with_context(shown)?;
    if meta.is_symlink() {
        return Ok(Content::Irregular("a symbolic link"));
    }
    if !meta.is_file() {
        return Ok(Content::Irregular("no file"));
    }
    if meta.len() > MAX_FILE {
        return Ok(Content::TooLarge(meta.len()));
    }
    Ok(Content::Bytes(fs::read(path).with_context(shown)?))
}

/// Standard input as a file.
pub fn from_stdin() -> Result<Content> {
    let mut bytes = Vec::new();
    let most = MAX_FILE + 1;
    std::io::stdin().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    let large = bytes.len() as u64 == most;
    Ok(if large { Content::TooLarge(most) } else { Content::Bytes(bytes) })
}

/// A file that the next commit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// From the top of the repository.
    pub path: String,
    /// As it will be; `None` when it goes.
    pub entry: Option<QueueEntry>,
}

/// What the next commit changes in these paths. Git itself reads the index, and the one that the
/// hook was told of: it knows every format, and passes over folders that have not changed.
pub fn staged(repo: &Repo, from: &Path, paths: &[&str]) -> Result<Vec<Staged>> {
    let Some(top) = repo.work_dir() else { bail!("a bare repository has no index") };
    let mut git = Git::at(top);
    if let Some(index) = std::env::var_os(env::INDEX_FILE) {
        let from = from.canonicalize().with_context(|| format!("`{}`", from.display()))?;
        git = git.with(env::INDEX_FILE, from.join(PathBuf::from(index)));
    }
    let before = match repo.head() {
        Some(head) => head.to_string(),
        None => repo.empty_tree()?.to_string(),
    };
    let words = [
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--end-of-options",
        &before,
        "--",
    ];
    let pathspecs = paths.iter().map(|path| format!(":(top,literal){path}"));
    let said = git.bytes(words.iter().map(|word| (*word).to_owned()).chain(pathspecs))?;
    Ok(changes(&said))
}

/// `:100644 100644 <old> <new> M\0path\0` and so on.
fn changes(raw: &[u8]) -> Vec<Staged> {
    let text = String::from_utf8_lossy(raw);
    let mut parts = text.split('\0');
    let mut found = Vec::new();
    while let (Some(head), Some(path)) = (parts.next(), parts.next()) {
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [_, mode, _, blob, _] = words[..] else { break };
        let (mode, blob) = (u32::from_str_radix(mode, 8).unwrap_or(0), blob.parse::<Oid>());
        let path = path.to_owned();
        let entry = match blob {
            Ok(blob) if mode != 0 => Some(QueueEntry { path: path.clone(), blob, mode }),
            _ => None,
        };
        found.push(Staged { path, entry });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_of_the_index_is_read() {
        let (old, new) = ("1".repeat(40), "2".repeat(40));
        let none = "0".repeat(40);
        let raw = format!(
            ":100644 100644 {old} {new} M\0queue/a b.md\0:100644 000000 {old} {none} D\0queue/c.md\0"
        );
        let found = changes(raw.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].path.as_str(), found[0].entry.as_ref().unwrap().mode),
            ("queue/a b.md", 0o100_644)
        );
        assert_eq!(found[0].entry.as_ref().unwrap().blob.to_string(), new);
        assert_eq!((found[1].path.as_str(), &found[1].entry), ("queue/c.md", &None));
        assert_eq!(changes(b""), []);
    }

    #[test]
    fn a_folder_is_read_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("queue/sub")).unwrap();
        fs::write(at("queue/sub/a.md"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", at("queue/out")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("queue/b.md")).unwrap();
        let found = of_work_tree(dir.path(), "queue").unwrap();
        let link = || Content::Irregular("a symbolic link");
        assert_eq!(
            found,
            [
                ("queue/b.md".to_owned(), link()),
                ("queue/out".to_owned(), link()),
                ("queue/sub/a.md".to_owned(), Content::Bytes(b"x".to_vec())),
            ]
        );
        assert_eq!(of_work_tree(dir.path(), "nowhere").unwrap(), []);
    }
}
