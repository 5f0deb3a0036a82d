//! Where builds stand in the refs: their branches, their attempts, and what others stand upon.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{World, builder_person};
use crate::core::ledger::{Build, Outcome, Phase, Run, Wait};
use crate::core::plan;
use crate::core::situation::{Branch, Observations};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::repo::{Merged, Refs, Stamp};

impl World {
    /// What stands where each build's branch would be.
    pub(super) fn branches(&self) -> BTreeMap<TaskId, Branch> {
        if self.ledger.builds.is_empty() {
            return BTreeMap::new();
        }
        let refs = self.refs();
        let state = |id: &TaskId| (id.clone(), self.branch_among(refs, id));
        self.ledger.builds.keys().map(state).collect()
    }

    /// The same of tasks without a build, if something is in the way of their branch.
    pub(super) fn fresh_branches(&self) -> BTreeMap<TaskId, Branch> {
        let builds = &self.ledger.builds;
        let refs = self.refs();
        let fresh = self.queue.items.keys().filter(|id| !builds.contains_key(id));
        let states = fresh.map(|id| (id.clone(), self.branch_among(refs, id)));
        states.filter(|(_, state)| *state != Branch::Ours).collect()
    }

    /// All branches of this look: asking for each task's name takes a second in a large queue.
    fn refs(&self) -> &Refs {
        self.refs.get_or_init(|| self.repo.all_branches().unwrap_or_default())
    }

    /// What stands where a task's branch would be, at this very moment.
    pub fn branch_state(&self, id: &TaskId) -> Branch {
        let refs = self.repo.branches_around(&self.branch_of(id), &branch_ref(id));
        self.branch_among(&refs.unwrap_or_default(), id)
    }

    fn branch_among(&self, refs: &Refs, id: &TaskId) -> Branch {
        let name = self.branch_of(id);
        let Some(tip) = refs.get(&format!("refs/heads/{name}")) else {
            return room_for(refs, &name);
        };
        let build = self.ledger.builds.get(id);
        let runs = build.map(|build| build.attempts.as_slice()).unwrap_or_default();
        // A builder may have rewritten what the branch was moved to: that is noted apart.
        let noted = refs.get(&branch_ref(id)) == Some(tip);
        let written = |run: &Run| {
            noted
                || tip == run.started.base
                || tip == run.tip()
                || self.attempt_tip(id, run).is_some_and(|t| self.repo.is_ancestor(tip, t))
        };
        if runs.is_empty() {
            Branch::InTheWay(format!("`{name}` is a branch that buildq did not make"))
        } else if !runs.iter().rev().any(written) {
            Branch::InTheWay(format!("`{name}` has commits that buildq did not make"))
        } else if self.is_behind(id, tip) && self.repo.checked_out_at(&name).is_some() {
            Branch::CheckedOut
        } else {
            Branch::Ours
        }
    }

    /// The last attempt has more than the branch.
    pub(super) fn is_behind(&self, id: &TaskId, tip: Oid) -> bool {
        let last = self.ledger.builds.get(id).and_then(Build::last);
        last.and_then(|run| self.attempt_tip(id, run)).is_some_and(|newest| newest != tip)
    }

    /// The newest commit of an attempt: of its ref, where this clone has it.
    pub fn attempt_tip(&self, id: &TaskId, run: &Run) -> Option<Oid> {
        let tip = self.repo.reference(&attempt_ref(id, run.number())).unwrap_or(run.tip());
        self.repo.has(tip).then_some(tip)
    }

    /// Work that came over after the ledger had its last word on an attempt.
    pub(super) fn tips(&self) -> BTreeMap<TaskId, Oid> {
        let waits = self.ledger.builds.iter().filter_map(|(id, build)| {
            let run = build.last().filter(|_| matches!(build.phase, Phase::Waiting { .. }))?;
            let tip = self.repo.reference(&attempt_ref(id, run.number()))?;
            let newer = tip != run.work() && self.repo.is_ancestor(run.work(), tip);
            (newer && !run.is_done()).then(|| (id.clone(), tip))
        });
        waits.collect()
    }

    /// What builds have changed against their bases: names alone, and only while something
    /// runs. A commit does not wait for it.
    pub(super) fn changed(&self, seen: &Observations) -> BTreeMap<TaskId, Vec<String>> {
        let busy =
            |id: &TaskId, build: &Build| build.running().is_some() || seen.ending.contains(id);
        let builds = &self.ledger.builds;
        if !self.writes || !builds.iter().any(|(id, build)| busy(id, build)) {
            return BTreeMap::new();
        }
        let looked = |(id, build): &(&TaskId, &Build)| {
            busy(id, build) || matches!(build.phase, Phase::Review { .. })
        };
        let changed = builds.iter().filter(looked).filter_map(|(id, build)| {
            let run = build.last()?;
            let paths = self.changed_by(run.started.base, self.attempt_tip(id, run)?)?;
            Some((id.clone(), paths))
        });
        changed.collect()
    }

