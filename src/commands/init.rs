//! `buildq init`

pub mod agents;
mod choice;
mod place;
mod policy;
mod told;

use anyhow::{Result, bail};

use self::agents::{self as section, Change, Wish};
use self::choice::{Choice, choose, propose};
use self::place::{Placed, Site};
use self::policy::Seed;
use self::told::{Step, Summary, steps_rights, told};
use super::gather::{self, World};
use super::lint::WANTED as LINT_WANTED;
use super::{Exit, Scene, heartbeat, mouth, print, tell};
use crate::core::plan;
use crate::domain::config::{Check, Config, STEPS};
use crate::effects::repo::Repo;
use crate::effects::sandbox::{self, Level};
use crate::effects::timers;
use crate::effects::trust::CONFIG;
use crate::effects::{agents as known, detach, env, notify};

pub use place::hooks_place;
pub use told::row;

/// The queue's folder, unless the policy names another.
const QUEUE: &str = "queue";

/// Set this repository up: configuration, queue, hooks
///
/// Finds an installed coding agent and the project's own checks, writes what is missing, says
/// all it did and how to undo it. Safe to repeat.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// Leave committing the new files to you
    #[arg(long)]
    pub no_commit: bool,
    /// Who builds: claude, codex, gemini, aider, opencode, cursor-agent, goose, or steps (no agent)
    #[arg(long, value_name = "NAME")]
    pub builder: Option<String>,
    /// The branch whose task files count [default: main or master, else what is checked out]
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// Let a pre-commit hook lint the task files of each commit
    #[arg(long)]
    pub lint: bool,
    /// Do not offer a timer
    #[arg(long)]
    pub no_heartbeat: bool,
    /// Tell coding agents of the queue by a section in AGENTS.md (or CLAUDE.md); asked on a terminal
    #[arg(long, conflicts_with = "no_agents")]
    pub agents: bool,
    /// Do not offer that section, and leave one that is there as it is
    #[arg(long)]
    pub no_agents: bool,
}

/// Sets this clone up, and says all it did.
pub fn run(args: Init, scene: &Scene) -> Result<Exit> {
    git_is_new_enough()?;
    let repo = gather::discover(&scene.dir)?;
    let branch = queue_branch(&repo, args.branch.as_deref())?;
    let mut paths = gather::places(&repo)?;
    place::preflight(&repo, &paths, &branch)?;
    let level = sandbox::probe(&paths.local.join("cache").join("sandbox"));
    let sandboxed = level.is_whole();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let choice = choose(&known::find(&path), args.builder.as_deref(), sandboxed)?;
    let proposal = propose(&repo, &branch);
    let timezone = iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".into());
    let (verify, setup) = (&proposal.verify[..], &proposal.setup[..]);
    let seed = Seed {
        choice: &choice,
        verify,
        setup,
        timezone: &timezone,
        queue: QUEUE,
        desktop: has_desktop(),
    };

    let (mut placed, mut missing) = place::files(&repo, &branch, &seed, args.no_commit)?;
    let id = paths.establish()?;
    let site = Site { repo: &repo, paths: &paths, branch: &branch, scene };
    let queue = placed.config().map_or_else(|_| QUEUE.to_owned(), |config| config.queue_dir);
    let taught = section::plan(&site, &queue, args.wish())?;
    let (taught, change) = taught.unzip();
    placed.steps.extend(taught.map(Step::Agents));
    let change = change.flatten();
    change.iter().for_each(|change| missing.add(change.path, &change.committed));
    placed.steps.extend(missing.commit(&site, args.no_commit)?);
    change.as_ref().map_or(Ok(()), Change::show)?;
    let hooks_place = place::hooks_place(&repo, &paths)?;
    let exe = detach::this_program()?;
    let lints = (args.lint || repo.local_setting(LINT_WANTED).is_some()) && !repo.is_bare();
    placed.steps.push(place::install_hooks(&hooks_place, &repo, &exe, lints)?);
    placed.steps.push(place::settings(&repo, &branch, &id, lints)?);

    let paths = gather::places(&repo)?;
    let world = World::look(repo, paths, scene.now)?;
    let trusting = place::trust_first(&world, &placed)?;
    placed.steps.push(Step::Trust(trusting));
    placed.steps.extend(place::first_runner(&world)?);
    begin_to_tell(scene)?;
    if seed.desktop && placed.wrote_policy() {
        placed.steps.push(Step::Notices);
    }
    placed.steps.extend(offer_heartbeat(&args, &world)?);
    print(&told(&placed.steps, &summary(&placed, (&branch, &choice), &level)));
    Ok(Exit::Done)
}

impl Init {
    fn wish(&self) -> Wish {
        match self {
            Self { agents: true, .. } => Wish::Yes,
            Self { no_agents: true, .. } => Wish::No,
            Self { yes: true, .. } => Wish::Renew,
            _ => Wish::Ask,
        }
    }
}

