//! `buildq gc`: clears away what ended builds have left, once their work is in the refs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::gather::{self, World, attempt_ref};
use super::supervise::bury;
use super::{Exit, Misuse, Scene, print, say};
use crate::core::gc::{self, Cleared, Fate, Item, Litter, Rules, Signs, What};
use crate::core::ledger::Run;
use crate::core::patience;
use crate::domain::config::Keep;
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::domain::{size, span_of_time};
use crate::effects::git::Git;
use crate::effects::locks::Lock;
use crate::effects::{clock, collect, detach, files, litter, upkeep, workspace};
use crate::render;

/// Clear away what ended builds have left on this machine
///
/// Workspaces go once their work is in the refs; what could not be taken over stays and is named.
/// Logs go by age and by the budget of `keep` in `buildq.yaml`. Sync runs this once a day.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would go, and change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Give up a workspace whose work could not be taken over: it is lost
    #[arg(long, value_name = "NAME")]
    drop: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Let git look after its own objects, as it does after a commit
    #[arg(long, hide = true)]
    pack: bool,
}

/// Sync has it run this often,
const DAILY: TimeDelta = TimeDelta::days(1);
/// and this often while more lies about than is allowed.
const HOURLY: TimeDelta = TimeDelta::hours(1);
/// A pack that was taken in and never got a ref, because buildq died, is let go after this.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Looks, decides, clears away, and says what went and what stays.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.pack {
        let (repo, paths) = gather::open(&scene.dir)?;
        return upkeep::pack(&repo, &paths).map(|()| Exit::Done);
    }
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let mut rules = rules(&world)?;
    rules.dropped = dropped(&args.drop, &litter::look(&world.paths))?;
    let cleared = match args.dry_run {
        true => Some(foreseen(&world, &rules)),
        false => in_turn(&world, &rules)?,
    };
    match cleared {
        None => print("another `buildq gc` is at work here and does it"),
        Some(cleared) if args.json => print(&crate::render::text::json(&cleared)?),
        Some(cleared) if !args.quiet => print(&render::gc::page(&cleared)),
        Some(_) => {}
    }
    Ok(Exit::Done)
}

/// Clears away; `None` while another one does.
pub fn clear_away(scene: &Scene) -> Result<Option<Cleared>> {
    let world = scene.look()?;
    in_turn(&world, &rules(&world)?)
}

/// What would become of everything.
pub fn would(world: &World) -> Result<Cleared> {
    Ok(foreseen(world, &rules(world)?))
}

fn in_turn(world: &World, rules: &Rules) -> Result<Option<Cleared>> {
    let Some(_turn) = Lock::try_take(&world.paths.lock("gc"))? else { return Ok(None) };
    // What the one before it has cleared away meanwhile is not there any more.
    clear(world, rules).map(Some)
}

fn rules(world: &World) -> Result<Rules> {
    let keep = keep(world)?;
    Ok(Rules {
        disk: keep.disk,
        age: TimeDelta::from_std(keep.age).unwrap_or(TimeDelta::MAX),
        dropped: BTreeSet::new(),
        now: world.now,
    })
}

/// What this machine's own settings say, else the policy.
pub fn keep(world: &World) -> Result<Keep> {
    let mut keep = world.config.keep;
    let wrong = |key: &str, said: String| Misuse(format!("`{key}` in git config: {said}"));
    if let Some(text) = world.repo.setting("buildq.keepDisk") {
        keep.disk = size::parse(&text).map_err(|said| wrong("buildq.keepDisk", said))?;
    }
    if let Some(text) = world.repo.setting("buildq.keepAge") {
        keep.age = span_of_time::parse(&text).map_err(|said| wrong("buildq.keepAge", said))?;
    }
    Ok(keep)
}

fn dropped(names: &[String], lying: &[(Litter, PathBuf)]) -> Result<BTreeSet<String>> {
    let is_workspace = |one: &&Litter| matches!(one.what, What::Workspace { .. });
    let there: Vec<_> = lying.iter().map(|(one, _)| one).filter(is_workspace).collect();
    for name in names {
        if !there.iter().any(|one| one.name == *name) {
            let known: Vec<_> = there.iter().map(|one| one.name.as_str()).collect();
            match known.is_empty() {
                true => bail!("there is no workspace `{name}` here, and no other either"),
                false => bail!(
                    "there is no workspace `{name}` here\nhint: there are: {}",
                    known.join(", ")
                ),
            }
        }
    }
    Ok(names.iter().cloned().collect())
}

fn foreseen(world: &World, rules: &Rules) -> Cleared {
    let (litter, paths): (Vec<_>, Vec<_>) = litter::look(&world.paths).into_iter().unzip();
    let fates = gc::fates(&world.ledger, &litter, rules);
    let both = litter.into_iter().zip(paths).zip(fates);
    let items = both.map(|((litter, path), fate)| item(litter, &path, fate));
    Cleared::of(items.collect(), rules.disk, true)
}

