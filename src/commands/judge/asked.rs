//! One judge at work: in a copy of the base that it cannot write, inside the walls.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::commands::gather::World;
use crate::core::judge;
use crate::domain::config::{Builder, Judge, PromptBy};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::agents::needs;
use crate::effects::locks::Lock;
use crate::effects::process::{self, Ended};
use crate::effects::repo::Repo;
use crate::effects::sandbox::inside::{self, Inside, Role};
use crate::effects::sandbox::lent::Lent;
use crate::effects::workspace::{self, Order};
use crate::effects::{clock, files, sweep};
use crate::render;

/// Why it was stopped, where nobody wants to know any more.
pub const UNWANTED: &str = "the text was edited, or the judge turned off";
/// What it has printed by then is no answer.
const FLOOD: u64 = 64 << 20;
/// Between two looks at whether anybody still wants to know.
const LOOK: Duration = Duration::from_secs(1);
/// What a killed judge has left is asked to end this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What it printed, and how it ended.
pub struct Asked {
    /// The end of all it printed.
    pub printed: String,
    /// How it ended.
    pub ended: Ended,
    /// The text that was judged.
    pub task_text: String,
}

impl Asked {
    /// Asks, and leaves nothing behind.
    pub fn ask(
        world: &World,
        judge: &Judge,
        (task, source): (&TaskId, Oid),
        lock: &Lock,
    ) -> Result<Self> {
        let builder = world.config.builders.get(&judge.builder);
        let builder =
            builder.with_context(|| format!("there is no builder `{}`", judge.builder))?;
        let text = world.repo.blob(source).context("the task's text is not there")?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let token = format!("{}-{task}-judge", world.paths.clone_id);
        let folder = world.paths.workspaces.join(format!("{task}-judge"));
        sweep::end_all(&token, &folder, GRACE)?;
        let place = Place { world, builder, folder, token, lock };
        let asked = place.ask(judge, (task, source), text);
        let _ = workspace::remove(&place.folder);
        asked
    }
}

struct Place<'a> {
    world: &'a World,
    builder: &'a Builder,
    folder: PathBuf,
    token: String,
    lock: &'a Lock,
}

impl Place<'_> {
    fn ask(&self, judge: &Judge, (task, source): (&TaskId, Oid), text: String) -> Result<Asked> {
        let inside = self.make(task)?;
        let (_, base) = self.world.seen.base.clone().context("the base branch has no commit")?;
        let prompt = render::judge::prompt(
            task.as_str(),
            &text,
            &base.short(),
            self.template()?.as_deref(),
        )?;
        let file = self.folder.join(".git/buildq/prompt.md");
        files::replace_cache(&file, prompt.as_bytes())?;
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let lent = match home.filter(|_| inside.level.holds()) {
            Some(home) => {
                let needs = needs::of(&judge.builder, &self.builder.command);
                Some(Lent::lend(&inside.home(), &home, &needs)?)
            }
            None => None,
        };
        let asked = self.run(&inside, judge, (&file, &prompt), source);
        lent.map(Lent::take_back);
        let (printed, ended) = asked?;
        let printed = self.world.masks().mask(&String::from_utf8_lossy(&printed));
        let log = self.world.paths.local.join("logs").join("judge.log");
        files::replace_cache(&log, printed.as_bytes())?;
        Ok(Asked { printed, ended, task_text: text })
    }

    /// A copy of the base, and the walls around it.
    fn make(&self, task: &TaskId) -> Result<Inside<'_>> {
        let world = self.world;
        let (_, base) = world.seen.base.clone().context("the base branch has no commit")?;
        let made = workspace::make(&Order {
            user: &world.paths.common,
            work_tree: world.repo.main_work_dir().as_deref(),
            folder: &self.folder,
            branch: "judge",
            base,
            identity: ("buildq", "buildq@localhost"),
            copy: &[],
            task,
            attempt: Attempt(0),
            queue_file: None,
            spec: None,
        })?;
        let recorded = world.repo.local_setting("buildq.path").map(OsString::from);
        let mut env = inside::environment(recorded, []);
        let keys = self.builder.env.iter();
        env.extend(keys.filter_map(|name| Some((name.into(), std::env::var_os(name)?))));
        let mut inside = world.inside(&self.folder, env);
        inside.network = self.builder.network.unwrap_or(inside.network);
        inside.read_only.extend(made.read_only);
        (inside.lock, inside.token) = (Some(self.lock.file()), self.token.clone());
        Ok(inside)
    }

    /// The repository's own template; trusted with all others.
    fn template(&self) -> Result<Option<String>> {
        let path = format!("{}/{}", self.world.config.queue_dir, render::judge::OVERRIDE);
        let own = self.world.queue.tip.and_then(|tip| self.world.repo.file(tip, &path));
        own.map(|bytes| String::from_utf8(bytes).with_context(|| format!("`{path}` is no text")))
            .transpose()
    }

    fn run(
        &self,
        inside: &Inside,
        judge: &Judge,
        (file, prompt): (&Path, &str),
        source: Oid,
    ) -> Result<(Vec<u8>, Ended)> {
        let mut argv = self.builder.command.clone();
        match self.builder.prompt {
            PromptBy::Stdin => {}
            PromptBy::File => argv.push(file.to_string_lossy().into_owned()),
            PromptBy::Arg => argv.push(prompt.to_owned()),
        }
        let mut call = inside.call(&argv, Role::Judge)?;
        call.timeout = judge.timeout;
        call.stdin = (self.builder.prompt == PromptBy::Stdin).then(|| file.to_owned());
        let (mut end, total) = (Vec::new(), std::cell::Cell::new(0_u64));
        let mut sink = |bytes: &[u8]| {
            total.set(total.get() + bytes.len() as u64);
            end.extend_from_slice(bytes);
            if end.len() > 2 * judge::READ {
                end.drain(..end.len() - judge::READ);
            }
        };
        let mut last = clock::tick();
        let mut watch = || match total.get() > FLOOD {
            true => Some("it prints without end".to_owned()),
            false => self.unwanted(&mut last, source).then(|| UNWANTED.to_owned()),
        };
        let done = process::run(&call, &mut sink, &mut watch)?;
        Ok((end, done.ended))
    }

    /// Whether the text is not in the queue any more, or this clone was turned off.
    fn unwanted(&self, last: &mut Instant, source: Oid) -> bool {
        if last.elapsed() < LOOK {
            return false;
        }
        *last = clock::tick();
        let world = self.world;
        let Some(path) = world.queue.items.values().find(|item| item.blob == source) else {
            return true;
        };
        // What cannot be looked at is not known to have changed.
        let Ok(repo) = Repo::at(&world.paths.common) else { return false };
        let there = repo.branch(&world.queue_branch).and_then(|tip| repo.entry(tip, &path.path));
        let edited = !path.path.starts_with("specs/") && there.is_some_and(|blob| blob != source);
        edited || repo.local_setting("buildq.cloneId").is_none()
    }
}