    fn changed_by(&self, base: Oid, tip: Oid) -> Option<Vec<String>> {
        let (old, new) = (self.repo.tree_of(base).ok()?, self.repo.tree_of(tip).ok()?);
        let mut paths = self.repo.changed_paths(old, new).ok()?;
        let queue = format!("{}/", self.config.queue_dir);
        paths.retain(|path| !path.starts_with(&queue));
        Some(paths)
    }

    /// For tasks that stand upon several builds in review: their merge, made without a checkout.
    pub(super) fn merged_bases(&self) -> Result<BTreeMap<TaskId, Result<Oid, String>>> {
        let mut merged = BTreeMap::new();
        for item in self.queue.items.values() {
            let Some(task) = &item.task else { continue };
            let upon = plan::upon(self.situation(None), task);
            if upon.len() > 1 {
                merged.insert(item.id.clone(), self.merge_of(&upon)?);
            }
        }
        Ok(merged)
    }

    fn merge_of(&self, upon: &[TaskId]) -> Result<Result<Oid, String>> {
        let tip = |id: &TaskId| self.ledger.builds.get(id)?.last().map(Run::tip);
        let mut tips = upon.iter().filter_map(|id| Some((id, tip(id)?)));
        let Some((first, mut merged)) = tips.next() else {
            return Ok(Err("nothing to merge".into()));
        };
        for (id, next) in tips {
            match self.repo.merge(merged, next)? {
                Merged::Clash(paths) => {
                    let path = paths.first().cloned().unwrap_or_default();
                    let why = format!("`{first}` and `{id}` clash in `{path}`");
                    return Ok(Err(why));
                }
                Merged::Clean(tree) => {
                    let at = self.repo.commit(next)?.at.max(self.repo.commit(merged)?.at);
                    let stamp = Stamp { author: builder_person(), committer: builder_person(), at };
                    let message = format!("Merge {id} into what is built upon it\n");
                    merged = self.repo.write_commit(tree, &[merged, next], &stamp, &message)?;
                }
            }
        }
        Ok(Ok(merged))
    }

    /// Builds that wait for the base to move, while only the queue in it has.
    pub(super) fn same_base(&self, seen: &Observations) -> BTreeSet<TaskId> {
        let Some((_, tip)) = seen.base else { return BTreeSet::new() };
        let inside = format!("{}/", self.config.queue_dir);
        let same = |base: Oid| -> Option<bool> {
            let (old, new) = (self.repo.tree_of(base).ok()?, self.repo.tree_of(tip).ok()?);
            let changed = self.repo.changed_paths(old, new).ok()?;
            Some(changed.iter().all(|path| path.starts_with(&inside)))
        };
        let waits = self.ledger.builds.iter().filter_map(|(id, build)| {
            let Phase::Waiting { why: Wait::Base, .. } = build.phase else { return None };
            match &build.last()?.end.as_ref()?.outcome {
                Outcome::Failed { base: Some(base), .. } => Some((id, *base)),
                _ => None,
            }
        });
        waits.filter(|(_, base)| same(*base) == Some(true)).map(|(id, _)| id.clone()).collect()
    }
}

/// The ref that keeps an attempt's work for good.
pub fn attempt_ref(task: &TaskId, attempt: Attempt) -> String {
    format!("refs/buildq/attempts/{task}/{attempt}")
}

/// The ref that notes where buildq has last put a build's branch.
pub fn branch_ref(task: &TaskId) -> String {
    format!("refs/buildq/branches/{task}")
}

/// The ref that says, before its work comes over, that it holds the value of a secret: no branch
/// is moved to it. It counts until the ledger says so too.
pub fn held_ref(task: &TaskId, attempt: Attempt) -> String {
    format!("refs/buildq/held/{task}/{attempt}")
}

/// A branch called `build` leaves no room for `build/…`.
fn room_for(refs: &Refs, name: &str) -> Branch {
    let in_the_way =
        |other: &str| Branch::InTheWay(format!("the branch `{other}` leaves no room for `{name}`"));
    let mut folders = name.match_indices('/').map(|(end, _)| &name[..end]);
    if let Some(folder) = folders.find(|f| refs.get(&format!("refs/heads/{f}")).is_some()) {
        return in_the_way(folder);
    }
    let below = refs.first_below(&format!("refs/heads/{name}/"));
    match below.and_then(|other| other.strip_prefix("refs/heads/")) {
        Some(other) => in_the_way(other),
        None => Branch::Ours,
    }
}
