//! `buildq answer`

use anyhow::{Context as _, Result};

use super::gather::World;
use super::{Exit, Scene, say};
use crate::core::ledger::{Build, Judgement, Phase};
use crate::domain::event::Kind;
use crate::domain::id::{Oid, TaskId};
use crate::effects::trust::Record;

/// Answer a builder's question, or a judge's
///
/// The next attempt goes on from the branch, with question and answer in its prompt, at once;
/// it spends no retry. A judge's questions about a task that has not begun are answered in the same
/// way: the builder is told both.
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
    if let Some(source) = asked_by_judge(&world, task) {
        return to_judge(world, &args, source);
    }
    let kind = |build: &Build| match (&build.phase, build.last()) {
        (Phase::Blocked { .. }, Some(run)) => {
            Ok(Kind::Answered { task: task.clone(), attempt: run.number() })
        }
        (phase, _) => Err(say::wrong_phase(task, phase, "answer", "blocked")),
    };
    world.build(task)?;
    say::append_for(&world, task, &args.text, &kind)?;
    say::then_go_on(world, &format!("answered {task}"), task)
}

/// The exact text about which a judge asks, of a task that no builder asks about.
fn asked_by_judge(world: &World, task: &TaskId) -> Option<Oid> {
    let build = world.ledger.builds.get(task);
    let source = world.queue.items.get(task)?.blob;
    // Once it has begun, its builder is whom a person speaks to.
    let begun =
        build.is_some_and(|build| build.attempts.iter().any(|run| run.started.source == source));
    let asks = world.ledger.judgements.get(&source).is_some_and(Judgement::asks);
    (asks && !begun).then_some(source)
}

/// Answers a judge: the questions are open no more, and the builder is told both.
fn to_judge(world: World, args: &Args, source: Oid) -> Result<Exit> {
    let task = &args.task;
    let kind = |_: &Build| Ok(Kind::Clarified { task: task.clone(), source });
    let (ledger, _) = say::append_for(&world, task, &args.text, &kind)?;
    let judgement = ledger.judgements.get(&source);
    let answer = judgement.and_then(|judgement| Some((judgement, judgement.answers.last()?)));
    let (judgement, answer) = answer.context("an answer that is not there")?;
    Record::Approvals.add(&world.paths, &[answer.record(judgement)])?;
    say::then_go_on(world, &format!("answered the judge's questions about {task}"), task)
}
