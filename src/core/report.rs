//! The report of a span of time, from history alone: a fold over the ledger's events, and the
//! queue as it stood at the end of the span.
//!
//! Nothing here asks what time it is, and nothing depends on the clone that asks: the same
//! events, queue and policy give the same report. What only one clone knows (its trust, its own
//! commits) is left out; a task that was held for such a reason counts as one that could start.

mod parts;
mod week;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::gates::Gate;
use super::judged::Judged;
use super::ledger::{Build, Ledger, Outcome, Phase, Wait};
use super::plan::{self, Plan};
use super::queue::Queue;
use super::situation::{Observations, Origin, Situation, Trust};
use super::window;
use crate::domain::config::{Config, STEPS};
use crate::domain::event::{CheckResult, Kind, Recorded, Succeeded};
use crate::domain::id::{Oid, Percent, TaskId};

pub use parts::{
    Active, Checked, Completed, Counts, Dropped, Escalated, Failure, Merged, Queued, Report, Tally,
    Used, Waiting,
};

/// What a report covers: from `since`, which belongs to it, to `until`, which does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first moment.
    pub since: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
}

impl Span {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.since <= at && at < self.until
    }
}

/// What stood before the events that a report is made of.
#[derive(Debug, Default, PartialEq)]
pub struct Before {
    /// The ledger then.
    pub ledger: Ledger,
    /// Where the queue branch stood at the last event.
    pub queue: Option<Oid>,
}

/// From this moment on single events count for the report of a span; of all that was before, only
/// what it has left.
pub fn reach(span: Span) -> DateTime<Utc> {
    span.since.min(week::before_last(span.until).since)
}

/// History up to the end of a span, folded once.
pub struct Past {
    span: Span,
    /// The ledger as it stood at the end.
    pub ledger: Ledger,
    /// Where the queue branch stood at the last event before the end.
    pub queue: Option<Oid>,
    kept: Vec<Recorded>,
    /// Of the last two weeks.
    lately: Vec<Recorded>,
}

impl Past {
    /// Of all events in the ledger's order; what came after the span does not count.
    #[cfg(test)]
    pub fn of(events: impl IntoIterator<Item = Recorded>, span: Span) -> Self {
        Self::after(Before::default(), events, span)
    }

    /// Of events in the ledger's order on what stood before them; what came after the span does not
    /// count.
    pub fn after(
        Before { ledger, queue }: Before,
        events: impl IntoIterator<Item = Recorded>,
        span: Span,
    ) -> Self {
        let (kept, lately) = (Vec::new(), Vec::new());
        let mut past = Self { span, ledger, queue, kept, lately };
        events.into_iter().filter(|it| it.at < span.until).for_each(|it| past.take(it));
        past
    }

    fn take(&mut self, recorded: Recorded) {
        self.queue = recorded.event.queue.or(self.queue);
        let until = self.span.until;
        let weeks = [week::last(until), week::before_last(until)];
        let lately = weeks.iter().any(|week| week.holds(recorded.at)).then(|| recorded.clone());
        let within = self.span.holds(recorded.at).then(|| recorded.clone());
        self.ledger.take(recorded);
        let counts = |it: &Recorded| !self.ledger.superseded.contains(&it.commit);
        self.kept.extend(within.filter(counts));
        self.lately.extend(lately.filter(counts));
    }
}

/// The queue at the end of a span.
#[derive(Default)]
pub struct Stood {
    /// Its tasks.
    pub queue: Queue,
    /// What their texts say, as far as that is known.
    pub judged: BTreeMap<TaskId, Judged>,
}

/// The report of a span.
pub fn report(past: Past, Stood { queue, judged }: Stood, config: &Config) -> Report {
    let queue = &queue;
    let Past { span, ledger, kept, lately, .. } = past;
    let fold = Fold { span, queue, ledger, kept, lately };
    let plan = plan_at_the_end((&fold.ledger, queue), judged, config, span.until);
    let mut report = Report {
        since: span.since,
        until: span.until,
        zone: config.timezone,
        counts: Counts::default(),
        used: fold.used(),
        week: week::tally(&fold.lately, week::last(span.until)),
        week_before: week::tally(&fold.lately, week::before_last(span.until)),
        nothing: None,
        completed: fold.completed(),
        merged: fold.merged(),
        dropped: fold.dropped(),
        active: fold.active(),
        failed: fold.failed(),
        escalated: fold.escalated(),
        waiting: fold.waiting(),
        queue: fold.queued(&plan, config.timezone),
    };
    report.counts = fold.count(&report);
    let idle = report.counts.started == 0 && report.counts.completed == 0;
    if idle && report.active.is_empty() && report.failed.is_empty() {
        report.nothing = Some(nothing(&fold.ledger, queue, &plan, config.timezone, span.until));
    }
    report
}

