//! One transition of the ledger, as data. [`super::trailers`] reads and writes its text.

mod texts;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::cost::Cost;
use super::id::{Attempt, Oid, Percent, TaskId};

mod judged;
pub use judged::{Concern, Judged, Opinion};

/// The version of the ledger's format that this program writes; it stands in the root commit.
pub const FORMAT: u32 = 1;

/// A transition: what one commit of the ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Unique everywhere (a ULID); an event that comes in twice counts once.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// Tip of the queue branch when it happened.
    pub queue: Option<Oid>,
    /// The id of the `started` of the attempt that it speaks of: two clones that wrote at once may
    /// have given one number twice. Events of before this was noted have none.
    pub run: Option<String>,
    /// Free text for people, between subject and trailers; may be empty.
    pub body: String,
}

/// An event where it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The ledger commit.
    pub commit: Oid,
    /// When it was written, to the second.
    pub at: DateTime<Utc>,
    /// Who caused it: a person or a builder.
    pub author: String,
    /// The first line, for people.
    pub subject: String,
    /// What it says.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// An attempt begins.
    Started(Started),
    /// How far an attempt is.
    Progressed {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
        /// Stated, else ticked over all criteria.
        percent: Percent,
        /// The builder's own words.
        message: String,
        /// The newest commit of the attempt.
        tip: Oid,
    },
    /// An attempt ended with its checks passed: it waits for review.
    Succeeded(Succeeded),
    /// An attempt ended otherwise.
    Failed(Failed),
    /// A running attempt shows no sign of life.
    Stalled {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
        /// When it last showed one.
        since: DateTime<Utc>,
    },
    /// The builder asks a person; the body holds the question. The attempt has ended.
    Blocked {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
        /// What it has committed so far.
        tip: Oid,
        /// The question, on one line.
        question: String,
        /// What it used until then.
        #[serde(default)]
        spent: Spent,
    },
    /// Out of retries: a person must act.
    Escalated {
        /// Whose.
        task: TaskId,
        /// The last failed run.
        attempt: Attempt,
    },
    /// A person has approved this exact text.
    Approved {
        /// Which task.
        task: TaskId,
        /// The blob that was approved.
        source: Oid,
        /// Where it lay; events of before this was noted have none.
        path: Option<String>,
        /// The kinds of risk that were told then; events of before this was noted have none.
        risks: Option<Vec<String>>,
        /// It counts no longer from then on.
        until: Option<DateTime<Utc>>,
    },
    /// A person sends the build back; the body holds the feedback.
    Rejected {
        /// Whose.
        task: TaskId,
        /// The run that was reviewed.
        attempt: Attempt,
    },
    /// A person answers the builder's question; the body holds the answer.
    Answered {
        /// Whose.
        task: TaskId,
        /// The run that asked.
        attempt: Attempt,
    },
    /// A judge has given its opinion on this exact text before it first starts.
    Judged(Judged),
    /// A person answers the judge's questions about this exact text; the body holds the answer.
    /// Its word in the ledger is `answered` too.
    Clarified {
        /// Which task.
        task: TaskId,
        /// The blob that was judged.
        source: Oid,
    },
    /// From scratch, with a fresh count of failures.
    Retried {
        /// Which task.
        task: TaskId,
        /// Why, on one line.
        reason: String,
    },
    /// The work is in the base branch.
    Merged {
        /// Whose.
        task: TaskId,
        /// The run that was merged.
        attempt: Attempt,
        /// Where the base branch stood when it was seen.
        commit: Oid,
        /// How it came there.
        how: Merge,
        /// The task file was edited while it was built; the edit is not built.
        edited: bool,
    },
    /// Over without a merge.
    Closed {
        /// Which task.
        task: TaskId,
        /// Why, on one line.
        reason: String,
        /// The blob that is not to be built again.
        source: Option<Oid>,
    },
    /// A person has called it off.
    Cancelled {
        /// Which task.
        task: TaskId,
        /// Why, on one line.
        reason: String,
        /// The blob that is not to be built again.
        source: Option<Oid>,
    },
    /// Nothing starts until `resumed`, or until then.
    Paused {
        /// The moment it ends by itself.
        until: Option<DateTime<Utc>>,
        /// The one builder that is meant; `None` means everything.
        builder: Option<String>,
        /// Why, on one line.
        reason: String,
    },
    /// The pause is over.
    Resumed {
        /// The one builder that is meant; `None` means everything.
        builder: Option<String>,
    },
    /// This clone starts the builds from now on.
    Runner {
        /// `<host>/<short clone id>`
        runner: String,
    },
    /// The report of a day was stored in the ledger's tree.
    Reported {
        /// The day on which it ends.
        date: NaiveDate,
    },
    /// The digest of a morning was stored in the ledger's tree; the body is its plain text.
    Morning {
        /// Which morning.
        date: NaiveDate,
    },
    /// Written by a newer buildq: kept and shown, never acted upon.
    Unknown {
        /// Its `Buildq-Event`.
        name: String,
        /// Whose, if it says so.
        task: Option<TaskId>,
    },
}

