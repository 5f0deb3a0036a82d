//! The checks on the merged tree, in a workspace of their own, inside the walls.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use super::offer::Offer;
use crate::commands::gather::{World, builder_person};
use crate::commands::print;
use crate::commands::supervise::ended;
use crate::core::situation::Trust;
use crate::domain::config::Check;
use crate::domain::event::CheckResult;
use crate::domain::id::Oid;
use crate::effects::locks::Lock;
use crate::effects::process::{self, Ended, Finished};
use crate::effects::repo::Stamp;
use crate::effects::sandbox::Level;
use crate::effects::sandbox::inside::{self, Inside, Role};
use crate::effects::workspace::{self, Made, Order};
use crate::effects::{clock, env, sweep};
use crate::render::{review, text};

/// What a killed accept has left is asked to end this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the configured checks and the task's own; the first that fails is an error.
pub fn run(world: &World, offer: &Offer, turn: &Lock) -> Result<Vec<CheckResult>> {
    let checks = checks(world, offer)?;
    if checks.is_empty() {
        print("no checks are configured: `verify` in `buildq.yaml`");
        return Ok(Vec::new());
    }
    let trial = Trial::make(world, offer, turn)?;
    let done = trial.all(&checks);
    let _ = workspace::remove(&trial.made.folder);
    done
}

fn checks(world: &World, offer: &Offer) -> Result<Vec<Check>> {
    let way =
        format!("hint: or merge without the checks: buildq accept {} --no-checks", offer.task);
    match &world.seen.trust {
        Trust::Trusted => {}
        Trust::Broken(why) => bail!("the checks cannot be read: {why}\n{way}"),
        Trust::Never => bail!(
            "`buildq.yaml`, where the checks stand, is not trusted here\nhint: buildq trust\n{way}"
        ),
        Trust::Changed(files) => bail!(
            "what the checks run is not as it was trusted here: {}\n\
             hint: buildq trust\n{way}",
            crate::core::trusted::tell(files)
        ),
    }
    if let Some(why) = &world.seen.no_sandbox {
        bail!("the checks may not run without a sandbox: {why}\n{way}");
    }
    let started = &offer.run.started;
    let path = started.path.clone().unwrap_or_else(|| format!("{}.md", offer.task));
    let spec = world.repo.blob(started.source);
    let spec = spec.and_then(|bytes| crate::domain::task::parse(&path, &offer.task, &bytes).task);
    let own = spec.map(|task| task.verify).unwrap_or_default();
    Ok(world.config.verify.iter().cloned().chain(own).collect())
}

/// The workspace of the merged tree.
struct Trial<'a> {
    world: &'a World,
    offer: &'a Offer,
    made: Made,
    inside: Inside<'a>,
    stop: Arc<AtomicBool>,
}