/// What stood at the end, and what happened within the span.
struct Fold<'a> {
    span: Span,
    queue: &'a Queue,
    ledger: Ledger,
    kept: Vec<Recorded>,
    /// Of the last two weeks.
    lately: Vec<Recorded>,
}

impl Fold<'_> {
    fn title(&self, task: &TaskId) -> String {
        let run = self.ledger.builds.get(task).and_then(Build::last);
        let item = self.queue.items.get(task).and_then(|item| item.task.as_ref());
        let title = run.map(|run| run.started.title.clone()).or(item.map(|it| it.title.clone()));
        title.filter(|title| !title.is_empty()).unwrap_or_else(|| task.to_string())
    }

    fn state(&self, task: &TaskId) -> String {
        self.ledger.builds.get(task).map_or("queued", |build| build.phase.name()).to_owned()
    }

    fn completed(&self) -> Vec<Completed> {
        let done = |recorded: &Recorded| match &recorded.event.kind {
            Kind::Succeeded(end) => Some(self.one_completed(recorded, end)),
            _ => None,
        };
        self.kept.iter().filter_map(done).collect()
    }

    fn one_completed(&self, recorded: &Recorded, end: &Succeeded) -> Completed {
        let checked = |check: &CheckResult| Checked {
            command: check.command.clone(),
            passed: check.passed,
            ended: check.ended.clone(),
        };
        Completed {
            task: end.task.clone(),
            title: self.title(&end.task),
            attempt: end.attempt,
            at: recorded.at,
            seconds: end.usage.duration.as_secs(),
            summary: recorded.event.body.trim().to_owned(),
            state: self.state(&end.task),
            ticked: end.criteria.0,
            criteria: end.criteria.1,
            unticked: end.unticked.clone(),
            checks: end.checks.iter().map(checked).collect(),
            deliverables: end.deliverables.clone(),
            next_steps: end.next_steps.clone(),
        }
    }

    fn merged(&self) -> Vec<Merged> {
        let merged = |recorded: &Recorded| match &recorded.event.kind {
            Kind::Merged { task, commit, how, edited, .. } => Some(Merged {
                task: task.clone(),
                title: self.title(task),
                at: recorded.at,
                commit: *commit,
                how: *how,
                edited: *edited,
            }),
            _ => None,
        };
        self.kept.iter().filter_map(merged).collect()
    }

    fn dropped(&self) -> Vec<Dropped> {
        let dropped = |recorded: &Recorded| {
            let (task, state, reason) = match &recorded.event.kind {
                Kind::Closed { task, reason, .. } => (task, "closed", reason),
                Kind::Cancelled { task, reason, .. } => (task, "cancelled", reason),
                _ => return None,
            };
            let (title, at, reason) = (self.title(task), recorded.at, reason.clone());
            Some(Dropped { task: task.clone(), title, at, state: state.to_owned(), reason })
        };
        self.kept.iter().filter_map(dropped).collect()
    }

    fn failed(&self) -> Vec<Failure> {
        let failed = |recorded: &Recorded| match &recorded.event.kind {
            Kind::Failed(end) => Some(Failure {
                task: end.task.clone(),
                title: self.title(&end.task),
                attempt: end.attempt,
                at: recorded.at,
                seconds: end.usage.duration.as_secs(),
                reason: end.reason.clone(),
                state: self.state(&end.task),
            }),
            _ => None,
        };
        self.kept.iter().filter_map(failed).collect()
    }

    /// Of agents: what needs none costs nothing, and is no news.
    fn used(&self) -> Used {
        let runs = self.ledger.builds.values().flat_map(|build| &build.attempts);
        let agents = runs.filter(|run| run.started.builder != STEPS);
        let mut used = Used::default();
        for run in agents.filter(|run| run.end.as_ref().is_some_and(|e| self.span.holds(e.at))) {
            let spent = run.spent().unwrap_or_default();
            used.tokens_in = used.tokens_in.saturating_add(spent.tokens_in.unwrap_or(0));
            used.tokens_out = used.tokens_out.saturating_add(spent.tokens_out.unwrap_or(0));
            used.cost = used.cost.plus(spent.cost.unwrap_or_default());
            *(if spent.cost.is_some() { &mut used.told } else { &mut used.silent }) += 1;
        }
        used
    }

    fn active(&self) -> Vec<Active> {
        let active = |(task, build): (&TaskId, &Build)| {
            let run = build.running()?;
            let progress = run.progress.as_ref();
            Some(Active {
                task: task.clone(),
                title: self.title(task),
                attempt: run.number(),
                since: run.at,
                ends: run
                    .started
                    .estimate
                    .and_then(|span| run.at.checked_add_signed(TimeDelta::from_std(span).ok()?)),
                percent: progress.map_or(Percent::of(0, 0), |progress| progress.percent),
                message: progress.map(|progress| progress.message.clone()).unwrap_or_default(),
                stalled: run.stalled,
            })
        };
        self.ledger.builds.iter().filter_map(active).collect()
    }

    fn escalated(&self) -> Vec<Escalated> {
        let escalated = |(task, build): (&TaskId, &Build)| {
            let Phase::Escalated { since } = build.phase else { return None };
            let reason = match build.last().and_then(|run| Some(&run.end.as_ref()?.outcome)) {
                Some(Outcome::Failed { reason, .. }) => reason.clone(),
                _ => String::new(),
            };
            let (title, attempts) = (self.title(task), build.attempts.len());
            Some(Escalated { task: task.clone(), title, since, attempts, reason })
        };
        self.ledger.builds.iter().filter_map(escalated).collect()
    }

    fn waiting(&self) -> Vec<Waiting> {
        let waiting = |(task, build): (&TaskId, &Build)| {
            let (since, state, question, remedy) = match &build.phase {
                Phase::Review { since } => {
                    (*since, "review", None, format!("buildq review {task}"))
                }
                Phase::Blocked { since, question } => {
                    let remedy = format!("buildq answer {task} \"…\"");
                    (*since, "blocked", Some(question.clone()), remedy)
                }
                Phase::Merged { at, edited: true, .. } => {
                    (*at, "edited", None, format!("buildq retry {task}"))
                }
                _ => return None,
            };
            let (title, state) = (self.title(task), state.to_owned());
            Some(Waiting { task: task.clone(), title, since, state, question, remedy })
        };
        let mut all: Vec<_> = self.ledger.builds.iter().filter_map(waiting).collect();
        all.sort_by(|a, b| (a.since, &a.task).cmp(&(b.since, &b.task)));
        all
    }

    fn queued(&self, plan: &Plan, zone: Tz) -> Vec<Queued> {
        let queued = |verdict: &plan::Verdict| {
            let task = self.queue.items.get(&verdict.task).and_then(|item| item.task.as_ref());
            let hold = verdict.holds().next();
            let build = self.ledger.builds.get(&verdict.task);
            let again = build.is_some_and(|build| matches!(build.phase, Phase::Waiting { .. }));
            Queued {
                position: verdict.position,
                task: verdict.task.clone(),
                title: task.map_or_else(|| verdict.task.to_string(), |task| task.title.clone()),
                priority: task.map(|task| task.priority).unwrap_or_default(),
                due: task.and_then(|task| Some(window::resolve(task.due?, zone))),
                state: if again { "waiting" } else { "queued" }.to_owned(),
                gate: hold.map(|(gate, _)| gate),
                held: hold.map(|(_, hold)| hold.reason.clone()),
                remedy: hold.and_then(|(gate, _)| remedy(gate, &verdict.task)),
            }
        };
        plan.verdicts.iter().map(queued).collect()
    }

    fn count(&self, report: &Report) -> Counts {
        let of = |name: &str| self.kept.iter().filter(|it| it.event.kind.name() == name).count();
        let stood = |state: &str| report.waiting.iter().filter(|it| it.state == state).count();
        Counts {
            started: of("started"),
            completed: report.completed.len(),
            failed: report.failed.len(),
            merged: report.merged.len(),
            rejected: of("rejected"),
            active: report.active.len(),
            escalated: report.escalated.len(),
            review: stood("review"),
            blocked: stood("blocked"),
            queued: report.queue.len(),
        }
    }
}

