//! `buildq schema`: what may stand in the files that people write, for their editors.

use anyhow::Result;

use super::{Exit, print};
use crate::render::{schema, text};

/// Print a JSON schema of buildq.yaml or of a task, for editors
///
/// An editor that knows it completes keys, explains them, and marks wrong values while you type. It
/// is draft 2020-12; in Markdown a task's keys are the front matter.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of which file
    #[arg(value_enum, default_value = "config")]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// buildq.yaml
    Config,
    /// A task file
    Task,
}

/// Prints it.
pub fn run(args: Args) -> Result<Exit> {
    let schema = match args.of {
        Of::Config => schema::of_config(),
        Of::Task => schema::of_task(),
    };
    print(&text::json(&schema)?);
    Ok(Exit::Done)
}
