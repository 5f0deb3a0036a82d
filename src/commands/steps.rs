//! `buildq steps`: the builder that needs no agent. It runs the `sh` blocks of a task.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};

use super::progress::{compose, first_line, read_bounded, ticked_file};
use super::{mouth, print};
use crate::domain::id::Percent;
use crate::domain::task::{Step, Task, parse};
use crate::domain::trailers::{Trailers, one_line};
use crate::effects::env;
use crate::effects::workspace::leftovers::{MAX_FILE, Rule, stage};
use crate::effects::workspace::note::{commit_tree, head, move_head};
use crate::effects::workspace::{Marker, git_inside};

/// Nothing to run: the task is not made for this builder.
const NO_STEPS: u8 = 2;

/// Run the `sh` blocks of the task in order and commit what each changes.
///
/// For buildq itself, inside a workspace.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Stops at the first step that fails.
pub fn run(_: Args) -> Result<ExitCode> {
    let run = Run::begin()?;
    let total = run.task.steps.len();
    if total == 0 {
        mouth::complain(
            "the task has no step that could be run\n\
             hint: add a fenced `sh` block, or configure an agent as builder in `buildq.yaml`",
        );
        return Ok(ExitCode::from(NO_STEPS));
    }
    for (index, step) in run.task.steps.iter().enumerate() {
        let name = format!("step {} of {total} (line {})", index + 1, step.line);
        print(&format!("── {name}: {}", first_line(&step.script).unwrap_or_default()));
        let ended = run.script(index, step)?;
        if !ended.success() {
            mouth::complain(&format!("{name} failed: {}", describe(ended)));
            return Ok(ExitCode::FAILURE);
        }
        if run.asked()? {
            print(&format!("── {name} asks a person: the rest waits"));
            return Ok(ExitCode::SUCCESS);
        }
        run.commit(index, step)?;
    }
    print(&format!("── all {total} steps are done"));
    Ok(ExitCode::SUCCESS)
}

fn describe(ended: ExitStatus) -> String {
    match (ended.code(), ended.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for no known reason".to_owned(),
    }
}

struct Run {
    folder: PathBuf,
    marker: Marker,
    task: Task,
}

/// A script's line that names a commit is cut here, in bytes.
const LONGEST_SUBJECT: usize = 60;

impl Run {
    fn begin() -> Result<Self> {
        let here = std::env::current_dir().context("this folder is gone")?;
        let (folder, marker) = Marker::find(&here)?;
        let spec = std::env::var_os(env::SPEC).map(PathBuf::from).or_else(|| marker.spec.clone());
        let spec =
            spec.with_context(|| format!("`{}` does not name the task's file", env::SPEC))?;
        let task = Self::read(&spec, &marker)?;
        Ok(Self { folder, marker, task })
    }

    fn read(spec: &Path, marker: &Marker) -> Result<Task> {
        let bytes = read_bounded(spec);
        let bytes = bytes.with_context(|| format!("cannot read `{}`", spec.display()))?;
        let parsed = parse(&spec.to_string_lossy(), &marker.task, &bytes);
        match (parsed.task, parsed.diagnostics.first()) {
            (Some(task), _) => Ok(task),
            (None, Some(diagnostic)) => bail!("{}", diagnostic.one_line()),
            (None, None) => bail!("`{}` is no task", spec.display()),
        }
    }

    /// The script is a regular file: a step that reads standard input finds nothing there.
    fn script(&self, index: usize, step: &Step) -> Result<ExitStatus> {
        let scripts = self.folder.join(".git/buildq");
        let path = scripts.join(format!("step-{}.sh", index + 1));
        let written = fs::create_dir_all(&scripts).and_then(|()| fs::write(&path, &step.script));
        written.with_context(|| format!("cannot write `{}`", path.display()))?;
        let mut sh = Command::new("sh");
        sh.arg("-e").arg(&path).current_dir(&self.folder).stdin(Stdio::null());
        sh.status().context("cannot run `sh`")
    }

    /// Whether the newest commit is a question to a person.
    fn asked(&self) -> Result<bool> {
        let git = git_inside(&self.folder);
        if head(&git)?.is_none() {
            return Ok(false);
        }
        let message = git.run(["log", "-1", "--format=%B", "HEAD"])?;
        Ok(Trailers::split(&message).0.get("Block").is_some())
    }

    /// One commit for what the step changed and the tick it earned; none for nothing.
    fn commit(&self, index: usize, step: &Step) -> Result<()> {
        let earned = self.earned(index, step);
        let ticked = earned.map(|text| self.tick(text)).transpose()?.unwrap_or(false);
        let git = git_inside(&self.folder);
        let head = head(&git)?;
        let rule = Rule { max_file: MAX_FILE, exclude: &self.marker.copied };
        let staged = stage(&self.folder, &rule)?;
        for left in &staged.left_out {
            print(&format!("not committed: {left}"));
        }
        let before = match &head {
            Some(head) => {
                git.run(["rev-parse", "--verify", "--end-of-options", &format!("{head}^{{tree}}")])?
            }
            None => String::new(),
        };
        // A criterion without a box is ticked by the trailer alone.
        if staged.tree == before && (ticked || earned.is_none()) {
            return Ok(());
        }
        let message = self.message(index, step, earned);
        let parents: Vec<String> = head.iter().cloned().collect();
        let commit = commit_tree(&git, &staged.tree, &parents, &message)?;
        move_head(&git, &commit, head.as_deref())?;
        staged.settle();
        let short = commit.get(..7).unwrap_or(&commit);
        print(&format!("committed {short}: {}", first_line(&message).unwrap_or_default()));
        Ok(())
    }

    /// The criterion that is reached with this step: the one it stands under, if no later
    /// step stands there too.
    fn earned(&self, index: usize, step: &Step) -> Option<&str> {
        let later = self.task.steps.iter().skip(index + 1);
        let criterion = step.criterion?;
        let last = later.into_iter().all(|step| step.criterion != Some(criterion));
        let criterion = self.task.criteria.get(criterion).filter(|_| last)?;
        (!criterion.done).then_some(&criterion.text)
    }

    /// Whether the task's file in the tree says so now.
    fn tick(&self, text: &str) -> Result<bool> {
        let Some(path) = &self.marker.queue_file else { return Ok(false) };
        let full = self.folder.join(path);
        let Some(bytes) = read_bounded(&full) else { return Ok(false) };
        match ticked_file(path, &self.marker.task, &bytes, &[text.to_owned()]) {
            Some(ticked) => {
                fs::write(&full, ticked).with_context(|| format!("cannot write `{path}`"))?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn message(&self, index: usize, step: &Step, earned: Option<&str>) -> String {
        let criterion = step.criterion.and_then(|index| self.task.criteria.get(index));
        let script = || {
            let line = first_line(&step.script).unwrap_or("a step");
            let short = one_line(line, LONGEST_SUBJECT);
            if short.len() < line.len() { format!("{short}…") } else { short }
        };
        let subject = criterion.map_or_else(script, |it| it.text.clone());
        let mut trailers = Trailers::default();
        let (step, steps) = (index + 1, self.task.steps.len());
        trailers.push("Step", format!("{step}/{steps}"));
        trailers.push("Progress", Percent::of(step, steps).value());
        earned.iter().for_each(|text| trailers.push("Done", text));
        compose(&subject, "", &trailers)
    }
}
