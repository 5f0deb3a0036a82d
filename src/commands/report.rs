//! `buildq report`

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};

use super::gather::World;
use super::{Exit, Misuse, Scene, mouth, print, say};
use crate::core::ledger::Ledger;
use crate::core::report::{self, Past, Report, Span, Stood};
use crate::core::situation::Trust;
use crate::core::window;
use crate::domain::event::Kind;
use crate::domain::id::Oid;
use crate::domain::task::{When, when};
use crate::effects::ledger::chapters::events_before;
use crate::effects::ledger::reports::{self, Key, Made};
use crate::effects::ledger::{self, Appended, Draft, append};
use crate::render;

/// What was done, what failed, and what waits for you
///
/// From history alone: run again on the same refs and configuration it gives the same bytes,
/// in any clone. The report of a day ends at `report.at` (23:00) of that day and begins
/// where the one before ended; without a day it goes from the last stored report until now.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The day, e.g. 2026-02-07
    #[arg(long, conflicts_with = "since")]
    date: Option<NaiveDate>,
    /// From then on, e.g. "2026-02-07 20:00"
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until then; now, if not given
    #[arg(long, value_name = "TIME", requires = "since")]
    until: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// Store the report of the day (of the last one that has ended) in the ledger's tree as
    /// `reports/<date>.md`; sync does so by itself once a day
    #[arg(long, conflicts_with_all = ["since", "until"])]
    save: bool,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Format {
    /// Markdown
    Md,
    /// JSON
    Json,
    /// Plain text
    Text,
    /// One HTML page
    Html,
}

/// Prints it, and stores it if told so.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let around = scene.look_around()?;
    let world = around.world();
    let date = args.date.or_else(|| args.save.then(|| last_day(world)));
    let span = match (date, &args.since) {
        (Some(date), _) => day(world, date),
        (None, Some(since)) => Span {
            since: moment(world, since)?,
            until: args
                .until
                .as_ref()
                .map_or(Ok(until_now(world)), |until| moment(world, until))?,
        },
        (None, None) => Span { since: last_end(world), until: until_now(world) },
    };
    if span.since > span.until {
        let order = "a report ends after it begins\nhint: --since is the earlier of the two";
        return Err(Misuse(order.into()).into());
    }
    let report = make(world, span)?;
    let text = match args.format {
        Format::Md => markdown(world, &report)?,
        Format::Json => render::report::json(&report)?,
        Format::Text => render::report::plain(&report),
        Format::Html => render::report::html(&report, world.masks())?,
    };
    print(&world.masks().mask(&text));
    if let (true, Some(date)) = (args.save, date) {
        say::must_be_known(world)?;
        if let Some(why) = save(world, date)? {
            return Err(anyhow!("not stored: {why}"));
        }
        let branch = ledger::BRANCH;
        mouth::complain(&format!("stored: git show {branch}:reports/{date}.md"));
    }
    Ok(Exit::Done)
}

/// Stores the report of a day in the ledger's tree; what it answers is why it could not. One
/// that stands there already as it would be written is left alone.
pub fn save(world: &World, date: NaiveDate) -> Result<Option<String>> {
    let span = day(world, date);
    if world.now < span.until {
        let end = span.until.with_timezone(&world.config.timezone).format("%F %H:%M");
        return Ok(Some(format!("the day is over at {end}")));
    }
    let report = make(world, span)?;
    let path = format!("reports/{date}.md");
    let stored = |ledger: &Ledger| ledger.reported.contains(&date);
    store(world, (&path, markdown(world, &report)?), &stored, Draft::new(Kind::Reported { date }))
}

/// Stores the digest of a morning: all since the one before, a day at least. Its plain text is the
/// event's body, for whoever is told of it. What it answers is why it could not.
pub fn morning(world: &World, date: NaiveDate) -> Result<Option<String>> {
    let Some(time) = world.config.morning else { return Ok(None) };
    let at =
        |date: NaiveDate| window::resolve(When::Civil(date.and_time(time)), world.config.timezone);
    let before = date.pred_opt().unwrap_or(date);
    let last = world.ledger.mornings.range(..date).next_back().copied();
    let span = Span { since: at(last.map_or(before, |last| last.min(before))), until: at(date) };
    let report = make(world, span)?;
    let path = format!("reports/{date}-morning.md");
    let stored = |ledger: &Ledger| ledger.mornings.contains(&date);
    let body = world.masks().mask(&render::report::plain(&report));
    let draft = Draft::new(Kind::Morning { date }).body(body);
    store(world, (&path, markdown(world, &report)?), &stored, draft)
}

/// Puts a report into the ledger's tree, unless it stands there as it would be written.
fn store(
    world: &World,
    (path, text): (&str, String),
    is_stored: &dyn Fn(&Ledger) -> bool,
    draft: Draft,
) -> Result<Option<String>> {
    let stands = "stored already";
    let appended = append(&world.pen(), &mut |ledger| {
        let stored = ledger.tip.and_then(|tip| world.repo.file(tip, path));
        if is_stored(ledger) && stored.as_deref() == Some(text.as_bytes()) {
            return Ok(Err(stands.to_owned()));
        }
        let files = vec![(path.to_owned(), text.clone().into_bytes())];
        Ok(Ok(Draft { files, ..draft.clone() }))
    })?;
    Ok(match appended {
        Appended::No(why) if why != stands => Some(why),
        _ => None,
    })
}

