//! `buildq mcp`: the queue as tools of a coding agent.

mod arguments;
mod serve;
mod tools;

use anyhow::Result;

use super::{Exit, Scene};

/// Give a coding agent the queue as tools: the Model Context Protocol over standard input and output
///
/// An agent may queue work, look at it, and inside a build report progress. It can approve,
/// accept and trust nothing.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Serves until the agent closes standard input.
pub fn run(_: Args, scene: &Scene) -> Result<Exit> {
    serve::run(scene)
}
