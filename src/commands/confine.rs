//! `buildq confine`: confines itself, and becomes the command that it is given.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Exit;
use crate::effects::limits;
use crate::effects::process;
use crate::effects::sandbox::landlock::{self, Rules};

/// Run a command with less rights than this program has (for buildq itself)
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Let Landlock hold it
    #[arg(long)]
    landlock: bool,
    /// What it may read and run
    #[arg(long, value_name = "PATH", requires = "landlock")]
    read: Vec<PathBuf>,
    /// What it may change
    #[arg(long, value_name = "PATH", requires = "landlock")]
    write: Vec<PathBuf>,
    /// It may not use TCP
    #[arg(long, requires = "landlock")]
    no_network: bool,
    /// Processes and threads that it may have at once
    #[arg(long, value_name = "NUMBER")]
    processes: Option<u32>,
    /// Nobody else's processes count: it runs in a user namespace of its own
    #[arg(long)]
    own_users: bool,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Comes back only where the command cannot be run, or cannot be confined: then it is not run.
pub fn run(args: Args) -> Result<Exit> {
    limits::yield_to_others();
    if let Some(most) = args.processes {
        limits::processes(most, args.own_users);
    }
    if args.landlock {
        let Args { read, write, no_network, .. } = args;
        landlock::confine(&Rules { read, write, no_network })
            .context("Landlock does not hold, so nothing runs")?;
    }
    Err(process::become_command(&args.command))
}
