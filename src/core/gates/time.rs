//! The clock: windows, dates, meetings, retries.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Case, Hold, hold_until};
use crate::core::calendar::Busy;
use crate::core::ledger::{Phase, Wait};
use crate::core::{patience, window};
use crate::domain::config::{Config, Window};

pub(super) fn window_of<'a>(case: &Case<'a>) -> &'a Window {
    windows(case.situation.config)[case.task.priority as usize]
}

pub(super) fn window(case: &Case) -> Option<Hold> {
    let opens = case.round.opens[case.task.priority as usize]?;
    if case.forced() || case.begun() {
        return None;
    }
    Some(hold_until(format!("opens {}", case.clock(opens)), opens, &case.spawn()))
}

/// When a window that is closed now opens; `None` for one that is open, and for `never`, which
/// is a matter of approval.
pub(super) fn opens(window: &Window, config: &Config, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let closed = !window::is_open(window, config.timezone, now);
    closed.then(|| window::next_opening(window, config.timezone, now)).flatten()
}

/// The windows of high, medium and low, in that order.
pub(super) fn windows(config: &Config) -> [&Window; 3] {
    [&config.window_high, &config.window_medium, &config.window_low]
}

pub(super) fn not_before(case: &Case) -> Option<Hold> {
    let at = window::resolve(case.task.not_before?, case.situation.config.timezone);
    let early = case.situation.now < at && !case.forced();
    early.then(|| hold_until(format!("not before {}", case.clock(at)), at, &case.spawn()))
}

/// Nobody is watched while they are busy: what runs goes on, and nothing starts.
pub(super) fn calendar(case: &Case) -> Option<Hold> {
    let now = case.situation.now;
    let runs = |busy: &&Busy| busy.from <= now && now < busy.until;
    let last = case.situation.seen.busy.iter().filter(runs).max_by_key(|busy| busy.until)?;
    let reason = format!("`{}` until {}", last.title, case.clock(last.until));
    (!case.forced()).then(|| hold_until(reason, last.until, &case.spawn()))
}

pub(super) fn retry(case: &Case) -> Option<Hold> {
    let due = due(case)?;
    let of = case.situation.config.retry_max;
    let count = case.build.failures;
    let reason = format!("retry {count} of {of} at {}", case.clock(due));
    let remedy = format!("buildq output {} shows why it failed", case.id());
    Some(hold_until(reason, due, &remedy))
}

/// When a failed build is tried again, if not now.
fn due(case: &Case) -> Option<DateTime<Utc>> {
    let Phase::Waiting { since, why: Wait::Failure } = case.build.phase else { return None };
    let delay = TimeDelta::from_std(case.situation.config.retry_delay).unwrap_or(TimeDelta::MAX);
    patience::ends(since, delay, case.situation.now)
}
