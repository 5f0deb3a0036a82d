//! `buildq supervise`: the process that owns one running attempt.
//!
//! It takes the attempt's lock, *then* records `started`; so a `started` whose lock is free is a
//! dead attempt, whatever killed it, and [`bury`] finishes what its supervisor could not.

mod begin;
pub mod bury;
mod checks;
mod finish;
mod site;
pub mod spare;
pub mod tidy;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use self::begin::Begun;
use self::finish::End;
use self::site::Site;
pub use self::site::token_of;
use self::watch::Watch;
use super::{Exit, Scene, gather, mouth, sync};
use crate::core::ledger::Run;
use crate::core::plan::Start;
use crate::core::vitals::{self, Collapse};
use crate::core::{progress, quota, usage};
use crate::domain::config::{Builder, PromptBy, STEPS};
use crate::domain::event::{Fault, Usage};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::awake::Awake;
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::process::{Ended, Finished};
use crate::effects::repo::Repo;
use crate::effects::{clock, detach, process};

/// Own one attempt from its start to its end (started by sync itself)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The git directory
    #[arg(long)]
    repo: PathBuf,
    /// The attempt's number
    #[arg(long)]
    attempt: u32,
    /// A person wants it now
    #[arg(long)]
    forced: bool,
    /// The task
    task: TaskId,
}

/// The words that start the supervisor of an attempt; `forced`: a person wants it now.
pub fn words(paths: &Paths, task: &TaskId, attempt: Attempt, forced: bool) -> Vec<OsString> {
    let attempt = attempt.to_string();
    let mut words: Vec<OsString> =
        vec!["supervise".into(), "--repo".into(), paths.common.clone().into()];
    words.extend(["--attempt".into(), attempt.into()]);
    words.extend(forced.then(|| "--forced".into()));
    words.extend(["--".into(), task.as_str().into()]);
    words
}

/// Another supervisor of the same attempt is given this long to fail.
const TURN: Duration = Duration::from_secs(1);

/// Begins, builds, ends, and lets the next task start.
pub fn run(args: Args, _: &Scene) -> Result<Exit> {
    detach::become_detached();
    let _ = process::adopt_orphans();
    let common = args.repo.clone();
    let refused = own(args);
    if let Err(error) = &refused {
        let _ = detach::tell_ready(&crate::render::error::show(error).replace('\n', "; "));
        mouth::complain(&crate::render::error::show(error));
    }
    if matches!(refused, Ok(true)) {
        // In a process of its own: every child of this one counts as a stray of the attempt.
        sync::in_background(&common)?;
    }
    Ok(Exit::Done)
}

/// Whether the attempt was ours to run. The lock is let go on return.
fn own(args: Args) -> Result<bool> {
    let repo = Repo::at(&args.repo)?;
    let paths = gather::places(&repo)?;
    let attempt = Attempt(args.attempt);
    let path = paths.attempt_lock(&args.task, attempt);
    let Some(lock) = Lock::take(&path, TURN)? else {
        let _ = detach::tell_ready("another process has it already");
        return Ok(false);
    };
    let begun = match begin::begin(&args.repo, &args.task, attempt, args.forced)? {
        Ok(begun) => begun,
        Err(why) => {
            // Whoever waits for this looks again at once, and must find the place free.
            lock.retire();
            let _ = detach::tell_ready(&why);
            return Ok(false);
        }
    };
    detach::tell_ready("begun")?;
    begun.world.hand_on_environment();
    build(&begun, &lock)?;
    lock.retire();
    Ok(true)
}

/// From the workspace to the last event. Whatever goes wrong becomes a recorded failure.
fn build(begun: &Begun, lock: &Lock) -> Result<()> {
    let begin = clock::tick();
    let _awake = Awake::hold(begun.start.task.as_str());
    let end = match Site::make(begun, lock) {
        Ok(site) => {
            let mut watch = Watch::new(begun, &site)?;
            let end = work(begun, &site, &mut watch)
                .unwrap_or_else(|error| fallen(&error, "buildq could not go on"));
            let end = finish::rescue(&site, end);
            let waits = finish::record(begun, &site, end, begin.elapsed())?;
            let stays = waits.is_some_and(|work| spare::keep(&begun.world, site.folder(), work));
            site.clear(stays);
            return Ok(());
        }
        Err(error) => fallen(&error, "no workspace"),
    };
    finish::record_without_site(begun, end, begin.elapsed())
}

