//! The plan that still stands: where nothing has changed since there was nothing to do, no task
//! is read, judged and ruled on again.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::World;
use crate::commands::supervise::tidy;
use crate::core::gates::{self, Hour};
use crate::core::ledger::Ledger;
use crate::core::overview::{Kept, Overview};
use crate::core::plan::{self, Plan};
use crate::core::situation::{Doubt, Observations};
use crate::effects::lasting::{self, Grounds, Lasting, Standing};
use crate::effects::ledger;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::signers::Signers;
use crate::render;

/// All but the tasks: what a plan that has nothing to do is held against. Of a long ledger only
/// the part that is open or young is looked at, where that is known.
pub struct Around {
    world: World,
    lean: bool,
}

impl Around {
    /// Looks at everything that is not a task.
    pub fn look(repo: Repo, paths: Paths, now: DateTime<Utc>) -> Result<Self> {
        let stood = Standing::now(&repo, &paths);
        let lean = ledger::lean(&repo, &paths, now).filter(|ledger| is_all(&paths, ledger));
        let (mut world, lean) = match lean {
            Some(ledger) => (World::around_ledger((repo, paths), ledger, now, (true, None))?, true),
            None => (World::around((repo, paths), now, true, None)?, false),
        };
        world.stood = stood;
        Ok(Self { world, lean })
    }

    /// Looks again, later.
    pub fn again(self, now: DateTime<Utc>) -> Result<Self> {
        Self::look(self.world.repo, self.world.paths, now)
    }

    /// The last plan, if it had nothing to do and a new one would be the same.
    pub fn lasting(&self) -> Option<Lasting> {
        lasting::load(&self.world.paths, &self.world.grounds()?, self.world.now)
    }

    /// What was kept of the last overview, if a new one would say the same of tasks and builds.
    pub fn kept(&self) -> Option<Kept> {
        let World { stood, paths, now, .. } = &self.world;
        let grounds = self.world.grounds()?.with_heads(stood.as_ref()?);
        lasting::load_view(paths, &grounds, *now)
    }

    /// When somebody has to look again, by such a plan.
    pub fn wake(&self, lasting: &Lasting) -> Option<DateTime<Utc>> {
        plan::wake_at(self.world.situation(None), lasting.first, false)
    }

    /// The world, its queue left unread, and of a long ledger what has long been over.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The whole world: looks at the tasks as well.
    pub fn whole(self) -> Result<World> {
        let mut world = self.world;
        if self.lean {
            return World::look(world.repo, world.paths, world.now);
        }
        world.look_at_tasks()?;
        Ok(world)
    }
}

/// Whether everything that killed processes may have left is of a build that is known.
fn is_all(paths: &Paths, ledger: &Ledger) -> bool {
    let Ok(folders) = std::fs::read_dir(&paths.workspaces) else { return true };
    folders.flatten().all(|folder| {
        let name = folder.file_name();
        let whose = tidy::whose(&name.to_string_lossy());
        whose.is_none_or(|(task, ..)| ledger.builds.contains_key(&task))
    })
}

impl World {
    /// Keeps a plan of this world, if it lasts.
    pub fn keep_plan(&self, plan: &Plan) {
        let situation = self.situation(None);
        let lasts = gates::lasts(situation, plan) && self.is_told();
        // What could not be read this once is no reason to hold anything the next time.
        if !self.writes || !lasts || !self.repo.is_read() {
            return;
        }
        let Some(grounds) = self.grounds() else { return };
        let still = Standing::now(&self.repo, &self.paths);
        if !still.zip(self.stood.as_ref()).is_some_and(|(now, then)| now.has_files_of(then)) {
            return;
        }
        let lasting = Lasting {
            made: self.now,
            first: plan::first_moment(situation, plan),
            tasks: self.queue.items.len(),
            holds: render::plan::holds(plan),
            nothing: render::plan::nothing(plan),
        };
        lasting::store(&self.paths, &grounds, &lasting);
        ledger::keep_lean(&self.paths, &self.ledger);
    }

