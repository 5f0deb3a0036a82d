//! `buildq accept`
//!
//! One accept at a time: offer (what would be merged, or why not), try (the checks on the merged
//! tree), land (the base branch moves by compare-and-swap), record. Killed between the last
//! two, sync finds the work in the base branch and records it.

mod land;
mod offer;
mod trial;

use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::land::Landed;
use self::offer::{Offer, Prepared};
use super::gather::World;
use super::{Exit, Scene, print, say};
use crate::core::inspect::Kind as Found;
use crate::core::ledger::Phase;
use crate::domain::event::{CheckResult, Kind, Merge};
use crate::domain::id::{Oid, TaskId};
use crate::domain::trailers::{Trailers, one_line};
use crate::effects::ledger;
use crate::effects::locks::Lock;
use crate::effects::{clock, commit};
use crate::render::review;

/// Merge a finished build into the base branch
///
/// The checks run on the merged tree first, in a fresh workspace; when one fails, nothing is
/// merged. What is merged is the branch as it stands, with commits that you have added. The
/// base branch need not be checked out; where it is, the work tree follows, and nothing that
/// you have changed there is touched.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// Do not run the checks on the merged tree
    #[arg(long)]
    no_checks: bool,
    /// Merge though something in it should be looked at first: what `buildq review` shows on top
    #[arg(long)]
    yes_protected: bool,
    /// Say what would be merged and what speaks against it; merge nothing, run nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long, requires = "dry_run")]
    json: bool,
    /// Make one commit of it, without the branch's own history
    #[arg(long)]
    squash: bool,
}

/// Another accept is waited for this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Merges, unless something speaks against it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let mut world = scene.look()?;
    say::must_be_known(&world)?;
    let Some(turn) = Lock::take(&world.paths.lock("accept"), PATIENCE)? else {
        bail!("another `buildq accept` is at work here\nhint: try again when it is done");
    };
    let mut moved = false;
    loop {
        let offer = match offer::prepare(&world, &args.task)? {
            Prepared::Ready(offer) => *offer,
            Prepared::There(said) => return say::then_sync(world, &said),
        };
        if args.dry_run {
            return dry(&args, &offer);
        }
        ask(&offer, args.yes_protected)?;
        offer.notes.iter().for_each(|note| print(note));
        let checks = match args.no_checks {
            true => None,
            false => Some(trial::run(&world, &offer, &turn)?),
        };
        // The checks may have taken long: what a person decided meanwhile counts.
        let now = ledger::read(&world.repo, &world.paths)?;
        if now.builds.get(&args.task) != world.ledger.builds.get(&args.task) {
            bail!(
                "`{0}` has changed in the ledger meanwhile; nothing is merged\nhint: buildq show {0}",
                args.task
            );
        }
        let merge = write(&world, &offer, checks.as_deref(), args.squash)?;
        match land::land(&world, &offer, merge)? {
            Landed::Yes => {
                world = world.again(clock::now())?;
                record(&world, &offer, merge)?;
                let said =
                    format!("merged {} into {} as {}", offer.task, offer.base_name, merge.short());
                return say::then_sync(world, &said);
            }
            Landed::Moved if moved => bail!(
                "`{}` moves on all the time; nothing is merged\nhint: buildq accept {}",
                offer.base_name,
                offer.task
            ),
            Landed::Moved => {
                print(&format!("{} has moved meanwhile: once more", offer.base_name));
                moved = true;
                world = world.again(clock::now())?;
            }
        }
    }
}

/// Refuses what a person has not said to have looked at. The value of a secret is let through by
/// no flag: it would be in the history for good.
fn ask(offer: &Offer, said_yes: bool) -> Result<()> {
    let (task, found) = (&offer.task, &offer.findings);
    if found.iter().any(|one| one.kind == Found::Leak) {
        let leaks: Vec<_> = found.iter().filter(|one| one.kind == Found::Leak).cloned().collect();
        bail!(
            "`{task}` holds the value of a secret; nothing is merged\n{}\n\
             hint: take it out of the branch's history (git rebase -i), or: buildq retry {task}\n\
             hint: if that is no secret: git config buildq.notSecret NAME",
            review::findings(&leaks).trim_end()
        );
    }
    if found.is_empty() || said_yes {
        return Ok(());
    }
    let these = if found.len() == 1 { "this" } else { "these" };
    bail!(
        "`{task}` has what you should look at first; nothing is merged\n{}\n\
         hint: look at it: buildq review {task}\n\
         hint: with {these}: buildq accept {task} --yes-protected",
        review::findings(found).trim_end()
    )
}