/// What stopped buildq itself. A full disk is no task's fault: nothing is tried on it for a
/// while, and no attempt is spent.
fn fallen(error: &anyhow::Error, what: &str) -> End {
    let words = format!("{error:#}");
    let full = ["No space left", "Out of diskspace", "Disk quota"];
    match full.iter().any(|full| words.contains(full)) {
        true => End::failed(Fault::Builder, format!("the disk is full: {what}: {words}")),
        false => End::failed(Fault::Task, format!("{what}: {words}")),
    }
}

/// Setup, builder, leftovers, checks.
fn work(begun: &Begun, site: &Site, watch: &mut Watch) -> Result<End> {
    for check in &begun.world.config.workspace_setup {
        site.note(&format!("setup: {}", shell_words::join(&check.argv)));
        let done = site.run(&check.argv, check.timeout, watch)?;
        if let Some(end) = stopped(&done) {
            return Ok(end);
        }
        if !done.is_success() {
            let command = shell_words::join(&check.argv);
            let why = format!("the setup `{command}` fails: {}", ended(&done.ended));
            // On the work of an earlier attempt it may be that work's fault.
            let fresh = begun.start.base == begun.base_tip();
            return Ok(match fresh {
                true => End::base(why, begun.base_tip()),
                false => End::failed(Fault::Task, why),
            });
        }
    }
    if !begun.world.config.workspace_setup.is_empty() {
        site.settle(watch)?;
    }
    let (argv, stdin, builder) = builder_command(begun, site)?;
    site.note(&format!("builder {}: {}", begun.start.builder, shell_words::join(&argv)));
    site.tell_unseen(&argv);
    let done = site.run_builder(&argv, stdin, builder.timeout, watch)?;
    site.note(&format!("the builder ended: {}", ended(&done.ended)));
    // Before the checks print what may be more than is kept.
    let spent = usage::read(&site.tail(usize::MAX));
    let mut end = judge(begun, site, watch, &done)?;
    end.usage = Usage { cpu: done.cpu, memory: done.memory, spent, ..end.usage };
    if end.is_candidate() {
        end = checks::run(begun, site, watch, end)?;
    }
    Ok(end)
}

/// The command line of the attempt's builder, and the file on its standard input.
fn builder_command(begun: &Begun, site: &Site) -> Result<(Vec<String>, Option<PathBuf>, Builder)> {
    let config = &begun.world.config;
    let own = std::env::current_exe()?.to_string_lossy().into_owned();
    let steps = Builder {
        command: vec![own.trim_end_matches(" (deleted)").to_owned(), "steps".into()],
        prompt: PromptBy::Stdin,
        env: Vec::new(),
        timeout: Duration::from_secs(8 * 3600),
        network: None,
    };
    let builder = match begun.start.builder.as_str() {
        STEPS => steps,
        name => config.builders.get(name).cloned().unwrap_or(steps),
    };
    let mut argv = builder.command.clone();
    let prompt = site.prompt_file();
    let stdin = match builder.prompt {
        PromptBy::Stdin => Some(prompt),
        PromptBy::File => {
            argv.push(prompt.to_string_lossy().into_owned());
            None
        }
        PromptBy::Arg => {
            argv.push(site.prompt_text().to_owned());
            None
        }
    };
    Ok((argv, stdin, builder))
}

