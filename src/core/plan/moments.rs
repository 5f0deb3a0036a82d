//! Moments: when a report or a digest is due, and when somebody has to look again.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Action, Plan, Verdict};
use crate::core::situation::Situation;
use crate::core::window;
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

/// A digest that is later than this is none of the morning.
const MORNING: TimeDelta = TimeDelta::hours(12);

/// This morning, if its digest is wanted, due and not stored yet. A night in which nothing was
/// built has one too: it says why.
pub fn morning_due(situation: Situation) -> Option<NaiveDate> {
    let Situation { ledger, config, now, .. } = situation;
    let today = now.with_timezone(&config.timezone).date_naive();
    let at = morning_of(situation, today)?;
    let in_time = at <= now && now - at <= MORNING;
    // A queue that came to be after it has nothing to tell of that night.
    let was = ledger.first.is_some_and(|first| first < at);
    (in_time && was && !ledger.mornings.contains(&today)).then_some(today)
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
    let days = || (0..3).filter_map(|n| today.checked_add_signed(TimeDelta::days(n)));
    let digests = days().filter_map(|day| morning_of(situation, day));
    let reports = days().map(|day| report_end(situation, day)).filter(|_| ledger.last.is_some());
    openings.chain(reports).chain(digests).filter(|at| *at > now).min()
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
    let watched = (running || starts || !seen.ending.is_empty()).then_some(now + ROUND);
    first.into_iter().chain(watched).min()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::core::ledger::tests::{at, ledger};
    use crate::core::plan::tests::world;
    use crate::core::situation::Situation;
    use crate::domain::config::Config;

    #[test]
    fn a_morning_has_one_digest_and_none_of_the_evening() {
        let (queue, seen) = world("");
        let mut ledger = ledger("00:00 ? runner here/1");
        let seven = "07:00:00".parse().unwrap();
        let config = Config { morning: Some(seven), report_at: seven, ..Config::default() };
        let mut due = |time: &str, days: i64| {
            let now = at(time) + TimeDelta::days(days);
            let (queue, seen, config) = (&queue, &seen, &config);
            let here = Situation { queue, ledger: &ledger, seen, config, now, forced: None };
            let next = super::first_moment(here, &Default::default()).map(|at| at - now);
            let date = super::morning_due(here);
            ledger.mornings.extend(date);
            (date.is_some(), next.map_or(-1, |wait| wait.num_minutes()))
        };
        for (time, days, expected) in [
            ("06:00", 0, (false, 60)),
            ("07:00", 0, (true, 24 * 60)),
            ("07:01", 0, (false, 24 * 60 - 1)),
            ("19:01", 1, (false, 12 * 60 - 1)),
            ("19:00", 2, (true, 12 * 60)),
            // A clock that is set back stores nothing again, one that ran ahead holds nothing up.
            ("08:00", 0, (false, 23 * 60)),
            ("08:00", 1, (true, 23 * 60)),
            ("07:30", 3, (true, 24 * 60 - 30)),
        ] {
            assert_eq!(due(time, days), expected, "{time} +{days}");
        }
    }
}