/// Whether notices can be shown to a person who sits here.
fn has_desktop() -> bool {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let shown = env::DISPLAYS.iter().any(set) || cfg!(target_os = "macos");
    shown && notify::desktop_program().is_some()
}

/// From here on what happens is news.
fn begin_to_tell(scene: &Scene) -> Result<()> {
    let world = scene.look()?;
    tell::begin(&world, &plan::plan(world.situation(None)))
}

/// The branch that was chosen before stays; else what everybody takes for the main one.
fn queue_branch(repo: &Repo, asked: Option<&str>) -> Result<String> {
    if let Some(branch) = asked {
        if repo.branch(branch).is_none() && repo.head_branch().as_deref() != Some(branch) {
            bail!("there is no branch `{branch}`\nhint: git branch {branch}");
        }
        return Ok(branch.to_owned());
    }
    let branch = repo.queue_branch();
    let shared = repo.symbolic("refs/remotes/origin/HEAD");
    let shared = shared.filter(|name| {
        let tip = repo.reference(name);
        tip.is_some_and(|tip| repo.entry(tip, CONFIG).is_some())
    });
    let shared = shared.as_deref().and_then(|name| name.strip_prefix("refs/remotes/origin/"));
    if let Some(theirs) = shared.filter(|theirs| repo.branch(theirs).is_none()) {
        bail!(
            "the queue is on `{theirs}`, which is no branch here yet\n\
             hint: git branch {theirs} origin/{theirs}, or: buildq init --branch {branch}"
        );
    }
    if repo.branch(&branch).is_none() && repo.head_branch().as_deref() != Some(&branch) {
        bail!("HEAD is detached: which branch holds the queue?\nhint: buildq init --branch NAME");
    }
    Ok(branch)
}

fn offer_heartbeat(args: &Init, world: &World) -> Result<Option<Step>> {
    let host = timers::Host::here()?;
    if let Some(found) = timers::status(&host, &world.paths.clone_id)?.into_iter().next() {
        return Ok(Some(Step::Heartbeat { found, kept: true }));
    }
    let asks = mouth::is_answered() && mouth::is_read();
    if args.no_heartbeat || args.yes || !asks {
        return Ok(None);
    }
    let question = "Let the system's timer look at the queue every 30 minutes, so that windows \
                    open after a reboot too?";
    if !mouth::confirm(question)? {
        return Ok(None);
    }
    let clone = heartbeat::here(&world.repo, &world.paths)?;
    let found = heartbeat::install(&host, &clone, "30m".parse().map_err(anyhow::Error::msg)?)?;
    Ok(Some(Step::Heartbeat { found, kept: false }))
}

/// What stands in the configuration now, which may be older than this `init`.
fn summary<'a>(
    placed: &Placed,
    (branch, choice): (&'a str, &'a Choice),
    level: &'a Level,
) -> Summary<'a> {
    let config = placed.config().unwrap_or_else(|_| Config::default());
    let builder = config.builder.clone();
    let known = config.builders.get(&builder);
    let sandboxed = level.is_whole();
    let preset = known::preset(&builder, sandboxed);
    let rights = match (known, preset) {
        (None, _) if builder == STEPS => steps_rights(sandboxed),
        (Some(known), Some(preset)) if known.command == preset.command => preset.rights,
        _ if sandboxed => "may do what its command allows, and write to its workspace alone",
        _ => "may do as you what its command allows",
    };
    let lines = |checks: &[Check]| checks.iter().map(|c| shell_words::join(&c.argv)).collect();
    Summary {
        branch,
        queue: config.queue_dir,
        command: known.map(|known| shell_words::join(&known.command)).unwrap_or_default(),
        builder,
        rights,
        sandbox: match level {
            Level::Bubblewrap { .. } => {
                "bubblewrap: only the workspace is writable; of your home, tools alone are seen"
                    .into()
            }
            Level::Landlock { why, .. } => format!("Landlock alone: {why}"),
            Level::None { why } => format!("none: {why}"),
        },
        verify: lines(&config.verify),
        setup: lines(&config.workspace_setup),
        remarks: if placed.wrote_policy() { &choice.passed } else { &[] },
    }
}

/// Workspaces rely on `GIT_CONFIG_GLOBAL`, which git knows since this version.
const OLDEST_GIT: (u32, u32, u32) = (2, 32, 0);

fn git_is_new_enough() -> Result<()> {
    let (major, minor, patch) = crate::effects::git::Git::version()?;
    if (major, minor, patch) < OLDEST_GIT {
        let (a, b, _) = OLDEST_GIT;
        bail!("git {major}.{minor}.{patch} is too old\nhint: install git {a}.{b} or newer");
    }
    Ok(())
}
