//! Commits that buildq makes on a workspace's HEAD.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{EMPTY_TREE, git_inside};
use crate::effects::git::{Git, commit_at};
use crate::effects::{clock, files};

/// Nothing, as an object's name: there is no such ref yet.
const NONE: &str = "0000000000000000000000000000000000000000";

/// A file whose content a note changes.
#[derive(Clone, Copy)]
pub struct Edit<'a> {
    /// From the top of the tree.
    pub path: &'a str,
    /// Given the content, the changed one; `None` where there is nothing to change.
    pub change: &'a dyn Fn(&[u8]) -> Option<Vec<u8>>,
}

/// The commit that HEAD names, `None` before the first one.
pub fn head(git: &Git) -> Result<Option<String>> {
    if let Ok(commit) = commit_at(git, "HEAD") {
        return Ok(Some(commit));
    }
    let (code, branch, _) = git.try_run(["symbolic-ref", "--quiet", "HEAD"])?;
    let unborn = code == 0
        && git.try_run(["rev-parse", "--verify", "-q", "--end-of-options", &branch])?.0 == 1;
    let listed = git.try_run(["for-each-ref", "--end-of-options", &branch])?.1;
    if unborn && listed.is_empty() && !git_file(git, &branch) {
        return Ok(None);
    }
    bail!(
        "HEAD of this workspace names no commit\n\
         hint: `git reflog` shows where it stood; `git switch -C <branch> <commit>` mends it"
    )
}

/// A ref's file that holds no ref is damage, not an unborn branch.
fn git_file(git: &Git, name: &str) -> bool {
    git.run(["rev-parse", "--git-path", name])
        .is_ok_and(|path| git.dir().join(path).symlink_metadata().is_ok())
}

/// Makes one commit on HEAD that changes nothing but the edited file. Index and work tree
/// get the same edit, each in its own version of the file; what else is staged or edited stays so.
pub fn commit_note(folder: &Path, message: &str, edit: Option<&Edit>) -> Result<String> {
    let git = git_inside(folder);
    let head = head(&git)?;
    let tree = match &head {
        Some(head) => {
            git.run(["rev-parse", "--verify", "--end-of-options", &format!("{head}^{{tree}}")])?
        }
        None => EMPTY_TREE.to_owned(),
    };
    let (tree, changed) = match edit {
        Some(edit) => edited_tree(&git, folder, &tree, edit)?,
        None => (tree, false),
    };
    if head.is_none() {
        git.feed(["hash-object", "-w", "-t", "tree", "--stdin"], b"")?;
    }
    let parents: Vec<String> = head.iter().cloned().collect();
    let commit = commit_tree(&git, &tree, &parents, message)?;
    move_head(&git, &commit, head.as_deref())?;
    if let Some(edit) = edit {
        edit_work_tree(folder, edit)?;
        if changed {
            edit_index(&git, edit)?;
        }
    }
    Ok(commit)
}

/// The tree with the file edited in it, and whether that changed anything.
fn edited_tree(git: &Git, folder: &Path, tree: &str, edit: &Edit) -> Result<(String, bool)> {
    let Some((mode, blob)) = blob_in(git, &["ls-tree", "--end-of-options", tree, edit.path])?
    else {
        return Ok((tree.to_owned(), false));
    };
    let Some(bytes) = (edit.change)(&git.bytes(["cat-file", "--end-of-options", "blob", &blob])?)
    else {
        return Ok((tree.to_owned(), false));
    };
    let index = folder.join(".git").join(files::new_name("buildq-note"));
    let own = git.clone().with("GIT_INDEX_FILE", &index);
    let tree = own.run(["read-tree", "--end-of-options", tree]).and_then(|_| {
        put(&own, &mode, &bytes, edit.path)?;
        own.run(["write-tree"])
    });
    _ = fs::remove_file(&index);
    Ok((tree?, true))
}

/// Mode and blob of a regular file, as `ls-tree` and `ls-files -s` list it.
fn blob_in(git: &Git, args: &[&str]) -> Result<Option<(String, String)>> {
    let git = git.clone().with("GIT_LITERAL_PATHSPECS", "1");
    let listed = git.run(args)?;
    let Some((about, _)) = listed.lines().next().and_then(|line| line.split_once('\t')) else {
        return Ok(None);
    };
    let words: Vec<&str> = about.split(' ').collect();
    Ok(match words[..] {
        [mode, "blob", blob] | [mode, blob, "0"] if mode.starts_with("100") => {
            Some((mode.to_owned(), blob.to_owned()))
        }
        _ => None,
    })
}

fn put(git: &Git, mode: &str, bytes: &[u8], path: &str) -> Result<()> {
    let blob = git.feed(["hash-object", "-w", "--stdin"], bytes)?;
    let blob = String::from_utf8_lossy(&blob);
    let entry = format!("{mode},{},{path}", blob.trim());
    git.run(["update-index", "--cacheinfo", &entry]).map(drop)
}

fn edit_index(git: &Git, edit: &Edit) -> Result<()> {
    let Some((mode, blob)) = blob_in(git, &["ls-files", "-s", "--", edit.path])? else {
        return Ok(());
    };
    match (edit.change)(&git.bytes(["cat-file", "--end-of-options", "blob", &blob])?) {
        Some(bytes) => put(git, &mode, &bytes, edit.path),
        None => Ok(()),
    }
}

/// Replaces the file whole, so that no reader ever sees half of it.
fn edit_work_tree(folder: &Path, edit: &Edit) -> Result<()> {
    let path = folder.join(edit.path);
    if !fs::symlink_metadata(&path).is_ok_and(|about| about.is_file()) {
        return Ok(());
    }
    let failed = || format!("cannot write `{}`", edit.path);
    let bytes = fs::read(&path).with_context(failed)?;
    let Some(bytes) = (edit.change)(&bytes) else { return Ok(()) };
    let own = folder.join(".git").join(files::new_name("buildq-file"));
    fs::write(&own, bytes).with_context(failed)?;
    let mode = fs::metadata(&path).with_context(failed)?.permissions();
    fs::set_permissions(&own, mode).with_context(failed)?;
    fs::rename(&own, &path).with_context(failed)
}

/// A commit object, by the workspace's own identity.
pub fn commit_tree(git: &Git, tree: &str, parents: &[String], message: &str) -> Result<String> {
    let date = format!("{} +0000", clock::now().timestamp());
    let dated = git.clone().with("GIT_AUTHOR_DATE", &*date).with("GIT_COMMITTER_DATE", &*date);
    let mut args = vec!["commit-tree", "-F", "-"];
    for parent in parents {
        args.extend(["-p", parent]);
    }
    args.extend(["--end-of-options", tree]);
    let made = dated.feed(&args, message.as_bytes()).or_else(|_| {
        // The builder may have broken its identity; its work is kept all the same.
        let own = dated.set("user.name=buildq").set("user.email=buildq@localhost");
        own.feed(&args, message.as_bytes())
    })?;
    Ok(String::from_utf8_lossy(&made).trim().to_owned())
}

/// Moves HEAD, or the branch it names, from where it was found and from nowhere else.
pub fn move_head(git: &Git, commit: &str, from: Option<&str>) -> Result<()> {
    let reason = "buildq: a note";
    let args =
        ["update-ref", "-m", reason, "--end-of-options", "HEAD", commit, from.unwrap_or(NONE)];
    git.run(args).context("another commit was made at the same time: try again").map(drop)
}
