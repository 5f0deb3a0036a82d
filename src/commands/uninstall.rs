//! `buildq uninstall`

mod ending;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use self::ending::Ended;
use super::gather::{self, World};
use super::init::{agents, hooks_place};
use super::{Exit, Scene, mouth, print};
use crate::effects::hooks::{self, How, Installed, Place};
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::timers::{self, Found, Host};
use crate::effects::trust::CONFIG;
use crate::effects::{ledger, workspace};
use crate::render;

/// Turn buildq off in this clone: nothing of it stays running
///
/// Ends running builds (their work is kept), removes hooks, timer and local state. Branches,
/// ledger and files stay; the command that removes them is printed.
#[derive(clap::Args, Debug)]
pub struct Uninstall {
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
}

/// Silences first, ends what runs, then removes what is left.
pub fn run(args: Uninstall, scene: &Scene) -> Result<Exit> {
    let (repo, paths) = gather::open(&scene.dir)?;
    let local = paths.known || paths.local.exists();
    let world = World::look(repo, paths.clone(), scene.now);
    if let (Err(error), true) = (&world, paths.known) {
        // Turning it off must work all the same.
        mouth::complain(&format!("{}\nno build was ended", render::error::show(error)));
    }
    let world = world.ok();
    let running = world.as_ref().map(ending::running).unwrap_or_default();
    if !running.is_empty() && !args.yes && mouth::is_answered() {
        let many = render::text::count(running.len(), "build");
        let question = format!("End {many} that run now? Their work is kept.");
        if !mouth::confirm(&question)? {
            print("nothing was changed");
            return Ok(Exit::No);
        }
    }
    let repo = Repo::discover(&scene.dir)?;
    let place = hooks_place(&repo, &paths)?;
    let outer = silence(&paths.common.join("hooks"), &Host::here()?, &paths.clone_id)?;
    let ended = match &world {
        Some(world) if paths.known => ending::end(world, &repo)?,
        _ => Ended::default(),
    };
    let queue_branch = repo.queue_branch();
    // Also where no clone is known: settings without an id, or of a copied repository.
    repo.forget_settings()?;
    let stays = Stays::look(&repo, world.as_ref())?;
    let section = if local { agents::take_out(&repo, &queue_branch)? } else { None };
    remove_local(&paths)?;
    let managed = match &place {
        Place::Managed { why, .. } if local => Some(why.as_str()),
        _ => None,
    };
    let left = Left {
        ended: &ended.builds,
        workspaces: ended.workspaces,
        kept_workspaces: &ended.kept,
        branches: &stays.branches,
        attempts: stays.attempts,
        files: &stays.files,
        managed,
        local,
        ran: stays.ran,
        agents: &registered(),
        section,
    };
    print(&told(&outer, &left));
    Ok(Exit::Done)
}

/// The folders that hold nothing but this clone's own state.
fn remove_local(paths: &Paths) -> Result<()> {
    let mut folders = vec![&paths.local];
    if paths.known {
        folders.push(&paths.data);
    }
    for folder in folders {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove `{}`", folder.display()));
            }
            _ => {}
        }
    }
    // Parents are shared with other clones: they go only when they are empty.
    if paths.known {
        let sign = paths.workspaces.join(workspace::remove::SIGN);
        let only = fs::read_dir(&paths.workspaces).is_ok_and(|all| all.count() == 1);
        if only && sign.is_file() {
            let _ = fs::remove_file(sign);
        }
        let _ = fs::remove_dir(&paths.workspaces);
        for parent in paths.workspaces.ancestors().skip(1).take(1) {
            let _ = fs::remove_dir(parent);
        }
        for parent in paths.data.ancestors().skip(1).take(2) {
            let _ = fs::remove_dir(parent);
        }
    }
    Ok(())
}

/// What is in history, and stays.
struct Stays {
    branches: Vec<String>,
    attempts: usize,
    files: Vec<String>,
    ran: bool,
}

impl Stays {
    fn look(repo: &Repo, world: Option<&World>) -> Result<Self> {
        let status = format!("{}-status", ledger::BRANCH);
        let mut branches = vec![ledger::BRANCH.to_owned(), status];
        let builds = world.map(|world| world.ledger.builds.keys().map(|id| world.branch_of(id)));
        branches.extend(builds.into_iter().flatten());
        branches.retain(|branch| repo.branch(branch).is_some());
        let attempts = repo.references("refs/buildq/attempts/")?.len();
        let queue = world.map_or("queue", |world| &world.config.queue_dir).to_owned();
        let tip =
            repo.branch(&world.map_or_else(|| repo.queue_branch(), |w| w.queue_branch.clone()));
        let there = |path: &String| tip.is_some_and(|tip| repo.entry(tip, path).is_some());
        let files = match there(&CONFIG.to_owned()) || world.is_some() {
            true => [CONFIG.to_owned(), queue].into_iter().filter(there).collect(),
            false => Vec::new(),
        };
        let ran = |world: &World| world.ledger.runner == Some(world.paths.runner());
        let ran = world.is_some_and(ran);
        Ok(Self { branches, attempts, files, ran })
    }
}

/// What the system itself no longer calls.
pub struct Outer {
    /// The hooks.
    pub hooks: Vec<Installed>,
    /// The timers.
    pub timers: Vec<Found>,
}

/// Removes hooks and timers first, so that nothing starts anew while builds end.
pub fn silence(hooks_dir: &Path, host: &Host, clone_id: &str) -> Result<Outer> {
    let timers = match clone_id {
        "" => Vec::new(),
        id => timers::remove(host, id)?,
    };
    Ok(Outer { hooks: hooks::remove(hooks_dir)?, timers })
}

