//! A week in numbers, to be held against the one before.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Span, Tally};
use crate::domain::event::{Kind, Recorded};

/// The seven days up to a moment.
pub fn last(until: DateTime<Utc>) -> Span {
    Span { since: until - TimeDelta::weeks(1), until }
}

/// The seven days before these.
pub fn before_last(until: DateTime<Utc>) -> Span {
    last(until - TimeDelta::weeks(1))
}

/// What happened within a span, by events that all held where they stand.
pub fn tally(events: &[Recorded], span: Span) -> Tally {
    let mut tally = Tally::default();
    let mut took = Vec::new();
    for recorded in events.iter().filter(|recorded| span.holds(recorded.at)) {
        match &recorded.event.kind {
            Kind::Started(_) => tally.started += 1,
            Kind::Succeeded(end) => {
                tally.completed += 1;
                took.push(end.usage.duration.as_secs());
            }
            Kind::Failed(end) => {
                tally.failed += 1;
                took.push(end.usage.duration.as_secs());
            }
            Kind::Merged { .. } => tally.merged += 1,
            _ => {}
        }
    }
    took.sort_unstable();
    tally.median_seconds = took.get(took.len().saturating_sub(1) / 2).copied();
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, recorded};

    #[test]
    fn each_week_has_its_own() {
        let events = recorded(
            "09:00 a started\n09:10 a succeeded\n09:20 a merged\n10:00 b started\n10:01 b failed `x`",
        );
        let of = |span: Span| {
            let it = tally(&events, span);
            (it.started, it.completed, it.failed, it.merged)
        };
        let now = at("18:00");
        assert_eq!((of(last(now)), of(before_last(now))), ((2, 1, 1, 1), (0, 0, 0, 0)));
        let later = now + TimeDelta::weeks(1);
        assert_eq!((of(last(later)), of(before_last(later))), ((0, 0, 0, 0), (2, 1, 1, 1)));
        // The edge belongs to one of them.
        let edge = at("09:10") + TimeDelta::weeks(1);
        assert_eq!((of(last(edge)), of(before_last(edge))), ((1, 1, 1, 1), (1, 0, 0, 0)));
    }
}
