//! The overview: the same facts for every face, `buildq status --json` among them. Pure.
//!
//! The names of its fields are a promise to scripts: `docs/status-schema.md` describes them.

mod detail;
mod facts;
mod health;
mod kept;
mod needs;
mod reasons;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{SubsecRound, TimeDelta};

use super::gates::{self, Gate};
use super::ledger::{Build, Ledger, Outcome, Phase, Run};
use super::plan::{self, Plan};
use super::queue::{Item, Queue};
use super::situation::{Branch, Observations, Situation, Trust};
use super::window;
use crate::domain::id::{Attempt, Percent, TaskId};

pub use detail::{AttemptView, CommitView, CriterionView, Detail, Spec, attempt};
pub use facts::{
    Counts, Ended, FileState, Held, Live, Overview, Queued, Retry, Review, Running, Standing, What,
    seconds,
};
pub use health::{BuilderHealth, Health, Heartbeat, Hooks, Machine, Sandbox};
pub use kept::{Beyond, Kept, MOST};
pub use needs::{Need, NeedKind, ticked};
pub use reasons::{Why, why};

/// Of the schema: it grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;
/// So many ended builds are told.
const RECENT: usize = 20;

/// What one clone sees of a queue that another one runs: all that is local to a clone (trust,
/// approvals, builders) is the runner's affair and counts as given.
pub fn standpoint(situation: Situation<'_>) -> Cow<'_, Observations> {
    let Situation { ledger, seen, .. } = situation;
    let Some(runner) = ledger.runner.clone().filter(|runner| *runner != seen.here) else {
        return Cow::Borrowed(seen);
    };
    let mut there = seen.clone();
    there.here = runner;
    if !matches!(there.trust, Trust::Broken(_)) {
        there.trust = Trust::Trusted;
    }
    there.approvals = ledger.approvals.iter().map(|approval| approval.id.clone()).collect();
    there.origins.values_mut().for_each(|origin| origin.doubt = None);
    there.broken_builders.clear();
    there.no_sandbox = None;
    there.room = None;
    there.busy.clear();
    there.calendar_troubles.clear();
    Cow::Owned(there)
}

/// Puts everything together.
pub fn overview(here: Situation, live: &BTreeMap<TaskId, Live>, machine: Machine) -> Overview {
    let seen = standpoint(here);
    let there = Situation { seen: &seen, ..here };
    let plan = plan::plan(there);
    let mut view = Overview {
        version: VERSION,
        at: here.now.trunc_subsecs(0),
        timezone: here.config.timezone,
        needs_you: Vec::new(),
        running: running(here, live),
        queue: queue(there, &plan),
        review: review(here),
        recent: recent(here),
        counts: Counts::default(),
        health: health::health(here, machine),
        beyond: Beyond::default(),
    };
    view.counts = counts(here.ledger, &view);
    view.needs_you = needs::needs(here, &view);
    view
}

/// The number that the last retry of a build would have.
pub fn at_most(build: &Build, attempt: Attempt, retry_max: u32) -> u32 {
    attempt.0 + retry_max.saturating_sub(build.failures)
}

/// What became of the task file since its text was taken up.
pub fn file_state(queue: &Queue, task: &TaskId, run: &Run) -> FileState {
    match queue.items.get(task) {
        Some(item) if item.blob == run.started.source => FileState::Same,
        Some(_) => FileState::Changed,
        None if run.started.path.is_none() => FileState::Same,
        None => FileState::Gone,
    }
}

fn running(here: Situation, live: &BTreeMap<TaskId, Live>) -> Vec<Running> {
    let Situation { queue, ledger, config, .. } = here;
    let mut all: Vec<_> = ledger
        .builds
        .iter()
        .filter_map(|(task, build)| {
            let run = build.running()?;
            let told = run.progress.as_ref();
            let live = live.get(task);
            let percent = live.map(|live| live.percent).or(told.map(|told| told.percent));
            let message = live.map(|live| &live.message).filter(|message| !message.is_empty());
            let sign = [Some(run.at), told.map(|told| told.at), live.map(|live| live.last_sign)];
            let last_sign = sign.into_iter().flatten().max()?.trunc_subsecs(0);
            let estimate = run.started.estimate.and_then(|span| TimeDelta::from_std(span).ok());
            Some(Running {
                task: task.clone(),
                title: run.started.title.clone(),
                attempt: run.number(),
                at_most: at_most(build, run.number(), config.retry_max),
                builder: run.started.builder.clone(),
                runner: run.started.runner.clone(),
                branch: format!("{}{task}", config.branch_prefix),
                percent: percent.unwrap_or(Percent::of(0, 1)),
                message: message.or(told.map(|t| &t.message)).cloned().unwrap_or_default(),
                started: run.at,
                last_sign,
                ends_by_estimate: estimate.and_then(|span| run.at.checked_add_signed(span)),
                stalled_since: run.stalled.filter(|since| last_sign <= *since),
                alive: live.and_then(|live| live.alive),
                file: file_state(queue, task, run),
                crossings: gates::crossings(here, task),
            })
        })
        .collect();
    all.sort_by(|a, b| (a.started, &a.task).cmp(&(b.started, &b.task)));
    all
}

/// What could start, in the order of the queue, with what holds it.
pub fn queue(there: Situation, plan: &Plan) -> Vec<Queued> {
    let entry = |verdict: &plan::Verdict| {
        let item = there.queue.items.get(&verdict.task)?;
        let holds: Vec<Held> = verdict
            .holds()
            .map(|(gate, hold)| Held {
                gate,
                reason: hold.reason.clone(),
                remedy: hold.remedy.clone(),
                until: hold.until,
                needs_you: needs_person(there, item, gate) && hold.until.is_none(),
            })
            .collect();
        let retry = there.ledger.builds.get(&item.id).and_then(|build| retry(there, build));
        let standing = if holds.iter().any(|hold| hold.needs_you) {
            Standing::Held
        } else if retry.is_some() {
            Standing::Waiting
        } else {
            Standing::Queued
        };
        let task = item.task.as_ref();
        let due = task.and_then(|task| task.due);
        Some(Queued {
            position: verdict.position,
            task: item.id.clone(),
            title: task.map_or(item.id.to_string(), |task| task.title.clone()),
            path: item.path.clone(),
            priority: task.map(|task| task.priority),
            standing,
            opens: verdict.opens(),
            holds,
            retry,
            due: due.map(|due| window::resolve(due, there.config.timezone)),
            estimate: task.and_then(|task| task.estimate),
        })
    };
    plan.verdicts.iter().filter_map(entry).collect()
}

/// Whether a gate that holds a task waits for a person, rather than for time or other builds.
fn needs_person(there: Situation, item: &Item, gate: Gate) -> bool {
    match gate {
        Gate::Window | Gate::NotBefore | Gate::Calendar | Gate::Capacity | Gate::Retry => false,
        Gate::Judge => there.ledger.judgements.contains_key(&item.blob),
        // Of the whole queue: told once.
        Gate::Runner => false,
        Gate::Conflict => {
            matches!(there.seen.branches.get(&item.id), Some(Branch::InTheWay(_)))
        }
        Gate::Depends => {
            there.queue.circle(&item.id).is_some()
                || matches!(there.seen.merged.get(&item.id), Some(Err(_)))
                || lost(there, item).is_some()
        }
        _ => true,
    }
}

/// What is said of a branch that cannot follow its attempt.
pub fn stays_behind(there: Situation, task: &TaskId) -> Option<String> {
    let branch = format!("{}{task}", there.config.branch_prefix);
    (there.seen.branches.get(task) == Some(&Branch::CheckedOut)).then(|| {
        format!("`{branch}` is checked out and stays behind: it follows when you have left it")
    })
}

/// A dependency that will never be met by itself.
fn lost<'a>(there: Situation, item: &'a Item) -> Option<&'a TaskId> {
    let depends = item.task.as_ref().map(|task| task.depends_on.as_slice());
    depends.unwrap_or_default().iter().find(|other| is_lost(there, other))
}

