//! `buildq review --walk`: every finished build after the other, a key for each decision. The keys are
//! the commands of their name; a build is left only when it is decided, or skipped.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::{base, detail, work};
use crate::commands::gather::World;
use crate::commands::mouth::{self, Pour};
use crate::commands::{Exit, Misuse, Scene, print};
use crate::core::ledger::{Build, Phase};
use crate::domain::id::TaskId;
use crate::effects::git::Git;
use crate::effects::screen::{self, Key};
use crate::effects::{clock, foreground};
use crate::render::review as view;

/// What a person wants with the build before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Summary,
    Diff,
    Try,
    Accept,
    Reject,
    Skip,
    Quit,
    Unknown,
}

impl Step {
    fn of(key: Key) -> Self {
        match key {
            Key::Letter('s') => Self::Summary,
            Key::Letter('d') => Self::Diff,
            Key::Letter('t') => Self::Try,
            Key::Letter('a') => Self::Accept,
            Key::Letter('r') => Self::Reject,
            Key::Letter('n') => Self::Skip,
            Key::Letter('q') | Key::End => Self::Quit,
            _ => Self::Unknown,
        }
    }
}

/// How many builds went which way.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    rejected: usize,
    skipped: BTreeSet<TaskId>,
}

/// Walks until all are decided or skipped, or until it is left.
pub fn walk(scene: &Scene) -> Result<Exit> {
    if !mouth::is_read() || !mouth::is_answered() {
        let hint = "hint: buildq review lists what waits; buildq review TASK shows one";
        return Err(Misuse(format!("`--walk` asks for keys and needs a terminal\n{hint}")).into());
    }
    let mut tally = Tally::default();
    loop {
        // Each decision may change what the others clash with.
        let world = Scene { dir: scene.dir.clone(), now: clock::now() }.look()?;
        let waiting = waiting(&world);
        let left: Vec<_> = waiting.iter().filter(|task| !tally.skipped.contains(task)).collect();
        let Some(task) = left.first() else { break };
        if !at(scene, &world, (task, left.len()), &mut tally)? {
            break;
        }
    }
    let rest = waiting(&scene.look()?).len();
    print(&view::walked(tally.accepted, tally.rejected, rest));
    Ok(Exit::Done)
}

/// Builds in review, the oldest first.
fn waiting(world: &World) -> Vec<TaskId> {
    let since = |build: &Build| match build.phase {
        Phase::Review { since } => Some(since),
        _ => None,
    };
    let builds = world.ledger.builds.iter();
    let mut all: Vec<_> =
        builds.filter_map(|(task, it)| Some((since(it)?, task.clone()))).collect();
    all.sort();
    all.into_iter().map(|(_, task)| task).collect()
}

/// One build, until it is decided or skipped; whether to go on.
fn at(
    scene: &Scene,
    world: &World,
    (task, left): (&TaskId, usize),
    tally: &mut Tally,
) -> Result<bool> {
    let summary = || match detail(world, task) {
        Ok(detail) => print(&view::one(&detail, world.now)),
        Err(error) => mouth::complain(&crate::render::error::show(&error)),
    };
    summary();
    loop {
        mouth::ask_for_key(&view::keys(task, left));
        let step = Step::of(screen::key()?);
        print(step.word());
        match step {
            Step::Summary => summary(),
            Step::Diff => {
                if let Err(error) = diff(world, task) {
                    mouth::complain(&crate::render::error::show(&error));
                }
            }
            Step::Try => foreground::lend(&scene.dir, &["try", task.as_str()])?,
            Step::Accept => {
                if foreground::hand_over(&scene.dir, &["accept", task.as_str()])? {
                    tally.accepted += 1;
                    return Ok(true);
                }
            }
            Step::Reject => {
                let Some(words) = mouth::words("what should be different? ")? else { continue };
                let message = format!("--message={words}");
                if foreground::hand_over(&scene.dir, &["reject", task.as_str(), &message])? {
                    tally.rejected += 1;
                    return Ok(true);
                }
            }
            Step::Skip => {
                tally.skipped.insert(task.clone());
                return Ok(true);
            }
            Step::Quit => return Ok(false),
            Step::Unknown => {}
        }
    }
}

impl Step {
    /// What is shown where the key was pressed.
    fn word(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Diff => "diff",
            Self::Try => "try",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Skip => "skip",
            Self::Quit => "quit",
            Self::Unknown => "none of the keys",
        }
    }
}

/// What would be merged, as git shows it; programs that a setting names are not asked.
fn diff(world: &World, task: &TaskId) -> Result<()> {
    let Some(run) = world.build(task)?.last() else { bail!("`{task}` has not been built") };
    let work = work(world, task, run)?;
    let from = base(world).unwrap_or(run.started.base);
    let range = format!("{from}...{}", work.tip);
    let git = Git::bare(&world.paths.common);
    let shown = git.bytes([
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--stat",
        "--patch",
        "--end-of-options",
        &range,
    ])?;
    let mut pour = Pour::new(false);
    if pour.write(&world.masks().mask(&String::from_utf8_lossy(&shown)).into_bytes()).is_ok() {
        pour.finish();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_one_step_and_no_other_decides_anything() {
        for c in ' '..='~' {
            let step = Step::of(Key::Letter(c));
            match "sdtarnq".contains(c) {
                true => assert!(step.word().starts_with(c) || c == 'n', "{c}"),
                false => assert_eq!(step, Step::Unknown),
            }
        }
        assert_eq!((Step::of(Key::End), Step::of(Key::Other)), (Step::Quit, Step::Unknown));
    }
}
