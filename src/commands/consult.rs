//! Asking one of the builders for a word instead of work: in a copy of the base that it cannot write,
//! inside the walls, with what it is lent while it works, and nothing left behind.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::gather::World;
use crate::core::answer;
use crate::domain::config::{Builder, PromptBy};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::agents::needs;
use crate::effects::locks::Lock;
use crate::effects::process::{self, Ended};
use crate::effects::sandbox::inside::{self, Inside, Role};
use crate::effects::sandbox::lent::Lent;
use crate::effects::workspace::{self, Order};
use crate::effects::{files, sweep};

/// What it has printed by then is no answer.
const FLOOD: u64 = 64 << 20;
/// What a killed one has left is asked to end this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What builders are asked for. Each has a lock of that name, which is held while one is asked.
pub const KINDS: [&str; 2] = ["judge", "draft"];

/// Who is asked, and about what.
pub struct Question<'a> {
    /// The name of a configured builder.
    pub builder: &'a str,
    /// It is ended after this long.
    pub timeout: Duration,
    /// What it is asked for in one word: names its log, its branch and, with the task, its folder.
    pub kind: &'a str,
    /// The task that it is asked about.
    pub task: &'a TaskId,
    /// Held for as long as it works.
    pub lock: &'a Lock,
}

/// What it said.
pub struct Said {
    /// The end of all that it printed, secrets masked.
    pub printed: String,
    /// How it ended.
    pub ended: Ended,
}

/// Asks, and leaves nothing behind. `prompt` is given the short name of the commit that it reads a
/// copy of; `watch` ends it by giving a reason.
pub fn ask(
    world: &World,
    question: &Question,
    prompt: &dyn Fn(&str) -> Result<String>,
    watch: &mut dyn FnMut() -> Option<String>,
) -> Result<Said> {
    let name = question.builder;
    let builder = world.config.builders.get(name);
    let builder = builder.with_context(|| format!("there is no builder `{name}`"))?;
    let (_, base) = world.seen.base.clone().context("the base branch has no commit")?;
    let Question { task, kind, .. } = question;
    let token = format!("{}-{task}-{kind}", world.paths.clone_id);
    let folder = world.paths.workspaces.join(format!("{task}-{kind}"));
    sweep::end_all(&token, &folder, GRACE)?;
    let place = Place { world, question, builder, base, folder, token };
    let said = place.ask(&prompt(&base.short())?, watch);
    // A killed one may have left somebody behind, where there is no namespace to end with it.
    let swept = sweep::end_all(&place.token, &place.folder, GRACE);
    let _ = workspace::remove(&place.folder);
    swept.and(said)
}

/// The repository's own template; trusted with all others.
pub fn template(world: &World, name: &str) -> Result<Option<String>> {
    let path = format!("{}/{name}", world.config.queue_dir);
    let own = world.queue.tip.and_then(|tip| world.repo.file(tip, &path));
    own.map(|bytes| String::from_utf8(bytes).with_context(|| format!("`{path}` is no text")))
        .transpose()
}

/// Clears a folder away that a killed one has left; one that is at work holds its lock.
pub fn tidy(world: &World, folder: &Path) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some(kind) = kind_of(&name) else { return };
    let Ok(Some(_lock)) = Lock::try_take(&world.paths.lock(kind)) else { return };
    let token = format!("{}-{name}", world.paths.clone_id);
    // What cannot be ended or removed now is looked at again by the next sync.
    if sweep::end_all(&token, folder, GRACE).is_ok() {
        let _ = workspace::remove(folder);
    }
}

/// What a folder of this name was made for; `None` where it was not made here.
pub fn kind_of(name: &str) -> Option<&'static str> {
    let (task, kind) = name.rsplit_once('-')?;
    TaskId::new(task).ok()?;
    KINDS.into_iter().find(|known| *known == kind)
}

struct Place<'a> {
    world: &'a World,
    question: &'a Question<'a>,
    builder: &'a Builder,
    base: Oid,
    folder: PathBuf,
    token: String,
}

impl Place<'_> {
    fn ask(&self, prompt: &str, watch: &mut dyn FnMut() -> Option<String>) -> Result<Said> {
        let inside = self.make()?;
        let file = self.folder.join(".git/buildq/prompt.md");
        files::replace_cache(&file, prompt.as_bytes())?;
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let lent = match home.filter(|_| inside.level.holds()) {
            Some(home) => {
                let needs = needs::of(self.question.builder, &self.builder.command);
                Some(Lent::lend(&inside.home(), &home, &needs)?)
            }
            None => None,
        };
        let said = self.run(&inside, (&file, prompt), watch);
        lent.map(Lent::take_back);
        let (printed, ended) = said?;
        let printed = self.world.masks().mask(&String::from_utf8_lossy(&printed));
        let log = format!("{}.log", self.question.kind);
        let log = self.world.paths.local.join("logs").join(log);
        files::replace_cache(&log, printed.as_bytes())?;
        Ok(Said { printed, ended })
    }

    /// A copy of the base, and the walls around it.
    fn make(&self) -> Result<Inside<'_>> {
        let world = self.world;
        let made = workspace::make(&Order {
            user: &world.paths.common,
            work_tree: world.repo.main_work_dir().as_deref(),
            folder: &self.folder,
            branch: self.question.kind,
            base: self.base,
            identity: ("buildq", "buildq@localhost"),
            copy: &[],
            task: self.question.task,
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
        (inside.lock, inside.token) = (Some(self.question.lock.file()), self.token.clone());
        Ok(inside)
    }

    fn run(
        &self,
        inside: &Inside,
        (file, prompt): (&Path, &str),
        watch: &mut dyn FnMut() -> Option<String>,
    ) -> Result<(Vec<u8>, Ended)> {
        let mut argv = self.builder.command.clone();
        match self.builder.prompt {
            PromptBy::Stdin => {}
            PromptBy::File => argv.push(file.to_string_lossy().into_owned()),
            PromptBy::Arg => argv.push(prompt.to_owned()),
        }
        let mut call = inside.call(&argv, Role::Judge)?;
        // It has nothing to save.
        (call.timeout, call.grace) = (self.question.timeout, GRACE);
        call.stdin = (self.builder.prompt == PromptBy::Stdin).then(|| file.to_owned());
        let (mut end, total) = (Vec::new(), std::cell::Cell::new(0_u64));
        let mut sink = |bytes: &[u8]| {
            total.set(total.get() + bytes.len() as u64);
            end.extend_from_slice(bytes);
            if end.len() > 2 * answer::READ {
                end.drain(..end.len() - answer::READ);
            }
        };
        let mut look = || match total.get() > FLOOD {
            true => Some("it prints without end".to_owned()),
            false => watch(),
        };
        let done = process::run(&call, &mut sink, &mut look)?;
        Ok((end, done.ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_says_what_it_was_made_for() {
        for (name, kind) in [
            ("one-judge", Some("judge")),
            ("new-draft", Some("draft")),
            ("new-draft.home", None),
            ("one-2", None),
            ("-draft", None),
            ("draft", None),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
