//! Putting tasks in place: into a commit or the work tree, and saying what became of them.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Fate;
use super::editor::Typed;
use super::sound::{Ready, committed};
use crate::commands::gather::World;
use crate::commands::init::row;
use crate::commands::{Exit, Scene, print, sync};
use crate::core::plan::{Action, Outcome};
use crate::domain::id::{Oid, TaskId};
use crate::effects::commit::{self, Commission};
use crate::effects::trust::Record;
use crate::render;

/// Writes and commits them; all or nothing.
pub(super) fn place(
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
        committed(world, ready, scene).map(Some)
    };
    let done = match (done, typed) {
        (Ok(done), typed) => {
            typed.into_iter().for_each(Typed::let_go);
            done
        }
        (Err(error), Some(typed)) => return Err(error.context(typed.kept())),
        (Err(error), None) => return Err(error),
    };
    match done {
        Some((world, ready, commit)) => tell(world, &ready, commit),
        None => Ok(Exit::Done),
    }
}

pub(super) fn commit(world: &World, ready: &[Ready], scene: &Scene) -> Result<Oid> {
    let files = ready.iter().map(|one| (&one.path, &one.text));
    commit_tasks(world, files, (&message(ready), scene))
}

/// Commits new task files to the queue branch, as this person's own; where one is there by now, the error
/// is [`commit::Taken`].
pub fn commit_tasks<'f>(
    world: &World,
    files: impl Iterator<Item = (&'f String, &'f String)>,
    (message, scene): (&str, &Scene),
) -> Result<Oid> {
    let files: Vec<_> =
        files.map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
    let order = Commission { branch: &world.queue_branch, files: &files, message, now: scene.now };
    let commit = commit::commit_new_files(&world.repo, &order)?;
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
