//! The tasks of a queue as other tools want them: flat, and in the words of a task file.

use serde::Serialize;

use crate::domain::id::TaskId;
use crate::domain::span_of_time;
use crate::domain::task::{Priority, Task, When};

/// One task, as it is given away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Its file's name.
    pub id: TaskId,
    /// What it is called.
    pub title: String,
    /// How its build stands: `queued`, `review`, `merged` …; `done` for a file that lies in
    /// `done/` and was never built.
    pub state: String,
    /// Whether its file lies in `done/`.
    pub done: bool,
    /// `high`, `medium` or `low`.
    pub priority: Priority,
    /// As task files have it: `1h 30m`.
    pub estimate: Option<String>,
    /// `2026-02-07 20:00`, or RFC 3339 where it is exact.
    pub due: Option<String>,
    /// The same.
    pub not_before: Option<String>,
    /// What it is made with.
    pub tech: Vec<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// What comes first.
    pub depends_on: Vec<TaskId>,
    /// What stands in the way.
    pub blockers: Vec<String>,
    /// A configured builder.
    pub builder: Option<String>,
    /// Markdown.
    pub description: String,
    /// What is to be reached.
    pub criteria: Vec<Outcome>,
}

/// One criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// On one line.
    pub text: String,
    /// Whether it is ticked.
    pub done: bool,
}

impl Exported {
    /// What a task file says, and how its build stands.
    pub fn of(id: &TaskId, task: &Task, (state, done): (&str, bool)) -> Self {
        let outcome = |own: &crate::domain::task::Criterion| Outcome {
            text: own.text.clone(),
            done: own.done,
        };
        Self {
            id: id.clone(),
            title: task.title.clone(),
            state: state.to_owned(),
            done,
            priority: task.priority,
            estimate: task.estimate.map(span_of_time::show),
            due: task.due.map(moment),
            not_before: task.not_before.map(moment),
            tech: task.tech.clone(),
            labels: task.labels.clone(),
            depends_on: task.depends_on.clone(),
            blockers: task.blockers.clone(),
            builder: task.builder.clone(),
            description: task.description.clone(),
            criteria: task.criteria.iter().map(outcome).collect(),
        }
    }

    /// `high`, `medium` or `low`.
    pub fn priority(&self) -> &'static str {
        match self.priority {
            Priority::High => "high",
            Priority::Medium => "medium",
            Priority::Low => "low",
        }
    }
}

fn moment(when: When) -> String {
    match when {
        When::Civil(civil) => civil.format("%Y-%m-%d %H:%M:%S").to_string(),
        When::Exact(exact) => exact.to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
    }
}
