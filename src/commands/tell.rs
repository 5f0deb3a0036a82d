//! What a sync does for those who want to hear of it: what has happened goes into the outbox, and a
//! process of its own carries it out. None of it holds a sync up, or fails one.

use std::ffi::OsStr;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::gather::World;
use super::report;
use crate::core::notices::{Look, Notice, Outbox};
use crate::core::plan::Plan;
use crate::core::situation::Trust;
use crate::domain::config::notify::Topic;
use crate::effects::locks::Lock;
use crate::effects::{detach, ledger, outbox};

/// Whether what waits here is carried out: by a policy that is trusted here.
pub fn carries(world: &World) -> bool {
    let trusted = world.seen.trust == Trust::Trusted;
    world.paths.known && trusted && !world.config.notify.is_empty()
}

/// Whether this clone tells what happens: the runner does.
fn tells(world: &World) -> bool {
    carries(world) && runs(world)
}

fn runs(world: &World) -> bool {
    world.ledger.runner.as_ref() == Some(&world.seen.here)
}

/// Remembers all that stands, where nothing was ever told: it is no news. Nor is what another
/// clone will have told meanwhile, once this one runs the queue again.
pub fn begin(world: &World, plan: &Plan) -> Result<()> {
    let Some(outbox) = outbox::read(&world.paths) else {
        return if tells(world) { look(world, plan) } else { Ok(()) };
    };
    let nobody = world.config.notify.is_empty() && world.seen.trust == Trust::Trusted;
    let elsewhere = !runs(world) && outbox.letters.is_empty();
    if world.paths.known && (nobody || elsewhere) {
        outbox::forget(&world.paths);
    }
    Ok(())
}

/// Puts into the outbox what has happened since the last look.
pub fn collect(world: &World, plan: &Plan) -> Result<()> {
    if tells(world) { look(world, plan) } else { Ok(()) }
}

fn look(world: &World, plan: &Plan) -> Result<()> {
    outbox::change(&world.paths, |outbox| {
        let first = outbox.is_none();
        let known = outbox.as_ref().and_then(|outbox| outbox.memory.tip());
        // What cannot be read leaves everything as it was.
        let events = match known == world.ledger.tip {
            true => Vec::new(),
            false => ledger::events_since(&world.repo, known)?,
        };
        let outbox = outbox.get_or_insert_with(Outbox::default);
        let repository = name(world);
        let look =
            Look { here: world.situation(None), plan, events: &events, repository: &repository };
        let mut news = outbox.memory.news(&look);
        if first {
            news.clear();
        }
        news.iter_mut().for_each(|notice| complete(world, notice));
        outbox.address(news, &world.config.notify, world.now);
        Ok(())
    })?
}

/// The folder that people know the repository by.
pub fn name(world: &World) -> String {
    let common = &world.paths.common;
    let tree = world.repo.main_work_dir();
    let bare = common.file_stem().filter(|stem| *stem != ".git");
    let name = tree.as_deref().and_then(|tree| tree.file_name()).or(bare);
    name.map_or_else(|| "repository".into(), |name| name.to_string_lossy().into_owned())
}

/// Reports are written here; whatever is said goes without what nobody is to read.
fn complete(world: &World, notice: &mut Notice) {
    let text = match notice.on {
        Topic::Report => {
            let date = world.ledger.reported.last().copied();
            date.map(|date| report::plain_of_day(world, date))
        }
        _ => None,
    };
    match text {
        Some(Ok(text)) => notice.text = text,
        // The notice itself says where the report is to be had.
        Some(Err(error)) => notice.text = format!("The report could not be written: {error:#}"),
        None => {}
    }
    let masks = world.masks();
    notice.title = masks.mask(&notice.title);
    notice.text = masks.mask(&notice.text);
    notice.task_title = notice.task_title.take().map(|title| masks.mask(&title));
}

/// The earlier of a moment and of that at which something is tried again.
pub fn wake(world: &World, planned: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let next = outbox::read(&world.paths).filter(|_| carries(world));
    let next = next.and_then(|outbox| outbox.next(world.now));
    planned.into_iter().chain(next).min()
}

/// Starts the process that carries out what is due, unless one is at work.
pub fn carry(world: &World) -> Result<()> {
    let due = |outbox: Outbox| !outbox.due(world.now).is_empty();
    let waits = carries(world) && outbox::read(&world.paths).is_some_and(due);
    if !waits || !Lock::is_free(&outbox::carrier(&world.paths)) {
        return Ok(());
    }
    let common = world.paths.common.as_os_str();
    let words: [&OsStr; 4] = ["-C".as_ref(), common, "notify".as_ref(), "--deliver".as_ref()];
    let log = world.paths.local.join("logs").join("notify.log");
    detach::spawn(&words, &world.paths.common, Some(&log), false)?;
    Ok(())
}
