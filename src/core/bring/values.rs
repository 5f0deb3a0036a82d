//! What a value means: a priority, a span of time, a day; in the words of several languages.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::words::{one_line, trimmed};
use crate::domain::span_of_time;
use crate::domain::task::{self, Priority};

/// Words for priorities; whole words, in lower case.
const PRIORITIES: &[(&str, Priority)] = &[
    ("p0", Priority::High),
    ("p1", Priority::High),
    ("p2", Priority::Medium),
    ("p3", Priority::Low),
    ("p4", Priority::Low),
    ("p5", Priority::Low),
    ("critical", Priority::High),
    ("urgent", Priority::High),
    ("highest", Priority::High),
    ("asap", Priority::High),
    ("high", Priority::High),
    ("h", Priority::High),
    ("must", Priority::High),
    ("medium", Priority::Medium),
    ("med", Priority::Medium),
    ("m", Priority::Medium),
    ("normal", Priority::Medium),
    ("moderate", Priority::Medium),
    ("should", Priority::Medium),
    ("low", Priority::Low),
    ("lowest", Priority::Low),
    ("l", Priority::Low),
    ("minor", Priority::Low),
    ("trivial", Priority::Low),
    ("could", Priority::Low),
    ("hoch", Priority::High),
    ("dringend", Priority::High),
    ("mittel", Priority::Medium),
    ("niedrig", Priority::Low),
    ("alta", Priority::High),
    ("alto", Priority::High),
    ("urgente", Priority::High),
    ("media", Priority::Medium),
    ("medio", Priority::Medium),
    ("média", Priority::Medium),
    ("baja", Priority::Low),
    ("bajo", Priority::Low),
    ("baixa", Priority::Low),
    ("haute", Priority::High),
    ("élevée", Priority::High),
    ("moyenne", Priority::Medium),
    ("basse", Priority::Low),
    ("faible", Priority::Low),
    ("высокий", Priority::High),
    ("средний", Priority::Medium),
    ("низкий", Priority::Low),
    ("高", Priority::High),
    ("中", Priority::Medium),
    ("低", Priority::Low),
    ("высокая", Priority::High),
    ("средняя", Priority::Medium),
    ("низкая", Priority::Low),
];

/// Signs for priorities.
const SIGNS: &[(&str, Priority)] = &[
    ("🔴", Priority::High),
    ("🔥", Priority::High),
    ("⏫", Priority::High),
    ("🔺", Priority::High),
    ("🔼", Priority::High),
    ("🟠", Priority::High),
    ("🟡", Priority::Medium),
    ("🟢", Priority::Low),
    ("🔵", Priority::Low),
    ("🔽", Priority::Low),
    ("⏬", Priority::Low),
];

/// A priority as the value of a key: `High`, `P1 (revenue)`, `🔴 Critical`, `(A)`, `2 - Medium`.
pub fn priority(text: &str) -> Option<Priority> {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let named = |word: &str| PRIORITIES.iter().find(|(name, _)| *name == word).map(|(_, p)| *p);
    if let Some(priority) = words.find_map(named) {
        return Some(priority);
    }
    match lower.trim().trim_matches(['(', ')']) {
        "0" | "1" | "a" => Some(Priority::High),
        "2" | "b" => Some(Priority::Medium),
        "3" | "4" | "5" | "c" | "d" | "e" | "f" => Some(Priority::Low),
        _ => sign(text),
    }
}

/// A priority told by a picture.
pub fn sign(text: &str) -> Option<Priority> {
    let starts = |(sign, _): &&(&str, Priority)| text.contains(sign);
    SIGNS.iter().find(starts).map(|(_, priority)| *priority)
}

/// Words for units that a task file has no other word for.
const UNITS: &[(&str, &str)] = &[
    ("stunden", "hours"),
    ("stunde", "hours"),
    ("std", "hours"),
    ("minuten", "minutes"),
    ("tage", "days"),
    ("tag", "days"),
    ("wochen", "weeks"),
    ("woche", "weeks"),
    ("horas", "hours"),
    ("hora", "hours"),
    ("heures", "hours"),
    ("heure", "hours"),
    ("minutos", "minutes"),
    ("días", "days"),
    ("dias", "days"),
    ("día", "days"),
    ("jours", "days"),
    ("jour", "days"),
    ("semanas", "weeks"),
    ("semaines", "weeks"),
    ("小时", " hours"),
    ("分钟", " minutes"),
    ("時間", " hours"),
    ("分", " minutes"),
    ("часов", "hours"),
    ("часа", "hours"),
    ("час", "hours"),
    ("минут", "minutes"),
    ("дней", "days"),
    ("дня", "days"),
    ("день", "days"),
];

