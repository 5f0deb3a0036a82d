//! `buildq try`: a shell, or a command, in the workspace of a build, within a builder's walls. What
//! it changes there is never taken over: no work of a build that has ended is collected again.

mod hands;
mod place;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use self::place::Place;
use super::gather::World;
use super::{Exit, Scene, mouth, print, say};
use crate::core::tryout::Choice;
use crate::domain::id::{Attempt, TaskId};
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::{process, sweep};
use crate::render::{text, tryout as view};

/// Try a build out: a shell, or a command, in its workspace
///
/// It sees and may change what a builder may: the workspace, a home directory of its own, and nothing
/// of yours. What it changes there stays there; the branch and the ledger never hear of it. A build
/// in review keeps its workspace, set up as it is, until it is accepted or rejected; where none is
/// kept, a new one is made from the branch and set up.
///
///   buildq try hello                 your shell; leave it with `exit`
///   buildq try hello -- npm start    a command; its exit code is that of `buildq try`
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The task
    #[arg(index = 1)]
    task: TaskId,
    /// Make a new workspace from the branch, and set it up, even where one is kept
    #[arg(long)]
    fresh: bool,
    /// Do not run the setup commands of `buildq.yaml` in a new workspace
    #[arg(long)]
    no_setup: bool,
    /// Say where it would be tried out, and run nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print that as JSON
    #[arg(long, requires = "dry_run")]
    json: bool,
    /// What to run instead of your shell
    #[arg(index = 2, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// What a killed try has left is asked to end this long before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// A supervisor that has just ended lets go of its workspace within this time.
const ENDING: Duration = Duration::from_secs(10);

/// By what the processes of a try are found: not those of the attempt itself.
pub fn token_of(paths: &Paths, task: &TaskId, attempt: Attempt) -> String {
    format!("{}-{task}-{attempt}-try", paths.clone_id)
}

/// Finds the place, sets it up if need be, and leaves it as is fit.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let place = Place::find(&world, &args.task, args.fresh)?;
    let setups = if args.no_setup { &[][..] } else { &world.config.workspace_setup[..] };
    if args.dry_run {
        let setup = setups.iter().map(|it| shell_words::join(&it.argv)).collect();
        let told = place.told(setup);
        match args.json {
            true => print(&text::json(&told)?),
            false => print(&view::foreseen(&told)),
        }
        return Ok(Exit::Done);
    }
    if let Some(why) = &world.seen.no_sandbox {
        bail!("nothing may run without a sandbox: {why}\nhint: buildq doctor");
    }
    let Some(lock) = Lock::try_take(&world.paths.try_lock(&args.task, place.attempt))? else {
        return Err(anyhow!(
            "`{}` is being tried out already\nhint: leave that one first, or look at the branch: \
             git diff {}...{}",
            args.task,
            world.base_branch(),
            world.branch_of(&args.task)
        ));
    };
    // What it was before the lock was taken may be gone.
    let place = Place::find(&world, &args.task, args.fresh)?;
    until_its_supervisor_is_gone(&world, &place)?;
    sweep::end_all(&token_of(&world.paths, &args.task, place.attempt), &place.folder, GRACE)?;
    process::adopt_orphans()?;
    let stop = hands::Stop::listen()?;
    let ready = match place.choice {
        Choice::Kept => place.enter(&lock)?,
        Choice::New { .. } => {
            mouth::complain(&view::setting_up(&place.told(Vec::new())));
            place.make(&lock, setups, &stop).inspect_err(|_| place.leave(false))?
        }
    };
    let end = hands::work(&ready, &args.command, &stop);
    place.leave(ready.stays);
    exit(end?)
}

fn until_its_supervisor_is_gone(world: &World, place: &Place) -> Result<()> {
    let lock = world.paths.attempt_lock(place.task, place.attempt);
    // A running one has a place of its own, which is not used here.
    if place.is_apart() || Lock::take(&lock, ENDING)?.is_some() {
        return Ok(());
    }
    bail!(
        "attempt {} of `{}` has ended, but something of it still lives\n\
         hint: buildq sync ends it",
        place.attempt,
        place.task
    )
}

fn exit(end: process::Ended) -> Result<Exit> {
    use process::Ended;
    let code = match end {
        Ended::Exit(0) => return Ok(Exit::Done),
        Ended::Exit(code) => code,
        Ended::Signal(number) => 128 + number,
        Ended::Stopped(why) => 128 + why.parse::<i32>().unwrap_or(0),
        Ended::Exceeded(what) => bail!("it was ended: {what}\nhint: `limits` in `buildq.yaml`"),
        Ended::Missing(why) => bail!("{why}\nhint: it must be on the PATH of `buildq init`"),
        Ended::Timeout => bail!("it was ended: its time was up"),
    };
    Ok(Exit::Code(ExitCode::from(u8::try_from(code).unwrap_or(1))))
}
