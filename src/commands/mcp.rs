//! `buildq mcp`: the queue as tools of a coding agent.

mod arguments;
mod install;
mod serve;
mod tools;

use anyhow::Result;

use super::{Exit, Scene};

pub use install::registered;

/// Give a coding agent the queue as tools: the Model Context Protocol over standard input and output
///
/// An agent may queue work, look at it, and inside a build report progress. It can approve,
/// accept and trust nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Verb {
    Install(install::Args),
}

/// Serves until the agent closes standard input, or registers the server.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    match args.verb {
        Some(Verb::Install(args)) => install::run(args),
        None => serve::run(scene),
    }
}
