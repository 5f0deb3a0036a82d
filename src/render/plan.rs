//! What sync did or would do.

use chrono::{DateTime, Utc};

use super::text;
use crate::core::gates::{Gate, Hold};
use crate::core::plan::{Action, Deed, Outcome, Plan};
use crate::domain::config::Config;

/// `sync --check`: what is due, and every hold with its first reason.
pub fn plan(plan: &Plan, config: &Config) -> String {
    let due: String = plan.actions.iter().map(|action| would(action, config) + "\n").collect();
    let nothing = if plan.actions.is_empty() { "nothing is due\n" } else { "" };
    due + &holds(plan) + nothing + &next(plan.wake, config)
}

/// The same of a plan that has nothing to do, by its page of holds.
pub fn lasting(holds: &str, wake: Option<DateTime<Utc>>, config: &Config) -> String {
    format!("{holds}nothing is due\n{}", next(wake, config))
}

/// A line for each task that is held, with the first reason.
pub fn holds(plan: &Plan) -> String {
    let mut page = String::new();
    for verdict in &plan.verdicts {
        let mut holds = verdict.holds();
        let Some((gate, hold)) = holds.next() else { continue };
        page += &format!("hold {}: {gate}: {}", verdict.task, text::safe(&hold.reason));
        match holds.count() {
            0 => page.push('\n'),
            more => page += &format!(" (and {more} more)\n"),
        }
    }
    page
}

fn next(wake: Option<DateTime<Utc>>, config: &Config) -> String {
    let at = wake.map(|at| at.with_timezone(&config.timezone).format("%F %H:%M %Z"));
    at.map(|at| format!("next look at {at}\n")).unwrap_or_default()
}

fn would(action: &Action, config: &Config) -> String {
    match action {
        Action::Start(start) => format!(
            "start {} (attempt {} of {}) with {}",
            start.task,
            start.attempt,
            start.attempt.0.max(config.retry_max + 1),
            start.builder
        ),
        Action::Adopt { runner } => format!("become the runner, `{runner}`"),
        Action::Bury { task, attempt } => format!("record that attempt {attempt} of {task} died"),
        Action::Merge { task, .. } => format!("record that {task} is merged"),
        Action::Close { task, .. } => format!("record that {task} is closed"),
        Action::Renew { task } => format!("begin {task} anew: its text was edited"),
        Action::Escalate { task, .. } => format!("escalate {task}: it is out of retries"),
        Action::Report { date } => format!("store the report of {date}"),
        Action::Morning { date } => format!("store the digest of the morning of {date}"),
        Action::Judge { task, .. } => format!("ask the judge about {task}"),
    }
}

/// One line for everything that a sync did.
pub fn done(outcome: &Outcome) -> String {
    if let Some(idle) = &outcome.idle {
        return format!("nothing done: {idle}");
    }
    let deeds: Vec<String> = outcome.deeds.iter().map(did).collect();
    let nothing = deeds.is_empty().then(|| nothing(&outcome.plan));
    said(&nothing.unwrap_or_else(|| deeds.join("\n")), &outcome.warnings)
}

/// What was done or that nothing was, with what a person should know of how it was decided.
pub fn said(said: &str, warnings: &[String]) -> String {
    let warnings = warnings.iter().map(|warning| self::warning(warning));
    std::iter::once(said.to_owned()).chain(warnings).collect::<Vec<_>>().join("\n")
}

/// What a person should know of how it was decided.
pub fn warning(words: &str) -> String {
    format!("warning: {}", text::safe(words))
}

/// What is said where nothing was due, with the one reason that holds everything, if there is one.
pub fn nothing(plan: &Plan) -> String {
    let all = |(gate, _): &(Gate, &Hold)| matches!(gate, Gate::Runner | Gate::Trust);
    let first = plan.verdicts.first().and_then(|verdict| verdict.holds().find(all));
    match first {
        Some((_, hold)) if plan.verdicts.iter().all(|v| v.holds().any(|h| h.1 == hold)) => {
            format!("nothing starts: {} → {}", text::safe(&hold.reason), text::safe(&hold.remedy))
        }
        _ => "nothing is due".into(),
    }
}

fn did(deed: &Deed) -> String {
    if let Some(trouble) = &deed.trouble {
        let trouble = text::safe(trouble);
        return match &deed.action {
            Action::Start(start) => format!("did not start {}: {trouble}", start.task),
            action => format!("could not {}: {trouble}", would(action, &Config::default())),
        };
    }
    match &deed.action {
        Action::Start(start) => format!("started {} (attempt {})", start.task, start.attempt),
        Action::Adopt { runner } => format!("this clone, `{runner}`, runs the queue"),
        Action::Bury { task, attempt } => format!("attempt {attempt} of {task} had died: recorded"),
        Action::Merge { task, arrival, .. } => {
            let edited = if arrival.edited {
                "; its file was edited while it was built: the edit is not built"
            } else {
                ""
            };
            format!("{task} is merged{edited}")
        }
        Action::Close { task, .. } => format!("{task} is closed"),
        Action::Renew { task } => format!("{task} was edited and is built anew"),
        Action::Escalate { task, .. } => format!("{task} is out of retries and needs a person"),
        Action::Report { date } => format!("stored the report of {date}"),
        Action::Morning { date } => format!("stored the digest of the morning of {date}"),
        Action::Judge { task, .. } => format!("asked the judge about {task}"),
    }
}
