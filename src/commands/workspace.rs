//! `buildq workspace pack`: hands over the commits of a workspace, from inside the sandbox.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::domain::id::Oid;
use crate::effects::workspace::leftovers::{MAX_FILE, Rule};
use crate::effects::workspace::outgoing::{Request, send};
use crate::effects::workspace::{Marker, settle};

/// Work inside a workspace, for buildq itself.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Write the commits to standard output: one line about them, then a pack.
    Pack(Pack),
    /// Leave out of all commits what lies untracked now.
    Settle,
}

#[derive(Clone, Debug, clap::Args)]
struct Pack {
    /// Commits that the taker has; first the one the attempt started from.
    #[arg(long, value_name = "COMMIT", required = true, num_args = 1..)]
    base: Vec<String>,
    /// First commit what lies uncommitted, with this message.
    #[arg(long, value_name = "MESSAGE")]
    commit_leftovers: Option<String>,
    /// Larger files are left out of that commit.
    #[arg(long, value_name = "BYTES", default_value_t = MAX_FILE)]
    max_file: u64,
    /// It is a workspace, though a builder may have taken its mark away.
    #[arg(long)]
    unmarked: bool,
    /// Paths that are never committed.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    exclude: Vec<String>,
}

/// Runs inside a workspace and nowhere else.
pub fn run(args: Args) -> Result<ExitCode> {
    let here = std::env::current_dir().context("this folder is gone")?;
    let pack = match args.what {
        What::Pack(pack) => pack,
        What::Settle => {
            settle(&Marker::find(&here)?.0)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let folder = match Marker::find(&here) {
        Ok((folder, _)) => folder,
        // A link or a file in its place may lead to any other repository.
        Err(_) if pack.unmarked && is_a_folder(&here.join(".git")) => here,
        Err(error) => return Err(error),
    };
    let bases: Vec<Oid> = pack.base.iter().map(|base| base.parse()).collect::<Result<_, _>>()?;
    let rule = Rule { max_file: pack.max_file, exclude: &pack.exclude };
    let leftovers = pack.commit_leftovers.as_deref();
    let mut out = std::io::stdout();
    send(&folder, &Request { bases: &bases, leftovers, rule }, &mut out)?;
    out.flush().context("nobody takes the commits")?;
    Ok(ExitCode::SUCCESS)
}

fn is_a_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|about| about.is_dir())
}
