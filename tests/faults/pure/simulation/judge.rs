//! The judge: it reads histories and the side record, and decides by rules of its own what may be.
//!
//! It asks neither a gate nor a replayed ledger whether a start was right: it reads the accepted
//! events themselves. I1 to I8 are the invariants that README.md lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

use super::acts::Turn;
use super::texts::Text;
use super::world::{Entry, Stage, World, replayed};
use crate::core::ledger::{Ledger, Phase};
use crate::core::plan::{Action, Plan, Start};
use crate::domain::config::Depends;
use crate::domain::event::{Fault, Kind, Recorded};
use crate::domain::id::{Attempt, TaskId};

/// A supervisor is looked after this often, and everything at least daily.
const ROUND: TimeDelta = TimeDelta::minutes(5);
const DAY: TimeDelta = TimeDelta::hours(25);

/// Accepted events of a clone's history, oldest first.
fn accepted(world: &World, repo: usize) -> impl DoubleEndedIterator<Item = &Recorded> {
    let repo = &world.repos[repo];
    let events = repo.history.iter().filter_map(|entry| entry.recorded.as_ref());
    events.filter(|recorded| !repo.ledger.superseded.contains(&recorded.commit))
}

/// The accepted events of one task that move it, oldest first.
fn story<'a>(world: &'a World, repo: usize, task: &'a TaskId) -> Vec<&'a Recorded> {
    let moves = |kind: &Kind| {
        !matches!(
            kind,
            Kind::Progressed { .. }
                | Kind::Stalled { .. }
                | Kind::Approved { .. }
                | Kind::Judged(_)
                | Kind::Clarified { .. }
        )
    };
    let of_task = accepted(world, repo).filter(|r| r.event.kind.task() == Some(task));
    of_task.filter(|recorded| moves(&recorded.event.kind)).collect()
}

/// Before a builder is executed: I1.
pub fn at_builder(world: &World, index: usize) {
    let process = &world.processes[index];
    let same =
        |p: &&super::world::Process| p.builder && p.repo == process.repo && p.task == process.task;
    let other = world.processes.iter().find(same);
    assert!(other.is_none(), "I1: two builders of one task: {process:#?}\n{other:#?}");
}

/// Before `started` is written: every cause that opens a gate is there (I8).
pub fn at_start(world: &World, repo: usize, start: &Start, forced: bool) {
    let (here, task) = (&world.repos[repo], &start.task);
    let text = here.queue.get(task).copied();
    let Some(text) = text.filter(|text| text.blob(task) == start.source) else {
        panic!("I8: it builds a text that is not in the queue: {start:?}");
    };
    let story = story(world, repo, task);
    let kinds = || story.iter().map(|recorded| &recorded.event.kind);
    let begun = kinds().any(|k| matches!(k, Kind::Started(s) if s.source == start.source));
    let why = broken(world, repo, (task, text), forced, begun);
    assert!(why.is_none(), "I8: `{task}` ({text:?}) starts though {}", why.unwrap_or_default());
    let numbers = kinds().filter_map(|kind| match kind {
        Kind::Started(started) => Some(started.attempt.0),
        _ => None,
    });
    assert_eq!(start.attempt.0, numbers.max().unwrap_or(0) + 1, "a number comes once: {start:?}");
    check_retry(world, &story);
}

/// The rule that this start would break.
fn broken(
    world: &World,
    repo: usize,
    (task, text): (&TaskId, Text),
    forced: bool,
    begun: bool,
) -> Option<&'static str> {
    let here = &world.repos[repo];
    let approved = approved(world, repo, task, text);
    let busy = world.processes.iter().filter(|p| p.repo == repo && p.task != *task && p.builder);
    let hour = world.now.hour();
    let later: DateTime<Utc> = "2026-02-08T12:00:00Z".parse().unwrap();
    let rules = [
        ("the queue is another clone's", runner(world, repo) != Some(&here.here)),
        ("the queue is paused", paused(world, repo)),
        ("the policy is not trusted", !here.trusted),
        ("the text is nobody's", !here.own.contains(&text.blob(task)) && !approved),
        ("it says too little", text == Text::Unclear && !approved),
        ("it is risky", text == Text::Risky && !approved),
        ("it is of low priority", text == Text::Low && !approved && !forced),
        ("it is blocked or broken", text.never()),
        ("what comes first has not come", !text.upon().iter().all(|dep| done(world, repo, dep))),
        ("its window is closed", {
            let night = !(6..22).contains(&hour);
            text == Text::Medium && !(night || begun || forced)
        }),
        ("it is too early", text == Text::Later && world.now < later && !forced),
        ("a meeting runs", here.meeting && !forced),
        ("no place is free", busy.count() >= world.config.max_parallel),
        ("its builder is not there", here.missing && text.builder() == "agent"),
    ];
    rules.into_iter().find(|(_, broken)| *broken).map(|(rule, _)| rule)
}

