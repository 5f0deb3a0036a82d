//! The section that tells coding agents of the queue, in a file that they read by themselves.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::place::Site;
use crate::commands::mouth;
use crate::core::section;
use crate::effects::git::Git;
use crate::effects::repo::Repo;

const SECTION: &str = include_str!("../../../templates/agents.md");
/// Where agents look, the usual place first.
const FILES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];

/// Whether a person wants the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Yes.
    Yes,
    /// No; one that is there stays as it is.
    No,
    /// One that is there is renewed.
    Renew,
    /// The same, and where there is none a person is asked, if somebody is there.
    Ask,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taught {
    /// It stands in this file now.
    New(&'static str),
    /// It is renewed.
    Renewed(&'static str),
    /// It is there, and as it should be.
    Same(&'static str),
    /// The file is left alone, for this reason.
    Left(String),
}

/// A file that is to change.
pub struct Change {
    /// From the top of the repository.
    pub path: &'static str,
    /// What is to be committed.
    pub committed: String,
    /// The file in the work tree, and what it is to say.
    shown: Option<(PathBuf, String)>,
}

impl Change {
    /// Lets the work tree show it.
    pub fn show(&self) -> Result<()> {
        let Some((file, text)) = &self.shown else { return Ok(()) };
        fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }
}

/// What is to be done, and what it is called; asks where that is wanted. `queue` is its folder.
pub fn plan(site: &Site, queue: &str, wish: Wish) -> Result<Option<(Taught, Option<Change>)>> {
    let (repo, branch) = (site.repo, site.branch);
    let tip = repo.branch(branch);
    let committed = |path: &str| tip.and_then(|tip| repo.file(tip, path));
    let text = |path: &str| committed(path).and_then(|bytes| String::from_utf8(bytes).ok());
    let has = |path: &&&str| text(path).is_some_and(|text| section::is_there(&text));
    let there = FILES.iter().any(|path| has(&path));
    let wanted = match wish {
        Wish::Yes => true,
        Wish::No => false,
        Wish::Renew => there,
        Wish::Ask => there || asked()?,
    };
    if !wanted {
        return Ok(None);
    }
    let known = FILES.iter().find(has).or(FILES.iter().find(|path| text(path).is_some()));
    let path = known.copied().unwrap_or(FILES[0]);
    let left = |why: String| Ok(Some((Taught::Left(why), None)));
    if known.is_none() && tip.is_some_and(|tip| repo.entry(tip, path).is_some()) {
        return left(format!("{path} is a link or no text: the section has no place there"));
    }
    let ours = SECTION.replace("@QUEUE@", queue).replace("@BRANCH@", branch);
    let old = text(path).unwrap_or_default();
    let new = match section::put(&old, &ours) {
        Ok(new) => new,
        Err(torn) => return left(format!("{path}: {torn}")),
    };
    let top = repo.checked_out_at(branch);
    if new == old {
        let is_gone = |top: &PathBuf| {
            let here = fs::read_to_string(top.join(path));
            here.map_or(true, |here| !section::is_there(&here))
        };
        return match top.filter(is_gone) {
            Some(_) => left(format!("git restore {path}: its section is gone from your work tree")),
            None => Ok(Some((Taught::Same(path), None))),
        };
    }
    let shown = match top {
        Some(top) if !is_clean(&top, path)? => {
            return left(format!(
                "{path} has changes of yours: commit them, and buildq init again"
            ));
        }
        Some(top) => shown(top.join(path), &ours)?,
        None => None,
    };
    let taught = if there { Taught::Renewed(path) } else { Taught::New(path) };
    Ok(Some((taught, Some(Change { path, committed: new, shown }))))
}

/// The file in the work tree, and what it is to say: its line ends may be others than the committed ones.
fn shown(file: PathBuf, ours: &str) -> Result<Option<(PathBuf, String)>> {
    let here = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        here => here.with_context(|| format!("cannot read `{}`", file.display()))?,
    };
    Ok(section::put(&here, ours).ok().map(|here| (file, here)))
}

fn asked() -> Result<bool> {
    if !mouth::is_answered() || !mouth::is_read() {
        return Ok(false);
    }
    mouth::confirm("Tell coding agents how to queue work and report, by a section in AGENTS.md?")
}

/// Whether nothing about the file is uncommitted, in the work tree or in the index.
fn is_clean(top: &Path, path: &str) -> Result<bool> {
    let words = ["status", "--porcelain", "--ignored", "--untracked-files=all", "--", path];
    Ok(Git::at(top).run(words)?.trim().is_empty())
}

/// Takes the section out of the work tree that has the branch; which file it was in. A file that
/// holds nothing else goes with it.
pub fn take_out(repo: &Repo, branch: &str) -> Result<Option<&'static str>> {
    let Some(top) = repo.checked_out_at(branch) else { return Ok(None) };
    for path in FILES {
        let file = top.join(path);
        let is_file = fs::symlink_metadata(&file).is_ok_and(|about| about.is_file());
        let Some(text) = is_file.then(|| fs::read_to_string(&file).ok()).flatten() else {
            continue;
        };
        if !section::is_there(&text) {
            continue;
        }
        let rest = section::take_out(&text)?;
        let done = match rest.trim().is_empty() {
            true => fs::remove_file(&file),
            false => fs::write(&file, rest),
        };
        done.with_context(|| format!("cannot write `{}`", file.display()))?;
        return Ok(Some(path));
    }
    Ok(None)
}
