//! Why a task is where it is, and what comes next.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Queued, Standing, at_most, how_it_ended, standpoint};
use crate::core::gates::{self, Gate, Round, Ruling};
use crate::core::ledger::{Build, Phase, Run};
use crate::core::night::{self, Night};
use crate::core::plan;
use crate::core::situation::Situation;
use crate::domain::id::TaskId;

/// Everything that `why` knows of one task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// [`super::VERSION`].
    pub version: u32,
    /// Which task.
    pub task: String,
    /// Its title; its id where it has none.
    pub title: String,
    /// `queued`, `held`, `waiting`, `building`, `blocked`, `escalated`, `review`, `merged`,
    /// `closed`, `cancelled`, `done`, `gone`, `uncommitted`, `elsewhere` or `unknown`.
    pub state: String,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// Why it is there.
    pub sentence: String,
    /// What comes next.
    pub next: String,
    /// What a person can type, if there is anything.
    pub command: Option<String>,
    /// Every gate, in order, for a task that could start.
    pub gates: Vec<Ruling>,
    /// When all of them open by themselves; `null` when one needs more than time.
    pub opens: Option<DateTime<Utc>>,
    /// Warnings and remarks.
    pub notes: Vec<String>,
}

impl Why {
    /// A word, its reason, and what comes next.
    pub fn new(task: &str, state: &str, sentence: impl Into<String>) -> Self {
        Self {
            version: super::VERSION,
            task: task.to_owned(),
            title: task.to_owned(),
            state: state.to_owned(),
            since: None,
            sentence: sentence.into(),
            next: String::new(),
            command: None,
            gates: Vec::new(),
            opens: None,
            notes: Vec::new(),
        }
    }

    /// The same, with what comes next.
    pub fn next(self, next: impl Into<String>, command: impl Into<String>) -> Self {
        let command = Some(command.into()).filter(|command| !command.is_empty());
        Self { next: next.into(), command, ..self }
    }

    fn since(self, at: DateTime<Utc>) -> Self {
        Self { since: Some(at), ..self }
    }
}

/// Why a task is where it is; `None` when neither queue nor ledger knows it.
pub fn why(here: Situation, task: &TaskId) -> Option<Why> {
    let seen = standpoint(here);
    let there = Situation { seen: &seen, ..here };
    let plan = plan::plan(there);
    let build = here.ledger.builds.get(task);
    let title = here.queue.items.get(task).and_then(|item| item.task.as_ref());
    let title = title.map(|task| task.title.clone());
    let title = title.or(build.and_then(Build::last).map(|run| run.started.title.clone()));
    let mut why = match plan.verdicts.iter().find(|verdict| verdict.task == *task) {
        Some(verdict) => {
            let entry = super::queue(there, &plan).into_iter().find(|entry| entry.task == *task)?;
            let mut why = in_queue(&entry);
            why.gates.clone_from(&verdict.rulings);
            why.opens = verdict.opens();
            why.notes = here.seen.calendar_troubles.clone();
            why.notes.extend(untold(here, task));
            elsewhere(here, task, why)
        }
        None => match build {
            Some(build) => of_phase(here, task, build)?,
            None if here.queue.done.contains_key(task) => {
                Why::new(task.as_str(), "done", "its file lies in the queue's `done` folder")
                    .next("nothing: it counts as done for what depends on it", "")
            }
            None => return None,
        },
    };
    why.title = title.unwrap_or(why.title);
    why.notes.extend(notes(here, task));
    let item = here.queue.items.get(task).filter(|_| !why.gates.is_empty());
    if let Some(other) = item.and_then(|item| super::lost(there, item)) {
        why.notes.push(format!("`{other}`, which it depends on, is neither in the queue nor done"));
    }
    Some(why)
}

/// A clone that only watches starts nothing, whatever the runner's gates say.
fn elsewhere(here: Situation, task: &TaskId, mut why: Why) -> Why {
    let own = here.queue.items.get(task).map(|item| gates::rule(here, item, &Round::of(here)));
    let own = own.into_iter().flatten().find(|ruling| ruling.gate == Gate::Runner);
    let Some(hold) = own.and_then(|ruling| ruling.hold) else { return why };
    if let Some(ruling) = why.gates.iter_mut().find(|ruling| ruling.gate == Gate::Runner) {
        why.opens = None;
        ruling.hold.get_or_insert_with(|| hold.clone());
        if here.ledger.runner.as_ref().is_some_and(|runner| *runner != here.seen.here) {
            return why.next(format!("not in this clone: {}", hold.reason), "");
        }
    }
    why
}

/// A limit on cost is only as good as what the agents tell.
fn untold(here: Situation, task: &TaskId) -> Option<String> {
    here.config.limits.cost_per_night?;
    let silent = Night::of(here.ledger, here.config.timezone, here.now).silent;
    let attempts = if silent == 1 { "attempt" } else { "attempts" };
    if silent > 0 {
        return Some(format!(
            "{silent} {attempts} of this night told no cost: `limits.cost_per_night` counts the \
             others alone"
        ));
    }
    let named = here.queue.items.get(task)?.task.as_ref()?.builder.as_deref();
    let builder = named.unwrap_or(&here.config.builder);
    night::is_silent(here.ledger, builder).then(|| night::unbounded(builder))
}

