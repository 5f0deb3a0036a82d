//! `buildq add`

mod batch;
mod editor;
mod fate;
#[cfg(feature = "mcp")]
pub mod given;
mod ids;
mod sound;
mod text;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use self::editor::Typed;
use self::sound::{Ready, ready};
use self::text::Draft;
use super::gather::World;
use super::init::row;
use super::{Exit, Misuse, Scene, mouth, print, say, sync};
use crate::core::plan::{Action, Outcome};
use crate::core::situation::Trust;
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::{Oid, TaskId};
use crate::effects::commit::{self, Commission};
use crate::effects::trust::Record;
use crate::effects::workspace::Marker;
use crate::render;

pub use fate::Fate;
pub use ids::Taken;
pub use text::title;

/// A file of many tasks is never larger, in bytes.
const LARGEST: u64 = 16 << 20;

/// Write a task and commit it: that file alone, whatever else is staged
///
/// Without flags your editor opens on a template. A file that you write and commit yourself
/// does just the same.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// What it is called; the file is named after it
    #[arg(long)]
    name: Option<String>,
    /// What is to be done, in Markdown; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    desc: Option<String>,
    /// When it may start: high is now, medium tonight, low after `buildq approve`
    #[arg(long, value_parser = ["high", "medium", "low"], ignore_case = true)]
    priority: Option<String>,
    /// Your guess of the work, e.g. 4h
    #[arg(long, value_name = "SPAN")]
    estimate: Option<String>,
    /// When it should be done, e.g. "2030-12-31 18:00"
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// What will be true in the end; may be repeated
    #[arg(long, value_name = "TEXT")]
    criterion: Vec<String>,
    /// What it is made with; may be repeated
    #[arg(long, value_name = "WORD")]
    tech: Vec<String>,
    /// A word to find it by; may be repeated
    #[arg(long, value_name = "WORD")]
    label: Vec<String>,
    /// A task that comes first; may be repeated
    #[arg(long, value_name = "TASK")]
    depends_on: Vec<String>,
    /// Who builds it: a name from buildq.yaml
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// A check beside the configured ones; may be repeated
    #[arg(long, value_name = "COMMAND")]
    verify: Vec<String>,
    /// Open the editor on what the flags say
    #[arg(short, long, conflicts_with = "batch")]
    edit: bool,
    /// Write the file and leave committing it to you
    #[arg(long)]
    no_commit: bool,
    /// Add many tasks in one commit: a YAML list or one JSON object per line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<String>,
    /// Print a task file to copy
    #[arg(long, exclusive = true)]
    template: bool,
}

/// Writes the task, commits it, and says what became of it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.template {
        print(text::TEMPLATE);
        return Ok(Exit::Done);
    }
    let world = scene.look()?;
    may_add(&world, args.no_commit)?;
    if let Some(file) = &args.batch {
        if args.says_anything() {
            return Err(misuse("with `--batch` everything stands in its file"));
        }
        let ready = many(&world, file, scene)?;
        return place(world, ready, (args.no_commit, None), scene);
    }
    let draft = args.draft(scene)?;
    if args.edit || !args.says_anything() {
        if !editor::somebody_is_there() {
            return Err(misuse(
                "nobody is here to type\nhint: buildq add --name \"…\" --desc \"…\" --criterion \"…\", \
                 or --batch FILE",
            ));
        }
        let Some(typed) = editor::edit(&world, &text::filled(&draft))? else {
            print("nothing was typed, no task was added");
            return Ok(Exit::No);
        };
        let id = Taken::look(&world).give(&typed.title);
        let ready = ready(&world, id, (typed.text.clone(), None)).map_err(refuse);
        let ready = ready.with_context(|| typed.kept())?;
        return place(world, vec![ready], (args.no_commit, Some(typed)), scene);
    }
    if draft.name.trim().is_empty() {
        return Err(misuse("a task needs a name\nhint: --name \"Greet by name\""));
    }
    let id = Taken::look(&world).give(&draft.name);
    let hint = "--criterion \"what will be true in the end\"";
    let ready = ready(&world, id, (draft.text(), Some(hint))).map_err(refuse)?;
    place(world, vec![ready], (args.no_commit, None), scene)
}

fn misuse(text: &str) -> anyhow::Error {
    Misuse(text.to_owned()).into()
}

