//! `buildq hook`: what the shims call. It only hints; `sync` looks at the refs itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;

use anyhow::Result;

use super::gather::news::News;
use super::gather::{self, World};
use super::sync::{self, Seen};
use super::{Exit, Scene, mouth, print, say};
use crate::core::plan;
use crate::domain::id::{Oid, TaskId};
use crate::effects::hooks::FAILED_MARK;
use crate::effects::paths::Paths;
use crate::effects::repo::{Commit, Repo};
use crate::effects::trust::{CONFIG, Record};
use crate::render;

/// Notice that history has changed (called by the hooks of git)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The hook's name
    name: String,
    /// What git gives to the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

impl Args {
    /// From `hook NAME …`, as the shims call it; `None` for anything else, `--help` among it.
    pub fn of_shim(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut word = || words.next()?.into_string().ok();
        if word()? != "hook" {
            return None;
        }
        let name = word().filter(|name| !name.starts_with('-'))?;
        Some(Self { name, rest: std::iter::from_fn(word).collect() })
    }
}

/// The hook that may refuse a commit, by a person's choice.
const BEFORE_COMMIT: &str = "pre-commit";

/// Never fails a commit, whatever happens: every error is one line and exit code 0. The one
/// exception is a finding of lint where a person here has chosen `lint: deny`.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.name == BEFORE_COMMIT {
        return Ok(super::lint::before_commit(scene).unwrap_or_else(|error| {
            complain(&error);
            Exit::Done
        }));
    }
    if let Err(error) = notice(&args, scene) {
        complain(&error);
    }
    Ok(Exit::Done)
}

fn complain(error: &anyhow::Error) {
    mouth::complain(&format!("buildq: {}", render::error::show(error).replace('\n', "; ")));
}

fn notice(args: &Args, scene: &Scene) -> Result<()> {
    let repo = Repo::discover(&scene.dir)?;
    if repo.is_rebasing() && args.name != "post-rewrite" {
        return Ok(());
    }
    let paths = gather::places(&repo)?;
    if !paths.known {
        return Ok(());
    }
    // A hook that finds buildq takes back the word of one that did not.
    let _ = std::fs::remove_file(paths.common.join(FAILED_MARK));
    let branch = repo.queue_branch();
    let last = Seen::last(&paths);
    let dir = last.as_ref().map_or("queue", |last| &last.dir).to_owned();
    let own = match args.name.as_str() {
        "post-commit" | "post-applypatch" => remember_own(&repo, &paths, &dir)?,
        "post-rewrite" => remember_rewritten(&repo, &paths, &dir)?,
        _ => false,
    };
    let now = Seen::now(&repo, &branch, &dir, scene.now);
    if last.as_ref().is_some_and(|last| last.still_holds(&repo, &now)) {
        said_elsewhere(&repo, &branch, &dir)?;
        // A sync may have seen the commit before it was known to be this person's.
        return if own { sync::in_background(&paths.common) } else { Ok(()) };
    }
    let news = last.as_ref().map(|last| News::of(&repo, last, &now)).transpose()?.flatten();
    let world = World::glance(repo, paths, scene.now, news)?;
    if !world.config.hooks_quiet {
        print(&answer(&world, last.as_ref())?);
    }
    world.hand_on_environment();
    sync::in_background(&world.paths.common)
}

/// One line for every task that has changed since the last sync.
fn answer(world: &World, last: Option<&Seen>) -> Result<String> {
    let before = last.and_then(|last| last.tip);
    let plan = plan::plan(world.situation(None));
    let dir = &world.config.queue_dir;
    let before = before.filter(|_| world.news().is_none());
    let files = before.map(|tip| world.repo.queue_entries(tip, dir)).transpose()?;
    let old: std::collections::BTreeSet<_> =
        files.unwrap_or_default().into_iter().map(|file| (file.path, file.blob)).collect();
    let changed = world.queue.items.values().filter(|item| {
        !item.path.starts_with("specs/") && !old.contains(&(item.path.clone(), item.blob))
    });
    let changed: Vec<_> = changed.map(|item| item.id.clone()).collect();
    let policy = !last.is_some_and(|last| last.same_policy(&world.repo, world.queue.tip));
    let built = |id: &TaskId| world.ledger.builds.get(id).map(|build| say::state(&build.phase));
    Ok(render::hook::lines(&render::hook::View {
        plan: &plan,
        in_part: world.news().is_some(),
        unread: world.news().map_or(0, |news| news.unread),
        changed: &changed,
        phase: &built,
        nameless: &world.queue.nameless,
        trust: policy.then_some(&world.seen.trust),
    }))
}