impl<'a> Trial<'a> {
    fn make(world: &'a World, offer: &'a Offer, turn: &'a Lock) -> Result<Self> {
        let folder = world.paths.workspaces.join(format!("{}-accept", offer.task));
        let token = format!("{}-{}-accept", world.paths.clone_id, offer.task);
        sweep::end_all(&token, &folder, GRACE)?;
        let commit = provisional(world, offer)?;
        let work_tree = world.repo.main_work_dir();
        let made = workspace::make(&Order {
            user: &world.paths.common,
            work_tree: work_tree.as_deref(),
            folder: &folder,
            branch: &offer.branch,
            base: commit,
            identity: ("buildq", "buildq@localhost"),
            copy: &world.config.workspace_copy,
            task: &offer.task,
            attempt: offer.run.number(),
            queue_file: None,
            spec: None,
        })?;
        made.notes.iter().for_each(|note| print(&text::safe(note)));
        let mut inside = world.inside(&folder, environment(world, offer, &folder));
        inside.read_only.extend(made.read_only.iter().cloned());
        (inside.lock, inside.token) = (Some(turn.file()), token);
        match &inside.level {
            Level::Bubblewrap { .. } => {}
            Level::Landlock { why, .. } => print(&format!("Landlock alone: {}", text::safe(why))),
            Level::None { why } => print(&format!("no sandbox: {}", text::safe(why))),
        }
        let stop = Arc::new(AtomicBool::new(false));
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Self { world, offer, made, inside, stop })
    }

    fn all(&self, checks: &[Check]) -> Result<Vec<CheckResult>> {
        for setup in &self.world.config.workspace_setup {
            let done = self.run(setup, "setup")?;
            if !done.is_success() {
                return Err(self.failed("the setup", setup, &done.ended));
            }
        }
        let mut results = Vec::new();
        for check in checks {
            let done = self.run(check, "check")?;
            if !done.is_success() {
                return Err(self.failed("", check, &done.ended));
            }
            results.push(CheckResult {
                command: shell_words::join(&check.argv),
                passed: true,
                ended: ended(&done.ended),
                duration: done.duration,
            });
        }
        Ok(results)
    }

    fn failed(&self, what: &str, check: &Check, how: &Ended) -> anyhow::Error {
        let (task, branch, base) = (&self.offer.task, &self.offer.branch, &self.offer.base_name);
        if let Ended::Stopped(_) = how {
            return anyhow!("interrupted; nothing is merged\nhint: buildq accept {task}");
        }
        let command = shell_words::join(&check.argv);
        let what = format!("{what} `{command}`");
        anyhow!(
            "{} fails on the merged tree: {}; nothing is merged\n\
             hint: git switch {branch} && git merge {base}, mend it, commit, then: buildq accept {task}\n\
             hint: or send it back: buildq reject {task} -m \"…\"\n\
             hint: or merge without the checks: buildq accept {task} --no-checks",
            what.trim_start(),
            ended(how)
        )
    }

    fn run(&self, check: &Check, word: &str) -> Result<Finished> {
        print(&review::running(word, &shell_words::join(&check.argv)));
        let mut call = self.inside.call(&check.argv, Role::Check)?;
        call.timeout = check.timeout;
        let mut lines = Lines::default();
        let mut output = |bytes: &[u8]| lines.take(bytes);
        let stopped = || self.stop.load(Ordering::Relaxed).then(|| "interrupted".to_owned());
        let done = process::run(&call, &mut output, &mut { stopped })?;
        lines.end();
        print(&review::ran(word, &ended(&done.ended), done.duration));
        Ok(done)
    }
}

/// As a build's checks have it.
fn environment(world: &World, offer: &Offer, folder: &Path) -> Vec<(OsString, OsString)> {
    let recorded = world.repo.local_setting("buildq.path").map(OsString::from);
    let own = [
        (env::TASK, offer.task.to_string().into()),
        (env::ATTEMPT, offer.run.number().to_string().into()),
        (env::BRANCH, offer.branch.clone().into()),
        (env::BASE, offer.base.to_string().into()),
        (env::WORKSPACE, folder.into()),
    ];
    inside::environment(recorded, own)
}

/// A commit of the merged tree for the workspace alone: no ref ever names it.
fn provisional(world: &World, offer: &Offer) -> Result<Oid> {
    let stamp = Stamp { author: builder_person(), committer: builder_person(), at: clock::now() };
    let message = format!("{} merged into {}, to be checked\n", offer.branch, offer.base_name);
    world.repo.write_commit(offer.tree, &[offer.base, offer.tip], &stamp, &message)
}

/// Shows what a program writes, line by line, so that it cannot play with the terminal.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            Self::show(&line);
        }
        // A program that never ends its line is shown in pieces.
        if self.0.len() > 8192 {
            self.end();
        }
    }

    fn end(&mut self) {
        if !self.0.is_empty() {
            Self::show(&std::mem::take(&mut self.0));
        }
    }

    fn show(line: &[u8]) {
        print(&format!("  {}\n", text::safe(&String::from_utf8_lossy(line))));
    }
}
