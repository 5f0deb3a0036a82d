//! Whether the work of a build in review is in the base branch, however it came there: merged,
//! squashed, rebased or picked by hand, also when the task's file was edited on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;

use super::World;
use crate::core::ledger::{Outcome, Phase, Run};
use crate::core::situation::{Arrival, Observations};
use crate::domain::event::Merge;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::same_but_for_ticks;
use crate::effects::files;
use crate::effects::repo::Merged;

/// Commits of the base branch that are looked through for a patch.
const NEWS: usize = 1000;

impl World {
    /// The work of every build in review that has come into the base branch.
    pub(super) fn arrived(&self, seen: &Observations) -> Result<BTreeMap<TaskId, Arrival>> {
        let Some((_, base)) = seen.base else { return Ok(BTreeMap::new()) };
        let mut search = Search::new(self, base);
        let mut arrived = BTreeMap::new();
        for (id, build) in &self.ledger.builds {
            let waits = matches!(build.phase, Phase::Review { .. });
            let Some(run) = build.last().filter(|_| waits) else { continue };
            if let Some(how) = search.how(run)? {
                let edited = self.was_edited(run, base);
                arrived.insert(id.clone(), Arrival { commit: base, how, edited });
            }
        }
        search.remember();
        Ok(arrived)
    }

    /// Where a finished run put its task file.
    pub fn done_file(&self, run: &Run) -> Option<(String, Oid)> {
        let Some(Outcome::Succeeded(end)) = run.end.as_ref().map(|end| &end.outcome) else {
            return None;
        };
        let (work, tip) = (self.repo.tree_of(end.work).ok()?, self.repo.tree_of(end.tip).ok()?);
        let changed = self.repo.changed_paths(work, tip).ok()?;
        let inside = format!("{}/done/", self.config.queue_dir);
        let path = changed.into_iter().find(|path| path.starts_with(&inside))?;
        let blob = self.repo.entry(end.tip, &path)?;
        Some((path, blob))
    }

    /// The text that arrived is not the one that was built: ticks apart, a person changed it.
    fn was_edited(&self, run: &Run, base: Oid) -> bool {
        let done = self.done_file(run);
        let there = done.as_ref().and_then(|(path, _)| self.repo.entry(base, path));
        let (built, now) = match (&done, there) {
            (Some((_, blob)), Some(there)) => (*blob, there),
            _ => {
                let path = run.started.path.as_ref();
                let Some(now) = path.and_then(|path| self.repo.entry(base, path)) else {
                    return false;
                };
                (run.started.source, now)
            }
        };
        match (self.repo.blob(built), self.repo.blob(now)) {
            (Some(built), Some(now)) => !same_but_for_ticks(&built, &now),
            _ => built != now,
        }
    }
}

/// One look through the base branch. What was not found is kept on disk, by the two commits
/// that were compared, so that it is looked for once.
struct Search<'a> {
    world: &'a World,
    base: Oid,
    patches: BTreeMap<Oid, Option<Oid>>,
    /// Tips that are known not to be in which base.
    absent: BTreeMap<Oid, Oid>,
    known: usize,
}

impl<'a> Search<'a> {
    fn new(world: &'a World, base: Oid) -> Self {
        let bytes = std::fs::read(Self::file(world)).unwrap_or_default();
        let mut absent: BTreeMap<Oid, Oid> = serde_json::from_slice(&bytes).unwrap_or_default();
        absent.retain(|_, then| *then == base);
        let known = absent.len();
        Self { world, base, patches: BTreeMap::new(), absent, known }
    }

    fn file(world: &World) -> PathBuf {
        world.paths.local.join("cache").join("absent.json")
    }

    fn remember(self) {
        if self.absent.len() == self.known || !self.world.writes {
            return;
        }
        let file = Self::file(self.world);
        if let Ok(bytes) = serde_json::to_vec(&self.absent) {
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = files::replace_cache(&file, &bytes);
        }
    }

    fn how(&mut self, run: &Run) -> Result<Option<Merge>> {
        let (repo, tip) = (&self.world.repo, run.tip());
        if !repo.has(tip) || self.base == run.started.base || self.absent.contains_key(&tip) {
            return Ok(None);
        }
        if repo.is_ancestor(tip, self.base) {
            return Ok(Some(Merge::Ancestry));
        }
        let done = self.world.done_file(run);
        let there = done.as_ref().and_then(|(path, _)| repo.entry(self.base, path));
        if there.is_some() && there == done.map(|(_, blob)| blob) {
            return Ok(Some(Merge::File));
        }
        // While its file still stands in the queue a person is not done with it.
        let path = run.started.path.as_ref();
        let left = path.is_none_or(|path| repo.entry(self.base, path).is_none());
        if (there.is_some() || left)
            && (self.says_nothing_new(tip)? || self.same_patches(run, tip)?)
        {
            return Ok(Some(Merge::Patch));
        }
        self.absent.insert(tip, self.base);
        Ok(None)
    }

    fn in_queue(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.world.config.queue_dir);
        rest.is_some_and(|rest| rest.starts_with('/'))
    }

    /// Merging it would change nothing but, at most, task files.
    fn says_nothing_new(&self, tip: Oid) -> Result<bool> {
        let repo = &self.world.repo;
        let Some(origin) = repo.merge_base(tip, self.base) else { return Ok(false) };
        let own = repo.changed_paths(repo.tree_of(origin)?, repo.tree_of(tip)?)?;
        if own.iter().all(|path| self.in_queue(path)) {
            return Ok(false);
        }
        let Merged::Clean(tree) = repo.merge(self.base, tip)? else { return Ok(false) };
        let new = repo.changed_paths(repo.tree_of(self.base)?, tree)?;
        Ok(new.iter().all(|path| self.in_queue(path)))
    }

    /// Its whole change is one commit of the base, or each of its commits is there as another.
    fn same_patches(&mut self, run: &Run, tip: Oid) -> Result<bool> {
        let repo = &self.world.repo;
        let below = Some(run.started.base).filter(|_| !run.started.upon.is_empty());
        let from = repo.merge_base(tip, self.base);
        let news = repo.commits(self.base, &[tip], NEWS)?;
        let mut there = BTreeSet::new();
        for commit in news.iter().filter(|commit| commit.parents.len() < 2) {
            there.extend(self.patch(commit.parents.first().copied(), commit.id)?);
        }
        for origin in from.into_iter().chain(below) {
            let whole =
                self.world.repo.patch_id(Some(origin), tip, &self.world.config.queue_dir)?;
            if whole.is_some_and(|whole| there.contains(&whole)) {
                return Ok(true);
            }
        }
        let hidden: Vec<Oid> = [self.base].into_iter().chain(below).collect();
        let mut own = BTreeSet::new();
        for commit in self.world.repo.commits(tip, &hidden, NEWS)? {
            if commit.parents.len() < 2 {
                own.extend(self.patch(commit.parents.first().copied(), commit.id)?);
            }
        }
        Ok(!own.is_empty() && own.is_subset(&there))
    }

    fn patch(&mut self, parent: Option<Oid>, commit: Oid) -> Result<Option<Oid>> {
        if let Some(known) = self.patches.get(&commit) {
            return Ok(*known);
        }
        let patch = self.world.repo.patch_id(parent, commit, &self.world.config.queue_dir)?;
        self.patches.insert(commit, patch);
        Ok(patch)
    }
}
