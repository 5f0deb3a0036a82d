//! One judge at work.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::commands::consult::{self, Question};
use crate::commands::gather::World;
use crate::domain::config::Judge;
use crate::domain::id::{Oid, TaskId};
use crate::effects::clock;
use crate::effects::locks::Lock;
use crate::effects::process::Ended;
use crate::effects::repo::Repo;
use crate::render;

/// Why it was stopped, where nobody wants to know any more.
pub const UNWANTED: &str = "the text was edited, or the judge turned off";
/// Between two looks at whether anybody still wants to know.
const LOOK: Duration = Duration::from_secs(1);

/// What it printed, and how it ended.
pub struct Asked {
    /// The end of all it printed.
    pub printed: String,
    /// How it ended.
    pub ended: Ended,
    /// The text that was judged.
    pub task_text: String,
}

impl Asked {
    /// Asks, and leaves nothing behind.
    pub fn ask(
        world: &World,
        judge: &Judge,
        (task, source): (&TaskId, Oid),
        lock: &Lock,
    ) -> Result<Self> {
        let text = world.repo.blob(source).context("the task's text is not there")?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (builder, timeout) = (judge.builder.as_str(), judge.timeout);
        let question = Question { builder, timeout, kind: "judge", task, lock };
        let own = consult::template(world, render::judge::OVERRIDE)?;
        let prompt = |base: &str| render::judge::prompt(task.as_str(), &text, base, own.as_deref());
        let mut last = clock::tick();
        let mut watch = || unwanted(world, &mut last, source).then(|| UNWANTED.to_owned());
        let said = consult::ask(world, &question, &prompt, &mut watch)?;
        Ok(Self { printed: said.printed, ended: said.ended, task_text: text })
    }
}

/// Whether the text is not in the queue any more, or this clone was turned off.
fn unwanted(world: &World, last: &mut Instant, source: Oid) -> bool {
    if last.elapsed() < LOOK {
        return false;
    }
    *last = clock::tick();
    let Some(path) = world.queue.items.values().find(|item| item.blob == source) else {
        return true;
    };
    // What cannot be looked at is not known to have changed.
    let Ok(repo) = Repo::at(&world.paths.common) else { return false };
    let there = repo.branch(&world.queue_branch).and_then(|tip| repo.entry(tip, &path.path));
    let edited = !path.path.starts_with("specs/") && there.is_some_and(|blob| blob != source);
    edited || repo.local_setting("buildq.cloneId").is_none()
}
