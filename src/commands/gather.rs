//! Looking at the world once, for whatever is to be decided: the first act of every command.

mod alive;
mod arrival;
mod branches;
pub mod judging;
mod lasting;
pub mod news;
mod opening;
mod origins;
mod signed;
mod runs;
mod texts;
mod walls;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use self::news::News;
use crate::core::ledger::{Build, Ledger};
use crate::core::queue::{self, Queue};
use crate::core::report::Stood;
use crate::core::situation::{Observations, Situation, Trust};
use crate::domain::config::{self, Config, Notifier};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::{Oid, TaskId};
use crate::domain::masks::Masks;
use crate::effects::calendar::{self, Desk};
use crate::effects::env::{self, Kept};
use crate::effects::lasting::Standing;
use crate::effects::ledger;
use crate::effects::ledger::Pen;
use crate::effects::machine;
use crate::effects::paths::Paths;
use crate::effects::readings;
use crate::effects::repo::{Refs, Repo};
use crate::effects::secrets;
use crate::effects::trust::{self, Manifest, Record, Tips};

pub use self::branches::{attempt_ref, branch_ref, held_ref};
pub use self::lasting::Around;
pub use self::opening::{config_at, discover, open, places, refuse_workspace};

/// One look at everything.
pub struct World {
    /// The repository.
    pub repo: Repo,
    /// Its local places.
    pub paths: Paths,
    /// The branch whose task files count.
    pub queue_branch: String,
    /// The policy at its tip.
    pub config: Config,
    /// What is wrong with `buildq.yaml`.
    pub config_findings: Vec<Diagnostic>,
    /// The tasks at its tip.
    pub queue: Queue,
    /// What has been done.
    pub ledger: Ledger,
    /// What only a look can tell.
    pub seen: Observations,
    /// What decides what is run, as it stands.
    pub manifest: Option<Manifest>,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
    /// Whether what was found out is written into the caches.
    writes: bool,
    /// How its files and refs stood before the first of them was read, where a plan may be kept.
    stood: Option<Standing>,
    /// In a large queue that a commit waits for: the changed files, which are all that is read.
    news: Option<News>,
    /// Branches as they stood at this look.
    refs: OnceCell<Refs>,
    masks: OnceCell<Masks>,
}

impl World {
    /// Looks at everything.
    pub fn look(repo: Repo, paths: Paths, now: DateTime<Utc>) -> Result<Self> {
        Self::look_and((repo, paths), now, true, None)
    }

    /// The same in haste, for a hook that a commit waits for: what it finds out it leaves to the
    /// sync after it to write down. With `news`, the queue is what has changed in it.
    pub fn glance(
        repo: Repo,
        paths: Paths,
        now: DateTime<Utc>,
        news: Option<News>,
    ) -> Result<Self> {
        Self::look_and((repo, paths), now, false, news)
    }

    fn look_and(
        (repo, paths): (Repo, Paths),
        now: DateTime<Utc>,
        writes: bool,
        news: Option<News>,
    ) -> Result<Self> {
        let stood = writes.then(|| Standing::now(&repo, &paths)).flatten();
        let mut world = Self::around((repo, paths), now, writes, news)?;
        world.stood = stood;
        world.look_at_tasks()?;
        Ok(world)
    }

    /// All but the tasks: the queue is empty.
    fn around(
        (repo, paths): (Repo, Paths),
        now: DateTime<Utc>,
        writes: bool,
        news: Option<News>,
    ) -> Result<Self> {
        let ledger = ledger::read(&repo, &paths)?;
        Self::around_ledger((repo, paths), ledger, now, (writes, news))
    }

    /// The same by a ledger that was read already.
    fn around_ledger(
        (repo, paths): (Repo, Paths),
        ledger: Ledger,
        now: DateTime<Utc>,
        (writes, news): (bool, Option<News>),
    ) -> Result<Self> {
        let queue_branch = repo.queue_branch();
        let tip = repo.branch(&queue_branch).or_else(|| {
            // A fresh clone that has checked out something else.
            repo.reference(&format!("refs/remotes/origin/{queue_branch}"))
        });
        let (config, config_findings, broken) = config_at(&repo, tip);
        let queue = queue::read(tip, &config.queue_dir, Vec::new());
        let seen = Observations::default();
        let mut world = Self {
            repo,
            paths,
            queue_branch,
            config,
            config_findings,
            queue,
            ledger,
            seen,
            manifest: None,
            now,
            writes,
            stood: None,
            news,
            masks: OnceCell::new(),
            refs: OnceCell::new(),
        };
        world.observe(broken)?;
        Ok(world)
    }

    /// The tasks, and what is to be seen of each.
    fn look_at_tasks(&mut self) -> Result<()> {
        self.read_queue()?;
        let fresh = self.fresh_branches();
        self.seen.branches.extend(fresh);
        self.seen.merged = self.merged_bases()?;
        self.seen.strange = self.strange();
        self.seen.altered = self.altered();
        Ok(())
    }