fn runner(world: &World, repo: usize) -> Option<&String> {
    accepted(world, repo).rev().find_map(|recorded| match &recorded.event.kind {
        Kind::Runner { runner } => Some(runner),
        _ => None,
    })
}

fn paused(world: &World, repo: usize) -> bool {
    let last = accepted(world, repo).rev().find_map(|recorded| match &recorded.event.kind {
        Kind::Paused { builder: None, until, .. } => {
            Some(until.is_none_or(|until| world.now < until))
        }
        Kind::Resumed { builder: None } => Some(false),
        _ => None,
    });
    last == Some(true)
}

/// A person of this clone has approved this very text, and it counts still.
fn approved(world: &World, repo: usize, task: &TaskId, text: Text) -> bool {
    // What had ended before the clock was set back stays ended.
    let all = world.repos[repo].history.iter().filter_map(|entry| entry.recorded.as_ref());
    let latest = all.map(|recorded| recorded.at).max();
    accepted(world, repo).any(|recorded| match &recorded.event.kind {
        Kind::Approved { task: of, source, until, .. } => {
            let exact = of == task && *source == text.blob(task);
            let latest = latest.map_or(world.now, |latest| latest.max(world.now));
            let stands = until.is_none_or(|until| latest < until);
            exact && stands && world.writers.get(&recorded.commit) == Some(&repo)
        }
        _ => false,
    })
}

fn done(world: &World, repo: usize, task: &TaskId) -> bool {
    let filed = world.repos[repo].done.contains_key(task);
    match story(world, repo, task).last().map(|recorded| &recorded.event.kind) {
        Some(Kind::Merged { .. }) => true,
        Some(Kind::Succeeded(_)) => world.config.depends == Depends::Review,
        Some(Kind::Blocked { .. } | Kind::Escalated { .. }) => false,
        _ => filed,
    }
}

/// A retry comes after its delay, and no more often than it may; time that the clock was set by
/// counts as the clock says, forwards, and never holds it for longer than the delay.
fn check_retry(world: &World, story: &[&Recorded]) {
    let failed = |kind: &Kind| matches!(kind, Kind::Failed(f) if f.fault == Fault::Task);
    let Some(last) = story.last().filter(|last| failed(&last.event.kind)) else { return };
    let delay = TimeDelta::from_std(world.config.retry_delay).unwrap();
    let waited = world.now - last.at;
    let set_back = waited < -delay;
    assert!(waited >= delay || set_back, "I8: a retry starts {waited} after the failure");
    let since = story.iter().rev().take_while(|recorded| {
        !matches!(
            recorded.event.kind,
            Kind::Retried { .. }
                | Kind::Succeeded(_)
                | Kind::Closed { .. }
                | Kind::Cancelled { .. }
        )
    });
    let failures = since.filter(|recorded| failed(&recorded.event.kind)).count();
    assert!(failures <= world.config.retry_max as usize, "I8: {failures} failures, tried again");
}

/// After a whole sync nothing is left to do, everything that runs is looked after, and somebody
/// wakes in time (I4).
pub fn after_sync(world: &World, repo: usize, plan: &Plan, turn: Turn) {
    let here = &world.repos[repo];
    let fresh = |p: &super::world::Process| p.stage == Stage::Fresh && p.lives();
    let slow = !turn.begin || world.refused || world.processes.iter().any(fresh);
    let left: Vec<_> = plan.actions.iter().collect();
    assert!(left.is_empty() || slow, "I4: a sync leaves work: {left:#?}");
    let only_starts = left.iter().all(|action| matches!(action, Action::Start(_)));
    assert!(only_starts || world.refused, "I4: a sync leaves more than slow starts: {left:#?}");
    if here.ledger.runner.as_ref() != Some(&here.here) {
        assert_eq!(plan.wake, None, "who only watches sleeps");
        return;
    }
    for (task, build) in &here.ledger.builds {
        let Some(run) = build.running() else { continue };
        let alive = world.locked(repo, task, run.number()) || world.refused;
        assert!(alive, "I4: {task} is said to be building, and nobody does: {build:#?}");
        assert!(plan.wake.is_some_and(|wake| wake <= world.now + ROUND), "nobody looks at {task}");
    }
    for verdict in &plan.verdicts {
        let opens = verdict.opens().filter(|at| *at > world.now);
        let early = opens.is_none_or(|at| plan.wake.is_some_and(|wake| wake <= at));
        assert!(early, "nobody wakes for {}: {:?}, {:?}", verdict.task, opens, plan.wake);
    }
    let wake = plan.wake.map(|wake| wake - world.now);
    let sane = wake.is_none_or(|left| left > TimeDelta::zero() && left <= DAY);
    assert!(sane, "the waker sleeps for {wake:?}");
}

