//! `buildq sync`

mod branches;
mod page;
mod seen;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::gather::{Around, World, builder_person};
use super::supervise::{self, bury, tidy};
use super::{Exit, Scene, gc, judge, print, report, tell};
use crate::core::ledger::Ledger;
use crate::core::night;
use crate::core::plan::{self, Action, Deed, Outcome, Plan, Start};
use crate::domain::event::Kind;
use crate::domain::id::TaskId;
use crate::effects::ledger::{Appended, Draft, append};
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::{clock, detach, files, waker};
use crate::render;

pub use branches::{keep_attempt, point_branch};
use branches::{own_refs, point_branches};
pub use seen::Seen;

/// Do all that is due now: safe at any time, any number of times
///
/// Hooks, the timer and the end of every build run it; so may you. What is not due is told
/// with its reason by `buildq status` and `buildq why TASK`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the plan and change nothing
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Leave the work to a sync that runs already
    #[arg(long, hide = true)]
    leave: bool,
}

/// A sync that finds another one at work waits for it this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rounds of plan and act; each round acts on something new, so this is never reached.
const ROUNDS: usize = 1000;
/// A supervisor says within this time whether its attempt has begun.
const BEGIN: Duration = Duration::from_secs(30);

/// Gathers, plans, acts, and says what became of it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.check {
        return check(args.json, scene);
    }
    if args.leave {
        return leave_to_one(scene);
    }
    let place = super::gather::open(&scene.dir)?;
    if args.json {
        print(&json(&all_that_is_due(place, None)?)?);
        return Ok(Exit::Done);
    }
    let page = in_short(place)?;
    if !args.quiet {
        print(&page);
    }
    Ok(Exit::Done)
}

/// Prints the plan; where the last one still stands, without reading the tasks again.
fn check(as_json: bool, scene: &Scene) -> Result<Exit> {
    let around = scene.look_around()?;
    if as_json {
        let world = around.whole()?;
        print(&json(&plan::plan(world.situation(None)))?);
        return Ok(Exit::Done);
    }
    let troubles = around.world().seen.calendar_troubles.clone();
    print(&match around.lasting() {
        Some(lasting) => {
            let wake = around.wake(&lasting);
            render::plan::lasting(&lasting.holds, wake, &around.world().config)
        }
        None => {
            let world = around.whole()?;
            let plan = plan::plan(world.situation(None));
            world.keep_plan(&plan);
            render::plan::plan(&plan, &world.config)
        }
    });
    troubles.iter().for_each(|trouble| print(&render::plan::warning(trouble)));
    Ok(Exit::Done)
}

fn json(value: &impl Serialize) -> Result<String> {
    Ok(crate::render::text::json(value)?)
}

/// Of many syncs that start at once, one works and the others leave a note for it.
fn leave_to_one(scene: &Scene) -> Result<Exit> {
    let (_, paths) = super::gather::open(&scene.dir)?;
    let note = paths.local.join("sync-again");
    loop {
        files::replace_cache(&note, b"")?;
        // Taken before the note is removed, so that a note left meanwhile is never lost.
        let Some(turn) = Lock::try_take(&paths.lock("sync-note"))? else { return Ok(Exit::Done) };
        while std::fs::remove_file(&note).is_ok() {
            if let Err(error) = super::gather::open(&scene.dir).and_then(in_short) {
                // Nobody reads a background sync's error in time: it is tried again.
                waker::leave(&paths, Some(clock::now() + TimeDelta::minutes(1)))?;
                return Err(error);
            }
        }
        drop(turn);
        if !note.exists() {
            return Ok(Exit::Done);
        }
    }
}

/// Starts a sync that outlives this process.
pub fn in_background(common: &Path) -> Result<()> {
    let words = ["-C".as_ref(), common.as_os_str(), "sync".as_ref(), "--quiet".as_ref()];
    let mut words = words.to_vec();
    words.push("--leave".as_ref());
    let log = common.join("buildq").join("logs").join("sync.log");
    detach::spawn(&words, common, Some(&log), false)?;
    Ok(())
}

/// A sync that has its turn, or why it has not.
enum Begun {
    Idle(Outcome),
    Here(Lock, Box<Around>),
}