/// What the builder's end means, once its work is in the refs.
fn judge(begun: &Begun, site: &Site, watch: &mut Watch, done: &Finished) -> Result<End> {
    let Start { task, base, builder, .. } = &begun.start;
    let keep = done.is_success() && begun.world.config.commit_leftovers;
    let taken = site.take(true)?;
    let head = taken.head.unwrap_or(*base);
    match checks::of(begun).next() {
        // Whoever looks sees the work while it is checked.
        Some(_) => watch.arrived(head)?,
        // Its end moves the branch, at once.
        None => watch.saw(head),
    }
    if let Some(end) = stopped(done) {
        return Ok(end);
    }
    if !taken.leaks.is_empty() {
        return Ok(End::leaks(taken.leaks));
    }
    let facts = site.progress(head)?;
    watch.tell_last(&facts);
    if let Some(question) = &facts.block {
        return Ok(End::blocked(question.clone()));
    }
    if let Some(trouble) = taken.trouble {
        site.keep_folder();
        return Ok(End::failed(Fault::Task, trouble));
    }
    if taken.head.is_some() && !taken.descends {
        let why = "its commits no longer stand on the commit that it started from";
        return Ok(End::failed(Fault::Task, why.into()));
    }
    if taken.leftovers > 0 && done.is_success() && !keep {
        let why = "it left uncommitted work (`commit_leftovers` is off)";
        return Ok(End::failed(Fault::Task, why.into()));
    }
    let idle = site.repo().tree_of(head)? == site.repo().tree_of(origin(begun))?;
    if !done.is_success() {
        let limit = match builder.as_str() {
            STEPS => None,
            _ => quota::quota(
                &site.tail(60),
                clock::now().with_timezone(&begun.world.config.timezone),
            ),
        };
        let missing = matches!(done.ended, Ended::Missing(_));
        let unable = missing || limit.is_some();
        let took = done.duration;
        let collapse = Collapse { task, builder, took, idle, unable };
        let fault = match builder.as_str() {
            STEPS => Fault::Task,
            _ => vitals::fault(&begun.world.ledger, &collapse),
        };
        let why = match &limit {
            Some(limit) => format!("the builder could not work: {}", limit.words),
            None => format!("the builder failed: {}", ended(&done.ended)),
        };
        let mut end = End::failed(fault, why);
        end.resumes = limit.and_then(|limit| limit.until);
        return Ok(end);
    }
    if idle {
        return Ok(End::failed(Fault::Task, "the builder changed nothing".into()));
    }
    Ok(End::candidate(head))
}

/// What the work is held against, to tell whether there is any.
fn origin(begun: &Begun) -> Oid {
    let (world, start) = (&begun.world, &begun.start);
    let tip = |run: &Run| world.attempt_tip(&start.task, run).unwrap_or(run.tip());
    let build = world.ledger.builds.get(&start.task);
    build.map_or(start.base, |build| vitals::origin(build, start.attempt, start.base, &tip))
}

/// The end that a person, a signal, the clock or a limit brought about.
fn stopped(done: &Finished) -> Option<End> {
    match &done.ended {
        Ended::Stopped(why) => Some(match watch::reason(why) {
            watch::Reason::Ledger => End::silent(why.clone()),
            watch::Reason::Signal => End::failed(Fault::Person, why.clone()),
            watch::Reason::Lost | watch::Reason::Late => End::failed(Fault::Task, why.clone()),
            watch::Reason::Gone => End::gone(why.clone()),
        }),
        Ended::Exceeded(what) => Some(End::failed(Fault::Task, what.clone())),
        _ => None,
    }
}

/// How a process ended, in words.
pub fn ended(ended: &Ended) -> String {
    match ended {
        Ended::Exit(code) => format!("exit {code}"),
        Ended::Signal(number) => format!("signal {number}"),
        Ended::Timeout => "timeout".into(),
        Ended::Stopped(why) | Ended::Exceeded(why) => why.clone(),
        Ended::Missing(why) => why.clone(),
    }
}

/// Facts of the commits of an attempt.
fn facts(
    repo: &Repo,
    head: Oid,
    base: Oid,
    task: &crate::domain::task::Task,
) -> Result<progress::Progress> {
    let commits = repo.commits(head, &[base], 10_000)?;
    let messages: Vec<_> = commits.iter().map(|commit| commit.message.clone()).collect();
    Ok(progress::read(&messages, &task.criteria))
}
