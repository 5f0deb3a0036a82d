//! Looking at everything that the examination is about.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};

use crate::commands::gather::World;
use crate::commands::init::hooks_place;
use crate::commands::supervise::ended;
use crate::commands::{gc, status};
use crate::core::doctor::{
    Answer, Beat, Disk, Facts, HookFacts, Left, Place, Tool, Waking, Walls as WallFacts,
};
use crate::core::gc::Fate;
use crate::core::situation::Trust;
use crate::domain::config::STEPS;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::Oid;
use crate::effects::git::Git;
use crate::effects::hooks::{self, State};
use crate::effects::ledger::audit;
use crate::effects::process::{self, Ended};
use crate::effects::sandbox::inside::{self, Role};
use crate::effects::sandbox::{Parts, Setting};
use crate::effects::trust::{CONFIG, Record};
use crate::effects::{agents, detach, litter, machine, outbox, timers, waker};

/// A program is given so long to tell its version: agents made of scripts take seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// Its first words are enough.
const MOST: u64 = 64 << 10;

/// Looks.
pub fn facts(world: &World) -> Facts {
    let (paths, now) = (&world.paths, world.now);
    let here = paths.known.then(|| paths.runner());
    let pause = world.ledger.pause(None, now);
    let places =
        [("the repository", &paths.common), ("the folder of workspaces", &paths.workspaces)];
    Facts {
        git: Git::version().map_err(|error| format!("{error:#}")),
        runner: world.ledger.runner.clone(),
        paused: pause.map(|pause| format!("paused by {}: {}", pause.author, pause.reason)),
        hooks: if paths.known { hook_facts(world) } else { HookFacts::default() },
        waking: waking(world),
        here,
        trust: world.seen.trust.clone(),
        calendars: (world.config.calendars.len(), world.seen.calendar_troubles.clone()),
        notifiers: (
            world.config.notify.len(),
            outbox::read(paths).map(|it| it.troubles()).unwrap_or_default(),
        ),
        findings: world.config_findings.iter().map(Diagnostic::one_line).collect(),
        sandbox: walls(world),
        builders: tools(world),
        places: places
            .map(|(what, folder)| Place {
                what: what.into(),
                network: machine::network(folder).map(str::to_owned),
            })
            .to_vec(),
        disk: disk(world),
        now,
        newest: world.ledger.last,
        zone: world.config.timezone,
        machine_zone: iana_time_zone::get_timezone().ok(),
        sleep: machine::sleep::look(),
        left: left(world),
        ledger: audit::audit(&world.repo, paths, &world.config.branch_prefix),
    }
}

fn hook_facts(world: &World) -> HookFacts {
    let seen = status::hooks_of(world);
    let mut dead = Vec::new();
    let mut since = None;
    if let Ok(hooks::Place::Own(folder)) = hooks_place(&world.repo, &world.paths) {
        for (name, state) in hooks::state(&folder, world.repo.is_bare()) {
            let Ok(about) = fs::metadata(folder.join(name)) else { continue };
            if matches!(state, State::Present | State::Old)
                && about.permissions().mode() & 0o111 == 0
            {
                dead.push(name.to_owned());
            }
            since = since.max(about.modified().ok().map(DateTime::<Utc>::from));
        }
    }
    HookFacts {
        missing: seen.missing,
        dead,
        managed: seen.managed,
        failed_at: seen.failed_at,
        reached: reached(world, since),
        configured: configured(world),
    }
}

/// Whether the hook noted the last commit that was made in this clone and changed the queue or
/// the policy; those from before it was installed say nothing.
fn reached(world: &World, since: Option<DateTime<Utc>>) -> Option<bool> {
    const MOST: &str = "-100";
    let branch = format!("refs/heads/{}", world.queue_branch);
    let git = Git::bare(&world.paths.common);
    let words = [
        "log",
        "-g",
        MOST,
        "--date=unix",
        "--format=%H %gd %gs",
        "--end-of-options",
        &branch,
        "--",
    ];
    let (_, moves, _) = git.try_run(words).ok()?;
    let noted = Record::Commits.all(&world.paths).unwrap_or_default();
    for line in moves.lines() {
        let mut words = line.splitn(3, ' ');
        let (commit, place, how) = (words.next()?, words.next()?, words.next()?);
        let at = place.rsplit_once("@{").and_then(|(_, at)| at.trim_end_matches('}').parse().ok());
        let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0))?;
        let made_here = how.starts_with("commit:") || how.starts_with("commit (amend)");
        // Git remembers whole seconds.
        if since.is_some_and(|since| at.timestamp() < since.timestamp()) {
            return None;
        }
        if made_here && changes_queue(world, commit.parse().ok()?) {
            return Some(noted.contains(commit));
        }
    }
    None
}

