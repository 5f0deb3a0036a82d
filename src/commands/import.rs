//! `buildq import`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::add::{self, Fate as Start, Taken};
use super::gather::World;
use super::{Exit, Misuse, Scene, print, sync};
use crate::core::bring::{self, Brought, Fate, Format, Here, Known, Room};
use crate::domain::diagnostic::Source;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task;
use crate::effects::lists;
use crate::render;

/// So many tasks are named in the message of the commit.
const MOST_NAMED: usize = 200;

/// Bring tasks over from another list: one file each, in one commit
///
/// Reads the lists of other tools and of people. What a task has no place for stays in its text;
/// what stays behind is told. Done once more, it brings only what is new: each file says in
/// `source:` where it comes from, and what stands here is never overwritten.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The list; `-` reads standard input
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// What it is, where neither name nor text tells
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    from: Option<String>,
    /// Say what would be brought, and write nothing
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn formats() -> clap::builder::PossibleValuesParser {
    Format::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().into()
}

/// What is told as JSON.
#[derive(Serialize)]
struct Told<'a> {
    format: Format,
    items: &'a [Brought],
    left: &'a [String],
    orders: &'a [String],
    commit: Option<String>,
}

/// Reads the list, writes the files, commits them, and says what became of each.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    add::may_add(&world, args.check)?;
    let path = match args.path.as_os_str() == "-" {
        true => args.path.clone(),
        false => scene.dir.join(&args.path),
    };
    let mut read = lists::read(&path, world.repo.work_dir())?;
    let (format, found) = understood(&args, &mut read)?;
    if found.items.is_empty() {
        let left = found.left.first().map(|left| format!(": {left}")).unwrap_or_default();
        let shown = args.path.display();
        bail!("no task was found in `{shown}`{left}\nhint: say what it is with --from");
    }
    let here = here(&world);
    let mut taken = Taken::look(&world);
    let brought = bring::place(format, &found.items, &here, &mut |name| taken.give(name));
    drop(here);
    if let Some(broken) = brought.iter().find(|one| one.fate == Fate::Broken) {
        let why = broken.told.last().cloned().unwrap_or_default();
        bail!("`{}` cannot be written as a sound task: {why}; nothing was brought", broken.title);
    }
    let new: Vec<&Brought> = brought.iter().filter(|one| one.fate == Fate::New).collect();
    let name = args.path.display().to_string();
    let commit = match args.check || new.is_empty() {
        true => None,
        false => Some(commit(&world, &new, (&name, scene))?),
    };
    if args.json {
        let told = Told {
            format,
            items: &brought,
            left: &found.left,
            orders: &found.orders,
            commit: commit.map(|commit| commit.to_string()),
        };
        print(&render::text::json(&told)?);
    } else {
        print(&render::bring::page(&brought, &found, (format, &name)));
    }
    match commit {
        None if args.json => Ok(Exit::Done),
        None => {
            print(&render::bring::nothing_written(new.len(), args.check));
            Ok(Exit::Done)
        }
        Some(commit) => started(world, &new, (commit, args.json)),
    }
}

/// What the list is, and its items.
fn understood(args: &Args, read: &mut lists::Pages) -> Result<(Format, bring::Found)> {
    let named = |name: &String| Format::ALL.iter().find(|(known, _)| known == name);
    let asked = args.from.as_ref().and_then(named).map(|(_, format)| *format);
    let Some(format) = asked.or_else(|| bring::detect(&read.pages)) else {
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        return Err(Misuse(format!(
            "`{}` does not tell what it is\nhint: --from {}",
            args.path.display(),
            names.join("|")
        ))
        .into());
    };
    let found = bring::read(format, &read.pages);
    let mut found = found
        .map_err(|why| anyhow::anyhow!("`{}` is no list of tasks: {why}", args.path.display()))?;
    found.left.splice(0..0, read.left.drain(..));
    Ok((format, found))
}

/// Which tasks are here, and which of them were brought before.
fn here(world: &World) -> Here<'_> {
    let queued = world.queue.items.iter().map(|(id, item)| (id, item.blob, Room::Queue));
    let done = world.queue.done.iter().map(|(id, blob)| (id, *blob, Room::Done));
    let mut known = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (id, blob, room) in queued.chain(done) {
        ids.insert(id.clone());
        let Some(text) = world.repo.blob(blob) else { continue };
        if let Some(source) = source(&text) {
            known.entry(source).or_insert(Known { id: id.clone(), text, room });
        }
    }
    let builders = world.config.builders.keys().cloned().collect();
    Here { dir: &world.config.queue_dir, builders, known, ids }
}

fn source(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.contains("source:"))?;
    task::spots(&Source::new("task.md", text)).text("source").map(str::to_owned)
}

fn commit(world: &World, new: &[&Brought], (name, scene): (&str, &Scene)) -> Result<Oid> {
    let from = render::text::safe(name);
    let tasks = render::text::count(new.len(), "task");
    let mut message = format!("Bring {tasks} from {from}\n\n");
    for one in new.iter().take(MOST_NAMED) {
        message += &format!("- {}: {}\n", one.id, one.title);
    }
    let files = new.iter().map(|one| (&one.path, &one.text));
    add::commit_tasks(world, files, (&message, scene))
}

/// Does what is due, and says what became of the new tasks.
fn started(world: World, new: &[&Brought], (commit, quiet): (Oid, bool)) -> Result<Exit> {
    let branch = world.queue_branch.clone();
    let outcome = sync::all_that_is_due((world.repo, world.paths), None)
        .context("the commit stands, but the queue was not looked at\nhint: buildq sync")?;
    if quiet {
        return Ok(Exit::Done);
    }
    let queued: Vec<&TaskId> =
        new.iter().filter(|one| one.room == Room::Queue).map(|one| &one.id).collect();
    let fates: Vec<(String, String)> =
        queued.iter().map(|id| (id.to_string(), Start::of(id, &outcome).line(id))).collect();
    print(&render::bring::committed(new.len(), (&commit.short(), &branch), &fates));
    add::say_other_deeds(outcome, &queued);
    Ok(Exit::Done)
}
