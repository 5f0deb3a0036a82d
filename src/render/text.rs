//! Making text of strangers safe to show; tables, ages, plurals.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// One line without anything that a terminal would obey or that turns text around: control
/// characters and bidirectional marks become `�`; line breaks and tabs become spaces.
pub fn safe(text: &str) -> String {
    text.chars().map(tame).collect::<String>().trim_end().to_owned()
}

/// The same for several lines, which stay lines.
pub fn safe_lines(text: &str) -> String {
    text.lines().map(|line| safe(line) + "\n").collect()
}

fn tame(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{061c}' => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    }
}

/// `1 task`, `2 tasks`.
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// A span for people: the two largest units at most.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) if minutes < 10 && seconds % 60 != 0 => {
            format!("{minutes}m {}s", seconds % 60)
        }
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

/// How long ago a moment was; a moment to come is `now`.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - at).to_std() {
        Ok(age) if age.as_secs() > 0 => format!("{} ago", span(age)),
        _ => "now".into(),
    }
}

/// A moment on the clock of a zone, with the day where it is another than today.
pub fn clock(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (there, here) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let same = there.date_naive() == here.date_naive();
    there.format(if same { "%H:%M" } else { "%F %H:%M" }).to_string()
}

/// Bytes for people.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut scaled = count as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if scaled < 1024.0 {
            break;
        }
        scaled /= 1024.0;
        unit = next;
    }
    if count < 1024 { format!("{count} B") } else { format!("{scaled:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_move_the_cursor_or_turn_text_around() {
        assert_eq!(safe("a\u{1b}[2Jb\u{7}c\u{202e}d\ne"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d e");
        assert_eq!(safe("\u{9b}31m"), "\u{fffd}31m");
        assert_eq!(safe_lines("a\r\nb\u{8}"), "a\nb\u{fffd}\n");
    }

    #[test]
    fn spans_and_sizes_are_short() {
        let table = [(5, "5s"), (65, "1m 5s"), (600, "10m"), (3600, "1h"), (5400, "1h 30m")];
        for (seconds, expected) in table {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(span(Duration::from_secs(90_000)), "1d 1h");
        assert_eq!((bytes(100), bytes(2048), bytes(5 << 30)), ("100 B".into(), "2.0 KiB".into(), "5.0 GiB".into()));
    }
}
