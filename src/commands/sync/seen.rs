//! What the last sync saw, so that a hook can tell at once whether anything changed.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::commands::gather::World;
use crate::core::ledger::{Build, Phase, Wait};
use crate::domain::id::Oid;
use crate::effects::repo::Repo;
use crate::effects::trust::{self, CONFIG};
use crate::effects::{files, paths};

/// What it looked at.
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
    pub at: DateTime<Utc>,
}

impl Seen {
    /// What stands now.
    pub fn now(repo: &Repo, branch: &str, dir: &str, at: DateTime<Utc>) -> Self {
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

/// Notes down what a sync has seen, in a queue of so many tasks.
pub fn remember(world: &World, tasks: usize) -> Result<()> {
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
    let at = world.now;
    let seen = Seen { queue, trusted, named, base, tip, dir, tasks, at };
    files::replace_cache(&world.paths.local.join("seen.json"), &serde_json::to_vec(&seen)?)
}
