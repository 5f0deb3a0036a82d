//! `buildq waker`: the one sleeping process of a clone.

use std::path::PathBuf;

use anyhow::Result;

use super::{Exit, Scene, gather, sync};
use crate::effects::repo::Repo;
use crate::effects::{detach, waker};

/// Sleep until something is due, then sync (started by sync itself)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The git directory
    #[arg(long)]
    repo: PathBuf,
}

/// Sleeps and syncs until nothing is due at a known time.
pub fn run(args: Args, _: &Scene) -> Result<Exit> {
    detach::become_detached();
    let paths = gather::places(&Repo::at(&args.repo)?)?;
    waker::sleep_until_due(&paths, &mut || {
        let repo = Repo::at(&args.repo)?;
        let paths = gather::places(&repo)?;
        sync::in_short((repo, paths)).map(|_| ())
    })?;
    Ok(Exit::Done)
}
