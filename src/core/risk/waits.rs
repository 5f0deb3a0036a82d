//! A task that says itself that it is not to be started yet.

use std::sync::LazyLock;

use crate::core::language::phrases::Phrases;
use crate::core::language::reading::{Place, Reading, Said, Section};

/// Said anywhere in a task, in lower case, it means to wait.
const ALWAYS: &[&str] = &[
    "[not ready]",
    "(not ready)",
    "not ready to build",
    "not ready for implementation",
    "not yet ready",
    "do not start",
    "don't start",
    "do not build",
    "don't build yet",
    "do not implement",
    "do not work on this",
    "on hold",
    "needs a design",
    "needs design",
    "needs a small design",
    "needs a decision",
    "needs decision",
    "need to decide",
    "decision is open",
    "decision pending",
    "decision needed",
    "pending decision",
    "pending approval",
    "pending review",
    "awaiting approval",
    "awaits approval",
    "awaiting sign-off",
    "awaiting decision",
    "awaiting confirmation",
    "awaiting feedback",
    "awaiting review",
    "awaiting input",
    "awaiting legal",
    "requires approval before",
    "requires sign-off",
    "needs sign-off",
    "needs approval before",
    "needs approval from",
    "approval required before",
    "wait for approval",
    "wait until",
    "waiting for approval",
    "waiting on",
    "waiting for",
    "ask before",
    "ask me before",
    "check with me",
    "confirm with",
    "discuss first",
    "discuss before",
    "to be discussed",
    "needs discussion",
    "needs clarification",
    "design, then build",
    "only if we decide",
    "if we decide to",
    "once we decide",
    "once the decision",
    "superseded",
    "deferred until",
    "postponed",
    "parked",
    "not before we",
    "blocked on",
    "blocked by",
    "blocked until",
    "[blocked]",
    "(blocked)",
    "[on hold]",
    "[wip]",
    "[draft]",
    "[rfc]",
    "rfc:",
    "needs spec",
    "needs a spec",
    "spec not final",
    "design not final",
    "designs pending",
    "to be agreed",
    "not approved",
    "has not been approved",
    "subject to approval",
    "until approved",
    "after approval from",
    "hold off",
    "hold until",
    "needs buy-in",
    "needs product input",
    "needs triage",
    "do not merge",
    "do not deploy before",
    "needs owner",
    "promote once",
    "after sign-off",
    "after legal",
    "needs input from",
    "needs go-ahead",
    "go/no-go",
    "paused until",
    "not started until",
    "revisit after",
    "revisit when",
    "revisit once",
];

/// The words that say so.
pub fn waits(reading: &Reading) -> Option<String> {
    let nothing = |words: &str| {
        matches!(
            words.to_lowercase().as_str(),
            "none" | "nothing" | "n/a" | "no" | "nobody" | "no one"
        )
    };
    let waiting = reading
        .said
        .iter()
        .find(|said| said.section == Section::Waiting && said.place != Place::Heading);
    if let Some(said) = waiting {
        let words = said.clause.quote(0..said.clause.units.len());
        if !nothing(&words) {
            return Some(words);
        }
    }
    reading.said.iter().filter(|said| counts(said)).find_map(|said| phrase(said))
}

/// What a task says of itself, and not of what it builds or of how things were.
fn counts(said: &Said) -> bool {
    match said.section {
        Section::Excluded | Section::Meta | Section::Files | Section::Tech => false,
        Section::Task | Section::Open | Section::Waiting => true,
        Section::Background => said.place != Place::Item,
    }
}

fn phrase(said: &Said) -> Option<String> {
    let units = &said.clause.units;
    let (first, last) = (units.first()?, units.last()?);
    let open = said.clause.text[..first.at.start].ends_with(['[', '(']);
    let start = first.at.start - usize::from(open);
    let rest = &said.clause.text[last.at.end..];
    let close = rest.starts_with([']', ')']);
    let lower = said.clause.text[start..last.at.end + usize::from(close)].to_lowercase();
    let mut text = String::with_capacity(lower.len());
    for (n, word) in lower.split_whitespace().enumerate() {
        if n > 0 {
            text.push(' ');
        }
        text.extend(word.split(['`', '*']));
    }
    static KNOWN: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ALWAYS.iter().copied()));
    let within = KNOWN.within(&text).into_iter().map(|at| ALWAYS[at]);
    let found = within.into_iter().find(|phrase| stands_in(&text, phrase))?;
    Some(found.to_owned())
}

/// As whole words.
fn stands_in(text: &str, phrase: &str) -> bool {
    let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(phrase).any(|(at, _)| {
        !inner(text[..at].chars().next_back()) && !inner(text[at + phrase.len()..].chars().next())
            || !phrase.starts_with(|c: char| c.is_alphanumeric())
    })
}
