//! The planner: from queue, ledger, observations, policy and `now` to what is due.
//!
//! It is the only place that decides. `sync` carries a plan out, `sync --check` prints it, `why`
//! prints its rulings, and a supervisor plans once more at the ledger's newest tip before it
//! records `started`: the plan is the precondition.

mod moments;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::gates::{self, Gate, Hold, Round, Ruling};
use super::ledger::{Build, Phase, Run, Wait};
use super::queue::Item;
use super::situation::{Arrival, Branch, Situation};
use super::window;
use crate::domain::config::{Depends, RetryFrom};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::domain::task::Task;

use moments::wake;
pub use moments::{first_moment, morning_due, report_due, wake_at};

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
    /// The digest of a morning is due.
    Morning {
        /// Which morning.
        date: NaiveDate,
    },
    /// Ask the judge about a task.
    Judge {
        /// Which task.
        task: TaskId,
        /// The exact text.
        source: Oid,
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
    /// A person wants it started at once.
    pub spawned: bool,
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
        self.rulings.iter().filter_map(|r| r.hold.as_deref().map(|hold| (r.gate, hold)))
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
    let mut round = Round::of(situation);
    for (index, item) in candidates(situation).into_iter().enumerate() {
        let rulings = gates::rule(situation, item, &round);
        let verdict = Verdict { task: item.id.clone(), position: index + 1, rulings };
        let free = verdict.holds().next().is_none();
        if let Some(start) = free.then(|| start(situation, item)).flatten() {
            round.starts(&item.id);
            plan.actions.push(Action::Start(Box::new(start)));
        }
        if may_be_judged(&verdict, &plan.actions) && gates::is_judge_due(situation, item, &round) {
            plan.actions.push(Action::Judge { task: item.id.clone(), source: item.blob });
        }
        plan.verdicts.push(verdict);
    }
    plan.wake = wake(situation, &plan);
    plan
}

/// Whether nothing before the judge holds a task, and none is asked in this plan yet.
fn may_be_judged(verdict: &Verdict, actions: &[Action]) -> bool {
    let asked = actions.iter().any(|action| matches!(action, Action::Judge { .. }));
    !asked && verdict.holds().next().is_some_and(|(gate, _)| gate == Gate::Judge)
}

/// What the ledger does not say yet, though it is so.
fn record(situation: Situation, actions: &mut Vec<Action>) {
    let Situation { queue, ledger, seen, config, .. } = situation;
    let mine = |run: &Run| !seen.here.is_empty() && run.started.runner == seen.here;
    let watches = ledger.runner.as_ref().is_some_and(|runner| *runner != seen.here);
    for (task, build) in &ledger.builds {
        // Its own dead a clone buries whoever runs the queue now; what another clone left open
        // when the queue was taken over is ended by the runner.
        let Some(run) = build.running().filter(|run| mine(run) || !watches) else { continue };
        let lives = mine(run) && seen.alive.contains(task);
        if !lives && !seen.here.is_empty() {
            actions.push(Action::Bury { task: task.clone(), attempt: run.number() });
        }
    }
    if seen.here.is_empty() || watches {
        return;
    }
    if ledger.runner.is_none() {
        actions.push(Action::Adopt { runner: seen.here.clone() });
    }
    for (task, build) in &ledger.builds {
        let task = task.clone();
        let last = build.last().map(Run::number);
        match (&build.phase, last) {
            (Phase::Building, _) => continue,
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
            (Phase::Waiting { .. } | Phase::Blocked { .. } | Phase::Escalated { .. }, Some(_))
                if edited =>
            {
                actions.push(Action::Renew { task })
            }
            (Phase::Waiting { why: Wait::Failure, .. }, Some(attempt))
                if build.failures > config.retry_max =>
            {
                actions.push(Action::Escalate { task, attempt });
            }
            _ => {}
        }
    }
    actions.extend(report_due(situation).map(|date| Action::Report { date }));
    actions.extend(morning_due(situation).map(|date| Action::Morning { date }));
}

