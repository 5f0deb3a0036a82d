//! What one night has used: how many attempts started by themselves, and what they cost.
//!
//! A night is from noon to noon on the clock of the queue's time zone: one evening and the
//! morning after it.

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::Tz;

use super::ledger::Ledger;
use super::window;
use crate::domain::cost::Cost;
use crate::domain::task::When;

/// One night so far. What a person has started by hand is not in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Night {
    /// The noon after it.
    pub until: DateTime<Utc>,
    /// Attempts that started in it.
    pub started: usize,
    /// What those that ended in it cost, as far as they told.
    pub cost: Cost,
    /// How many ended in it without telling.
    pub silent: usize,
}

impl Night {
    /// The night that `now` is in.
    pub fn of(ledger: &Ledger, tz: Tz, now: DateTime<Utc>) -> Self {
        let (since, until) = bounds(tz, now);
        let inside = |at: DateTime<Utc>| since <= at && at < until;
        let mut night = Self { until, started: 0, cost: Cost::default(), silent: 0 };
        let runs = ledger.builds.values().flat_map(|build| &build.attempts);
        for run in runs.filter(|run| !run.started.spawned) {
            night.started += usize::from(inside(run.at));
            if !run.end.as_ref().is_some_and(|end| inside(end.at)) {
                continue;
            }
            match run.spent().and_then(|spent| spent.cost) {
                Some(cost) => night.cost = night.cost.plus(cost),
                None => night.silent += 1,
            }
        }
        night
    }
}

/// Whether a builder has told no cost when it last ended: `limits.cost_per_night` does not bound
/// what it spends then.
pub fn is_silent(ledger: &Ledger, builder: &str) -> bool {
    let runs = ledger.builds.values().flat_map(|build| &build.attempts);
    let mine = runs.filter(|run| run.started.builder == builder);
    let ended = mine.filter_map(|run| Some((run.end.as_ref()?.at, run.spent()?.cost)));
    ended.max_by_key(|(at, _)| *at).is_some_and(|(_, cost)| cost.is_none())
}

/// What a person is told of a builder that [`is_silent`].
pub fn unbounded(builder: &str) -> String {
    format!(
        "`{builder}` told no cost when it last ended: `limits.cost_per_night` does not bound it, \
         `limits.builds_per_night` does"
    )
}

/// The noon before a moment, or at it, and the one after.
fn bounds(tz: Tz, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let today = now.with_timezone(&tz).date_naive();
    let at = |day: chrono::NaiveDate| window::resolve(When::Civil(day.and_time(noon)), tz);
    let (yesterday, tomorrow) =
        (today.checked_sub_days(Days::new(1)), today.checked_add_days(Days::new(1)));
    match now < at(today) {
        true => (at(yesterday.unwrap_or(today)), at(today)),
        false => (at(today), at(tomorrow.unwrap_or(today))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, ledger};

    #[test]
    fn a_night_counts_from_noon_to_noon() {
        let events = "11:00 a started v1 opus\n12:30 a succeeded $2.50\n\
                      13:00 b started v1 opus\n13:10 b failed $1.25\n13:20 c started v1 opus\n13:30 c failed\n\
                      14:00 d started v1 opus spawned\n14:10 d succeeded $100\n\
                      15:00 e started v1 steps\n15:10 e succeeded\n16:00 f started v1 opus";
        let ledger = ledger(events);
        let tz = chrono_tz::UTC;
        let shown = |now| {
            let night = Night::of(&ledger, tz, at(now));
            let until = night.until.format("%d %H:%M");
            format!("{} for {}, {} silent, until {until}", night.started, night.cost, night.silent)
        };
        // What began before noon and ended after it costs after it.
        assert_eq!(shown("20:00"), "4 for 3.75, 1 silent, until 08 12:00");
        assert_eq!(shown("11:59"), "1 for 0.00, 0 silent, until 07 12:00");
        assert_eq!(shown("12:00"), "4 for 3.75, 1 silent, until 08 12:00");
    }

    #[test]
    fn a_builder_is_silent_by_its_last_end() {
        let events = "13:00 b started v1 opus\n13:10 b failed $1.25\n13:20 c started v1 opus\n13:30 c failed\n\
                      15:00 e started v1 steps\n15:10 e succeeded\n16:00 f started v1 codex";
        let silent = |events: &str, builder| is_silent(&ledger(events), builder);
        assert!(silent(events, "opus"));
        assert!(!silent(events, "steps"), "it costs nothing");
        assert!(!silent(events, "codex"), "nobody knows yet");
        assert!(!silent(
            &format!("{events}\n16:01 f failed\n16:05 d started v1 opus\n16:10 d failed $1"),
            "opus"
        ));
    }

    #[test]
    fn noon_is_the_clocks() {
        let tokyo = chrono_tz::Asia::Tokyo;
        let ledger = Ledger::default();
        assert_eq!(Night::of(&ledger, tokyo, at("02:59")).until, at("03:00"));
        assert_eq!(Night::of(&ledger, tokyo, at("03:00")).until, at("03:00") + Days::new(1));
    }
}