fn is_lost(there: Situation, other: &TaskId) -> bool {
    let Situation { queue, ledger, .. } = there;
    match ledger.builds.get(other).map(|build| &build.phase) {
        _ if queue.done.contains_key(other) => false,
        Some(Phase::Cancelled { .. }) => true,
        Some(_) => false,
        None => !queue.items.contains_key(other),
    }
}

fn retry(there: Situation, build: &Build) -> Option<Retry> {
    let Phase::Waiting { since, why } = build.phase else { return None };
    Some(Retry {
        attempt: build.next(),
        at_most: at_most(build, build.next(), there.config.retry_max),
        since,
        why,
        after: build.last().map(how_it_ended).unwrap_or_default(),
    })
}

/// The end of a run on one line.
pub fn how_it_ended(run: &Run) -> String {
    match run.end.as_ref().map(|end| &end.outcome) {
        None => "it runs".into(),
        Some(Outcome::Succeeded(done)) if done.checks.is_empty() => "there were no checks".into(),
        Some(Outcome::Succeeded(_)) => "its checks passed".into(),
        Some(Outcome::Failed { reason, .. }) => reason.clone(),
        Some(Outcome::Blocked { question, .. }) => format!("it asked: {question}"),
        Some(Outcome::Cancelled { reason }) => format!("cancelled: {reason}"),
    }
}

