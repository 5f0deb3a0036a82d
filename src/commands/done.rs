//! `buildq done`: a builder sums up what it did.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::print;
use super::progress::{Place, compose, first_line};
use crate::domain::trailers::Trailers;

/// Sum up what was done, for the person who reviews it.
///
/// For builders, inside the workspace they are started in. The checks run when you exit.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What was done and what to look at; the first line is shown in lists.
    #[arg(short = 'm', long = "message", value_name = "SUMMARY")]
    summary: String,
}

/// Makes the commit.
pub fn run(args: Args) -> Result<ExitCode> {
    let place = Place::find()?;
    let Some(line) = first_line(&args.summary) else {
        bail!("the summary is empty\nhint: say what was done, for the person who reviews it");
    };
    let mut trailers = Trailers::default();
    trailers.push("Done-Summary", "yes");
    print(&place.note(&compose(&format!("done: {line}"), &args.summary, &trailers), &[])?);
    Ok(ExitCode::SUCCESS)
}
