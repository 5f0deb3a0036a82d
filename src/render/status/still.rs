//! The page of the branch `buildq-status`: what a forge shows of it. Times are absolute, so that
//! the page is the same for as long as nothing happens.

use chrono::{DateTime, Utc};

use super::super::text::count;
use super::super::text::{self, code, markdown as md};
use crate::core::overview::{Held, Overview, Queued, Running, What};

/// The longest queue that is told in full.
const MOST: usize = 100;

/// `BUILD_STATUS.md`.
pub fn still(view: &Overview) -> String {
    let at = |at: DateTime<Utc>| at.with_timezone(&view.timezone).format("%F %H:%M").to_string();
    let mut page = format!("# Build status\n\n_As of {} ({})._\n", at(view.at), view.timezone);
    let mut section = |heading: &str, none: &str, entries: Vec<String>| {
        let entries = if entries.is_empty() { format!("{none}\n") } else { entries.concat() };
        page += &format!("\n## {heading}\n\n{entries}");
    };
    let needs = view.needs_you.iter().take(MOST).map(|need| {
        let since = need.since.map(|since| format!(" (since {})", at(since))).unwrap_or_default();
        let (subject, said) = (md(&need.subject), md(&need.sentence));
        format!("- **{subject}** {said}{since}  \n  {}\n", code(&need.command))
    });
    section("Needs a person", "Nothing.", needs.collect());
    section("Building", "Nothing.", view.running.iter().map(|run| running(run, &at)).collect());
    section("Queue", "Empty.", queue(view, &at));
    let recent = view.recent.iter().map(|ended| {
        let word = match ended.what {
            What::Succeeded => "waits for review",
            What::Merged => "merged",
            What::Closed => "closed",
            What::Cancelled => "cancelled",
        };
        let (task, title) = (md(ended.task.as_str()), md(&ended.title));
        format!("- **{task}** ({title}): {word}, {}\n", at(ended.at))
    });
    section("Recently completed", "Nothing.", recent.collect());
    section("Health", "", health(view, &at));
    page + "\n[progress.html](progress.html) beside this page tells more; buildq replaces both.\n"
}

fn running(run: &Running, at: &impl Fn(DateTime<Utc>) -> String) -> String {
    let (task, title) = (md(run.task.as_str()), md(&run.title));
    let done = usize::from(run.percent.value()) / 10;
    let bar = format!("`{}{}`", "█".repeat(done), "░".repeat(10 - done));
    let mut line = format!(
        "- **{task}** ({title}) {bar} {}, attempt {} of {}",
        run.percent, run.attempt, run.at_most
    );
    line += &format!(" since {}", at(run.started));
    line += &run
        .ends_by_estimate
        .map(|end| format!(", by its estimate until {}", at(end)))
        .unwrap_or_default();
    line += &run
        .stalled_since
        .map(|end| format!(", no sign of life since {}", at(end)))
        .unwrap_or_default();
    if !run.message.is_empty() {
        line += &format!(": {}", md(&run.message));
    }
    line + "\n"
}

fn queue(view: &Overview, at: &impl Fn(DateTime<Utc>) -> String) -> Vec<String> {
    let held = |hold: &Held| format!("{}: {}", hold.gate, hold.reason);
    let line = |entry: &Queued| {
        let why: Vec<_> = entry.holds.iter().map(held).collect();
        let why = if why.is_empty() { "starts next".into() } else { why.join("; ") };
        let opens = entry.opens.map(|opens| format!(" (opens {})", at(opens))).unwrap_or_default();
        let (task, title) = (md(entry.task.as_str()), md(&entry.title));
        let state = entry.standing.name();
        format!("| {} | **{task}** | {title} | {state} | {}{opens} |\n", entry.position, md(&why))
    };
    if view.queue.is_empty() {
        return Vec::new();
    }
    let head = "| | Task | Title | State | Why |\n|---|---|---|---|---|\n".to_owned();
    let mut lines = vec![head];
    lines.extend(view.queue.iter().take(MOST).map(line));
    if let Some(more) = view.queue.len().checked_sub(MOST).filter(|more| *more > 0) {
        lines.push(format!("\nand {} more\n", count(more, "task")));
    }
    lines
}

fn health(view: &Overview, at: &impl Fn(DateTime<Utc>) -> String) -> Vec<String> {
    let health = &view.health;
    let mut facts = vec![match &health.runner {
        Some(runner) => format!("builds run in {}", md(runner)),
        None => "no clone runs builds yet".into(),
    }];
    facts.push(match &health.paused {
        Some(pause) => {
            let (by, why) = (md(&pause.author), md(&pause.reason));
            format!("paused by {by} since {}: {why}", at(pause.at))
        }
        None => "not paused".into(),
    });
    facts.push(match &health.config_detail {
        Some(detail) => format!("policy: {} ({})", health.config, md(detail)),
        None => format!("policy: {}", health.config),
    });
    for builder in &health.builders {
        let state = match (&builder.broken, &builder.paused) {
            (Some(why), _) => format!("cannot start: {}", md(why)),
            (None, Some(pause)) => format!("paused since {}: {}", at(pause.at), md(&pause.reason)),
            (None, None) => "ready".into(),
        };
        facts.push(format!("builder {}: {state}", md(&builder.name)));
    }
    if !health.machine.hooks.missing.is_empty() {
        facts.push(format!("hooks missing: {}", md(&health.machine.hooks.missing.join(", "))));
    }
    facts.extend(health.no_sandbox.iter().map(|why| format!("no sandbox: {}", md(why))));
    facts.extend(health.calendar_troubles.iter().map(|trouble| md(trouble)));
    facts.into_iter().map(|fact| format!("- {}\n", text::safe(&fact))).collect()
}
