//! `buildq review`

mod walk;

use anyhow::{Result, anyhow, bail};

use super::gather::World;
use super::{Exit, Scene, print};
use crate::core::gates;
use crate::core::ledger::{Build, Outcome, Phase, Run};
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::same_but_for_ticks;
use crate::effects::repo::Merged;
use crate::render::review::{self as view, Clash, CommitView, Detail, Row};

/// What waits for you: all of it, or one build in full
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: Option<TaskId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// One after the other, on a terminal: a key shows the difference, tries, accepts, rejects or skips
    #[arg(long, conflicts_with_all = ["task", "json"])]
    walk: bool,
}

/// Commits of one build that are shown.
const COMMITS: usize = 200;

/// Shows it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.walk {
        return walk::walk(scene);
    }
    let world = scene.look()?;
    match &args.task {
        None => {
            let rows: Vec<_> =
                in_review(&world).map(|(task, run)| row(&world, task, run)).collect();
            let rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
            match args.json {
                true => print(&crate::render::text::json(&rows)?),
                false => print(&view::list(&rows, world.now)),
            }
        }
        Some(task) => {
            let detail = detail(&world, task)?;
            match args.json {
                true => print(&crate::render::text::json(&detail)?),
                false => print(&view::one(&detail, world.now)),
            }
        }
    }
    Ok(Exit::Done)
}

fn in_review(world: &World) -> impl Iterator<Item = (&TaskId, &Run)> {
    let waits = |build: &Build| matches!(build.phase, Phase::Review { .. });
    let builds = world.ledger.builds.iter().filter(move |(_, build)| waits(build));
    builds.filter_map(|(task, build)| Some((task, build.last()?)))
}

/// Between which commits the work of every build in review lies, where it is in this clone.
pub fn spans(world: &World) -> impl Iterator<Item = (TaskId, (Oid, Oid))> {
    in_review(world).filter_map(|(task, run)| {
        let tip = work(world, task, run).ok()?.tip;
        Some((task.clone(), (began(world, run, tip), tip)))
    })
}

/// Where the work at a tip left the base branch.
fn began(world: &World, run: &Run, tip: Oid) -> Oid {
    let hidden = base(world).unwrap_or(run.started.base);
    world.repo.merge_base(hidden, tip).unwrap_or(run.started.base)
}

/// A finished build's work, as a person would merge it.
pub struct Work {
    /// The commit.
    pub tip: Oid,
    /// What git here calls it: `build/x`, `origin/build/x`, or the commit itself.
    pub name: String,
    /// Commits that came onto it after the build.
    pub added: usize,
}

/// The branch as it stands, if it holds the build's last commit; else that commit.
pub fn work(world: &World, task: &TaskId, run: &Run) -> Result<Work> {
    let (repo, end, branch) = (&world.repo, run.tip(), world.branch_of(task));
    let here = repo.branch(&branch).map(|tip| (branch.clone(), tip));
    let Some((name, tip)) = here.or_else(|| remote(world, &branch, end)) else {
        if repo.has(end) {
            return Ok(Work { tip: end, name: end.short(), added: 0 });
        }
        bail!("the work of `{task}` is not in this clone\nhint: git fetch origin {branch}");
    };
    if !repo.has(end) {
        bail!("`{branch}` is not as the ledger knows it\nhint: git fetch origin buildq {branch}");
    }
    if repo.is_ancestor(end, tip) {
        let added = repo.commits(tip, &[end, base(world).unwrap_or(end)], COMMITS)?.len();
        return Ok(Work { tip, name, added });
    }
    // Behind: it could not follow, because a work tree has it checked out.
    if repo.is_ancestor(tip, end) {
        return Ok(Work { tip: end, name: end.short(), added: 0 });
    }
    Err(anyhow!(
        "`{name}` is no longer what was built: it lacks {}\n\
         hint: if you have rewritten it, merge it by hand: git merge {name}\n\
         hint: back to what was built: git branch -f {branch} {}",
        end.short(),
        end.short()
    ))
}

/// The branch of the one remote whose copy holds the build's last commit.
fn remote(world: &World, branch: &str, end: Oid) -> Option<(String, Oid)> {
    let all = world.repo.references("refs/remotes/").ok()?;
    let mut named = all.into_iter().filter_map(|(name, tip)| {
        let short = name.strip_prefix("refs/remotes/")?;
        (short.split_once('/')?.1 == branch).then(|| (short.to_owned(), tip))
    });
    named.find(|(_, tip)| world.repo.is_ancestor(end, *tip))
}

fn base(world: &World) -> Option<Oid> {
    world.seen.base.as_ref().map(|(_, tip)| *tip)
}

