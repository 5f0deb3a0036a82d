//! `buildq approve`

use anyhow::{Result, anyhow, bail};

use super::{Exit, Scene, say};
use crate::core::ledger::{Approval, Build, Phase, Run};
use crate::domain::event::Kind;
use crate::domain::id::TaskId;
use crate::effects::trust::Record;

/// Let a held task start: one that is risky, of low priority, or not made in this clone
///
/// An approval is for the exact text as it is committed now: an edit voids it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// A remark for the ledger
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

/// Records the approval in the ledger and, as given here, in the user's data folder.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let task = &args.task;
    let Some(item) = world.queue.items.get(task) else {
        return Err(anyhow!("there is no task `{task}` in the queue{}", world.nearest(task)));
    };
    let held = |build: &Build| build.last().is_some_and(Run::holds_secret);
    let build = world.ledger.builds.get(task);
    let instead = match build.map(|build| &build.phase) {
        _ if build.is_some_and(held) => {
            Some(("is held: its work holds the value of a secret", "retry"))
        }
        Some(Phase::Review { .. }) => Some(("waits for review", "accept")),
        Some(Phase::Blocked { .. }) => Some(("asks a question", "answer")),
        Some(Phase::Escalated { .. }) => Some(("is out of retries", "retry")),
        _ => None,
    };
    if let Some((state, verb)) = instead {
        bail!("`{task}` {state}: an approval lets a task start\nhint: buildq {verb} {task}");
    }
    let source = item.blob;
    let kind = || Kind::Approved { task: task.clone(), source };
    let (_, id) = say::append_for(&world, task, &args.message, &|_| Ok(kind()))?;
    let approval = Approval { id, task: task.clone(), source, author: String::new() };
    Record::Approvals.add(&world.paths, &[approval.record()])?;
    say::then_sync(world, &format!("approved {task} as of {}", source.short()), scene)
}
