//! One entry of a calendar, understood.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendarClassification, ICalendarComponent, ICalendarEntry, ICalendarParameterName,
    ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarStatus,
    ICalendarTransparency, ICalendarValue,
};
use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::recur::Occurrence;
use super::zone::{Zone, Zones};

/// A title is told up to this many characters.
const LONGEST_TITLE: usize = 60;

/// A time as a calendar gives it.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// On the clock of its zone.
    pub(super) local: NaiveDateTime,
    pub(super) zone: Zone,
    /// It names a day and no time.
    pub(super) day: bool,
}

impl Stamp {
    pub(super) fn moment(&self) -> DateTime<Utc> {
        self.zone.moment(self.local)
    }

    /// Whether this one, in an exception, means that one.
    pub(super) fn is(&self, other: &Self) -> bool {
        match self.day != other.day {
            true => self.local.date() == other.local.date(),
            false => self.local == other.local || self.moment() == other.moment(),
        }
    }

    pub(super) fn shifted_by(&self, span: TimeDelta) -> Option<Self> {
        let local = self.local.checked_add_signed(span)?;
        Some(Self { local, ..self.clone() })
    }

    /// The same where it cannot be shifted so far.
    pub(super) fn shifted(&self, span: TimeDelta) -> Self {
        self.shifted_by(span).unwrap_or_else(|| self.clone())
    }
}

/// How long an event lasts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// So long, whatever clocks do meanwhile.
    Exact(TimeDelta),
    /// To what the clock shows then: whole days.
    OnTheClock(TimeDelta),
}

impl Length {
    pub(super) fn span(self) -> TimeDelta {
        let (Self::Exact(span) | Self::OnTheClock(span)) = self;
        span
    }
}

/// One entry of a calendar.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) title: String,
    /// Its owner is busy meanwhile.
    pub(super) holds: bool,
    pub(super) start: Stamp,
    pub(super) length: Length,
    pub(super) rule: Option<Box<ICalendarRecurrenceRule>>,
    /// Dates beside the rule.
    pub(super) extra: Vec<Occurrence>,
    /// Dates that are taken out.
    pub(super) except: Vec<Stamp>,
    /// The occurrence of its series that it stands for.
    pub(super) instead_of: Option<Stamp>,
    /// It stands for all that come after as well.
    pub(super) onwards: bool,
}

impl Event {
    /// Understands a `VEVENT`; one without a usable beginning is none.
    pub(super) fn of(component: &ICalendarComponent, zones: &Zones) -> Option<Self> {
        let entry = |name| component.property(name);
        let stamp_of = |name| entry(name).and_then(|entry| stamp(entry, first_date(entry)?, zones));
        let instead_of = stamp_of(&ICalendarProperty::RecurrenceId);
        let start = stamp_of(&ICalendarProperty::Dtstart).or_else(|| instead_of.clone())?;
        let duration = match entry(&ICalendarProperty::Duration).and_then(|e| e.values.first()) {
            Some(ICalendarValue::Duration(duration)) => duration.to_time_delta(),
            _ => None,
        };
        let length = length(&start, stamp_of(&ICalendarProperty::Dtend), duration);
        let rule = match entry(&ICalendarProperty::Rrule).and_then(|e| e.values.first()) {
            Some(ICalendarValue::RecurrenceRule(rule)) => Some(rule.clone()),
            _ => None,
        };
        let id = entry(&ICalendarProperty::RecurrenceId);
        Some(Self {
            title: title(component),
            holds: holds(component),
            extra: extra(component, length, zones),
            except: all_dates(component, &ICalendarProperty::Exdate, zones),
            onwards: id.is_some_and(|id| id.has_parameter(&ICalendarParameterName::Range)),
            start,
            length,
            rule,
            instead_of,
        })
    }

    /// By how much it moves what it stands for.
    pub(super) fn shift(&self) -> TimeDelta {
        let old = self.instead_of.as_ref();
        old.map_or_else(TimeDelta::zero, |old| self.start.local - old.local)
    }

    /// The last moment of its rule, on its own clock. A rule ends in UTC where its event has a
    /// zone; one that ends on a day includes that day.
    pub(super) fn until(&self, rule: &ICalendarRecurrenceRule) -> Option<NaiveDateTime> {
        let until = rule.until.as_ref()?;
        let given = until.to_date_time()?;
        Some(match given.offset {
            Some(offset) => self.start.zone.local(Zone::Fixed(offset).moment(given.date_time)),
            None if until.hour.is_none() => given.date_time + TimeDelta::seconds(86_399),
            None => given.date_time,
        })
    }
}

