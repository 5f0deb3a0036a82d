//! The gates: what a task must pass before it may start, in the order in which they are told.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::ledger::{Approval, Build, Outcome, Phase, Wait};
use super::queue::{Item, Queue};
use super::situation::{Branch, Situation, Trust};
use super::{clear, risk, window};
use crate::domain::config::{Config, Depends, STEPS, Window};
use crate::domain::id::TaskId;
use crate::domain::task::{Priority, Task};

/// One named check; the order of the variants is the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The task file has no error.
    Valid,
    /// This clone starts builds, and the queue is not paused.
    Runner,
    /// A person has trusted the configuration here, and the task comes from here.
    Trust,
    /// It is clear what is to be done.
    Clear,
    /// No blocker is listed.
    Blockers,
    /// What it depends on is there.
    Depends,
    /// It does nothing that its owner would want to be asked about first.
    Risk,
    /// It needs no approval, or has it.
    Approval,
    /// The window of its priority is open.
    Window,
    /// Its `not_before` has come.
    NotBefore,
    /// No meeting runs.
    Calendar,
    /// A place is free.
    Capacity,
    /// It does not touch what a running build touches, and its branch is free.
    Conflict,
    /// The base branch is fit to build on.
    Base,
    /// The builder can work.
    Builder,
    /// Its retry is due.
    Retry,
}

/// What a gate says of one task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruling {
    /// Which gate.
    pub gate: Gate,
    /// Why it holds; `None` when the task passes.
    pub hold: Option<Hold>,
}

/// Why a gate holds, and what opens it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hold {
    /// For people: lower case, no full stop.
    pub reason: String,
    /// When it opens by itself.
    pub until: Option<DateTime<Utc>>,
    /// What a person can do: a command, or a sentence.
    pub remedy: String,
}

/// One task before the gates.
struct Case<'a> {
    situation: Situation<'a>,
    item: &'a Item,
    task: &'a Task,
    build: &'a Build,
    /// Tasks that are to start before it, in this very plan.
    ahead: &'a [TaskId],
}

/// When what ends now is looked at again.
const SOON: TimeDelta = TimeDelta::seconds(15);

/// What a gate asks.
type Question = fn(&Case) -> Option<Hold>;

/// Every gate's word on one task, in order. A task whose file has an error is told that alone.
pub fn rule(situation: Situation, item: &Item, ahead: &[TaskId]) -> Vec<Ruling> {
    let Some(task) = &item.task else {
        let message = item.error().map_or("it cannot be read".into(), |e| e.one_line());
        let remedy = item.error().and_then(|e| e.hint.clone()).unwrap_or("mend the file".into());
        return vec![Ruling { gate: Gate::Valid, hold: Some(hold(message, remedy)) }];
    };
    let fresh = Build::default();
    let build = situation.ledger.builds.get(&item.id).unwrap_or(&fresh);
    let case = Case { situation, item, task, build, ahead };
    let gates: [(Gate, Question); 16] = [
        (Gate::Valid, |_| None),
        (Gate::Runner, runner),
        (Gate::Trust, trust),
        (Gate::Clear, unclear),
        (Gate::Blockers, blockers),
        (Gate::Depends, depends),
        (Gate::Risk, risky),
        (Gate::Approval, approval),
        (Gate::Window, window),
        (Gate::NotBefore, not_before),
        (Gate::Calendar, |_| None),
        (Gate::Capacity, capacity),
        (Gate::Conflict, conflict),
        (Gate::Base, base),
        (Gate::Builder, builder),
        (Gate::Retry, retry),
    ];
    // A policy that cannot be read says nothing of what comes after it.
    let broken = matches!(situation.seen.trust, Trust::Broken(_));
    let heard = |(gate, _): &(Gate, Question)| !broken || *gate <= Gate::Trust;
    let ruled = gates.into_iter().filter(heard);
    ruled.map(|(gate, ask)| Ruling { gate, hold: ask(&case) }).collect()
}

fn hold(reason: impl Into<String>, remedy: impl Into<String>) -> Hold {
    Hold { reason: reason.into(), until: None, remedy: remedy.into() }
}

fn hold_until(reason: impl Into<String>, until: DateTime<Utc>, remedy: &str) -> Hold {
    Hold { until: Some(until), ..hold(reason, remedy) }
}

impl<'a> Case<'a> {
    fn id(&self) -> &TaskId {
        &self.item.id
    }

    fn forced(&self) -> bool {
        self.situation.forced == Some(self.id())
    }

