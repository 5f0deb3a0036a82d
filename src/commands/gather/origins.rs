//! Whose words a task's text is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::World;
use crate::core::queue;
use crate::core::situation::{Doubt, Origin};
use crate::domain::id::{Oid, TaskId};
use crate::effects::files;
use crate::effects::repo::{FileOrigin, Shape};
use crate::effects::trust::Record;

/// More commits of one attempt are not looked at: it counts as not whole.
const MOST: usize = 10_000;
/// The ends of task files, under which a builder may hide one.
const ENDS: [&str; 3] = [".md", ".yaml", ".yml"];

#[derive(Serialize, Deserialize)]
struct OriginCache {
    tip: Oid,
    files: BTreeMap<String, FileOrigin>,
}

/// What the builder of one attempt has written, of all that could be a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    tip: Oid,
    base: Option<Oid>,
    /// `None` when it is not whole in this clone.
    blobs: Option<BTreeSet<Oid>>,
}

/// What builders have written, by blob: there may be as many attempts as tasks.
struct Written<'w> {
    work: &'w BTreeMap<String, Work>,
    by_blob: HashMap<Oid, Vec<&'w str>>,
    untold: Vec<&'w str>,
}

impl<'w> Written<'w> {
    fn new(work: &'w BTreeMap<String, Work>) -> Self {
        let (mut by_blob, mut untold) = (HashMap::<Oid, Vec<&str>>::new(), Vec::new());
        for (name, work) in work {
            match &work.blobs {
                Some(blobs) => {
                    blobs.iter().for_each(|blob| by_blob.entry(*blob).or_default().push(name));
                }
                None => untold.push(name.as_str()),
            }
        }
        Self { work, by_blob, untold }
    }

    /// Work that holds a blob, or may, by name.
    fn holders(&self, blob: Oid) -> impl Iterator<Item = (&'w str, &'w Work)> {
        let known = self.by_blob.get(&blob).into_iter().flatten();
        let names: BTreeSet<&'w str> = known.chain(&self.untold).copied().collect();
        let work = self.work;
        names.into_iter().filter_map(move |name| Some((name, work.get(name)?)))
    }
}

impl World {
    /// Origins of all task files; cached by the queue's tip and extended from there.
    pub(super) fn origins(&self) -> Result<BTreeMap<TaskId, Origin>> {
        let found = self.file_origins()?;
        let mine = self.all_of(Record::Commits);
        let work = self.work_of_builders(&mine);
        let written = Written::new(&work);
        let signed = self.signed(found.values().flat_map(|origin| &origin.commits), &mine);
        let persons = |commit: &Oid| mine.contains(&commit.to_string()) || signed.contains(commit);
        let doubt_of = |commit: &Oid| match self.repo.shape(*commit) {
            Shape::Cut => Some(Doubt::Cut),
            Shape::Merge => Some(Doubt::Merged),
            Shape::Plain if !persons(commit) => Some(Doubt::Elsewhere),
            Shape::Plain => None,
        };
        // A few commits have brought most tasks.
        let mut known = BTreeMap::new();
        let origin = |item: &queue::Item| {
            let found = found.get(&item.path)?;
            let commit = *found.commits.first()?;
            let mut doubt =
                |commit: &Oid| known.entry(*commit).or_insert_with(|| doubt_of(commit)).clone();
            let doubt = found.commits.iter().find_map(&mut doubt);
            let doubt = self.written_by(&written, (item.blob, &found.commits)).or(doubt);
            let author = found.author.clone();
            Some((item.id.clone(), Origin { doubt, commit, author, added: found.added }))
        };
        Ok(self.queue.items.values().filter_map(origin).collect())
    }

    fn file_origins(&self) -> Result<BTreeMap<String, FileOrigin>> {
        let Some(tip) = self.queue.tip else { return Ok(BTreeMap::new()) };
        let dir = &self.config.queue_dir;
        let files = self.queue.items.values().filter(|item| !item.path.starts_with("specs/"));
        let wanted: BTreeMap<_, _> = files.map(|item| (item.path.clone(), item.blob)).collect();
        if let Some(news) = &self.news {
            return self.news_origins((tip, news), &wanted);
        }
        let file = self.paths.local.join("cache").join("origins");
        let cached: Option<OriginCache> =
            files::sealed(&file).and_then(|bytes| postcard::from_bytes(&bytes).ok());
        let complete = cached.as_ref().is_some_and(|cache| {
            let has = |(path, blob): (&String, &Oid)| {
                cache.files.get(path).is_some_and(|file| file.blob == *blob)
            };
            cache.tip == tip && wanted.iter().all(has)
        });
        let known = match cached {
            Some(cache) if complete => return Ok(cache.files),
            cached => cached,
        };
        let known = known.as_ref().map(|cache| (cache.tip, &cache.files));
        let mut files = self.repo.origins((tip, dir), &wanted, known)?;
        if wanted.keys().any(|path| !files.contains_key(path)) {
            // The cache was made for fewer paths.
            files = self.repo.origins((tip, dir), &wanted, None)?;
        }
        let cache = OriginCache { tip, files };
        if let Some(bytes) = postcard::to_stdvec(&cache).ok().filter(|_| self.writes) {
            let _ = files::replace_sealed(&file, bytes);
        }
        Ok(cache.files)
    }

