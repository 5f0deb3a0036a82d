//! `buildq doctor --live`: one trivial task through hook, sandbox and the real builder to a branch,
//! in a throwaway repository with this clone's builder and sandbox. Nothing of it stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::commands::demo::stage::Stage;
use crate::commands::gather::{self, World};
use crate::commands::{Misuse, mouth, print};
use crate::core::doctor::Finding;
use crate::core::ledger::{Build, Outcome, Phase, Run};
use crate::core::situation::Trust;
use crate::domain::config::{Builder, PromptBy, STEPS};
use crate::domain::id::TaskId;
use crate::domain::span_of_time;
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::trust::{self, CONFIG};
use crate::effects::{clock, ledger, own_settings};

/// The one task.
const TASK: &str = "doctor-live";
/// The file that it makes.
const FILE: &str = "doctor-live.txt";
/// What the throwaway repository's folder is called, beside those of workspaces.
const PREFIX: &str = "live-";
/// Its lock: one that is free is of a doctor that was killed.
const LOCK: &str = ".doctor.lock";
/// An agent is given so long; what needs none, a tenth of it.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// A commit is noticed, and its build begun, within this time.
const BEGIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// What is asked for in git config, and holds there too.
const SETTINGS: [&str; 2] = ["buildq.sandbox", "buildq.sandboxRead"];

/// Whether the person wants it: an agent costs money.
pub fn wanted(world: &World, yes: bool) -> Result<bool> {
    let builder = &world.config.builder;
    if builder == STEPS || yes {
        return Ok(true);
    }
    if !mouth::is_answered() {
        let said = format!(
            "`doctor --live` runs `{builder}` once, which may cost a little\nhint: add --yes"
        );
        return Err(Misuse(said).into());
    }
    let question =
        format!("This runs `{builder}` once on a trivial task, which may cost a little. Go on?");
    mouth::confirm(&question)
}

/// Does it, says each stage with its time, and cleans up whatever happens.
pub fn run(world: &World, quiet: bool) -> Result<Vec<Finding>> {
    if !matches!(world.seen.trust, Trust::Trusted) {
        let found = "not run: the configuration, which names the builder, is not trusted here";
        return Ok(vec![Finding::problem("live", found, "buildq trust")]);
    }
    let stop = Arc::new(AtomicBool::new(false));
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    sweep_dead(&world.paths);
    let home =
        world.paths.workspaces.parent().context("a folder of workspaces without a parent")?;
    std::fs::create_dir_all(home).with_context(|| format!("cannot make `{}`", home.display()))?;
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(home)?;
    let held = Lock::try_take(&folder.path().join(LOCK))?;
    let stage = Stage::in_folder(&folder.path().join("repo"))?;
    let mut live = Live { world, stage, stop, quiet, begun: clock::tick(), stages: Vec::new() };
    let played = live.play();
    let left = live.stage.leave();
    let interrupted = live.stop.load(Ordering::Relaxed);
    drop(held);
    let removed = folder.close();
    left.context("the throwaway repository could not be left")?;
    removed.context("the throwaway repository could not be removed")?;
    if interrupted {
        bail!("interrupted; nothing of it is left");
    }
    Ok(vec![match played {
        Ok(()) => Finding::ok("live", live.told()),
        Err(error) => {
            let so_far = live.told();
            let found = format!(
                "{error:#}{}",
                if so_far.is_empty() { String::new() } else { format!(" (before: {so_far})") }
            );
            Finding::problem("live", found, "the lines above tell which part does not work")
        }
    }])
}