/// Without an end, a day lasts a day, and what begins at a time takes none.
fn length(start: &Stamp, end: Option<Stamp>, duration: Option<TimeDelta>) -> Length {
    match (end, duration) {
        (Some(end), _) if start.day => Length::OnTheClock(end.local - start.local),
        (Some(end), _) => Length::Exact(end.moment() - start.moment()),
        (None, Some(span)) if start.day => Length::OnTheClock(span),
        (None, Some(span)) => Length::Exact(span),
        (None, None) if start.day => Length::OnTheClock(TimeDelta::days(1)),
        (None, None) => Length::Exact(TimeDelta::zero()),
    }
}

fn first_date(entry: &ICalendarEntry) -> Option<&PartialDateTime> {
    entry.values.first()?.as_partial_date_time()
}

fn stamp(entry: &ICalendarEntry, date: &PartialDateTime, zones: &Zones) -> Option<Stamp> {
    let given = date.to_date_time()?;
    let zone = match given.offset {
        Some(offset) => Zone::Fixed(offset),
        None => zones.named(entry.tz_id()),
    };
    let day = date.hour.is_none();
    match day {
        // A day is no time of any zone: it is one of its owner's days.
        true => {
            let local = given.date_time.date().and_time(NaiveTime::MIN);
            Some(Stamp { local, zone: Zone::Named(zones.floating), day })
        }
        false => Some(Stamp { local: given.date_time, zone, day }),
    }
}

fn all_dates(
    component: &ICalendarComponent,
    name: &ICalendarProperty,
    zones: &Zones,
) -> Vec<Stamp> {
    let entries = component.properties(name);
    let dates = entries.flat_map(|entry| {
        let dates = entry.values.iter().filter_map(ICalendarValue::as_partial_date_time);
        dates.filter_map(|date| stamp(entry, date, zones))
    });
    dates.collect()
}

fn extra(component: &ICalendarComponent, length: Length, zones: &Zones) -> Vec<Occurrence> {
    let dates = all_dates(component, &ICalendarProperty::Rdate, zones);
    let mut all: Vec<_> = dates.into_iter().map(|start| Occurrence { start, length }).collect();
    for entry in component.properties(&ICalendarProperty::Rdate) {
        for value in &entry.values {
            let ICalendarValue::Period(period) = value else { continue };
            let found = match period {
                ICalendarPeriod::Range { start, end } => {
                    stamp(entry, start, zones).zip(stamp(entry, end, zones)).map(|(start, end)| {
                        let length = Length::Exact(end.moment() - start.moment());
                        Occurrence { start, length }
                    })
                }
                ICalendarPeriod::Duration { start, duration } => stamp(entry, start, zones)
                    .zip(duration.to_time_delta())
                    .map(|(start, span)| Occurrence { start, length: Length::Exact(span) }),
            };
            all.extend(found);
        }
    }
    all
}

/// What its owner is busy with. Nobody but its owner is told a private title.
fn title(component: &ICalendarComponent) -> String {
    let class = component.property(&ICalendarProperty::Class);
    let class = class.and_then(|entry| entry.values.first());
    let open = match class {
        None => true,
        Some(ICalendarValue::Classification(class)) => *class == ICalendarClassification::Public,
        // A class that nobody knows is to be taken for private.
        Some(_) => false,
    };
    let summary = component.property(&ICalendarProperty::Summary);
    let summary = summary.and_then(|entry| entry.values.first()?.as_text());
    let plain = |c: char| if c.is_control() || c == '`' { ' ' } else { c };
    let words = summary.unwrap_or_default().trim();
    let mut title: String = words.chars().take(LONGEST_TITLE).map(plain).collect();
    if words.chars().nth(LONGEST_TITLE).is_some() {
        title.push('…');
    }
    if open && !title.trim().is_empty() { title } else { "busy".into() }
}

/// Whether its owner is busy: what is cancelled, transparent, or marked free by Outlook takes
/// no time. Without a word on it, it does, whole days too (RFC 5545, 3.8.2.7).
fn holds(component: &ICalendarComponent) -> bool {
    let outlook = component.entries.iter().find_map(|entry| match &entry.name {
        ICalendarProperty::Other(name)
            if name.eq_ignore_ascii_case("X-MICROSOFT-CDO-BUSYSTATUS") =>
        {
            entry.values.first()?.as_text()
        }
        _ => None,
    });
    let free = outlook.is_some_and(|word| {
        ["FREE", "WORKINGELSEWHERE"].iter().any(|free| word.trim().eq_ignore_ascii_case(free))
    });
    component.status() != Some(&ICalendarStatus::Cancelled)
        && component.transparency() != Some(&ICalendarTransparency::Transparent)
        && !free
}
