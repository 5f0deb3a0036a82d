//! `buildq reject`

use anyhow::{Result, bail};

use super::{Exit, Misuse, Scene, say};
use crate::core::ledger::{Build, Phase};
use crate::domain::config::STEPS;
use crate::domain::event::Kind;
use crate::domain::id::TaskId;

/// Send a finished build back to its builder, with feedback
///
/// The next attempt goes on from the branch, with your words in its prompt, at once; it spends
/// no retry.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// What should be different
    #[arg(short, long)]
    message: String,
}

/// Records the feedback; the next attempt starts by itself.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    let kind = |build: &Build| match (&build.phase, build.last()) {
        (Phase::Review { .. }, Some(run)) => {
            Ok(Kind::Rejected { task: task.clone(), attempt: run.number() })
        }
        (phase, _) => Err(say::wrong_phase(task, phase, "reject", "in review")),
    };
    if args.message.trim().is_empty() {
        return Err(Misuse(format!(
            "say what should be different\nhint: buildq reject {task} -m \"…\""
        ))
        .into());
    }
    let last = world.build(task)?.last();
    if last.is_some_and(|run| run.started.builder == STEPS) {
        bail!(
            "the built-in builder `steps` does what the task says and cannot read feedback\n\
             hint: edit the task's `sh` blocks, commit, then: buildq retry {task}"
        );
    }
    say::append_for(&world, task, &args.message, &kind)?;
    say::then_go_on(world, &format!("rejected {task}"), task)
}