/// A span: `~30 minutes`, `2–3 days (with tests)`, `half a day`, `an hour`, `2 Stunden`.
pub fn estimate(text: &str) -> Option<Duration> {
    let first = text.split(['(', ';', '|']).next().unwrap_or_default();
    let mut plain = trimmed(&one_line(first).to_lowercase()).trim_end_matches('.').to_owned();
    if plain.len() > 60 {
        return None;
    }
    for (word, number) in [
        ("half a day", "4h"),
        ("half day", "4h"),
        ("half an hour", "30m"),
        ("an hour", "1 hour"),
        ("a day", "1 day"),
        ("a week", "1 week"),
        ("one hour", "1 hour"),
        ("one day", "1 day"),
        ("eine ", "1 "),
        ("ein ", "1 "),
        ("une ", "1 "),
        ("una ", "1 "),
    ] {
        if plain.contains(word) {
            plain = plain.replace(word, number);
        }
    }
    for (word, unit) in UNITS {
        if plain.contains(word) {
            plain = plain.replace(word, unit);
            break;
        }
    }
    let plain = plain.trim_end_matches(" of work").trim_end_matches(" total").trim();
    let span = span_of_time::parse(&plain.replace(['–', '—'], "-")).ok()?;
    (span.as_secs() >= 60).then_some(span)
}

const MONTHS: &[(&str, u32)] = &[
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("mär", 3),
    ("mai", 5),
    ("okt", 10),
    ("dez", 12),
    ("ene", 1),
    ("abr", 4),
    ("ago", 8),
    ("dic", 12),
    ("fév", 2),
    ("avr", 4),
    ("aoû", 8),
    ("déc", 12),
];

/// A moment, as task files have it: `2026-02-07`, `2026-02-07 20:00`, RFC 3339. A day that could be
/// two, as 03/04/2026, is none.
pub fn moment(text: &str) -> Option<String> {
    let text = one_line(text);
    let text = trimmed(text.split(['(', ';']).next()?).trim_end_matches(['.', ',']);
    if text.len() > 60 {
        return None;
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Some(exact.format("%Y-%m-%dT%H:%M:%S%:z").to_string()).filter(|t| fits(t));
    }
    if let Ok(stamp) = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ") {
        return Some(stamp.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()).filter(|t| fits(t));
    }
    let (day, rest) = day_of(text)?;
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | 'T' | '@'));
    let rest = rest.trim_start_matches("at ").trim_end_matches(" UTC").trim_end_matches(" Uhr");
    let day = day.format("%Y-%m-%d").to_string();
    let made = match rest {
        "" => day,
        _ => format!("{day} {}", clock(rest)?),
    };
    Some(made).filter(|text| fits(text))
}

fn fits(text: &str) -> bool {
    task::when(text, chrono::NaiveTime::MIN).is_some()
}

