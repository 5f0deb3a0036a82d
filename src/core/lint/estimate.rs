//! Estimates that cannot be meant.
//!
//! The bounds come from the Renzo Pomodoro data (published by Derek Jones: 10,651 tasks of one
//! team with estimate and actual in spans of 25 minutes). No task took longer than 22 of them
//! (9h10m), and of every 10,000 estimates one is above 40 (16h40m): more than a working week is a
//! plan and no task. 99 of 100 are at least one span, so that minutes for a list of criteria are
//! a slip; how much one criterion takes these data do not say, and two minutes are our own bound.

use std::time::Duration;

use chrono::TimeDelta;

use super::Desk;
use super::page::Page;
use crate::core::window;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::span_of_time;
use crate::domain::task::Task;

/// A working week.
const LONGEST: Duration = Duration::from_secs(40 * 3600);
/// What the longest of the measured tasks took.
const LONGEST_MEASURED: &str = "9h10m";
/// The least time for one criterion of several.
const EACH: Duration = Duration::from_secs(2 * 60);
/// Fewer criteria may well be one.
const SEVERAL: usize = 3;

/// At most one warning of the estimate, and one of a due date that has passed.
pub fn estimate(page: &Page, desk: &Desk, findings: &mut Vec<Diagnostic>) {
    let Some(task) = &page.task else { return };
    let due = task.due.map(|due| window::resolve(due, desk.config.timezone));
    if due.is_some_and(|due| due < desk.now) {
        let warning = Diagnostic::warning(page.path, "it is due in the past").code("past-due");
        findings.push(warning.at(page.value("due")).hint("set a new date, or take `due` out"));
    }
    let left = due.map(|due| due - desk.now).filter(|left| *left > TimeDelta::zero());
    if let Some((message, hint)) = task.estimate.and_then(|span| implausible(task, span, left)) {
        let warning = Diagnostic::warning(page.path, message).code("implausible-estimate");
        findings.push(warning.at(page.value("estimate")).hint(hint));
    }
}

fn implausible(
    task: &Task,
    estimate: Duration,
    left: Option<TimeDelta>,
) -> Option<(String, String)> {
    let shown = hours(estimate);
    let criteria = task.criteria.iter().filter(|criterion| !criterion.done).count();
    if estimate > LONGEST {
        let hint = format!(
            "split it into tasks that depend on each other; of 10,651 measured ones the longest took {LONGEST_MEASURED}"
        );
        return Some((format!("an estimate of {shown} is more than a working week"), hint));
    }
    let least = EACH * u32::try_from(criteria).unwrap_or(u32::MAX);
    if criteria >= SEVERAL && estimate < least {
        let message = format!("an estimate of {shown} for {criteria} criteria");
        return Some((message, format!("less than {} is a slip", span_of_time::show(least))));
    }
    let left = left.and_then(|left| left.to_std().ok()).filter(|left| estimate > *left)?;
    let left = hours(left);
    let message = format!("an estimate of {shown}, and it is due in {left}");
    Some((message, "move `due`, or ask for less".into()))
}

/// Work is told in hours, not in days.
fn hours(span: Duration) -> String {
    match span.as_secs() / 3600 {
        full @ 24.. => format!("{full}h"),
        _ => span_of_time::show(span),
    }
}
