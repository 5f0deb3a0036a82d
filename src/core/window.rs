//! When a priority may start by itself, on the wall clock of a time zone.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

use crate::domain::config::{Span, Window};
use crate::domain::task::When;

/// A span ends at most a day after the one on which it begins; a clock that skips a whole day
/// (Samoa, 2011) moves its end by one more.
const LONGEST: u64 = 2;

/// A week and what clock changes add to it: a span that begins once a week is found.
const AHEAD: usize = 9;

/// Whether the window is open now.
pub fn is_open(window: &Window, tz: Tz, now: DateTime<Utc>) -> bool {
    let Window::Spans(spans) = window else { return *window == Window::Always };
    let mut begun = openings(spans, tz, now).take_while(|(start, _)| *start <= now);
    begun.any(|(_, end)| now < end)
}

/// The first moment after `now` at which the window opens; `None` if it never changes. Spans
/// that touch are one opening.
pub fn next_opening(window: &Window, tz: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Window::Spans(spans) = window else { return None };
    let mut open_until = None;
    for (start, end) in openings(spans, tz, now) {
        if start > now && open_until.is_none_or(|until| until < start) {
            return Some(start);
        }
        open_until = open_until.max(Some(end));
    }
    None
}

/// A moment as a person wrote it. A wall-clock time that a clock change skips is the first
/// moment after the change; one that comes twice is the earlier.
pub fn resolve(when: When, tz: Tz) -> DateTime<Utc> {
    match when {
        When::Exact(moment) => moment,
        When::Civil(civil) => on_the_clock(civil, tz),
    }
}

fn on_the_clock(civil: NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    // Clocks skip at most a day (Samoa, 2011), always to a whole minute in our times.
    const LONGEST_GAP: i64 = 26 * 60;
    let whole = civil.date().and_time(floor_to_minute(civil.time()));
    let after = (0..=LONGEST_GAP).find_map(|minutes| {
        let candidate = match minutes {
            0 => civil,
            _ => whole.checked_add_signed(TimeDelta::minutes(minutes))?,
        };
        tz.from_local_datetime(&candidate).earliest()
    });
    after.map_or_else(|| civil.and_utc(), |moment| moment.to_utc())
}

fn floor_to_minute(time: NaiveTime) -> NaiveTime {
    use chrono::Timelike;
    NaiveTime::from_hms_opt(time.hour(), time.minute(), 0).unwrap_or(time)
}

/// The times at which it is open around `now`, ordered by their beginnings. Each span of each
/// day is one interval between two moments, so that clock changes neither open it twice nor
/// leave it out.
fn openings(
    spans: &[Span],
    tz: Tz,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let today = now.with_timezone(&tz).date_naive();
    let first = today.checked_sub_days(Days::new(LONGEST)).unwrap_or(today);
    first.iter_days().take(LONGEST as usize + AHEAD).flat_map(move |day| {
        let begins = move |span: &&Span| span.days.has(day.weekday());
        spans.iter().filter(begins).filter_map(move |span| interval(*span, day, tz))
    })
}

fn interval(
    Span { from, to, .. }: Span,
    day: NaiveDate,
    tz: Tz,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let last = if to <= from { day.checked_add_days(Days::new(1))? } else { day };
    let start = on_the_clock(day.and_time(from), tz);
    let end = on_the_clock(last.and_time(to), tz);
    // A span that lies wholly in what the clock skips opens after it, for as long.
    let nominal = last.and_time(to).signed_duration_since(day.and_time(from));
    Some((start, if end > start { end } else { start.checked_add_signed(nominal)? }))
}