/// The report of a day, as plain text.
pub fn plain_of_day(world: &World, date: NaiveDate) -> Result<String> {
    let report = make(world, day(world, date))?;
    Ok(world.masks().mask(&render::report::plain(&report)))
}

fn make(world: &World, span: Span) -> Result<Report> {
    let key = Key::of(span, &world.config);
    let tip = ledger::tip(&world.repo);
    let queue_then = |told| queue_then(world, told, span.until);
    if let Some(report) = reports::load(&world.repo, &world.paths, &key, &queue_then)? {
        return Ok(report);
    }
    let times = (report::reach(span), span.until);
    let (before, events) = events_before(&world.repo, &world.paths, times)?;
    let past = Past::after(before, events, span);
    let (told, queue) = (past.queue, queue_then(past.queue));
    let stood = world.queue_at(queue, &past.ledger)?;
    let lasts = span.until <= world.now && is_whole(world, &past, &stood);
    let report = report::report(past, stood, &world.config);
    if let Some(tip) = tip.filter(|_| lasts) {
        reports::store(&world.paths, &key, Made { tip, told, queue }, &report);
    }
    Ok(report)
}

/// Whether every object that it is made of is here: one that comes later makes another report.
fn is_whole(world: &World, past: &Past, stood: &Stood) -> bool {
    let here = |oid| world.repo.has(oid);
    let unread = stood.queue.items.values().filter(|item| item.task.is_none());
    stood.queue.tip.is_none_or(here)
        && unread.into_iter().all(|item| here(item.blob))
        && past.ledger.approvals.iter().all(|approval| here(approval.source))
}

/// The queue branch at the end of a span: where the last event saw it, or what was committed to it
/// since.
fn queue_then(world: &World, told: Option<Oid>, until: DateTime<Utc>) -> Option<Oid> {
    /// Of an end so many commits ago only events tell.
    const RECENT: usize = 1000;
    let stood = world.queue.tip.and_then(|tip| world.repo.stood(tip, until, RECENT));
    let newer = |stood: &Oid| told.is_none_or(|told| world.repo.is_ancestor(told, *stood));
    stood.filter(newer).or(told)
}

fn markdown(world: &World, report: &Report) -> Result<String> {
    let path = format!("{}/{}", world.config.queue_dir, render::report::OVERRIDE);
    let trusted = world.seen.trust == Trust::Trusted;
    let own = world.queue.tip.filter(|_| trusted).and_then(|tip| world.repo.file(tip, &path));
    let own = own.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = render::report::markdown(report, own.as_deref()).with_context(|| match own {
        Some(_) => format!("the template `{path}` has an error\nhint: mend it and commit it"),
        None => "the report cannot be written".into(),
    })?;
    Ok(world.masks().mask(&text))
}

/// From the end of the day before to the end of that day.
fn day(world: &World, date: NaiveDate) -> Span {
    let before = date.pred_opt().unwrap_or(date);
    Span { since: end_of(world, before), until: end_of(world, date) }
}

fn end_of(world: &World, date: NaiveDate) -> DateTime<Utc> {
    let civil = When::Civil(date.and_time(world.config.report_at));
    window::resolve(civil, world.config.timezone)
}

/// The last day that has ended.
fn last_day(world: &World) -> NaiveDate {
    let today = world.now.with_timezone(&world.config.timezone).date_naive();
    if end_of(world, today) <= world.now {
        return today;
    }
    let yesterday = today.pred_opt().unwrap_or(today);
    if end_of(world, yesterday) <= world.now {
        return yesterday;
    }
    yesterday.pred_opt().unwrap_or(yesterday)
}

/// The end of this second: events are dated to the second, and the newest ones belong to it.
fn until_now(world: &World) -> DateTime<Utc> {
    world.now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(world.now) + TimeDelta::seconds(1)
}

/// Where the last stored report ends, else where the day that runs now began.
fn last_end(world: &World) -> DateTime<Utc> {
    let ends = world.ledger.reported.iter().rev().map(|date| end_of(world, *date));
    let stored = ends.into_iter().find(|end| *end <= world.now);
    stored.unwrap_or_else(|| end_of(world, last_day(world)))
}

fn moment(world: &World, text: &str) -> Result<DateTime<Utc>> {
    let time = world.config.report_at;
    let plain = when(text, time).map(|when| window::resolve(when, world.config.timezone));
    plain.or_else(|| Some(world.now - ago(text)?)).ok_or_else(|| {
        let hint = "write \"2026-02-07 20:00\", a day, or how long ago: 12h";
        Misuse(format!("`{text}` is no moment\nhint: {hint}")).into()
    })
}

fn ago(text: &str) -> Option<TimeDelta> {
    TimeDelta::from_std(humantime::parse_duration(text).ok()?).ok()
}
