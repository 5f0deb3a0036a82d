//! The branch `buildq-status`: one commit without a parent, replaced whenever what it says is no
//! longer so. Only the clone that starts builds writes it, and never over a commit of somebody else.

use std::path::PathBuf;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::super::dashboard::{Printed, gather};
use super::super::gather::{World, builder_person};
use super::super::status::{self, Look};
use crate::core::dashboard;
use crate::core::situation::Trust;
use crate::domain::id::Oid;
use crate::effects::files;
use crate::effects::paths::Paths;
use crate::effects::repo::{Stamp, Swap};
use crate::render::dashboard::{self as html, Place};
use crate::render::status as page;

/// Where it stands.
pub const REF: &str = "refs/heads/buildq-status";
/// Its short name.
pub const BRANCH: &str = "buildq-status";
/// How the message of its commit begins and ends; what has another was not written by buildq.
const MESSAGE: &str =
    "Build status\n\nWritten by buildq, which replaces this commit.\n\nBuildq-Status: 1\n";
/// It is not written more often.
const AT_MOST_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What was last written of it in this clone.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    /// All that it was made of.
    of: String,
    /// When.
    at: DateTime<Utc>,
}

fn note(paths: &Paths) -> PathBuf {
    paths.local.join("status-page.json")
}

/// Tells until when a page was put off, while one is.
fn mark(paths: &Paths) -> PathBuf {
    paths.local.join("status-due")
}

/// When a page that was put off is to be written, although nothing has changed since.
pub fn put_off(paths: &Paths, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at: DateTime<Utc> = std::fs::read_to_string(mark(paths)).ok()?.parse().ok()?;
    // Beyond that the clock was set back.
    Some(at.min(now + AT_MOST_EVERY))
}

/// Writes the page if what it says is no longer so. `Some` is when it may be written next, if it
/// was written too lately.
pub fn keep(world: &World) -> Result<Option<DateTime<Utc>>> {
    let ours = world.ledger.runner.as_ref() == Some(&world.seen.here);
    if !ours || !world.config.status_branch || matches!(world.seen.trust, Trust::Broken(_)) {
        return Ok(None);
    }
    let of = made_of(world);
    let last: Option<Written> = std::fs::read(note(&world.paths))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(last) = last {
        let next = last.at + AT_MOST_EVERY;
        if last.of == of {
            let _ = std::fs::remove_file(mark(&world.paths));
            return Ok(None);
        }
        if last.at <= world.now && world.now < next {
            files::replace_cache(&mark(&world.paths), next.to_rfc3339().as_bytes())?;
            return Ok(Some(next));
        }
    }
    write(world)?;
    let written = Written { of, at: world.now };
    files::replace_cache(&note(&world.paths), &serde_json::to_vec(&written)?)?;
    let _ = std::fs::remove_file(mark(&world.paths));
    Ok(None)
}

/// All that a page is made of, but for what never changes alone.
fn made_of(world: &World) -> String {
    let runs =
        world.ledger.builds.iter().filter_map(|(task, build)| Some((task, build.running()?)));
    let tips: Vec<_> = runs.map(|(task, run)| (task, world.attempt_tip(task, run))).collect();
    let seen = (&world.seen.trust, &world.seen.broken_builders, &world.seen.no_sandbox);
    let refs = (world.ledger.tip, world.queue.tip, &world.seen.base);
    format!("{:?}", (env!("CARGO_PKG_VERSION"), refs, tips, seen))
}

fn write(world: &World) -> Result<()> {
    let old = world.repo.reference(REF);
    if old.is_some_and(|old| !is_ours(world, old)) || world.repo.checked_out_at(BRANCH).is_some() {
        return Ok(());
    }
    let view = dashboard::still(status::overview(world, Look::Quick), &world.ledger);
    let at = view.at;
    let text = world.masks().mask(&page::still(&view));
    let view = gather(world, view, Printed::Nothing);
    let html = html::page(&view, world.masks(), Place::File)?;
    let text = world.repo.write_blob(text.as_bytes())?;
    let html = world.repo.write_blob(html.as_bytes())?;
    let files = [("BUILD_STATUS.md", text), ("README.md", text), ("progress.html", html)];
    let files = files.map(|(name, blob)| (name.to_owned(), Some(blob)));
    let tree = world.repo.edit_tree(world.repo.empty_tree()?, &files)?;
    if old.is_some_and(|old| world.repo.tree_of(old).ok() == Some(tree)) {
        return Ok(());
    }
    let stamp = Stamp { author: builder_person(), committer: builder_person(), at };
    let commit = world.repo.write_commit(tree, &[], &stamp, MESSAGE)?;
    // Who was first wrote what is so; the next sync looks again.
    let _: Swap = world.repo.swap(REF, old, commit, "buildq: status")?;
    Ok(())
}

fn is_ours(world: &World, tip: Oid) -> bool {
    world.repo.commit(tip).is_ok_and(|commit| commit.message == MESSAGE)
}
