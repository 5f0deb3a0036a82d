//! The place where a build is tried out: which it is, how it is made, and what becomes of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use super::hands::Stop;
use super::token_of;
use crate::commands::gather::{World, attempt_ref};
use crate::commands::supervise::{ended, spare};
use crate::commands::{mouth, review};
use crate::core::ledger::{Build, Phase, Run};
use crate::core::situation::Trust;
use crate::core::trusted;
use crate::core::tryout::{self, Choice, Refusal, Seen};
use crate::domain::config::Check;
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::locks::Lock;
use crate::effects::process::{self, Ended};
use crate::effects::sandbox::Level;
use crate::effects::sandbox::inside::{self, Inside, Role};
use crate::effects::workspace::{self, Order, spared};
use crate::effects::{env, ledger, litter};
use crate::render::review as view;
use crate::render::text;
use crate::render::tryout::Told;

/// So much of what a setup command has printed is shown when it fails, in bytes.
const TAIL: usize = 4 << 10;

/// Where a build is tried out.
pub struct Place<'a> {
    world: &'a World,
    /// Whose.
    pub task: &'a TaskId,
    /// Which run.
    pub attempt: Attempt,
    base: Oid,
    tip: Oid,
    /// The workspace.
    pub folder: PathBuf,
    /// How it comes about.
    pub choice: Choice,
}

/// A place in which commands can run.
pub struct Ready<'a> {
    /// Whose.
    pub task: &'a TaskId,
    /// The walls.
    pub inside: Inside<'a>,
    /// Whether it is kept afterwards.
    pub stays: bool,
    /// What people are told of it.
    pub told: Told,
}

impl<'a> Place<'a> {
    /// Looks, decides, and makes nothing.
    pub fn find(world: &'a World, task: &'a TaskId, fresh: bool) -> Result<Self> {
        let build = world.build(task)?;
        let never = || anyhow!("`{task}` has not been built yet\nhint: buildq why {task}");
        let run = build.last().ok_or_else(never)?;
        let attempt = run.number();
        let tip = tip(world, (task, build), run)?;
        let own = world.paths.workspace(task, attempt);
        let kept = spared::spared(&own).map(|spared| spared.tip);
        let here = run.started.runner == world.paths.runner();
        let choice = match tryout::choose(Seen { build, here, tip, kept, fresh }) {
            Ok(choice) => choice,
            Err(Refusal::NeverBuilt) => return Err(never()),
            Err(Refusal::AtWork) => bail!(
                "`{task}` is being built, and its builder may be writing in its workspace\n\
                 hint: buildq output {task} --follow\n\
                 hint: buildq try {task} --fresh tries what it has committed so far"
            ),
        };
        // What could not be taken over of it is not for trying out.
        let apart = matches!(choice, Choice::New { stays: false, .. }) || workspace::is_kept(&own);
        let choice = match choice {
            Choice::New { because, .. } if apart => Choice::New { because, stays: false },
            choice => choice,
        };
        let folder = match apart {
            true => world.paths.workspaces.join(format!("{task}-{attempt}{}", litter::TRY)),
            false => own,
        };
        Ok(Self { world, task, attempt, base: run.started.base, tip, folder, choice })
    }

    /// Whether it has nothing to do with the workspace of the attempt itself.
    pub fn is_apart(&self) -> bool {
        self.folder != self.world.paths.workspace(self.task, self.attempt)
    }

    /// What people are told of it; `setup` is what is run in a new one.
    pub fn told(&self, setup: Vec<String>) -> Told {
        let is_new = matches!(self.choice, Choice::New { .. });
        Told {
            task: self.task.clone(),
            attempt: self.attempt,
            commit: self.tip,
            folder: self.folder.display().to_string(),
            choice: self.choice.clone(),
            setup: if is_new { setup } else { Vec::new() },
        }
    }

