//! Which git it is, and what is known against it.

use super::Finding;

type Version = (u32, u32, u32);

/// Workspaces rely on `GIT_CONFIG_GLOBAL`, which git knows since this version.
const LEAST: Version = (2, 32, 0);

/// One hole: its name, the first release line that never had it, and the first whole release of
/// each older line. Lines that are not named never got the fix.
///
/// Source: git's own release notes (`Documentation/RelNotes`) of the newest version of each.
const HOLES: [(&str, Version, &[Version]); 8] = [
    // A repository of another user runs its own commands (`safe.directory`).
    ("CVE-2022-24765", (2, 35, 2), &[(2, 30, 3), (2, 31, 2), (2, 32, 1), (2, 33, 2), (2, 34, 2)]),
    // A local clone follows links in the object store.
    (
        "CVE-2022-39253",
        (2, 38, 1),
        &[(2, 32, 4), (2, 33, 5), (2, 34, 5), (2, 35, 5), (2, 36, 3), (2, 37, 4)],
    ),
    // Memory is overwritten while formats and attributes are read.
    (
        "CVE-2022-41903",
        (2, 39, 1),
        &[(2, 32, 5), (2, 33, 6), (2, 34, 6), (2, 35, 6), (2, 36, 4), (2, 37, 5), (2, 38, 3)],
    ),
    // A local clone reads files through a link.
    (
        "CVE-2023-22490",
        (2, 39, 2),
        &[(2, 32, 6), (2, 33, 7), (2, 34, 7), (2, 35, 7), (2, 36, 5), (2, 37, 6), (2, 38, 4)],
    ),
    // `git apply --reject` writes through a link; a long submodule URL writes configuration.
    (
        "CVE-2023-25652",
        (2, 40, 1),
        &[
            (2, 32, 7),
            (2, 33, 8),
            (2, 34, 8),
            (2, 35, 8),
            (2, 36, 6),
            (2, 37, 7),
            (2, 38, 5),
            (2, 39, 3),
        ],
    ),
    // A submodule and a link together run a hook during a clone.
    (
        "CVE-2024-32002",
        (2, 45, 1),
        &[(2, 39, 4), (2, 40, 2), (2, 41, 1), (2, 42, 2), (2, 43, 4), (2, 44, 1)],
    ),
    // A prompt for a password shows whatever a remote's name makes of it.
    (
        "CVE-2024-50349",
        (2, 48, 1),
        &[
            (2, 40, 4),
            (2, 41, 3),
            (2, 42, 4),
            (2, 43, 6),
            (2, 44, 3),
            (2, 45, 3),
            (2, 46, 3),
            (2, 47, 2),
        ],
    ),
    // A submodule's path that ends in a carriage return runs a hook.
    (
        "CVE-2025-48384",
        (2, 50, 1),
        &[(2, 43, 7), (2, 44, 4), (2, 45, 4), (2, 46, 4), (2, 47, 3), (2, 48, 2), (2, 49, 1)],
    ),
];

pub(super) fn version(git: &Result<Version, String>) -> Vec<Finding> {
    let version = match git {
        Ok(version) => *version,
        Err(why) => return vec![Finding::problem("git", why, "install git")],
    };
    let shown = format!("{}.{}.{}", version.0, version.1, version.2);
    if version < LEAST {
        let said = format!("{shown} is older than 2.32, which workspaces need");
        return vec![Finding::problem("git", said, "install a newer git")];
    }
    let holes = holes(version);
    if holes.is_empty() {
        return vec![Finding::ok("git", format!("{shown}, with no hole that is known here"))];
    }
    let said = format!("{shown} has known holes: {}", holes.join(", "));
    let remedy = "install a newer git, unless your system has mended this one under its old number";
    vec![Finding::warning("git", said, remedy)]
}

/// The holes of a version, the oldest first.
pub(super) fn holes(version: Version) -> Vec<&'static str> {
    let open = HOLES.iter().filter(|(_, whole, lines)| {
        let line = lines.iter().find(|line| (line.0, line.1) == (version.0, version.1));
        match line {
            Some(mended) => version < *mended,
            None => version < *whole,
        }
    });
    open.map(|(name, ..)| *name).collect()
}
