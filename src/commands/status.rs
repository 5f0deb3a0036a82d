//! `buildq status`

use anyhow::Result;

use super::{Exit, Scene};

/// To come
#[derive(Debug, clap::Args)]
pub struct Args {}

/// To come.
pub fn run(_: Args, _: &Scene) -> Result<Exit> {
    Ok(Exit::No)
}