    /// A person of this clone has approved this exact text.
    fn approved(&self) -> bool {
        let Situation { ledger, seen, .. } = self.situation;
        let mine = |approval: &&Approval| seen.approvals.contains(&approval.record());
        let same = |a: &Approval| a.task == *self.id() && a.source == self.item.blob;
        ledger.approvals.iter().filter(mine).any(same)
    }

    fn approve(&self) -> String {
        format!("buildq approve {}", self.id())
    }

    fn spawn(&self) -> String {
        format!("buildq spawn {} starts it now", self.id())
    }

    /// This text has been started before: windows gate first starts only.
    fn begun(&self) -> bool {
        self.build.attempts.iter().any(|run| run.started.source == self.item.blob)
    }

    /// A moment on the clock of the configured time zone, with the day where it is another.
    fn clock(&self, at: DateTime<Utc>) -> String {
        let zone = self.situation.config.timezone;
        let (there, here) = (at.with_timezone(&zone), self.situation.now.with_timezone(&zone));
        let pattern = if there.date_naive() == here.date_naive() { "%H:%M" } else { "%F %H:%M" };
        there.format(pattern).to_string()
    }

    /// Other builds that run or are being ended, and those that start before this one.
    fn busy(&self) -> Vec<&TaskId> {
        let Situation { ledger, seen, .. } = self.situation;
        let running = |(id, build): &(&'a TaskId, &Build)| {
            (build.running().is_some() || seen.ending.contains(*id)) && *id != self.id()
        };
        ledger.builds.iter().filter(running).map(|(id, _)| id).chain(self.ahead).collect()
    }
}

fn runner(case: &Case) -> Option<Hold> {
    let Situation { ledger, seen, now, .. } = case.situation;
    if seen.here.is_empty() {
        return Some(hold("this clone has not been set up to run builds", "buildq init"));
    }
    if let Some(other) = ledger.runner.as_ref().filter(|runner| **runner != seen.here) {
        let remedy = "buildq adopt makes this clone the runner";
        return Some(hold(format!("`{other}` runs this queue"), remedy));
    }
    ledger.pause(None, now).map(|pause| {
        let reason = format!("paused by {}: {}", pause.author, pause.reason);
        Hold { reason, until: pause.until, remedy: "buildq resume".into() }
    })
}

fn trust(case: &Case) -> Option<Hold> {
    let seen = case.situation.seen;
    match &seen.trust {
        Trust::Trusted => {}
        Trust::Never => return Some(hold("`buildq.yaml` is not trusted here", "buildq trust")),
        Trust::Changed(files) => {
            let verb = if files.len() == 1 { "has" } else { "have" };
            let files = files.join("`, `");
            let reason = format!("`{files}` {verb} changed since it was trusted here");
            return Some(hold(reason, "buildq trust"));
        }
        Trust::Broken(why) => {
            return Some(hold(format!("the configuration has an error: {why}"), "mend it"));
        }
    }
    if let Some(why) = &seen.no_sandbox {
        return Some(hold(format!("no sandbox here: {why}"), "git config buildq.sandbox auto"));
    }
    if case.approved() {
        return None;
    }
    match seen.origins.get(case.id()) {
        Some(origin) if origin.here => None,
        Some(origin) => Some(hold(
            format!("{} by {} was not made in this clone", origin.commit.short(), origin.author),
            case.approve(),
        )),
        None => Some(hold("nobody knows who last changed it", case.approve())),
    }
}

fn unclear(case: &Case) -> Option<Hold> {
    let reason = clear::unclear(case.task)?;
    Some(hold(reason, format!("say more in `{}` and commit it", case.item.path)))
}

fn blockers(case: &Case) -> Option<Hold> {
    let first = case.task.blockers.first()?;
    let remedy = format!("strike it out (~~…~~) or remove it in `{}`", case.item.path);
    Some(hold(format!("blocked: {first}"), remedy))
}

fn depends(case: &Case) -> Option<Hold> {
    if let Some(circle) = circle(case.situation.queue, case.id()) {
        let circle: Vec<_> = circle.iter().map(TaskId::to_string).collect();
        let reason = format!("a circle: {}", circle.join(" → "));
        return Some(hold(reason, "take one `depends_on` out"));
    }
    if let Some(hold) = case.task.depends_on.iter().find_map(|other| dependency(case, other)) {
        return Some(hold);
    }
    match case.situation.seen.merged.get(case.id()) {
        Some(Err(clash)) => Some(hold(clash.clone(), "accept one of them first")),
        _ => None,
    }
}

