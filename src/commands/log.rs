//! `buildq log`

use anyhow::{Result, anyhow};

use super::gather::World;
use super::{Exit, Scene, print};
use crate::domain::event::Recorded;
use crate::domain::id::TaskId;
use crate::effects::ledger;
use crate::render::log::{self as page, Line, Style};

/// Tell what has happened, the newest first: one line for each event of the ledger
///
/// The ledger is the branch `buildq`; `git log buildq` shows the same.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only of this task
    task: Option<TaskId>,
    /// At most this many
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
    /// The oldest first
    #[arg(long)]
    reverse: bool,
    /// With the whole text of each event
    #[arg(short, long)]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads the ledger and tells it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let around = scene.look_around()?;
    let world = around.world();
    let few = args.number.filter(|_| args.task.is_none());
    let few = few.map(|few| ledger::newest(&world.repo, few)).transpose()?.flatten();
    let events = match few {
        Some(newest_first) => newest_first.into_iter().rev().collect(),
        None => ledger::events(&world.repo)?,
    };
    let wanted = |event: &&Recorded| match &args.task {
        Some(task) => event.event.kind.task() == Some(task),
        None => true,
    };
    let newest_first = events.iter().rev().filter(wanted);
    let newest_first = newest_first.take(args.number.unwrap_or(usize::MAX));
    let mut lines: Vec<Line> = newest_first.map(|event| line(world, event)).collect();
    if args.reverse {
        lines.reverse();
    }
    if args.json {
        let json = serde_json::json!({ "version": 1, "events": lines });
        print(&crate::render::text::json(&json)?);
        return Ok(Exit::Done);
    }
    if lines.is_empty() && args.number != Some(0) {
        print(&nothing(&around.whole()?, args.task.as_ref())?);
        return Ok(Exit::Done);
    }
    let style = Style { zone: world.config.timezone, bodies: args.verbose };
    print(&page::page(&lines, style));
    Ok(Exit::Done)
}

fn line(world: &World, event: &Recorded) -> Line {
    let kind = &event.event.kind;
    Line {
        commit: event.commit.to_string(),
        at: event.at,
        author: event.author.clone(),
        event: kind.name().to_owned(),
        task: kind.task().map(ToString::to_string),
        attempt: kind.attempt().map(|attempt| attempt.0),
        subject: event.subject.clone(),
        body: event.event.body.clone(),
        superseded: world.ledger.superseded.contains(&event.commit),
    }
}

/// What to say when there is nothing to tell.
fn nothing(world: &World, task: Option<&TaskId>) -> Result<String> {
    match task {
        None => Ok("nothing has happened yet".into()),
        Some(task) if world.queue.items.contains_key(task) => {
            Ok(format!("nothing has happened to {task} yet; buildq why {task}"))
        }
        Some(task) => Err(anyhow!("there is no task `{task}`{}", world.nearest(task))),
    }
}
