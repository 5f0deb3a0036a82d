//! What of builds lives in this clone: a lock is held as long as anything of its attempt may live.

use std::collections::BTreeSet;

use super::World;
use crate::core::ledger::Build;
use crate::domain::id::{Attempt, TaskId};
use crate::effects::litter;
use crate::effects::locks::Lock;

impl World {
    /// Tasks whose running attempt holds its lock.
    pub(super) fn alive(&self) -> BTreeSet<TaskId> {
        let running = self.ledger.builds.iter().filter_map(|(id, b)| Some((id, b.running()?)));
        let alive =
            running.filter(|(id, run)| !Lock::is_free(&self.paths.attempt_lock(id, run.number())));
        alive.map(|(id, _)| id.clone()).collect()
    }

    /// Tasks of which somebody here holds a lock, beside the attempts that run: a builder is being
    /// ended, be its attempt over or lost to a merge of ledgers, or the next one is to begin.
    pub(super) fn ending(&self, own: Option<(&TaskId, Attempt)>) -> BTreeSet<TaskId> {
        let me = self.paths.runner();
        let runs = |task: &TaskId, attempt: Attempt| {
            let running = self.ledger.builds.get(task).and_then(Build::running);
            running.is_some_and(|run| run.number() == attempt && run.started.runner == me)
        };
        let locks = self.paths.attempt_locks().into_iter();
        let held = locks.filter_map(|name| {
            let (task, attempt) = litter::whose(name.to_str()?.strip_suffix(".lock")?)?;
            let counts = own != Some((&task, attempt)) && !runs(&task, attempt);
            let lock = self.paths.attempt_lock(&task, attempt);
            (counts && !Lock::is_free(&lock)).then_some(task)
        });
        held.collect()
    }

    /// The same world to the eyes of a supervisor that is to begin this attempt and holds its lock.
    pub fn seen_by(mut self, task: &TaskId, attempt: Attempt) -> Self {
        self.seen.ending = self.ending(Some((task, attempt)));
        self
    }
}
