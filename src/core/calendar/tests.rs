//! Calendars as the programs of this world write them, and as nobody should.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const BERLIN: Tz = chrono_tz::Europe::Berlin;

fn utc(text: &str) -> DateTime<Utc> {
    format!("{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

/// A calendar of these events: lines, with `--` between two of them. What has no UID gets one.
fn calendar(events: &str) -> String {
    let one = |(number, event): (usize, &str)| {
        let lines: Vec<_> = event.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let known = lines.iter().any(|line| line.starts_with("UID:"));
        let uid = if known { String::new() } else { format!("UID:{number}\r\n") };
        format!("BEGIN:VEVENT\r\n{uid}{}\r\nEND:VEVENT\r\n", lines.join("\r\n"))
    };
    let events: String = events.split("--\n").enumerate().map(one).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

/// `title from-until`, in UTC, of all that is busy.
fn shown(text: &str, now: &str) -> String {
    let reading = read(text, BERLIN, utc(now)).unwrap_or_else(|why| panic!("{text}\n{why}"));
    let one = |busy: &Busy| {
        let (from, until) = (busy.from.format("%m-%d %H:%M"), busy.until.format("%m-%d %H:%M"));
        format!("{} {from} to {until}", busy.title)
    };
    let lines = reading.busy.iter().map(one).chain(reading.notes);
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(events: &str, now: &str, expected: &str) {
    assert_eq!(shown(&calendar(events), now), expected, "{events}");
}

#[test]
fn single_events_in_every_kind_of_time() {
    for (start, expected) in [
        ("DTSTART:20260202T140000Z\nDTEND:20260202T150000Z", "M 02-02 14:00 to 02-02 15:00"),
        ("DTSTART:20260202T150000\nDTEND:20260202T160000", "M 02-02 14:00 to 02-02 15:00"),
        (
            "DTSTART;TZID=America/New_York:20260202T090000\nDURATION:PT1H",
            "M 02-02 14:00 to 02-02 15:00",
        ),
        (
            "DTSTART;TZID=\"W. Europe Standard Time\":20260202T150000\n\
             DTEND;TZID=W. Europe Standard Time:20260202T160000",
            "M 02-02 14:00 to 02-02 15:00",
        ),
        // A flight: two zones.
        (
            "DTSTART;TZID=Europe/London:20260202T140000\nDTEND;TZID=America/New_York:20260202T170000",
            "M 02-02 14:00 to 02-02 22:00",
        ),
        // Nobody knows this zone: it is read as the owner's.
        (
            "DTSTART;TZID=Atlantis:20260202T150000\nDTEND;TZID=Atlantis:20260202T160000",
            "M 02-02 14:00 to 02-02 15:00",
        ),
        // Whole days, of the owner's.
        ("DTSTART;VALUE=DATE:20260202", "M 02-01 23:00 to 02-02 23:00"),
        ("DTSTART;VALUE=DATE:20260131\nDTEND;VALUE=DATE:20260205", "M 01-30 23:00 to 02-04 23:00"),
        // No end: it takes no time.
        ("DTSTART:20260202T143000Z", ""),
        ("DTSTART:20260202T150000Z\nDTEND:20260202T140000Z", ""),
        // Over, and not near.
        ("DTSTART:20260202T100000Z\nDTEND:20260202T143000Z", ""),
        ("DTSTART:20260202T170000Z\nDTEND:20260202T180000Z", ""),
        ("DTSTART:20260202T150000Z\nDTEND:20260202T160000Z", "M 02-02 15:00 to 02-02 16:00"),
    ] {
        check(&format!("SUMMARY:M\n{start}"), "2026-02-02 14:30", expected);
    }
}

#[test]
fn what_takes_no_time_does_not_hold() {
    let when = "DTSTART:20260202T140000Z\nDTEND:20260202T150000Z";
    for (words, expected) in [
        ("SUMMARY:M", "M"),
        ("SUMMARY:M\nTRANSP:OPAQUE", "M"),
        ("SUMMARY:M\nSTATUS:TENTATIVE", "M"),
        ("SUMMARY:M\nX-MICROSOFT-CDO-BUSYSTATUS:OOF", "M"),
        ("SUMMARY:M\nTRANSP:TRANSPARENT", ""),
        ("SUMMARY:M\nSTATUS:CANCELLED", ""),
        ("SUMMARY:M\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", ""),
        ("SUMMARY:Secret\nCLASS:PRIVATE", "busy"),
        ("SUMMARY:Secret\nCLASS:CONFIDENTIAL", "busy"),
        ("SUMMARY:Secret\nCLASS:X-HOUSE", "busy"),
        ("SUMMARY:Open\nCLASS:PUBLIC", "Open"),
        ("DESCRIPTION:no title", "busy"),
        ("SUMMARY:a\\, b\\; `c`\\nd", "a, b;  c  d"),
    ] {
        let expected = match expected {
            "" => String::new(),
            title => format!("{title} 02-02 14:00 to 02-02 15:00"),
        };
        check(&format!("{words}\n{when}"), "2026-02-02 14:30", &expected);
    }
}

#[test]
fn series_keep_to_the_clock_through_changes() {
    let weekly = "SUMMARY:W\nDTSTART;TZID=Europe/Berlin:20250106T090000\n\
                  DTEND;TZID=Europe/Berlin:20250106T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO";
    for (now, expected) in [
        ("2026-02-02 08:30", "W 02-02 08:00 to 02-02 09:00"),
        ("2026-07-06 07:30", "W 07-06 07:00 to 07-06 08:00"),
        ("2026-07-06 09:30", ""),
        ("2026-02-03 08:30", ""),
        ("2024-12-30 08:30", ""),
    ] {
        check(weekly, now, expected);
    }
    // A time that the clock skips is the moment after it; one that comes twice the first.
    let nightly =
        "SUMMARY:N\nDTSTART;TZID=Europe/Berlin:20250106T023000\nDURATION:PT30M\nRRULE:FREQ=DAILY";
    check(nightly, "2026-03-29 00:30", "N 03-29 01:00 to 03-29 01:30");
    check(nightly, "2026-10-25 00:15", "N 10-25 00:30 to 10-25 01:00");
}

#[test]
fn rules_of_many_kinds() {
    for (rule, now, expected) in [
        ("FREQ=DAILY;COUNT=3", "2026-01-03 09:30", "R 01-03 09:00 to 01-03 10:00"),
        ("FREQ=DAILY;COUNT=3", "2026-01-04 09:30", ""),
        ("FREQ=DAILY;UNTIL=20260103T090000Z", "2026-01-03 09:30", "R 01-03 09:00 to 01-03 10:00"),
        ("FREQ=DAILY;UNTIL=20260103T085959Z", "2026-01-03 09:30", ""),
        ("FREQ=DAILY;UNTIL=20260103", "2026-01-03 09:30", "R 01-03 09:00 to 01-03 10:00"),
        ("FREQ=DAILY;INTERVAL=2", "2026-02-02 09:30", "R 02-02 09:00 to 02-02 10:00"),
        ("FREQ=DAILY;INTERVAL=2", "2026-02-03 09:30", ""),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-01-15 09:30", "R 01-15 09:00 to 01-15 10:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-01-08 09:30", ""),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-03-27 09:30", "R 03-27 09:00 to 03-27 10:00"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-03-20 09:30", ""),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-02-27 09:30",
            "R 02-27 09:00 to 02-27 10:00",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-03-31 09:30", "R 03-31 09:00 to 03-31 10:00"),
        ("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=24", "2030-06-24 09:30", "R 06-24 09:00 to 06-24 10:00"),
        ("FREQ=HOURLY;INTERVAL=5", "2026-05-05 09:30", ""),
        ("FREQ=HOURLY;INTERVAL=24", "2036-05-05 09:30", "R 05-05 09:00 to 05-05 10:00"),
    ] {
        let event =
            format!("SUMMARY:R\nDTSTART:20260101T090000Z\nDTEND:20260101T100000Z\nRRULE:{rule}");
        let found = shown(&calendar(&event), now);
        assert_eq!(found, expected, "{rule} at {now}");
    }
}

#[test]
fn exceptions_take_out_move_and_cancel() {
    let series = "UID:s\nSUMMARY:S\nSEQUENCE:3\nDTSTART;TZID=Europe/Berlin:20260105T090000\n\
                  DTEND;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=WEEKLY";
    let with = |more: &str| format!("{series}\n{more}");
    let taken_out = with("EXDATE;TZID=Europe/Berlin:20260119T090000,20260202T090000");
    check(&taken_out, "2026-02-02 08:30", "");
    check(&taken_out, "2026-02-09 08:30", "S 02-09 08:00 to 02-09 09:00");
    check(&with("EXDATE:20260202T080000Z"), "2026-02-02 08:30", "");
    check(&with("EXDATE;VALUE=DATE:20260202"), "2026-02-02 08:30", "");
    check(
        &with("RDATE;TZID=Europe/Berlin:20260203T090000"),
        "2026-02-03 08:30",
        "S 02-03 08:00 to 02-03 09:00",
    );
    // Moved, by an exception with a sequence of its own.
    let moved = with(
        "--\nUID:s\nSUMMARY:Moved\nRECURRENCE-ID;TZID=Europe/Berlin:20260202T090000\nSEQUENCE:7\n\
         DTSTART;TZID=Europe/Berlin:20260202T140000\nDTEND;TZID=Europe/Berlin:20260202T150000",
    );
    check(&moved, "2026-02-02 08:30", "");
    check(&moved, "2026-02-02 13:30", "Moved 02-02 13:00 to 02-02 14:00");
    check(&moved, "2026-02-09 08:30", "S 02-09 08:00 to 02-09 09:00");
    let cancelled = with("--\nUID:s\nRECURRENCE-ID:20260202T080000Z\nSTATUS:CANCELLED");
    check(&cancelled, "2026-02-02 08:30", "");
    // Another series at the same time has nothing to do with it.
    let other = "--\nUID:o\nSUMMARY:O\nDTSTART:20260105T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY";
    let two = format!("{cancelled}\n{other}");
    check(&two, "2026-02-02 08:30", "O 02-02 08:00 to 02-02 09:00");
    // From then on an hour later.
    let onwards = with(
        "--\nUID:s\nSUMMARY:Later\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260202T090000\n\
         DTSTART;TZID=Europe/Berlin:20260202T100000\nDTEND;TZID=Europe/Berlin:20260202T103000",
    );
    check(&onwards, "2026-01-26 08:30", "S 01-26 08:00 to 01-26 09:00");
    check(&onwards, "2026-02-02 09:15", "Later 02-02 09:00 to 02-02 09:30");
    check(&onwards, "2026-02-09 08:30", "Later 02-09 09:00 to 02-09 09:30");
    check(&onwards, "2026-02-09 09:31", "");
}

#[test]
fn whole_days_end_at_midnight_through_changes() {
    let days = "SUMMARY:V\nDTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330";
    check(days, "2026-03-29 12:00", "V 03-27 23:00 to 03-29 22:00");
    let yearly = "SUMMARY:B\nDTSTART;VALUE=DATE:19700329\nRRULE:FREQ=YEARLY";
    check(yearly, "2026-03-29 12:00", "B 03-28 23:00 to 03-29 22:00");
}

#[test]
fn zones_that_the_file_describes() {
    let text = |tzid: &str, more: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n{more}\
             BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
             RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n\
             BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n\
             RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n\
             BEGIN:VEVENT\r\nSUMMARY:Z\r\nUID:z\r\nDTSTART;TZID={tzid}:20260105T090000\r\nDURATION:PT1H\r\n\
             RRULE:FREQ=DAILY;UNTIL=20270105T080000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let tokyo = chrono_tz::Asia::Tokyo;
    for (tzid, more) in [
        ("Customized Time Zone", ""),
        ("/mozilla.org/20050126_1/Europe/Rome", ""),
        ("Whatever", "X-LIC-LOCATION:Europe/Vienna\r\n"),
        ("Romance Standard Time", ""),
    ] {
        for (now, from) in [("2026-02-02 08:30", "08:00"), ("2026-07-06 07:30", "07:00")] {
            let reading = read(&text(tzid, more), tokyo, utc(now)).unwrap();
            let froms: Vec<_> =
                reading.busy.iter().map(|b| b.from.format("%H:%M").to_string()).collect();
            assert_eq!(froms, [from], "{tzid} at {now}");
        }
    }
}

#[test]
fn what_is_no_calendar_is_said() {
    for (text, why) in [
        ("", "there is no calendar (`BEGIN:VCALENDAR`) in it"),
        ("<html>Sign in</html>", "there is no calendar (`BEGIN:VCALENDAR`) in it"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026",
            "it breaks off: there is no `END:VCALENDAR` at its end",
        ),
    ] {
        assert_eq!(read(text, BERLIN, utc("2026-02-02 08:30")), Err(why.to_owned()), "{text}");
    }
    let large = " ".repeat(LARGEST + 1);
    assert!(read(&large, BERLIN, utc("2026-02-02 08:30")).unwrap_err().contains("16 MiB"));
    let empty = "BEGIN:VCALENDAR\nEND:VCALENDAR\n";
    assert_eq!(read(empty, BERLIN, utc("2026-02-02 08:30")), Ok(Reading::default()));
}

#[test]
fn whatever_stands_there_is_bounded() {
    let now = "2026-02-02 08:30";
    for (event, notes) in [
        ("DTSTART:20000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;COUNT=4294967295", 1),
        ("DTSTART:20000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY", 0),
        ("DTSTART:00010101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY", 0),
        ("DTSTART:00010101T000000Z\nDURATION:PT1S\nRRULE:FREQ=YEARLY", 0),
        ("DTSTART:00000101T000000Z\nDTEND:99991231T235959Z\nRRULE:FREQ=MINUTELY;COUNT=99999999", 1),
        ("DTSTART:20260101T000000Z\nDURATION:P4294967295W\nRRULE:FREQ=DAILY", 0),
        ("DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 0),
        ("DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0", 0),
        ("DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=65535", 0),
        ("DTSTART:99991231T235959Z\nDURATION:P9W\nRRULE:FREQ=DAILY", 0),
        ("DTSTART;VALUE=DATE:99991231\nRRULE:FREQ=DAILY", 0),
    ] {
        let text = calendar(&format!("SUMMARY:X\n{event}"));
        let begun = std::time::Instant::now();
        let reading = read(&text, BERLIN, utc(now)).unwrap();
        assert_eq!(reading.notes.len(), notes, "{event}: {:?}", reading.notes);
        assert!(begun.elapsed() < Duration::from_secs(20), "{event}: {:?}", begun.elapsed());
    }
    let endless = "SUMMARY:X\nDTSTART:20000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;COUNT=4294967295\n--\n";
    let reading = read(&calendar(&endless.repeat(30)), BERLIN, utc(now)).unwrap();
    assert_eq!(reading.notes.len(), 4);
    assert_eq!(reading.notes[3], "27 more series repeat too often to be followed");
    // Every moment that there is may be asked about.
    let daily = calendar("SUMMARY:X\nDTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY");
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let _ = read(&daily, BERLIN, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Lines of calendars in any order and with any numbers give a reading or a reason.
    #[test]
    fn noise_is_survived(
        lines in prop::collection::vec(prop_oneof![
            "(DTSTART|DTEND|EXDATE|RDATE|RECURRENCE-ID)(;VALUE=DATE|;TZID=[A-Z/]{1,8})?:[0-9]{0,9}T?[0-9]{0,7}Z?",
            "RRULE:FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY)(;(INTERVAL|COUNT)=[0-9]{1,6})?\
             (;BY(DAY=-?[0-9]{0,3}(MO|SU)|MONTH=[0-9]{1,3}|MONTHDAY=-?[0-9]{1,3}|SETPOS=-?[0-9]{1,4}|WEEKNO=-?[0-9]{1,3}|HOUR=[0-9]{1,3}))?",
            "DURATION:-?P[0-9]{0,10}(D|W|T[0-9]{1,10}H)?",
            "(BEGIN|END):(VEVENT|VTIMEZONE|STANDARD|VCALENDAR|VALARM)",
            "(TZOFFSETTO|TZOFFSETFROM):[+-][0-9]{2,6}",
            "[ -~]{0,40}",
        ], 0..30),
    ) {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\nEND:VCALENDAR\n", lines.join("\n"));
        let _ = read(&text, BERLIN, utc("2026-02-02 08:30"));
    }
}
