//! What sync did or would do.

use chrono::{DateTime, Utc};

use super::text;
use crate::core::gates::{Gate, Hold};
use crate::core::plan::{Action, Deed, Outcome, Plan};
use crate::domain::config::Config;

/// `sync --check`: what is due, and every hold with its first reason.
pub fn plan(plan: &Plan, config: &Config) -> String {
    let mut lines: Vec<String> = plan.actions.iter().map(|action| would(action, config)).collect();
    for verdict in &plan.verdicts {
        let mut holds = verdict.holds();
        let Some((gate, hold)) = holds.next() else { continue };
        let more = holds.count();
        let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        lines.push(format!("hold {}: {gate}: {}{more}", verdict.task, text::safe(&hold.reason)));
    }
    if plan.actions.is_empty() {
        lines.push("nothing is due".into());
    }
    lines.extend(plan.wake.map(|at| next(at, config)));
    lines.join("\n")
}

fn next(at: DateTime<Utc>, config: &Config) -> String {
    format!("next look at {}", at.with_timezone(&config.timezone).format("%F %H:%M %Z"))
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
        Action::Judge { task, .. } => format!("ask the judge about {task}"),
    }
}

/// One line for everything that a sync did.
pub fn done(outcome: &Outcome) -> String {
    if let Some(idle) = &outcome.idle {
        return format!("nothing done: {idle}");
    }
    let mut lines: Vec<String> = outcome.deeds.iter().map(did).collect();
    if lines.is_empty() {
        lines.push(nothing(&outcome.plan));
    }
    lines.extend(outcome.warnings.iter().map(|warning| self::warning(warning)));
    lines.join("\n")
}

/// What a person should know of how it was decided.
pub fn warning(words: &str) -> String {
    format!("warning: {}", text::safe(words))
}

/// Nothing was due; said with the one reason that holds everything, if there is one.
fn nothing(plan: &Plan) -> String {
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
        Action::Judge { task, .. } => format!("asked the judge about {task}"),
    }
}
