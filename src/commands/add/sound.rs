//! A task's file before it is committed: sound, or what is wrong with it.

use super::show;
use crate::commands::gather::World;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::TaskId;
use crate::domain::task::{self, Task};

/// A task that is ready to be committed.
pub struct Ready {
    /// Its id.
    pub id: TaskId,
    /// Its file, from the top of the repository.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// What the text says.
    pub task: Task,
}

/// The file of a task, if it is a sound one; warnings are shown.
pub fn ready(
    world: &World,
    id: TaskId,
    text: (String, Option<&str>),
) -> Result<Ready, Vec<Diagnostic>> {
    let (ready, warnings) = sound(world, id, text)?;
    show(&warnings);
    Ok(ready)
}

/// The file of a task, if it is a sound one, and warnings. `how` tells how to say when it is
/// done, for somebody who does not look at the file.
pub fn sound(
    world: &World,
    id: TaskId,
    (text, how): (String, Option<&str>),
) -> Result<(Ready, Vec<Diagnostic>), Vec<Diagnostic>> {
    let path = format!("{}/{id}.md", world.config.queue_dir);
    let mut parsed = task::parse(&path, &id, text.as_bytes());
    let Some(task) = parsed.task else { return Err(parsed.diagnostics) };
    let about_whole = parsed.diagnostics.iter_mut().find(|one| one.place.is_none());
    if let (Some(warning), Some(how), true) = (about_whole, how, task.criteria.is_empty()) {
        warning.hint = Some(how.to_owned());
    }
    Ok((Ready { id, path, text, task }, parsed.diagnostics))
}
