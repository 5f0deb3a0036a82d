//! A task: one file of the queue, parsed.

mod blocks;
mod body;
mod fields;
mod file;
pub mod keys;
mod spots;

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use serde::{Deserialize, Serialize};

use super::config::Check;
use super::id::TaskId;

pub use body::CRITERIA_HEADINGS;
pub use fields::when;
pub use file::{LARGEST_FILE, parse};
#[cfg(test)]
pub use keys::KEYS;
pub use spots::{Spots, spots};

/// How soon a task may start by itself; see the `window` gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// At any time.
    High,
    /// In the night's window.
    #[default]
    Medium,
    /// Only after a person's approval.
    Low,
}

/// A moment as a person wrote it: on the wall clock of the configured time zone, or exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// `2026-02-07 20:00`
    Civil(NaiveDateTime),
    /// With an offset: `2026-02-07T20:00:00+01:00`
    Exact(DateTime<Utc>),
}

/// One outcome that can be ticked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// The list item's own text, on one line, without its box.
    pub text: String,
    /// Whether its box is ticked.
    pub done: bool,
    /// Byte offset, in the whole file, of the character between `[` and `]`.
    pub mark: Option<usize>,
    /// What a tick changes in the file; `None` when it is ticked, or cannot be.
    #[serde(skip)]
    pub tick: Option<Splice>,
}

/// A change of one place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that are replaced; may be none.
    pub range: Range<usize>,
    /// What comes in their stead.
    pub with: String,
}

/// One fenced `sh` block, for the built-in builder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The script, run by `sh -e`.
    pub script: String,
    /// Index into the criteria of the one it stands under.
    pub criterion: Option<usize>,
    /// The line of its opening fence in the file, counted from 1.
    pub line: usize,
}

/// One task file, understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// From `title`, else the body's first heading, else the id with spaces for `-`.
    pub title: String,
    /// Whether somebody wrote the title, and it is not the file's name.
    pub titled: bool,
    /// How soon it may start.
    pub priority: Priority,
    /// A person's guess of the work.
    pub estimate: Option<Duration>,
    /// When it should be done by.
    pub due: Option<When>,
    /// Free words, shown to the builder.
    pub tech: Vec<String>,
    /// Free words, for people.
    pub labels: Vec<String>,
    /// All of these come first.
    pub depends_on: Vec<TaskId>,
    /// What still stands in the way; ticked and struck-out entries are left out.
    pub blockers: Vec<String>,
    /// Not before this moment.
    pub not_before: Option<When>,
    /// A builder named in `buildq.yaml`.
    pub builder: Option<String>,
    /// Checks beside the configured ones.
    pub verify: Vec<Check>,
    /// Globs of what it changes.
    pub touches: Vec<String>,
    /// The Markdown before the criteria heading, trimmed.
    pub description: String,
    /// What is to be reached.
    pub criteria: Vec<Criterion>,
    /// The `sh` blocks, in order.
    pub steps: Vec<Step>,
}

/// The file with one criterion ticked. The criterion must come from parsing these very bytes;
/// one that is ticked already, or cannot be, changes nothing.
#[cfg(test)]
pub fn tick(bytes: &[u8], criterion: &Criterion) -> Vec<u8> {
    tick_all(bytes, [criterion])
}

/// The file with several criteria ticked; see [`tick`].
pub fn tick_all<'c>(bytes: &[u8], criteria: impl IntoIterator<Item = &'c Criterion>) -> Vec<u8> {
    let mut splices: Vec<&Splice> = criteria.into_iter().filter_map(|c| c.tick.as_ref()).collect();
    splices.sort_by_key(|splice| splice.range.start);
    splices.dedup();
    let mut ticked = Vec::with_capacity(bytes.len() + 8);
    let mut copied = 0;
    for Splice { range, with } in splices {
        let sound = copied <= range.start && range.start <= range.end && range.end <= bytes.len();
        if sound {
            ticked.extend_from_slice(&bytes[copied..range.start]);
            ticked.extend_from_slice(with.as_bytes());
            copied = range.end;
        }
    }
    ticked.extend_from_slice(&bytes[copied..]);
    ticked
}

/// Whether two texts of a task differ in nothing but ticked boxes.
pub fn same_but_for_ticks(one: &[u8], other: &[u8]) -> bool {
    let plain = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.replace("[x]", "[ ]").replace("[X]", "[ ]")
    };
    one == other || plain(one) == plain(other)
}
