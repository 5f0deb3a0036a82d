//! `buildq export`

use anyhow::Result;

use super::gather::World;
use super::mouth::Pour;
use super::{Exit, Scene};
use crate::core::export::Exported;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task;
use crate::render;

/// Print the tasks of the queue, and those that are done, for another tool
///
/// `json` and `csv` hold everything. `build-queue` is a page that `buildq import` reads back.
/// `github` is one JSON object for each task that is not done, the body of a request:
///
///   buildq export --to github | while read -r issue; do
///     printf '%s' "$issue" | gh api repos/OWNER/REPO/issues --input -; done
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to write
    #[arg(long, value_name = "FORMAT", value_parser = ["json", "csv", "build-queue", "github"])]
    to: String,
}

/// Reads every task file and prints it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let queued = world.queue.items.iter().filter_map(|(id, item)| {
        let state = world.ledger.builds.get(id).map_or("queued", |build| build.phase.name());
        Some(Exported::of(id, item.task.as_ref()?, (state, false)))
    });
    let done = world.queue.done.iter().filter_map(|(id, blob)| done(&world, id, *blob));
    let tasks: Vec<Exported> = queued.chain(done).collect();
    let text = match args.to.as_str() {
        "json" => render::text::json(&tasks)? + "\n",
        "csv" => render::export::csv(&tasks)?,
        "github" => render::export::github(&tasks),
        _ => render::export::build_queue(&tasks),
    };
    let mut pour = Pour::new(false);
    // A reader that has gone away is no fault.
    if pour.write(text.as_bytes()).is_ok() {
        pour.finish();
    }
    for (id, item) in world.queue.items.iter().filter(|(_, item)| item.task.is_none()) {
        let why = item.error().map(|error| error.message.clone()).unwrap_or_default();
        super::mouth::complain(&format!("left out: `{id}`: {}", render::text::safe(&why)));
    }
    Ok(Exit::Done)
}

fn done(world: &World, id: &TaskId, blob: Oid) -> Option<Exported> {
    let text = world.repo.blob(blob)?;
    let task = task::parse("done.md", id, &text).task?;
    let state = world.ledger.builds.get(id).map_or("done", |build| build.phase.name());
    Some(Exported::of(id, &task, (state, true)))
}
