//! `buildq output`

use std::time::Duration;

use anyhow::{Result, anyhow};

use super::gather::World;
use super::mouth::{self, Pour};
use super::{Exit, Scene};
use crate::core::ledger::{Build, Ledger, Run};
use crate::domain::id::{Attempt, TaskId};
use crate::domain::masks::{Masks, Stream};
use crate::effects::ledger;
use crate::effects::locks::Lock;
use crate::effects::output::Cursor;

/// Print what the builder and the checks of a task printed
///
/// On a terminal, control characters and escape sequences are taken out; into a pipe or a file the
/// output goes as it was. Values of secrets are `***` everywhere.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// Go on printing until the attempt has ended
    #[arg(short, long)]
    follow: bool,
    /// Let everything through to a terminal too, control characters and all
    #[arg(long)]
    raw: bool,
    /// Of this attempt; default: the newest
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

/// New output is looked for this often.
const LOOK: Duration = Duration::from_millis(200);

/// Finds the attempt and prints its log.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let task = &args.task;
    let attempt = wanted(&world, &args)?;
    let dir = world.paths.output(task, attempt);
    let mut reader = Reader::new(&world, args.raw);
    let mut cursor = Cursor::new(&dir);
    if args.follow {
        return follow(&world, (task, attempt), &mut cursor, reader);
    }
    if !dir.is_dir() {
        return Err(not_here(&world, task, attempt));
    }
    let _ = reader.drain(&mut cursor);
    reader.finish();
    Ok(Exit::Done)
}

fn run_of<'a>(ledger: &'a Ledger, task: &TaskId, attempt: Attempt) -> Option<&'a Run> {
    ledger.builds.get(task)?.attempts.iter().find(|run| run.number() == attempt)
}

fn wanted(world: &World, args: &Args) -> Result<Attempt> {
    let task = &args.task;
    let build: &Build = world.build(task)?;
    let Some(last) = build.last() else {
        return Err(anyhow!("`{task}` has not been started yet\nhint: buildq why {task}"));
    };
    let attempt = args.attempt.map_or(last.number(), Attempt);
    if run_of(&world.ledger, task, attempt).is_some() {
        return Ok(attempt);
    }
    let first = build.attempts.first().map_or(1, |run| run.number().0);
    let last = last.number();
    Err(match first == last.0 {
        true => anyhow!("`{task}` has no attempt {attempt}\nhint: there is attempt {last} only"),
        false => {
            anyhow!("`{task}` has no attempt {attempt}\nhint: there are {first} to {last}")
        }
    })
}

fn not_here(world: &World, task: &TaskId, attempt: Attempt) -> anyhow::Error {
    let run = run_of(&world.ledger, task, attempt);
    let runner = run.map_or("another clone", |run| run.started.runner.as_str());
    let here = runner == world.seen.here;
    let why = match here {
        true => "it was removed, or nothing was printed".to_owned(),
        false => format!("the attempt ran on `{runner}`, and output stays where it was made"),
    };
    anyhow!(
        "the output of attempt {attempt} of {task} is not in this clone: {why}\nhint: buildq show {task}"
    )
}

/// Prints until the attempt has ended and all is printed.
fn follow(
    world: &World,
    (task, attempt): (&TaskId, Attempt),
    cursor: &mut Cursor,
    mut reader: Reader,
) -> Result<Exit> {
    let lock = world.paths.attempt_lock(task, attempt);
    let ours = run_of(&world.ledger, task, attempt)
        .is_some_and(|run| run.started.runner == world.seen.here);
    let mut known = (world.ledger.tip, has_ended(&world.ledger, task, attempt));
    if !world.paths.output(task, attempt).is_dir() && (known.1 || !ours) {
        return Err(not_here(world, task, attempt));
    }
    loop {
        let tip = ledger::tip(&world.repo);
        if tip != known.0 {
            let ledger = ledger::read(&world.repo, &world.paths)?;
            known = (tip, has_ended(&ledger, task, attempt));
        }
        // Asked before the rest is read, so that nothing comes in between. A supervisor has its
        // last words after the end is in the ledger.
        let over = if ours { Lock::is_free(&lock) } else { known.1 };
        if reader.drain(cursor).is_err() {
            return Ok(Exit::Done);
        }
        if over {
            reader.finish();
            if !has_ended(&ledger::read(&world.repo, &world.paths)?, task, attempt) {
                mouth::complain("buildq: its supervisor has died\nhint: buildq sync");
            }
            return Ok(Exit::Done);
        }
        std::thread::sleep(LOOK);
    }
}

fn has_ended(ledger: &Ledger, task: &TaskId, attempt: Attempt) -> bool {
    run_of(ledger, task, attempt).is_none_or(|run| run.end.is_some())
}

/// Standard output, without values that nobody is to read.
struct Reader {
    pour: Pour,
    masks: Masks,
    stream: Stream,
}

impl Reader {
    fn new(world: &World, raw: bool) -> Self {
        // An older log may hold what has become a secret since.
        let masks = world.masks().clone();
        Self { pour: Pour::new(raw), masks, stream: Stream::default() }
    }

    /// Prints all that is there now; an error means that nobody reads any more.
    fn drain(&mut self, cursor: &mut Cursor) -> std::io::Result<()> {
        while let Some(chunk) = cursor.next_chunk() {
            self.pour.write(&self.stream.feed(&self.masks, &chunk))?;
        }
        Ok(())
    }

    fn finish(mut self) {
        let rest = self.stream.finish(&self.masks);
        if self.pour.write(&rest).is_ok() {
            self.pour.finish();
        }
    }
}
