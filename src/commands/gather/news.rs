//! What has changed in the queue since the last sync: all that a commit is answered with where the
//! queue is too large to be read while somebody waits.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::World;
use crate::commands::sync::Seen;
use crate::core::ledger::{Build, Ledger};
use crate::core::queue::{self, File, Queue};
use crate::domain::id::{Oid, TaskId};
use crate::effects::repo::{FileOrigin, Repo, TreeChange};

/// A queue of more files than this is not read as a whole while a commit waits.
const LARGE: usize = 2000;
/// More texts than this are not read while a commit waits for a large queue.
const MANY: usize = 100;

/// The difference of two trees of the queue.
#[derive(Debug)]
pub struct News {
    /// The queue branch's tip, when the last sync saw it.
    since: Oid,
    /// Files that are there now and were not, or not so.
    changes: Vec<TreeChange>,
    /// How many changed tasks are left unread: all of them, where they are very many.
    pub unread: usize,
    /// Paths that are there no more.
    gone: BTreeSet<String>,
}

impl News {
    /// Compares the queue as the last sync saw it with the queue now; `None` where it is small
    /// enough to be read as a whole, or where there is nothing to compare it with.
    pub fn of(repo: &Repo, last: &Seen, now: &Seen) -> Result<Option<Self>> {
        let (Some(since), Some(_)) = (last.tip, now.queue) else { return Ok(None) };
        let changes = repo.tree_changes(last.queue, now.queue, &last.dir)?;
        if last.tasks + changes.len() <= LARGE {
            return Ok(None);
        }
        let (changes, gone): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| change.now.is_some());
        let gone = gone.into_iter().map(|change| change.path).collect();
        let tasks = changes.iter().filter(|change| queue::is_task(&last.dir, &change.path)).count();
        Ok(Some(match tasks > MANY {
            true => Self { since, changes: Vec::new(), unread: tasks, gone },
            false => Self { since, changes, unread: 0, gone },
        }))
    }
}

impl World {
    /// The changed files alone.
    pub(super) fn changed_files(&self, news: &News) -> Result<Vec<File>> {
        let dir = &self.config.queue_dir;
        let entries = news.changes.iter().filter_map(|change| change.entry());
        let tasks = entries.filter(|entry| queue::is_task(dir, &entry.path));
        let file = |entry: crate::effects::repo::QueueEntry| {
            let content = self.repo.content(&entry)?;
            Ok(File { path: entry.path, blob: entry.blob, content })
        };
        tasks.map(file).collect()
    }

    /// A build goes on under another name only where its own file has gone.
    pub(super) fn follow_news(&self, queue: &mut Queue, ledger: &Ledger, news: &News) {
        let gone: BTreeSet<TaskId> = news
            .gone
            .iter()
            .filter_map(|path| queue::named(&self.config.queue_dir, path)?.ok())
            .collect();
        let open = ledger.builds.iter().filter(|(id, build)| gone.contains(id) && !build.is_over());
        let sources =
            open.filter_map(|(id, build): (_, &Build)| Some((id.clone(), build.source()?)));
        queue.follow_renames(&sources.collect());
    }

    /// Where the changed texts come from, as far back as the last sync.
    pub(super) fn news_origins(
        &self,
        (tip, news): (Oid, &News),
        wanted: &BTreeMap<String, Oid>,
    ) -> Result<BTreeMap<String, FileOrigin>> {
        let before = |change: &TreeChange| {
            let known = FileOrigin::untold(change.before?, self.now);
            Some((change.path.clone(), known))
        };
        let known = news.changes.iter().filter_map(before).collect();
        self.repo.origins((tip, &self.config.queue_dir), wanted, Some((news.since, &known)))
    }
}