/// A task was committed, but not where it counts.
fn said_elsewhere(repo: &Repo, branch: &str, dir: &str) -> Result<()> {
    let head = repo.head_branch();
    if head.as_deref() == Some(branch) {
        return Ok(());
    }
    let Some(commit) = repo.head().and_then(|head| repo.commit(head).ok()) else { return Ok(()) };
    let parent = commit.parents.first().copied();
    if repo.entry(commit.id, dir) == parent.and_then(|parent| repo.entry(parent, dir)) {
        return Ok(());
    }
    let place = head.unwrap_or_else(|| "no branch".into());
    print(&format!(
        "buildq: queue changed on {}, only {branch} counts",
        render::text::safe(&place)
    ));
    Ok(())
}

/// Commits made here that touch the queue or the policy are this person's own.
/// The answer is whether there was one.
fn remember_own(repo: &Repo, paths: &Paths, dir: &str) -> Result<bool> {
    let made = repo.made_of_late().into_iter().filter_map(|id| repo.commit(id).ok());
    let touches = |commit: &Commit, path: &str| {
        let here = repo.entry(commit.id, path);
        let parents = commit.parents.iter().map(|parent| repo.entry(*parent, path));
        parents.clone().all(|there| there != here) && (here.is_some() || parents.len() > 0)
    };
    let own = made.filter(|commit| touches(commit, dir) || touches(commit, CONFIG));
    let mut own: Vec<String> = own.map(|commit| commit.id.to_string()).collect();
    if !own.is_empty() {
        let known = Record::Commits.all(paths)?;
        own.retain(|commit| !known.contains(commit));
    }
    if !own.is_empty() {
        Record::Commits.add(paths, &own)?;
    }
    Ok(!own.is_empty())
}

/// A rewritten commit is this person's own if what it was made of is, and as long as no task's
/// text came out of it that the person did not write: a rebase merges what others have changed.
/// The answer is whether there was one.
fn remember_rewritten(repo: &Repo, paths: &Paths, dir: &str) -> Result<bool> {
    let mut text = String::new();
    std::io::stdin().take(16 << 20).read_to_string(&mut text)?;
    let mine = Record::Commits.all(paths)?;
    let pairs = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?))
    });
    let mut made: BTreeMap<&str, Vec<Oid>> = BTreeMap::new();
    for (old, new) in pairs.filter(|(old, new)| mine.contains(*old) && !mine.contains(*new)) {
        made.entry(new).or_default().extend(old.parse::<Oid>());
    }
    let same = |olds: &[Oid], (path, blob): (String, Oid)| {
        olds.iter().any(|old| repo.entry(*old, &path) == Some(blob))
    };
    let own = made.into_iter().filter(|(new, olds)| {
        let texts = new.parse().ok().and_then(|new| repo.introduced(new, Some(dir)).ok());
        texts.is_some_and(|texts| texts.into_iter().all(|text| same(olds, text)))
    });
    let own: Vec<String> = own.map(|(new, _)| new.to_owned()).collect();
    if !own.is_empty() {
        Record::Commits.add(paths, &own)?;
    }
    Ok(!own.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shim_says_goes_past_the_parser() {
        for (line, name) in [
            ("hook post-commit", Some("post-commit")),
            ("hook post-rewrite amend --all", Some("post-rewrite")),
            ("hook --help", None),
            ("hook", None),
            ("-C . hook post-commit", None),
            ("status", None),
            ("", None),
        ] {
            let args = Args::of_shim(line.split_whitespace().map(OsString::from));
            assert_eq!(args.map(|args| args.name).as_deref(), name, "{line}");
        }
    }
}
