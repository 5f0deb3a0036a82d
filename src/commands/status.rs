//! `buildq status`

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use super::gather::{Around, World};
use super::mouth::{self, Colour};
use super::sync::Seen;
use super::{Exit, Scene, init, print};
use crate::core::ledger::Run;
use crate::core::overview::{self, Heartbeat, Hooks, Live, Machine, Overview, Sandbox};
use crate::core::progress::{self, Progress};
use crate::domain::id::TaskId;
use crate::domain::task;
use crate::effects::hooks::{self, FAILED_MARK, Place, State};
use crate::effects::sandbox::{Level, Parts};
use crate::effects::{machine, outbox, output, timers, waker};
use crate::render::status::terminal::Face;
use crate::render::status::{self as page, Part};

/// Tell what needs you, what is building, what comes next, and what has ended
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the queue, all of it
    #[arg(long, group = "part")]
    queue: bool,
    /// Only what needs you and what is building
    #[arg(long, group = "part")]
    active: bool,
    /// Only what has ended lately
    #[arg(long, group = "part")]
    completed: bool,
    /// One sentence
    #[arg(long, group = "part")]
    brief: bool,
    /// Everything as JSON (docs/status-schema.md)
    #[arg(long, group = "part")]
    json: bool,
    /// Everything as Markdown
    #[arg(long, group = "part")]
    markdown: bool,
    /// When to show colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Colour,
}

/// A commit that is older than this should have been noticed.
const SOON: TimeDelta = TimeDelta::minutes(1);
/// Commits of one attempt that are read for its progress.
const MOST_COMMITS: usize = 10_000;

/// How closely a clone is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// At all there is.
    Whole,
    /// Without what takes long to find out.
    Quick,
}

/// Looks, and says it in the form that is wanted.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let look = if args.brief { Look::Quick } else { Look::Whole };
    let part = match (args.queue, args.active, args.completed) {
        (true, _, _) => Part::Queue,
        (_, true, _) => Part::Active,
        (_, _, true) => Part::Completed,
        _ => Part::All,
    };
    let plain = args.brief || mouth::terminal(args.color).is_none();
    let in_short = plain && part == Part::All && !args.json && !args.markdown;
    let around = scene.look_around()?;
    if let Some(view) = in_short.then(|| kept(&around, look)).flatten() {
        let width = machine::width();
        print(&if args.brief { page::brief(&view) } else { page::page(&view, part, width) });
        return Ok(Exit::Done);
    }
    let world = around.whole()?;
    let view = overview(&world, look);
    world.keep_overview(&view);
    if args.json {
        print(&crate::render::text::json(&view)?);
    } else if args.markdown {
        print(&page::markdown(&view));
    } else if args.brief {
        print(&page::brief(&view));
    } else if let Some(terminal) = mouth::terminal(args.color) {
        let links = if terminal.links { links(&world) } else { BTreeMap::new() };
        let face = Face { width: terminal.width, signs: terminal.signs, links };
        mouth::show(&page::terminal::lines(&view, part, &face), terminal);
    } else {
        print(&page::page(&view, part, machine::width()));
    }
    Ok(Exit::Done)
}

/// Where the names of tasks lead: to their files, while the work tree has the queue branch.
fn links(world: &World) -> BTreeMap<TaskId, String> {
    let Some(top) = world
        .repo
        .work_dir()
        .filter(|_| world.repo.head_branch().as_deref() == Some(world.queue_branch.as_str()))
    else {
        return BTreeMap::new();
    };
    let items = world.queue.items.iter();
    items.map(|(id, item)| (id.clone(), machine::file_url(&top.join(&item.path)))).collect()
}

/// What is told in a page where nothing has changed: no task is read for it.
fn kept(around: &Around, look: Look) -> Option<Overview> {
    let (kept, world) = (around.kept()?, around.world());
    Some(kept.overview(world.situation(None), clone(world, look)))
}

/// The overview of a world.
pub fn overview(world: &World, look: Look) -> Overview {
    let running = world.ledger.builds.iter().filter_map(|(id, build)| Some((id, build.running()?)));
    let live: BTreeMap<TaskId, Live> =
        running.filter_map(|(id, run)| Some((id.clone(), live(world, id, run)?))).collect();
    overview::overview(world.situation(None), &live, clone(world, look))
}

/// What a running attempt shows; `None` when nothing of it is here.
fn live(world: &World, task: &TaskId, run: &Run) -> Option<Live> {
    let ours = run.started.runner == world.seen.here;
    let alive = ours.then(|| world.seen.alive.contains(task));
    let told = told(world, task, run);
    let committed = world.attempt_tip(task, run).and_then(|tip| world.repo.commit(tip).ok());
    let committed = committed.filter(|commit| commit.id != run.started.base).map(|c| c.at);
    let printed = output::newest(&world.paths.output(task, run.number())).map(DateTime::from);
    let last_sign = [Some(run.at), committed, printed.filter(|_| ours)].into_iter().flatten().max();
    let told = match told {
        Some(told) => told,
        None if ours => progress::read(&[], &[]),
        None => return None,
    };
    Some(Live { percent: told.percent, message: told.message, last_sign: last_sign?, alive })
}

