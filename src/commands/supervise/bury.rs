//! A dead attempt: its supervisor is gone. End what still lives, keep its work, say so.

use std::ffi::OsString;
use std::io::{Seek, Write};
use std::time::Duration;

use anyhow::Result;

use super::site::{leftovers_message, own_program, token_of};
use crate::commands::gather::{World, attempt_ref, builder_person, held_ref};
use crate::commands::leaks;
use crate::core::leaks as core_leaks;
use crate::core::ledger::{Build, Ledger};
use crate::core::usage;
use crate::domain::event::{Failed, Fault, Kind, Usage};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::collect::{self, Expected};
use crate::effects::git::Git;
use crate::effects::ledger::{self, Appended, Draft, Pen, append};
use crate::effects::locks::Lock;
use crate::effects::process;
use crate::effects::repo::Swap;
use crate::effects::sandbox::home::Home;
use crate::effects::sandbox::inside::{self, Role};
use crate::effects::sandbox::lent::Lent;
use crate::effects::{clock, output, sweep, workspace};

/// What still lives is asked to end this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// A pack that was taken in and never got a ref, because buildq died, is let go after this.
const ABANDONED: Duration = Duration::from_secs(3600);
/// What a killed supervisor has left is given this long to let go of the attempt's lock.
const DYING: Duration = Duration::from_secs(30);
/// Packing what is left may last this long.
const TAKE: Duration = Duration::from_secs(120);

/// Buries one attempt; what it answers is why it could not.
pub fn bury(world: &World, task: &TaskId, attempt: Attempt) -> Result<Option<String>> {
    // With the lock in hand nobody else runs or buries it.
    let Some(_lock) = Lock::try_take(&world.paths.attempt_lock(task, attempt))? else {
        return Ok(Some("it is alive after all".into()));
    };
    // It may have ended properly between the look and the lock.
    let ledger = ledger::read(&world.repo, &world.paths)?;
    let running = |ledger: &Ledger| {
        let run = ledger.builds.get(task).and_then(Build::running)?;
        (run.number() == attempt).then(|| run.clone())
    };
    let Some(run) = running(&ledger) else { return Ok(Some("it has ended by itself".into())) };
    let folder = world.paths.workspace(task, attempt);
    end_all(world, task, attempt)?;
    let base = run.started.base;
    let rescued = salvage(world, task, attempt, base);
    let tip = world.repo.reference(&attempt_ref(task, attempt)).filter(|tip| *tip != base);
    let held = tip.filter(|_| world.repo.reference(&held_ref(task, attempt)).is_some());
    let found = held.map(|tip| leaks::look(world, tip, &leaks::not_its_own(world, task)));
    let found = found.transpose()?.unwrap_or_default();
    let (fault, reason) = match found.is_empty() {
        true => (Fault::Task, "its supervisor died".to_owned()),
        false => (Fault::Secret, core_leaks::reason(&found, world.masks())),
    };
    let failed = Failed {
        task: task.clone(),
        attempt,
        fault,
        reason,
        tip,
        base: None,
        usage: Usage {
            duration: (clock::now() - run.at).to_std().unwrap_or_default(),
            spent: usage::read(&output::tail_lines(&world.paths.output(task, attempt), usize::MAX)),
            ..Usage::default()
        },
        checks: Vec::new(),
        resumes: None,
    };
    let mut body = output::tail_lines(&world.paths.output(task, attempt), super::site::TAIL);
    if !found.is_empty() {
        body = core_leaks::told(&found, world.masks(), (task, attempt));
    }
    if let Err(error) = &rescued {
        let stays = folder.display();
        body.push_str(&format!(
            "\nwhat lay in the workspace, {stays}, was not taken over: {error:#}"
        ));
        let _ = workspace::keep(&folder);
    }
    let draft = Draft::new(Kind::Failed(failed)).body(body);
    let pen = Pen { author: builder_person(), ..world.pen() };
    let appended = append(&pen, &mut |ledger| {
        let still = running(ledger).is_some();
        Ok(if still { Ok(draft.clone()) } else { Err("it has ended by itself".to_owned()) })
    })?;
    let user = Git::bare(&world.paths.common);
    let _ = collect::release_abandoned(&user, clock::now().into(), ABANDONED);
    if rescued.is_ok() {
        let _ = workspace::remove(&folder);
    }
    Ok(match appended {
        Appended::Yes(..) => None,
        Appended::No(why) => Some(why),
    })
}