/// What doctors that were killed have left.
fn sweep_dead(paths: &Paths) {
    let entries = paths.workspaces.parent().map(std::fs::read_dir);
    for entry in entries.into_iter().flatten().flatten().flatten() {
        let (name, folder) = (entry.file_name(), entry.path());
        let lock = folder.join(LOCK);
        let ours = name.to_string_lossy().starts_with(PREFIX) && lock.is_file();
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(Some(_held)) = Lock::try_take(&lock) else { continue };
        if Stage::there(&folder.join("repo")).is_ok_and(|stage| stage.leave().is_ok()) {
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

struct Live<'a> {
    world: &'a World,
    stage: Stage,
    stop: Arc<AtomicBool>,
    quiet: bool,
    begun: Instant,
    /// What was done, and how long it took.
    stages: Vec<(String, Duration)>,
}

impl Live<'_> {
    fn play(&mut self) -> Result<()> {
        let word = format!("line {}", std::process::id());
        self.stage.make(&self.files()?)?;
        self.stage.quietly(&["init", "--yes", "--no-heartbeat"])?;
        self.settle_settings()?;
        self.stage.quietly(&["trust", "--yes"])?;
        self.done("a repository is set up");
        let task = task_text(&word);
        self.stage.commit_file(&format!("queue/{TASK}.md"), &task, "Add a trivial task")?;
        self.done("`git commit` is through its hook");
        let repo = Repo::at(&self.stage.git_dir())?;
        let paths = gather::places(&repo)?;
        let longest = if self.world.config.builder == STEPS { LONGEST / 10 } else { LONGEST };
        let build = self.until(&repo, &paths, BEGIN, |build| build.last().is_some())?;
        self.done(&format!("the builder `{}` is at work", build_of(&build)));
        let ended = |build: &Build| build.last().is_some_and(|run| run.end.is_some());
        let build = self.until(&repo, &paths, longest, ended)?;
        self.done("it has ended");
        self.verify(&repo, &build, &word)
    }

    /// The policy, and each tracked file that the builder's command names.
    fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let world = self.world;
        let name = &world.config.builder;
        let mut policy = format!("builder: {name}\ntimezone: UTC\nretry: {{max: 0}}\n");
        let mut files = vec![("README.md".into(), b"# A throwaway repository\n".to_vec())];
        if let Some(builder) = world.config.builders.get(name) {
            let yaml = yaml(name, builder);
            policy += &format!("builders: {yaml}\n");
            let (_, base) = world.seen.base.clone().context("the base branch has no commit")?;
            let named = trust::at_start(&world.repo, base, &builder.command, &[]);
            files.extend(named.into_keys().filter_map(|path| {
                let bytes = world.repo.file(base, &path)?;
                Some((path, bytes))
            }));
        }
        files.push((CONFIG.into(), policy.into_bytes()));
        Ok(files)
    }

    /// The sandbox and PATH are those of this clone.
    fn settle_settings(&self) -> Result<()> {
        let git = self.stage.git();
        for key in SETTINGS {
            for value in own_settings::values(&self.world.repo, &self.world.paths.common, key)? {
                git.run(["config", "--add", key, &value])?;
            }
        }
        if let Some(path) = self.world.repo.local_setting("buildq.path") {
            git.run(["config", "buildq.path", &path])?;
        }
        Ok(())
    }

    /// Waits until its build is so.
    fn until(
        &self,
        repo: &Repo,
        paths: &Paths,
        longest: Duration,
        enough: impl Fn(&Build) -> bool,
    ) -> Result<Build> {
        let (begun, task) = (clock::tick(), TaskId::new(TASK)?);
        while !self.stop.load(Ordering::Relaxed) {
            let ledger = ledger::read(repo, paths)?;
            if let Some(build) = ledger.builds.get(&task).filter(|build| enough(build)) {
                return Ok(build.clone());
            }
            if begun.elapsed() > longest {
                let why = self.stage.quietly(&["why", TASK]).unwrap_or_default();
                let hold = why.lines().find(|line| line.contains("hold")).unwrap_or_default();
                let span = span_of_time::show(longest);
                return Err(anyhow!("nothing more came of it within {span}; {}", hold.trim()));
            }
            thread::sleep(LOOK);
        }
        bail!("interrupted")
    }

    /// Whether the branch holds what was asked for.
    fn verify(&mut self, repo: &Repo, build: &Build, word: &str) -> Result<()> {
        let run = build.last().context("a build without an attempt")?;
        if !matches!(build.phase, Phase::Review { .. }) {
            bail!("it did not come to review: {}", how(run));
        }
        // The branch follows once the sync after it has run.
        let (begun, branch) = (clock::tick(), format!("build/{TASK}"));
        while repo.branch(&branch) != Some(run.tip()) {
            if begun.elapsed() > BEGIN {
                bail!("`{branch}` does not stand where the work is");
            }
            thread::sleep(LOOK);
        }
        let made =
            repo.file(run.tip(), FILE).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match made {
            Some(text) if text.trim() == word => {}
            Some(text) => bail!("`{FILE}` holds `{}` instead of `{word}`", text.trim()),
            None => bail!(
                "`{FILE}`, which was asked for, is not on `{branch}`: right for a builder that does \
                 one thing whatever its task says, and for no other"
            ),
        }
        self.done("the branch holds what was asked for");
        Ok(())
    }

    fn done(&mut self, what: &str) {
        let took = self.begun.elapsed();
        self.begun = clock::tick();
        if !self.quiet {
            print(&format!("live     {:>6.1}s  {what}", took.as_secs_f32()));
        }
        self.stages.push((what.to_owned(), took));
    }

    fn told(&self) -> String {
        let stages =
            self.stages.iter().map(|(what, took)| format!("{what} ({:.1}s)", took.as_secs_f32()));
        stages.collect::<Vec<_>>().join(", ")
    }
}

