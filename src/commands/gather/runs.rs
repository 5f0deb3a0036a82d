//! Files that run without being named in the configuration's own manifest: those of the checks of
//! single tasks, and those that an earlier build has changed where the next one would start.

use std::collections::BTreeMap;

use super::World;
use crate::core::ledger::Build;
use crate::core::plan;
use crate::core::queue::Item;
use crate::domain::id::{Oid, TaskId};
use crate::effects::repo::Entry;
use crate::effects::trust;

impl World {
    /// Files that the task's own checks name on the base branch, and that nobody has stood behind
    /// as they are: neither who wrote or approved the task, nor who trusted the configuration.
    pub(super) fn strange(&self) -> BTreeMap<TaskId, Vec<String>> {
        let items = self.queue.items.values().filter(|item| self.may_start(&item.id));
        let strange = items.filter_map(|item| {
            let names: Vec<_> = self.strange_of(item).into_keys().collect();
            (!names.is_empty()).then(|| (item.id.clone(), names))
        });
        strange.collect()
    }

    /// The same of one task, as they stand.
    pub fn strange_of(&self, item: &Item) -> BTreeMap<String, Entry> {
        let checks = item.task.as_ref().map(|task| task.verify.as_slice()).unwrap_or_default();
        let base = self.seen.base.as_ref().filter(|_| !checks.is_empty());
        let Some((_, base)) = base else { return BTreeMap::new() };
        let mut now = trust::of_checks(&self.repo, *base, checks);
        let trusted = match now.is_empty() {
            true => None,
            false => trust::trusted(&self.paths).unwrap_or_else(|error| {
                self.repo.could_not_read("what is trusted", &error);
                None
            }),
        };
        if let Some(trusted) = trusted {
            now.retain(|path, entry| {
                let same = |known: &BTreeMap<String, Entry>| known.get(path) == Some(entry);
                !same(&trusted.entries) && !same(&trusted.of_tasks)
            });
        }
        for commit in self.vouched(item) {
            if now.is_empty() {
                break;
            }
            let then = trust::of_checks(&self.repo, commit, checks);
            now.retain(|path, entry| then.get(path) != Some(entry));
        }
        now
    }

    /// Commits at which a person of this clone stood behind the text.
    fn vouched(&self, item: &Item) -> Vec<Oid> {
        let origin = self.seen.origins.get(&item.id).filter(|origin| origin.doubt.is_none());
        let own = origin.map(|origin| origin.commit);
        // An approval is of the text and of what it names, as the queue stood then.
        let approved = self.ledger.approvals.iter().filter(|approval| {
            approval.task == item.id
                && approval.source == item.blob
                && self.seen.approvals.contains(&approval.record())
        });
        own.into_iter().chain(approved.filter_map(|approval| approval.queue)).collect()
    }

    /// Files that the builder or the setup run, where the next attempt would start from the work
    /// of an earlier one that has changed them.
    pub(super) fn altered(&self) -> BTreeMap<TaskId, Vec<String>> {
        let Some((_, tip)) = self.seen.base.clone() else { return BTreeMap::new() };
        let items = self.queue.items.values().filter(|item| self.may_start(&item.id));
        let altered = items.filter_map(|item| {
            let task = item.task.as_ref()?;
            let fresh = Build::default();
            let build = self.ledger.builds.get(&item.id).unwrap_or(&fresh);
            let upon = plan::upon(self.situation(None), task);
            let start = plan::base(self.situation(None), item, build, &upon)?;
            if start == tip {
                return None;
            }
            let builder = task.builder.as_ref().unwrap_or(&self.config.builder);
            let command =
                self.config.builders.get(builder).map(|builder| builder.command.as_slice());
            let at = |commit| {
                let setup = &self.config.workspace_setup;
                trust::at_start(&self.repo, commit, command.unwrap_or_default(), setup)
            };
            let (there, here) = (at(start), at(tip));
            let differs = |path: &&String| there.get(*path) != here.get(*path);
            let names: Vec<_> = there.keys().filter(differs).cloned().collect();
            (!names.is_empty()).then(|| (item.id.clone(), names))
        });
        altered.collect()
    }

    fn may_start(&self, id: &TaskId) -> bool {
        self.ledger.builds.get(id).is_none_or(|build| build.running().is_none())
    }
}