/// Shows what is wrong; the error only says what that means.
fn refuse(found: Vec<Diagnostic>) -> anyhow::Error {
    show(&found);
    anyhow::anyhow!("no task was added")
}

fn show(found: &[Diagnostic]) {
    for one in found {
        mouth::complain(&render::diagnostic::show(one));
    }
}

impl Args {
    fn says_anything(&self) -> bool {
        let one =
            [&self.name, &self.desc, &self.priority, &self.estimate, &self.due, &self.builder];
        let many = [&self.criterion, &self.tech, &self.label, &self.depends_on, &self.verify];
        one.iter().any(|value| value.is_some()) || many.iter().any(|values| !values.is_empty())
    }

    fn draft(&self, scene: &Scene) -> Result<Draft> {
        let mut draft = Draft {
            name: self.name.clone().unwrap_or_default(),
            description: match self.desc.as_deref() {
                Some("-") => read("-", scene)?,
                desc => desc.unwrap_or_default().to_owned(),
            },
            criteria: self.criterion.clone(),
            ..Draft::default()
        };
        draft.one("priority", self.priority.as_deref());
        draft.one("estimate", self.estimate.as_deref());
        draft.one("due", self.due.as_deref());
        draft.many("tech", &self.tech);
        draft.many("labels", &self.label);
        draft.many("depends_on", &self.depends_on);
        draft.one("builder", self.builder.as_deref());
        draft.many("verify", &self.verify);
        Ok(draft)
    }
}

/// Refuses where a task would not arrive.
pub fn may_add(world: &World, no_commit: bool) -> Result<()> {
    if let Trust::Broken(why) = &world.seen.trust {
        bail!(
            "the configuration has an error: {why}\nhint: mend it first: it says where tasks are"
        );
    }
    if no_commit {
        return Ok(());
    }
    if Marker::is_here() {
        bail!(
            "a build cannot queue work: it would count as yours\n\
             hint: name it as a next step: buildq progress --next \"…\""
        );
    }
    say::must_be_known(world)?;
    let branch = &world.queue_branch;
    if world.queue.tip.is_some() && world.repo.branch(branch).is_none() {
        bail!("`{branch}` is not a branch here yet\nhint: git branch {branch} origin/{branch}");
    }
    Ok(())
}

/// Text of a file or of standard input.
fn read(file: &str, scene: &Scene) -> Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        let opened = std::fs::File::open(scene.dir.join(file));
        let opened = opened.with_context(|| format!("cannot read `{file}`"))?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        bail!("`{file}` is larger than {} MiB", LARGEST >> 20);
    }
    String::from_utf8(bytes).with_context(|| format!("`{file}` is not UTF-8 text"))
}

/// Every task of a file, or every error in it.
fn many(world: &World, file: &str, scene: &Scene) -> Result<Vec<Ready>> {
    let shown = if file == "-" { "standard input" } else { file };
    let drafts = batch::read(shown, &read(file, scene)?).map_err(|found| {
        show(&found);
        anyhow::anyhow!("no task was added")
    })?;
    let mut taken = Taken::look(world);
    let ids: Vec<TaskId> = drafts.iter().map(|draft| taken.give(&draft.name)).collect();
    let names = drafts.iter().zip(&ids);
    let called: BTreeMap<TaskId, TaskId> =
        names.rev().filter_map(|(d, id)| Some((TaskId::suggest(&d.name)?, id.clone()))).collect();
    let (mut good, mut bad) = (Vec::new(), 0);
    let total = drafts.len();
    for (number, (mut draft, id)) in drafts.into_iter().zip(ids).enumerate() {
        batch::point(&mut draft, &called);
        let hint = "criteria: [\"what will be true in the end\"]";
        match ready(world, id, (draft.text(), Some(hint))) {
            Ok(ready) => good.push(ready),
            Err(found) => {
                bad += 1;
                let name = render::text::safe(&text::one_line(&draft.name));
                mouth::complain(&format!("entry {} of {shown}, `{name}`:", number + 1));
                let errors: Vec<_> =
                    found.into_iter().filter(|one| one.severity == Severity::Error).collect();
                show(&errors);
            }
        }
    }
    if bad > 0 {
        bail!("{bad} of {total} tasks cannot be read; no task was added");
    }
    Ok(good)
}

