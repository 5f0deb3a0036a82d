//! `buildq report`

use anyhow::Result;

use super::{Exit, Scene};

/// To come
#[derive(Debug, clap::Args)]
pub struct Args {}

/// To come.
pub fn run(_: Args, _: &Scene) -> Result<Exit> {
    Ok(Exit::No)
}

/// Stores the report of a day in the ledger's tree; what it answers is why it could not.
pub fn save(_: &super::gather::World, _: chrono::NaiveDate) -> Result<Option<String>> {
    Ok(None)
}
