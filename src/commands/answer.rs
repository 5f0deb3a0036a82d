//! `buildq answer`

use anyhow::Result;

use super::{Exit, Scene, say};
use crate::core::ledger::{Build, Phase};
use crate::domain::event::Kind;
use crate::domain::id::TaskId;

/// Answer a builder's question
///
/// The next attempt goes on from the branch, with question and answer in its prompt, at once;
/// it spends no retry.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// The answer
    text: String,
}

/// Records the answer; the next attempt starts by itself.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    let kind = |build: &Build| match (&build.phase, build.last()) {
        (Phase::Blocked { .. }, Some(run)) => {
            Ok(Kind::Answered { task: task.clone(), attempt: run.number() })
        }
        (phase, _) => Err(say::wrong_phase(task, phase, "answer", "blocked")),
    };
    world.build(task)?;
    say::append_for(&world, task, &args.text, &kind)?;
    say::then_sync(world, &format!("answered {task}"), scene)
}
