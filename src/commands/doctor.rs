//! `buildq doctor`: whether all is well with this clone and its machine, and what to do if not.

mod live;
mod look;

use std::fs;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::gather::{self, World};
use super::init::hooks_place;
use super::{Exit, Scene, gc, print, sync};
use crate::core::doctor::{self, Facts, Finding, Level};
use crate::effects::hooks::{self, How, Place};
use crate::effects::{detach, waker};
use crate::render;

/// Examine this clone and its machine: what is well, what is not, and what to do
///
/// Exit code 0 when nothing is a problem, 1 otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do what is safe: hooks, waker, what lies about, caches; never trust or the sandbox
    #[arg(long)]
    fix: bool,
    /// Send one trivial task through hook, sandbox and the real builder to a branch, in a
    /// throwaway repository, and remove it all again; an agent may cost a little
    #[arg(long)]
    live: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// All that was found, as JSON.
#[derive(Serialize)]
struct Told<'a> {
    worst: Level,
    fixed: &'a [String],
    findings: &'a [Finding],
}

/// Looks, mends if that is wanted, and looks again.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let opened = gather::open(&scene.dir);
    let world = opened.and_then(|(repo, paths)| World::look(repo, paths, scene.now));
    let mut fixed = Vec::new();
    let findings = match world {
        Ok(mut world) => {
            let mut facts = look::facts(&world);
            if args.fix && world.paths.known {
                fixed = fix(&world, &facts, scene)?;
                world = world.again(scene.now)?;
                facts = look::facts(&world);
            }
            let mut findings = doctor::findings(&facts);
            if args.live && live::wanted(&world, args.yes)? {
                findings.extend(live::run(&world, args.json)?);
            }
            findings
        }
        // What cannot be opened is the one finding.
        Err(error) => {
            let said = render::error::show(&error);
            let mut lines = said.lines().map(|line| line.trim_start_matches("error: "));
            let found = lines.next().unwrap_or_default().to_owned();
            let remedy = lines.find_map(|line| line.strip_prefix("hint: ")).unwrap_or("git status");
            vec![Finding::problem("repository", found, remedy)]
        }
    };
    let worst = doctor::worst(&findings);
    if args.json {
        let told = Told { worst, fixed: &fixed, findings: &findings };
        print(&crate::render::text::json(&told)?);
    } else {
        print(&render::doctor::page(&findings, &fixed));
    }
    Ok(if worst == Level::Problem { Exit::No } else { Exit::Done })
}

/// A sleeper that was just started is given this long to be there.
const LYING_DOWN: Duration = Duration::from_secs(10);

/// Does what is safe, and says each.
fn fix(world: &World, facts: &Facts, scene: &Scene) -> Result<Vec<String>> {
    let mut done = Vec::new();
    fix_hooks(world, facts, &mut done)?;
    if facts.ledger.stale_cache {
        let _ = fs::remove_dir_all(world.paths.local.join("cache"));
        done.push("threw the caches away".into());
    }
    if facts.left.litter > 0
        && let Some(cleared) = gc::clear_away(scene)?
    {
        done.push(format!("cleared away: {}", render::gc::brief(&cleared)));
    }
    if facts.waking.runs_here && facts.waking.due.is_some() && !facts.waking.awake {
        waker::leave(&world.paths, facts.waking.due)?;
        waker::await_sleeper(&world.paths, LYING_DOWN);
        sync::in_background(&world.paths.common)?;
        done.push("woke the waker, and began a sync".into());
    }
    Ok(done)
}

fn fix_hooks(world: &World, facts: &Facts, done: &mut Vec<String>) -> Result<()> {
    let hooks = &facts.hooks;
    let broken = !hooks.missing.is_empty() || !hooks.dead.is_empty() || hooks.failed_at.is_some();
    let Place::Own(folder) = hooks_place(&world.repo, &world.paths)? else { return Ok(()) };
    if !broken {
        return Ok(());
    }
    for name in &hooks.dead {
        look::make_executable(&folder.join(name))?;
        done.push(format!("made the hook {name} executable"));
    }
    let installed = hooks::install(&folder, world.repo.is_bare(), &detach::this_program()?)?;
    for hook in installed.iter().filter(|hook| hook.how != How::Unchanged) {
        done.push(format!("installed the hook {}", hook.hook));
    }
    let _ = fs::remove_file(world.paths.common.join(hooks::FAILED_MARK));
    Ok(())
}