fn begin((repo, paths): (Repo, Paths), forced: Option<&TaskId>) -> Result<Begun> {
    if !paths.known {
        let world = World::look(repo, paths, clock::now())?;
        let plan = plan::plan(world.situation(forced));
        let idle = Some("this clone has not been set up: buildq init".to_owned());
        return Ok(Begun::Idle(Outcome { idle, plan, ..Outcome::default() }));
    }
    let Some(turn) = Lock::take(&paths.lock("sync"), PATIENCE)? else {
        // What it does not see any more is looked at a minute later.
        waker::leave(&paths, Some(clock::now() + TimeDelta::minutes(1)))?;
        let idle = Some("another sync is at work and does what is due".to_owned());
        return Ok(Begun::Idle(Outcome { idle, ..Outcome::default() }));
    };
    let mut around = Around::look(repo, paths, clock::now())?;
    around.world().hand_on_environment();
    if bury::end_orphans(around.world()) {
        around = around.again(clock::now())?;
    }
    Ok(Begun::Here(turn, Box::new(around)))
}

/// Carries out plans until nothing is due. `forced` starts past window, calendar, not-before
/// and approval.
pub fn all_that_is_due(place: (Repo, Paths), forced: Option<&TaskId>) -> Result<Outcome> {
    match begin(place, forced)? {
        Begun::Idle(outcome) => Ok(outcome),
        Begun::Here(_turn, around) => carry_out(around.whole()?, forced),
    }
}

/// The same; where the last plan still stands, no task is read.
pub fn what_was_done(place: (Repo, Paths)) -> Result<Outcome> {
    let (_turn, around) = match begin(place, None)? {
        Begun::Idle(outcome) => return Ok(outcome),
        Begun::Here(turn, around) => (turn, around),
    };
    let Some(lasting) = around.lasting() else { return carry_out(around.whole()?, None) };
    finish(around.world(), around.wake(&lasting), lasting.tasks)?;
    Ok(Outcome::default())
}

/// The same, and what it says to people: where the last plan still stands, no task is read.
pub fn in_short(place: (Repo, Paths)) -> Result<String> {
    let (_turn, around) = match begin(place, None)? {
        Begun::Idle(outcome) => return Ok(render::plan::done(&outcome)),
        Begun::Here(turn, around) => (turn, around),
    };
    let world = around.world();
    let page = page::put_off(&world.paths, world.now);
    let due = page.is_some_and(|at| at <= world.now);
    let Some(lasting) = around.lasting().filter(|_| !due) else {
        return Ok(render::plan::done(&carry_out(around.whole()?, None)?));
    };
    finish(world, earlier(around.wake(&lasting), page), lasting.tasks)?;
    Ok(render::plan::said(&lasting.nothing, &world.seen.calendar_troubles))
}

fn carry_out(mut world: World, forced: Option<&TaskId>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    // What a killed supervisor left of an attempt that a person has ended takes a place up.
    tidy::tidy(&world);
    let mut untold = Vec::new();
    for round in 0..ROUNDS {
        outcome.plan = plan::plan(world.situation(forced));
        if round == 0 {
            untold.extend(tell::begin(&world, &outcome.plan).err());
        }
        let tried = |action: &&Action| outcome.deeds.iter().any(|deed| deed.action == **action);
        let Some(action) = outcome.plan.actions.iter().find(|action| !tried(action)) else { break };
        let action = action.clone();
        let trouble =
            act(&world, &action, forced).unwrap_or_else(|error| Some(render::error::show(&error)));
        outcome.deeds.push(Deed { action, trouble });
        world = world.again(clock::now())?;
    }
    outcome.warnings.clone_from(&world.seen.calendar_troubles);
    outcome.warnings.extend(unbounded(&world, &outcome.deeds));
    untold.extend(tell::collect(&world, &outcome.plan).err());
    let untold = untold.iter().map(|error| format!("notices are not kept: {error:#}"));
    outcome.warnings.extend(untold);
    finish(&world, outcome.plan.wake, world.queue.items.len())?;
    if let Some(at) = page::keep(&world)? {
        waker::leave(&world.paths, earlier(tell::wake(&world, outcome.plan.wake), Some(at)))?;
    }
    if forced.is_none() {
        world.keep_plan(&outcome.plan);
    }
    Ok(outcome)
}

/// The first of two moments.
fn earlier(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    a.into_iter().chain(b).min()
}

