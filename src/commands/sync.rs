//! `buildq sync`

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::gather::{World, attempt_ref, branch_ref, builder_person, held_ref};
use super::supervise::{self, bury, tidy};
use super::{Exit, Scene, gc, judge, print, report};
use crate::core::ledger::{Build, Ledger, Phase, Run, Wait};
use crate::core::night;
use crate::core::plan::{self, Action, Deed, Outcome, Plan, Start};
use crate::core::situation::Branch;
use crate::domain::event::Kind;
use crate::domain::id::{Oid, TaskId};
use crate::effects::ledger::{self, Appended, Draft, append};
use crate::effects::locks::Lock;
use crate::effects::repo::{Repo, Swap};
use crate::effects::trust::{self, CONFIG};
use crate::effects::{clock, detach, files, paths, waker};
use crate::render;

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
        let world = scene.look()?;
        let plan = plan::plan(world.situation(None));
        print(&if args.json { json(&plan)? } else { render::plan::plan(&plan, &world.config) });
        if !args.json {
            for trouble in &world.seen.calendar_troubles {
                print(&render::plan::warning(trouble));
            }
        }
        return Ok(Exit::Done);
    }
    if args.leave {
        return leave_to_one(scene);
    }
    let outcome = all_that_is_due(scene.look()?, None)?;
    if args.json {
        print(&json(&outcome)?);
    } else if !args.quiet {
        print(&render::plan::done(&outcome));
    }
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
            let again = Scene { now: clock::now(), ..scene.clone() };
            if let Err(error) = again.look().and_then(|world| all_that_is_due(world, None)) {
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

/// Carries out plans until nothing is due. `forced` starts past window, calendar, not-before
/// and approval.
pub fn all_that_is_due(world: World, forced: Option<&TaskId>) -> Result<Outcome> {
    if !world.paths.known {
        let plan = plan::plan(world.situation(forced));
        let idle = Some("this clone has not been set up: buildq init".to_owned());
        return Ok(Outcome { idle, plan, ..Outcome::default() });
    }
    let turn = Lock::take(&world.paths.lock("sync"), PATIENCE)?;
    if turn.is_none() {
        // What it does not see any more is looked at a minute later.
        waker::leave(&world.paths, Some(clock::now() + TimeDelta::minutes(1)))?;
        let idle = Some("another sync is at work and does what is due".to_owned());
        return Ok(Outcome { idle, ..Outcome::default() });
    }
    world.hand_on_environment();
    let mut outcome = Outcome::default();
    let mut world = world.again(clock::now())?;
    if bury::end_orphans(&world) {
        world = world.again(clock::now())?;
    }
    // What a killed supervisor left of an attempt that a person has ended takes a place up.
    tidy::tidy(&world);
    for _ in 0..ROUNDS {
        outcome.plan = plan::plan(world.situation(forced));
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
    // First of all somebody who looks again, whatever else goes wrong.
    waker::leave(&world.paths, outcome.plan.wake)?;
    let pointed = point_branches(&world);
    tidy::tidy(&world);
    world.repo.free_of_stale_locks(&own_refs(&world))?;
    remember(&world)?;
    gc::when_due(&world)?;
    pointed.map(|()| outcome)
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

/// `build/<task>` follows the attempt, wherever nobody else holds it.
fn point_branches(world: &World) -> Result<()> {
    for task in plan::branches_to_point(world.situation(None)).keys() {
        let Some(run) = world.ledger.builds.get(task).and_then(Build::last) else { continue };
        point_branch(world, task, run)?;
    }
    Ok(())
}

/// Every ref that this clone may have been writing when it was killed, but for those of builds that
/// are over for good.
fn own_refs(world: &World) -> Vec<String> {
    let mut names = vec![ledger::REF.to_owned()];
    for (task, build) in world.ledger.builds.iter().filter(|(_, build)| !build.is_over()) {
        let Some(attempt) = build.last().map(Run::number) else { continue };
        names.extend([
            format!("refs/heads/{}", world.branch_of(task)),
            branch_ref(task),
            attempt_ref(task, attempt),
            held_ref(task, attempt),
        ]);
    }
    names
}

/// Moves one build's branch to the newest commit of a run.
pub fn point_branch(world: &World, task: &TaskId, run: &Run) -> Result<()> {
    let held = world.repo.reference(&held_ref(task, run.number())).is_some();
    if held || run.holds_secret() {
        return Ok(());
    }
    let Some(tip) = world.attempt_tip(task, run) else { return Ok(()) };
    let branch = world.branch_of(task);
    // Looked at first, so that a person's commit between the look and the swap wins.
    let old = world.repo.branch(&branch);
    if old != Some(tip) && world.branch_state(task) == Branch::Ours {
        let moved = world.repo.swap_branch(&branch, old, tip)?;
        let note = branch_ref(task);
        if moved == Swap::Done {
            let before = world.repo.reference(&note);
            let _: Swap = world.repo.swap(&note, before, tip, "buildq")?;
        }
    }
    Ok(())
}

/// What the last sync saw, so that a hook can tell at once whether anything changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The queue's tree.
    pub queue: Option<Oid>,
    /// The policy and the templates: path and object of each.
    pub trusted: BTreeMap<String, Option<Oid>>,
    /// The base branch, and what commands may name there: path and object of each.
    pub named: (String, BTreeMap<String, Option<Oid>>),
    /// The base branch and its tip, while a build waits for it to move.
    pub base: Option<(String, Oid)>,
    /// The queue branch's tip.
    pub tip: Option<Oid>,
    /// The queue's directory.
    pub dir: String,
    /// How many tasks it had.
    #[serde(default)]
    pub tasks: usize,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
}

impl Seen {
    /// What stands now.
    pub fn now(repo: &Repo, branch: &str, dir: &str, at: chrono::DateTime<chrono::Utc>) -> Self {
        let tip = repo.branch(branch);
        let queue = tip.and_then(|tip| repo.entry(tip, dir));
        let dir = dir.to_owned();
        Self { queue, tip, dir, at, ..Self::default() }
    }

    /// Whether nothing of what it saw has changed since.
    pub fn still_holds(&self, repo: &Repo, now: &Self) -> bool {
        self.queue == now.queue
            && self.same_policy(repo, now.tip)
            && self.base.as_ref().is_none_or(|(base, tip)| repo.branch(base) == Some(*tip))
    }

    /// Whether what must be trusted is still what it saw; `tip` is the queue branch's.
    pub fn same_policy(&self, repo: &Repo, tip: Option<Oid>) -> bool {
        let same = |tip: Option<Oid>, (path, object): (&String, &Option<Oid>)| {
            tip.and_then(|tip| repo.entry(tip, path)) == *object
        };
        let (base, named) = &self.named;
        let base = repo.branch(base);
        self.trusted.iter().all(|one| same(tip, one)) && named.iter().all(|one| same(base, one))
    }

    /// What the last sync of this clone saw.
    pub fn last(paths: &paths::Paths) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(paths.local.join("seen.json")).ok()?).ok()
    }
}

