//! `buildq cancel`

use anyhow::{Result, anyhow};

use super::{Exit, Scene, say};
use crate::core::ledger::Phase;
use crate::domain::event::Kind;
use crate::domain::id::TaskId;

/// Call a task off; a running builder is ended, its work is kept
///
/// The same text is not built again, unless `buildq retry` asks for it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// Why, for the ledger
    #[arg(short, long, default_value = "by hand", hide_default_value = true)]
    message: String,
}

/// Records the end; the supervisor of a running attempt sees it and ends the builder.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    let source = world.queue.items.get(task).map(|item| item.blob);
    let build = world.ledger.builds.get(task);
    if source.is_none() && build.is_none() {
        return Err(anyhow!("there is no task `{task}`{}", world.nearest(task)));
    }
    let running = build.is_some_and(|build| build.phase == Phase::Building);
    let kind =
        |_: &_| Ok(Kind::Cancelled { task: task.clone(), reason: args.message.clone(), source });
    say::append_for(&world, task, "", &kind)?;
    let ending = if running { "; its builder is being ended, the work is kept" } else { "" };
    say::then_sync(world, &format!("cancelled {task}{ending}"))
}
