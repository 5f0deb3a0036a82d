//! Clearing away what killed processes left: workspaces of attempts that have ended.

use std::path::Path;

use super::{bury, spare};
use crate::commands::gather::World;
use crate::core::gc;
use crate::core::ledger::{Build, Run};
use crate::domain::id::{Attempt, TaskId};
use crate::effects::locks::Lock;
use crate::effects::workspace::spared;
use crate::effects::{litter, workspace};

/// An attempt that has ended needs its workspace no more. A person may have ended it before its
/// supervisor could end the builder and take the work over: that is done first.
pub fn tidy(world: &World) {
    let Ok(folders) = std::fs::read_dir(&world.paths.workspaces) else { return };
    for folder in folders.flatten().map(|entry| entry.path()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let Some((task, attempt, for_base)) = whose(&name) else { continue };
        let Some(run) = ended(world, &task, attempt) else { continue };
        if workspace::is_kept(&folder) || is_awaited(world, (&task, attempt), &folder) {
            continue;
        }
        let tried = Lock::try_take(&world.paths.try_lock(&task, attempt));
        let Ok(Some(_tried)) = tried else { continue };
        let lock = Lock::try_take(&world.paths.attempt_lock(&task, attempt));
        let Ok(Some(_lock)) = lock else { continue };
        let salvaged = match for_base || run.is_done() {
            true => Ok(()),
            false => bury::salvage(world, &task, attempt, run.started.base),
        };
        // What cannot be removed, or marked, now is looked at again by the next sync.
        let _ = match salvaged {
            Ok(()) => workspace::remove(&folder),
            Err(_) => workspace::keep(&folder),
        };
    }
}

/// A workspace that is kept until its build is decided. Where the room that a start needs is short,
/// it goes before: one that waits must not hold one that could be built.
fn is_awaited(world: &World, (task, attempt): (&TaskId, Attempt), folder: &Path) -> bool {
    let short = spare::is_short(world, world.seen.room);
    !short && gc::in_review(&world.ledger, task, attempt) && spared::spared(folder).is_some()
}

/// An attempt that the ledger has the end of.
fn ended<'a>(world: &'a World, task: &TaskId, attempt: Attempt) -> Option<&'a Run> {
    let build: &Build = world.ledger.builds.get(task)?;
    let is_it = |run: &&Run| run.number() == attempt && run.end.is_some();
    build.attempts.iter().find(is_it)
}

/// `<task>-<attempt>`, or that and `-base`: made for a check on the base, no work is in it.
pub fn whose(name: &str) -> Option<(TaskId, Attempt, bool)> {
    let (name, base) = match name.strip_suffix("-base") {
        Some(name) => (name, true),
        None => (name, false),
    };
    litter::whose(name).map(|(task, attempt)| (task, attempt, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_says_whose_it_is() {
        for (name, whose_it_is) in [
            ("greet-2", Some(("greet", 2, false))),
            ("a-1-3", Some(("a-1", 3, false))),
            ("greet-2-base", Some(("greet", 2, true))),
            ("greet", None),
            ("greet-x", None),
            ("-1", None),
        ] {
            let found = whose(name);
            let found = found.as_ref().map(|(t, a, base)| (t.as_str(), a.0, *base));
            assert_eq!(found, whose_it_is, "{name}");
        }
    }
}
