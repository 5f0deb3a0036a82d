//! The beginning of an attempt: planned once more at the ledger's newest tip, then recorded.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::super::gather::{self, Around, World};
use super::super::sync;
use super::bury;
use crate::core::plan::{self, Action, Start};
use crate::domain::event::{Kind, Started};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::domain::task::Task;
use crate::effects::clock;
use crate::effects::ledger::{Appended, Draft, append};
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::workspace::spared;

/// An attempt that stands in the ledger.
pub struct Begun {
    /// The world as it was when the attempt was recorded.
    pub world: World,
    /// What it begins with.
    pub start: Start,
    /// The task as it is built.
    pub task: Task,
    /// The exact text of the task.
    pub spec: Vec<u8>,
    /// The id of its `started`: what it says later is said of this run alone.
    pub run: String,
}

impl Begun {
    /// Where the base branch stood.
    pub fn base_tip(&self) -> Oid {
        self.world.seen.base.as_ref().map_or(self.start.base, |(_, tip)| *tip)
    }
}

/// Records `started`, if the plan at the newest tip still says so; else why not.
pub fn begin(
    common: &Path,
    task: &TaskId,
    attempt: Attempt,
    forced: bool,
) -> Result<Result<Begun, String>> {
    let (repo, paths) = place(common)?;
    let around = Around::look(repo, paths, clock::now())?;
    let mut found = None;
    let appended = append(&around.world().pen(), &mut |_| {
        let (repo, paths) = place(common)?;
        let world = World::look(repo, paths, clock::now())?.seen_by(task, attempt);
        let start = match due(&world, task, attempt, forced) {
            Ok(start) => start,
            Err(why) => return Ok(Err(why)),
        };
        if !end_earlier(&world, &start)? {
            return Ok(Err("an earlier builder of it is still being ended".into()));
        }
        let draft = draft(&world, &start);
        found = Some((world, start));
        Ok(Ok(draft))
    })?;
    let (ledger, run) = match appended {
        Appended::Yes(ledger, id) => (*ledger, id),
        Appended::No(why) => return Ok(Err(why)),
    };
    let (mut world, start) = found.context("a start without a plan")?;
    world.ledger = ledger;
    let item = world.queue.items.get(task).context("the task has gone")?;
    let parsed = item.task.clone().context("the task cannot be read")?;
    let spec = world.repo.blob(start.source).with_context(|| anyhow!("blob `{}`", start.source))?;
    sync::keep_attempt(&world.repo, &start)?;
    Ok(Ok(Begun { world, start, task: parsed, spec, run }))
}

fn place(common: &Path) -> Result<(Repo, Paths)> {
    let repo = Repo::at(common)?;
    let paths = gather::places(&repo)?;
    Ok((repo, paths))
}

fn due(world: &World, task: &TaskId, attempt: Attempt, forced: bool) -> Result<Start, String> {
    let plan = plan::plan(world.situation(forced.then_some(task)));
    let mut starts = plan.actions.iter().filter_map(|action| match action {
        Action::Start(start) if start.task == *task && start.attempt == attempt => Some(start),
        _ => None,
    });
    match starts.next() {
        Some(start) if !world.repo.has(start.base) => {
            Err(format!("`{}`, where it would go on, is not in this clone", start.base.short()))
        }
        Some(start) => Ok((**start).clone()),
        None => Err(match sync::verdict(&plan, task).and_then(|v| v.holds().next()) {
            Some((gate, hold)) => format!("held by {gate}: {}", hold.reason),
            None => "it is no longer due".into(),
        }),
    }
}

/// Whether nothing lives of earlier attempts here. A person may have called one off whose
/// supervisor died before it could end the builder: that is done now.
fn end_earlier(world: &World, start: &Start) -> Result<bool> {
    for earlier in (1..start.attempt.0).map(Attempt) {
        let folder = world.paths.workspace(&start.task, earlier);
        // One that was kept for review was empty of builders before it was marked.
        if !folder.exists() || spared::spared(&folder).is_some() {
            continue;
        }
        let lock = world.paths.attempt_lock(&start.task, earlier);
        let Some(_lock) = Lock::try_take(&lock)? else { return Ok(false) };
        bury::end_all(world, &start.task, earlier)?;
    }
    Ok(true)
}

fn draft(world: &World, start: &Start) -> Draft {
    let earlier = world.ledger.builds.get(&start.task).and_then(|build| build.last());
    let said = earlier.and_then(|run| {
        let end = run.end.as_ref()?;
        let word = match &end.outcome {
            crate::core::ledger::Outcome::Failed { reason, .. } => format!("failed: {reason}"),
            crate::core::ledger::Outcome::Blocked { question, .. } => format!("asked: {question}"),
            crate::core::ledger::Outcome::Succeeded(_) => "was sent back".into(),
            crate::core::ledger::Outcome::Cancelled { .. } => "was cancelled".into(),
        };
        Some(format!("Attempt {} {word}.", run.number()))
    });
    let start = start.clone();
    let path = Some(start.path).filter(|path| !path.starts_with("specs/"));
    let started = Started {
        task: start.task,
        attempt: start.attempt,
        runner: world.paths.runner(),
        builder: start.builder,
        source: start.source,
        path,
        base: start.base,
        title: start.title,
        estimate: start.estimate,
        upon: start.upon,
        spawned: start.spawned,
    };
    Draft::new(Kind::Started(started)).body(said.unwrap_or_default())
}
