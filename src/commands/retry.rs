//! `buildq retry`

use anyhow::{Result, bail};

use super::{Exit, Scene, say};
use crate::core::ledger::{Build, Phase};
use crate::domain::event::Kind;
use crate::domain::id::TaskId;

/// Build a task again from scratch, with a fresh count of failures
///
/// It starts from the base branch, with the task's text as it is committed now. The work of
/// earlier attempts stays in `refs/buildq/attempts/`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// Why, for the ledger
    #[arg(short, long, default_value = "by hand", hide_default_value = true)]
    message: String,
}

/// Records that the build is wanted anew.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    world.build(task)?;
    if !world.queue.items.contains_key(task) {
        bail!(
            "`{task}` has no file in the queue any more\n\
             hint: git mv its file from `{0}/done/` back to `{0}/` and commit",
            world.config.queue_dir
        );
    }
    let kind = |build: &Build| match build.phase {
        Phase::Building => {
            Err(say::wrong_phase(task, &build.phase, "retry", "ended (buildq cancel ends it)"))
        }
        _ => Ok(Kind::Retried { task: task.clone(), reason: args.message.clone() }),
    };
    say::append_for(&world, task, "", &kind)?;
    say::then_go_on(world, &format!("{task} is built from scratch"), task)
}
