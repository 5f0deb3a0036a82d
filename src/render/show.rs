//! One task with all that is known of it.

use chrono::{DateTime, Utc};

use super::text::{self, Columns, safe};
use super::why::{self, Reader};
use crate::core::overview::{AttemptView, Detail, FileState, Spec};

/// One task before the reader.
struct Page<'a> {
    detail: &'a Detail,
    reader: Reader,
    columns: Columns,
}

/// The page as plain text.
pub fn page(detail: &Detail, reader: Reader) -> String {
    let width = reader.width.clamp(40, 120);
    let reader = Reader { width, ..reader };
    let page = Page { detail, reader, columns: Columns { label: 11, page: width } };
    let holds = why::holds(&detail.why, reader);
    let mut parts = vec![why::head(&detail.why, reader) + &holds + &why::next(&detail.why, reader)];
    parts.extend(detail.spec.as_ref().map(|spec| page.spec(spec)));
    parts.push(page.criteria());
    parts.push(page.attempts());
    parts.push(page.section(
        "Words",
        detail.words.iter().map(|word| {
            let label = format!("attempt {}", word.attempt);
            let said = format!("{} by {}: {}", word.kind, safe(&word.author), safe(&word.text));
            page.columns.entry(&label, &said)
        }),
    ));
    parts.push(page.commits());
    parts.push(match &detail.summary {
        Some(summary) => format!("Summary\n{}", indented(summary)),
        None => String::new(),
    });
    let item = |text: &String| page.item(text);
    parts.push(page.section("Deliverables", detail.deliverables.iter().map(item)));
    parts.push(page.section("Next steps", detail.next_steps.iter().map(item)));
    let look = detail.look.iter().map(|line| format!("  {}\n", safe(line)));
    parts.push(page.section("To look at it", look));
    let notes = detail.why.notes.iter().map(|note| format!("note: {}\n", safe(note)));
    parts.push(notes.collect());
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// Lines of strangers, each two columns in.
fn indented(lines: &str) -> String {
    text::safe_lines(lines.trim_end())
        .lines()
        .map(|line| format!("  {line}").trim_end().to_owned() + "\n")
        .collect()
}

impl Page<'_> {
    fn section(&self, heading: &str, entries: impl Iterator<Item = String>) -> String {
        let entries: String = entries.collect();
        if entries.is_empty() { entries } else { format!("{heading}\n{entries}") }
    }

    fn item(&self, said: &str) -> String {
        Columns { label: 1, ..self.columns }.entry("-", &safe(said)).replacen("-  ", "- ", 1)
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        text::clock(at, self.reader.now, self.reader.zone)
    }

    fn spec(&self, spec: &Spec) -> String {
        let mut lines = String::new();
        let mut add = |label: &str, said: String| {
            if !said.is_empty() {
                lines += &self.columns.entry(label, &said);
            }
        };
        let changed = match spec.file {
            FileState::Same => "",
            FileState::Changed => ", changed since",
            FileState::Gone => ", gone from the queue since",
        };
        add("file", format!("{} at {}{changed}", safe(&spec.path), spec.source.short()));
        let priority = spec.priority.map(|it| format!("{it:?}").to_lowercase());
        add("priority", priority.unwrap_or_default());
        add("estimate", spec.estimate.map(text::span).unwrap_or_default());
        add("due", spec.due.map(|at| self.clock(at)).unwrap_or_default());
        let ids: Vec<_> = spec.depends_on.iter().map(ToString::to_string).collect();
        add("depends on", ids.join(", "));
        add("labels", safe(&spec.labels.join(", ")));
        add("tech", safe(&spec.tech.join(", ")));
        add("builder", spec.builder.as_deref().map(safe).unwrap_or_default());
        add("checks", safe(&spec.verify.join(", ")));
        let findings = spec.findings.iter().map(|finding| format!("  {}\n", safe(finding)));
        lines.extend(findings);
        if !spec.description.trim().is_empty() {
            lines += &format!("\n{}", indented(&spec.description));
        }
        format!("Task\n{lines}")
    }

    fn criteria(&self) -> String {
        let percent = self.detail.percent.map(|percent| format!(" ({percent})"));
        let entries = self.detail.criteria.iter().map(|criterion| {
            let mark = if criterion.done { "[x]" } else { "[ ]" };
            let columns = Columns { label: 3, ..self.columns };
            columns.entry(mark, &safe(&criterion.text))
        });
        let heading = format!("Criteria{}", percent.clone().unwrap_or_default());
        let section = self.section(&heading, entries);
        match percent.filter(|_| section.is_empty()) {
            Some(percent) => format!("Progress{percent}\n"),
            None => section,
        }
    }

    fn attempts(&self) -> String {
        let one = |attempt: &AttemptView| {
            let label = format!("attempt {}", attempt.attempt);
            let mut entry = self.columns.entry(&label, &self.attempt(attempt));
            for check in &attempt.checks {
                let mark = if check.passed { "passed" } else { "FAILED" };
                let took = text::span(check.took);
                let ended =
                    if check.passed { String::new() } else { format!(", {}", safe(&check.ended)) };
                let said = format!("check {mark}: `{}` ({took}{ended})", safe(&check.command));
                entry += &self.columns.entry("", &said);
            }
            entry + &self.columns.entry("", &used(attempt))
        };
        self.section("Attempts", self.detail.attempts.iter().map(one))
    }

    fn attempt(&self, attempt: &AttemptView) -> String {
        let began = self.clock(attempt.started);
        let took = attempt.ended.and_then(|end| (end - attempt.started).to_std().ok());
        let took = took.map(|took| format!(", took {}", text::span(took)));
        let reason = match (attempt.outcome, attempt.fault.as_deref()) {
            ("running" | "succeeded", _) => String::new(),
            (_, None | Some("task")) => format!(": {}", safe(&attempt.reason)),
            (_, Some(_)) => format!(" (no retry spent): {}", safe(&attempt.reason)),
        };
        let by = format!("by {} on {}", safe(&attempt.builder), safe(&attempt.runner));
        format!("{}{reason}; began {began}{}, {by}", attempt.outcome, took.unwrap_or_default())
    }

    fn commits(&self) -> String {
        let entries = self.detail.commits.iter().map(|commit| {
            let said = format!("{} ({})", safe(&commit.subject), self.clock(commit.at));
            self.columns.entry(&commit.id.short(), &said)
        });
        self.section("Commits", entries)
    }
}

fn used(attempt: &AttemptView) -> String {
    let mut said = Vec::new();
    if let Some(usage) = &attempt.usage {
        said.extend(usage.cpu.map(|cpu| format!("{} of processor time", text::span(cpu))));
        said.extend(usage.memory.map(|bytes| format!("{} of memory", text::bytes(bytes))));
        said.extend(usage.disk.map(|bytes| format!("{} of disk", text::bytes(bytes))));
    }
    said.extend(text::spent(&attempt.spent));
    let from = attempt.base.short();
    said.push(match attempt.tip == attempt.base {
        true => format!("no commit on {from}"),
        false => format!("commits {from}..{}", attempt.tip.short()),
    });
    let upon: Vec<_> = attempt.upon.iter().map(ToString::to_string).collect();
    if !upon.is_empty() {
        said.push(format!("stands upon {}", upon.join(", ")));
    }
    said.join(", ")
}
