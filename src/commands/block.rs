//! `buildq block`: a builder asks a person, and stops.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::print;
use super::progress::{Place, compose, first_line};
use crate::domain::trailers::Trailers;

/// Say that the work cannot go on without a person, and what is needed.
///
/// For builders, inside the workspace they are started in. Exit afterwards: the answer comes
/// with the next start.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The question, or what is missing; the first line is shown in lists.
    #[arg(value_name = "REASON")]
    reason: String,
}

/// Makes the commit.
pub fn run(args: Args) -> Result<ExitCode> {
    print(&ask(&Place::find()?, &args.reason)?);
    Ok(ExitCode::SUCCESS)
}

/// Asks a person, by one commit; what came of it, in words.
pub(super) fn ask(place: &Place, reason: &str) -> Result<String> {
    let Some(line) = first_line(reason) else {
        bail!("the reason is empty\nhint: say what a person has to answer");
    };
    let mut trailers = Trailers::default();
    trailers.push("Block", line);
    let noted = place.note(&compose(&format!("blocked: {line}"), reason, &trailers), &[])?;
    Ok(format!("{noted}\na person will be asked; end now, the answer comes with the next start"))
}
