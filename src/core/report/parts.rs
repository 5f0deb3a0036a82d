//! What a report says, as data; this is also the shape of its JSON.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::core::gates::Gate;
use crate::domain::cost::Cost;
use crate::domain::event::Merge;
use crate::domain::id::{Attempt, Oid, Percent, TaskId};
use crate::domain::task::Priority;

/// Everything that a report says. As JSON: times are RFC 3339 in UTC, durations whole seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its first moment.
    pub since: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Time zone of the times that people see.
    pub zone: Tz,
    /// How many of each.
    pub counts: Counts,
    /// What agents say they have used in attempts that ended within the span.
    pub used: Used,
    /// The seven days up to its end.
    pub week: Tally,
    /// The seven days before them.
    pub week_before: Tally,
    /// Why nothing was built, if nothing was.
    pub nothing: Option<String>,
    /// Attempts that ended well within the span, oldest first.
    pub completed: Vec<Completed>,
    /// Builds whose work came into the base branch within the span.
    pub merged: Vec<Merged>,
    /// Tasks that were closed or called off within the span.
    pub dropped: Vec<Dropped>,
    /// Builds at work at its end.
    pub active: Vec<Active>,
    /// Attempts that ended otherwise within the span.
    pub failed: Vec<Failure>,
    /// Builds that were out of retries at its end.
    pub escalated: Vec<Escalated>,
    /// Builds that waited for a person at its end, those that waited longest first.
    pub waiting: Vec<Waiting>,
    /// What could still start at its end: by priority, due, id.
    pub queue: Vec<Queued>,
}

/// How many of each: the first five happened within the span, the others stood at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Attempts that began.
    pub started: usize,
    /// Attempts that ended well.
    pub completed: usize,
    /// Attempts that ended otherwise.
    pub failed: usize,
    /// Builds whose work came into the base branch.
    pub merged: usize,
    /// Builds that a person sent back.
    pub rejected: usize,
    /// At work.
    pub active: usize,
    /// Out of retries.
    pub escalated: usize,
    /// Waiting for a person's review.
    pub review: usize,
    /// Waiting for a person's answer.
    pub blocked: usize,
    /// Waiting to start.
    pub queued: usize,
}

/// What happened within a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Attempts that began.
    pub started: usize,
    /// Attempts that ended well.
    pub completed: usize,
    /// Attempts that ended otherwise.
    pub failed: usize,
    /// Builds whose work came into the base branch.
    pub merged: usize,
    /// Half of the attempts that ended took no longer, in seconds.
    pub median_seconds: Option<u64>,
}

/// What agents say they have used, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Tokens that they read.
    pub tokens_in: u64,
    /// Tokens that they wrote.
    pub tokens_out: u64,
    /// In US dollars.
    pub cost: Cost,
    /// Attempts that told what they cost.
    pub told: usize,
    /// Attempts of agents that did not.
    pub silent: usize,
}

/// An attempt that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Which run.
    pub attempt: Attempt,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// From its start to its end, in seconds.
    pub seconds: u64,
    /// The builder's own words; may be several lines.
    pub summary: String,
    /// Where the build stood at the end of the span: `review`, `merged`, …
    pub state: String,
    /// Ticked criteria.
    pub ticked: usize,
    /// All criteria.
    pub criteria: usize,
    /// Texts of those that are not ticked.
    pub unticked: Vec<String>,
    /// Every check that was run.
    pub checks: Vec<Checked>,
    /// What to look at.
    pub deliverables: Vec<String>,
    /// What the builder would do next.
    pub next_steps: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// As a person would type it.
    pub command: String,
    /// Whether it passed.
    pub passed: bool,
    /// How it ended.
    pub ended: String,
}

/// A build whose work came into the base branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// When that was recorded.
    pub at: DateTime<Utc>,
    /// Where the base branch stood.
    pub commit: Oid,
    /// How it came there.
    pub how: Merge,
    /// The task file was edited meanwhile; the edit is not built.
    pub edited: bool,
}

/// A task that is over without a merge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Which.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `closed` or `cancelled`.
    pub state: String,
    /// Why.
    pub reason: String,
}

/// A build at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Which run.
    pub attempt: Attempt,
    /// When the run began.
    pub since: DateTime<Utc>,
    /// When it should end by a person's estimate.
    pub ends: Option<DateTime<Utc>>,
    /// How far it said it is.
    pub percent: Percent,
    /// Its last words.
    pub message: String,
    /// No sign of life since then.
    pub stalled: Option<DateTime<Utc>>,
}

/// An attempt that did not end well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Which run.
    pub attempt: Attempt,
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Why, on one line.
    pub reason: String,
    /// Where the build stood at the end of the span.
    pub state: String,
}

/// A build out of retries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalated {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How many attempts have been made.
    pub attempts: usize,
    /// Why the last one failed.
    pub reason: String,
}

/// A build that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// `review`, `blocked` or `edited`.
    pub state: String,
    /// What the builder asks, if it does.
    pub question: Option<String>,
    /// What a person can do.
    pub remedy: String,
}

/// A task that could start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// Its place, from 1.
    pub position: usize,
    /// Which.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// How soon it may start.
    pub priority: Priority,
    /// When it should be done by.
    pub due: Option<DateTime<Utc>>,
    /// `queued`, or `waiting` for another attempt.
    pub state: String,
    /// The first gate that held it.
    pub gate: Option<Gate>,
    /// That gate's reason.
    pub held: Option<String>,
    /// What a person can type, if that gate waits for one.
    pub remedy: Option<String>,
}
