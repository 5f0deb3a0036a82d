//! A task written in the person's own editor.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::text;
use crate::commands::gather::World;
use crate::commands::mouth;
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::TaskId;
use crate::domain::task;
use crate::effects::foreground;
use crate::effects::git::Git;
use crate::effects::paths::make_private_dir;
use crate::render::diagnostic;

/// Whether somebody can type and see.
pub fn somebody_is_there() -> bool {
    mouth::is_answered() && mouth::is_read()
}

/// What was typed: kept on disk until it is committed.
pub struct Typed {
    /// The text of the task, without what only explained it.
    pub text: String,
    /// Its title.
    pub title: String,
    file: PathBuf,
}

impl Typed {
    /// A text that lies among the drafts already.
    pub fn of_draft(file: PathBuf, text: String, title: String) -> Self {
        Self { text, title, file }
    }

    /// It stands elsewhere now.
    pub fn let_go(self) {
        let _ = std::fs::remove_file(self.file);
    }

    /// For an error after which the text is still there.
    pub fn kept(&self) -> String {
        kept(&self.file)
    }
}

fn kept(file: &Path) -> String {
    format!("no task was added\nhint: your text is kept in {}", file.display())
}

/// What it means that a text comes back as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// Nothing was typed.
    IsNothing,
    /// It may be what the person wants: they are asked.
    IsAsked,
}

/// Where texts lie that are no tasks yet.
pub fn drafts(world: &World) -> PathBuf {
    world.paths.local.join("drafts")
}

/// Opens the editor until the text is sound; `None` when nothing was typed.
pub fn edit(world: &World, start: &str, unchanged: Unchanged) -> Result<Option<Typed>> {
    let folder = drafts(world);
    make_private_dir(&folder)?;
    let file = tempfile::Builder::new().prefix("task-").suffix(".md").tempfile_in(&folder)?;
    file.as_file().write_all(start.as_bytes())?;
    let (_, file) = file.keep()?;
    let editor = editor(world)?;
    loop {
        let ended = foreground::edit(&editor, &file);
        let typed = std::fs::read(&file).with_context(|| format!("`{}`", file.display()))?;
        let typed = String::from_utf8_lossy(&typed).into_owned();
        let same = text::without_guidance(&typed) == text::without_guidance(start);
        let wanted = || mouth::agreed("Nothing was changed. Add it as it is?");
        let taken = same && unchanged == Unchanged::IsAsked && ended.is_ok() && wanted()?;
        if typed.trim().is_empty() || same && !taken {
            let _ = std::fs::remove_file(&file);
            return match unchanged {
                Unchanged::IsNothing => ended.map(|()| None),
                // An editor that says no is the way to say no.
                Unchanged::IsAsked => Ok(None),
            };
        }
        ended.with_context(|| kept(&file))?;
        let found = match judge(&file, &typed) {
            Ok((text, title)) => return Ok(Some(Typed { text, title, file })),
            Err(found) => found,
        };
        for one in &found {
            mouth::complain(&diagnostic::show(one));
        }
        if !mouth::confirm("Edit again?")? {
            bail!("{}", kept(&file));
        }
    }
}

/// The text without guidance and its title, or what is wrong with it as it was typed.
fn judge(file: &Path, typed: &str) -> Result<(String, String), Vec<Diagnostic>> {
    let name = file.to_string_lossy();
    let Ok(id) = TaskId::new("task") else { return Err(Vec::new()) };
    let found = task::parse(&name, &id, typed.as_bytes()).diagnostics;
    let errors: Vec<_> = found.into_iter().filter(|d| d.severity == Severity::Error).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let bare = text::without_guidance(typed);
    let task = task::parse(&name, &id, bare.as_bytes());
    match task.task.as_ref().and_then(|task| text::title(&bare, task)) {
        Some(title) => Ok((bare, title)),
        None if task.task.is_none() => Err(task.diagnostics),
        None => Err(vec![
            Diagnostic::error(&name, "the task has no title").hint("write it behind `title:`"),
        ]),
    }
}

/// As git itself finds it: `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`, `vi`.
fn editor(world: &World) -> Result<String> {
    let mut git = Git::at(world.repo.work_dir().unwrap_or(&world.paths.common));
    if let Some(own) = std::env::var_os("GIT_EDITOR") {
        git = git.with("GIT_EDITOR", own);
    }
    git.run(["var", "GIT_EDITOR"])
        .context("there is no editor\nhint: set EDITOR, or say all with flags: buildq add --name …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_judged_as_it_stands() {
        let file = Path::new("/drafts/task-1.md");
        let (text, title) = judge(
            file,
            &text::TEMPLATE.replace("title:", "title: Greet: all").replace("t: all", "t all"),
        )
        .unwrap();
        assert_eq!((text.lines().count(), title.as_str()), (4, "Greet all"));
        let errors = judge(file, &text::TEMPLATE.replace("medium ", "urgent ")).unwrap_err();
        assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(3));
        let errors = judge(file, &format!("{}Text.\n", text::TEMPLATE)).unwrap_err();
        assert_eq!(errors[0].message, "the task has no title");
    }
}
