//! `buildq trust`

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

use super::gather::World;
use super::{Exit, Scene, mouth, print, say};
use crate::core::situation::Trust;
use crate::core::trusted::Shift;
use crate::effects::git::Git;
use crate::effects::repo::{Entry, LINK, Repo, SUBMODULE};
use crate::effects::trust::{self, Manifest};
use crate::render::{self, text};

/// Look at what changed in the configuration since it was trusted here, and trust it
///
/// What counts is `buildq.yaml`, `queue/templates/` and every tracked file that a command in
/// `buildq.yaml` or a check of a task names, as they are committed. Until then nothing starts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Shows the difference, asks, and remembers the answer outside the repository. What is trusted
/// is what was shown, wherever the branch stands by then.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let Some(now) = &world.manifest else {
        bail!("`{}` has no commit yet\nhint: commit something", world.queue_branch);
    };
    for finding in &world.config_findings {
        print(&render::diagnostic::show(finding));
    }
    if let Trust::Broken(_) = &world.seen.trust {
        bail!("the configuration has an error\nhint: mend it, commit it, then: buildq trust");
    }
    let then =
        trust::trusted(&world.paths).context("cannot read what is trusted")?.unwrap_or_default();
    let tasks = of_tasks(&world);
    if world.seen.trust == Trust::Trusted && tasks.is_empty() {
        print("the configuration is trusted as it stands");
        return Ok(Exit::Done);
    }
    let mut now = Manifest { of_tasks: then.of_tasks.clone(), ..now.clone() };
    let shifts = shifts(&world.seen.trust);
    print(&difference(&world.repo, (&then.entries, &now.entries), &shifts)?);
    for (path, entry) in tasks {
        let known: BTreeMap<_, _> =
            then.of_tasks.get(&path).map(|known| (path.clone(), *known)).into_iter().collect();
        let there = BTreeMap::from([(path.clone(), entry)]);
        print(&format!(
            "named by the checks of a task, {}",
            difference(&world.repo, (&known, &there), &BTreeMap::new())?
        ));
        now.of_tasks.insert(path, entry);
    }
    if !args.yes && !agreed()? {
        print("nothing is trusted anew; nothing starts until then");
        return Ok(Exit::No);
    }
    trust::trust(&world.paths, &now)?;
    say::then_sync(world, "trusted")
}

/// Files that checks of tasks name, and that nobody has stood behind as they are.
fn of_tasks(world: &World) -> BTreeMap<String, Entry> {
    let strange = world.seen.strange.keys().filter_map(|id| world.queue.items.get(id));
    strange.flat_map(|item| world.strange_of(item)).collect()
}

fn agreed() -> Result<bool> {
    if !mouth::is_answered() {
        bail!("nobody is here to ask, and nothing is trusted\nhint: buildq trust --yes");
    }
    mouth::agreed("Let builds run with this?")
}

/// What has become of each file that is not as it was trusted.
fn shifts(trust: &Trust) -> BTreeMap<String, Shift> {
    let Trust::Changed(files) = trust else { return BTreeMap::new() };
    files.iter().map(|file| (file.path.clone(), file.shift)).collect()
}

/// What stands now against what was trusted, file by file.
fn difference(
    repo: &Repo,
    (then, now): (&BTreeMap<String, Entry>, &BTreeMap<String, Entry>),
    shifts: &BTreeMap<String, Shift>,
) -> Result<String> {
    let mut shown = String::new();
    let all: BTreeSet<_> = then.keys().chain(now.keys()).collect();
    for path in all {
        let (old, new) = (then.get(path), now.get(path));
        if old == new {
            continue;
        }
        let shift = shifts.get(path);
        let path = text::safe(path);
        shown += &match (old, new) {
            (Some(old), Some(new)) => {
                format!("changed {path}{}\n{}", modes(*old, *new), change(repo, *old, *new)?)
            }
            (None, Some(new)) => {
                let word = if shift == Some(&Shift::Named) { "newly named" } else { "new" };
                format!("{word} {path}{}\n{}", kind(*new), whole(repo, *new))
            }
            _ if shift == Some(&Shift::Unnamed) => format!("no longer named {path}\n"),
            _ => format!("removed {path}\n"),
        };
    }
    Ok(shown)
}

/// What a file is, where it is no plain one.
fn kind(entry: Entry) -> &'static str {
    match entry.mode {
        LINK => ", a symbolic link",
        SUBMODULE => ", a submodule",
        mode if mode & 0o111 != 0 => ", executable",
        _ => "",
    }
}

fn modes(old: Entry, new: Entry) -> String {
    let word = |entry| kind(entry).strip_prefix(", ").unwrap_or("a plain file");
    match old.mode == new.mode {
        true => String::new(),
        false => format!(", {} before, {} now", word(old), word(new)),
    }
}

fn change(repo: &Repo, old: Entry, new: Entry) -> Result<String> {
    let both = repo.is_blob(old.object) && repo.is_blob(new.object);
    if old.object == new.object {
        return Ok(String::new());
    }
    if !both || binary(repo, old) || binary(repo, new) {
        return Ok(whole(repo, new));
    }
    let git = Git::bare(&repo.common_dir()?);
    let (old, new) = (old.object.to_string(), new.object.to_string());
    let diff = git.bytes([
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--text",
        "--unified=3",
        "--end-of-options",
        &old,
        &new,
    ])?;
    let diff = String::from_utf8_lossy(&diff);
    // Git names the two by their objects: the file is told above.
    let from = diff.find("\n@@").map_or(0, |at| at + 1);
    Ok(text::safe_lines(&diff[from..]))
}

fn binary(repo: &Repo, entry: Entry) -> bool {
    repo.blob(entry.object).is_some_and(|bytes| bytes.contains(&0))
}

/// A file line by line; of what is no text, what it is.
fn whole(repo: &Repo, entry: Entry) -> String {
    if entry.mode == SUBMODULE {
        return format!("+its commit {}\n", entry.object);
    }
    match repo.blob(entry.object) {
        Some(_) if binary(repo, entry) => format!("+no text, object {}\n", entry.object),
        Some(bytes) => {
            let lines = String::from_utf8_lossy(&bytes);
            lines.lines().map(|line| format!("+{}\n", text::safe(line))).collect()
        }
        None => format!("+its content {} is not in this clone\n", entry.object),
    }
}
