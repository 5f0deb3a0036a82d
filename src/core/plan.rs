//! The planner: from queue, ledger, observations, policy and `now` to what is due.
//!
//! It is the only place that decides. `sync` carries a plan out, `sync --check` prints it, `why`
//! prints its rulings, and a supervisor plans once more at the ledger's newest tip before it
//! records `started`: the plan is the precondition.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::gates::{self, Arrival, Branch, Gate, Hold, Ruling, Situation};
use super::ledger::{Build, Phase, Run, Wait};
use super::queue::Item;
use super::window;
use crate::domain::config::{Depends, RetryFrom};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::domain::task::Task;

/// What is due, and for every task that does not start, why.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// In the order in which they are carried out.
    pub actions: Vec<Action>,
    /// Every task that could start, in the order of the queue.
    pub verdicts: Vec<Verdict>,
    /// The next moment at which something opens by itself.
    pub wake: Option<DateTime<Utc>>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Action {
    /// No clone runs this queue yet: this one does from now on.
    Adopt {
        /// `<host>/<short clone id>`
        runner: String,
    },
    /// A `started` of this clone whose lock is free: end what still lives, keep its work,
    /// record its death.
    Bury {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
    },
    /// The work is in the base branch: record it.
    Merge {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
        /// What was seen.
        #[serde(skip)]
        arrival: Arrival,
    },
    /// A person moved the file to `done/`: record it.
    Close {
        /// Which task.
        task: TaskId,
        /// The text that is not built again.
        source: Option<Oid>,
    },
    /// The text was edited while it waited: begin anew with it.
    Renew {
        /// Which task.
        task: TaskId,
    },
    /// Out of retries: ask a person.
    Escalate {
        /// Whose.
        task: TaskId,
        /// The last failed run.
        attempt: Attempt,
    },
    /// The report of a day is due.
    Report {
        /// The day on which it ends.
        date: NaiveDate,
    },
    /// Start a builder.
    Start(Box<Start>),
}

/// Everything that a new attempt begins with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// Whose.
    pub task: TaskId,
    /// Its number.
    pub attempt: Attempt,
    /// The exact text.
    pub source: Oid,
    /// The task file; below `specs/` for one from the command line.
    pub path: String,
    /// Commit to start from.
    pub base: Oid,
    /// The builder's name.
    pub builder: String,
    /// The task's title.
    pub title: String,
    /// The person's estimate.
    pub estimate: Option<Duration>,
    /// Dependencies still in review that it stands upon.
    pub upon: Vec<TaskId>,
}

/// What becomes of one task of the queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Which task.
    pub task: TaskId,
    /// Its place among those that could start, from 1.
    pub position: usize,
    /// Every gate, in order.
    pub rulings: Vec<Ruling>,
}

impl Verdict {
    /// The gates that hold it.
    pub fn holds(&self) -> impl Iterator<Item = (Gate, &Hold)> {
        self.rulings.iter().filter_map(|r| r.hold.as_ref().map(|hold| (r.gate, hold)))
    }

    /// When every gate that holds it opens by itself; `None` when one needs more than time.
    pub fn opens(&self) -> Option<DateTime<Utc>> {
        let moments: Option<Vec<_>> = self.holds().map(|(_, hold)| hold.until).collect();
        moments?.into_iter().max()
    }
}

/// Decides everything. Pure: the same situation gives the same plan.
pub fn plan(situation: Situation) -> Plan {
    let mut plan = Plan::default();
    record(situation, &mut plan.actions);
    let mut ahead = Vec::new();
    for (index, item) in candidates(situation).into_iter().enumerate() {
        let rulings = gates::rule(situation, item, &ahead);
        let verdict = Verdict { task: item.id.clone(), position: index + 1, rulings };
        if verdict.holds().next().is_none() {
            if let Some(start) = start(situation, item) {
                ahead.push(item.id.clone());
                plan.actions.push(Action::Start(Box::new(start)));
            }
        }
        plan.verdicts.push(verdict);
    }
    plan.wake = wake(situation, &plan);
    plan
}