/// What every sync leaves behind: first of all somebody who looks again, whatever else goes wrong.
fn finish(world: &World, wake: Option<DateTime<Utc>>, tasks: usize) -> Result<()> {
    waker::leave(&world.paths, tell::wake(world, wake))?;
    // A notice that cannot be carried out now waits for the next sync.
    let _ = tell::carry(world);
    let pointed = point_branches(world);
    tidy::tidy(world);
    world.repo.free_of_stale_locks(&own_refs(world))?;
    seen::remember(world, tasks)?;
    gc::when_due(world)?;
    pointed
}

/// What was started by builders that a limit on cost does not bound, as far as is known.
fn unbounded(world: &World, deeds: &[Deed]) -> Vec<String> {
    if world.config.limits.cost_per_night.is_none() {
        return Vec::new();
    }
    let builder = |deed: &Deed| match (&deed.action, &deed.trouble) {
        (Action::Start(start), None) => Some(start.builder.clone()),
        _ => None,
    };
    let builders: BTreeSet<_> = deeds.iter().filter_map(builder).collect();
    let silent = builders.iter().filter(|builder| night::is_silent(&world.ledger, builder));
    silent.map(|builder| night::unbounded(builder)).collect()
}

/// Carries out one action; what it answers is why it could not.
fn act(world: &World, action: &Action, forced: Option<&TaskId>) -> Result<Option<String>> {
    let kind = match action.clone() {
        Action::Start(start) => return spawn(world, &start, forced),
        Action::Bury { task, attempt } => return bury::bury(world, &task, attempt),
        Action::Judge { task, .. } => return judge::spawn(world, &task),
        Action::Report { date } => return report::save(world, date),
        Action::Morning { date } => return report::morning(world, date),
        Action::Adopt { runner } => Kind::Runner { runner },
        Action::Merge { task, attempt, arrival } => Kind::Merged {
            task,
            attempt,
            commit: arrival.commit,
            how: arrival.how,
            edited: arrival.edited,
        },
        Action::Close { task, source } => {
            Kind::Closed { task, reason: "its file was moved to done by hand".into(), source }
        }
        Action::Renew { task } => {
            Kind::Retried { task, reason: "its text was edited while it waited".into() }
        }
        Action::Escalate { task, attempt } => Kind::Escalated { task, attempt },
    };
    let draft = Draft::new(kind);
    // A repeated runner event would say nothing new.
    let wanted = |ledger: &Ledger| match &draft.kind {
        Kind::Runner { .. } => ledger.runner.is_none(),
        _ => true,
    };
    // What was decided holds only while the ledger says of this task what it said then.
    let task = draft.kind.task().cloned();
    let same = |ledger: &Ledger| {
        let build = |ledger: &Ledger| task.as_ref().and_then(|t| ledger.builds.get(t).cloned());
        build(ledger) == build(&world.ledger)
    };
    let wanted = |ledger: &Ledger| wanted(ledger) && same(ledger);
    let decide = &mut |ledger: &_| {
        Ok(if wanted(ledger) {
            Ok(draft.clone())
        } else {
            Err("the ledger has moved on".to_owned())
        })
    };
    let mut pen = world.pen();
    if matches!(draft.kind, Kind::Escalated { .. } | Kind::Retried { .. }) {
        // Nobody but the rules has caused it.
        pen.author = builder_person();
    }
    Ok(match append(&pen, decide)? {
        Appended::Yes(..) => None,
        Appended::No(why) => Some(why),
    })
}

/// Starts a supervisor and waits for its word that the attempt has begun, or why not.
fn spawn(world: &World, start: &Start, forced: Option<&TaskId>) -> Result<Option<String>> {
    let words =
        supervise::words(&world.paths, &start.task, start.attempt, forced == Some(&start.task));
    let args: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    let log = world.paths.local.join("logs").join("supervisors.log");
    let ready = detach::spawn(&args, world.paths.common.as_path(), Some(&log), true)?;
    let word = ready.and_then(|ready| ready.wait(BEGIN));
    Ok(match word.as_deref() {
        Some("begun") => None,
        Some(why) => Some(why.to_owned()),
        None => Some(format!("its supervisor died; see `{}`", log.display())),
    })
}

/// Everything that a person asked about in one plan, by task.
pub fn verdict<'a>(plan: &'a Plan, task: &TaskId) -> Option<&'a plan::Verdict> {
    plan.verdicts.iter().find(|verdict| verdict.task == *task)
}
