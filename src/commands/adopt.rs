//! `buildq adopt`

use anyhow::{Result, anyhow};

use super::{Exit, Scene, pause, print, say};
use crate::domain::event::Kind;
use crate::effects::ledger::{Appended, Draft, append};

/// Make this clone the one that starts builds
///
/// What another clone still has running counts as ended from now on: it stops its builders as
/// soon as it sees this ledger.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Ends the other's open attempts in the ledger and records the new runner.
pub fn run(_: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let runner = world.paths.runner();
    if world.ledger.runner.as_ref() == Some(&runner) {
        print(&format!("this clone, `{runner}`, is the runner already"));
        return Ok(Exit::Done);
    }
    let before = world.ledger.runner.clone();
    for task in pause::stop_all(&world, &format!("adopted by {runner}"), scene.now)? {
        print(&format!("ended the attempt of {task}"));
    }
    let draft = Draft::new(Kind::Runner { runner: runner.clone() });
    match append(&world.pen(), &mut |_| Ok(Ok(draft.clone())))? {
        Appended::No(why) => Err(anyhow!(why)),
        Appended::Yes(..) => {
            let before = before.map(|b| format!(", no longer `{b}`")).unwrap_or_default();
            say::then_sync(world, &format!("`{runner}` runs this queue{before}"))
        }
    }
}
