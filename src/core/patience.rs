//! Waits of a known length, on a clock that somebody may set.

use chrono::{DateTime, TimeDelta, Utc};

/// When a wait ends that began at `since` and lasts for `length`; `None` when it is over.
///
/// A clock that was wrong when the wait began, or that has been set back since, must not hold it
/// for years: from a moment that lies further ahead than the wait is long nobody can tell how much
/// of it is left, and it is over. So no wait lasts longer than twice its length.
pub fn ends(since: DateTime<Utc>, length: TimeDelta, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = since.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let earliest = since.checked_sub_signed(length).unwrap_or(DateTime::<Utc>::MIN_UTC);
    (earliest <= now && now < end).then_some(end)
}

/// The same for a wait of which the end is known.
pub fn until(since: DateTime<Utc>, end: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ends(since, end - since, now).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::at;

    #[test]
    fn no_wait_outlives_a_clock_that_is_set() {
        let years = TimeDelta::days(3650);
        let (began, five) = (at("09:00"), TimeDelta::minutes(5));
        for (now, left) in [
            (at("09:00"), Some(at("09:05"))),
            (at("09:04"), Some(at("09:05"))),
            (at("09:05"), None),
            (began + years, None),
            // Set back a little: it waits from there, at most for as long again.
            (at("08:59"), Some(at("09:05"))),
            (at("08:55"), Some(at("09:05"))),
            (at("08:54"), None),
            (began - years, None),
        ] {
            assert_eq!(ends(began, five, now), left, "{now}");
        }
        for edge in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(ends(edge, TimeDelta::MAX, edge).is_some(), edge < began);
            assert!(!until(edge, edge, began));
        }
    }
}
