//! Every gate of one task, and what would open it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::text::{self, Columns, safe};
use crate::core::gates::Ruling;
use crate::core::overview::Why;

/// When and where the reader is.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The time.
    pub now: DateTime<Utc>,
    /// In which moments are told.
    pub zone: Tz,
    /// Columns of the page.
    pub width: usize,
}

/// The page as plain text.
pub fn page(why: &Why, reader: Reader) -> String {
    let mut page = head(why, reader);
    if !why.gates.is_empty() {
        page.push('\n');
        let columns = Columns { label: 10, page: reader.width.clamp(40, 120) };
        for ruling in &why.gates {
            page += &gate(ruling, columns, reader);
        }
    }
    let next = next(why, reader);
    if !next.is_empty() {
        page += &format!("\n{next}");
    }
    for note in &why.notes {
        page += &format!("note: {}\n", safe(note));
    }
    page
}

/// `hello (Say hello): held since 12m ago: …`
pub fn head(why: &Why, reader: Reader) -> String {
    let title = match why.title == why.task {
        true => String::new(),
        false => format!(" ({})", safe(&why.title)),
    };
    let since = why.since.map(|at| {
        let clock = text::clock(at, reader.now, reader.zone);
        format!(" since {clock} ({})", text::ago(at, reader.now))
    });
    let said = format!(
        "{}{title}: {}{}: {}",
        safe(&why.task),
        why.state,
        since.unwrap_or_default(),
        safe(&why.sentence)
    );
    text::wrap(&said, reader.width.clamp(40, 120)).join("\n") + "\n"
}

/// What comes next, and what to type.
pub fn next(why: &Why, reader: Reader) -> String {
    let mut lines = String::new();
    let opens = why.opens.filter(|_| why.gates.iter().any(|ruling| ruling.hold.is_some()));
    let opens = opens.map(|at| format!("it starts {}", text::clock(at, reader.now, reader.zone)));
    let said = Some(safe(&why.next)).filter(|next| !next.is_empty());
    let next: Vec<String> = [opens, said].into_iter().flatten().collect();
    if !next.is_empty() {
        lines += &format!("next: {}\n", next.join("; "));
    }
    if let Some(command) = &why.command {
        lines += &format!("  → {}\n", safe(command));
    }
    lines
}

/// The gates that hold, alone.
pub fn holds(why: &Why, reader: Reader) -> String {
    let columns = Columns { label: 10, page: reader.width.clamp(40, 120) };
    let holds = why.gates.iter().filter(|ruling| ruling.hold.is_some());
    holds.map(|ruling| gate(ruling, columns, reader)).collect()
}

fn gate(ruling: &Ruling, columns: Columns, reader: Reader) -> String {
    let name = ruling.gate.name();
    let Some(hold) = &ruling.hold else { return columns.entry(name, "open") };
    let mut said = columns.entry(name, &format!("HOLDS: {}", safe(&hold.reason)));
    let until = hold
        .until
        .map(|at| format!("opens by itself {}", text::clock(at, reader.now, reader.zone)));
    let remedy = Some(safe(&hold.remedy)).filter(|remedy| !remedy.is_empty());
    let opens: Vec<String> = [until, remedy].into_iter().flatten().collect();
    if !opens.is_empty() {
        said += &columns.entry("", &format!("→ {}", opens.join("; ")));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::gates::{Gate, Hold};

    fn reader() -> Reader {
        let now = "2026-02-07T17:42:00Z".parse().unwrap();
        Reader { now, zone: chrono_tz::Europe::Berlin, width: 80 }
    }

    #[test]
    fn every_gate_is_told_with_what_opens_it() {
        let mut why = Why::new("hello", "held", "`risk` needs you");
        why =
            why.next("once a person has opened that, it starts by itself", "buildq approve hello");
        why.title = "Say\u{1b}[31m hello".into();
        let hold = |reason: &str, until: Option<&str>, remedy: &str| {
            let until = until.map(|at| at.parse().unwrap());
            let (reason, remedy) = (reason.into(), remedy.into());
            Some(Box::new(Hold { reason, until, remedy, asks: Vec::new() }))
        };
        let window = "buildq spawn hello starts it now";
        why.gates = vec![
            Ruling { gate: Gate::Valid, hold: None },
            Ruling {
                gate: Gate::Risk,
                hold: hold("production: \"deploy\"", None, "buildq approve hello"),
            },
            Ruling {
                gate: Gate::Window,
                hold: hold("opens 22:00", Some("2026-02-07T21:00:00Z"), window),
            },
        ];
        why.notes = vec!["`mini/4f1c` runs this queue".into()];
        let expected = "\
hello (Say\u{fffd}[31m hello): held: `risk` needs you

  valid       open
  risk        HOLDS: production: \"deploy\"
              → buildq approve hello
  window      HOLDS: opens 22:00
              → opens by itself 22:00; buildq spawn hello starts it now

next: once a person has opened that, it starts by itself
  → buildq approve hello
note: `mini/4f1c` runs this queue
";
        assert_eq!(page(&why, reader()), expected);
    }

    #[test]
    fn another_phase_says_what_is_next() {
        let mut why = Why::new("hello", "review", "it is built and its checks passed");
        why = why.next("your review", "buildq review hello");
        why.since = Some("2026-02-06T17:40:00Z".parse().unwrap());
        let expected = "\
hello: review since 2026-02-06 18:40 (1d ago): it is built and its checks passed

next: your review
  → buildq review hello
";
        assert_eq!(page(&why, reader()), expected);
    }
}