    /// The attempt whose builder wrote this text first, unless a commit of the text's own history
    /// already stood in what the attempt began with.
    fn written_by(&self, written: &Written, (blob, commits): (Oid, &[Oid])) -> Option<Doubt> {
        let before = |work: &Work| {
            let base = work.base?;
            commits.iter().any(|commit| self.repo.is_ancestor(*commit, base)).then_some(())
        };
        let mut holders = written.holders(blob).filter(|(_, work)| before(work).is_none());
        holders.next().map(|(name, work)| match attempt_of(name) {
            attempt if work.blobs.is_some() => Doubt::Built { attempt },
            attempt => Doubt::Untold { attempt },
        })
    }

    /// What builders have written, by the refs that hold it. A person's own commits among it,
    /// on a build's branch, are no builder's.
    fn work_of_builders(&self, mine: &BTreeSet<String>) -> BTreeMap<String, Work> {
        let known: BTreeMap<String, Work> = self.cached("written.json").unwrap_or_default();
        let prefix = format!("refs/heads/{}", self.config.branch_prefix);
        let all = |place: &str| self.repo.references(place).unwrap_or_default();
        let mut refs = all("refs/buildq/attempts/");
        // A build's branch may hold what a person has merged into it: its attempts tell better.
        let tasks: BTreeSet<String> = refs.iter().filter_map(|(name, _)| task_of(name)).collect();
        let attempted = |name: &str| tasks.contains(name.strip_prefix(&prefix).unwrap_or(name));
        let lone: Vec<_> = all(&prefix).into_iter().filter(|(name, _)| !attempted(name)).collect();
        refs.extend(lone);
        refs.extend(all("refs/buildq/kept/"));
        let mut work = BTreeMap::new();
        for (name, tip) in refs {
            let base = self.base_of(&name, tip);
            let old = known.get(&name).filter(|old| old.base == base && old.blobs.is_some());
            let fresh = match old {
                Some(old) if old.tip == tip => old.clone(),
                old => {
                    let blobs = self.written(tip, (base, old), mine).ok();
                    Work { tip, base, blobs }
                }
            };
            work.insert(name, fresh);
        }
        if work != known {
            self.store("written.json", &work);
        }
        work
    }

    /// Where an attempt began: as the ledger says, else where its branch left the queue's. Of
    /// work that is in the queue branch as it stands, each commit tells itself whose it is.
    fn base_of(&self, name: &str, tip: Oid) -> Option<Oid> {
        let mut words = name.rsplit('/');
        let (last, before) = (words.next()?, words.next()?);
        let run = |id: &str, number: Option<u32>| {
            let build = self.ledger.builds.get(&id.parse::<TaskId>().ok()?)?;
            let mut runs = build.attempts.iter();
            match number {
                Some(number) => runs.find(|run| run.number().0 == number),
                None => runs.next(),
            }
        };
        let number = last.split('-').next().and_then(|number| number.parse().ok());
        let run =
            if name.starts_with("refs/heads/") { run(last, None) } else { run(before, number) };
        run.map(|run| run.started.base).or_else(|| self.repo.merge_base(tip, self.queue.tip?))
    }

    fn written(
        &self,
        tip: Oid,
        (base, old): (Option<Oid>, Option<&Work>),
        mine: &BTreeSet<String>,
    ) -> Result<BTreeSet<Oid>> {
        let hidden: Vec<Oid> = base.into_iter().chain(old.map(|old| old.tip)).collect();
        let commits = self.repo.commits(tip, &hidden, MOST)?;
        anyhow::ensure!(commits.len() < MOST, "too many commits");
        let mut blobs = old.and_then(|old| old.blobs.clone()).unwrap_or_default();
        for commit in commits.iter().filter(|commit| !mine.contains(&commit.id.to_string())) {
            let new = self.repo.introduced(commit.id, None)?.into_iter();
            let could = |path: &String| ENDS.iter().any(|end| path.ends_with(end));
            blobs.extend(new.filter(|(path, _)| could(path)).map(|(_, blob)| blob));
        }
        if let Some(base) = base.filter(|_| !blobs.is_empty()) {
            // A task that was there before is moved to `done` by every build.
            let dir = &self.config.queue_dir;
            let before = self.repo.below(base, dir).into_iter();
            let before = before.filter(|(path, _)| queue::is_task(dir, path));
            before.for_each(|(_, entry)| _ = blobs.remove(&entry.object));
        }
        Ok(blobs)
    }

    fn cached<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Option<T> {
        let file = self.paths.local.join("cache").join(name);
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    /// What cannot be written is found out again the next time.
    fn store(&self, name: &str, value: &impl Serialize) {
        let folder = self.paths.local.join("cache");
        if let Some(bytes) = serde_json::to_vec(value).ok().filter(|_| self.writes) {
            let _ = std::fs::create_dir_all(&folder);
            let _ = files::replace_cache(&folder.join(name), &bytes);
        }
    }
}

/// The task of the ref of an attempt.
fn task_of(name: &str) -> Option<String> {
    Some(name.strip_prefix("refs/buildq/attempts/")?.rsplit_once('/')?.0.to_owned())
}

/// `x/1`, or the branch's own name.
fn attempt_of(name: &str) -> String {
    let plain = name.strip_prefix("refs/buildq/attempts/");
    let plain = plain.or_else(|| name.strip_prefix("refs/buildq/kept/"));
    plain.or_else(|| name.strip_prefix("refs/heads/")).unwrap_or(name).to_owned()
}
