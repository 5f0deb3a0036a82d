//! What a person decides about one task: one event, then a sync. Shared by the verbs that do so.

use anyhow::{Result, anyhow};

use super::add::Fate;
use super::gather::World;
use super::{Exit, print, sync};
use crate::core::ledger::{Build, Ledger, Phase};
use crate::domain::event::Kind;
use crate::domain::id::TaskId;
use crate::effects::ledger::{Appended, Draft, append};

/// Refuses to write from a clone that has not been set up.
pub fn must_be_known(world: &World) -> Result<()> {
    if world.paths.known {
        return Ok(());
    }
    Err(anyhow!("this clone has not been set up\nhint: buildq init"))
}

/// Appends what `kind` makes of the build as it stands; a refusal is an error.
pub fn append_for(
    world: &World,
    task: &TaskId,
    body: &str,
    kind: &dyn Fn(&Build) -> Result<Kind>,
) -> Result<(Ledger, String)> {
    must_be_known(world)?;
    let fresh = Build::default();
    let appended = append(&world.pen(), &mut |ledger| {
        let build = ledger.builds.get(task).unwrap_or(&fresh);
        Ok(Ok(Draft::new(kind(build)?).body(body)))
    })?;
    match appended {
        Appended::Yes(ledger, id) => Ok((*ledger, id)),
        Appended::No(why) => Err(anyhow!("{why}\nhint: buildq show {task}")),
    }
}

/// Says what was written, and does all that is due now.
pub fn then_sync(world: World, said: &str) -> Result<Exit> {
    print(said);
    let outcome = sync::all_that_is_due((world.repo, world.paths), None)?;
    if !outcome.deeds.is_empty() || outcome.idle.is_some() {
        print(&crate::render::plan::done(&outcome));
    }
    Ok(Exit::Done)
}

/// The same after a word that lets one task go on: where it does not, one is told why.
pub fn then_go_on(world: World, said: &str, task: &TaskId) -> Result<Exit> {
    print(said);
    let outcome = sync::all_that_is_due((world.repo, world.paths), None)?;
    if !outcome.deeds.is_empty() || outcome.idle.is_some() {
        print(&crate::render::plan::done(&outcome));
    }
    let fate = Fate::of(task, &outcome);
    if matches!(fate, Fate::Queued { .. } | Fate::Held(_)) {
        print(&format!("{task} {}", fate.line(task)));
    }
    Ok(Exit::Done)
}

/// An error for a task that is not in the state that a verb needs.
pub fn wrong_phase(task: &TaskId, phase: &Phase, verb: &str, needs: &str) -> anyhow::Error {
    let now = state(phase);
    anyhow!("cannot {verb} `{task}`: it is {now}, not {needs}\nhint: buildq show {task}")
}

/// Where a task is, as it stands after "it is".
pub fn state(phase: &Phase) -> &'static str {
    match phase {
        Phase::Review { .. } => "in review",
        phase => phase.name(),
    }
}
