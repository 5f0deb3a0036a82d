//! The timeline: the newest attempts beside one another, as shares of one span of time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::in_order;
use crate::core::ledger::{Ledger, Outcome, Run};
use crate::domain::id::{Attempt, TaskId};

/// So many builds have a lane.
const LANES: usize = 30;
/// No timeline is longer.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// None is shorter, so that a short build is no wall.
const SHORTEST: TimeDelta = TimeDelta::hours(1);
/// The whole width, in the unit of [`Bar::left`].
pub const WIDTH: i64 = 1000;

/// Attempts beside one another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timeline {
    /// Its left edge.
    pub from: DateTime<Utc>,
    /// Its right edge.
    pub to: DateTime<Utc>,
    /// One for each build, the newest first.
    pub lanes: Vec<Lane>,
    /// Builds of this span that have none.
    pub older: usize,
}

/// The attempts of one build.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    /// Whose.
    pub task: TaskId,
    /// Its title when it began.
    pub title: String,
    /// Where it stands.
    pub state: &'static str,
    /// Its attempts within the span.
    pub bars: Vec<Bar>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Its number.
    pub attempt: Attempt,
    /// `running`, `succeeded`, `failed`, `blocked` or `cancelled`.
    pub outcome: &'static str,
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; `null` while it runs.
    pub to: Option<DateTime<Utc>>,
    /// Where it begins, in thousandths of the span.
    pub left: i64,
    /// How long it is, in thousandths of the span; at least enough to be seen.
    pub width: i64,
}

/// The attempts up to a moment: of a week at most.
pub fn timeline(ledger: &Ledger, now: DateTime<Utc>) -> Timeline {
    let earliest = now - LONGEST;
    let ended = |run: &Run| run.end.as_ref().map_or(now, |end| end.at);
    let within = |task: &&TaskId| {
        let build = ledger.builds.get(*task);
        build.is_some_and(|build| build.attempts.iter().any(|run| ended(run) >= earliest))
    };
    let mut tasks: Vec<_> = in_order(ledger).into_iter().filter(within).collect();
    let older = tasks.len().saturating_sub(LANES);
    tasks.truncate(LANES);
    let runs = tasks.iter().filter_map(|task| ledger.builds.get(*task));
    let runs = runs.flat_map(|build| &build.attempts).filter(|run| ended(run) >= earliest);
    let from = runs.map(|run| run.at).min().unwrap_or(now).max(earliest).min(now - SHORTEST);
    let span = Span { from, to: now };
    let lane = |task: &TaskId| {
        let build = ledger.builds.get(task)?;
        let runs = build.attempts.iter().filter(|run| ended(run) >= from);
        Some(Lane {
            task: task.clone(),
            title: build.last()?.started.title.clone(),
            state: build.phase.name(),
            bars: runs.map(|run| span.bar(run)).collect(),
        })
    };
    Timeline { from, to: now, lanes: tasks.into_iter().filter_map(lane).collect(), older }
}

struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Span {
    fn share(&self, at: DateTime<Utc>) -> i64 {
        let whole = (self.to - self.from).num_seconds().max(1);
        ((at - self.from).num_seconds() * WIDTH / whole).clamp(0, WIDTH)
    }

    fn bar(&self, run: &Run) -> Bar {
        /// Thinner is hard to see.
        const LEAST: i64 = 6;
        let to = run.end.as_ref().map(|end| end.at);
        let left = self.share(run.at).min(WIDTH - LEAST);
        let width = (self.share(to.unwrap_or(self.to)) - left).max(LEAST);
        let outcome = match run.end.as_ref().map(|end| &end.outcome) {
            None => "running",
            Some(Outcome::Succeeded(_)) => "succeeded",
            Some(Outcome::Failed { .. }) => "failed",
            Some(Outcome::Blocked { .. }) => "blocked",
            Some(Outcome::Cancelled { .. }) => "cancelled",
        };
        Bar { attempt: run.number(), outcome, from: run.at, to, left, width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, ledger};

    fn drawn(lines: &str, now: &str) -> Vec<String> {
        let line = timeline(&ledger(lines), at(now));
        let bar = |bar: &Bar| format!("{} {}+{}", bar.outcome, bar.left, bar.width);
        let lane = |lane: &Lane| {
            let bars: Vec<_> = lane.bars.iter().map(bar).collect();
            format!("{} {}: {}", lane.task, lane.state, bars.join(", "))
        };
        line.lanes.iter().map(lane).collect()
    }

    #[test]
    fn attempts_lie_where_they_happened() {
        let lines = "10:00 a started\n11:00 a failed `x` exits 1\n11:30 a started\n\
                     12:00 b started\n12:30 b succeeded";
        assert_eq!(
            drawn(lines, "20:00"),
            ["a building: failed 0+100, running 150+850", "b review: succeeded 200+50"]
        );
    }

    #[test]
    fn a_short_build_is_seen_and_is_no_wall() {
        let lines = "19:59 a started\n20:00 a succeeded";
        assert_eq!(drawn(lines, "20:00"), ["a review: succeeded 983+17"]);
        assert_eq!(drawn("", "20:00"), Vec::<String>::new());
    }
}
