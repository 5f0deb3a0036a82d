//! Moving the base branch, and nothing else of the person's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::offer::Offer;
use crate::commands::gather::World;
use crate::commands::review::names;
use crate::domain::id::Oid;
use crate::effects::git::{Git, complaint};
use crate::effects::repo::Swap;

/// What became of the base branch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Landed {
    /// It stands at the merge.
    Yes,
    /// It had moved: the merge is of an older state.
    Moved,
}

/// Refuses what the work tree of the base branch could not follow without a loss.
pub fn check(world: &World, offer: &Offer) -> Result<()> {
    let Some(folder) = place(world, offer) else { return Ok(()) };
    let git = Git::at(&folder);
    let (shown, task, base) = (folder.display(), &offer.task, &offer.base_name);
    let (_, head, _) = git.try_run(["symbolic-ref", "-q", "HEAD"])?;
    if head != format!("refs/heads/{base}") {
        bail!(
            "`{base}` is being rebased in `{shown}`\nhint: finish that first: git rebase --continue"
        );
    }
    if git.try_run(["rev-parse", "-q", "--verify", "MERGE_HEAD"])?.0 == 0 {
        bail!("a merge is under way in `{shown}`\nhint: finish that first: git merge --continue");
    }
    let changed = in_the_way(&git, &folder, offer, world)?;
    if changed.is_empty() {
        return Ok(());
    }
    bail!(
        "the merge touches what you have changed in `{shown}`: {}; nothing is merged\n\
         hint: commit it, or put it aside with git stash -u, then: buildq accept {task}",
        names(&changed)
    )
}

/// The work tree of the base branch, without a slash at its end.
fn place(world: &World, offer: &Offer) -> Option<PathBuf> {
    Some(world.repo.checked_out_at(&offer.base_name)?.components().collect())
}

/// Paths that the merge changes and the person has changed: staged, unstaged, or not tracked.
fn in_the_way(git: &Git, folder: &Path, offer: &Offer, world: &World) -> Result<Vec<String>> {
    let (base, tree) = (offer.base.to_string(), offer.tree.to_string());
    let diff =
        ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--end-of-options", &base, &tree];
    let touched = paths(&git.bytes(diff)?);
    let status = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"];
    let listed = paths(&git.bytes(status).context("cannot see what is changed")?);
    let changed: Vec<&str> = listed.iter().filter_map(|line| line.get(3..)).collect();
    let below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut found = BTreeSet::new();
    for path in &touched {
        let meets = |other: &&&str| **other == path || below(other, path) || below(path, other);
        found.extend(changed.iter().filter(meets).map(|other| (*other).to_owned()));
        // An ignored file is in no status, and would be lost just the same.
        let new = world.repo.entry(offer.base, path).is_none();
        if new && folder.join(path).symlink_metadata().is_ok() {
            found.insert(path.clone());
        }
    }
    Ok(found.into_iter().collect())
}

fn paths(bytes: &[u8]) -> Vec<String> {
    let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// Moves the base branch from where the offer saw it to the merge. Where it is checked out git
/// itself takes the work tree along, and refuses to overwrite anything.
pub fn land(world: &World, offer: &Offer, merge: Oid) -> Result<Landed> {
    let base = &offer.base_name;
    let Some(folder) = place(world, offer) else {
        let name = format!("refs/heads/{base}");
        let message = format!("buildq accept {}", offer.task);
        return Ok(match world.repo.swap(&name, Some(offer.base), merge, &message)? {
            Swap::Done => Landed::Yes,
            Swap::Lost => Landed::Moved,
        });
    };
    if world.repo.branch(base) != Some(offer.base) {
        return Ok(Landed::Moved);
    }
    check(world, offer)?;
    let action = format!("buildq accept {}", offer.task);
    let git = Git::at(&folder).set("submodule.recurse=false").with("GIT_REFLOG_ACTION", action);
    let merge_text = merge.to_string();
    let (code, _, said) = git.try_run([
        "merge",
        "--ff-only",
        "--no-autostash",
        "--no-overwrite-ignore",
        "--no-verify-signatures",
        "--no-stat",
        "--quiet",
        "--end-of-options",
        &merge_text,
    ])?;
    if world.repo.branch(base) == Some(merge) {
        return Ok(Landed::Yes);
    }
    if world.repo.branch(base) != Some(offer.base) {
        return Ok(Landed::Moved);
    }
    bail!(
        "git could not bring `{base}` forward in `{}` (exit {code}); nothing is merged: {}\n\
         hint: once no other git command is at work there: buildq accept {}",
        folder.display(),
        complaint(said.as_bytes()),
        offer.task
    )
}
