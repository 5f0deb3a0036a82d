//! The facts of an overview, as plain data.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize, Serializer};

use super::health::Health;
use super::kept::Beyond;
use super::needs::Need;
use crate::core::gates::Gate;
use crate::core::ledger::Wait;
use crate::domain::id::{Attempt, Oid, Percent, TaskId};
use crate::domain::task::Priority;

/// Everything that `status` knows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// [`super::VERSION`].
    pub version: u32,
    /// When it was true.
    pub at: DateTime<Utc>,
    /// The zone in which it is told to people.
    pub timezone: Tz,
    /// What waits for a person, the most pressing first.
    pub needs_you: Vec<Need>,
    /// Builds under way.
    pub running: Vec<Running>,
    /// What could start, in the order of the queue.
    pub queue: Vec<Queued>,
    /// Finished builds that wait for a person, the oldest first.
    pub review: Vec<Review>,
    /// What ended lately, the newest first.
    pub recent: Vec<Ended>,
    /// How many tasks are in each state.
    pub counts: Counts,
    /// Of what keeps the queue going.
    pub health: Health,
    /// What was left out, where it is only for a page.
    #[serde(skip)]
    pub beyond: Beyond,
}

/// What a look at a running attempt tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// How much is done.
    pub percent: Percent,
    /// The builder's last words.
    pub message: String,
    /// The newest commit or output.
    pub last_sign: DateTime<Utc>,
    /// Its lock is held; `None` when it runs in another clone.
    pub alive: Option<bool>,
}

/// One build under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Running {
    /// Whose.
    pub task: TaskId,
    /// Its title when it began.
    pub title: String,
    /// Its number.
    pub attempt: Attempt,
    /// The number that its last retry would have.
    pub at_most: u32,
    /// The builder's name.
    pub builder: String,
    /// Where it runs.
    pub runner: String,
    /// The branch to look at.
    pub branch: String,
    /// How much is done.
    pub percent: Percent,
    /// The builder's last words.
    pub message: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The newest commit, output, or recorded progress.
    pub last_sign: DateTime<Utc>,
    /// Start and estimate, where a person made one.
    pub ends_by_estimate: Option<DateTime<Utc>>,
    /// No sign of life since then.
    pub stalled_since: Option<DateTime<Utc>>,
    /// Its supervisor lives; `null` when it runs in another clone.
    pub alive: Option<bool>,
    /// Its task file since it began.
    pub file: FileState,
    /// Where it has come to touch what another build at work touches, one sentence each.
    pub crossings: Vec<String>,
}

/// What became of a task file since its text was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// Nothing.
    Same,
    /// It was edited: the edit is not built.
    Changed,
    /// It is no longer in the queue.
    Gone,
}

/// Where a task of the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It starts by itself: at once, or when its holds have opened.
    Queued,
    /// A person must do something first.
    Held,
    /// Its next attempt comes by itself.
    Waiting,
}

/// One task that could start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// From 1.
    pub position: usize,
    /// Which task.
    pub task: TaskId,
    /// Its title; its id when the file cannot be read.
    pub title: String,
    /// Its file, from the top of the repository.
    pub path: String,
    /// `null` when the file cannot be read.
    pub priority: Option<Priority>,
    /// Where it stands.
    pub standing: Standing,
    /// Every gate that holds it, in the order of the gates.
    pub holds: Vec<Held>,
    /// When all of them open by themselves; `null` when one needs more than time.
    pub opens: Option<DateTime<Utc>>,
    /// The attempts so far, when this is not the first.
    pub retry: Option<Retry>,
    /// When it should be done by.
    pub due: Option<DateTime<Utc>>,
    /// A person's guess of the work, in seconds.
    #[serde(rename = "estimate_seconds", serialize_with = "seconds", skip_deserializing)]
    pub estimate: Option<Duration>,
}

/// Why a task does not start yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Which gate.
    pub gate: Gate,
    /// Why.
    pub reason: String,
    /// What a person can do.
    pub remedy: String,
    /// When it opens by itself.
    pub until: Option<DateTime<Utc>>,
    /// It does not open without a person.
    pub needs_you: bool,
}

/// What the next attempt follows upon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// The number of the next attempt.
    pub attempt: Attempt,
    /// The number that its last retry would have.
    pub at_most: u32,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// For what.
    pub why: Wait,
    /// How the last attempt ended, on one line.
    pub after: String,
}

/// One finished build that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// Whose.
    pub task: TaskId,
    /// Its title when it began.
    pub title: String,
    /// The attempt that succeeded.
    pub attempt: Attempt,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// The branch to look at.
    pub branch: String,
    /// Its last commit.
    pub tip: Oid,
    /// How many criteria are ticked.
    pub ticked: usize,
    /// How many there are.
    pub criteria: usize,
    /// How many checks passed; all of them did.
    pub checks: usize,
    /// How long the attempt took, in seconds.
    #[serde(rename = "took_seconds", serialize_with = "whole_seconds")]
    pub took: Duration,
    /// Builds in review that it stands upon.
    pub upon: Vec<TaskId>,
    /// Its task file since it began.
    pub file: FileState,
}

/// One build that has come to its end lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Whose.
    pub task: TaskId,
    /// Its title when it began, else its id.
    pub title: String,
    /// What became of it.
    pub what: What,
    /// When.
    pub at: DateTime<Utc>,
    /// One line more: how it was merged, why it was closed.
    pub detail: String,
}

/// How a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Its checks passed; it waits for review.
    Succeeded,
    /// It is in the base branch.
    Merged,
    /// Over without a merge.
    Closed,
    /// Called off.
    Cancelled,
}

/// How many tasks are in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Start by themselves.
    pub queued: usize,
    /// Wait for a person before they start.
    pub held: usize,
    /// Wait for their next attempt.
    pub waiting: usize,
    /// Under way, stalled ones too.
    pub building: usize,
    /// Under way without a sign of life.
    pub stalled: usize,
    /// Ask a person.
    pub blocked: usize,
    /// Out of retries.
    pub escalated: usize,
    /// Wait for review.
    pub review: usize,
    /// In the base branch.
    pub merged: usize,
    /// Over without a merge.
    pub closed: usize,
    /// Called off.
    pub cancelled: usize,
}

/// An optional span in JSON: whole seconds.
pub fn seconds<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs()).serialize(to)
}

/// A span in JSON: whole seconds.
pub fn whole_seconds<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    span.as_secs().serialize(to)
}
