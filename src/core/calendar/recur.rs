//! Recurrences: the occurrences of a series that matter now.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz as Named;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency,
    ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::Span;
use super::event::{Event, Length, Stamp};

/// How many occurrences one calendar may have before now, all series together.
pub(super) const BUDGET: usize = 400_000;

/// How many one series may have.
const MOST: usize = 50_000;

/// A longer event is not looked for further back than this.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// More than a clock is ever changed by.
const JUMP: TimeDelta = TimeDelta::hours(3);

/// One time at which an event happens.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) start: Stamp,
    pub(super) length: Length,
}

impl Occurrence {
    /// Its first moment and the first one after it.
    pub(super) fn moments(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let from = self.start.moment();
        let until = match self.length {
            Length::Exact(span) => from.checked_add_signed(span),
            Length::OnTheClock(span) => self.start.shifted_by(span).map(|end| end.moment()),
        };
        (from, until.unwrap_or(from))
    }
}

/// What was found of a series.
pub(super) struct Found {
    pub(super) list: Vec<Occurrence>,
    /// Nothing that matters is missing.
    pub(super) complete: bool,
}

/// The occurrences of an event around `span`, without the dates that are taken out.
pub(super) fn occurrences(
    event: &Event,
    overrides: &[&Event],
    span: Span,
    budget: &mut usize,
) -> Found {
    let mut found = Found { list: Vec::new(), complete: true };
    let at = |local| Stamp { local, ..event.start.clone() };
    if let Some(rule) = &event.rule {
        // What an exception moves from now on may have been meant for another day.
        let moved = overrides.iter().filter(|event| event.onwards);
        let moved = moved.map(|event| event.shift().abs()).max().unwrap_or_default();
        let length = event.length.span().clamp(TimeDelta::zero(), LONGEST);
        let around = moved.min(LONGEST) + JUMP;
        let zone = &event.start.zone;
        let back = length + around;
        let from = zone.local(span.from).checked_sub_signed(back).unwrap_or(NaiveDateTime::MIN);
        let to = zone.local(span.to).checked_add_signed(around).unwrap_or(NaiveDateTime::MAX);
        let series = Series { rule, until: event.until(rule), start: event.start.local };
        let (starts, complete) = expand(&series, (from, to), budget);
        found.complete = complete;
        let starts = starts.into_iter().map(|start| (at(start), event.length));
        found.list.extend(starts.map(|(start, length)| Occurrence { start, length }));
    } else {
        found.list.push(Occurrence { start: event.start.clone(), length: event.length });
    }
    found.list.extend(event.extra.iter().cloned());
    found.list.retain(|one| !event.except.iter().any(|out| out.is(&one.start)));
    found
}

/// A rule and where it begins, on one clock.
pub(super) struct Series<'r> {
    pub(super) rule: &'r ICalendarRecurrenceRule,
    /// Its last moment on that clock, where the rule names one.
    pub(super) until: Option<NaiveDateTime>,
    pub(super) start: NaiveDateTime,
}

/// The beginnings between two times on a clock, and whether these are all.
pub(super) fn expand(
    series: &Series,
    (from, to): (NaiveDateTime, NaiveDateTime),
    budget: &mut usize,
) -> (Vec<NaiveDateTime>, bool) {
    let until = series.until.map_or(to, |until| until.min(to));
    if until < series.start || until < from {
        return (Vec::new(), true);
    }
    let (Some(start), Some(last)) = (partial(skip(series, from)), partial(until)) else {
        return (Vec::new(), true);
    };
    let mut rule = series.rule.clone();
    rule.until = Some(last);
    let entry = |name, value| ICalendarEntry { name, params: Vec::new(), values: vec![value] };
    let component = ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries: vec![
            entry(ICalendarProperty::Dtstart, ICalendarValue::PartialDateTime(Box::new(start))),
            entry(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(Box::new(rule))),
        ],
        component_ids: Vec::new(),
    };
    let limit = MOST.min(*budget);
    let alone = ICalendar { components: vec![component] };
    let expanded = alone.expand_dates(Named::Floating, limit);
    *budget -= expanded.events.len().min(*budget);
    let complete = expanded.errors.is_empty() && expanded.events.len() < limit;
    let starts = expanded.events.iter().map(|event| event.start.naive_local());
    (starts.filter(|start| *start >= from && *start <= to).collect(), complete)
}

/// A series without a count may as well begin shortly before it matters.
fn skip(series: &Series, from: NaiveDateTime) -> NaiveDateTime {
    let start = series.start;
    let unit = match series.rule.freq {
        ICalendarFrequency::Weekly => 7 * 86_400,
        ICalendarFrequency::Daily => 86_400,
        ICalendarFrequency::Hourly => 3_600,
        ICalendarFrequency::Minutely => 60,
        ICalendarFrequency::Secondly => 1,
        _ => return start,
    };
    if series.rule.count.is_some() {
        return start;
    }
    let step = unit * i64::from(series.rule.interval.unwrap_or(1).max(1));
    let steps = (from - start).num_seconds() / step - 2;
    if steps <= 0 {
        return start;
    }
    start.checked_add_signed(TimeDelta::seconds(steps * step)).unwrap_or(start)
}

fn partial(at: NaiveDateTime) -> Option<PartialDateTime> {
    // Every part of a date is below 60 and fits; a year must be one of four digits.
    let small = |part: u32| u8::try_from(part).ok();
    Some(PartialDateTime {
        year: u16::try_from(at.year()).ok(),
        month: small(at.month()),
        day: small(at.day()),
        hour: small(at.hour()),
        minute: small(at.minute()),
        second: small(at.second()),
        ..PartialDateTime::default()
    })
    .filter(|date| date.year.is_some_and(|year| year < 10_000))
}