/// How the work of a build came into the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Merge {
    /// `buildq accept`.
    Accepted,
    /// The branch's tip is in the base's history.
    Ancestry,
    /// The same change arrived as other commits: squashed or rebased.
    Patch,
    /// The branch's own finished task file arrived.
    File,
}

/// The beginning of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Whose.
    pub task: TaskId,
    /// Its number.
    pub attempt: Attempt,
    /// The clone that runs it.
    pub runner: String,
    /// The builder's name.
    pub builder: String,
    /// Blob of the task file that is built.
    pub source: Oid,
    /// Path of the task file; `None` for a spec given on the command line.
    pub path: Option<String>,
    /// Commit that the attempt starts from.
    pub base: Oid,
    /// The task's title then.
    pub title: String,
    /// The person's estimate then.
    pub estimate: Option<Duration>,
    /// Dependencies still in review that it stands upon.
    pub upon: Vec<TaskId>,
    /// A person started it: it counts for no limit of the night.
    #[serde(default)]
    pub spawned: bool,
}

/// What an attempt used. Processor time and memory are those of reaped children.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// From its start to its end.
    pub duration: Duration,
    /// User and system time.
    pub cpu: Option<Duration>,
    /// Peak resident set of the largest process, in bytes.
    pub memory: Option<u64>,
    /// Of the workspace at the end, in bytes.
    pub disk: Option<u64>,
    /// Of somebody's money.
    #[serde(default)]
    pub spent: Spent,
}

/// What an agent says it has used; `None` is what it did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens that it read, from caches too.
    pub tokens_in: Option<u64>,
    /// Tokens that it wrote, thoughts too.
    pub tokens_out: Option<u64>,
    /// In US dollars.
    pub cost: Option<Cost>,
}

/// One check and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// As a person would type it.
    pub command: String,
    /// Whether it exited 0 in time.
    pub passed: bool,
    /// How it ended: `exit 1`, `signal 9`, `timeout`, `not found`.
    pub ended: String,
    /// How long it took.
    pub duration: Duration,
}

/// An attempt that ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succeeded {
    /// Whose.
    pub task: TaskId,
    /// Which run.
    pub attempt: Attempt,
    /// The last commit, with the task file in `done/`.
    pub tip: Oid,
    /// The last commit of the builder's own: where work after a rejection goes on.
    pub work: Oid,
    /// Ticked and all criteria.
    pub criteria: (usize, usize),
    /// Texts of those that are not ticked.
    pub unticked: Vec<String>,
    /// What it used.
    pub usage: Usage,
    /// Every check that was run.
    pub checks: Vec<CheckResult>,
    /// What to look at.
    pub deliverables: Vec<String>,
    /// What the builder would do next.
    pub next_steps: Vec<String>,
}

/// Whose fault a failure is: only a task's own spends one of its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The work itself.
    Task,
    /// The builder could not work: missing, logged out, out of quota.
    Builder,
    /// The checks fail on the base too.
    Base,
    /// A person ended it (`pause --now`, `adopt`).
    Person,
    /// The work holds the value of a secret: a person decides, and nothing is tried again before.
    Secret,
}

/// An attempt that did not end well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Whose.
    pub task: TaskId,
    /// Which run.
    pub attempt: Attempt,
    /// Whose fault.
    pub fault: Fault,
    /// On one line; the body of the event holds the last output.
    pub reason: String,
    /// The work that is kept, if there is any.
    pub tip: Option<Oid>,
    /// The commit on which the checks fail too, when that is the fault.
    pub base: Option<Oid>,
    /// What it used.
    pub usage: Usage,
    /// Every check that was run.
    pub checks: Vec<CheckResult>,
    /// When the builder can work again, where it said so.
    pub resumes: Option<DateTime<Utc>>,
}

impl Kind {
    /// The word in `Buildq-Event`.
    pub fn name(&self) -> &str {
        match self {
            Self::Started(_) => "started",
            Self::Progressed { .. } => "progressed",
            Self::Succeeded(_) => "succeeded",
            Self::Failed(_) => "failed",
            Self::Stalled { .. } => "stalled",
            Self::Blocked { .. } => "blocked",
            Self::Escalated { .. } => "escalated",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Answered { .. } | Self::Clarified { .. } => "answered",
            Self::Judged(_) => "judged",
            Self::Retried { .. } => "retried",
            Self::Merged { .. } => "merged",
            Self::Closed { .. } => "closed",
            Self::Cancelled { .. } => "cancelled",
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Runner { .. } => "runner",
            Self::Reported { .. } => "reported",
            Self::Morning { .. } => "morning",
            Self::Unknown { name, .. } => name,
        }
    }