fn remember(world: &World) -> Result<()> {
    let dir = &world.config.queue_dir;
    let tip = world.queue.tip;
    let entry = |path: &str| tip.and_then(|tip| world.repo.entry(tip, path));
    let beside = world.manifest.iter().flat_map(|manifest| manifest.beside.iter().cloned());
    let files = beside.chain([CONFIG.to_owned(), trust::templates(&world.config)]);
    let trusted = files.map(|path| (path.clone(), entry(&path))).collect();
    let base_tip = world.seen.base.as_ref().map(|(_, tip)| *tip);
    let on_base = |path: &String| base_tip.and_then(|tip| world.repo.entry(tip, path));
    let named = world.manifest.iter().flat_map(|manifest| &manifest.named);
    let named = named.map(|path| (path.clone(), on_base(path))).collect();
    let named = (world.base_branch(), named);
    let waits = |build: &Build| matches!(build.phase, Phase::Waiting { why: Wait::Base, .. });
    let base = world.seen.base.clone().filter(|_| world.ledger.builds.values().any(waits));
    let (queue, dir) = (entry(dir), dir.clone());
    let (tasks, at) = (world.queue.items.len(), world.now);
    let seen = Seen { queue, trusted, named, base, tip, dir, tasks, at };
    files::replace_cache(&world.paths.local.join("seen.json"), &serde_json::to_vec(&seen)?)
}

/// Makes the ref that keeps an attempt's work, at its base.
pub fn keep_attempt(repo: &Repo, start: &Start) -> Result<()> {
    let name = attempt_ref(&start.task, start.attempt);
    let old = repo.reference(&name);
    if let Some(old) = old.filter(|old| *old != start.base) {
        // A number that was given before, by a ledger that is gone: its work stays.
        let kept = format!("refs/buildq/kept/{}/{}-{}", start.task, start.attempt, old.short());
        let _: Swap = repo.swap(&kept, repo.reference(&kept), old, "buildq: kept")?;
    }
    match repo.swap(&name, old, start.base, "buildq: an attempt begins")? {
        Swap::Done => Ok(()),
        Swap::Lost => Err(anyhow!("`{name}` was moved by somebody else")),
    }
}

/// Everything that a person asked about in one plan, by task.
pub fn verdict<'a>(plan: &'a Plan, task: &TaskId) -> Option<&'a plan::Verdict> {
    plan.verdicts.iter().find(|verdict| verdict.task == *task)
}