/// Progress of a run as its commits and its task file tell it; `None` when its commits are not
/// in this clone.
pub fn told(world: &World, task: &TaskId, run: &Run) -> Option<Progress> {
    let tip = world.attempt_tip(task, run)?;
    let commits = world.repo.commits(tip, &[run.started.base], MOST_COMMITS).ok()?;
    let messages: Vec<_> = commits.into_iter().map(|commit| commit.message).collect();
    let criteria = spec_at(world, task, run).map(|task| task.criteria).unwrap_or_default();
    Some(progress::read(&messages, &criteria))
}

/// The task as a run has left it: in its place, in `done/`, else as it began.
pub fn spec_at(world: &World, task: &TaskId, run: &Run) -> Option<task::Task> {
    let path = run.started.path.clone().unwrap_or_else(|| format!("specs/{task}.md"));
    let tip = world.attempt_tip(task, run);
    let there = tip.and_then(|tip| world.repo.file(tip, &path));
    let done = || {
        let (path, blob) = world.done_file(run)?;
        Some((path, world.repo.blob(blob)?))
    };
    let began = || Some((path.clone(), world.repo.blob(run.started.source)?));
    let (path, bytes) = there.map(|bytes| (path.clone(), bytes)).or_else(done).or_else(began)?;
    task::parse(&path, task, &bytes).task
}

/// What is true of this clone and this machine.
fn clone(world: &World, look: Look) -> Machine {
    let (repo, paths) = (&world.repo, &world.paths);
    let whole = look == Look::Whole && paths.known;
    Machine {
        queue_branch: world.queue_branch.clone(),
        head: repo.head_branch(),
        hooks: if paths.known { hooks_of(world) } else { Hooks::default() },
        awake: waker::is_awake(paths),
        wakes_at: waker::due(paths),
        heartbeat: if whole { heartbeat(world) } else { None },
        last_sync: Seen::last(paths).map(|seen| seen.at),
        sandbox: whole.then(|| walls(&world.sandbox())),
        disk_free: machine::disk_free(&paths.workspaces),
        workspaces: paths.workspaces.display().to_string(),
        notify: outbox::read(paths).map(|outbox| outbox.troubles()).unwrap_or_default(),
    }
}

fn walls(level: &Level) -> Sandbox {
    let Parts {
        level,
        why,
        own_processes,
        writes_held,
        home_hidden,
        sockets_hidden,
        landlock,
        network,
    } = level.parts();
    Sandbox {
        level: level.into(),
        why,
        own_processes,
        writes_held,
        home_hidden,
        sockets_hidden,
        landlock,
        network,
    }
}

/// The hooks of git, as they are in this clone.
pub fn hooks_of(world: &World) -> Hooks {
    let (repo, paths) = (&world.repo, &world.paths);
    let (missing, managed) = match init::hooks_place(repo, paths) {
        Ok(Place::Own(folder)) => {
            let states = hooks::state(&folder, repo.is_bare()).into_iter();
            let gone = states.filter(|(_, state)| !matches!(state, State::Present | State::Old));
            (gone.map(|(name, _)| name.to_owned()).collect(), None)
        }
        Ok(Place::Managed { why, .. }) => (Vec::new(), Some(why)),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Hooks { missing, managed, failed_at: failed_at(world), unnoticed_since: unnoticed(world) }
}

fn failed_at(world: &World) -> Option<DateTime<Utc>> {
    let mark = world.paths.common.join(FAILED_MARK);
    let written: SystemTime = std::fs::metadata(mark).ok()?.modified().ok()?;
    Some(written.into())
}

/// When the queue changed without a sync having looked since.
fn unnoticed(world: &World) -> Option<DateTime<Utc>> {
    let last = Seen::last(&world.paths)?;
    let now = Seen::now(&world.repo, &world.queue_branch, &world.config.queue_dir, world.now);
    if last.still_holds(&world.repo, &now) {
        return None;
    }
    let at = world.repo.commit(now.tip?).ok()?.at;
    (world.now - at > SOON && world.now - last.at > SOON).then_some(at)
}

fn heartbeat(world: &World) -> Option<Heartbeat> {
    let found = timers::status(&timers::Host::here().ok()?, &world.paths.clone_id).ok()?;
    let active = found.iter().any(|timer| timer.active);
    Some(Heartbeat { kind: found.first().map(|timer| timer.kind.to_string()), active })
}