fn changes_queue(world: &World, commit: Oid) -> bool {
    let Ok(about) = world.repo.commit(commit) else { return false };
    let differs = |path: &str| {
        let before = about.parents.first().and_then(|parent| world.repo.entry(*parent, path));
        world.repo.entry(commit, path) != before
    };
    differs(&world.config.queue_dir) || differs(CONFIG)
}

/// Hooks in git's settings (since git 2.54), each with its event.
fn configured(world: &World) -> Vec<String> {
    let git = Git::bare(&world.paths.common);
    let words = ["config", "--get-regexp", r"^hook\..*\.event$"];
    let Ok((0, said, _)) = git.try_run(words) else { return Vec::new() };
    let one = |line: &str| {
        let (key, event) = line.split_once(' ')?;
        let name = key.strip_prefix("hook.")?.strip_suffix(".event")?;
        Some(format!("`{name}` ({event})"))
    };
    said.lines().filter_map(one).collect()
}

/// Lets git run a hook again.
pub fn make_executable(hook: &Path) -> Result<()> {
    let shown = || format!("cannot make `{}` executable", hook.display());
    let mode = fs::metadata(hook).with_context(shown)?.permissions().mode();
    fs::set_permissions(hook, fs::Permissions::from_mode(mode | 0o111)).with_context(shown)
}

fn waking(world: &World) -> Waking {
    let paths = &world.paths;
    let me = paths.runner();
    let found = timers::Host::here().and_then(|host| timers::status(&host, &paths.clone_id));
    let beat = |found: timers::Found| Beat {
        kind: found.kind.to_string(),
        active: found.active,
        hint: found.hint,
    };
    Waking {
        runs_here: paths.known && world.ledger.runner.as_ref().is_none_or(|runner| *runner == me),
        awake: waker::is_awake(paths),
        due: waker::due(paths),
        heartbeats: found.unwrap_or_default().into_iter().map(beat).collect(),
    }
}

fn walls(world: &World) -> WallFacts {
    let setting = world.repo.setting("buildq.sandbox").unwrap_or_else(|| "auto".into());
    let wrong = setting.parse::<Setting>().err().map(|error| error.to_string());
    let held = world.sandbox().parts();
    let parts = parts(&held);
    WallFacts { setting, wrong, level: held.level.to_owned(), why: held.why, parts }
}

/// What the walls hold and what they do not, for people.
fn parts(held: &Parts) -> Vec<String> {
    let network = match held.network {
        Some(true) => "the network can be taken away",
        Some(false) => "the network cannot be taken away",
        None => "of the network TCP alone can be taken away",
    };
    let landlock = match held.landlock {
        0 => "no Landlock".to_owned(),
        version => format!("Landlock, version {version}"),
    };
    let parts = [
        (held.own_processes, "nothing outlives a build", "what hides well may outlive a build"),
        (held.writes_held, "the workspace alone is writable", "all of your files are writable"),
        (held.home_hidden, "of your home tools alone are seen", "all of your files can be read"),
        (held.sockets_hidden, "sockets are hidden", "sockets of services can be reached"),
    ];
    let told = parts.map(|(holds, yes, no)| if holds { yes } else { no }.to_owned());
    told.into_iter().chain([network.to_owned(), landlock]).collect()
}

