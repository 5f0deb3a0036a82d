//! The time zones of a calendar: names of the tz database, Windows' own, and zones that the
//! file itself describes.

use std::collections::BTreeMap;
use std::rc::Rc;

use calcard::common::timezone::Tz as Named;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue,
};
use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Span, recur};
use crate::core::window;
use crate::domain::task::When;

/// A clock on a wall somewhere.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    /// Of the tz database.
    Named(Tz),
    /// The same all year.
    Fixed(FixedOffset),
    /// As the file describes it: from when on (on the clock before) it is how far ahead of UTC
    /// in seconds, in order.
    Told(Rc<Vec<(NaiveDateTime, i32)>>),
}

impl Zone {
    /// The moment that its clock shows so. What a clock change skips is the moment after it;
    /// what comes twice the first.
    pub(super) fn moment(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self {
            Self::Named(tz) => window::resolve(When::Civil(local), *tz),
            Self::Fixed(offset) => earlier(local, offset.local_minus_utc()),
            Self::Told(changes) => {
                let at = changes.partition_point(|(from, _)| *from <= local);
                let offset = changes.get(at.saturating_sub(1)).map_or(0, |(_, offset)| *offset);
                earlier(local, offset)
            }
        }
    }

    /// What its clock shows then.
    pub(super) fn local(&self, moment: DateTime<Utc>) -> NaiveDateTime {
        let shifted = |seconds: i32| {
            let utc = moment.naive_utc();
            utc.checked_add_signed(TimeDelta::seconds(seconds.into())).unwrap_or(utc)
        };
        match self {
            Self::Named(tz) => moment.with_timezone(tz).naive_local(),
            Self::Fixed(offset) => shifted(offset.local_minus_utc()),
            Self::Told(changes) => {
                let begun = changes.iter().rev().find(|(from, offset)| shifted(*offset) >= *from);
                shifted(begun.or(changes.first()).map_or(0, |(_, offset)| *offset))
            }
        }
    }
}

fn earlier(local: NaiveDateTime, seconds: i32) -> DateTime<Utc> {
    let shift = TimeDelta::seconds(seconds.into());
    local.checked_sub_signed(shift).unwrap_or(local).and_utc()
}

/// The zones of one calendar.
pub(super) struct Zones<'c> {
    names: TzResolver<&'c str>,
    told: BTreeMap<&'c str, Zone>,
    /// Of times without any.
    pub(super) floating: Tz,
}

impl<'c> Zones<'c> {
    pub(super) fn of(calendar: &'c ICalendar, floating: Tz, span: Span) -> Self {
        let names = calendar.build_tz_resolver();
        let mut told = BTreeMap::new();
        for component in calendar.timezones() {
            let id = component.property(&ICalendarProperty::Tzid);
            let Some(id) = id.and_then(|entry| entry.values.first()?.as_text()) else { continue };
            if names.resolve(id).is_none()
                && let Some(zone) = describe(calendar, component, span)
            {
                told.insert(id, zone);
            }
        }
        Self { names, told, floating }
    }

    /// The zone of this name; `None` is none, and one that nobody knows is as good as that.
    pub(super) fn named(&self, name: Option<&str>) -> Zone {
        let Some(name) = name else { return Zone::Named(self.floating) };
        match self.names.resolve(name) {
            Some(Named::Tz(tz)) => Zone::Named(tz),
            Some(Named::Fixed(offset)) => Zone::Fixed(offset),
            _ => self.told.get(name).cloned().unwrap_or(Zone::Named(self.floating)),
        }
    }
}

/// Reads the observances of a zone: when each begins, and how far ahead of UTC its clock then is.
fn describe(calendar: &ICalendar, zone: &ICalendarComponent, span: Span) -> Option<Zone> {
    let year = TimeDelta::days(800);
    let from = span.from.naive_utc().checked_sub_signed(year)?;
    let to = span.to.naive_utc().checked_add_signed(year)?;
    let mut changes = Vec::new();
    let observance = |part: &&ICalendarComponent| {
        let kind = &part.component_type;
        matches!(kind, ICalendarComponentType::Standard | ICalendarComponentType::Daylight)
    };
    let parts = zone.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
    for part in parts.filter(observance).take(200) {
        let value = |property| part.property(property).and_then(|entry| entry.values.first());
        let Some(ICalendarValue::PartialDateTime(offset)) = value(&ICalendarProperty::Tzoffsetto)
        else {
            continue;
        };
        let hours = i32::from(offset.tz_hour?);
        let seconds = hours * 3600 + i32::from(offset.tz_minute.unwrap_or(0)) * 60;
        let seconds = if offset.tz_minus { -seconds } else { seconds };
        let start = value(&ICalendarProperty::Dtstart)?.as_partial_date_time()?;
        let start = start.to_date_time()?.date_time;
        changes.push((start, seconds));
        if let Some(ICalendarValue::RecurrenceRule(rule)) = value(&ICalendarProperty::Rrule) {
            let series = recur::Series { rule, until: None, start };
            let mut budget = 5_000;
            let onsets = recur::expand(&series, (from, to), &mut budget).0;
            changes.extend(onsets.into_iter().map(|onset| (onset, seconds)));
        }
    }
    changes.sort_unstable();
    changes.dedup();
    (!changes.is_empty()).then(|| Zone::Told(Rc::new(changes)))
}