#[cfg(test)]
mod zone_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Window {
        let text = format!("windows: {{high: [{text}]}}");
        crate::domain::config::parse("f", text.as_bytes()).unwrap().0.window_high
    }

    fn utc(text: &str) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc()
    }

    /// `open` or `closed`, and the next opening in UTC.
    fn at(window: &str, tz: Tz, now: &str) -> String {
        let window = spans(window);
        let state = if is_open(&window, tz, utc(now)) { "open" } else { "closed" };
        let next = next_opening(&window, tz, utc(now)).unwrap();
        format!("{state}, then {}", next.format("%m-%d %H:%M"))
    }

    #[test]
    fn a_night_crosses_midnight() {
        let berlin = chrono_tz::Europe::Berlin;
        for (now, told) in [
            ("2026-01-10 17:00", "closed, then 01-10 21:00"),
            ("2026-01-10 20:59", "closed, then 01-10 21:00"),
            ("2026-01-10 21:00", "open, then 01-11 21:00"),
            ("2026-01-10 23:30", "open, then 01-11 21:00"),
            ("2026-01-11 04:59", "open, then 01-11 21:00"),
            ("2026-01-11 05:00", "closed, then 01-11 21:00"),
        ] {
            assert_eq!(at("22:00-06:00", berlin, now), told, "{now}");
        }
    }

    #[test]
    fn spans_that_touch_are_one_opening() {
        let utc = chrono_tz::UTC;
        let window = "22:00-00:00, 00:00-06:00, 12:00-13:00";
        assert_eq!(at(window, utc, "2026-01-10 23:00"), "open, then 01-11 12:00");
        assert_eq!(at(window, utc, "2026-01-10 13:00"), "closed, then 01-10 22:00");
    }

    #[test]
    fn clock_changes_leave_one_opening_a_night() {
        let berlin = chrono_tz::Europe::Berlin;
        // In the night to 2026-03-29 the clock goes from 02:00 to 03:00 (01:00 UTC); in the
        // one to 2026-10-25 from 03:00 back to 02:00 (01:00 UTC).
        for (window, start, until, opened) in [
            ("02:30-04:00", "2026-03-28 12:00", "2026-03-29 12:00", "01:00-02:00"),
            ("02:15-02:45", "2026-03-28 12:00", "2026-03-29 12:00", "01:00-01:30"),
            ("22:00-02:30", "2026-03-28 12:00", "2026-03-29 12:00", "21:00-01:00"),
            ("22:00-06:00", "2026-03-28 12:00", "2026-03-29 12:00", "21:00-04:00"),
            ("02:15-02:45", "2026-10-24 12:00", "2026-10-25 12:00", "00:15-00:45"),
            ("02:30-04:00", "2026-10-24 12:00", "2026-10-25 12:00", "00:30-03:00"),
            ("22:00-02:30", "2026-10-24 12:00", "2026-10-25 12:00", "20:00-00:30"),
            ("22:00-06:00", "2026-10-24 12:00", "2026-10-25 12:00", "20:00-05:00"),
        ] {
            let spans = spans(window);
            let (mut now, mut open) = (utc(start), false);
            let mut told = Vec::new();
            while now < utc(until) {
                if is_open(&spans, berlin, now) != open {
                    open = !open;
                    told.push(now.format("%H:%M").to_string());
                }
                now += TimeDelta::minutes(1);
            }
            assert_eq!(told.join("-"), opened, "{window} {start}");
        }
    }

    #[test]
    fn moments_are_found_on_the_clock() {
        let berlin = chrono_tz::Europe::Berlin;
        for (tz, civil, moment) in [
            (berlin, "2026-02-07 20:00", "2026-02-07 19:00"),
            (berlin, "2026-03-29 02:30", "2026-03-29 01:00"),
            (berlin, "2026-10-25 02:30", "2026-10-25 00:30"),
            (chrono_tz::Pacific::Apia, "2011-12-30 12:00", "2011-12-30 10:00"),
            (chrono_tz::UTC, "9999-12-31 23:59", "9999-12-31 23:59"),
        ] {
            let when = When::Civil(utc(civil).naive_utc());
            assert_eq!(resolve(when, tz), utc(moment), "{civil}");
        }
        let exact = utc("2026-03-29 02:30");
        assert_eq!(resolve(When::Exact(exact), berlin), exact);
    }

    #[test]
    fn always_and_never_never_change() {
        let now = utc("2026-01-01 00:00");
        assert!(is_open(&Window::Always, chrono_tz::UTC, now));
        assert!(!is_open(&Window::Never, chrono_tz::UTC, now));
        assert_eq!(next_opening(&Window::Never, chrono_tz::UTC, now), None);
        for edge in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = is_open(&spans("22:00-06:00"), chrono_tz::UTC, edge);
        }
    }
}
