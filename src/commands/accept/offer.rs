//! What would be merged, or why it cannot be.

use anyhow::{Result, anyhow, bail};

use super::land;
use crate::commands::gather::World;
use crate::commands::inspect;
use crate::commands::review;
use crate::commands::say;
use crate::core::inspect::Finding;
use crate::core::ledger::{Build, Outcome, Phase, Run};
use crate::domain::event::CheckResult;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::same_but_for_ticks;
use crate::effects::repo::Merged;

/// A build in review and the base branch, merged in memory.
pub struct Offer {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// The run that is merged.
    pub run: Run,
    /// Its branch.
    pub branch: String,
    /// The commit that is merged.
    pub tip: Oid,
    /// The branch that it is merged into.
    pub base_name: String,
    /// Where that stands.
    pub base: Oid,
    /// What the merge gives.
    pub tree: Oid,
    /// Each criterion and whether it is ticked.
    pub criteria: Vec<(bool, String)>,
    /// The checks of the build itself.
    pub checks: Vec<CheckResult>,
    /// The task file was edited while it was built.
    pub edited: bool,
    /// What a person should look at first.
    pub findings: Vec<Finding>,
    /// What a person should know first.
    pub notes: Vec<String>,
}

/// What became of the preparation.
pub enum Prepared {
    /// It can be merged.
    Ready(Box<Offer>),
    /// The work is in the base branch already: this is to be said.
    There(String),
}

/// Looks at everything that may speak against a merge; what does is an error with a way on.
pub fn prepare(world: &World, task: &TaskId) -> Result<Prepared> {
    let build = world.build(task)?;
    let run = match (&build.phase, build.last()) {
        (Phase::Merged { .. }, _) => {
            return Ok(Prepared::There(format!("{task} is merged already")));
        }
        (Phase::Review { .. }, Some(run)) => run,
        (_, Some(run)) if run.holds_secret() => bail!(
            "cannot accept `{task}`: its work is held: {}\n\
             hint: built anew, without it: buildq retry {task}\n\
             hint: by hand, from its work: git switch -c clean-{task} refs/buildq/attempts/{task}/{}\n\
             hint: if that is no secret: git config buildq.notSecret NAME, then: buildq retry {task}",
            crate::core::overview::how_it_ended(run),
            run.number()
        ),
        (phase, _) => return Err(say::wrong_phase(task, phase, "accept", "in review")),
    };
    let base_name = world.base_branch();
    if world.seen.arrived.contains_key(task) {
        return Ok(Prepared::There(format!("{base_name} holds the work of {task} already")));
    }
    let Some(base) = world.repo.branch(&base_name) else {
        bail!(
            "there is no branch `{base_name}` here\nhint: git branch {base_name} origin/{base_name}"
        );
    };
    let work = review::work(world, task, run)?;
    stands_alone(world, task, build, (work.tip, base))?;
    let tree = match world.repo.merge(base, work.tip)? {
        Merged::Clean(tree) => tree,
        Merged::Clash(paths) => return Err(clash(world, task, &base_name, &paths)),
    };
    let (criteria, checks) = promised(world, run, work.tip);
    let mut notes = Vec::new();
    if work.added > 0 {
        let many = crate::render::text::count(work.added, "commit");
        notes.push(format!("with {many} that came onto {} after the build", work.name));
    }
    let offer = Offer {
        task: task.clone(),
        title: run.started.title.clone(),
        run: run.clone(),
        branch: world.branch_of(task),
        tip: work.tip,
        base_name,
        base,
        tree,
        criteria,
        checks,
        edited: edited(world, task, run, base),
        findings: inspect::findings(world, task, run, work.tip)?,
        notes,
    };
    land::check(world, &offer)?;
    Ok(Prepared::Ready(Box::new(offer)))
}

/// Refuses what would bring the unmerged work of another build along.
fn stands_alone(
    world: &World,
    task: &TaskId,
    build: &Build,
    (tip, base): (Oid, Oid),
) -> Result<()> {
    let brings = |other: &&TaskId| {
        let Some(below) = world.ledger.builds.get(*other) else { return false };
        let comes = |run: &Run| {
            let work = run.tip();
            let own = work != run.started.base && world.repo.is_ancestor(work, tip);
            own && !world.repo.is_ancestor(work, base)
        };
        !matches!(below.phase, Phase::Merged { .. })
            && !world.seen.arrived.contains_key(*other)
            && below.attempts.iter().any(comes)
    };
    let upon = build.attempts.iter().flat_map(|run| &run.started.upon);
    let mut below: Vec<_> = upon.filter(brings).collect();
    below.sort();
    below.dedup();
    if below.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = below.iter().map(|id| format!("`{id}`")).collect();
    let verb = if below.len() == 1 { "is" } else { "are" };
    let in_review = |id: &&&TaskId| {
        let phase = world.ledger.builds.get(**id).map(|build| &build.phase);
        matches!(phase, Some(Phase::Review { .. }))
    };
    let hints = below.iter().map(|id| match in_review(&id) {
        true => format!("\nhint: buildq accept {id}"),
        false => format!("\nhint: `{id}` is no longer in review: buildq retry {task} builds anew"),
    });
    let hints: String = hints.collect();
    Err(anyhow!("`{task}` stands upon {}, which {verb} not merged yet{hints}", names.join(" and ")))
}

fn clash(world: &World, task: &TaskId, base: &str, paths: &[String]) -> anyhow::Error {
    let branch = world.branch_of(task);
    let paths = review::names(paths);
    anyhow!(
        "`{task}` clashes with `{base}` in {paths}; nothing is merged\n\
         hint: git switch {branch} && git merge {base}, resolve, commit, then: buildq accept {task}\n\
         hint: or by hand, on {base}: git merge {branch}\n\
         hint: or let it be built anew upon {base}: buildq retry {task}"
    )
}

/// Criteria as they stand on the branch, and the checks of the build.
fn promised(world: &World, run: &Run, tip: Oid) -> (Vec<(bool, String)>, Vec<CheckResult>) {
    let Some(Outcome::Succeeded(end)) = run.end.as_ref().map(|end| &end.outcome) else {
        return Default::default();
    };
    let task = &run.started.task;
    let file = world.done_file(run).and_then(|(path, _)| {
        let bytes = world.repo.file(tip, &path)?;
        crate::domain::task::parse(&path, task, &bytes).task
    });
    let criteria = file.map(|task| task.criteria).unwrap_or_default();
    let criteria = criteria.into_iter().map(|one| (one.done, one.text)).collect();
    (criteria, end.checks.clone())
}

/// Whether a person changed the task's text, beyond ticks, after it was taken to be built.
fn edited(world: &World, task: &TaskId, run: &Run, base: Oid) -> bool {
    let source = run.started.source;
    let there = run.started.path.as_ref().and_then(|path| world.repo.entry(base, path));
    let there = there.or_else(|| Some(world.queue.items.get(task)?.blob));
    let Some(there) = there.filter(|there| *there != source) else { return false };
    match (world.repo.blob(source), world.repo.blob(there)) {
        (Some(old), Some(new)) => !same_but_for_ticks(&old, &new),
        _ => true,
    }
}
