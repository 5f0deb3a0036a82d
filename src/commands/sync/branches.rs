//! The refs of builds: each branch follows its attempt, and each attempt's work is kept.

use anyhow::{Result, anyhow};

use super::super::gather::{World, attempt_ref, branch_ref, held_ref};
use super::page;
use crate::core::ledger::{Build, Run};
use crate::core::plan::{self, Start};
use crate::core::situation::Branch;
use crate::domain::id::TaskId;
use crate::effects::ledger;
use crate::effects::repo::{Repo, Swap};

/// `build/<task>` follows the attempt, wherever nobody else holds it.
pub(super) fn point_branches(world: &World) -> Result<()> {
    for task in plan::branches_to_point(world.situation(None)).keys() {
        let Some(run) = world.ledger.builds.get(task).and_then(Build::last) else { continue };
        point_branch(world, task, run)?;
    }
    Ok(())
}

/// Every ref that this clone may have been writing when it was killed, but for those of builds that
/// are over for good.
pub(super) fn own_refs(world: &World) -> Vec<String> {
    let mut names = vec![ledger::REF.to_owned(), page::REF.to_owned()];
    for (task, build) in world.ledger.builds.iter().filter(|(_, build)| !build.is_over()) {
        let Some(attempt) = build.last().map(Run::number) else { continue };
        names.extend([
            format!("refs/heads/{}", world.branch_of(task)),
            branch_ref(task),
            attempt_ref(task, attempt),
            held_ref(task, attempt),
        ]);
    }
    names
}

/// Moves one build's branch to the newest commit of a run.
pub fn point_branch(world: &World, task: &TaskId, run: &Run) -> Result<()> {
    let held = world.repo.reference(&held_ref(task, run.number())).is_some();
    if held || run.holds_secret() {
        return Ok(());
    }
    let Some(tip) = world.attempt_tip(task, run) else { return Ok(()) };
    let branch = world.branch_of(task);
    // Looked at first, so that a person's commit between the look and the swap wins.
    let old = world.repo.branch(&branch);
    if old != Some(tip) && world.branch_state(task) == Branch::Ours {
        let moved = world.repo.swap_branch(&branch, old, tip)?;
        let note = branch_ref(task);
        if moved == Swap::Done {
            let before = world.repo.reference(&note);
            let _: Swap = world.repo.swap(&note, before, tip, "buildq")?;
        }
    }
    Ok(())
}

/// Makes the ref that keeps an attempt's work, at its base.
pub fn keep_attempt(repo: &Repo, start: &Start) -> Result<()> {
    let name = attempt_ref(&start.task, start.attempt);
    let old = repo.reference(&name);
    if let Some(old) = old.filter(|old| *old != start.base) {
        // A number that was given before, by a ledger that is gone: its work stays.
        let kept = format!("refs/buildq/kept/{}/{}-{}", start.task, start.attempt, old.short());
        let _: Swap = repo.swap(&kept, repo.reference(&kept), old, "buildq: kept")?;
    }
    match repo.swap(&name, old, start.base, "buildq: an attempt begins")? {
        Swap::Done => Ok(()),
        Swap::Lost => Err(anyhow!("`{name}` was moved by somebody else")),
    }
}