/// The rest of what was done, and what stays.
#[derive(Default)]
pub struct Left<'a> {
    /// Builds that were ended, each as `<task> attempt <n>`.
    pub ended: &'a [String],
    /// How many workspaces were removed.
    pub workspaces: usize,
    /// Workspaces that stay because their work is in no ref yet.
    pub kept_workspaces: &'a [String],
    /// Branches of buildq, without `refs/heads/`: ledger, status, builds it made.
    pub branches: &'a [String],
    /// How many attempts have their work below `refs/buildq/`.
    pub attempts: usize,
    /// Tracked files of buildq that are there.
    pub files: &'a [String],
    /// The hooks folder has another owner: where, and why.
    pub managed: Option<&'a str>,
    /// Whether there were settings and files of buildq's own here.
    pub local: bool,
    /// This clone ran the queue: the ledger says so still.
    pub ran: bool,
    /// Agents that know this program as a server, in all repositories.
    pub agents: &'a [&'static str],
    /// The file in the work tree that told agents of the queue, and does not any more.
    pub section: Option<&'a str>,
}

/// Agents that know this program as a server.
fn registered() -> Vec<&'static str> {
    #[cfg(feature = "mcp")]
    return super::mcp::registered();
    #[cfg(not(feature = "mcp"))]
    Vec::new()
}

/// All that is printed at the end.
pub fn told(outer: &Outer, left: &Left<'_>) -> String {
    let row = |label: &str, text: &str| format!("{label:<10} {text}\n");
    let mut text = String::new();
    for build in left.ended {
        text += &row("ended", &format!("{build}; its work is kept"));
    }
    for hook in &outer.hooks {
        let note = hook.note.map_or(String::new(), |note| format!(": {note}"));
        let label = if hook.how == How::Kept { "left" } else { "removed" };
        text += &row(label, &format!("hook {}{note}", hook.hook));
    }
    if let Some(why) = left.managed {
        text += &row("to do", &format!("take `buildq hook` out of your hooks: {why}"));
    }
    for found in &outer.timers {
        text += &row("removed", &found.kind.to_string());
    }
    if left.workspaces > 0 {
        text += &row("removed", &render::text::count(left.workspaces, "workspace"));
    }
    if left.local {
        text += &row("removed", "settings, locks, logs, drafts and trust of this clone");
    }
    if let Some(file) = left.section {
        text += &row("removed", &format!("the section on buildq in {file}: commit that"));
    }
    if text.is_empty() {
        text += "nothing of buildq runs here\n";
    }
    for workspace in left.kept_workspaces {
        text += &row("kept", &format!("{workspace}: its work is on no branch"));
    }
    text + &kept(left)
}

fn kept(left: &Left<'_>) -> String {
    let mut text = String::new();
    let mut undo = Vec::new();
    if !left.branches.is_empty() {
        text += &format!("kept       branches {}\n", left.branches.join(", "));
        undo.push(format!("git branch -D {}", shell_words::join(left.branches)));
    }
    if left.attempts > 0 {
        let work = render::text::count(left.attempts, "attempt");
        text += &format!("kept       the work of {work} below refs/buildq/\n");
        undo.push(
            "git for-each-ref --format='delete %(refname)' refs/buildq/ | git update-ref --stdin"
                .into(),
        );
    }
    if !left.files.is_empty() {
        text += &format!("kept       {}\n", left.files.join(", "));
        undo.push(format!("git rm -r {}", shell_words::join(left.files)));
    }
    if !left.agents.is_empty() {
        let agents = left.agents.join(", ");
        text += &format!("kept       tools of {agents}, for your other repositories\n");
        undo.push("buildq mcp install --uninstall".into());
    }
    if !undo.is_empty() {
        text += "\nto remove these too, for good:\n";
        text.extend(undo.iter().map(|line| format!("  {line}\n")));
    }
    let adopt = if left.ran { ", then buildq adopt" } else { "" };
    text + &format!("\nback on: buildq init{adopt}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_what_stays_is_said() {
        let dir = tempfile::tempdir().unwrap();
        hooks::install(dir.path(), false, Path::new("/opt/buildq")).unwrap();
        let host = Host {
            path: "/nowhere".into(),
            config: dir.path().join("config"),
            home: dir.path().into(),
            macos: false,
        };
        let outer = silence(dir.path(), &host, "4f1c").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let branches = ["buildq".to_owned(), "build/greet".to_owned()];
        let files = ["buildq.yaml".to_owned(), "my queue".to_owned()];
        let left = Left {
            ended: &["greet attempt 2".to_owned()],
            workspaces: 1,
            branches: &branches,
            attempts: 2,
            files: &files,
            ..Left::default()
        };
        assert_eq!(
            told(&outer, &left),
            "ended      greet attempt 2; its work is kept\n\
             removed    hook post-commit\n\
             removed    hook post-merge\n\
             removed    hook post-rewrite\n\
             removed    hook post-applypatch\n\
             removed    1 workspace\n\
             kept       branches buildq, build/greet\n\
             kept       the work of 2 attempts below refs/buildq/\n\
             kept       buildq.yaml, my queue\n\
             \n\
             to remove these too, for good:\n  \
               git branch -D buildq build/greet\n  \
               git for-each-ref --format='delete %(refname)' refs/buildq/ | git update-ref --stdin\n  \
               git rm -r buildq.yaml 'my queue'\n\
             \n\
             back on: buildq init\n"
        );
        let outer = silence(dir.path(), &host, "4f1c").unwrap();
        let text = told(&outer, &Left::default());
        assert_eq!(text, "nothing of buildq runs here\n\nback on: buildq init\n");
        let text = told(&outer, &Left { ran: true, local: true, ..Left::default() });
        assert_eq!(
            text,
            "removed    settings, locks, logs, drafts and trust of this clone\n\n\
             back on: buildq init, then buildq adopt\n"
        );
    }
}
