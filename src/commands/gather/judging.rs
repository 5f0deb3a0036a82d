//! Whether a judge is at work in this clone, and on what: its lock, and the note beside it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::id::{Oid, TaskId};
use crate::effects::files;
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;

/// The lock that a judge at work holds.
pub const LOCK: &str = "judge";

/// What a judge at work notes down, and a dead one leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The task that it judges.
    pub task: TaskId,
    /// The exact text.
    pub source: Oid,
    /// How often it has begun with this text.
    pub begun: u32,
}

impl Note {
    fn file(paths: &Paths) -> PathBuf {
        paths.local.join("judging.json")
    }

    /// What the last judge that began and did not end has left.
    pub fn read(paths: &Paths) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::file(paths)).ok()?).ok()
    }

    /// Notes it down.
    pub fn write(&self, paths: &Paths) -> anyhow::Result<()> {
        files::replace_cache(&Self::file(paths), &serde_json::to_vec(self)?)
    }

    /// It has ended.
    pub fn remove(paths: &Paths) {
        let _ = std::fs::remove_file(Self::file(paths));
    }
}

/// The task that a judge is at work on.
pub fn task(paths: &Paths) -> Option<TaskId> {
    let held = !Lock::is_free(&paths.lock(LOCK));
    held.then(|| Note::read(paths)).flatten().map(|note| note.task)
}