    /// The task it is about.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Started(Started { task, .. })
            | Self::Succeeded(Succeeded { task, .. })
            | Self::Failed(Failed { task, .. })
            | Self::Progressed { task, .. }
            | Self::Stalled { task, .. }
            | Self::Blocked { task, .. }
            | Self::Escalated { task, .. }
            | Self::Approved { task, .. }
            | Self::Rejected { task, .. }
            | Self::Answered { task, .. }
            | Self::Clarified { task, .. }
            | Self::Judged(Judged { task, .. })
            | Self::Retried { task, .. }
            | Self::Merged { task, .. }
            | Self::Closed { task, .. }
            | Self::Cancelled { task, .. } => Some(task),
            Self::Unknown { task, .. } => task.as_ref(),
            Self::Paused { .. } | Self::Resumed { .. } => None,
            Self::Runner { .. } | Self::Reported { .. } | Self::Morning { .. } => None,
        }
    }

    /// The attempt it is about.
    pub fn attempt(&self) -> Option<Attempt> {
        match self {
            Self::Started(Started { attempt, .. })
            | Self::Succeeded(Succeeded { attempt, .. })
            | Self::Failed(Failed { attempt, .. })
            | Self::Progressed { attempt, .. }
            | Self::Stalled { attempt, .. }
            | Self::Blocked { attempt, .. }
            | Self::Escalated { attempt, .. }
            | Self::Rejected { attempt, .. }
            | Self::Answered { attempt, .. }
            | Self::Merged { attempt, .. } => Some(*attempt),
            _ => None,
        }
    }

    /// The first line of its commit, for people: `what: whom, and the one fact that matters`.
    pub fn subject(&self) -> String {
        let name = self.name();
        match self {
            Self::Started(s) => format!("{name}: {} attempt {} on {}", s.task, s.attempt, s.runner),
            Self::Progressed { task, percent, message, .. } if message.is_empty() => {
                format!("{name}: {task} {percent}")
            }
            Self::Progressed { task, percent, message, .. } => {
                format!("{name}: {task} {percent}, {message}")
            }
            Self::Succeeded(s) => {
                let took = humantime::format_duration(whole_seconds(s.usage.duration));
                format!("{name}: {} attempt {} in {took}", s.task, s.attempt)
            }
            Self::Failed(f) => format!("{name}: {} attempt {}: {}", f.task, f.attempt, f.reason),
            Self::Stalled { task, attempt, since } => {
                let since = since.format("%F %H:%M UTC");
                format!("{name}: {task} attempt {attempt}, no sign of life since {since}")
            }
            Self::Blocked { task, question, .. } => format!("{name}: {task} asks: {question}"),
            Self::Escalated { task, attempt } => {
                format!("{name}: {task} needs a person after attempt {attempt}")
            }
            Self::Approved { task, source, .. } => {
                format!("{name}: {task} as of {}", source.short())
            }
            Self::Judged(judged) => {
                format!("{name}: {} by {}: {}", judged.task, judged.builder, judged.summary())
            }
            Self::Clarified { task, source } => {
                format!("{name}: {task} as of {}", source.short())
            }
            Self::Rejected { task, attempt } | Self::Answered { task, attempt } => {
                format!("{name}: {task} attempt {attempt}")
            }
            Self::Retried { task, reason } => format!("{name}: {task}: {reason}"),
            Self::Merged { task, commit, how, .. } => {
                format!("{name}: {task} at {} ({how})", commit.short())
            }
            Self::Closed { task, reason, .. } | Self::Cancelled { task, reason, .. } => {
                format!("{name}: {task}: {reason}")
            }
            Self::Paused { until, builder, reason } => {
                let what = builder.as_deref().unwrap_or("everything");
                let until = until.map(|at| at.format(" until %F %H:%M UTC").to_string());
                format!("{name}: {what}{}: {reason}", until.unwrap_or_default())
            }
            Self::Resumed { builder } => {
                format!("{name}: {}", builder.as_deref().unwrap_or("everything"))
            }
            Self::Runner { runner } => format!("{name}: {runner}"),
            Self::Reported { date } | Self::Morning { date } => format!("{name}: {date}"),
            Self::Unknown { name, task: Some(task) } => format!("{name}: {task}"),
            Self::Unknown { name, task: None } => name.clone(),
        }
    }
}

/// Cut to what a person wants to read.
fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Ancestry => "ancestry",
            Self::Patch => "patch",
            Self::File => "file",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "task",
            Self::Builder => "builder",
            Self::Base => "base",
            Self::Person => "person",
            Self::Secret => "secret",
        })
    }
}
