//! One task with all that is known of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::facts::{seconds, whole_seconds};
use super::how_it_ended;
use crate::core::ledger::{Outcome, Run, Word};
use crate::domain::event::{CheckResult, Spent, Usage};
use crate::domain::id::{Attempt, Oid, Percent, TaskId};
use crate::domain::task::{Criterion, Priority};

/// Everything that `show` knows of one task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// [`super::VERSION`].
    pub version: u32,
    /// When it was true.
    pub at: DateTime<Utc>,
    /// Why it is where it is.
    pub why: super::Why,
    /// What is to be done; `null` when no text of it is here.
    pub spec: Option<Spec>,
    /// What is to be reached, as ticked on the branch.
    pub criteria: Vec<CriterionView>,
    /// How much is done.
    pub percent: Option<Percent>,
    /// Every attempt, the oldest first.
    pub attempts: Vec<AttemptView>,
    /// Commits of the newest attempt, the newest first.
    pub commits: Vec<CommitView>,
    /// The builder's own summary.
    pub summary: Option<String>,
    /// What to look at.
    pub deliverables: Vec<String>,
    /// What the builder would do next.
    pub next_steps: Vec<String>,
    /// What people said to the builder.
    pub words: Vec<WordView>,
    /// Commands that show the work.
    pub look: Vec<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// Of the file, from the top of the repository.
    pub path: String,
    /// The exact text that is or was built, else that would be.
    pub source: Oid,
    /// Its file since that text was taken up.
    pub file: super::FileState,
    /// How soon it may start.
    pub priority: Option<Priority>,
    /// A person's guess of the work, in seconds.
    #[serde(rename = "estimate_seconds", serialize_with = "seconds")]
    pub estimate: Option<Duration>,
    /// When it should be done by.
    pub due: Option<DateTime<Utc>>,
    /// All of these come first.
    pub depends_on: Vec<TaskId>,
    /// Free words.
    pub labels: Vec<String>,
    /// Free words.
    pub tech: Vec<String>,
    /// The builder that it names.
    pub builder: Option<String>,
    /// Its own checks, as one would type them.
    pub verify: Vec<String>,
    /// The Markdown before the criteria.
    pub description: String,
    /// Errors and warnings of its file.
    pub findings: Vec<String>,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CriterionView {
    /// Its text.
    pub text: String,
    /// Whether it is reached.
    pub done: bool,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptView {
    /// Its number.
    pub attempt: Attempt,
    /// Who did the work.
    pub builder: String,
    /// Where.
    pub runner: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; `null` while it runs.
    pub ended: Option<DateTime<Utc>>,
    /// `running`, `succeeded`, `failed`, `blocked` or `cancelled`.
    pub outcome: &'static str,
    /// How it ended, on one line.
    pub reason: String,
    /// Whose fault a failure is: `task`, `builder`, `base` or `person`.
    pub fault: Option<String>,
    /// The commit it began at.
    pub base: Oid,
    /// Its newest commit.
    pub tip: Oid,
    /// Builds in review that it stands upon.
    pub upon: Vec<TaskId>,
    /// Every check that was run.
    pub checks: Vec<CheckView>,
    /// What it used; `null` while it runs.
    pub usage: Option<UsageView>,
    /// What its agent says it has used: `tokens_in`, `tokens_out`, `cost` in US dollars; `null`
    /// is what it did not say.
    pub spent: Spent,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckView {
    /// As one would type it.
    pub command: String,
    /// Whether it exited 0 in time.
    pub passed: bool,
    /// How it ended.
    pub ended: String,
    /// How long it took, in seconds.
    #[serde(rename = "took_seconds", serialize_with = "whole_seconds")]
    pub took: Duration,
}

/// What an attempt used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsageView {
    /// From start to end, in seconds.
    #[serde(rename = "took_seconds", serialize_with = "whole_seconds")]
    pub took: Duration,
    /// Processor time, in seconds.
    #[serde(rename = "cpu_seconds", serialize_with = "seconds")]
    pub cpu: Option<Duration>,
    /// Peak memory of the largest process, in bytes.
    #[serde(rename = "memory_bytes")]
    pub memory: Option<u64>,
    /// Of the workspace at the end, in bytes.
    #[serde(rename = "disk_bytes")]
    pub disk: Option<u64>,
}

/// One commit of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommitView {
    /// Its name.
    pub id: Oid,
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub author: String,
    /// Its first line.
    pub subject: String,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WordView {
    /// The attempt it was about.
    pub attempt: Attempt,
    /// `answer` or `feedback`.
    pub kind: &'static str,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

impl From<&Criterion> for CriterionView {
    fn from(criterion: &Criterion) -> Self {
        Self { text: criterion.text.clone(), done: criterion.done }
    }
}

impl From<&Word> for WordView {
    fn from(word: &Word) -> Self {
        let kind = if word.answer { "answer" } else { "feedback" };
        let (author, text) = (word.author.clone(), word.text.clone());
        Self { attempt: word.attempt, kind, author, text }
    }
}

impl From<&CheckResult> for CheckView {
    fn from(check: &CheckResult) -> Self {
        Self {
            command: check.command.clone(),
            passed: check.passed,
            ended: check.ended.clone(),
            took: check.duration,
        }
    }
}

impl From<&Usage> for UsageView {
    fn from(usage: &Usage) -> Self {
        let Usage { duration, cpu, memory, disk, .. } = usage.clone();
        Self { took: duration, cpu, memory, disk }
    }
}

/// One run, as it is shown.
pub fn attempt(run: &Run, tip: Oid) -> AttemptView {
    let (mut checks, mut usage, mut fault): (&[CheckResult], _, _) = (&[], None, None);
    let outcome = match run.end.as_ref().map(|end| &end.outcome) {
        None => "running",
        Some(Outcome::Succeeded(end)) => {
            (checks, usage) = (&end.checks, Some(&end.usage));
            "succeeded"
        }
        Some(Outcome::Failed { fault: whose, checks: run, usage: used, .. }) => {
            (checks, usage, fault) = (run, Some(used), Some(whose.to_string()));
            "failed"
        }
        Some(Outcome::Blocked { .. }) => "blocked",
        Some(Outcome::Cancelled { .. }) => "cancelled",
    };
    AttemptView {
        attempt: run.number(),
        builder: run.started.builder.clone(),
        runner: run.started.runner.clone(),
        started: run.at,
        ended: run.end.as_ref().map(|end| end.at),
        outcome,
        reason: how_it_ended(run),
        fault,
        base: run.started.base,
        tip,
        upon: run.started.upon.clone(),
        checks: checks.iter().map(CheckView::from).collect(),
        usage: usage.map(UsageView::from),
        spent: run.spent().unwrap_or_default(),
    }
}
