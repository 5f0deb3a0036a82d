//! `buildq man`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};

use super::{Cli, Exit, Scene, print};

/// Print the manual page, or write one for each command into a folder
///
///   buildq man | man -l -
///   buildq man --out ~/.local/share/man/man1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to write them; the folder is made
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes them.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let mut whole = Cli::command();
    whole.build();
    let Some(folder) = args.out else {
        print(&page(&whole)?);
        return Ok(Exit::Done);
    };
    let folder = scene.dir.join(folder);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make `{}`", folder.display()))?;
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    let shown = verbs.filter(|verb| verb.get_name() != "help");
    let mut count = 0;
    for command in std::iter::once(&whole).chain(shown) {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let place = folder.join(format!("{name}.1"));
        std::fs::write(&place, page(command)?)
            .with_context(|| format!("cannot write `{}`", place.display()))?;
        count += 1;
    }
    print(&format!("wrote {count} pages into {}\n", folder.display()));
    Ok(Exit::Done)
}

/// One page, in roff.
fn page(command: &Command) -> Result<String> {
    let mut roff = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut roff)?;
    Ok(String::from_utf8_lossy(&roff).into_owned())
}
