//! Keeping the workspace of a build that waits for review, as far as `keep.disk` allows: it is set
//! up, and `buildq try` leads into it.

use std::path::Path;

use crate::commands::gather::World;
use crate::commands::gc;
use crate::core::gc::{Kept, make_room};
use crate::domain::id::Oid;
use crate::effects::locks::Lock;
use crate::effects::workspace::spared::{self, Spared};
use crate::effects::{clock, litter, machine, workspace};

/// Marks a workspace, whole as it is, to be kept until its build is decided; `bytes` are what it takes
/// on disk. Older ones go where that is needed; tells whether this one stays.
pub fn keep(world: &World, folder: &Path, (tip, bytes): (Oid, u64)) -> bool {
    if is_short(world, machine::disk_free(folder)) {
        return false;
    }
    let disk = gc::keep(world).unwrap_or(world.config.keep).disk;
    let others = spared::all(&world.paths.workspaces).into_iter().filter(|(at, _)| at != folder);
    let others = others.map(|(place, it)| Kept { place, since: it.since, bytes: it.bytes });
    let logs = litter::logs(&world.paths);
    let Some(go) = make_room(others.collect(), bytes, logs, disk) else { return false };
    if go.iter().any(|other| !remove(world, other)) {
        return false;
    }
    spared::spare(folder, &Spared { tip, bytes, since: clock::now() }).is_ok()
}

/// Whether so little is free that the gate `capacity` would hold what is due.
pub fn is_short(world: &World, free: Option<u64>) -> bool {
    let least = world.config.limits.free_disk;
    least.zip(free).is_some_and(|(least, free)| free < least)
}

/// Whether one that was kept could go: not while somebody tries it out.
fn remove(world: &World, folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some((task, attempt)) = litter::whose(&name) else { return false };
    let Ok(Some(_lock)) = Lock::try_take(&world.paths.try_lock(&task, attempt)) else {
        return false;
    };
    workspace::remove(folder).is_ok()
}
