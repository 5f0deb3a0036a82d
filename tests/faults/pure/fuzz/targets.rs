//! What is fuzzed, and what must hold there.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Target, grow, pages, words};
use crate::core::judged::Judged;
use crate::core::ledger::{Ledger, refusal};
use crate::core::{calendar, judgement, window};
use crate::domain::config;
use crate::domain::diagnostic::{Diagnostic, Severity, Source};
use crate::domain::event::{Event, Recorded};
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::{self, Task};
use crate::render::diagnostic;

/// Labelled tasks of other repositories: real texts.
const TASKS: &str = include_str!("../../../data/tasks.jsonl");

/// Front matter, as Markdown and as YAML.
pub const FRONT_MATTER: Target = Target {
    name: "front matter",
    run: |bytes| {
        let _: Option<Task> = parsed("queue/t.md", bytes);
        let _: Option<Task> = parsed("queue/t.yaml", bytes);
    },
    grow: grow::task,
    corpus: || vec![include_bytes!("../../../../templates/task.md").to_vec()],
    words: task::KEYS,
    short: 2500,
};

/// The body of a task.
pub const BODY: Target = Target {
    name: "body",
    run: |bytes| ticked(bytes),
    grow: grow::body,
    corpus: texts,
    words: &["- [ ] ", "```sh\n", "## Completion criteria\n", "\n\n", "  ", "> "],
    short: 2500,
};

/// `buildq.yaml`.
pub const CONFIGURATION: Target = Target {
    name: "configuration",
    run: configured,
    grow: grow::config,
    corpus: || vec![include_bytes!("../../../../templates/buildq.yaml").to_vec()],
    words: config::KEYS,
    short: 2500,
};

/// Messages of the ledger, and what they make of it.
pub const EVENTS: Target = Target {
    name: "events",
    run: replayed,
    grow: grow::events,
    corpus: Vec::new,
    words: words::TRAILERS,
    short: 2500,
};

/// Calendars.
pub const CALENDARS: Target = Target {
    name: "calendars",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let now = moment();
        let Ok(reading) = calendar::read(&text, chrono_tz::Europe::Berlin, now) else { return };
        for busy in &reading.busy {
            assert!(busy.from < busy.until && now < busy.until, "{busy:?}");
        }
    },
    grow: grow::calendar,
    corpus: Vec::new,
    words: words::CALENDAR,
    short: 800,
};

/// Pages for people and for programs, from a ledger and a queue full of strange text.
pub const RENDERERS: Target = Target {
    name: "renderers",
    run: pages::shown,
    grow: grow::lines,
    corpus: texts,
    words: &["`", "|", "\u{1b}[31m", "\u{202e}", "<b>", "[a](b)", "{{ x }}", "~~~", "   "],
    short: 300,
};

/// The gates' reading of a text.
pub const JUDGEMENT: Target = Target {
    name: "judgement",
    run: judged,
    grow: grow::prose,
    corpus: texts,
    words: words::RISKY,
    short: 1000,
};

/// The one time of these tests.
pub fn moment() -> DateTime<Utc> {
    "2026-02-02T08:30:00Z".parse().unwrap()
}

fn id() -> TaskId {
    TaskId::new("t").unwrap()
}

fn texts() -> Vec<Vec<u8>> {
    let text = |line: &str| {
        let task: serde_json::Value = serde_json::from_str(line).unwrap();
        task["description"].as_str().unwrap_or_default().as_bytes().to_vec()
    };
    TASKS.lines().map(text).collect()
}

/// A diagnostic points at what there is, and is shown without harm.
fn pointed(found: &[Diagnostic], bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for diagnostic in found {
        if let Some(place) = &diagnostic.place {
            assert!(place.line >= 1 && place.line <= lines, "{place:?} of {lines} lines");
            assert!(place.column >= 1 && place.width >= 1, "{place:?}");
        }
        pages::harmless(&diagnostic::show(diagnostic));
    }
}

