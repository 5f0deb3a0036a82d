//! The ledger for people.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::text::{self, safe};

/// One event as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The ledger commit.
    pub commit: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who caused it.
    pub author: String,
    /// What happened: the event's kind.
    pub event: String,
    /// The task that it is about.
    pub task: Option<String>,
    /// The attempt that it is about.
    pub attempt: Option<u32>,
    /// The first line.
    pub subject: String,
    /// Free text; may be empty.
    pub body: String,
    /// It did not hold where it stands, and changed nothing.
    pub superseded: bool,
}

/// How the events are told.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// In which times are told.
    pub zone: Tz,
    /// With the bodies.
    pub bodies: bool,
}

/// An author's name takes at most this many columns.
const AUTHOR: usize = 16;

/// One line per event, in the order given.
pub fn page(lines: &[Line], style: Style) -> String {
    let authors = lines.iter().map(|line| text::width(&safe(&line.author)));
    let author = authors.max().unwrap_or(0).min(AUTHOR);
    lines.iter().map(|line| one(line, style, author)).collect()
}

fn one(line: &Line, style: Style, author: usize) -> String {
    let at = line.at.with_timezone(&style.zone).format("%F %H:%M");
    let mark = if line.superseded { " (superseded)" } else { "" };
    let by = text::pad(&short(&safe(&line.author), AUTHOR), author);
    let mut told = format!("{at}  {by}  {}{mark}\n", safe(&line.subject));
    if style.bodies && !line.body.trim().is_empty() {
        for line in text::safe_lines(line.body.trim_end()).lines() {
            told += &(format!("    {line}").trim_end().to_owned() + "\n");
        }
    }
    told
}

fn short(name: &str, columns: usize) -> String {
    if text::width(name) <= columns {
        return name.to_owned();
    }
    let mut kept = String::new();
    for c in name.chars() {
        if text::width(&kept) + 2 > columns {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: &str, author: &str, subject: &str) -> Line {
        Line {
            commit: "0".repeat(40),
            at: at.parse().unwrap(),
            author: author.into(),
            event: "failed".into(),
            task: None,
            attempt: None,
            subject: subject.into(),
            body: "one\n\u{1b}[2Jtwo\n".into(),
            superseded: subject.contains("attempt 9"),
        }
    }

    #[test]
    fn one_line_per_event_and_bodies_on_demand() {
        let lines = [
            line("2026-02-07T23:01:00Z", "buildq", "failed: a attempt 1: exit 1"),
            line("2026-07-07T08:00:00Z", "A very long name indeed", "started: a attempt 9"),
        ];
        let mut style = Style { zone: chrono_tz::Europe::Berlin, bodies: false };
        let expected = "\
2026-02-08 00:01  buildq            failed: a attempt 1: exit 1
2026-07-07 10:00  A very long nam…  started: a attempt 9 (superseded)
";
        assert_eq!(page(&lines, style), expected);
        style.bodies = true;
        let told = page(&lines[..1], style);
        assert_eq!(told.lines().skip(1).collect::<Vec<_>>(), ["    one", "    \u{fffd}[2Jtwo"]);
    }
}
