//! Whether the work of a build holds the value of a secret: its files, commit by commit, and
//! what the commits say.

use anyhow::{Context, Result};

use super::gather::World;
use crate::core::leaks::{self, LARGEST, Leak};
use crate::core::ledger::Run;
use crate::domain::id::{Oid, TaskId};
use crate::effects::repo::Repo;

/// In all that `head` has and the hidden commits have not. What cannot be looked through is an
/// error or a leak, never nothing.
pub fn look(world: &World, head: Oid, hidden: &[Oid]) -> Result<Vec<Leak>> {
    let (repo, masks) = (&world.repo, world.masks());
    let mut found = Vec::new();
    if masks.is_empty() {
        return Ok(found);
    }
    for commit in repo.commits(head, hidden, usize::MAX)? {
        found.extend(leaks::in_commit(masks, commit.id, &repo.commit_bytes(commit.id)?));
    }
    for one in repo.brought(head, hidden)? {
        let size = repo.size(one.blob).with_context(|| format!("`{}` is not here", one.path))?;
        if size > LARGEST {
            found.push(leaks::unread(one.commit, &one.path));
            continue;
        }
        let bytes = repo.blob(one.blob).with_context(|| format!("`{}` is not here", one.path))?;
        let place = (one.commit, one.path.as_str());
        let mut here = leaks::in_file(masks, place, &bytes, b"");
        if !here.is_empty() {
            let before = before(repo, hidden, &one.path);
            here = leaks::in_file(masks, place, &bytes, &before);
        }
        found.extend(here);
    }
    Ok(found)
}

/// What a file held before the build.
fn before(repo: &Repo, hidden: &[Oid], path: &str) -> Vec<u8> {
    hidden.iter().filter_map(|commit| repo.file(*commit, path)).flatten().collect()
}

/// What was there before a build: the base branch, and the builds that it stands upon.
pub fn not_its_own(world: &World, task: &TaskId) -> Vec<Oid> {
    let build = world.ledger.builds.get(task);
    let runs = build.map(|build| build.attempts.as_slice()).unwrap_or_default();
    let upon = runs.iter().flat_map(|run| &run.started.upon);
    let below = upon.filter_map(|id| world.ledger.builds.get(id));
    let tips = below.flat_map(|build| &build.attempts).map(Run::tip);
    let base = world.seen.base.as_ref().map(|(_, tip)| *tip);
    let mut all: Vec<_> = base.into_iter().chain(tips).filter(|tip| world.repo.has(*tip)).collect();
    if all.is_empty() {
        all.extend(runs.last().map(|run| run.started.base));
    }
    all.sort();
    all.dedup();
    all
}
