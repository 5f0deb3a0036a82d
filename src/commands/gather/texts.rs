//! What the task files say: read anew where they have changed, remembered where they have not.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::World;
use crate::core::judged::Judged;
use crate::core::queue::{self, Content, File, Item};
use crate::domain::id::{Oid, TaskId};
use crate::domain::task;
use crate::effects::readings::{self, Kept, Reading};
use crate::effects::repo::QueueEntry;

/// Fewer texts are read at once on one core.
const FEW: usize = 64;

impl World {
    /// Reads the queue at a commit, and what its texts say.
    pub(super) fn read_queue(&mut self, tip: Option<Oid>) -> Result<BTreeMap<TaskId, Judged>> {
        let mut known = HashMap::new();
        let mut files = match &self.news {
            Some(news) => self.changed_files(news)?,
            None => {
                known = readings::load(&self.paths);
                self.files(tip, &mut known)?
            }
        };
        in_two(&mut files, understand);
        self.queue = self.queue_of(tip, files, &self.ledger);
        let (judged, new) = self.judge(&known);
        if self.writes && (new > 0 || known.len() > 2 * judged.len() + FEW) {
            self.keep(&judged);
        }
        Ok(judged)
    }

    fn files(&self, tip: Option<Oid>, known: &mut HashMap<String, Reading>) -> Result<Vec<File>> {
        let dir = &self.config.queue_dir;
        let Some(tip) = tip else { return Ok(Vec::new()) };
        let file = |entry: QueueEntry| {
            let same = |old: &&mut Reading| old.blob == entry.blob && entry.is_regular();
            let old = known.get_mut(&entry.path).filter(same);
            let content = match old.and_then(|old| old.task.take()) {
                _ if !queue::is_task(dir, &entry.path) => Content::Bytes(Vec::new()),
                Some(task) => Content::Known(Box::new(task)),
                None => self.repo.content(&entry)?,
            };
            Ok(File { path: entry.path, blob: entry.blob, content })
        };
        self.repo.queue_entries(tip, dir)?.into_iter().map(file).collect()
    }

    /// What the texts say, by task, and how many of them had to be read.
    fn judge(&self, known: &HashMap<String, Reading>) -> (BTreeMap<TaskId, Judged>, usize) {
        let old = |item: &Item| {
            let old = known.get(&item.path).map(|old| &old.judged);
            old.filter(|old| old.blob == item.blob).cloned()
        };
        let with_task = self.queue.items.values().filter(|item| item.task.is_some());
        let mut all: Vec<(&Item, Option<Judged>)> =
            with_task.map(|item| (item, old(item))).collect();
        let new = all.iter().filter(|(_, judged)| judged.is_none()).count();
        if new > 0 {
            in_two(&mut all, |(item, judged)| {
                if let (None, Some(task)) = (&judged, &item.task) {
                    *judged = Some(Judged::read(item.blob, task));
                }
            });
        }
        let judged = all.into_iter().filter_map(|(item, one)| Some((item.id.clone(), one?)));
        (judged.collect(), new)
    }

    fn keep(&self, judged: &BTreeMap<TaskId, Judged>) {
        let kept = judged.iter().filter_map(|(id, judged)| {
            let item = self.queue.items.get(id)?;
            // A text given on the command line has no file, and one with a remark is read again,
            // for the remark.
            let clean = item.diagnostics.is_empty();
            let task = item.task.as_ref().filter(|_| clean);
            (!item.path.starts_with("specs/")).then_some(Kept {
                path: &item.path,
                blob: item.blob,
                task,
                judged,
            })
        });
        readings::store(&self.paths, &kept.collect::<Vec<_>>());
    }
}

/// A file without fault becomes its task; the others are left to whoever tells what is wrong.
fn understand(file: &mut File) {
    let Content::Bytes(bytes) = &file.content else { return };
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let id = name.rsplit_once('.').and_then(|(stem, _)| TaskId::new(stem).ok());
    let Some(id) = id.filter(|_| !bytes.is_empty()) else { return };
    let parsed = task::parse(&file.path, &id, bytes);
    if let Some(task) = parsed.task.filter(|_| parsed.diagnostics.is_empty()) {
        file.content = Content::Known(Box::new(task));
    }
}

/// Does something to each of a list, on two cores where there are many.
fn in_two<T: Send>(list: &mut [T], work: impl Fn(&mut T) + Sync) {
    if list.len() < FEW {
        return list.iter_mut().for_each(work);
    }
    // Dear ones may stand together: small pieces are dealt out in turns.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (at, piece) in list.chunks_mut(FEW).enumerate() {
        if at % 2 == 0 { &mut ours } else { &mut theirs }.push(piece);
    }
    let all = |pieces: Vec<&mut [T]>| pieces.into_iter().flatten().for_each(&work);
    std::thread::scope(|scope| {
        scope.spawn(|| all(theirs));
        all(ours);
    });
}