    /// Keeps what an overview of this world says of tasks and builds, as long as its plan lasts.
    pub fn keep_overview(&self, view: &Overview) {
        let kept = Kept::of(view).filter(|_| self.writes && view.health.runs_here);
        let (Some(kept), Some(grounds)) = (kept, self.grounds()) else { return };
        let Some(plan) = lasting::load(&self.paths, &grounds, self.now) else { return };
        let Some(stood) = &self.stood else { return };
        if Standing::now(&self.repo, &self.paths).as_ref() != Some(stood) {
            return;
        }
        let plan = Lasting { made: self.now, ..plan };
        let grounds = grounds.with_heads(stood);
        lasting::store_view(&self.paths, &grounds, &plan, &kept);
    }

    /// Whether all that could be found out has been: what a signature is worth, whether a builder
    /// wrote a text, and what an object that is not here says, may be told later without
    /// anything else having changed.
    fn is_told(&self) -> bool {
        let unsigned = matches!(Signers::of(&self.repo), Ok(None));
        let mut doubts = self.seen.origins.values().filter_map(|origin| origin.doubt.as_ref());
        let untold = doubts.any(|doubt| match doubt {
            Doubt::Untold { .. } => true,
            Doubt::Elsewhere => !unsigned,
            _ => false,
        });
        let unread = self.queue.items.values().filter(|item| item.task.is_none());
        let missing = unread.into_iter().any(|item| !self.repo.has(item.blob));
        !untold && !missing && (unsigned || self.seen.strangers.is_empty())
    }

    /// What a plan of this world is made of, its tasks as their commit has them.
    fn grounds(&self) -> Option<Grounds> {
        let hour = Hour::of(self.situation(None));
        // Every field stands here, so that a new one is thought of.
        let Observations {
            // Of the tasks and their builds the commits of queue, ledger and refs tell.
            origins: _,
            strange: _,
            altered: _,
            judged: _,
            merged: _,
            branches: _,
            // These are in the hour, as far as they count now.
            busy: _,
            room: _,
            here,
            trust,
            approvals,
            verdicts,
            judging,
            strangers,
            no_signers,
            alive,
            ending,
            tips,
            base,
            arrived,
            changed,
            same_base,
            broken_builders,
            calendar_troubles,
            no_sandbox,
        } = &self.seen;
        let words = (here, trust, approvals, verdicts, judging, strangers, no_signers);
        let builds = (alive, ending, tips, base, arrived, changed, same_base);
        let machine = (broken_builders, calendar_troubles, no_sandbox);
        let (branch, commits) = (&self.queue_branch, (self.queue.tip, self.ledger.tip));
        let policy = (&self.config, &self.base_branch());
        let seen = format!("{:?}", (branch, commits, policy, hour, words, builds, machine));
        Some(Grounds::of(self.stood.as_ref()?, &seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::git::Git;
    use crate::effects::trust::Record;

    #[test]
    fn what_changes_while_a_plan_is_made_is_not_held_against_it() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q", "-b", "main"]).unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        std::fs::create_dir(dir.path().join("queue")).unwrap();
        std::fs::write(dir.path().join("queue/x.md"), "Write hello.txt with a greeting.\n")
            .unwrap();
        git.run(["add", "queue"]).unwrap();
        git.run(["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"]).unwrap();
        let place = || {
            let mut paths = Paths::discover(&dir.path().join(".git"), None, "mini").unwrap();
            paths.data = dir.path().join("data");
            (Repo::at(&paths.common).unwrap(), paths)
        };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let lasts = |meanwhile: &dyn Fn(&Paths)| {
            let (repo, paths) = place();
            let world = World::look(repo, paths, now).unwrap();
            meanwhile(&world.paths);
            world.keep_plan(&plan::plan(world.situation(None)));
            let (repo, paths) = place();
            Around::look(repo, paths, now).unwrap().lasting().is_some()
        };
        assert!(lasts(&|_| ()));
        // The hook of a commit makes it known after a sync has looked.
        let head = git.run(["rev-parse", "HEAD"]).unwrap();
        assert!(!lasts(&|paths| Record::Commits.add(paths, std::slice::from_ref(&head)).unwrap()));
        assert!(lasts(&|_| ()));
        assert!(!lasts(&|_| _ = git.run(["branch", "other"]).unwrap()));
        assert!(lasts(&|_| ()));
        // What could not be read may be readable again: such a plan is made anew.
        let approvals = dir.path().join("data/approvals");
        std::fs::create_dir(&approvals).unwrap();
        git.run(["branch", "third"]).unwrap();
        assert!(!lasts(&|_| ()));
        std::fs::remove_dir(&approvals).unwrap();
        assert!(lasts(&|_| ()));
    }
}