/// What would happen.
fn dry(args: &Args, offer: &Offer) -> Result<Exit> {
    let would = ask(offer, args.yes_protected);
    if args.json {
        let told = serde_json::json!({
            "task": offer.task, "branch": offer.branch, "tip": offer.tip,
            "into": offer.base_name, "onto": offer.base, "would_merge": would.is_ok(),
            "needs": if would.is_ok() { None } else { Some("--yes-protected") }
                .filter(|_| offer.findings.iter().all(|one| one.kind != Found::Leak)),
            "findings": offer.findings,
        });
        print(&crate::render::text::json(&told)?);
        return Ok(if would.is_ok() { Exit::Done } else { Exit::No });
    }
    would?;
    print(&format!("{} would be merged into {}", offer.branch, offer.base_name));
    print(&review::findings(&offer.findings));
    Ok(Exit::Done)
}

/// Writes the merge's commit, in the person's name; no branch points at it yet.
fn write(
    world: &World,
    offer: &Offer,
    checks: Option<&[CheckResult]>,
    squash: bool,
) -> Result<Oid> {
    let parents = [offer.base, offer.tip];
    let parents = if squash { &parents[..1] } else { &parents[..] };
    let message = message(offer, checks);
    commit::write(&world.repo, offer.tree, parents, (&message, clock::now()))
}

/// What the merge's commit says: title, criteria, checks, and the trailers.
fn message(offer: &Offer, checks: Option<&[CheckResult]>) -> String {
    let title = one_line(&offer.title, 100);
    let mut text = format!("Merge {}: {title}\n", offer.branch);
    if !offer.criteria.is_empty() {
        text.push_str("\nCriteria:\n");
    }
    for (done, criterion) in &offer.criteria {
        let tick = if *done { 'x' } else { ' ' };
        text.push_str(&format!("- [{tick}] {}\n", one_line(criterion, 200)));
    }
    let (heading, checks) = match checks {
        Some(checks) => ("Checks on the merged tree:", checks),
        None => ("Checks on the branch, before the merge:", offer.checks.as_slice()),
    };
    if !checks.is_empty() {
        text.push_str(&format!("\n{heading}\n"));
    }
    for check in checks {
        let word = if check.passed { "passed" } else { check.ended.as_str() };
        text.push_str(&format!("- {}: {word}\n", one_line(&check.command, 200)));
    }
    let mut trailers = Trailers::default();
    trailers.push("Task", &offer.task);
    trailers.push("Attempt", offer.run.number());
    text + "\n" + &trailers.block()
}

/// Appends `merged`, unless a sync that saw the merge was faster.
fn record(world: &World, offer: &Offer, merge: Oid) -> Result<()> {
    let task = &offer.task;
    let is_there = |world: &World| {
        let build = world.ledger.builds.get(task);
        build.is_some_and(|build| matches!(build.phase, Phase::Merged { .. }))
    };
    if is_there(world) {
        return Ok(());
    }
    let kind = Kind::Merged {
        task: task.clone(),
        attempt: offer.run.number(),
        commit: merge,
        how: Merge::Accepted,
        edited: offer.edited,
    };
    let seen = review::findings(&offer.findings);
    let body = if seen.is_empty() { seen } else { format!("Merged with --yes-protected:\n{seen}") };
    let Err(error) = say::append_for(world, task, &body, &|_| Ok(kind.clone())) else {
        return Ok(());
    };
    let (repo, paths) = super::gather::open(&world.paths.common)?;
    if is_there(&World::look(repo, paths, clock::now())?) {
        return Ok(());
    }
    Err(error).with_context(|| {
        let base = &offer.base_name;
        format!("`{task}` is merged into `{base}`, but that is not recorded yet\nhint: buildq sync")
    })
}