fn tools(world: &World) -> Vec<Tool> {
    let config = &world.config;
    let steps = (config.builder == STEPS).then_some((STEPS, None));
    let named = config.builders.iter().map(|(name, builder)| (name.as_str(), Some(builder)));
    let tool = |(name, builder): (&str, Option<&crate::domain::config::Builder>)| {
        let program = match builder {
            Some(builder) => builder.command.first().cloned().unwrap_or_default(),
            None => detach::this_program().unwrap_or_default().display().to_string(),
        };
        let file = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
        let known = builder.is_none() || agents::KNOWN.contains(&file.as_ref());
        let keys = builder.map(|builder| builder.env.as_slice()).unwrap_or_default();
        Tool {
            name: name.to_owned(),
            known,
            default: name == config.builder,
            answer: ask(world, &program, keys).unwrap_or_else(|e| Answer::Failed(format!("{e:#}"))),
            paused: world.ledger.pause(Some(name), world.now).map(|pause| pause.reason.clone()),
            program,
        }
    };
    steps.into_iter().chain(named).map(tool).collect()
}

/// Asks a program for its version inside the walls that builders get, in an empty folder.
fn ask(world: &World, program: &str, keys: &[String]) -> Result<Answer> {
    if !matches!(world.seen.trust, Trust::Trusted) {
        return Ok(Answer::Unasked("`buildq.yaml`, which names it, is not trusted here".into()));
    }
    if world.seen.no_sandbox.is_some() {
        return Ok(Answer::Unasked("nothing may run here without a sandbox".into()));
    }
    if program.contains('/') && !program.starts_with('/') {
        return Ok(Answer::Unasked(format!("`{program}` is a file of the repository")));
    }
    let place = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = place.path().join("workspace");
    std::fs::create_dir(&folder).context("cannot make a folder")?;
    let env = environment(world, keys);
    if process::find(program.as_ref(), &folder, &env).is_none() {
        return Ok(Answer::Missing);
    }
    let argv = [program, "--version"].map(str::to_owned);
    let mut call = world.inside(&folder, env).call(&argv, Role::Check)?;
    (call.timeout, call.grace) = (PATIENCE, Duration::from_secs(1));
    call.token = format!("{}-doctor-{}", world.paths.clone_id, std::process::id());
    let mut said = Vec::new();
    let mut sink = |bytes: &[u8]| {
        said.extend_from_slice(bytes);
        Ok(())
    };
    let (done, complaint) = process::pipe_to(&call, &mut sink, MOST)?;
    let said = String::from_utf8_lossy(&said);
    let first = said.lines().chain(complaint.lines()).map(str::trim).find(|line| !line.is_empty());
    let first = first.map(|line| line.chars().take(100).collect::<String>()).unwrap_or_default();
    Ok(match &done.ended {
        Ended::Timeout => Answer::Silent,
        Ended::Exit(0) => Answer::Said(first),
        how if first.is_empty() => Answer::Failed(ended(how)),
        how => Answer::Failed(format!("{}: {first}", ended(how))),
    })
}

/// As a builder gets it.
fn environment(world: &World, keys: &[String]) -> Vec<(OsString, OsString)> {
    let recorded = world.repo.local_setting("buildq.path").map(OsString::from);
    let mut all = inside::environment(recorded, []);
    all.extend(keys.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?))));
    all
}

fn disk(world: &World) -> Disk {
    let lying = litter::look(&world.paths);
    let counts = lying.iter().filter(|(one, _)| one.what.counts());
    Disk {
        free: machine::disk_free(&world.paths.workspaces),
        needed: world.config.limits.free_disk,
        folder: world.paths.workspaces.display().to_string(),
        left: counts.map(|(one, _)| one.bytes).sum(),
        allowed: gc::keep(world).unwrap_or(world.config.keep).disk,
    }
}

fn left(world: &World) -> Left {
    let Ok(cleared) = gc::would(world) else { return Left::default() };
    let goes = |fate: &Fate| matches!(fate, Fate::Remove(_) | Fate::Rescue);
    let kept: BTreeSet<String> = cleared
        .items
        .iter()
        .filter(|item| item.litter.is_kept())
        .map(|i| i.litter.name.clone())
        .collect();
    let litter =
        cleared.items.iter().filter(|item| goes(&item.fate) && !kept.contains(&item.litter.name));
    Left { litter: litter.count(), kept: kept.into_iter().collect() }
}