fn review(here: Situation) -> Vec<Review> {
    let one = |(task, build): (&TaskId, &Build)| {
        let (Phase::Review { since }, Some(run)) = (&build.phase, build.last()) else {
            return None;
        };
        let Outcome::Succeeded(end) = &run.end.as_ref()?.outcome else { return None };
        Some(Review {
            task: task.clone(),
            title: run.started.title.clone(),
            attempt: run.number(),
            since: *since,
            branch: format!("{}{task}", here.config.branch_prefix),
            tip: end.tip,
            ticked: end.criteria.0,
            criteria: end.criteria.1,
            checks: end.checks.len(),
            took: end.usage.duration,
            upon: run.started.upon.clone(),
            file: file_state(here.queue, task, run),
        })
    };
    let mut all: Vec<_> = here.ledger.builds.iter().filter_map(one).collect();
    all.sort_by_key(|one| (one.since, begun_as(here, &one.task)));
    all
}

/// Of two that ended within one second, the one that began later ended later: the ids of events
/// are in the order of their making.
fn begun_as(here: Situation, task: &TaskId) -> Option<String> {
    here.ledger.builds.get(task)?.last().map(|run| run.id.clone())
}

fn recent(here: Situation) -> Vec<Ended> {
    let one = |(task, build): (&TaskId, &Build)| {
        let (what, at, detail) = match &build.phase {
            Phase::Review { since } => (What::Succeeded, *since, "waits for review".into()),
            Phase::Merged { at, how, .. } => (What::Merged, *at, how.to_string()),
            Phase::Closed { at, reason, .. } => (What::Closed, *at, reason.clone()),
            Phase::Cancelled { at, reason, .. } => (What::Cancelled, *at, reason.clone()),
            _ => return None,
        };
        let title = build.last().map_or(task.to_string(), |run| run.started.title.clone());
        Some(Ended { task: task.clone(), title, what, at, detail })
    };
    let mut all: Vec<_> = here.ledger.builds.iter().filter_map(one).collect();
    all.sort_by_key(|one| Reverse((one.at, begun_as(here, &one.task))));
    all.truncate(RECENT);
    all
}

fn counts(ledger: &Ledger, view: &Overview) -> Counts {
    let standing = |standing| view.queue.iter().filter(|entry| entry.standing == standing).count();
    let phase = |name| ledger.builds.values().filter(|build| build.phase.name() == name).count();
    Counts {
        queued: standing(Standing::Queued),
        held: standing(Standing::Held),
        waiting: standing(Standing::Waiting),
        building: view.running.len(),
        stalled: view.running.iter().filter(|run| run.stalled_since.is_some()).count(),
        blocked: phase("blocked"),
        escalated: phase("escalated"),
        review: phase("review"),
        merged: phase("merged"),
        closed: phase("closed"),
        cancelled: phase("cancelled"),
    }
}

#[cfg(test)]
pub mod tests;
