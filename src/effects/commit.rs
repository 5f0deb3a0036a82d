//! A person's own commit of a few files to a branch, whatever else is staged, and whichever
//! work tree has that branch checked out.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};

use super::git::Git;
use super::repo::{Repo, Stamp, Swap};
use crate::domain::id::Oid;

/// What is to be committed, and how.
pub struct Commission<'a> {
    /// The branch, born or not.
    pub branch: &'a str,
    /// Path and content of each file.
    pub files: &'a [(String, Vec<u8>)],
    /// The whole message.
    pub message: &'a str,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Commits exactly these files on top of a branch. A work tree that has the branch checked out
/// gets the files and their index entries; nothing else of it changes.
pub fn commit_files(repo: &Repo, order: &Commission) -> Result<Oid> {
    let mut blobs = Vec::new();
    for (path, bytes) in order.files {
        blobs.push((path.clone(), Some(repo.write_blob(bytes)?)));
    }
    for _ in 0..100 {
        let old = repo.branch(order.branch);
        let tree = match old {
            Some(tip) => repo.tree_of(tip)?,
            None => repo.empty_tree()?,
        };
        let tree = repo.edit_tree(tree, &blobs)?;
        let commit = write(repo, tree, old, order)?;
        if repo.swap_branch(order.branch, old, commit)? == Swap::Done {
            if let Some(folder) = repo.checked_out_at(order.branch) {
                show_in(&folder, order.files, &blobs)?;
            }
            return Ok(commit);
        }
    }
    bail!("`{}` moves on all the time\nhint: try again", order.branch)
}

fn write(repo: &Repo, tree: Oid, parent: Option<Oid>, order: &Commission) -> Result<Oid> {
    let signs = repo.setting("commit.gpgsign").is_some_and(|value| value == "true");
    if !signs {
        let person = repo.person();
        let stamp = Stamp { author: person.clone(), committer: person, at: order.now };
        return repo.write_commit(tree, parent.as_slice(), &stamp, order.message);
    }
    let git = Git::bare(&repo.common_dir()?);
    let mut args = vec!["commit-tree".to_owned(), "-S".into(), tree.to_string()];
    args.extend(parent.into_iter().flat_map(|parent| ["-p".into(), parent.to_string()]));
    args.extend(["-F".into(), "-".into()]);
    let commit = git.feed(&args, order.message.as_bytes()).context("the commit was not signed")?;
    Ok(String::from_utf8_lossy(&commit).trim().parse()?)
}

/// The work tree of the branch shows what was committed.
fn show_in(
    folder: &Path,
    files: &[(String, Vec<u8>)],
    blobs: &[(String, Option<Oid>)],
) -> Result<()> {
    let git = Git::at(folder);
    for (path, blob) in blobs {
        let Some(blob) = blob else { continue };
        let info = format!("100644,{blob},{path}");
        git.run(["update-index", "--add", "--cacheinfo", &info])?;
    }
    for (path, bytes) in files {
        let place = folder.join(path);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        match options.write(true).create_new(true).open(&place) {
            Ok(mut file) => std::io::Write::write_all(&mut file, bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("`{}`", place.display())),
        }
    }
    Ok(())
}