fn dependency(case: &Case, other: &TaskId) -> Option<Hold> {
    let Situation { queue, ledger, config, .. } = case.situation;
    let build = ledger.builds.get(other);
    match build.map(|build| &build.phase) {
        Some(Phase::Merged { .. }) => None,
        Some(Phase::Review { .. }) if config.depends == Depends::Review => None,
        Some(Phase::Review { .. }) => {
            Some(hold(format!("`{other}` waits for review"), format!("buildq accept {other}")))
        }
        Some(Phase::Escalated { .. } | Phase::Blocked { .. }) => {
            Some(hold(format!("`{other}` needs a person"), format!("buildq show {other}")))
        }
        Some(Phase::Cancelled { .. }) if !queue.done.contains_key(other) => {
            Some(hold(format!("`{other}` was cancelled"), format!("buildq retry {other}")))
        }
        _ if queue.done.contains_key(other) => None,
        Some(_) => Some(hold(format!("`{other}` is not done yet"), format!("buildq why {other}"))),
        None if queue.items.contains_key(other) => {
            Some(hold(format!("`{other}` is not done yet"), format!("buildq why {other}")))
        }
        None => {
            let remedy = format!("add it, or take it out of `{}`", case.item.path);
            Some(hold(format!("there is no task `{other}`"), remedy))
        }
    }
}

/// The way from a task back to itself through `depends_on`, if there is one.
pub fn circle(queue: &Queue, start: &TaskId) -> Option<Vec<TaskId>> {
    let needs = |id: &TaskId| {
        let task = queue.items.get(id).and_then(|item| item.task.as_ref());
        task.map(|task| task.depends_on.clone()).unwrap_or_default()
    };
    let mut seen = BTreeSet::new();
    let mut paths = vec![vec![start.clone()]];
    while let Some(path) = paths.pop() {
        for next in path.last().map(needs).unwrap_or_default() {
            let longer = [path.clone(), vec![next.clone()]].concat();
            if next == *start {
                return Some(longer);
            }
            if seen.insert(next) {
                paths.push(longer);
            }
        }
    }
    None
}

fn risky(case: &Case) -> Option<Hold> {
    if case.approved() {
        return None;
    }
    let risks = risk::risks(case.task);
    let first = risks.first()?;
    Some(hold(format!("{}: \"{}\"", first.kind.name(), first.words), case.approve()))
}

fn approval(case: &Case) -> Option<Hold> {
    let low = case.task.priority == Priority::Low;
    let never = *window_of(case) == Window::Never;
    if !(low || never) || case.forced() || case.approved() {
        return None;
    }
    let reason = format!("priority {} starts only after approval", priority(case.task.priority));
    Some(hold(reason, case.approve()))
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    }
}

fn window_of<'a>(case: &Case<'a>) -> &'a Window {
    match case.task.priority {
        Priority::High => &case.situation.config.window_high,
        Priority::Medium => &case.situation.config.window_medium,
        Priority::Low => &case.situation.config.window_low,
    }
}

fn window(case: &Case) -> Option<Hold> {
    let Situation { config, now, .. } = case.situation;
    let open = match window_of(case) {
        Window::Always | Window::Never => true,
        spans => window::is_open(spans, config.timezone, now),
    };
    if open || case.forced() || case.begun() {
        return None;
    }
    let opens = window::next_opening(window_of(case), config.timezone, now)?;
    Some(hold_until(format!("opens {}", case.clock(opens)), opens, &case.spawn()))
}

fn not_before(case: &Case) -> Option<Hold> {
    let at = window::resolve(case.task.not_before?, case.situation.config.timezone);
    let early = case.situation.now < at && !case.forced();
    early.then(|| hold_until(format!("not before {}", case.clock(at)), at, &case.spawn()))
}

fn capacity(case: &Case) -> Option<Hold> {
    if case.situation.seen.ending.contains(case.id()) {
        let soon = case.situation.now + SOON;
        return Some(hold_until("its last builder is still being ended", soon, "by itself"));
    }
    let most = case.situation.config.max_parallel;
    let busy = case.busy();
    (busy.len() >= most).then(|| {
        let names: Vec<_> = busy.iter().map(|id| format!("`{id}`")).collect();
        let reason = format!("after {}: {most} at a time", names.join(", "));
        hold(reason, "by itself when a place is free, or raise `max_parallel`")
    })
}

