//! Moments: when a report or a digest is due, and when somebody has to look again.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Action, Plan, Verdict};
use crate::core::situation::Situation;
use crate::core::{notices, window};
use crate::domain::task::When;

/// The newest day whose report is due and not stored yet.
pub fn report_due(situation: Situation) -> Option<NaiveDate> {
    let Situation { ledger, config, now, .. } = situation;
    let today = now.with_timezone(&config.timezone).date_naive();
    let ended = |date: &NaiveDate| report_end(situation, *date) <= now;
    let date = [today, today.pred_opt()?].into_iter().find(ended)?;
    // Only once something has happened before its end, and only for what is newer than the last.
    let first = ledger.builds.values().filter_map(|b| b.attempts.first().map(|r| r.at)).min()?;
    // What a clock stored that ran ahead holds no later day's up.
    let newer = ledger.reported.range(date..=today).next().is_none();
    (newer && first < report_end(situation, date)).then_some(date)
}

/// This morning, if its digest is wanted, due and not stored yet.
pub fn morning_due(situation: Situation) -> Option<NaiveDate> {
    let Situation { ledger, config, now, .. } = situation;
    let today = now.with_timezone(&config.timezone).date_naive();
    let at = morning_of(situation, today)?;
    let first = ledger.builds.values().filter_map(|b| b.attempts.first().map(|r| r.at)).min()?;
    let newer = ledger.mornings.range(today..=today).next().is_none();
    (at <= now && newer && first < at).then_some(today)
}

/// When the digest of a day is due; `None` where none is wanted.
fn morning_of(situation: Situation, date: NaiveDate) -> Option<DateTime<Utc>> {
    let civil = When::Civil(date.and_time(situation.config.morning?));
    Some(window::resolve(civil, situation.config.timezone))
}

fn report_end(situation: Situation, date: NaiveDate) -> DateTime<Utc> {
    let civil = When::Civil(date.and_time(situation.config.report_at));
    window::resolve(civil, situation.config.timezone)
}

/// While something is built, somebody looks this often whether its supervisor still lives.
pub(super) const ROUND: TimeDelta = TimeDelta::minutes(5);

/// When somebody has to look again.
pub(super) fn wake(situation: Situation, plan: &Plan) -> Option<DateTime<Utc>> {
    let starts = plan.actions.iter().any(|action| matches!(action, Action::Start(_)));
    wake_at(situation, first_moment(situation, plan), starts)
}

/// The earliest moment at which a hold of a plan ends by itself or a report is due.
pub fn first_moment(situation: Situation, plan: &Plan) -> Option<DateTime<Utc>> {
    let Situation { ledger, now, .. } = situation;
    let openings = plan.verdicts.iter().flat_map(Verdict::holds).filter_map(|(_, h)| h.until);
    let today = now.with_timezone(&situation.config.timezone).date_naive();
    let reports = ledger.last.into_iter().flat_map(|_| {
        let days = (0..3).filter_map(move |n| today.checked_add_signed(TimeDelta::days(n)));
        days.flat_map(move |day| {
            [Some(report_end(situation, day)), morning_of(situation, day)].into_iter().flatten()
        })
    });
    let digest = notices::next_morning(situation.config, now);
    openings.chain(reports).chain(digest).filter(|at| *at > now).min()
}

/// When somebody has to look again, where the first moment of a plan is known and whether it
/// starts anything.
pub fn wake_at(
    situation: Situation,
    first: Option<DateTime<Utc>>,
    starts: bool,
) -> Option<DateTime<Utc>> {
    let Situation { ledger, seen, now, .. } = situation;
    if seen.here.is_empty() || ledger.runner.as_ref().is_some_and(|runner| *runner != seen.here) {
        return None;
    }
    let running = ledger.builds.values().any(|build| build.running().is_some());
    let watched = (running || starts).then_some(now + ROUND);
    first.into_iter().chain(watched).min()
}
