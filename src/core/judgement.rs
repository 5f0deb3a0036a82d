//! How well the gates `clear` and `risk` judge: their word on tasks that people have labelled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judged::hear;
use super::risk;
use super::risk::{Risk, RiskKind};
use crate::domain::diagnostic::{Diagnostic, Source};
use crate::domain::id::TaskId;
use crate::domain::task::{self, Task};

/// One labelled task, as it stands on a line of the file.
#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    repo: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    criteria: Vec<String>,
    clear: Option<bool>,
    #[serde(default)]
    risk: Vec<RiskKind>,
    approve: Option<bool>,
}

/// One task and what people say of it.
#[derive(Debug)]
pub struct Row {
    /// As it is named in its file.
    pub id: String,
    /// Where it comes from.
    pub repo: String,
    /// As the queue would have it.
    pub task: Task,
    /// Whether a developer could start without asking.
    pub clear: Option<bool>,
    /// What could go wrong.
    pub kinds: Vec<RiskKind>,
    /// Whether a careful owner would want to be asked.
    pub approve: Option<bool>,
}

/// What the gates say of one task.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// As it is named in its file.
    pub id: String,
    /// Where it comes from.
    pub repo: String,
    /// Its title.
    pub title: String,
    /// Why `clear` holds it.
    pub unclear: Option<String>,
    /// Why `risk` holds it.
    pub risks: Vec<Risk>,
    /// The words by which it says itself to wait.
    pub waits: Option<String>,
    /// As labelled.
    pub label_clear: Option<bool>,
    /// As labelled.
    pub label_kinds: Vec<RiskKind>,
    /// As labelled.
    pub label_approve: Option<bool>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// Would a careful owner want to be asked?
    Approve,
    /// Is it unclear?
    Unclear,
}

/// Held and labelled so, or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Labelled tasks.
    pub n: usize,
    /// Held, and rightly.
    pub hits: usize,
    /// Held in vain.
    pub false_alarms: usize,
    /// Let through in error.
    pub misses: usize,
}

/// A share with the 95 % interval of Wilson (1927); `None` where nothing was counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// The lower end.
    pub from: f64,
    /// The upper end.
    pub to: f64,
}

impl Counts {
    /// Of those that should be held, how many are.
    pub fn recall(&self) -> Option<Share> {
        wilson(self.hits, self.hits + self.misses)
    }

    /// Of those that are held, how many should be.
    pub fn precision(&self) -> Option<Share> {
        wilson(self.hits, self.hits + self.false_alarms)
    }

    fn count(&mut self, held: bool, labelled: bool) {
        self.n += 1;
        match (held, labelled) {
            (true, true) => self.hits += 1,
            (true, false) => self.false_alarms += 1,
            (false, true) => self.misses += 1,
            (false, false) => {}
        }
    }
}

fn wilson(hits: usize, of: usize) -> Option<Share> {
    const Z: f64 = 1.959_964;
    if of == 0 {
        return None;
    }
    let (n, share) = (of as f64, hits as f64 / of as f64);
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some(Share { share, from: (centre - spread) / scale, to: (centre + spread) / scale })
}

impl Verdict {
    /// The gates' word on one task.
    pub fn of(row: &Row) -> Self {
        let heard = hear(&row.task);
        Self {
            id: row.id.clone(),
            repo: row.repo.clone(),
            title: row.task.title.clone(),
            unclear: heard.unclear,
            risks: heard.risks,
            waits: heard.waits,
            label_clear: row.clear,
            label_kinds: row.kinds.clone(),
            label_approve: row.approve,
        }
    }

    /// Whether the gate holds.
    pub fn held(&self, question: Question) -> bool {
        match question {
            Question::Approve => !self.risks.is_empty() || self.waits.is_some(),
            Question::Unclear => self.unclear.is_some(),
        }
    }

    /// Whether people say that it should.
    pub fn labelled(&self, question: Question) -> Option<bool> {
        match question {
            Question::Approve => self.label_approve,
            Question::Unclear => self.label_clear.map(|clear| !clear),
        }
    }

    /// Whether it was let through against the label.
    pub fn missed(&self, question: Question) -> bool {
        self.labelled(question) == Some(true) && !self.held(question)
    }

    /// Whether it was held against the label.
    pub fn alarmed(&self, question: Question) -> bool {
        self.labelled(question) == Some(false) && self.held(question)
    }
}

/// The counts of all, and of each repository.
pub fn counts(verdicts: &[Verdict], question: Question) -> (Counts, BTreeMap<String, Counts>) {
    let mut all = Counts::default();
    let mut by_repo: BTreeMap<String, Counts> = BTreeMap::new();
    for verdict in verdicts {
        if let Some(labelled) = verdict.labelled(question) {
            let held = verdict.held(question);
            all.count(held, labelled);
            by_repo.entry(verdict.repo.clone()).or_default().count(held, labelled);
        }
    }
    (all, by_repo)
}

