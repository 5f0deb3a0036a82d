//! What the task files say: read anew where they have changed, remembered where they have not.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, anyhow};

use super::World;
use crate::core::judged::Judged;
use crate::core::queue::{self, Content, File, Item, Queue};
use crate::domain::id::{Oid, TaskId};
use crate::domain::task;
use crate::effects::readings::{self, Kept, Reading};
use crate::effects::repo::{QueueEntry, Repo};

/// So few texts are read by one core at once.
const FEW: usize = 64;
/// A person's machine has other work too.
const MOST_CORES: usize = 8;

impl World {
    /// Reads the queue, what its texts say, and whose words they are.
    pub(super) fn read_queue(&mut self) -> Result<()> {
        let tip = self.queue.tip;
        let mut known = HashMap::new();
        let mut files = match &self.news {
            Some(news) => self.changed_files(news)?,
            None => {
                known = readings::load(&self.paths);
                self.files(tip, &mut known)?
            }
        };
        on_all_cores(&mut files, |files| files.for_each(understand));
        self.queue = self.queue_of(tip, files, &self.ledger);
        let before = known.len();
        let (queue, known) = (&self.queue, Mutex::new(known));
        let judged = || {
            judge(queue, std::mem::take(&mut *known.lock().unwrap_or_else(PoisonError::into_inner)))
        };
        let ((judged, new), origins) = if queue.items.len() < FEW {
            (judged(), self.origins()?)
        } else {
            // History is read on one core alone: the others need not wait for it.
            thread::scope(|scope| {
                let reader = thread::Builder::new().spawn_scoped(scope, judged);
                let origins = self.origins();
                let judged = match reader {
                    Ok(reader) => reader.join().map_err(|_| anyhow!("the queue cannot be read"))?,
                    // The machine has no thread left: one after the other, then.
                    Err(_) => judged(),
                };
                Ok::<_, anyhow::Error>((judged, origins?))
            })?
        };
        if self.writes && (new > 0 || before > 2 * judged.len() + FEW) {
            self.keep(&judged);
        }
        self.seen.judged = judged;
        self.seen.origins = origins;
        Ok(())
    }

    pub(super) fn files(
        &self,
        tip: Option<Oid>,
        known: &mut HashMap<String, Reading>,
    ) -> Result<Vec<File>> {
        let dir = &self.config.queue_dir;
        let Some(tip) = tip else { return Ok(Vec::new()) };
        let entries = self.repo.queue_entries(tip, dir)?.into_iter();
        let mut files: Vec<(QueueEntry, Option<Content>)> = entries
            .map(|entry| {
                let same = |old: &&mut Reading| old.blob == entry.blob && entry.is_regular();
                let old = known.get_mut(&entry.path).filter(same);
                let content = match old.and_then(|old| old.task.take()) {
                    _ if !queue::is_task(dir, &entry.path) => Some(Content::Bytes(Vec::new())),
                    task => task.map(|task| Content::Known(Box::new(task))),
                };
                (entry, content)
            })
            .collect();
        self.read_texts(&mut files)?;
        let file = |(entry, content): (QueueEntry, Option<Content>)| {
            Some(File { path: entry.path, blob: entry.blob, content: content? })
        };
        Ok(files.into_iter().filter_map(file).collect())
    }

    /// Reads the texts that are not known, on two cores where there are many.
    fn read_texts(&self, files: &mut [(QueueEntry, Option<Content>)]) -> Result<()> {
        let mut unread: Vec<_> = files.iter_mut().filter(|file| file.1.is_none()).collect();
        if unread.len() < FEW {
            for (entry, content) in unread {
                *content = Some(self.repo.content(entry)?);
            }
            return Ok(());
        }
        let (trouble, common) = (Mutex::new(None), &self.paths.common);
        on_all_cores(&mut unread, |files| {
            let read = Repo::at(common).and_then(|repo| {
                for (entry, content) in files {
                    let (path, blob) = (entry.path.clone(), entry.blob);
                    let mut file = File { path, blob, content: repo.content(entry)? };
                    understand(&mut file);
                    *content = Some(file.content);
                }
                Ok(())
            });
            if let (Err(error), Ok(mut trouble)) = (read, trouble.lock()) {
                *trouble = Some(error);
            }
        });
        trouble.into_inner().ok().flatten().map_or(Ok(()), Err)
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

/// What the texts say, by task, and how many of them had to be read.
pub(super) fn judge(
    queue: &Queue,
    mut known: HashMap<String, Reading>,
) -> (BTreeMap<TaskId, Judged>, usize) {
    let mut old = |item: &Item| {
        let old = known.remove(&item.path).map(|old| old.judged);
        old.filter(|old| old.blob == item.blob)
    };
    let with_task = queue.items.values().filter(|item| item.task.is_some());
    let mut all: Vec<(&Item, Option<Judged>)> = with_task.map(|item| (item, old(item))).collect();
    let new = all.iter().filter(|(_, judged)| judged.is_none()).count();
    if new > 0 {
        on_all_cores(&mut all, |all| {
            for (item, judged) in all {
                if let (None, Some(task)) = (&judged, &item.task) {
                    *judged = Some(Judged::read(item.blob, task));
                }
            }
        });
    }
    let judged = all.into_iter().filter_map(|(item, one)| Some((item.id.clone(), one?)));
    (judged.collect(), new)
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

/// Does something to all of a list, on several cores where they are many: each core is given what
/// comes next as soon as it is done with the last.
fn on_all_cores<'t, T: Send>(
    list: &'t mut [T],
    work: impl Fn(&mut dyn Iterator<Item = &'t mut T>) + Sync,
) {
    if list.len() < FEW {
        return work(&mut list.iter_mut());
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_CORES);
    let pieces = Mutex::new(list.chunks_mut(FEW));
    let some = || work(&mut std::iter::from_fn(|| pieces.lock().ok()?.next()).flatten());
    thread::scope(|scope| {
        // Fewer, where the machine has no more: this one does what is left.
        (1..cores).for_each(|_| drop(thread::Builder::new().spawn_scoped(scope, some)));
        some();
    });
}