fn conflict(case: &Case) -> Option<Hold> {
    let Situation { queue, seen, .. } = case.situation;
    if let Some(Branch::InTheWay(why)) = seen.branches.get(case.id()) {
        return Some(hold(why.clone(), "rename that branch, or set `branch.prefix`"));
    }
    let touches = |id: &TaskId| {
        let task = queue.items.get(id).and_then(|item| item.task.as_ref());
        task.map(|task| task.touches.as_slice()).unwrap_or_default()
    };
    let meets = |id: &&TaskId| {
        let pairs = touches(id).iter().flat_map(|a| case.task.touches.iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| overlap(a, b))
    };
    let other = case.busy().into_iter().find(meets)?;
    Some(hold(format!("it touches what `{other}` touches"), "by itself when that one is done"))
}

/// Whether two globs may match one path, judged by what stands before their first wildcard:
/// sometimes yes where the truth is no, never the other way round.
fn overlap(a: &str, b: &str) -> bool {
    let fixed = |glob: &str| {
        let end = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
        (glob[..end].to_owned(), end == glob.len())
    };
    let ((a, a_whole), (b, b_whole)) = (fixed(a), fixed(b));
    match (a_whole, b_whole) {
        (true, true) => a == b,
        (true, false) => a.starts_with(&b),
        (false, true) => b.starts_with(&a),
        (false, false) => a.starts_with(&b) || b.starts_with(&a),
    }
}

fn base(case: &Case) -> Option<Hold> {
    let Some((name, tip)) = &case.situation.seen.base else {
        return Some(hold("the base branch has no commit yet", "commit something"));
    };
    let waits = matches!(case.build.phase, Phase::Waiting { why: Wait::Base, .. });
    let run = case.build.last().filter(|_| waits)?;
    let Outcome::Failed { reason, base: Some(failed), .. } = &run.end.as_ref()?.outcome else {
        return None;
    };
    let same = failed == tip || case.situation.seen.same_base.contains(case.id());
    same.then(|| {
        hold(reason.clone(), format!("mend `{name}`: it starts anew when that branch moves"))
    })
}

fn builder(case: &Case) -> Option<Hold> {
    let Situation { ledger, seen, config, now, .. } = case.situation;
    let name = case.task.builder.as_deref().unwrap_or(&config.builder);
    if name == STEPS {
        let remedy = format!("add one to `{}`, or name another builder", case.item.path);
        if case.task.steps.is_empty() {
            let reason = "the builder `steps` runs `sh` blocks and the task has none";
            return Some(hold(reason, remedy));
        }
    } else if !config.builders.contains_key(name) {
        let known: Vec<_> = config.builders.keys().map(String::as_str).chain([STEPS]).collect();
        let remedy = format!("define it in `buildq.yaml`; there are: {}", known.join(", "));
        return Some(hold(format!("there is no builder `{name}`"), remedy));
    }
    if let Some(why) = seen.broken_builders.get(name) {
        let remedy = "install it, or name another builder in `buildq.yaml`";
        return Some(hold(format!("the builder `{name}` cannot start: {why}"), remedy));
    }
    let pause = ledger.pause(Some(name), now)?;
    let reason = format!("the builder `{name}` is paused: {}", pause.reason);
    let remedy = format!("buildq resume --builder {name}");
    Some(Hold { reason, until: pause.until, remedy })
}

fn retry(case: &Case) -> Option<Hold> {
    let due = due(case.build, case.situation.config)?;
    let of = case.situation.config.retry_max;
    let count = case.build.failures;
    let reason = format!("retry {count} of {of} at {}", case.clock(due));
    let remedy = "by itself; buildq output shows why it failed";
    (case.situation.now < due).then(|| hold_until(reason, due, remedy))
}

/// When a failed build is tried again.
pub fn due(build: &Build, config: &Config) -> Option<DateTime<Utc>> {
    match build.phase {
        Phase::Waiting { since, why: Wait::Failure } => {
            let delay = TimeDelta::from_std(config.retry_delay).unwrap_or(TimeDelta::MAX);
            Some(since.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC))
        }
        _ => None,
    }
}

impl Gate {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Runner => "runner",
            Self::Trust => "trust",
            Self::Clear => "clear",
            Self::Blockers => "blockers",
            Self::Depends => "depends",
            Self::Risk => "risk",
            Self::Approval => "approval",
            Self::Window => "window",
            Self::NotBefore => "not-before",
            Self::Calendar => "calendar",
            Self::Capacity => "capacity",
            Self::Conflict => "conflict",
            Self::Base => "base",
            Self::Builder => "builder",
            Self::Retry => "retry",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