    /// The one that was kept.
    pub fn enter(&self, lock: &'a Lock) -> Result<Ready<'a>> {
        if spared::spared(&self.folder).is_none_or(|spared| spared.tip != self.tip) {
            bail!("the workspace of `{}` has just been removed\nhint: try again", self.task);
        }
        Ok(self.ready(lock, workspace::borrowed(&self.world.paths.common)?, true))
    }

    /// Makes a new one from the branch and sets it up.
    pub fn make(&self, lock: &'a Lock, setups: &[Check], stop: &Stop) -> Result<Ready<'a>> {
        let world = self.world;
        if !setups.is_empty() {
            self.may_set_up()?;
        }
        let work_tree = world.repo.main_work_dir();
        let made = workspace::make(&Order {
            user: &world.paths.common,
            work_tree: work_tree.as_deref(),
            folder: &self.folder,
            branch: &world.branch_of(self.task),
            base: self.tip,
            identity: ("buildq", "buildq@localhost"),
            copy: &world.config.workspace_copy,
            task: self.task,
            attempt: self.attempt,
            queue_file: None,
            spec: None,
        })?;
        made.notes.iter().for_each(|note| mouth::complain(&text::safe(note)));
        world.hide_copied(&made.copied);
        let mut read_only = workspace::borrowed(&world.paths.common)?;
        read_only.extend(made.read_only);
        let mut ready = self.ready(lock, read_only, false);
        for setup in setups {
            self.set_up(&ready, setup, stop)?;
        }
        let wanted = matches!(self.choice, Choice::New { stays: true, .. });
        let bytes = workspace::disk_use(&self.folder);
        ready.stays = wanted && spare::keep(world, &self.folder, (self.tip, bytes));
        if wanted && !ready.stays {
            mouth::complain("`keep.disk` has no room for this workspace: it goes when you leave");
        }
        Ok(ready)
    }

    /// The setup runs what `buildq.yaml` says: that is for a person to trust.
    fn may_set_up(&self) -> Result<()> {
        let task = self.task;
        let way = format!("hint: or do without the setup: buildq try {task} --no-setup");
        match &self.world.seen.trust {
            Trust::Trusted => Ok(()),
            Trust::Broken(why) => bail!("the setup cannot be read: {why}\n{way}"),
            Trust::Never => bail!(
                "`buildq.yaml`, where the setup stands, is not trusted here\n\
                 hint: buildq trust\n{way}"
            ),
            Trust::Changed(files) => bail!(
                "what the setup runs is not as it was trusted here: {}\nhint: buildq trust\n{way}",
                trusted::tell(files)
            ),
        }
    }

    fn set_up(&self, ready: &Ready, setup: &Check, stop: &Stop) -> Result<()> {
        let line = shell_words::join(&setup.argv);
        mouth::complain(&view::running("setup", &line));
        let mut call = ready.inside.call(&setup.argv, Role::Check)?;
        call.timeout = setup.timeout;
        let mut tail = Vec::new();
        let mut output = |bytes: &[u8]| {
            tail.extend_from_slice(bytes);
            let surplus = tail.len().saturating_sub(TAIL);
            tail.drain(..surplus);
        };
        let done = process::run(&call, &mut output, &mut || stop.said())?;
        if done.is_success() {
            return Ok(());
        }
        if let Ended::Stopped(_) = done.ended {
            bail!("interrupted; the workspace is gone again");
        }
        let said = self.world.masks().mask(&String::from_utf8_lossy(&tail));
        mouth::complain(&text::safe_lines(&said));
        bail!(
            "the setup `{line}` fails: {}\nhint: to look around without it: buildq try {} --no-setup",
            ended(&done.ended),
            self.task
        )
    }

    fn ready(&self, lock: &'a Lock, read_only: Vec<PathBuf>, stays: bool) -> Ready<'a> {
        let mut inside = self.world.inside(&self.folder, self.environment());
        inside.read_only.extend(read_only);
        inside.lock = Some(lock.file());
        inside.token = token_of(&self.world.paths, self.task, self.attempt);
        match &inside.level {
            Level::Bubblewrap { .. } => {}
            Level::Landlock { why, .. } => {
                mouth::complain(&format!("Landlock alone: {}", text::safe(why)));
            }
            Level::None { why } => mouth::complain(&format!("no sandbox: {}", text::safe(why))),
        }
        Ready { task: self.task, inside, stays, told: self.told(Vec::new()) }
    }

    /// As a build's checks have it.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let recorded = self.world.repo.local_setting("buildq.path").map(OsString::from);
        let around = self.folder.parent().unwrap_or(Path::new("/"));
        let own = [
            ("GIT_CONFIG_GLOBAL", self.folder.join(".git/buildq/gitconfig").into()),
            ("GIT_CEILING_DIRECTORIES", around.into()),
            (env::TASK, self.task.as_str().into()),
            (env::ATTEMPT, self.attempt.to_string().into()),
            (env::BRANCH, self.world.branch_of(self.task).into()),
            (env::BASE, self.base.to_string().into()),
            (env::WORKSPACE, self.folder.clone().into()),
            (env::TRY, "1".into()),
        ];
        inside::environment(recorded, own)
    }

    /// What was made for one time goes, and what was kept goes if the build was decided meanwhile.
    pub fn leave(&self, stays: bool) {
        let awaited = || {
            // What cannot be read now leaves it to the next sync.
            let Ok(ledger) = ledger::read(&self.world.repo, &self.world.paths) else { return true };
            crate::core::gc::in_review(&ledger, self.task, self.attempt)
        };
        let whole = stays && spared::spared(&self.folder).is_some();
        if workspace::is_kept(&self.folder) {
            return;
        }
        if !whole || !awaited() {
            let _ = workspace::remove(&self.folder);
        }
    }
}

/// The commit that is tried: what would be merged, or all that has come over of what would not.
fn tip(world: &World, (task, build): (&TaskId, &Build), run: &Run) -> Result<Oid> {
    if let Phase::Review { .. } = build.phase {
        return Ok(review::work(world, task, run)?.tip);
    }
    let newest = world.repo.reference(&attempt_ref(task, run.number()));
    let known = newest.unwrap_or_else(|| run.tip());
    let branch = world.branch_of(task);
    world.repo.has(known).then_some(known).with_context(|| {
        format!("the work of `{task}` is not in this clone\nhint: git fetch origin {branch}")
    })
}