/// How many tasks are labelled with each kind, and how many of those are let through.
pub fn by_kind(verdicts: &[Verdict]) -> Vec<(RiskKind, usize, usize)> {
    let kind = |kind: RiskKind| {
        let with = || verdicts.iter().filter(move |v| v.label_kinds.contains(&kind));
        let missed = with().filter(|v| v.missed(Question::Approve)).count();
        (kind, with().count(), missed)
    };
    let first = [RiskKind::Financial, RiskKind::Destructive, RiskKind::Production];
    let rest = risk::KINDS.into_iter().filter(|kind| !first.contains(kind));
    first.into_iter().chain(rest).map(kind).collect()
}

/// The rows of a file, or what is wrong with each of its bad lines.
pub fn rows(file: &str, text: &str) -> Result<Vec<Row>, Vec<Diagnostic>> {
    let source = Source::new(file, text);
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        if line.trim().is_empty() {
            continue;
        }
        match row(line.trim()) {
            Ok(row) => rows.push(row),
            Err((column, message, hint)) => {
                let from = at + column;
                let place = source.place(&(from..from + 1));
                let mut found = Diagnostic::error(file, message).hint(hint);
                found.place = Some(place);
                wrong.push(found);
            }
        }
    }
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

const SHAPE: &str = "each line is one JSON object with `id` and `title`; `repo`, `description`, \
    `criteria`, `clear`, `risk` and `approve` may be added";

fn row(line: &str) -> Result<Row, (usize, String, String)> {
    let parsed: Line = serde_json::from_str(line).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        (error.column().saturating_sub(1), message, SHAPE.to_owned())
    })?;
    let task = queued(&parsed).map_err(|found| {
        let hint = found.hint.unwrap_or_else(|| "mend the text of the task".into());
        (0, format!("no task file can be made of this: {}", found.message), hint)
    })?;
    let Line { id, repo, clear, risk, approve, .. } = parsed;
    Ok(Row { id, repo, task, clear, kinds: risk, approve })
}

/// The task as a file in the queue would be read, so that what is measured is what runs.
fn queued(line: &Line) -> Result<Task, Box<Diagnostic>> {
    let title = serde_json::to_string(&line.title).unwrap_or_default();
    let mut text = format!("---\ntitle: {title}\n---\n{}\n", line.description);
    if !line.criteria.is_empty() {
        text += "\n## Completion criteria\n";
        for criterion in &line.criteria {
            text +=
                &format!("- [ ] {}\n", criterion.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    let id = TaskId::new("row").map_err(|e| Diagnostic::error("row", e.to_string()))?;
    let mut parsed = task::parse("row.md", &id, text.as_bytes());
    let none = || Diagnostic::error("row.md", "it cannot be read");
    parsed.task.ok_or_else(|| Box::new(parsed.diagnostics.drain(..).next().unwrap_or_else(none)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_wilsons_interval() {
        let Share { share, from, to } = wilson(9, 10).unwrap();
        assert!((share - 0.9).abs() < 1e-9);
        assert!((from - 0.5958).abs() < 1e-3, "{from}");
        assert!((to - 0.9821).abs() < 1e-3, "{to}");
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn rows_become_tasks_as_in_the_queue() {
        let text = r#"{"id":"a","title":"T: \"x\"","description":"Do it\n## Why\nso","criteria":["one","two"],"approve":true}"#;
        let rows = rows("f.jsonl", text).unwrap();
        assert_eq!(rows[0].task.title, "T: \"x\"");
        assert_eq!(rows[0].task.description, "Do it\n## Why\nso");
        assert_eq!(rows[0].task.criteria.len(), 2);
        assert_eq!((rows[0].clear, rows[0].approve), (None, Some(true)));
    }

    #[test]
    fn bad_lines_are_told_with_their_place() {
        let text = "{\"id\":\"a\",\"title\":\"T\"}\n{\"id\":\"b\"}\n{oops\n";
        let told: Vec<String> =
            rows("f.jsonl", text).unwrap_err().iter().map(|d| d.one_line()).collect();
        assert_eq!(
            told,
            ["f.jsonl:2:10: missing field `title`", "f.jsonl:3:2: key must be a string"]
        );
    }

    #[test]
    fn a_hostile_body_is_judged_in_one_pass() {
        // Quadratic work on any of these would take minutes.
        for (word, size) in [
            ("delete ", 1 << 20),
            ("the ", 1 << 20),
            ("stripe $5 ", 1 << 20),
            ("`", 1 << 20),
            ("delete all users, ", 1 << 18),
            ("release release of ", 1 << 18),
            ("x: ", 1 << 18),
            ("- a\n", 1 << 17),
            ("(", 1 << 18),
            ("a-b/", 1 << 18),
            ("**", 1 << 18),
        ] {
            let description = word.repeat((size - 4096) / word.len());
            let text = serde_json::json!({"id": "a", "title": "T", "description": description});
            let begun = std::time::Instant::now();
            let rows = rows("f.jsonl", &text.to_string()).unwrap();
            for row in &rows {
                let _ = Verdict::of(row);
            }
            let took = begun.elapsed().as_secs();
            assert!(took < 60, "{word:?}: {took} s");
        }
    }
}
