//! The same page as Markdown.

use super::super::text::{self, code, markdown as md};
use super::{brief, ended, health, run_lines, sentence, standing};
use crate::core::overview::Overview;

/// The page for a file or a message.
pub fn markdown(view: &Overview) -> String {
    let needs = view.needs_you.iter().map(|need| {
        let said = md(&sentence(view, need));
        format!("- **{}** {said}  \n  {}\n", md(&need.subject), code(&need.command))
    });
    let runs = view.running.iter().map(|run| {
        let said = run_lines(view, run);
        format!("- **{}** {}\n", md(run.task.as_str()), md(&said.join("; ")))
    });
    let queue = view.queue.iter().map(|entry| {
        let (task, title) = (md(entry.task.as_str()), md(&entry.title));
        let said = md(&standing(view, entry));
        format!("| {} | **{task}** | {title} | {said} |\n", entry.position)
    });
    let ends = view
        .recent
        .iter()
        .map(|it| format!("- **{}** {}\n", md(it.task.as_str()), md(&ended(view, it))));
    let mut page = format!("# Build status\n\n{}\n", md(&brief(view)));
    let mut section = |heading: &str, before: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            page += &format!("\n## {heading}\n\n{before}{}", entries.concat());
        }
    };
    section("Needs you", "", needs.collect());
    section("Building", "", runs.collect());
    section("Queue", "| | Task | Title | Standing |\n|---|---|---|---|\n", queue.collect());
    section("Ended lately", "", ends.collect());
    section("Health", "", health(view).iter().map(|fact| format!("- {}\n", md(fact))).collect());
    let at = view.at.with_timezone(&view.timezone).format("%F %H:%M %Z");
    page + &format!("\n_As of {}._\n", text::markdown(&at.to_string()))
}
