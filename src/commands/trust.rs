//! `buildq trust`

use std::io::{IsTerminal, Write};

use anyhow::{Result, bail};

use super::gather::World;
use super::{Exit, Scene, print, say};
use crate::core::situation::Trust;
use crate::effects::git::Git;
use crate::effects::trust::{self, Manifest};
use crate::render::{self, text};

/// Look at what changed in the configuration since it was trusted here, and trust it
///
/// What counts is `buildq.yaml`, `queue/templates/` and every tracked file that a command in
/// `buildq.yaml` names, as they are committed on the queue branch. Until then nothing starts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Shows the difference, asks, and remembers the answer outside the repository.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let Some(tip) = world.queue.tip else {
        bail!("`{}` has no commit yet\nhint: commit something", world.queue_branch);
    };
    for finding in &world.config_findings {
        print(&render::diagnostic::show(finding));
    }
    if let Trust::Broken(_) = &world.seen.trust {
        bail!("the configuration has an error\nhint: mend it, commit it, then: buildq trust");
    }
    let now = Manifest::at(&world.repo, tip, &world.config);
    if trust::judge(&world.paths, &now) == Trust::Trusted {
        print("the configuration is trusted as it stands");
        return Ok(Exit::Done);
    }
    print(&difference(&world, &now)?);
    if !args.yes && !agreed()? {
        print("nothing is trusted anew; nothing starts until then");
        return Ok(Exit::No);
    }
    trust::trust(&world.paths, &now)?;
    say::then_sync(world, "trusted", scene)
}

fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is here to ask\nhint: buildq trust --yes");
    }
    let mut out = anstream::stdout();
    write!(out, "Let builds run with this? [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// What stands now against what was trusted, file by file.
fn difference(world: &World, now: &Manifest) -> Result<String> {
    let then = trust::trusted(&world.paths).unwrap_or_default();
    let git = Git::bare(&world.paths.common);
    let mut shown = String::new();
    let all: std::collections::BTreeSet<_> = then.0.keys().chain(now.0.keys()).collect();
    for path in all {
        let (old, new) = (then.0.get(path), now.0.get(path));
        if old == new {
            continue;
        }
        let say = |word: &str| format!("{word} {}\n", text::safe(path));
        match (old, new) {
            (Some(old), Some(new)) if world.repo.has(*old) => {
                let (old, new) = (old.to_string(), new.to_string());
                let diff = git.run(["diff", "--no-ext-diff", "--no-textconv", &old, &new])?;
                shown += &say("changed");
                // Git names the two by their blobs: the file is told above.
                let from = diff.find("@@").unwrap_or(0);
                shown += &text::safe_lines(&diff[from..]);
            }
            (None, Some(new)) => {
                shown += &say("new");
                let bytes = world.repo.blob(*new).unwrap_or_default();
                for line in String::from_utf8_lossy(&bytes).lines() {
                    shown += &format!("+{}\n", text::safe(line));
                }
            }
            (_, None) => shown += &say("removed"),
            _ => shown += &say("changed"),
        }
    }
    Ok(shown)
}