fn build_of(build: &Build) -> String {
    build.last().map(|run| run.started.builder.clone()).unwrap_or_default()
}

fn how(run: &Run) -> String {
    match run.end.as_ref().map(|end| &end.outcome) {
        Some(Outcome::Failed { reason, .. }) => reason.clone(),
        Some(Outcome::Blocked { question, .. }) => format!("it asks: {question}"),
        Some(_) => "it ended in an odd way".into(),
        None => "it has not ended".into(),
    }
}

/// One builder as a mapping; JSON is YAML too.
fn yaml(name: &str, builder: &Builder) -> serde_json::Value {
    let prompt = match builder.prompt {
        PromptBy::Stdin => "stdin",
        PromptBy::File => "file",
        PromptBy::Arg => "arg",
    };
    let seconds = builder.timeout.min(LONGEST).as_secs().max(1);
    let mut one = serde_json::json!({
        "command": builder.command,
        "prompt": prompt,
        "env": builder.env,
        "timeout": format!("{seconds}s"),
    });
    if let (Some(network), Some(fields)) = (builder.network, one.as_object_mut()) {
        fields.insert("network".into(), network.into());
    }
    serde_json::json!({ name: one })
}

/// Clear to a person and an agent; the built-in builder runs its block.
fn task_text(word: &str) -> String {
    format!(
        "---\ntitle: Write one file\npriority: high\n---\n\
         Create the file `{FILE}` at the top of the repository. It holds exactly one line: `{word}`. \
         Change nothing else.\n\n## Completion criteria\n- [ ] `{FILE}` holds exactly the line `{word}`\n\n  \
         ```sh\n  echo '{word}' > {FILE}\n  ```\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{clear, risk};
    use crate::domain::{config, task};

    #[test]
    fn its_task_passes_every_gate() {
        let id = TaskId::new(TASK).unwrap();
        let parsed = task::parse("queue/x.md", &id, task_text("line 7").as_bytes());
        assert_eq!(parsed.diagnostics, []);
        let task = parsed.task.unwrap();
        assert_eq!(clear::unclear(&task), None);
        assert!(risk::risks(&task).is_empty() && task.steps.len() == 1);
    }

    #[test]
    fn a_builder_is_written_as_it_was_read() {
        let text = "builder: opus\nbuilders:\n  opus:\n    command: [claude, '-p', \"a: 'b'\"]\n    prompt: arg\n    env: [A_KEY]\n    timeout: 5m\n    network: false\n";
        let (read, _) = config::parse("f", text.as_bytes()).unwrap();
        let again = format!("builder: opus\nbuilders: {}\n", yaml("opus", &read.builders["opus"]));
        let (again, _) = config::parse("f", again.as_bytes()).unwrap();
        assert_eq!(again.builders, read.builders);
    }
}