fn clock(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let (plain, late) = match (lower.strip_suffix("pm"), lower.strip_suffix("am")) {
        (Some(plain), _) => (plain, Some(true)),
        (_, Some(plain)) => (plain, Some(false)),
        _ => (lower.as_str(), None),
    };
    let mut parts = plain.trim().split(':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = match (parts.next(), late) {
        (Some(minute), _) => minute.parse().ok()?,
        (None, Some(_)) => 0,
        (None, None) => return None,
    };
    let hour = match late {
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

/// The day that a text begins with, and the rest.
fn day_of(text: &str) -> Option<(NaiveDate, &str)> {
    let pieces: Vec<(usize, &str)> = pieces(text);
    let number = |index: usize| pieces.get(index).and_then(|(_, p)| p.parse::<u32>().ok());
    let end = |index: usize| pieces.get(index).map_or(text.len(), |(at, piece)| at + piece.len());
    let month = |index: usize| {
        let word = pieces.get(index)?.1.to_lowercase();
        MONTHS.iter().find(|(name, _)| word.starts_with(name)).map(|(_, month)| *month)
    };
    // A weekday before it says nothing new.
    let first = pieces.first()?.1;
    let weekday = first.chars().all(char::is_alphabetic) && month(0).is_none() && first.len() <= 10;
    if weekday && pieces.len() >= 4 {
        return day_of(&text[pieces[1].0..]);
    }
    let (year, month, day) = match (number(0), month(0), number(1), month(1)) {
        (Some(year), _, Some(month), _) if year > 999 => (year, month, number(2)?),
        (_, Some(month), Some(day), _) => (number(2)?, month, day),
        (Some(day), _, _, Some(month)) => (number(2)?, month, day),
        (Some(a), _, Some(b), _) => {
            let dotted = text[end(0)..].starts_with('.');
            match (a, b, dotted) {
                (day, month, true) => (number(2)?, month, day),
                (day, month, _) if day > 12 => (number(2)?, month, day),
                (month, day, _) if day > 12 => (number(2)?, month, day),
                (both, same, _) if both == same => (number(2)?, both, same),
                _ => return None,
            }
        }
        _ => return None,
    };
    let year = if year < 100 { year + 2000 } else { year };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let rest = text[end(2)..].trim_start_matches(['日', '号', '.']);
    Some((date, rest))
}

/// Runs of digits or of letters, each with its place; at most a handful.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces: Vec<(usize, &str)> = Vec::new();
    let mut start = None::<(usize, bool)>;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let kind = c.is_alphanumeric().then(|| c.is_ascii_digit());
        match (start, kind) {
            (Some((from, digits)), kind) if kind != Some(digits) => {
                let piece = &text[from..at];
                if !matches!(piece, "年" | "月" | "st" | "nd" | "rd" | "th" | "de") {
                    pieces.push((from, piece));
                }
                start = kind.map(|digits| (at, digits));
            }
            (None, Some(digits)) => start = Some((at, digits)),
            _ => {}
        }
        if pieces.len() > 5 {
            break;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_in_many_words() {
        for (text, meant) in [
            ("High", Some(Priority::High)),
            ("HIGH (revenue)", Some(Priority::High)),
            ("P0", Some(Priority::High)),
            ("P2 – soon", Some(Priority::Medium)),
            ("p3", Some(Priority::Low)),
            ("🔴", Some(Priority::High)),
            ("🟡 Mid", Some(Priority::Medium)),
            ("(A)", Some(Priority::High)),
            ("1", Some(Priority::High)),
            ("hoch", Some(Priority::High)),
            ("média", Some(Priority::Medium)),
            ("高", Some(Priority::High)),
            ("when you like", None),
            ("", None),
        ] {
            assert_eq!(priority(text), meant, "{text}");
        }
    }

    #[test]
    fn spans_in_prose() {
        for (text, minutes) in [
            ("45 minutes", Some(45)),
            ("~30 minutes (landing page)", Some(30)),
            ("2–3 hours", Some(180)),
            ("half a day", Some(240)),
            ("an hour", Some(60)),
            ("2 Stunden", Some(120)),
            ("3小时", Some(180)),
            ("about 1 day.", Some(1440)),
            ("1.5h", Some(90)),
            ("M", None),
            ("5 points", None),
            ("TBD", None),
            ("3", None),
        ] {
            assert_eq!(estimate(text).map(|span| span.as_secs() / 60), minutes, "{text}");
        }
    }

    #[test]
    fn days_in_many_forms() {
        for (text, meant) in [
            ("2026-02-07", Some("2026-02-07")),
            ("2026-02-07 20:00", Some("2026-02-07 20:00")),
            ("2026/2/7", Some("2026-02-07")),
            ("7.2.2026", Some("2026-02-07")),
            ("07.02.26, 20:00 Uhr", Some("2026-02-07 20:00")),
            ("Feb 7, 2026", Some("2026-02-07")),
            ("7th of February", None),
            ("7 February 2026 at 8pm", Some("2026-02-07 20:00")),
            ("Saturday, February 7, 2026", Some("2026-02-07")),
            ("13/02/2026", Some("2026-02-13")),
            ("02/13/2026", Some("2026-02-13")),
            ("03/04/2026", None),
            ("2026年2月7日", Some("2026-02-07")),
            ("20260207T200000Z", Some("2026-02-07T20:00:00+00:00")),
            ("2026-02-07T20:00:00.123-07:00", Some("2026-02-07T20:00:00-07:00")),
            ("2026-02-30", None),
            ("tomorrow", None),
            ("Friday", None),
            ("", None),
        ] {
            assert_eq!(moment(text).as_deref(), meant, "{text}");
        }
    }
}