/// Writes and commits them; all or nothing.
fn place(
    world: World,
    ready: Vec<Ready>,
    (no_commit, typed): (bool, Option<Typed>),
    scene: &Scene,
) -> Result<Exit> {
    let done = if no_commit {
        write(&world, &ready).map(|said| {
            print(&said);
            None
        })
    } else {
        commit(&world, &ready, scene).map(Some)
    };
    let commit = match (done, typed) {
        (Ok(commit), typed) => {
            typed.into_iter().for_each(Typed::let_go);
            commit
        }
        (Err(error), Some(typed)) => return Err(error.context(typed.kept())),
        (Err(error), None) => return Err(error),
    };
    match commit {
        Some(commit) => tell(world, &ready, commit),
        None => Ok(Exit::Done),
    }
}

fn commit(world: &World, ready: &[Ready], scene: &Scene) -> Result<Oid> {
    let files = ready.iter().map(|one| (&one.path, &one.text));
    commit_tasks(world, files, (&message(ready), scene))
}

/// Commits new task files to the queue branch, as this person's own.
pub fn commit_tasks<'f>(
    world: &World,
    files: impl Iterator<Item = (&'f String, &'f String)>,
    (message, scene): (&str, &Scene),
) -> Result<Oid> {
    let files: Vec<_> =
        files.map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
    let order = Commission { branch: &world.queue_branch, files: &files, message, now: scene.now };
    let commit = commit::commit_files(&world.repo, &order)?;
    Record::Commits.add(&world.paths, &[commit.to_string()])?;
    Ok(commit)
}

fn message(ready: &[Ready]) -> String {
    match ready {
        [one] => format!("Add the task {}\n\n{}\n", one.id, one.task.title),
        many => {
            let lines = many.iter().map(|one| format!("- {}: {}\n", one.id, one.task.title));
            format!("Add {} tasks\n\n{}", many.len(), lines.collect::<String>())
        }
    }
}

/// Into the work tree here, for a person to commit.
fn write(world: &World, ready: &[Ready]) -> Result<String> {
    let Some(top) = world.repo.work_dir() else {
        bail!("a bare repository has no place for a file that is not committed");
    };
    for one in ready {
        write_one(&top.join(&one.path), &one.text)?;
    }
    let mut said: String = ready.iter().map(|one| row("wrote", &one.path)).collect();
    let head = world.repo.head_branch();
    if head.as_ref() != Some(&world.queue_branch) {
        let here = head.unwrap_or_else(|| "no branch".into());
        let here = render::text::safe(&here);
        said += &row("note", &format!("you are on {here}; only {} counts", world.queue_branch));
    }
    let paths = shell_words::join(ready.iter().map(|one| &one.path));
    let subject = message(ready);
    let subject = shell_words::quote(subject.lines().next().unwrap_or_default()).into_owned();
    Ok(said + &row("next", &format!("git add {paths} && git commit -m {subject} {paths}")))
}

fn write_one(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(path)?;
        std::io::Write::write_all(&mut file, text.as_bytes())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Says what was added, does what is due, and says what became of it.
fn tell(world: World, ready: &[Ready], commit: Oid) -> Result<Exit> {
    let place = format!("{} on {}", commit.short(), world.queue_branch);
    match ready {
        [one] => {
            print(&row("added", &format!("{}: {}", one.id, render::text::safe(&one.task.title))));
            print(&row("file", &format!("{}, committed alone: {place}", one.path)));
        }
        many => print(&row("added", &format!("{} tasks in one commit: {place}", many.len()))),
    }
    let outcome = sync::all_that_is_due((world.repo, world.paths), None)
        .context("the commit stands, but the queue was not looked at\nhint: buildq sync")?;
    for one in ready {
        let fate = Fate::of(&one.id, &outcome).line(&one.id);
        match ready {
            [_] => print(&row("then", &fate)),
            _ => print(&row("", &format!("{}: {fate}", one.path))),
        }
    }
    let own: Vec<&TaskId> = ready.iter().map(|one| &one.id).collect();
    say_other_deeds(outcome, &own);
    Ok(Exit::Done)
}

/// What the sync did besides.
pub fn say_other_deeds(mut outcome: Outcome, own: &[&TaskId]) {
    outcome.deeds.retain(|deed| match &deed.action {
        Action::Start(start) => !own.contains(&&start.task),
        _ => true,
    });
    if !outcome.deeds.is_empty() {
        print(&render::plan::done(&outcome));
    }
}
