//! `buildq show`

use anyhow::{Context, Result};
use chrono::SubsecRound;

use super::gather::{World, attempt_ref};
use super::mouth::Pour;
use super::{Exit, Misuse, Scene, print, status, why};
use crate::core::ledger::{Build, Outcome, Run};
use crate::core::overview::{self, CommitView, Detail, FileState, Spec, Why};
use crate::core::progress::Progress;
use crate::core::queue::Item;
use crate::core::window;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::{self, Task};
use crate::render::show as page;

/// Show one task: its text, its attempts, its progress, its commits, and how to look at them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: String,
    /// Print JSON
    #[arg(long, group = "form")]
    json: bool,
    /// Print the exact text that is or was built, and nothing else
    #[arg(long, group = "form")]
    spec: bool,
}

/// So many commits of the newest attempt are shown.
const MOST_COMMITS: usize = 50;

/// Gathers everything about one task and says it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let why = why::reasons(&world, &args.task)?;
    let Ok(task) = TaskId::new(&args.task) else {
        return Err(Misuse(format!("{}\nhint: buildq why '{}'", why.sentence, args.task)).into());
    };
    if args.spec {
        return print_spec(&world, &task);
    }
    let detail = detail(&world, &task, why);
    print(&match args.json {
        true => crate::render::text::json(&detail)?,
        false => page::page(&detail, why::reader(&world)),
    });
    Ok(Exit::Done)
}

/// The text of the newest attempt, else the one in the queue.
fn source(world: &World, task: &TaskId) -> Option<(String, Oid)> {
    let run = world.ledger.builds.get(task).and_then(Build::last);
    let item = world.queue.items.get(task);
    let path = |run: &Run| run.started.path.clone().unwrap_or_else(|| format!("specs/{task}.md"));
    let built = run.map(|run| (path(run), run.started.source));
    built.or(item.map(|item| (item.path.clone(), item.blob)))
}

fn print_spec(world: &World, task: &TaskId) -> Result<Exit> {
    let found = source(world, task).and_then(|(_, blob)| world.repo.blob(blob));
    let bytes = found.with_context(|| format!("no text of `{task}` is in this clone"))?;
    let mut pour = Pour::new(false);
    // A reader that has gone away is no fault.
    if pour.write(&bytes).is_ok() {
        pour.finish();
    }
    Ok(Exit::Done)
}

/// All that is known of one task, and of why it is where it is.
pub fn detail(world: &World, task: &TaskId, why: Why) -> Detail {
    let build = world.ledger.builds.get(task);
    let run = build.and_then(Build::last);
    let attempts = build.map(|build| build.attempts.as_slice()).unwrap_or_default();
    let view =
        |run: &Run| overview::attempt(run, world.attempt_tip(task, run).unwrap_or(run.tip()));
    let progress = run.and_then(|run| status::told(world, task, run));
    let progress = progress.as_ref();
    let spec = spec(world, task, run);
    let left = run.and_then(|run| status::spec_at(world, task, run));
    let text = left.as_ref().or(spec.as_ref().and_then(|(_, task)| task.as_ref()));
    let criteria = text.map(|task| task.criteria.as_slice()).unwrap_or_default();
    let done = |text: &String| progress.is_some_and(|progress| progress.done.contains(text));
    let ended = run.and_then(|run| run.end.as_ref());
    let (summary, deliverables, next_steps) = results(run, progress);
    Detail {
        version: overview::VERSION,
        at: world.now.trunc_subsecs(0),
        criteria: criteria
            .iter()
            .map(|it| overview::CriterionView { done: it.done || done(&it.text), ..it.into() })
            .collect(),
        percent: progress
            .map(|progress| progress.percent)
            .or(run.and_then(|run| run.progress.as_ref()).map(|told| told.percent))
            .filter(|_| ended.is_none_or(|end| !matches!(end.outcome, Outcome::Succeeded(_)))),
        attempts: attempts.iter().map(view).collect(),
        commits: run.map(|run| commits(world, task, run)).unwrap_or_default(),
        summary,
        deliverables,
        next_steps,
        words: build.map(|b| b.words.iter().map(Into::into).collect()).unwrap_or_default(),
        look: run.map(|run| look(world, task, run)).unwrap_or_default(),
        spec: spec.map(|(spec, _)| spec),
        why,
    }
}

