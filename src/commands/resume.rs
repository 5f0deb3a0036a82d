//! `buildq resume`

use anyhow::{Result, anyhow};

use super::{Exit, Scene, print, say};
use crate::domain::event::Kind;
use crate::effects::ledger::{Appended, Draft, append};

/// End a pause
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only of this builder
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
}

/// Records the end of the pause and starts what is due.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let builder = args.builder;
    if world.ledger.pause(builder.as_deref(), scene.now).is_none() {
        let paused = world.ledger.pauses.iter().filter_map(|pause| pause.builder.as_ref());
        let paused = paused.filter(|b| world.ledger.pause(Some(b), scene.now).is_some());
        let hints: Vec<_> = paused.map(|b| format!("; buildq resume --builder {b}")).collect();
        print(&format!("the queue is not paused{}", hints.concat()));
        return Ok(Exit::Done);
    }
    let draft = Draft::new(Kind::Resumed { builder });
    match append(&world.pen(), &mut |_| Ok(Ok(draft.clone())))? {
        Appended::Yes(..) => say::then_sync(world, "resumed"),
        Appended::No(why) => Err(anyhow!(why)),
    }
}
