//! `buildq dashboard`

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::gather::World;
use super::status::{self, Look};
use super::{Exit, Scene, mouth, print, show};
use crate::core::dashboard::{self, Card, Dashboard};
use crate::core::ledger::Run;
use crate::core::overview::Overview;
use crate::domain::id::TaskId;
use crate::effects::{files, output};
use crate::render::dashboard::{self as page, Place};
use crate::render::text::Tamer;

/// Write everything into one HTML file that can be opened anywhere
///
/// Now, what needs you, the queue with its reasons, a timeline, every build in full, charts. The
/// file needs no network and nothing beside it, and loads nothing: it can be mailed or archived.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "progress.html")]
    out: PathBuf,
}

/// Lines of output that are shown of a build.
const LINES: usize = 40;

/// Gathers and writes.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let view = gather(&world, status::overview(&world, Look::Whole), Printed::Ends);
    let text = page::page(&view, world.masks(), Place::File)?;
    if args.out.as_os_str() == "-" {
        print(&text);
        return Ok(Exit::Done);
    }
    let path = scene.dir.join(&args.out);
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        bail!("there is no folder `{0}`\nhint: mkdir -p {0}", folder.display());
    }
    files::replace(&path, text.as_bytes())?;
    mouth::complain(&format!("written: {}", args.out.display()));
    Ok(Exit::Done)
}

/// What of the builders' output a page tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// The end of each build's.
    Ends,
    /// Nothing of it: the page may be pushed to where more people read it.
    Nothing,
}

/// Everything that the page tells, for an overview of the same world.
pub fn gather(world: &World, overview: Overview, printed: Printed) -> Dashboard {
    let mut standings = dashboard::standings(&world.ledger, &overview);
    let all = dashboard::in_order(&world.ledger);
    let older = all.len().saturating_sub(page::BUILDS);
    let card = |task: &TaskId| {
        let detail = show::detail(world, task, standings.remove(task)?);
        let run = world.ledger.builds.get(task)?.last()?;
        let output = match printed {
            Printed::Ends => ends(world, task, run),
            Printed::Nothing => String::new(),
        };
        Some(Card { detail, output })
    };
    let builds = all.into_iter().take(page::BUILDS).filter_map(card).collect();
    let place = world.repo.main_work_dir().or_else(|| world.repo.common_dir().ok());
    let name = place.as_deref().and_then(|place| place.file_name());
    let name = name.map_or("buildq".into(), |name| name.to_string_lossy().into_owned());
    let view = dashboard::dashboard(&world.ledger, overview, name);
    Dashboard { builds, older, ..view }
}

/// The end of what an attempt printed, as far as it is here, else what the ledger keeps of it.
fn ends(world: &World, task: &TaskId, run: &Run) -> String {
    let text = output::tail_lines(&world.paths.output(task, run.number()), LINES);
    let mut tamer = Tamer::default();
    let mut shown = tamer.tame(text.as_bytes());
    shown += &tamer.finish();
    let kept = || run.end.as_ref().filter(|_| !run.is_done()).map(|end| end.text.clone());
    if shown.trim().is_empty() { kept().unwrap_or_default() } else { shown }
}