fn parsed(path: &str, bytes: &[u8]) -> Option<Task> {
    let parsed = task::parse(path, &id(), bytes);
    let wrong = parsed.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(parsed.task.is_none(), wrong, "no task without a reason: {:?}", parsed.diagnostics);
    pointed(&parsed.diagnostics, bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = task::spots(&Source::new(path, text));
    }
    parsed.task
}

/// Every criterion that can be ticked is ticked by its tick, and nothing else changes.
fn ticked(bytes: &[u8]) {
    let Some(before) = parsed("queue/t.md", bytes) else { return };
    let all = task::tick_all(bytes, before.criteria.iter().filter(|c| !c.done));
    let Some(after) = task::parse("queue/t.md", &id(), &all).task else {
        panic!("a ticked task cannot be read");
    };
    let texts = |task: &Task| -> Vec<String> {
        task.criteria.iter().map(|criterion| criterion.text.clone()).collect()
    };
    assert_eq!(texts(&before), texts(&after), "a tick changes a criterion");
    for (old, new) in before.criteria.iter().zip(&after.criteria) {
        assert!(new.done || old.tick.is_none(), "a tick does not tick: {old:?}");
        assert!(new.done || !old.done, "a tick takes one away: {old:?}");
    }
}

fn configured(bytes: &[u8]) {
    match config::parse("buildq.yaml", bytes) {
        Ok((config, warnings)) => {
            pointed(&warnings, bytes);
            assert!(config.max_parallel > 0, "nothing could ever start");
            let now = moment();
            for opening in [&config.window_high, &config.window_medium, &config.window_low] {
                let next = window::next_opening(opening, config.timezone, now);
                assert!(next.is_none_or(|next| next > now), "{opening:?}");
                let _ = window::is_open(opening, config.timezone, now);
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            pointed(&errors, bytes);
        }
    }
}

/// An event that was read is written and read back; any events in any order give a ledger.
fn replayed(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut ledger = Ledger::default();
    for (number, message) in text.split('\u{1e}').enumerate() {
        let Some(event) = Event::parse(message) else { continue };
        // What is too long, or more precise than it is written, is cut once.
        let written = event.message();
        let again = Event::parse(&written).map(|event| event.message());
        assert_eq!(again.as_ref(), Some(&written), "an event is read back as it was written");
        let commit = Oid(std::array::from_fn(|place| (number >> (8 * (place % 4))) as u8));
        let at = moment() + TimeDelta::seconds((number as i64 * 7919) % 100_000 - 50_000);
        let refused = refusal(&ledger, &event.kind, event.run.as_deref()).is_some();
        let subject = event.kind.subject();
        let recorded = Recorded { commit, at, author: "Ada".into(), subject, event };
        ledger.apply(&recorded);
        assert_eq!(ledger.superseded.contains(&commit), refused, "one rule for both");
    }
    let kept = postcard::to_stdvec(&ledger).unwrap();
    let back: Ledger = postcard::from_bytes(&kept).unwrap();
    assert_eq!(back, ledger, "a cache is read back as it was written");
    for (task, build) in &ledger.builds {
        let numbers: Vec<u32> = build.attempts.iter().map(|run| run.number().0).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{task}: {numbers:?}");
    }
}

fn judged(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(task) = task::parse("queue/t.md", &id(), text.as_bytes()).task else { return };
    let judged = Judged::read(Oid([1; 20]), &task);
    // A large text is read once, as the program does: so the bound is that of one reading.
    if text.len() > 16 << 10 {
        return;
    }
    assert_eq!(judged, Judged::read(Oid([1; 20]), &task), "one text, one judgement");
    let row = serde_json::json!({ "id": "t", "title": "T", "description": text });
    if let Ok(rows) = judgement::rows("f.jsonl", &row.to_string()) {
        let verdicts: Vec<_> = rows.iter().map(judgement::Verdict::of).collect();
        pages::harmless(&crate::render::judgement::table(&verdicts));
    }
}