/// What a person can type where a gate waits for one.
fn remedy(gate: Gate, task: &TaskId) -> Option<String> {
    match gate {
        Gate::Risk | Gate::Approval => Some(format!("buildq approve {task}")),
        Gate::Valid | Gate::Clear | Gate::Blockers => Some(format!("buildq why {task}")),
        _ => None,
    }
}

/// What the gates said at the end, as far as history knows: a clone is imagined in which
/// everything is trusted, and whose approvals are all that the ledger holds.
fn plan_at_the_end(
    (ledger, queue): (&Ledger, &Queue),
    judged: BTreeMap<TaskId, Judged>,
    config: &Config,
    until: DateTime<Utc>,
) -> Plan {
    // Of a base that failed a check only that commit is known.
    let failed_on = |build: &Build| match (&build.phase, &build.last()?.end.as_ref()?.outcome) {
        (Phase::Waiting { why: Wait::Base, .. }, Outcome::Failed { base, .. }) => *base,
        _ => None,
    };
    let base = ledger.builds.values().find_map(failed_on).or(queue.tip);
    let known = |id: &TaskId| {
        let commit = queue.tip.unwrap_or(Oid([0; 20]));
        let author = String::new();
        (id.clone(), Origin { doubt: None, commit, author, added: DateTime::UNIX_EPOCH })
    };
    let seen = Observations {
        here: ledger.runner.clone().unwrap_or_else(|| "here".into()),
        trust: Trust::Trusted,
        origins: queue.items.keys().map(known).collect(),
        approvals: ledger.approvals.iter().map(|it| it.id.clone()).collect::<BTreeSet<_>>(),
        alive: ledger.builds.keys().cloned().collect(),
        base: base.map(|tip| (config.base.clone().unwrap_or_default(), tip)),
        merged: BTreeMap::new(),
        judged,
        ..Observations::default()
    };
    plan::plan(Situation { queue, ledger, seen: &seen, config, now: until, forced: None })
}