/// What a killed supervisor has left, a sandbox that is dying or a child that was just being born,
/// may hold the attempt's lock for a while, and then the attempt looks alive. Where no supervisor
/// is to be seen, that is ended; tells whether anything was, or has ended since the look: then it
/// is to be looked at anew.
///
/// What is seen of processes is a hint and no more: whoever holds on to the lock is not buried.
pub fn end_orphans(world: &World) -> bool {
    let mut ended = false;
    for (task, build) in &world.ledger.builds {
        let Some(run) = build.last().filter(|run| run.started.runner == world.paths.runner())
        else {
            continue;
        };
        let attempt = run.number();
        let lock = world.paths.attempt_lock(task, attempt);
        if Lock::is_free(&lock) {
            // It died between the look and this one.
            ended |= world.seen.alive.contains(task);
            continue;
        }
        if is_supervised(world, task, attempt) {
            continue;
        }
        let swept = end_all(world, task, attempt);
        ended |= swept.is_ok() && matches!(Lock::take(&lock, DYING), Ok(Some(_)));
    }
    ended
}

fn is_supervised(world: &World, task: &TaskId, attempt: Attempt) -> bool {
    [false, true].into_iter().any(|forced| {
        let words = super::words(&world.paths, task, attempt, forced);
        sweep::is_seen(&words.iter().map(OsString::as_os_str).collect::<Vec<_>>())
    })
}

/// Ends what still lives of an attempt and takes its work over.
pub fn salvage(world: &World, task: &TaskId, attempt: Attempt, base: Oid) -> Result<()> {
    end_all(world, task, attempt)?;
    let folder = world.paths.workspace(task, attempt);
    // A login that was renewed is the only one that still works.
    Lent::left(&Home::of(&folder)).map(Lent::take_back);
    // The mark is written last: without it the workspace was never handed to a builder, unless
    // that has taken it away.
    let marked = folder.join(workspace::marker::FILE).symlink_metadata().is_ok();
    match marked || (folder.is_dir() && world.paths.handed(task, attempt).exists()) {
        true => rescue(world, task, attempt, base),
        false => Ok(()),
    }
}

/// Ends whatever still lives of an attempt whose lock the caller holds.
pub fn end_all(world: &World, task: &TaskId, attempt: Attempt) -> Result<()> {
    let folder = world.paths.workspace(task, attempt);
    sweep::end_all(&token_of(&world.paths, task, attempt), &folder, GRACE)?;
    Ok(())
}

/// Commits what lies uncommitted, inside the walls, and takes it over.
pub fn rescue(world: &World, task: &TaskId, attempt: Attempt, base: Oid) -> Result<()> {
    let folder = world.paths.workspace(task, attempt);
    let base_text = base.to_string();
    let own = own_program()?;
    let leave = leftovers_message();
    let words = [
        own.as_str(),
        "workspace",
        "pack",
        "--unmarked",
        "--base",
        base_text.as_str(),
        "--commit-leftovers",
        leave.as_str(),
    ];
    let argv = words.map(|word: &str| word.to_owned());
    let inside = world.inside(&folder, inside::environment(None, []));
    let mut call = inside.call(&argv, Role::Handover)?;
    (call.timeout, call.token) = (TAKE, token_of(&world.paths, task, attempt));
    let mut spool = tempfile::tempfile_in(&world.paths.local)?;
    let mut sink = |bytes: &[u8]| spool.write_all(bytes).map_err(anyhow::Error::from);
    let (done, complaint) = process::pipe_to(&call, &mut sink, 2 << 30)?;
    if !done.is_success() {
        anyhow::bail!("{}", complaint.trim());
    }
    spool.rewind()?;
    let user = Git::bare(&world.paths.common);
    let expected = Expected { base, known: &[base], max_pack: 2 << 30 };
    let mut taken = collect::take(&user, &expected, &mut spool)?;
    if let Some(head) = taken.head {
        let name = attempt_ref(task, attempt);
        let old = world.repo.reference(&name);
        let found = leaks::look(world, head, &leaks::not_its_own(world, task))?;
        if !found.is_empty() {
            let (held, why) = (held_ref(task, attempt), "buildq: it holds the value of a secret");
            let _: Swap = world.repo.swap(&held, world.repo.reference(&held), head, why)?;
        }
        // What buildq has put on top of the work stays there.
        if !old.is_some_and(|old| world.repo.is_ancestor(head, old)) {
            let _: Swap = world.repo.swap(&name, old, head, "buildq: rescued")?;
        }
    }
    taken.release()?;
    let header = &taken.header;
    match header.submodule_trouble.iter().chain(&header.lfs_trouble).next() {
        Some(trouble) => anyhow::bail!("{trouble}"),
        None => Ok(()),
    }
}