/// Tasks that could start, in order: priority, due, age in the queue, id.
fn candidates(situation: Situation<'_>) -> Vec<&Item> {
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
    items.sort_by_cached_key(|item| {
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
        spawned: situation.forced == Some(&item.id),
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
pub fn base(situation: Situation, item: &Item, build: &Build, upon: &[TaskId]) -> Option<Oid> {
    let on = match (&build.phase, situation.config.retry_from) {
        (Phase::Waiting { why: Wait::Words | Wait::Stopped | Wait::Builder, .. }, _)
        | (Phase::Waiting { why: Wait::Failure, .. }, RetryFrom::Branch) => build.last(),
        _ => None,
    };
    let seen = situation.seen;
    if let Some(run) = on.filter(|run| run.work() != run.started.base || run.number().0 > 1) {
        // A stop is written before its builder has ended: what came over since goes on too.
        return Some(seen.tips.get(&item.id).copied().unwrap_or(run.work()));
    }
    match upon {
        [] => seen.base.as_ref().map(|(_, tip)| *tip),
        [one] => situation.ledger.builds.get(one)?.last().map(Run::tip),
        _ => seen.merged.get(&item.id)?.as_ref().ok().copied(),
    }
}

/// Builds whose branch should stand at their last attempt's tip, and may.
pub fn branches_to_point(situation: Situation) -> BTreeMap<TaskId, Oid> {
    let ours = |id: &TaskId| situation.seen.branches.get(id) == Some(&Branch::Ours);
    let builds = situation.ledger.builds.iter();
    let known = builds.filter(|(id, build)| ours(id) && !build.is_over());
    let last = known.filter_map(|(id, build)| Some((id, build.last()?)));
    let open = last.filter(|(_, run)| !run.holds_secret());
    open.map(|(id, run)| (id.clone(), run.tip())).collect()
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
    /// What a person should know of how it was decided.
    pub warnings: Vec<String>,
}

/// One action, carried out or not.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// What was due.
    pub action: Action,
    /// Why it was not done; `None` when it was.
    pub trouble: Option<String>,
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod lasting_tests;

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::core::ledger::tests::{at, ledger, number, source};
    use crate::core::queue::Queue;
    use crate::core::situation::{Doubt, Observations, Origin, Trust};
    use crate::domain::config::{Builder, Config, Judge};
    use crate::domain::event::Merge;
    use crate::domain::task;

    /// One task a line: `name: words`, the words being lines of front matter, `vN` (its text's
    /// version) or `foreign` (not made here).
    pub fn world(lines: &str) -> (Queue, Observations) {
        let mut queue = Queue::default();
        queue.tip = Some(number(1));
        let mut seen = Observations {
            here: "here/1".into(),
            trust: Trust::Trusted,
            base: Some(("main".into(), number(900))),
            ..Observations::default()
        };
        for (age, line) in lines.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate() {
            let (name, words) = line.split_once(':').unwrap_or((line, ""));
            let id = TaskId::new(name).unwrap();
            let words: Vec<_> = words.split(';').map(str::trim).collect();
            let front: Vec<_> = words.iter().filter(|word| word.contains(':')).copied().collect();
            let version = words.iter().find(|word| word.starts_with('v')).copied().unwrap_or("v1");
            let text = format!(
                "---\n{}\n---\nWrite {name}.txt with a greeting.\n\n```sh\ntrue\n```\n",
                front.join("\n")
            );
            let path = format!("queue/{name}.md");
            let parsed = task::parse(&path, &id, text.as_bytes());
            let foreign = words.contains(&"foreign").then_some(Doubt::Elsewhere);
            let (blob, doubt) = (source(version), foreign);
            let added = at("00:00") + TimeDelta::minutes(i64::try_from(age).unwrap());
            let (commit, author) = (number(2), "Eve".to_owned());
            seen.origins.insert(id.clone(), Origin { doubt, commit, author, added });
            let (task, diagnostics) = (parsed.task, parsed.diagnostics);
            queue.add(Item { id, path, blob, task, diagnostics });
        }
        (queue, seen)
    }

    fn shown(plan: &Plan) -> String {
        let mut lines: Vec<String> = plan.actions.iter().map(action).collect();
        for verdict in &plan.verdicts {
            lines.extend(
                verdict
                    .holds()
                    .take(1)
                    .map(|(gate, hold)| format!("hold {}: {gate}: {}", verdict.task, hold.reason)),
            );
        }
        lines.extend(plan.wake.map(|at| format!("wake {}", at.format("%H:%M"))));
        lines.join("\n")
    }

    fn action(action: &Action) -> String {
        match action {
            Action::Start(s) if s.base == number(900) => format!("start {} {}", s.task, s.attempt),
            Action::Start(s) => format!(
                "start {} {} on {:x}",
                s.task,
                s.attempt,
                u16::from_be_bytes([s.base.0[18], s.base.0[19]])
            ),
            Action::Adopt { runner } => format!("adopt {runner}"),
            Action::Bury { task, attempt } => format!("bury {task} {attempt}"),
            Action::Merge { task, .. } => format!("merge {task}"),
            Action::Close { task, .. } => format!("close {task}"),
            Action::Renew { task } => format!("renew {task}"),
            Action::Escalate { task, .. } => format!("escalate {task}"),
            Action::Report { date } => format!("report {date}"),
            Action::Morning { date } => format!("morning {date}"),
            Action::Judge { task, .. } => format!("judge {task}"),
        }
    }

    pub fn plan_of(
        queue: &str,
        events: &str,
        now: &str,
        change: impl FnOnce(&mut Observations, &mut Config),
    ) -> String {
        planned(queue, events, now, (change, None))
    }

    pub fn planned(
        queue: &str,
        events: &str,
        now: &str,
        (change, forced): (impl FnOnce(&mut Observations, &mut Config), Option<&TaskId>),
    ) -> String {
        let ledger = ledger(&format!("00:00 ? runner here/1\n{events}"));
        let (queue, mut seen) = world(queue);
        for (id, build) in &ledger.builds {
            seen.alive.extend(build.running().map(|_| id.clone()));
        }
        let mut config = Config::default();
        change(&mut seen, &mut config);
        let situation = Situation {
            queue: &queue,
            ledger: &ledger,
            seen: &seen,
            config: &config,
            now: at(now),
            forced,
        };
        // The day's report is its own table's matter.
        let mut plan = plan(situation);
        // So is the round that is made while something is built.
        plan.wake = plan.wake.filter(|wake| *wake != at(now) + moments::ROUND);
        // That a gate opens by itself is told from its time, and once is enough.
        let twice = |hold: &Hold| hold.until.is_some() && hold.remedy.contains("by itself");
        assert!(!plan.verdicts.iter().any(|verdict| verdict.holds().any(|(_, hold)| twice(hold))));
        let text = shown(&plan);
        text.replace("\nwake 23:00", "").replace("wake 23:00", "")
    }

    #[track_caller]
    fn check(queue: &str, events: &str, now: &str, expected: &str) {
        let lines: Vec<_> = expected.lines().map(str::trim).collect();
        assert_eq!(plan_of(queue, events, now, |_, _| ()), lines.join("\n"));
    }

    #[test]
    fn high_starts_at_once_and_one_at_a_time() {
        check("a: priority: high", "", "09:00", "start a 1");
        check(
            "a: priority: high\nb: priority: high",
            "",
            "09:00",
            "start a 1\nhold b: capacity: after `a`: 1 at a time",
        );
        check(
            "a: priority: high\nb: priority: high; due: 2026-02-07 10:00",
            "",
            "09:00",
            "start b 1\nhold a: capacity: after `b`: 1 at a time",
        );
        check("a: priority: high", "08:00 a started", "09:00", "");
    }

    #[test]
    fn what_is_locked_here_takes_a_place_whatever_the_ledger_says_of_it() {
        // Its ledger was merged with another, which knows nothing of it; or it is just to begin.
        for (locked, expected) in [
            ("z", "hold a: capacity: after `z`: 1 at a time"),
            (
                "a",
                "hold a: capacity: its last builder is still being ended, or the next one begins",
            ),
        ] {
            let planned = plan_of("a: priority: high", "", "09:00", |seen, _| {
                seen.ending.insert(TaskId::new(locked).unwrap());
            });
            assert_eq!(planned.lines().next(), Some(expected));
        }
    }

    #[test]
    fn medium_waits_for_the_night_and_low_for_a_person() {
        check("a", "", "18:00", "hold a: window: opens 22:00\nwake 22:00");
        check("a", "", "22:00", "start a 1");
        check(
            "a: priority: low",
            "",
            "23:30",
            "hold a: approval: priority low starts only after approval",
        );
    }

    #[test]
    fn a_failure_is_retried_after_the_delay_and_escalated_in_the_end() {
        let failed = "09:00 a started\n09:01 a failed exit 1";
        check("a", failed, "09:03", "hold a: retry: retry 1 of 3 at 09:06\nwake 09:06");
        check("a", failed, "09:06", "start a 2");
        let four = "09:00 a started\n09:01 a failed\n09:07 a started\n09:08 a failed\n\
                    09:14 a started\n09:15 a failed\n09:21 a started\n09:22 a failed";
        check("a", four, "09:23", "escalate a\nhold a: retry: retry 4 of 3 at 09:27\nwake 09:27");
        check("a", &format!("{four}\n09:24 a escalated"), "10:00", "");
        check("a", &format!("{four}\n09:24 a escalated\n10:00 a retried x"), "22:30", "start a 5");
    }

    #[test]
    fn a_dead_attempt_is_buried_and_never_doubled() {
        let dead = |seen: &mut Observations, _: &mut Config| seen.alive.clear();
        assert_eq!(plan_of("a", "09:00 a started", "09:01", dead), "bury a 1");
    }

    #[test]
    fn words_of_a_person_go_on_from_the_branch_at_once() {
        let rejected = "09:00 a started\n09:01 a succeeded\n09:02 a rejected no";
        check("a", rejected, "09:02", "start a 2 on 3e9");
        let answered = "09:00 a started\n09:01 a blocked why?\n09:02 a answered so";
        check("a", answered, "09:02", "start a 2 on 3e9");
        check("a", "09:00 a started\n09:01 a blocked why?", "09:02", "");
        // Also one that a person had started past its approval; another text is another matter.
        check("a: priority: low", rejected, "09:02", "start a 2 on 3e9");
        check("a: priority: low", answered, "09:02", "start a 2 on 3e9");
        let held = "hold a: approval: priority low starts only after approval";
        let failed = "09:00 a started\n09:01 a failed";
        check("a: priority: low", failed, "09:10", held);
        check("a: v2; priority: low", rejected, "09:02", &format!("renew a\n{held}"));
    }

    #[test]
    fn an_edit_while_it_waits_is_a_fresh_build_and_while_it_runs_is_none() {
        check(
            "a: v2",
            "09:00 a started\n09:01 a failed",
            "09:02",
            "renew a\nhold a: window: opens 22:00\nwake 09:06",
        );
        check("a: v2", "09:00 a started\n09:01 a succeeded", "09:02", "");
        check("a: v2", "09:00 a started", "09:02", "");
        check(
            "a: v2; priority: high",
            "09:00 a started\n09:01 a succeeded\n09:02 a merged",
            "09:03",
            "start a 2",
        );
        check(
            "a: priority: high",
            "09:00 a started\n09:01 a succeeded\n09:02 a merged",
            "09:03",
            "",
        );
        check("a: priority: high", "09:00 a started\n09:01 a cancelled no", "09:03", "");
    }

    #[test]
    fn what_fails_on_the_base_waits_for_the_base() {
        let events = "09:00 a started\n09:01 a failed base";
        check("a", events, "12:00", "hold a: base: base");
        let moved = |seen: &mut Observations, _: &mut Config| {
            seen.base = Some(("main".into(), number(901)));
        };
        assert_eq!(plan_of("a", events, "12:00", moved), "start a 2 on 385");
    }

    #[test]
    fn a_builder_that_cannot_work_is_left_alone_for_a_while() {
        let events = "09:00 a started\n09:01 a failed builder";
        // The built-in one too: a full disk would spin it otherwise.
        let held = "hold a: builder: the builder `steps` is paused: builder\nwake 09:31";
        check("a", events, "09:02", held);
        check("a", events, "09:31", "start a 2 on 3e9");
        let agent = |_: &mut Observations, config: &mut Config| {
            let command = vec!["opus".to_owned()];
            let (prompt, env, timeout) = Default::default();
            let builder = Builder { command, prompt, env, timeout, network: None };
            config.builders.insert("opus".into(), builder);
        };
        let ours = "a: builder: opus";
        let events = "09:00 a started v1 opus\n09:01 a failed builder";
        let held = "hold a: builder: the builder `opus` is paused: builder\nwake 09:31";
        assert_eq!(plan_of(ours, events, "09:02", agent), held);
        assert_eq!(plan_of(ours, events, "09:31", agent), "start a 2 on 3e9");
    }

    #[test]
    fn dependencies_come_first_and_may_be_built_upon_in_review() {
        check(
            "b: priority: high; depends_on: [a]\na: priority: low",
            "",
            "09:00",
            "hold b: depends: `a` is not done yet\nhold a: approval: priority low starts only after approval",
        );
        check(
            "b: priority: high; depends_on: [a]",
            "",
            "09:00",
            "hold b: depends: there is no task `a`",
        );
        check(
            "b: priority: high; depends_on: [a]\na",
            "08:00 a started\n08:30 a succeeded",
            "09:00",
            "start b 1 on 3e9",
        );
        check(
            "b: priority: high; depends_on: [a]\na: priority: high; depends_on: [b]",
            "",
            "09:00",
            "hold b: depends: a circle: b → a → b\nhold a: depends: a circle: a → b → a",
        );
    }

    #[test]
    fn what_is_not_from_here_waits_for_approval() {
        check(
            "a: priority: high; foreign",
            "",
            "09:00",
            "hold a: trust: 0000000 by Eve was not made in this clone",
        );
        let approved = "08:00 a approved v1";
        let mine = |seen: &mut Observations, _: &mut Config| {
            seen.approvals.insert(format!("1 a {}", source("v1")));
        };
        assert_eq!(plan_of("a: priority: high; foreign", approved, "09:00", mine), "start a 1");
        // Approved elsewhere, or another text: nothing is opened.
        check(
            "a: priority: high; foreign",
            approved,
            "09:00",
            "hold a: trust: 0000000 by Eve was not made in this clone; approved by Ada on another \
             machine, unsigned: does not count here",
        );
        assert_eq!(
            plan_of("a: priority: high; foreign; v2", approved, "09:00", mine),
            format!(
                "hold a: trust: 0000000 by Eve was not made in this clone; approved as of {}, edited \
                 since",
                source("v1").short()
            )
        );
    }

    #[test]
    fn an_approval_binds_path_kinds_and_time() {
        let foreign = "0000000 by Eve was not made in this clone";
        for (task, approval, expected) in [
            ("low", "path=queue/a.md risk=", "start a 1"),
            (
                "low",
                "path=queue/b.md risk=",
                "hold a: approval: priority low starts only after \
                approval; approved as `queue/b.md`, moved since",
            ),
            ("low", "until=10:00", "start a 1"),
            (
                "low",
                "until=09:00",
                "hold a: approval: priority low starts only after approval; the \
                approval ended 2026-02-07 09:00",
            ),
            ("high; title: Pay the invoice through Stripe", "risk=financial", "start a 1"),
            (
                "high; title: Pay the invoice through Stripe",
                "risk=financial,sensitive",
                "start a 1",
            ),
            (
                "high; title: Pay the invoice through Stripe",
                "risk=",
                "hold a: risk: approved for no \
                risk, now financial: ",
            ),
            (
                "high; title: Pay the invoice through Stripe",
                "",
                "hold a: risk: approved for no risk, \
                now financial: ",
            ),
            (
                "high; title: Pay the invoice through Stripe",
                "risk=sensitive",
                "hold a: risk: approved \
                for sensitive, now also financial: ",
            ),
            ("high; foreign", "", "start a 1"),
            (
                "high; foreign",
                "until=08:30",
                &format!(
                    "hold a: trust: {foreign}; the approval ended \
                2026-02-07 08:30"
                ),
            ),
        ] {
            let event = format!("08:00 a approved v1 {approval}");
            // The second event of the ledger that is planned with.
            let given = ledger(&event).approvals[0].record().replacen('0', "1", 1);
            let mine = |seen: &mut Observations, _: &mut Config| {
                seen.approvals.insert(given.clone());
            };
            let said = plan_of(&format!("a: priority: {task}"), event.trim(), "09:00", mine);
            assert!(said.starts_with(expected), "{task}, {approval}: {said}");
        }
    }

    #[test]
    fn nothing_starts_untrusted_paused_or_elsewhere() {
        check(
            "a: priority: high",
            "08:00 ? paused lunch",
            "09:00",
            "hold a: runner: paused by Ada: lunch",
        );
        check("a: priority: high", "08:00 ? paused x\n08:01 ? resumed", "09:00", "start a 1");
        check(
            "a: priority: high",
            "08:00 ? runner there/2",
            "09:00",
            "hold a: runner: `there/2` runs this queue",
        );
        let changed = |seen: &mut Observations, _: &mut Config| {
            seen.trust = Trust::Changed(vec![crate::core::trusted::Change::of("buildq.yaml")]);
        };
        assert_eq!(
            plan_of("a: priority: high", "", "09:00", changed),
            "hold a: trust: `buildq.yaml` has changed since it was trusted here"
        );
    }

    #[test]
    fn a_merge_is_recognised_and_a_file_moved_by_hand_closes() {
        let review = "09:00 a started\n09:01 a succeeded";
        let arrived = |seen: &mut Observations, _: &mut Config| {
            let arrival = Arrival { commit: number(9), how: Merge::Ancestry, edited: false };
            seen.arrived.insert(TaskId::new("a").unwrap(), arrival);
        };
        assert_eq!(plan_of("", review, "09:02", arrived), "merge a");
        check("", review, "09:02", "");
    }

    /// A policy with a judge; what it said and what was answered was said here.
    fn judged_here(seen: &mut Observations, config: &mut Config, ledger: &str) {
        let (prompt, env, timeout) = Default::default();
        let command = vec!["opus".into()];
        let builder = Builder { command, prompt, env, timeout, network: None };
        config.builders.insert("opus".into(), builder);
        let timeout = std::time::Duration::from_secs(600);
        config.judge = Some(Judge { builder: "opus".into(), timeout });
        let ledger =
            super::super::ledger::tests::ledger(&format!("00:00 ? runner here/1\n{ledger}"));
        for judgement in ledger.judgements.values() {
            seen.verdicts.insert(judgement.record());
            seen.approvals.extend(judgement.answers.iter().map(|answer| answer.record(judgement)));
        }
    }

    #[test]
    fn a_judge_is_asked_first_and_may_only_hold() {
        let high = "a: priority: high";
        let asked = |queue: &str, events: &str| {
            plan_of(queue, events, "09:00", |seen, config| judged_here(seen, config, events))
        };
        assert_eq!(
            asked(high, ""),
            "judge a\nhold a: judge: waits for the judge `opus`\nwake 09:01"
        );
        // One at a time, and nothing that another gate holds.
        assert_eq!(
            asked("a: priority: high\nb: priority: high\nc: priority: low", ""),
            "judge a\nhold a: judge: waits for the judge `opus`\n\
             hold b: judge: waits for the judge `opus`\n\
             hold c: approval: priority low starts only after approval\nwake 09:01"
        );
        // Also while its window is closed: who is asked is still there.
        assert_eq!(
            asked("a: priority: medium", ""),
            "judge a\nhold a: judge: waits for the judge `opus`\nwake 09:01"
        );
        for (said, plan) in [
            ("clear", "start a 1"),
            ("clear destructive", "hold a: judge: the judge `opus` sees destructive: \"drop it\""),
            ("clear ?Which ?When", "hold a: judge: the judge `opus` asks: Which (and 1 more)"),
            (
                "unclear-is-no-kind",
                "hold a: judge: the judge `opus` sees unclear-is-no-kind: \"drop it\", and finds it unclear",
            ),
            ("", "hold a: judge: the judge `opus` finds it unclear"),
            ("fault", "hold a: judge: the judge `opus` gave no verdict: no answer"),
        ] {
            let said = format!("08:00 a judged v1 {said}");
            assert_eq!(asked(high, said.trim_end()), plan, "{said}");
        }
    }

    #[test]
    fn what_opens_the_judges_gate() {
        let high = "a: priority: high";
        let check = |queue: &str, events: &str, plan: &str| {
            let said = plan_of(queue, events, "09:00", |seen, config| {
                judged_here(seen, config, events);
            });
            assert_eq!(said, plan, "{events}");
        };
        // An answer opens what was asked, not what is at risk.
        check(high, "08:00 a judged v1 ?Which\n08:01 a clarified v1", "start a 1");
        check(
            high,
            "08:00 a judged v1 access ?Which\n08:01 a clarified v1",
            "hold a: judge: the judge `opus` sees access: \"drop it\"",
        );
        // A text that was started before is not judged; an edited one is judged anew.
        check(high, "08:00 a started\n08:01 a failed\n08:02 a retried x", "start a 2");
        check(
            "a: v2; priority: high",
            "08:00 a judged v1 clear",
            "judge a\nhold a: judge: waits for the judge `opus`\nwake 09:01",
        );
        // What was not said here lets nothing start, and holds all the same.
        let elsewhere = |events: &str| {
            plan_of(high, events, "09:00", |seen, config| judged_here(seen, config, ""))
        };
        assert_eq!(
            elsewhere("08:00 a judged v1 clear"),
            "judge a\nhold a: judge: waits for the judge `opus`\nwake 09:01"
        );
        assert_eq!(
            elsewhere("08:00 a judged v1 ?Which\n08:01 a clarified v1"),
            "hold a: judge: the judge `opus` asks: Which"
        );
        let working = plan_of(high, "", "09:00", |seen, config| {
            judged_here(seen, config, "");
            seen.judging = TaskId::new("a").ok();
        });
        assert_eq!(working, "hold a: judge: being judged by `opus`\nwake 09:01");
        let missing = plan_of(high, "", "09:00", |seen, config| {
            judged_here(seen, config, "");
            seen.broken_builders.insert("opus".into(), "`opus` is not on PATH".into());
        });
        assert_eq!(missing, "hold a: judge: the judge `opus` cannot start: `opus` is not on PATH");
    }

    #[test]
    fn side_by_side_only_what_touches_nothing_in_common() {
        let two = |_: &mut Observations, config: &mut Config| config.max_parallel = 2;
        let queue = "a: priority: high; touches: [\"src/a/**\"]\nb: priority: high; touches: [\"src/a/x.rs\"]\n\
                     c: priority: high; touches: [\"src/c/**\"]";
        assert_eq!(
            plan_of(queue, "", "09:00", two),
            "start a 1\nstart c 1\nhold b: conflict: it touches `src/a/x.rs`, and `a` touches `src/a/**`"
        );
    }
}
