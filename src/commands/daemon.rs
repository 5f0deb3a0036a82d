//! `buildq daemon`: the waker in the foreground.

use std::path::PathBuf;

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Exit, Scene, gather, mouth, print, sync};
use crate::domain::id::Oid;
use crate::effects::repo::Repo;
use crate::effects::waker::{self, Call, Onward, Vigil};
use crate::effects::{clock, ledger};
use crate::render;

/// Stay awake in the foreground, for systemd, containers and servers
///
/// Syncs when a ref moves, told by the system and not by looking again and again, and at the very
/// moment at which something is due. Prints one line per thing done. Ends cleanly on Ctrl-C and
/// SIGTERM; builds go on without it. One per clone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

/// One thing that was done, by this process or another.
#[derive(Serialize)]
struct Line {
    at: DateTime<Utc>,
    event: String,
    task: Option<String>,
    id: String,
    subject: String,
}

/// Every ref and where it stands.
type Refs = Vec<(String, Oid)>;

/// Between two rounds.
struct Watchman {
    common: PathBuf,
    json: bool,
    /// As they stood after the last sync.
    refs: Option<Refs>,
    /// The ledger as far as it was told.
    told: Option<Oid>,
    /// The last complaint, said once.
    said: Option<String>,
}

/// Stays until it is told to end.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let (repo, paths) = gather::open(&scene.dir)?;
    if !paths.known {
        bail!("this clone has not been set up\nhint: buildq init");
    }
    let vigil = Vigil::begin(&paths)?;
    if let Some(why) = vigil.is_deaf() {
        mouth::complain(&format!("warning: refs are looked at once a minute: {why:#}"));
    }
    let told = ledger::tip(&repo);
    let common = paths.common.clone();
    let mut watchman = Watchman { common, json: args.json, refs: None, told, said: None };
    watchman.say(&Line {
        at: clock::now(),
        event: "awake".into(),
        task: None,
        id: String::new(),
        subject: format!("awake: {} on {}", paths.runner(), paths.common.display()),
    })?;
    vigil.keep(&paths, &mut |call| watchman.round(call))?;
    Ok(Exit::Done)
}

impl Watchman {
    fn round(&mut self, call: Call) -> Result<Onward> {
        let repo = Repo::at(&self.common)?;
        let paths = gather::places(&repo)?;
        if !paths.known {
            mouth::complain("this clone is not set up any more: the daemon ends");
            return Ok(Onward::End);
        }
        let moved = self.refs.as_ref() != Some(&repo.references("refs/")?);
        if moved || matches!(call, Call::Due(_)) {
            match sync::what_was_done((repo, paths.clone())) {
                Ok(outcome) => {
                    let failed = outcome.deeds.into_iter().filter_map(|deed| deed.trouble);
                    let troubles: Vec<_> = failed.chain(outcome.warnings).collect();
                    self.complain((!troubles.is_empty()).then(|| troubles.join("\n")));
                }
                Err(error) => {
                    self.complain(Some(render::error::show(&error)));
                    waker::leave(&paths, Some(clock::now() + TimeDelta::minutes(1)))?;
                }
            }
        }
        let repo = Repo::at(&self.common)?;
        self.tell(&repo)?;
        self.refs = Some(repo.references("refs/")?);
        Ok(Onward::Sleep)
    }

    /// What stands in the ledger since it was last told.
    fn tell(&mut self, repo: &Repo) -> Result<()> {
        let tip = ledger::tip(repo);
        if tip == self.told {
            return Ok(());
        }
        for recorded in ledger::events_since(repo, self.told)? {
            let task = recorded.event.kind.task().map(ToString::to_string);
            let event = recorded.event.kind.name().to_owned();
            let (at, id, subject) = (recorded.at, recorded.event.id, recorded.subject);
            self.say(&Line { at, event, task, id, subject })?;
        }
        self.told = tip;
        Ok(())
    }

    fn say(&self, line: &Line) -> Result<()> {
        print(&match self.json {
            true => render::text::json_line(line)?,
            false => format!("{} {}", line.at.format("%FT%TZ"), render::text::safe(&line.subject)),
        });
        Ok(())
    }

    /// The same trouble again is not said again.
    fn complain(&mut self, trouble: Option<String>) {
        if trouble != self.said
            && let Some(trouble) = &trouble
        {
            mouth::complain(trouble);
        }
        self.said = trouble;
    }
}
