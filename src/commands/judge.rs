//! `buildq judge`: the process that asks the judge about one task before it first starts.
//!
//! It holds a lock while it works; a lock that is free is no judge, and sync begins another. What
//! the judge says stands in the ledger, and can only hold the task.

mod asked;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};

use self::asked::Asked;
use super::gather::judging::{LOCK, Note};
use super::gather::{self, World, builder_person};
use super::supervise::ended;
use super::{Exit, Scene, mouth, sync};
use crate::core::plan::{self, Action};
use crate::core::{judge, quota};
use crate::domain::config::Judge;
use crate::domain::event::{Judged, Kind, Opinion};
use crate::domain::id::{Oid, TaskId};
use crate::domain::span_of_time;
use crate::domain::trailers::one_line;
use crate::effects::ledger::{Appended, Draft, Pen, append};
use crate::effects::locks::Lock;
use crate::effects::process::{Ended, adopt_orphans};
use crate::effects::repo::Repo;
use crate::effects::trust::Record;
use crate::effects::{clock, detach};

/// Ask the judge about one task (started by sync itself)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The git directory
    #[arg(long)]
    repo: PathBuf,
    /// The task
    task: TaskId,
}

/// A judge that dies is begun anew so often.
const LIVES: u32 = 3;
/// A judge that could not work, and did not say for how long, is asked again after this.
const LATER: TimeDelta = TimeDelta::minutes(30);
/// A judge says within this time whether it has begun.
const BEGIN: Duration = Duration::from_secs(30);

/// Starts one and waits for its word that it has begun, or why not.
pub fn spawn(world: &World, task: &TaskId) -> Result<Option<String>> {
    let common = world.paths.common.as_os_str();
    let words: [&OsStr; 5] =
        ["judge".as_ref(), "--repo".as_ref(), common, "--".as_ref(), task.as_str().as_ref()];
    let log = world.paths.local.join("logs").join("supervisors.log");
    let ready = detach::spawn(&words, &world.paths.common, Some(&log), true)?;
    Ok(match ready.and_then(|ready| ready.wait(BEGIN)).as_deref() {
        Some("begun") => None,
        Some(why) => Some(why.to_owned()),
        None => Some(format!("it died; see `{}`", log.display())),
    })
}

/// Asks, records what was said, and lets sync go on.
pub fn run(args: Args, _: &Scene) -> Result<Exit> {
    detach::become_detached();
    let _ = adopt_orphans();
    let done = own(&args);
    if let Err(error) = &done {
        let _ = detach::tell_ready(&crate::render::error::show(error).replace('\n', "; "));
        mouth::complain(&crate::render::error::show(error));
    }
    if matches!(done, Ok(true)) {
        sync::in_background(&args.repo)?;
    }
    Ok(Exit::Done)
}

/// Whether it was ours to ask. The lock is let go on return.
fn own(args: &Args) -> Result<bool> {
    let repo = Repo::at(&args.repo)?;
    let paths = gather::places(&repo)?;
    let Some(lock) = Lock::try_take(&paths.lock(LOCK))? else {
        let _ = detach::tell_ready("another judge is at work");
        return Ok(false);
    };
    let mut world = World::look(repo, paths, clock::now())?;
    // The lock that was seen is our own.
    world.seen.judging = None;
    let due =
        plan::plan(world.situation(None)).actions.into_iter().find_map(|action| match action {
            Action::Judge { task, source } if task == args.task => Some(source),
            _ => None,
        });
    let (Some(source), Some(judge)) = (due, world.config.judge.clone()) else {
        let _ = detach::tell_ready("it is no longer due");
        return Ok(false);
    };
    let before = Note::read(&world.paths).filter(|note| note.source == source);
    let begun = before.map_or(0, |note| note.begun) + 1;
    let note = Note { task: args.task.clone(), source, begun };
    note.write(&world.paths)?;
    detach::tell_ready("begun")?;
    world.hand_on_environment();
    let said = match begun > LIVES {
        true => Some(Said::fault(format!("it died {LIVES} times"))),
        false => ask(&world, &judge, &args.task, source, &lock),
    };
    if let Some(said) = said {
        record(&world, &judge, (&args.task, source), said)?;
    }
    Note::remove(&world.paths);
    Ok(true)
}

/// What came of asking.
struct Said {
    opinion: Opinion,
    fault: Option<String>,
    until: Option<DateTime<Utc>>,
}

impl Said {
    fn fault(why: impl Into<String>) -> Self {
        Self { opinion: Opinion::default(), fault: Some(why.into()), until: None }
    }
}

/// Asks; `None` when nobody wants to know any more.
fn ask(world: &World, judge: &Judge, task: &TaskId, source: Oid, lock: &Lock) -> Option<Said> {
    let asked = match Asked::ask(world, judge, (task, source), lock) {
        Ok(asked) => asked,
        Err(error) => return Some(Said::fault(one_line(&format!("{error:#}"), 300))),
    };
    match &asked.ended {
        Ended::Stopped(why) if why == asked::UNWANTED => None,
        Ended::Stopped(why) => Some(Said::fault(why)),
        Ended::Timeout => {
            let span = span_of_time::show(judge.timeout);
            Some(Said::fault(format!("it took longer than {span}")))
        }
        Ended::Missing(why) => Some(Said::fault(why)),
        Ended::Exit(0) => Some(match judge::read(&asked.printed, &asked.task_text) {
            Ok(opinion) => Said { opinion, fault: None, until: None },
            Err(why) => Said::fault(why),
        }),
        how => Some(failed(world, how, &asked.printed)),
    }
}

/// A limit that is reached is waited for; anything else holds until a person has looked.
fn failed(world: &World, how: &Ended, printed: &str) -> Said {
    let now = clock::now();
    let lines: Vec<_> = printed.lines().collect();
    let tail = lines[lines.len().saturating_sub(60)..].join("\n");
    match quota::quota(&tail, now.with_timezone(&world.config.timezone)) {
        Some(limit) => {
            let until = limit.until.filter(|until| *until > now).unwrap_or(now + LATER);
            Said { until: Some(until), ..Said::fault(limit.words) }
        }
        None => {
            let last = lines.iter().rev().find(|line| !line.trim().is_empty());
            let last = last.map(|line| format!(": {}", one_line(line, 200))).unwrap_or_default();
            Said::fault(format!("it ended with {}{last}", ended(how)))
        }
    }
}

/// Writes it into the ledger, then notes that it was given here: a verdict that lets a task pass
/// counts only where it was given.
fn record(world: &World, judge: &Judge, (task, source): (&TaskId, Oid), said: Said) -> Result<()> {
    let judged = Judged {
        task: task.clone(),
        source,
        builder: judge.builder.clone(),
        opinion: said.opinion,
        fault: said.fault,
        until: said.until,
    };
    let body = body(&judged);
    let draft = Draft::new(Kind::Judged(judged)).body(body);
    let pen = Pen { author: builder_person(), now: clock::now(), ..world.pen() };
    let appended = append(&pen, &mut |_| Ok(Ok(draft.clone())))?;
    let Appended::Yes(ledger, _) = appended else { return Ok(()) };
    let judgement = ledger.judgements.get(&source).context("a verdict that is not there")?;
    Record::Verdicts.add(&world.paths, &[judgement.record()])
}

/// All that it said, for people.
fn body(judged: &Judged) -> String {
    let risks = judged.opinion.risks.iter().map(|risk| format!("- {}\n", risk.shown()));
    let questions = judged.opinion.questions.iter().map(|question| format!("- asks: {question}\n"));
    risks.chain(questions).collect()
}
