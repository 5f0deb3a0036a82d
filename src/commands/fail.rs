//! `buildq fail`

use anyhow::Result;

use super::{Exit, Scene, say};
use crate::core::ledger::{Build, Phase};
use crate::domain::event::{Failed, Fault, Kind, Usage};
use crate::domain::id::TaskId;

/// Call an attempt failed, whether it runs or waits for review; the retry rule applies
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// What is wrong: the next attempt is told
    #[arg(short, long, default_value = "called failed by hand", hide_default_value = true)]
    message: String,
}

/// Records the failure; the supervisor of a running attempt sees it and ends the builder.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    world.build(task)?;
    let kind = |build: &Build| match (&build.phase, build.last()) {
        (Phase::Building | Phase::Review { .. }, Some(run)) => {
            let duration = (scene.now - run.at).to_std().unwrap_or_default();
            Ok(Kind::Failed(Failed {
                task: task.clone(),
                attempt: run.number(),
                fault: Fault::Task,
                reason: args.message.clone(),
                tip: Some(world.attempt_tip(task, run).unwrap_or(run.tip())),
                base: None,
                usage: Usage { duration, ..Usage::default() },
                checks: Vec::new(),
                resumes: None,
            }))
        }
        (phase, _) => Err(say::wrong_phase(task, phase, "fail", "building or in review")),
    };
    say::append_for(&world, task, "", &kind)?;
    say::then_sync(world, &format!("{task} has failed"))
}