/// What the ledger does not say yet, though it is so.
fn record(situation: Situation, actions: &mut Vec<Action>) {
    let Situation { queue, ledger, seen, config, .. } = situation;
    if seen.here.is_empty() || ledger.runner.as_ref().is_some_and(|runner| *runner != seen.here) {
        return;
    }
    if ledger.runner.is_none() {
        actions.push(Action::Adopt { runner: seen.here.clone() });
    }
    for (task, build) in &ledger.builds {
        let task = task.clone();
        let last = build.last().map(Run::number);
        match (&build.phase, last) {
            (Phase::Building, Some(attempt)) => {
                let ours = build.last().is_some_and(|run| run.started.runner == seen.here);
                if ours && !seen.alive.contains(&task) {
                    actions.push(Action::Bury { task, attempt });
                }
                continue;
            }
            (phase, Some(attempt)) if !matches!(phase, Phase::Merged { .. }) => {
                if let Some(arrival) = seen.arrived.get(&task).cloned() {
                    actions.push(Action::Merge { task, attempt, arrival });
                    continue;
                }
            }
            _ => {}
        }
        let item = queue.items.get(&task);
        if item.is_none() && queue.done.contains_key(&task) && !build.is_over() {
            actions.push(Action::Close { task, source: build.source() });
            continue;
        }
        let edited = item.is_some_and(|item| Some(item.blob) != build.source());
        match (&build.phase, last) {
            (
                Phase::Waiting { .. } | Phase::Blocked { .. } | Phase::Escalated { .. },
                Some(_),
            ) if edited => actions.push(Action::Renew { task }),
            (Phase::Waiting { why: Wait::Failure, .. }, Some(attempt))
                if build.failures > config.retry_max =>
            {
                actions.push(Action::Escalate { task, attempt });
            }
            _ => {}
        }
    }
    actions.extend(report_due(situation).map(|date| Action::Report { date }));
}

/// The newest day whose report is due and not stored yet.
fn report_due(situation: Situation) -> Option<NaiveDate> {
    let Situation { ledger, config, now, .. } = situation;
    let today = now.with_timezone(&config.timezone).date_naive();
    let ended = |date: &NaiveDate| report_end(situation, *date) <= now;
    let date = [today, today.pred_opt()?].into_iter().find(ended)?;
    // Only once something has happened before its end, and only for what is newer than the last.
    let first = ledger.builds.values().filter_map(|b| b.attempts.first().map(|r| r.at)).min()?;
    let newer = ledger.reported.last().is_none_or(|last| *last < date);
    (newer && first < report_end(situation, date)).then_some(date)
}

fn report_end(situation: Situation, date: NaiveDate) -> DateTime<Utc> {
    let civil = crate::domain::task::When::Civil(date.and_time(situation.config.report_at));
    window::resolve(civil, situation.config.timezone)
}

/// Tasks that could start, in order: priority, due, age in the queue, id.
fn candidates(situation: Situation) -> Vec<&Item> {
    let Situation { queue, ledger, seen, config, .. } = situation;
    let could = |item: &&Item| {
        let Some(build) = ledger.builds.get(&item.id) else { return true };
        match &build.phase {
            Phase::Queued | Phase::Waiting { .. } => true,
            phase if build.is_over() => {
                let fresh = Some(item.blob) != build.source();
                fresh && !matches!(phase, Phase::Merged { edited: true, .. })
            }
            _ => false,
        }
    };
    let mut items: Vec<_> = queue.items.values().filter(could).collect();
    items.sort_by_key(|item| {
        let due = item.task.as_ref().and_then(|task| task.due);
        let due = due.map_or(DateTime::<Utc>::MAX_UTC, |due| window::resolve(due, config.timezone));
        let added = seen.origins.get(&item.id).map(|origin| origin.added);
        let forced = situation.forced != Some(&item.id);
        (forced, item.task.as_ref().map(|task| task.priority), due, added, &item.id)
    });
    items
}

