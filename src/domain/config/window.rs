//! Windows: the spans of the week in which a priority may start by itself.

use chrono::{NaiveTime, Weekday};
use serde::Serialize;

use super::super::diagnostic::{Findings, nearest, quoted};
use super::super::yaml::Field;

/// When a priority may start by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Window {
    /// At any time.
    Always,
    /// Only after a person's approval, then at any time.
    Never,
    /// Within these spans of the wall clock, ordered by their beginning.
    Spans(Vec<Span>),
}

impl Window {
    /// Within these spans, in any order.
    pub fn within(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| (span.from, span.to));
        Self::Spans(spans)
    }
}

/// A span of the wall clock, on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The days on which it begins.
    pub days: Days,
    /// Its beginning.
    pub from: NaiveTime,
    /// Its end; one that is not after the beginning lies on the next day.
    pub to: NaiveTime,
}

/// Some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Days(u8);

impl Days {
    /// Monday to Sunday.
    pub const ALL: Self = Self(0b111_1111);

    /// Whether this day is one of them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const HINT: &str = "write `always`, `never`, `\"22:00-06:00\"` or `\"Mon-Fri 22:00-06:00\"`";

type Wrong = (String, String);

/// `always`, `never`, a span such as `Mon-Fri 22:00-06:00`, or a list of spans.
pub(super) fn window(field: &Field, found: &mut Findings) -> Option<Window> {
    let before = found.errors();
    let texts = field.texts(found);
    if let [(text, _)] = texts.as_slice() {
        match text.to_lowercase().as_str() {
            "always" => return Some(Window::Always),
            "never" => return Some(Window::Never),
            _ => {}
        }
    }
    let mut spans = Vec::new();
    for (text, at) in texts {
        match span(text) {
            Ok(span) => spans.push(span),
            Err((message, hint)) => {
                found.error(at, format!("`{}`: {message}", field.name), hint);
            }
        }
    }
    if spans.is_empty() && found.errors() == before {
        found.error(field.at(), format!("`{}` is empty", field.name), HINT);
    }
    let whole = |span: &Span| span.days == Days::ALL && span.from == span.to;
    let always = spans.iter().any(whole);
    let window = if always { Window::Always } else { Window::within(spans) };
    (found.errors() == before).then_some(window)
}

/// `22:00-06:00`, `Mon-Fri 22:00-06:00`, `Sat,Sun 00:00-24:00`.
fn span(text: &str) -> Result<Span, Wrong> {
    let wrong = || (format!("{} is no span of the clock", quoted(text)), HINT.to_owned());
    let Some(hours) = text.find(|c: char| c.is_ascii_digit()) else {
        return Err(days(text).map_or_else(|_| wrong(), |_| without_hours(text)));
    };
    let (from, to) = text[hours..].split_once(['-', '–']).ok_or_else(wrong)?;
    let start = clock(from.trim()).ok_or_else(wrong)?;
    let midnight = to.trim() == "24:00";
    let end = if midnight { NaiveTime::MIN } else { clock(to.trim()).ok_or_else(wrong)? };
    if start == end && !midnight {
        return Err((format!("{} begins when it ends", quoted(text)), HINT.to_owned()));
    }
    let days = match text[..hours].trim() {
        "" => Days::ALL,
        head => days(head)?,
    };
    Ok(Span { days, from: start, to: end })
}

/// `[Sat,Sun 22:00-06:00]` is two entries to YAML: the first one must not open a whole day.
fn without_hours(text: &str) -> Wrong {
    let hint = format!("write `\"{} 00:00-24:00\"`, with the quotes", text.trim());
    (format!("{} says no hours", quoted(text)), hint)
}

/// `Mon-Fri`, `Sat,Sun`, `Mon, Wed-Fri`, `weekdays`, `Fri-Mon`; names may be written out.
fn days(text: &str) -> Result<Days, Wrong> {
    let joined = text.replace('–', "-").replace(" -", "-").replace("- ", "-");
    let mut all = 0;
    for part in joined.split([',', ' ', ';']).filter(|part| !part.is_empty()) {
        all |= match part.to_lowercase().as_str() {
            "daily" => Days::ALL.0,
            "weekdays" => 0b001_1111,
            "weekend" | "weekends" => 0b110_0000,
            "and" | "&" => 0,
            _ => match part.split_once('-') {
                Some((first, last)) => range(day(first)?, day(last)?),
                None => bit(day(part)?),
            },
        };
    }
    match all {
        0 => Err((format!("{} names no day of the week", quoted(text)), HINT.to_owned())),
        _ => Ok(Days(all)),
    }
}

/// From one day to another, across Sunday where need be.
fn range(first: Weekday, last: Weekday) -> u8 {
    let mut all = bit(first);
    let mut today = first;
    while today != last {
        today = today.succ();
        all |= bit(today);
    }
    all
}

fn day(name: &str) -> Result<Weekday, Wrong> {
    name.parse().map_err(|_| {
        let hint = match nearest(name, NAMES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the days are {}", NAMES.join(", ")),
        };
        (format!("{} is no day of the week", quoted(name)), hint)
    })
}

/// `HH:MM`
pub(super) fn clock(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// `MTWTFSS` with dots for the days left out, and the hours.
    fn shown(window: &Window) -> String {
        let Window::Spans(spans) = window else { return format!("{window:?}") };
        let letters = |days: Days| -> String {
            let letter = |(n, c): (u8, char)| if days.0 & (1 << n) != 0 { c } else { '.' };
            (0..).zip("MTWTFSS".chars()).map(letter).collect()
        };
        let one = |span: &Span| {
            let (from, to) = (span.from.format("%H:%M"), span.to.format("%H:%M"));
            format!("{} {from}-{to}", letters(span.days))
        };
        spans.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn windows_as_people_write_them() {
        for (text, window) in [
            ("22:00-06:00", "MTWTFSS 22:00-06:00"),
            ("\"Mon-Fri 22:00-06:00\"", "MTWTF.. 22:00-06:00"),
            ("Mon – Fri 22:00–06:00", "MTWTF.. 22:00-06:00"),
            ("\"Sat,Sun 00:00-24:00\"", ".....SS 00:00-00:00"),
            ("Sat, Sun 00:00-24:00", ".....SS 00:00-00:00"),
            ("saturday and SUNDAY 8:30-12:00", ".....SS 08:30-12:00"),
            ("Mon, Wed-Fri 20:00-24:00", "M.WTF.. 20:00-00:00"),
            ("Fri-Mon 01:00-02:00", "M...FSS 01:00-02:00"),
            ("weekdays 12:00-13:00", "MTWTF.. 12:00-13:00"),
            ("weekends 12:00-13:00", ".....SS 12:00-13:00"),
            ("daily 00:00-24:00", "Always"),
            ("00:00-24:00", "Always"),
            ("ALWAYS", "Always"),
            ("never", "Never"),
            (
                "[\"Sat,Sun 00:00-24:00\", \"Mon-Fri 22:00-06:00\", 12:00-13:00]",
                ".....SS 00:00-00:00, MTWTFSS 12:00-13:00, MTWTF.. 22:00-06:00",
            ),
            ("[\"Mon 22:00-06:00\", 00:00-24:00]", "Always"),
        ] {
            let text = format!("windows:\n  high: {text}\n");
            let config = parse("f", text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e:#?}"));
            assert_eq!(shown(&config.0.window_high), window, "{text}");
        }
    }

    #[test]
    fn what_is_no_window_is_told_with_its_place() {
        for (text, message, hint) in [
            ("22-6", "1:17: `windows.high`: `22-6` is no span of the clock", HINT),
            ("6:00-6:00", "1:17: `windows.high`: `6:00-6:00` begins when it ends", HINT),
            ("[]", "1:17: `windows.high` is empty", HINT),
            ("soon", "1:17: `windows.high`: `soon` is no span of the clock", HINT),
            (
                "\"Mom-Fri 22:00-06:00\"",
                "1:17: `windows.high`: `Mom` is no day of the week",
                "did you mean `Mon`?",
            ),
            (
                "\"Lundi 22:00-06:00\"",
                "1:17: `windows.high`: `Lundi` is no day of the week",
                "the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun",
            ),
            (
                "[Sat,Sun 22:00-06:00]",
                "1:18: `windows.high`: `Sat` says no hours",
                "write `\"Sat 00:00-24:00\"`, with the quotes",
            ),
            (
                "Mon 22:00-25:00",
                "1:17: `windows.high`: `Mon 22:00-25:00` is no span of the clock",
                HINT,
            ),
        ] {
            let text = format!("windows: {{high: {text}}}");
            let list = parse("f", text.as_bytes()).expect_err(&text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert_eq!(list[0].one_line(), format!("f:{message}"));
            assert_eq!(list[0].hint.as_deref(), Some(hint), "{text}");
        }
    }
}