    /// What has changed in the queue, where only that was read.
    pub fn news(&self) -> Option<&News> {
        self.news.as_ref()
    }

    /// Looks again, with the same eyes, later.
    pub fn again(self, now: DateTime<Utc>) -> Result<Self> {
        Self::look(self.repo, self.paths, now)
    }

    /// What the planner wants to know.
    pub fn situation<'a>(&'a self, forced: Option<&'a TaskId>) -> Situation<'a> {
        Situation {
            queue: &self.queue,
            ledger: &self.ledger,
            seen: &self.seen,
            config: &self.config,
            now: self.now,
            forced,
        }
    }

    /// What to write events with, in the name of the person here.
    pub fn pen(&self) -> Pen<'_> {
        Pen {
            repo: &self.repo,
            paths: &self.paths,
            author: self.repo.person(),
            queue: self.queue.tip,
            now: self.now,
            masks: self.masks(),
        }
    }

    /// Values that are neither shown nor written down: what builders are given here.
    pub fn masks(&self) -> &Masks {
        self.masks.get_or_init(|| self.masks_with(&self.config.workspace_copy))
    }

    /// From here on the files count too that were in fact copied into a workspace.
    pub fn hide_copied(&self, copied: &[String]) {
        let _ = self.masks.set(self.masks_with(copied));
    }

    fn masks_with(&self, copied: &[String]) -> Masks {
        let builders = self.config.builders.values();
        let notifiers = self.config.notify.values().flat_map(Notifier::variables);
        let names = builders.flat_map(|builder| &builder.env).chain(notifiers);
        let mut found = secrets::of_variables(names);
        if let Some(tree) = self.repo.main_work_dir() {
            found.extend(secrets::of_files(&tree, copied));
        }
        if let Some(home) = std::env::var_os("HOME") {
            found.extend(secrets::of_logins(Path::new(&home)));
        }
        // Only a local setting may loosen what is held.
        let known = self.repo.local_setting("buildq.notSecret").unwrap_or_default();
        found.iter_mut().for_each(|secret| secret.excused = secret.is_named(&known));
        Masks::new(&found)
    }

    /// The branch that builds start from and are merged into.
    pub fn base_branch(&self) -> String {
        let local = self.repo.setting("buildq.base");
        local.or(self.config.base.clone()).unwrap_or_else(|| self.queue_branch.clone())
    }

    /// The branch of a build, for people.
    pub fn branch_of(&self, task: &TaskId) -> String {
        format!("{}{task}", self.config.branch_prefix)
    }

    /// The build of a task, or an error that names the nearest ones.
    pub fn build(&self, task: &TaskId) -> Result<&Build> {
        if let Some(build) = self.ledger.builds.get(task) {
            return Ok(build);
        }
        if self.queue.items.contains_key(task) {
            bail!("`{task}` has not been built yet\nhint: buildq why {task}");
        }
        bail!("there is no task `{task}`{}", self.nearest(task))
    }

    /// `; did you mean …` for a task that is not there.
    pub fn nearest(&self, task: &TaskId) -> String {
        let known = self.queue.items.keys().chain(self.ledger.builds.keys());
        let near = |other: &&TaskId| strsim::jaro_winkler(other.as_str(), task.as_str());
        let best = known.max_by(|a, b| near(a).total_cmp(&near(b)));
        match best.filter(|other| near(other) > 0.8) {
            Some(other) => format!("\nhint: did you mean `{other}`?"),
            None => "\nhint: buildq status lists them".into(),
        }
    }

    /// The queue at a commit, for builds as a ledger has them; a commit that is not here, such
    /// as one of a rewritten history, has none.
    pub fn queue_at(&self, tip: Option<Oid>, ledger: &Ledger) -> Result<Stood> {
        let mut known = readings::load(&self.paths);
        let files = self.files(tip, &mut known)?;
        let queue = self.queue_of(tip, files, ledger);
        let (judged, _) = texts::judge(&queue, known);
        Ok(Stood { queue, judged })
    }

    fn queue_of(&self, tip: Option<Oid>, files: Vec<queue::File>, ledger: &Ledger) -> Queue {
        let mut queue = queue::read(tip, &self.config.queue_dir, files);
        if let Some(news) = &self.news {
            self.follow_news(&mut queue, ledger, news);
            return queue;
        }
        self.add_specs(&mut queue, ledger);
        let open = ledger.builds.iter().filter(|(_, build)| !build.is_over());
        let sources = open.filter_map(|(id, build)| Some((id.clone(), build.source()?)));
        queue.follow_renames(&sources.collect());
        queue
    }

    /// Tasks whose text was given on the command line live in the ledger's own tree.
    fn add_specs(&self, queue: &mut Queue, ledger: &Ledger) {
        let Some(tip) = ledger.tip.filter(|_| !ledger.approvals.is_empty()) else {
            return;
        };
        if self.repo.entry(tip, "specs").is_none() {
            return;
        }
        for approval in &ledger.approvals {
            let path = format!("specs/{}", approval.source);
            let taken =
                queue.items.get(&approval.task).is_some_and(|i| !i.path.starts_with("specs/"));
            let over = ledger.builds.get(&approval.task).is_some_and(Build::is_over);
            if taken || over || queue.done.contains_key(&approval.task) {
                continue;
            }
            // The text is taken by its object: what lies at the path may be another.
            let there = self.repo.entry(tip, &path) == Some(approval.source);
            if let Some(bytes) = self.repo.blob(approval.source).filter(|_| there) {
                let id = approval.task.clone();
                let parsed = crate::domain::task::parse(&format!("{path}.md"), &id, &bytes);
                let item = queue::Item {
                    id: id.clone(),
                    path,
                    blob: approval.source,
                    task: parsed.task,
                    diagnostics: parsed.diagnostics,
                };
                queue.add(item);
            }
        }
    }

    /// What is to be seen apart from single tasks.
    fn observe(&mut self, broken: Option<String>) -> Result<()> {
        let mut seen = Observations::default();
        if self.paths.known {
            seen.here = self.paths.runner();
        }
        let base = self.base_branch();
        seen.base = self.repo.branch(&base).map(|tip| (base, tip));
        self.manifest = self.queue.tip.map(|queue| {
            let base = seen.base.as_ref().map_or(queue, |(_, tip)| *tip);
            Manifest::at(&self.repo, Tips { queue, base }, &self.config)
        });
        seen.trust = match (broken, &self.manifest) {
            (Some(why), _) => Trust::Broken(why),
            (None, Some(manifest)) => {
                let tips = [self.queue.tip, seen.base.as_ref().map(|(_, tip)| *tip)];
                let there = |path: &str| {
                    tips.iter().flatten().any(|tip| self.repo.entry(*tip, path).is_some())
                };
                trust::judge(&self.paths, manifest, &there).unwrap_or_else(|error| {
                    self.repo.could_not_read("what is trusted", &error);
                    Trust::Never
                })
            }
            (None, None) => Trust::Trusted,
        };
        self.signatures(&mut seen);
        if self.config.judge.is_some() {
            seen.verdicts = self.all_of(Record::Verdicts);
            seen.judging = judging::task(&self.paths);
        }
        seen.alive = self.alive();
        seen.ending = self.ending(None);
        seen.tips = self.tips();
        seen.branches = self.branches();
        seen.changed = self.changed(&seen);
        seen.arrived = self.arrived(&seen)?;
        seen.same_base = self.same_base(&seen);
        seen.broken_builders = self.broken_builders();
        let calendars = self.calendars(seen.trust == Trust::Trusted);
        (seen.busy, seen.calendar_troubles) = (calendars.busy, calendars.troubles);
        seen.no_sandbox = self.no_sandbox();
        seen.room = machine::disk_free(&self.paths.workspaces);
        self.seen = seen;
        Ok(())
    }

    /// What this clone keeps in the user's data folder; nothing where that cannot be read.
    fn all_of(&self, record: Record) -> BTreeSet<String> {
        record.all(&self.paths).unwrap_or_else(|error| {
            self.repo.could_not_read(format_args!("the {record:?} of this clone"), &error);
            BTreeSet::new()
        })
    }

    /// When the calendars' owner is busy; a commit does not wait for their being read.
    fn calendars(&self, trusted: bool) -> calendar::Seen {
        let (repo, paths, config) = (&self.repo, &self.paths, &self.config);
        let desk = Desk { repo, paths, config, tip: self.queue.tip, trusted, now: self.now };
        if self.writes { calendar::look(desk) } else { calendar::glance(desk) }
    }

    /// Tells what every process started from here gets of our environment: a hook's PATH may
    /// be poorer than the one at `init`, and builders name variables of their own.
    pub fn hand_on_environment(&self) {
        let builders = self.config.builders.values();
        let notifiers = self.config.notify.values().flat_map(Notifier::variables);
        let names = builders.flat_map(|builder| &builder.env).chain(notifiers).cloned().collect();
        let path = self.repo.local_setting("buildq.path").map(Into::into);
        env::keep(Kept { path, names });
    }

    fn broken_builders(&self) -> BTreeMap<String, String> {
        let path = self.repo.local_setting("buildq.path").or_else(|| std::env::var("PATH").ok());
        let missing = |(name, builder): (&String, &config::Builder)| {
            let program = builder.command.first()?;
            let tracked = program.contains('/') && !program.starts_with('/');
            let found = tracked || which::which_in(program, path.as_ref(), "/").is_ok();
            (!found).then(|| (name.clone(), format!("`{program}` is not on PATH")))
        };
        self.config.builders.iter().filter_map(missing).collect()
    }
}

/// Who a builder's commits are by.
pub fn builder_person() -> crate::effects::repo::Person {
    crate::effects::repo::Person { name: "buildq".into(), email: "buildq@localhost".into() }
}