fn start(situation: Situation, item: &Item) -> Option<Start> {
    let task = item.task.as_ref()?;
    let fresh = Build::default();
    let build = situation.ledger.builds.get(&item.id).unwrap_or(&fresh);
    let upon = upon(situation, task);
    Some(Start {
        task: item.id.clone(),
        attempt: build.next(),
        source: item.blob,
        path: item.path.clone(),
        base: base(situation, item, build, &upon)?,
        builder: task.builder.clone().unwrap_or_else(|| situation.config.builder.clone()),
        title: task.title.clone(),
        estimate: task.estimate,
        upon,
    })
}

/// Dependencies that are only in review.
pub fn upon(situation: Situation, task: &Task) -> Vec<TaskId> {
    let in_review = |id: &&TaskId| {
        let build = situation.ledger.builds.get(id);
        build.is_some_and(|build| matches!(build.phase, Phase::Review { .. }))
    };
    let review = situation.config.depends == Depends::Review;
    task.depends_on.iter().filter(in_review).filter(|_| review).cloned().collect()
}

/// Where an attempt starts: from the work so far where a person's words or a stop interrupted
/// it, or where the configuration says so; else from the base branch or what it stands upon.
fn base(situation: Situation, item: &Item, build: &Build, upon: &[TaskId]) -> Option<Oid> {
    let on = match (&build.phase, situation.config.retry_from) {
        (Phase::Waiting { why: Wait::Words | Wait::Stopped | Wait::Builder, .. }, _)
        | (Phase::Waiting { why: Wait::Failure, .. }, RetryFrom::Branch) => build.last(),
        _ => None,
    };
    if let Some(run) = on.filter(|run| run.work() != run.started.base || run.number().0 > 1) {
        return Some(run.work());
    }
    let seen = situation.seen;
    match upon {
        [] => seen.base.as_ref().map(|(_, tip)| *tip),
        [one] => situation.ledger.builds.get(one)?.last().map(Run::tip),
        _ => seen.merged.get(&item.id)?.as_ref().ok().copied(),
    }
}

/// The earliest moment at which a hold ends by itself or a report is due.
fn wake(situation: Situation, plan: &Plan) -> Option<DateTime<Utc>> {
    let Situation { ledger, seen, now, .. } = situation;
    if seen.here.is_empty() || ledger.runner.as_ref().is_some_and(|runner| *runner != seen.here) {
        return None;
    }
    let openings = plan.verdicts.iter().flat_map(Verdict::holds).filter_map(|(_, h)| h.until);
    let today = now.with_timezone(&situation.config.timezone).date_naive();
    let reports = ledger.last.into_iter().flat_map(|_| {
        let days = (0..3).filter_map(move |n| today.checked_add_signed(TimeDelta::days(n)));
        days.map(|day| report_end(situation, day))
    });
    openings.chain(reports).filter(|at| *at > now).min()
}

/// Builds whose branch should stand at their last attempt's tip, and may.
pub fn branches_to_point(situation: Situation) -> BTreeMap<TaskId, Oid> {
    let ours = |id: &TaskId| situation.seen.branches.get(id) == Some(&Branch::Ours);
    let builds = situation.ledger.builds.iter();
    let known = builds.filter(|(id, build)| ours(id) && !build.is_over());
    known.filter_map(|(id, build)| Some((id.clone(), build.last()?.tip()))).collect()
}

/// What a sync has done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// In order.
    pub deeds: Vec<Deed>,
    /// What is left, as it stands afterwards.
    pub plan: Plan,
    /// Why nothing was done at all, if so.
    pub idle: Option<String>,
}

/// One action, carried out or not.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// What was due.
    pub action: Action,
    /// Why it was not done; `None` when it was.
    pub trouble: Option<String>,
}