fn clear(world: &World, rules: &Rules) -> Result<Cleared> {
    let (litter, paths): (Vec<_>, Vec<_>) = litter::look(&world.paths).into_iter().unzip();
    let fates = gc::fates(&world.ledger, &litter, rules);
    let both = litter.into_iter().zip(paths).zip(fates);
    let items: Vec<_> = both
        .map(|((litter, path), fate)| {
            let fate = carry_out(world, &litter, &path, fate)
                .unwrap_or_else(|error| Fate::Keep(format!("{error:#}")));
            item(litter, &path, fate)
        })
        .collect();
    let _ =
        collect::release_abandoned(&Git::bare(&world.paths.common), clock::now().into(), ABANDONED);
    let cleared = Cleared::of(items, rules.disk, false);
    Stamp { at: rules.now, stays: cleared.stays }.save(world)?;
    Ok(cleared)
}

fn item(litter: Litter, path: &Path, fate: Fate) -> Item {
    Item { path: path.display().to_string(), litter, fate }
}

/// What has become of it in truth.
fn carry_out(world: &World, one: &Litter, path: &Path, fate: Fate) -> Result<Fate> {
    if !matches!(fate, Fate::Remove(_) | Fate::Rescue) {
        return Ok(fate);
    }
    let lock = match &one.what {
        What::Workspace { task, attempt, .. } | What::Log { task, attempt } => {
            Some(world.paths.attempt_lock(task, *attempt))
        }
        What::Lock { .. } => Some(path.to_owned()),
        What::Trial { lock, .. } => Some(world.paths.local.join(lock)),
        _ => None,
    };
    let tried = match &one.what {
        What::Workspace { task, attempt, .. } => Some(world.paths.try_lock(task, *attempt)),
        _ => None,
    };
    let _tried = match tried.map(|lock| Lock::try_take(&lock)).transpose()? {
        Some(None) => return Ok(Fate::Keep("somebody tries it out".into())),
        held => held.flatten(),
    };
    let _held = match lock.map(|lock| Lock::try_take(&lock)).transpose()? {
        Some(None) => return Ok(Fate::Keep("a builder may be at work in it".into())),
        held => held.flatten(),
    };
    match &one.what {
        What::Workspace { task, attempt, signs } => {
            if fate == Fate::Rescue
                && let Err(error) = take_over(world, task, *attempt, *signs)
            {
                workspace::keep(path)?;
                return Ok(Fate::Keep(format!("its work could not be taken over: {error:#}")));
            }
            workspace::remove(path)?;
        }
        What::Trial { .. } | What::Remains => workspace::remove(path)?,
        _ => litter::remove_plain(path)?,
    }
    Ok(fate)
}

/// Takes what lies in a workspace into the refs, committed or not.
fn take_over(world: &World, task: &TaskId, attempt: Attempt, signs: Signs) -> Result<()> {
    if !signs.marked {
        bail!("it bears no mark of buildq any more");
    }
    let base = base(world, task, attempt).context("nobody knows what it was made from")?;
    bury::salvage(world, task, attempt, base)
}

fn base(world: &World, task: &TaskId, attempt: Attempt) -> Option<Oid> {
    let build = world.ledger.builds.get(task);
    let is_it = |run: &&Run| run.number() == attempt;
    let run = build.and_then(|build| build.attempts.iter().find(is_it));
    // A ledger that was made anew does not know it, but its ref or its base is still there.
    run.map(|run| run.started.base)
        .or_else(|| world.repo.reference(&attempt_ref(task, attempt)))
        .or_else(|| world.seen.base.as_ref().map(|(_, tip)| *tip))
}

/// When this was last run here, and what it left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stamp {
    at: DateTime<Utc>,
    stays: u64,
}

impl Stamp {
    fn load(world: &World) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(world.paths.local.join("gc.json")).ok()?).ok()
    }

    fn save(self, world: &World) -> Result<()> {
        files::replace_cache(&world.paths.local.join("gc.json"), &serde_json::to_vec(&self)?)
    }
}

/// Leaves it to a process of its own, if it is time: once a day, and once an hour while more
/// lies about than is allowed.
pub fn when_due(world: &World) -> Result<()> {
    if upkeep::is_wanted(&world.repo, &world.paths, world.now) {
        in_background(world, &["--pack"])?;
    }
    let Some(last) = Stamp::load(world) else {
        return Stamp { at: world.now, stays: 0 }.save(world);
    };
    let lately = |length| patience::ends(last.at, length, world.now).is_some();
    let too_much = || {
        let keep = keep(world).unwrap_or(world.config.keep);
        last.stays.max(litter::logs(&world.paths)) > keep.disk
    };
    if lately(HOURLY) || (lately(DAILY) && !too_much()) {
        return Ok(());
    }
    // Noted first: one that always fails is not begun by every sync.
    Stamp { at: world.now, ..last }.save(world)?;
    in_background(world, &["--quiet"])
}

fn in_background(world: &World, flags: &[&str]) -> Result<()> {
    let common = world.paths.common.as_os_str();
    let mut words = vec!["-C".as_ref(), common, "gc".as_ref()];
    words.extend(flags.iter().map(OsStr::new));
    let log = world.paths.local.join("logs").join("gc.log");
    detach::spawn(&words, &world.paths.common, Some(&log), false)?;
    Ok(())
}