/// Summary, deliverables and next steps: as recorded at the end, else as they stand.
fn results(
    run: Option<&Run>,
    progress: Option<&Progress>,
) -> (Option<String>, Vec<String>, Vec<String>) {
    let end = run.and_then(|run| run.end.as_ref());
    if let Some(end) = end
        && let Outcome::Succeeded(done) = &end.outcome
    {
        let summary = Some(end.text.clone()).filter(|text| !text.trim().is_empty());
        return (summary, done.deliverables.clone(), done.next_steps.clone());
    }
    let told = progress.cloned();
    told.map(|it| (it.summary, it.deliverables, it.next_steps)).unwrap_or_default()
}

fn spec(world: &World, task: &TaskId, run: Option<&Run>) -> Option<(Spec, Option<Task>)> {
    let (path, source) = source(world, task)?;
    let item = world.queue.items.get(task);
    let parsed = match item.filter(|item| item.blob == source) {
        Some(item) => Some((item.task.clone(), item.diagnostics.clone())),
        None => world.repo.blob(source).map(|bytes| {
            let parsed = task::parse(&path, task, &bytes);
            (parsed.task, parsed.diagnostics)
        }),
    };
    let (parsed, findings) = parsed.unwrap_or_default();
    let file = run.map_or(FileState::Same, |run| overview::file_state(&world.queue, task, run));
    let over = world.ledger.builds.get(task).is_some_and(Build::is_over);
    let file = if over && file == FileState::Gone { FileState::Same } else { file };
    let path = item.map_or(path, |item: &Item| item.path.clone());
    let it = parsed.clone();
    let zone = world.config.timezone;
    let spec = Spec {
        path,
        source,
        file,
        priority: it.as_ref().map(|task| task.priority),
        estimate: it.as_ref().and_then(|task| task.estimate),
        due: it.as_ref().and_then(|task| task.due).map(|due| window::resolve(due, zone)),
        depends_on: it.as_ref().map(|task| task.depends_on.clone()).unwrap_or_default(),
        labels: it.as_ref().map(|task| task.labels.clone()).unwrap_or_default(),
        tech: it.as_ref().map(|task| task.tech.clone()).unwrap_or_default(),
        builder: it.as_ref().and_then(|task| task.builder.clone()),
        verify: it
            .as_ref()
            .map(|task| task.verify.iter().map(|check| shell_words::join(&check.argv)).collect())
            .unwrap_or_default(),
        description: it.map(|task| task.description).unwrap_or_default(),
        findings: findings.iter().map(Diagnostic::sentence).collect(),
    };
    Some((spec, parsed))
}

fn commits(world: &World, task: &TaskId, run: &Run) -> Vec<CommitView> {
    let Some(tip) = world.attempt_tip(task, run) else { return Vec::new() };
    let found = world.repo.commits(tip, &[run.started.base], MOST_COMMITS).unwrap_or_default();
    let view = |commit: crate::effects::repo::Commit| CommitView {
        id: commit.id,
        at: commit.at,
        author: commit.author,
        subject: commit.message.lines().next().unwrap_or_default().to_owned(),
    };
    found.into_iter().map(view).collect()
}

/// How git shows the work of a run.
fn look(world: &World, task: &TaskId, run: &Run) -> Vec<String> {
    let Some(tip) = world.attempt_tip(task, run) else {
        return vec![format!("git fetch # the commits of attempt {} are not here", run.number())];
    };
    if tip == run.started.base {
        return Vec::new();
    }
    let branch = world.branch_of(task);
    let kept = attempt_ref(task, run.number());
    let name = if world.repo.branch(&branch) == Some(tip) {
        branch
    } else if world.repo.reference(&kept) == Some(tip) {
        kept
    } else {
        tip.short()
    };
    let name = shell_words::quote(&name);
    // Against the base branch an attempt that went on from another shows the work of both.
    let ahead = |(_, base): &&(String, Oid)| !world.repo.is_ancestor(tip, *base);
    let (base, dots) = match world.seen.base.as_ref().filter(ahead) {
        Some((base, _)) => (shell_words::quote(base).into_owned(), "..."),
        None => (run.started.base.short(), ".."),
    };
    let mut lines = vec![
        format!("git log --stat {base}..{name}"),
        format!("git diff {base}{dots}{name}"),
        format!("git worktree add --detach ../{task}-look {name}"),
    ];
    lines.extend(run.is_done().then(|| format!("buildq try {task}")));
    lines
}
