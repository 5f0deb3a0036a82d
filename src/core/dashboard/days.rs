//! Numbers by day: how much was done, how long it took, how often it went well.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::core::ledger::{Ledger, Outcome, Phase, Run};
use crate::core::overview::seconds;

/// So many days are told where history is as long.
const MOST: u64 = 28;
/// And so many where it is shorter.
const LEAST: u64 = 7;

/// One day of the zone in which builds are told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// Which one.
    pub date: NaiveDate,
    /// Attempts that began.
    pub started: usize,
    /// Of these, such as were not the first of their task.
    pub retries: usize,
    /// Attempts that ended well.
    pub succeeded: usize,
    /// Attempts that failed.
    pub failed: usize,
    /// Builds that were merged.
    pub merged: usize,
    /// Half of the attempts that ended took no longer, in seconds.
    #[serde(rename = "median_seconds", serialize_with = "seconds")]
    pub median: Option<Duration>,
    /// None took longer, in seconds.
    #[serde(rename = "longest_seconds", serialize_with = "seconds")]
    pub longest: Option<Duration>,
}

/// The days up to a moment: 28 of them, or fewer where history is shorter, but at least 7.
pub fn days(ledger: &Ledger, now: DateTime<Utc>, zone: Tz) -> Vec<Day> {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let today = day(now);
    let runs = || ledger.builds.values().flat_map(|build| &build.attempts);
    let first = runs().map(|run| day(run.at)).min().unwrap_or(today);
    let back = |days: u64| today.checked_sub_days(Days::new(days - 1)).unwrap_or(today);
    let first = first.clamp(back(MOST), back(LEAST));
    let mut all: Vec<Tally> =
        first.iter_days().take_while(|date| *date <= today).map(Tally::of).collect();
    let mut put = |at: DateTime<Utc>, count: &mut dyn FnMut(&mut Tally)| {
        let index = usize::try_from((day(at) - first).num_days()).ok();
        index.and_then(|index| all.get_mut(index)).map(count)
    };
    for run in runs() {
        put(run.at, &mut |tally| tally.began(run));
        if let Some(end) = &run.end {
            let took = (end.at - run.at).to_std().unwrap_or_default();
            put(end.at, &mut |tally| tally.ended(&end.outcome, took));
        }
    }
    for build in ledger.builds.values() {
        if let Phase::Merged { at, .. } = build.phase {
            put(at, &mut |tally| tally.day.merged += 1);
        }
    }
    all.into_iter().map(Tally::whole).collect()
}

/// A day that is being counted.
struct Tally {
    day: Day,
    took: Vec<Duration>,
}

impl Tally {
    fn of(date: NaiveDate) -> Self {
        let (median, longest) = (None, None);
        let (started, retries, succeeded, failed, merged) = (0, 0, 0, 0, 0);
        let day = Day { date, started, retries, succeeded, failed, merged, median, longest };
        Self { day, took: Vec::new() }
    }

    fn began(&mut self, run: &Run) {
        self.day.started += 1;
        self.day.retries += usize::from(run.number().0 > 1);
    }

    fn ended(&mut self, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Succeeded(_) => self.day.succeeded += 1,
            Outcome::Failed { .. } => self.day.failed += 1,
            Outcome::Blocked { .. } | Outcome::Cancelled { .. } => return,
        }
        self.took.push(took);
    }

    fn whole(mut self) -> Day {
        self.took.sort_unstable();
        self.day.median = self.took.get(self.took.len().saturating_sub(1) / 2).copied();
        self.day.longest = self.took.last().copied();
        self.day
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, ledger};

    #[test]
    fn each_thing_counts_on_the_day_on_which_it_happened() {
        let ledger = ledger(
            "09:00 a started\n09:20 a failed `x` exits 1\n10:00 a started\n10:05 a succeeded\n\
             10:06 a merged\n23:30 b started",
        );
        let all = days(&ledger, at("23:40"), Tz::UTC);
        assert_eq!(all.len(), 7);
        let today = &all[6];
        let counts = (today.started, today.retries, today.succeeded, today.failed, today.merged);
        assert_eq!(counts, (3, 1, 1, 1, 1));
        let minutes = |span: Option<Duration>| span.map(|span| span.as_secs() / 60);
        assert_eq!((minutes(today.median), minutes(today.longest)), (Some(5), Some(20)));
        assert!(all[..6].iter().all(|day| day.started == 0 && day.median.is_none()));
        // Half past eleven is the next day in Berlin.
        let all = days(&ledger, at("23:40"), Tz::Europe__Berlin);
        assert_eq!((all[5].started, all[6].started), (2, 1));
        assert_eq!(all[6].date.to_string(), "2026-02-08");
    }

    #[test]
    fn without_history_there_are_days_without_anything() {
        let all = days(&Ledger::default(), at("09:00"), Tz::UTC);
        assert_eq!(all.len(), 7);
        assert!(all.iter().all(|day| day.started == 0));
    }
}