/// Why nothing was built.
fn nothing(ledger: &Ledger, queue: &Queue, plan: &Plan, zone: Tz, until: DateTime<Utc>) -> String {
    if ledger.tip.is_none() {
        return "the ledger does not reach back so far".into();
    }
    if let Some(pause) = ledger.pause(None, until) {
        let since = pause.at.with_timezone(&zone).format("%F %H:%M");
        return format!("paused by {} since {since}: {}", pause.author, pause.reason);
    }
    if queue.items.is_empty() && queue.nameless.is_empty() {
        return "the queue was empty".into();
    }
    let count = plan.verdicts.len();
    if count == 0 {
        return "every task of the queue was built before".into();
    }
    let held = plan.verdicts.iter().filter(|verdict| verdict.holds().next().is_some()).count();
    let timed = plan.verdicts.iter().filter(|it| it.holds().count() > 0 && it.opens().is_some());
    let all = |word: &str| match count {
        1 => format!("the one task of the queue {word}"),
        2 => format!("both tasks of the queue {word}"),
        _ => format!("all {count} tasks of the queue {word}"),
    };
    let were = |count: usize| if count == 1 { "was" } else { "were" };
    match (timed.count(), held) {
        (timed, _) if timed == count => all("waited for the time to start"),
        (0, held) if held == count => all(&format!("{} held", were(count))),
        (timed, held) if held == count => {
            let rest = count - timed;
            format!(
                "{timed} of {count} tasks waited for the time to start, {rest} {} held",
                were(rest)
            )
        }
        _ => "no sync ran while a task could have started".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, recorded, source};
    use crate::core::queue::{Content, File, read};

    const TEXT: &str = "\n---\nWrite hello.txt with a greeting.\n\n- [ ] hello.txt is there\n\n  ```sh\n  echo\n  ```\n";

    /// `id priority`, one per line.
    fn queue(lines: &str) -> Stood {
        let file = |line: &str| {
            let (id, priority) = line.trim().split_once(' ').unwrap();
            let text = format!("---\npriority: {priority}{TEXT}");
            let path = format!("queue/{id}.md");
            File { path, blob: source("v1"), content: Content::Bytes(text.into_bytes()) }
        };
        let queue = read(Some(Oid([7; 20])), "queue", lines.lines().map(file).collect());
        Stood { queue, judged: BTreeMap::new() }
    }

    /// The report from 09:00 to 18:00 in a few words per entry.
    fn check(name: &str, tasks: &str, lines: &str, expected: &str) {
        let span = Span { since: at("09:00"), until: at("18:00") };
        let past = Past::of(recorded(lines), span);
        let report = report(past, queue(tasks), &Config::default());
        let mut said = Vec::new();
        said.extend(report.nothing.iter().map(|why| format!("nothing: {why}")));
        said.extend(
            report.completed.iter().map(|it| format!("completed {} {}", it.task, it.state)),
        );
        said.extend(report.merged.iter().map(|it| format!("merged {}", it.task)));
        said.extend(report.dropped.iter().map(|it| format!("{} {}", it.state, it.task)));
        said.extend(report.active.iter().map(|it| format!("active {} {}", it.task, it.percent)));
        said.extend(report.failed.iter().map(|it| format!("failed {} {}", it.task, it.attempt)));
        said.extend(report.escalated.iter().map(|it| format!("escalated {}", it.task)));
        said.extend(report.waiting.iter().map(|it| format!("{} {}", it.state, it.task)));
        said.extend(report.queue.iter().map(|it| {
            let held = it.held.as_deref().unwrap_or("ready");
            format!("{}. {} {}: {held}", it.position, it.state, it.task)
        }));
        assert_eq!(said.join("\n"), expected, "{name}");
    }

    #[test]
    fn what_happened_within_and_what_stood_at_the_end() {
        check(
            "a day",
            "a high\nb high\nc high",
            "08:00 a started\n09:10 a succeeded\n10:00 b started\n10:05 b failed\n\
             10:10 b started\n18:00 b succeeded",
            "completed a review\nactive b 0%\nfailed b 1\nreview a\n\
             1. queued c: after `b`: 1 at a time",
        );
        check(
            "what was there before is told only where it still stands",
            "a high",
            "08:00 a started\n08:10 a succeeded\n08:20 b started\n08:30 b blocked\n10:00 a merged",
            "nothing: every task of the queue was built before\nmerged a\nblocked b",
        );
    }

    #[test]
    fn what_waits_for_a_person_names_the_command_and_what_runs_its_end() {
        let span = Span { since: at("09:00"), until: at("18:00") };
        let mut events = recorded("10:00 b started");
        if let Kind::Started(started) = &mut events[0].event.kind {
            started.estimate = Some(std::time::Duration::from_secs(5400));
        }
        let past = Past::of(events, span);
        let report = report(past, queue("a low\nc medium"), &Config::default());
        assert_eq!(report.active[0].ends, Some(at("11:30")));
        let remedy = |id: &str| report.queue.iter().find(|it| it.task.as_str() == id).unwrap();
        assert_eq!(remedy("a").remedy.as_deref(), Some("buildq approve a"));
        assert_eq!(remedy("c").remedy, None);
    }

    #[test]
    fn nothing_built_is_told_with_its_reason() {
        check("an empty queue", "", "08:00 - runner here", "nothing: the queue was empty");
        check(
            "a pause",
            "a high",
            "08:00 - paused lunch",
            "nothing: paused by Ada since 2026-02-07 08:00: lunch\n\
             1. queued a: paused by Ada: lunch",
        );
        check(
            "closed windows",
            "b medium\na medium",
            "08:00 - runner here",
            "nothing: both tasks of the queue waited for the time to start\n\
             1. queued a: opens 22:00\n2. queued b: opens 22:00",
        );
        check(
            "held",
            "a low",
            "08:00 - runner here",
            "nothing: the one task of the queue was held\n\
             1. queued a: priority low starts only after approval",
        );
        check(
            "held and timed",
            "a low\nb medium\nc low",
            "08:00 - runner here",
            "nothing: 1 of 3 tasks waited for the time to start, 2 were held\n\
             1. queued b: opens 22:00\n\
             2. queued a: priority low starts only after approval\n\
             3. queued c: priority low starts only after approval",
        );
        check(
            "before the beginning",
            "",
            "19:00 - runner here",
            "nothing: the ledger does not reach back so far",
        );
    }
}
