//! How far a build is, read from its commits and its task file.

use std::collections::HashSet;

use crate::domain::id::Percent;
use crate::domain::task::Criterion;
use crate::domain::trailers::{Trailers, one_line};

/// Trailers hold texts up to here.
const MAX_VALUE: usize = 1024;

/// How far a build is, in its builder's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The newest stated figure, else ticked over all criteria, else 0.
    pub percent: Percent,
    /// The newest commit's subject, unless it says nothing but a figure.
    pub message: String,
    /// What to look at, each once, the oldest first.
    pub deliverables: Vec<String>,
    /// What the builder would do next, as it was stated last.
    pub next_steps: Vec<String>,
    /// Texts of the criteria that are reached, in the task's order.
    pub done: Vec<String>,
    /// Why it cannot go on, in full; a later `done` takes it back.
    pub block: Option<String>,
    /// What was done, in the words of the newest `done`.
    pub summary: Option<String>,
}

/// One commit's message, taken apart.
struct Message<'a> {
    subject: &'a str,
    trailers: Trailers<'a>,
    body: &'a str,
}

/// The trailer of a commit that was made for a builder, of what it left.
pub const LEFTOVERS: &str = "Leftovers";

/// Reads the messages of `base..tip`, the newest first, and the criteria of the task file at
/// the tip.
pub fn read(messages: &[String], criteria: &[Criterion]) -> Progress {
    let messages: Vec<Message> = messages.iter().map(|message| take_apart(message)).collect();
    let said: HashSet<&str> = messages.iter().flat_map(|it| it.trailers.all("Done")).collect();
    let reached = |it: &&Criterion| it.done || said.contains(&*one_line(&it.text, MAX_VALUE));
    let done: Vec<String> = criteria.iter().filter(reached).map(|it| it.text.clone()).collect();
    let stated = messages.iter().find_map(|it| stated(&it.trailers));
    let finish = messages.iter().position(|it| it.trailers.get("Done-Summary").is_some());
    let block = messages.iter().position(|it| it.trailers.get("Block").is_some());
    let block = block.filter(|&block| finish.is_none_or(|finish| block < finish));
    Progress {
        percent: stated.unwrap_or_else(|| Percent::of(done.len(), criteria.len())),
        message: message(&messages),
        deliverables: deliverables(&messages),
        next_steps: next_steps(&messages),
        done,
        block: block.and_then(|at| messages.get(at)).map(|it| words(it, "blocked: ")),
        summary: finish.and_then(|at| messages.get(at)).map(|it| words(it, "done: ")),
    }
}

fn take_apart(message: &str) -> Message<'_> {
    let message = message.trim_start_matches('\n');
    let (trailers, body) = Trailers::split(message);
    Message { subject: message.lines().next().unwrap_or_default().trim(), trailers, body }
}

fn stated(trailers: &Trailers) -> Option<Percent> {
    Percent::new(trailers.get("Progress")?.trim_end_matches('%').parse().ok()?)
}

/// `progress: 40%` repeats the figure and is no message; nor is what was committed for a
/// builder.
fn message(messages: &[Message]) -> String {
    let bare = |it: &&Message| {
        if it.trailers.get(LEFTOVERS).is_some() {
            return false;
        }
        let figure = it.subject.strip_prefix("progress: ").and_then(|it| it.strip_suffix('%'));
        figure.is_none_or(|figure| figure.parse::<u8>().is_err())
    };
    messages.iter().find(bare).map(|it| it.subject.to_owned()).unwrap_or_default()
}

fn deliverables(messages: &[Message]) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = messages.iter().rev().flat_map(|it| it.trailers.all("Deliverable"));
    all.filter(|link| seen.insert(*link)).map(str::to_owned).collect()
}

fn next_steps(messages: &[Message]) -> Vec<String> {
    let last = messages.iter().find(|it| it.trailers.get("Next").is_some());
    last.map(|it| it.trailers.all("Next").map(str::to_owned).collect()).unwrap_or_default()
}

/// The body, else what the subject says.
fn words(message: &Message, prefix: &str) -> String {
    let body = message.body.trim();
    if body.is_empty() {
        message.subject.strip_prefix(prefix).unwrap_or(message.subject).to_owned()
    } else {
        body.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criteria() -> Vec<Criterion> {
        let criterion =
            |text: &str, done| Criterion { text: text.into(), done, ..Criterion::default() };
        vec![criterion("OAuth works", false), criterion("fetch songs", true)]
    }

    fn progress(newest_first: &[&str]) -> Progress {
        let messages: Vec<String> = newest_first.iter().map(|&it| it.to_owned()).collect();
        read(&messages, &criteria())
    }

    #[test]
    fn percent_is_the_newest_figure_else_what_is_ticked() {
        for (messages, percent) in [
            (&[][..], 50),
            (&["tidy"], 50),
            (&["x\n\nBuildq-Done: OAuth works"], 100),
            (&["x\n\nBuildq-Done: fetch songs"], 50),
            (&["x\n\nBuildq-Done: something else"], 50),
            (&["tidy", "a\n\nBuildq-Progress: 40", "b\n\nBuildq-Progress: 70"], 40),
            (&["a\n\nBuildq-Progress: 40%"], 40),
            (&["a\n\nBuildq-Progress: 400", "a\n\nBuildq-Progress: 30"], 30),
        ] {
            assert_eq!(progress(messages).percent.value(), percent, "{messages:?}");
        }
        assert_eq!(read(&[], &[]).percent.value(), 0);
    }

    #[test]
    fn a_later_done_takes_a_block_back() {
        let block =
            "blocked: which key?\n\nWhich key?\n\nThere are two.\n\nBuildq-Block: Which key?";
        let done = "done: it works\n\nIt works.\n\nBuildq-Done-Summary: yes";
        let asked = progress(&["tidy", block, "first"]);
        assert_eq!(asked.block.as_deref(), Some("Which key?\n\nThere are two."));
        assert_eq!(progress(&[done, block]).block, None);
        let after = progress(&[block, done]);
        assert!(after.block.is_some());
        assert_eq!(after.summary.as_deref(), Some("It works."));
        assert_eq!(
            progress(&["done: short\n\nBuildq-Done-Summary: yes"]).summary.unwrap(),
            "short"
        );
    }

    #[test]
    fn the_message_is_the_newest_that_says_something() {
        let messages = ["progress: 40%\n\nBuildq-Progress: 40", "OAuth works\n\nbody", "first"];
        assert_eq!(progress(&messages).message, "OAuth works");
        assert_eq!(progress(&[]).message, "");
    }

    #[test]
    fn links_gather_and_next_steps_are_replaced() {
        let all = progress(&[
            "c\n\nBuildq-Deliverable: a.md\nBuildq-Next: cache",
            "b\n\nBuildq-Deliverable: b.md\nBuildq-Next: old\nBuildq-Next: older",
            "a\n\nBuildq-Deliverable: a.md",
        ]);
        assert_eq!(all.deliverables, ["a.md", "b.md"]);
        assert_eq!(all.next_steps, ["cache"]);
        assert_eq!(all.done, ["fetch songs"]);
    }
}
