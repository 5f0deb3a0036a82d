//! A task that is given whole, by a program that wants to know what became of it.

use anyhow::{Result, anyhow, bail};
use serde::Serialize;

use super::sound::sound;
use super::text::Draft;
use super::{Fate, Scene, Taken, commit, may_add, sync};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::TaskId;
use crate::render;

/// What is said of a task, in the words of its file.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Its title; its id comes from it.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// What will be true in the end.
    pub criteria: Vec<String>,
    /// Keys with one value, empty ones left out.
    pub values: Vec<(&'static str, String)>,
    /// Keys with a list, empty ones left out.
    pub lists: Vec<(&'static str, Vec<String>)>,
}

/// A task that stands in the queue now.
#[derive(Debug, Serialize)]
pub struct Added {
    /// Its id.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// Its file, from the top of the repository.
    pub file: String,
    /// The commit that brought it.
    pub commit: String,
    /// Where that commit stands.
    pub branch: String,
    /// What became of it at once, in one line.
    pub then: String,
    /// What a person has to do before it starts.
    pub holds: Vec<Held>,
    /// What could be better in its file.
    pub warnings: Vec<String>,
}

/// A reason that needs a person.
#[derive(Debug, Serialize)]
pub struct Held {
    /// Why.
    pub reason: String,
    /// What would open it.
    pub remedy: String,
}

/// Commits the task as `buildq add` does, and does what is due. An error says all that is wrong
/// with the text, or that the commit stands and the queue was not looked at.
pub fn add(given: &Given, scene: &Scene) -> Result<Added> {
    let world = scene.look()?;
    may_add(&world, false)?;
    if given.name.trim().is_empty() {
        bail!("a task needs a title\nhint: say in a few words what is to be done");
    }
    let id = Taken::look(&world).give(&given.name);
    let how = "criteria: [\"what will be true in the end\"]";
    let (ready, warnings) =
        sound(&world, id, (draft(given).text(), Some(how))).map_err(|found| {
            let found: Vec<_> = found.iter().map(render::diagnostic::show).collect();
            anyhow!("no task was added\n{}", found.join("\n"))
        })?;
    let ready = [ready];
    let commit = commit(&world, &ready, scene)?;
    let branch = world.queue_branch.clone();
    let outcome = sync::all_that_is_due((world.repo, world.paths), None).map_err(|error| {
        error.context(format!(
            "`{}` is committed, but the queue was not looked at\nhint: buildq sync",
            ready[0].id
        ))
    })?;
    let [ready] = ready;
    let fate = Fate::of(&ready.id, &outcome);
    let then = fate.line(&ready.id);
    let holds = match fate {
        Fate::Held(reasons) => reasons,
        _ => Vec::new(),
    };
    let holds = holds.into_iter().map(|(reason, remedy)| Held { reason, remedy }).collect();
    let (title, commit) = (ready.task.title, commit.to_string());
    let warnings = warnings.iter().map(Diagnostic::sentence).collect();
    Ok(Added { task: ready.id, title, file: ready.path, commit, branch, then, holds, warnings })
}

fn draft(given: &Given) -> Draft {
    let mut draft = Draft {
        name: given.name.clone(),
        description: given.description.clone(),
        criteria: given.criteria.clone(),
        ..Draft::default()
    };
    for (key, value) in &given.values {
        draft.one(key, Some(value.as_str()).filter(|value| !value.is_empty()));
    }
    for (key, values) in &given.lists {
        draft.many(key, values);
    }
    draft
}
