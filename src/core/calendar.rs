//! From the text of an iCalendar file to the times at which its owner is busy.

mod event;
mod recur;
#[cfg(test)]
mod tests;
mod zone;

use std::collections::BTreeMap;

use calcard::icalendar::ICalendar;
use calcard::{Entry, Parser};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::event::Event;
use self::recur::Occurrence;
use crate::domain::diagnostic::quoted;

/// A larger calendar is not read.
pub const LARGEST: usize = 16 << 20;

/// How far ahead busy times are told: as long as what was read may be remembered.
pub const AHEAD: TimeDelta = TimeDelta::hours(2);

/// A time at which nothing starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// What it is, as its owner wrote it; `busy` where that is private.
    pub title: String,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
}

/// What a calendar says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What is not over yet and begins within [`AHEAD`], ordered by its beginning.
    pub busy: Vec<Busy>,
    /// What could not be followed.
    pub notes: Vec<String>,
}

/// The times around `now` at which a calendar's owner is busy. Times without a zone, and whole
/// days, are meant in `tz`. `Err` says why it cannot be read.
pub fn read(text: &str, tz: Tz, now: DateTime<Utc>) -> Result<Reading, String> {
    if text.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    let span = Span { from: now, to: now.checked_add_signed(AHEAD).unwrap_or(now) };
    let mut reading = Reading::default();
    let mut budget = recur::BUDGET;
    for calendar in calendars(text)? {
        let zones = zone::Zones::of(&calendar, tz, span);
        for (_, events) in by_uid(&calendar, &zones) {
            follow(&events, span, &mut budget, &mut reading);
        }
    }
    shorten(&mut reading.notes);
    reading.busy.sort_by(|a, b| (a.from, &a.title).cmp(&(b.from, &b.title)));
    Ok(reading)
}

/// A few by name, the others by number: nobody reads a thousand.
fn shorten(notes: &mut Vec<String>) {
    const MOST: usize = 3;
    let more = notes.len().saturating_sub(MOST);
    if more > 0 {
        notes.truncate(MOST);
        notes.push(format!("{more} more series repeat too often to be followed"));
    }
}

/// The time that is of interest.
#[derive(Clone, Copy)]
struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

fn calendars(text: &str) -> Result<Vec<ICalendar>, String> {
    let mut parser = Parser::new(text);
    let mut found = Vec::new();
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => found.push(calendar),
            Entry::TooManyComponents => return Err("it has too many entries".into()),
            Entry::Eof => break,
            _ => {}
        }
    }
    if found.is_empty() {
        return Err("there is no calendar (`BEGIN:VCALENDAR`) in it".into());
    }
    // The parser is content with half a file: a download that broke off must be told.
    match is_whole(text) {
        true => Ok(found),
        false => Err("it breaks off: there is no `END:VCALENDAR` at its end".into()),
    }
}

fn is_whole(text: &str) -> bool {
    const END: &[u8] = b"END:VCALENDAR";
    let tail = &text.as_bytes()[text.len().saturating_sub(4096)..];
    tail.windows(END.len()).any(|words| words.eq_ignore_ascii_case(END))
}

/// A series and its exceptions have one UID; what has none stands alone.
fn by_uid(calendar: &ICalendar, zones: &zone::Zones) -> BTreeMap<String, Vec<Event>> {
    let mut all: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let events = calendar.components.iter().filter(|part| part.component_type.is_event());
    for (number, component) in events.enumerate() {
        if let Some(event) = Event::of(component, zones) {
            let uid = component.uid().map_or_else(|| format!("\0{number}"), str::to_owned);
            all.entry(uid).or_default().push(event);
        }
    }
    all
}

/// All that one UID says: series and single events, without what exceptions take away or move.
fn follow(events: &[Event], span: Span, budget: &mut usize, reading: &mut Reading) {
    let (overrides, masters): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.instead_of.is_some());
    let onwards = |at: DateTime<Utc>| {
        let earlier = overrides.iter().filter(move |event| event.onwards);
        let earlier = earlier.filter_map(|event| Some((event.instead_of.as_ref()?, event)));
        let earlier = earlier.filter(move |(old, _)| old.moment() <= at);
        earlier.max_by_key(|(old, _)| old.moment())
    };
    for master in masters {
        let found = recur::occurrences(master, &overrides, span, budget);
        if !found.complete && master.holds {
            let title = quoted(&master.title);
            reading.notes.push(format!("{title} repeats too often to be followed"));
        }
        for occurrence in found.list {
            let at = occurrence.start.moment();
            let replaced = |event: &&&Event| {
                event.instead_of.as_ref().is_some_and(|old| old.is(&occurrence.start))
            };
            if overrides.iter().any(|event| replaced(&event)) {
                continue;
            }
            match onwards(at) {
                Some((old, event)) => {
                    let start = occurrence.start.shifted(event.start.local - old.local);
                    let moved = Occurrence { start, length: event.length };
                    take(event, &moved, span, reading);
                }
                None => take(master, &occurrence, span, reading),
            }
        }
    }
    for event in overrides {
        take(
            event,
            &Occurrence { start: event.start.clone(), length: event.length },
            span,
            reading,
        );
    }
}

fn take(event: &Event, occurrence: &Occurrence, span: Span, reading: &mut Reading) {
    let (from, until) = occurrence.moments();
    if event.holds && from < until && until > span.from && from < span.to {
        reading.busy.push(Busy { title: event.title.clone(), from, until });
    }
}