fn notes(here: Situation, task: &TaskId) -> Vec<String> {
    let mut notes = Vec::new();
    let other = here.ledger.runner.as_ref().filter(|runner| **runner != here.seen.here);
    if let Some(runner) = other {
        notes.push(format!(
            "`{runner}` runs this queue: trust and builders are judged there, not here; \
             `buildq adopt` moves it to this clone"
        ));
    }
    let run = here.ledger.builds.get(task).and_then(|build| {
        build.last().filter(|_| matches!(build.phase, Phase::Building | Phase::Review { .. }))
    });
    match run.map(|run| super::file_state(here.queue, task, run)) {
        Some(super::FileState::Changed) => {
            notes.push("its file has changed since: `buildq retry` builds the new text".into());
        }
        Some(super::FileState::Gone) => notes.push("its file is gone from the queue".into()),
        _ => {}
    }
    notes.extend(super::stays_behind(here, task));
    notes
}

fn in_queue(entry: &Queued) -> Why {
    let task = entry.task.as_str();
    let held: Vec<_> = entry.holds.iter().filter(|hold| hold.needs_you).collect();
    let runner = entry.holds.iter().find(|hold| hold.gate == Gate::Runner);
    match (entry.standing, held.first(), &entry.retry) {
        (Standing::Held, Some(first), _) => {
            let verb = if held.len() == 1 { "needs" } else { "need" };
            let next = "once a person has opened that, it starts by itself";
            Why::new(task, "held", format!("{} {verb} you", names(&held)))
                .next(next, super::needs::command(entry, first))
        }
        (Standing::Waiting, _, Some(retry)) => {
            let sentence = format!("the last attempt has ended: {}", retry.after);
            let next = format!("attempt {} of {}", retry.attempt, retry.at_most);
            Why::new(task, "waiting", sentence).next(next, "").since(retry.since)
        }
        _ if runner.is_some() => {
            let hold = runner.map(|hold| (hold.reason.clone(), hold.remedy.clone()));
            let (reason, remedy) = hold.unwrap_or_default();
            Why::new(task, "queued", reason).next("it starts by itself after that", remedy)
        }
        _ if entry.holds.is_empty() => Why::new(task, "queued", "every gate is open")
            .next("the next sync starts it", "buildq sync"),
        _ => {
            let first = Why::new(task, "queued", "it starts by itself");
            let early = |gate| matches!(gate, Gate::Window | Gate::NotBefore | Gate::Calendar);
            match entry.holds.iter().all(|hold| early(hold.gate)) {
                true => first.next("to start it at once", format!("buildq spawn {task}")),
                false => first,
            }
        }
    }
}

fn names(held: &[&super::Held]) -> String {
    held.iter().map(|hold| format!("`{}`", hold.gate)).collect::<Vec<_>>().join(", ")
}

/// Of a task that does not wait for its start.
fn of_phase(here: Situation, task: &TaskId, build: &Build) -> Option<Why> {
    let run = build.last();
    let name = task.as_str();
    let word = build.phase.name();
    let item = here.queue.items.get(task);
    Some(match &build.phase {
        Phase::Queued | Phase::Waiting { .. } => {
            Why::new(name, "gone", "its file is no longer in the queue, so nothing starts")
                .next("put the file back, or call it off", format!("buildq cancel {task}"))
        }
        Phase::Building => {
            let run = run?;
            let most = at_most(build, run.number(), here.config.retry_max);
            let started = &run.started;
            if started.runner == here.seen.here && !here.seen.alive.contains(task) {
                let sentence = format!("attempt {} has lost its supervisor", run.number());
                let next = "a sync records that, and the next attempt";
                return Some(
                    Why::new(name, word, sentence).next(next, "buildq sync").since(run.at),
                );
            }
            let sentence = format!("attempt {} of {most} by `{}`", run.number(), started.builder);
            Why::new(name, word, sentence)
                .next("its checks, then your review", format!("buildq output {task} --follow"))
                .since(run.at)
        }
        Phase::Blocked { since, question } => Why::new(name, word, format!("it asks: {question}"))
            .next(
                "your answer; it then goes on from its branch",
                format!("buildq answer {task} \"…\""),
            )
            .since(*since),
        Phase::Escalated { since } => {
            let reason = run.map(how_it_ended).unwrap_or_default();
            let held = run.is_some_and(Run::holds_secret);
            let (what, mend) = match held {
                true => (
                    "its work is held",
                    "take the value out of its work by hand, or build it anew; then",
                ),
                false => ("it is out of retries", "mend what failed, or edit its file; then"),
            };
            Why::new(name, word, format!("{what}: {reason}"))
                .next(mend, format!("buildq retry {task}"))
                .since(*since)
        }
        Phase::Review { since } => {
            let checks = run.map(how_it_ended).unwrap_or_default();
            Why::new(name, word, format!("it is built and {checks}"))
                .next("your review", format!("buildq review {task}"))
                .since(*since)
        }
        Phase::Merged { at, edited: true, .. } => {
            let verb = if item.is_some() { "retry" } else { "cancel" };
            let sentence = "it is merged, but its file was edited while it was built";
            let next = match verb {
                "retry" => "the edit is not built; to build it",
                _ => "the edit is not built; to leave it at that",
            };
            Why::new(name, word, sentence).next(next, format!("buildq {verb} {task}")).since(*at)
        }
        Phase::Merged { at, how, .. } => {
            Why::new(name, word, format!("its work is in the base branch ({how})"))
                .next("nothing", "")
                .since(*at)
        }
        Phase::Closed { at, reason, .. } | Phase::Cancelled { at, reason, .. } => {
            let again = item.map(|_| format!("buildq retry {task}")).unwrap_or_default();
            let next = if item.is_some() { "nothing; to build it after all" } else { "nothing" };
            Why::new(name, word, reason.clone()).next(next, again).since(*at)
        }
    })
}
