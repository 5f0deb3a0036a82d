//! The medium window through every clock change of every zone of the tz database.

use std::collections::BTreeMap;

use chrono::{Offset, TimeZone, Timelike};

use super::*;
use crate::domain::config::Config;

/// Clock changes are looked for from the first of these years to the end of the second.
const YEARS: (i32, i32) = (2026, 2037);

/// The moments at which a zone's clock is changed, to the second, found by bisection between
/// looks that are a week apart.
fn changes(tz: Tz) -> Vec<i64> {
    let offset = |at: i64| {
        let moment = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
        tz.offset_from_utc_datetime(&moment).fix().local_minus_utc()
    };
    let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap().timestamp();
    let mut found = Vec::new();
    let looks = (year(YEARS.0)..year(YEARS.1 + 1)).step_by(7 * 24 * 3600);
    for (mut before, mut after) in looks.clone().zip(looks.skip(1)) {
        if offset(before) == offset(after) {
            continue;
        }
        while after - before > 1 {
            let middle = i64::midpoint(before, after);
            let same = offset(middle) == offset(before);
            *(if same { &mut before } else { &mut after }) = middle;
        }
        found.push(after);
    }
    found
}

/// Openings of the days around a change, and the words of what is wrong with them.
fn nights(window: &Window, tz: Tz, change: DateTime<Utc>) -> Result<(), String> {
    let (from, to) = (change - TimeDelta::hours(60), change + TimeDelta::hours(60));
    let mut openings = Vec::new();
    let mut at = from;
    while let Some(next) = next_opening(window, tz, at).filter(|next| *next < to) {
        openings.push(next);
        at = next;
    }
    let second = TimeDelta::seconds(1);
    let mut nights: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for opening in &openings {
        let civil = opening.with_timezone(&tz).naive_local();
        // What the clock skips at 22:00 opens right after the change, maybe past midnight.
        let skipped = *opening == change && civil.hour() < 6;
        let evening = if skipped { civil.date().pred_opt().unwrap() } else { civil.date() };
        *nights.entry(evening).or_default() += 1;
        if *opening != change && civil.time() != NaiveTime::from_hms_opt(22, 0, 0).unwrap() {
            return Err(format!("opens at {civil}"));
        }
        if is_open(window, tz, *opening - second) || !is_open(window, tz, *opening) {
            return Err(format!("{civil} is no opening"));
        }
    }
    let days: Vec<_> = nights.keys().copied().collect();
    let all = days.windows(2).all(|two| two[0].succ_opt() == Some(two[1]));
    match all && days.len() >= 4 && nights.values().all(|count| *count == 1) {
        true => shut_again(window, tz, &openings),
        false => Err(format!("opens on {nights:?}")),
    }
}

/// Between two openings it closes once, at 06:00, and stays closed.
fn shut_again(window: &Window, tz: Tz, openings: &[DateTime<Utc>]) -> Result<(), String> {
    for two in openings.windows(2) {
        let mut open = true;
        let mut at = two[0];
        while at < two[1] {
            let now = is_open(window, tz, at);
            let civil = at.with_timezone(&tz);
            if now && !open {
                return Err(format!("opens anew at {civil}"));
            }
            if !now && open && civil.hour() != 6 {
                return Err(format!("closes at {civil}"));
            }
            open = now;
            at += TimeDelta::minutes(30);
        }
        if open {
            return Err(format!("does not close after {}", two[0]));
        }
    }
    Ok(())
}

#[test]
fn the_medium_window_opens_once_a_night_in_every_zone() {
    let medium = Config::default().window_medium;
    let (mut zones, mut all) = (0, 0);
    let mut wrong = Vec::new();
    for tz in chrono_tz::TZ_VARIANTS {
        let changes = changes(tz);
        zones += usize::from(!changes.is_empty());
        all += changes.len();
        for change in changes {
            let change = DateTime::from_timestamp(change, 0).unwrap();
            if let Err(what) = nights(&medium, tz, change) {
                wrong.push(format!("{tz} around {change}: {what}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {all}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    // About a third of the database changes its clocks, twice a year.
    assert!(zones > 150 && all > 3000, "{zones} zones, {all} changes");
}

#[test]
fn weekly_spans_are_found_across_changes() {
    let weekly = |text: &str| {
        let text = format!("windows: {{high: \"{text}\"}}");
        crate::domain::config::parse("f", text.as_bytes()).unwrap().0.window_high
    };
    let utc = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc();
    let berlin = chrono_tz::Europe::Berlin;
    for (window, now, open, next) in [
        // Once a week: seven days on, and an hour more across the change in autumn.
        ("Mon 22:00-06:00", "2026-01-05 21:00", true, "2026-01-12 21:00"),
        ("Mon 22:00-06:00", "2026-10-19 20:00", true, "2026-10-26 21:00"),
        ("Mon 22:00-06:00", "2026-01-06 04:59", true, "2026-01-12 21:00"),
        ("Mon 22:00-06:00", "2026-01-06 05:00", false, "2026-01-12 21:00"),
        // The span belongs to Sunday, on which it begins; Monday's evening is none.
        ("Sun 22:00-06:00", "2026-01-05 03:00", true, "2026-01-11 21:00"),
        ("Sun 22:00-06:00", "2026-01-05 22:00", false, "2026-01-11 21:00"),
        // The clock jumps over its beginning, and goes through it twice.
        ("Sun 02:30-04:00", "2026-03-28 12:00", false, "2026-03-29 01:00"),
        ("Sun 02:30-04:00", "2026-10-24 12:00", false, "2026-10-25 00:30"),
        ("Sun 02:30-04:00", "2026-10-25 00:45", true, "2026-11-01 01:30"),
        // A weekend is one opening.
        ("Sat,Sun 00:00-24:00", "2026-01-10 12:00", true, "2026-01-16 23:00"),
        ("Sat,Sun 00:00-24:00", "2026-01-09 12:00", false, "2026-01-09 23:00"),
        ("Mon-Fri 22:00-06:00", "2026-01-09 23:00", true, "2026-01-12 21:00"),
    ] {
        let window = weekly(window);
        assert_eq!(is_open(&window, berlin, utc(now)), open, "{window:?} {now}");
        assert_eq!(next_opening(&window, berlin, utc(now)), Some(utc(next)), "{window:?} {now}");
    }
}