/// Paths for a message: quoted, and not too many.
pub fn names(paths: &[String]) -> String {
    const MOST: usize = 8;
    let shown: Vec<_> = paths.iter().take(MOST).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn row(world: &World, task: &TaskId, run: &Run) -> Result<Row> {
    let Some((since, criteria, unticked)) = ended(run) else {
        bail!("the ledger does not say how `{task}` ended");
    };
    let work = work(world, task, run);
    let findings = match &work {
        Ok(work) => super::inspect::findings(world, task, run, work.tip)?,
        Err(_) => Vec::new(),
    };
    let clashes = match &work {
        Ok(work) => clashes(world, task, work.tip)?,
        Err(_) => Vec::new(),
    };
    let on_base = |id: &&TaskId| {
        let below = world.ledger.builds.get(*id);
        below.is_some_and(|below| !matches!(below.phase, Phase::Merged { .. }))
    };
    Ok(Row {
        task: task.clone(),
        title: run.started.title.clone(),
        attempt: run.number(),
        since,
        ticked: criteria.0,
        criteria: criteria.1,
        unticked,
        branch: world.branch_of(task),
        base: world.base_branch(),
        trouble: work.err().map(|error| error.to_string()),
        clashes,
        upon: run.started.upon.iter().filter(on_base).cloned().collect(),
        crossings: gates::crossings(world.situation(None), task),
        edited: edited(world, task, run),
        findings,
    })
}

type Ended = (chrono::DateTime<chrono::Utc>, (usize, usize), Vec<String>);

fn ended(run: &Run) -> Option<Ended> {
    let end = run.end.as_ref()?;
    match &end.outcome {
        Outcome::Succeeded(done) => Some((end.at, done.criteria, done.unticked.clone())),
        _ => None,
    }
}

/// Whom a merge would clash with: the base branch, and other builds in review.
fn clashes(world: &World, task: &TaskId, tip: Oid) -> Result<Vec<Clash>> {
    let mut found = Vec::new();
    let mut against = |with: String, other: Oid| -> Result<()> {
        if let Merged::Clash(paths) = world.repo.merge(other, tip)? {
            found.push(Clash { with, paths });
        }
        Ok(())
    };
    if let Some(base) = base(world) {
        against(world.base_branch(), base)?;
    }
    for (other, run) in in_review(world).filter(|(other, _)| *other != task) {
        if let Ok(work) = work(world, other, run) {
            against(world.branch_of(other), work.tip)?;
        }
    }
    Ok(found)
}

/// The task's file at the queue's tip is no longer the text that was built.
fn edited(world: &World, task: &TaskId, run: &Run) -> bool {
    let source = run.started.source;
    let Some(item) = world.queue.items.get(task).filter(|item| item.blob != source) else {
        return false;
    };
    match (world.repo.blob(source), world.repo.blob(item.blob)) {
        (Some(built), Some(now)) => !same_but_for_ticks(&built, &now),
        _ => true,
    }
}

/// One build in review, in full.
pub fn detail(world: &World, task: &TaskId) -> Result<Detail> {
    let build = world.build(task)?;
    let run = match (&build.phase, build.last()) {
        (Phase::Review { .. }, Some(run)) => run,
        (phase, _) => return Err(super::say::wrong_phase(task, phase, "review", "in review")),
    };
    let row = row(world, task, run)?;
    let work = work(world, task, run)?;
    let Some(Outcome::Succeeded(done)) = run.end.as_ref().map(|end| &end.outcome) else {
        bail!("the ledger does not say how `{task}` ended");
    };
    let hidden = base(world).unwrap_or(run.started.base);
    let from = began(world, run, work.tip);
    let commits = world.repo.commits(work.tip, &[hidden], COMMITS)?;
    let commits = commits.into_iter().map(|commit| CommitView {
        commit: commit.id,
        subject: commit.message.lines().next().unwrap_or_default().to_owned(),
        author: commit.author,
    });
    let changes = world.repo.changes(from, work.tip)?;
    Ok(Detail {
        row,
        name: work.name,
        tip: work.tip,
        summary: run.end.as_ref().map(|end| end.text.clone()).unwrap_or_default(),
        seconds: done.usage.duration.as_secs(),
        builder: run.started.builder.clone(),
        spent: done.usage.spent.clone(),
        checks: done
            .checks
            .iter()
            .map(|it| (it.command.clone(), it.ended.clone(), it.passed))
            .collect(),
        commits: commits.collect(),
        changes: changes.into_iter().map(|it| (it.path, it.added, it.removed)).collect(),
        deliverables: done.deliverables.clone(),
        next_steps: done.next_steps.clone(),
    })
}