/// After every step, in both clones.
pub fn after_step(world: &World) {
    for repo in 0..world.repos.len() {
        let here = &world.repos[repo];
        let replayed = replay_each(&here.history);
        assert_eq!(replayed, here.ledger, "a ledger that is extended is the one that is replayed");
        check_history(world, repo);
    }
    let [one, other] = &world.repos;
    let tips = (one.history.last(), other.history.last());
    if let (Some(one_tip), Some(other_tip)) = tips
        && one_tip.commit == other_tip.commit
    {
        assert_eq!(one.ledger, other.ledger, "two clones see one history");
        let runs = |repo: usize| {
            let plan = world.plan(repo, None);
            plan.actions.iter().any(|action| !matches!(action, Action::Bury { .. }))
        };
        assert!(!(runs(0) && runs(1)) || one.ledger.runner.is_none(), "two clones run one queue");
    }
}

/// The fold over each beginning of a history is a ledger.
fn replay_each(history: &[Entry]) -> Ledger {
    let ledger = replayed(history);
    assert_eq!(ledger.tip, history.last().map(|entry| entry.commit));
    ledger
}

/// I2, by the events alone: one accepted beginning and one accepted completion of each attempt,
/// and the completion by the very attempt whose beginning was accepted.
fn check_history(world: &World, repo: usize) {
    let mut begun: BTreeMap<(TaskId, Attempt), &Recorded> = BTreeMap::new();
    let mut completed = BTreeSet::new();
    for recorded in accepted(world, repo) {
        let kind = &recorded.event.kind;
        let (Some(task), Some(attempt)) = (kind.task(), kind.attempt()) else { continue };
        let key = (task.clone(), attempt);
        if let Kind::Started(_) = kind {
            assert!(begun.insert(key, recorded).is_none(), "I2: begun twice: {kind:?}");
            continue;
        }
        let Some(beginning) = begun.get(&key) else {
            panic!("I2: no such attempt has begun: {kind:?}");
        };
        if let Kind::Succeeded(_) | Kind::Blocked { .. } = kind {
            assert!(completed.insert(key), "I2: completed twice: {kind:?}");
        }
        let by = world.hands.get(&recorded.commit);
        let own = by.is_none_or(|by| *by == beginning.commit);
        assert!(own, "I2: a superseded attempt is listened to: {kind:?}");
    }
}

/// Whatever happened: once a person has put everything right, every task that can be built is.
pub fn in_the_end(world: &mut World) {
    let repo = 0;
    world.heal(repo);
    let mut left = Vec::new();
    for _ in 0..40 {
        world.a_day(repo);
        left = unfinished(world, repo);
        if left.is_empty() {
            return;
        }
    }
    let plan = world.plan(repo, None);
    let holds: Vec<_> =
        plan.verdicts.iter().flat_map(|v| v.holds().map(|h| (&v.task, h))).collect();
    let phases = world.repos[repo].ledger.builds.iter().map(|(id, build)| (id, &build.phase));
    panic!("I4: stuck for ever: {left:?}\n{holds:#?}\n{:#?}", phases.collect::<Vec<_>>());
}

/// Tasks of the queue that could be built, and are neither in the base nor called off.
fn unfinished(world: &World, repo: usize) -> Vec<TaskId> {
    let here = &world.repos[repo];
    let possible = |task: &TaskId| possible(world, repo, task, 0);
    let over = |task: &TaskId| {
        let build = here.ledger.builds.get(task);
        let called_off = |phase: &Phase| {
            matches!(phase, Phase::Cancelled { .. } | Phase::Closed { .. } | Phase::Merged { .. })
        };
        build.is_some_and(|build| called_off(&build.phase))
    };
    here.queue.keys().filter(|task| possible(task) && !over(task)).cloned().collect()
}

fn possible(world: &World, repo: usize, task: &TaskId, depth: usize) -> bool {
    let here = &world.repos[repo];
    let phase = here.ledger.builds.get(task).map(|build| &build.phase);
    let called_off = matches!(phase, Some(Phase::Cancelled { .. } | Phase::Closed { .. }));
    let Some(text) = here.queue.get(task) else { return done(world, repo, task) };
    if depth > 0 && (done(world, repo, task) || called_off) {
        return done(world, repo, task);
    }
    let comes_first = |dep: &TaskId| possible(world, repo, dep, depth + 1);
    !in_circle(world, repo, task) && !text.never() && text.upon().iter().all(comes_first)
}

/// Whether a way of dependencies leads from a task back to itself.
fn in_circle(world: &World, repo: usize, task: &TaskId) -> bool {
    let upon = |id: &TaskId| world.repos[repo].queue.get(id).map(|text| text.upon());
    let (mut open, mut seen) = (upon(task).unwrap_or_default(), BTreeSet::new());
    while let Some(next) = open.pop() {
        if next == *task {
            return true;
        }
        if seen.insert(next.clone()) {
            open.extend(upon(&next).unwrap_or_default());
        }
    }
    false
}
