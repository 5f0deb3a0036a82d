//! Ending what runs, and clearing away where it ran.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::commands::gather::World;
use crate::commands::supervise::tidy::whose;
use crate::commands::supervise::{bury, token_of};
use crate::commands::{pause, print, tryout};
use crate::core::ledger::{Build, Run};
use crate::domain::id::{Attempt, TaskId};
use crate::effects::locks::Lock;
use crate::effects::repo::Repo;
use crate::effects::workspace::remove::GOING;
use crate::effects::{clock, litter, sweep, waker, workspace};
use crate::render;

/// A sync at work is waited for this long.
const TURN: Duration = Duration::from_secs(60);
/// A builder that was told to end, and the packing of its work, may take this long.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// A sleeper that was told that nothing is due ends within this time.
const SLEEPER: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);
/// What still lives then is asked this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What was done.
#[derive(Default)]
pub struct Ended {
    /// Builds that were ended, each as `<task> attempt <n>`.
    pub builds: Vec<String>,
    /// How many workspaces were removed.
    pub workspaces: usize,
    /// Workspaces that stay, since their work could not be taken over.
    pub kept: Vec<String>,
}

/// The attempts of this clone that run, as far as the ledger knows.
pub fn running(world: &World) -> Vec<(TaskId, Attempt)> {
    let here = world.paths.runner();
    let builds = world.ledger.builds.iter().filter_map(|(id, b)| Some((id, b.running()?)));
    let ours = builds.filter(|(_, run)| run.started.runner == here);
    ours.map(|(id, run)| (id.clone(), run.number())).collect()
}

/// Ends everything. With the sync lock held nothing starts meanwhile; once the settings are
/// gone nothing starts afterwards, not even by a supervisor that ends.
pub fn end(world: &World, repo: &Repo) -> Result<Ended> {
    let Some(turn) = Lock::take(&world.paths.lock("sync"), TURN)? else {
        bail!("a sync has been at work for a minute\nhint: try again when it is done");
    };
    // What started while the lock was waited for counts too.
    let world = &World::look(Repo::at(repo.git_dir())?, world.paths.clone(), clock::now())?;
    repo.forget_settings()?;
    let mut ended = Ended::default();
    let running = running(world);
    if !running.is_empty() {
        let many = render::text::count(running.len(), "build");
        print(&format!("ending {many}; the work is kept …"));
        stop(world, &running)?;
    }
    ended.builds =
        running.iter().map(|(task, attempt)| format!("{task} attempt {attempt}")).collect();
    waker::leave(&world.paths, None)?;
    until(SLEEPER, || !waker::is_awake(&world.paths));
    drop(turn);
    // Supervisors that have ended, and syncs that find nothing to do any more, work there.
    until(SLEEPER, || sweep::living("", &world.paths.common).is_empty());
    clear(world, &mut ended)?;
    Ok(ended)
}

fn stop(world: &World, running: &[(TaskId, Attempt)]) -> Result<()> {
    let lock = |(task, attempt): &(TaskId, Attempt)| world.paths.attempt_lock(task, *attempt);
    let dead = running.iter().filter(|one| Lock::is_free(&lock(one)));
    for (task, attempt) in dead {
        bury::bury(world, task, *attempt)?;
    }
    pause::stop_all(world, "buildq was uninstalled here", clock::now())?;
    until(LAST_WORDS, || running.iter().all(|one| Lock::is_free(&lock(one))));
    for (task, attempt) in running {
        let folder = world.paths.workspace(task, *attempt);
        sweep::end_all(&token_of(&world.paths, task, *attempt), &folder, GRACE)?;
    }
    Ok(())
}

/// Looks until something is so, at most this long.
fn until(longest: Duration, done: impl Fn() -> bool) {
    let begun = clock::tick();
    while !done() && begun.elapsed() < longest {
        thread::sleep(LOOK);
    }
}

/// Workspaces go once their work is in the refs.
fn clear(world: &World, ended: &mut Ended) -> Result<()> {
    let Ok(folders) = std::fs::read_dir(&world.paths.workspaces) else { return Ok(()) };
    for folder in folders.flatten().filter(|entry| entry.path().is_dir()) {
        let name = folder.file_name().to_string_lossy().into_owned();
        let path = folder.path();
        if let Some((task, attempt)) =
            litter::whose(name.strip_suffix(litter::TRY).unwrap_or(&name))
        {
            // What somebody tries out in it.
            sweep::end_all(&tryout::token_of(&world.paths, &task, attempt), &path, GRACE)?;
        }
        let safe = match whose(&name) {
            // What killed processes have left, or made for a trial.
            None if name.starts_with(GOING)
                || name.ends_with("-accept")
                || name.ends_with("-judge")
                || name.ends_with(litter::TRY) =>
            {
                true
            }
            // Made for a check on the base: there is no work in it.
            Some((_, _, true)) => true,
            Some((task, attempt, false)) => taken_over(world, &task, attempt),
            None => false,
        };
        if safe && workspace::remove(&path).is_ok() {
            ended.workspaces += 1;
        } else {
            ended.kept.push(path.display().to_string());
        }
    }
    Ok(())
}

fn taken_over(world: &World, task: &TaskId, attempt: Attempt) -> bool {
    let is_it = |run: &&Run| run.number() == attempt;
    let build = world.ledger.builds.get(task);
    let Some(run) = build.and_then(|build: &Build| build.attempts.iter().find(is_it)) else {
        return false;
    };
    run.is_done() || bury::rescue(world, task, attempt, run.started.base).is_ok()
}
