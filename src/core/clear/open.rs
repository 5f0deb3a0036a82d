//! Marks of what is not written yet, and of what is not decided yet.

use std::sync::LazyLock;

use crate::core::language::phrases::Phrases;
use crate::core::language::reading::{Place, Reading, Said, Section};

/// Stand where a text should stand.
const PLACEHOLDERS: &[&str] = &[
    "tbd",
    "tba",
    "idk",
    "todo",
    "tbc",
    "wip",
    "fixme",
    "xxx",
    "???",
    "??",
    "?",
    "...",
    "…",
    "-",
    "stuff",
    "things",
    "something",
    "whatever",
    "none",
    "n/a",
    "na",
    "asap",
    "done",
    "works",
    "it works",
    "all done",
    "to be defined",
    "to be decided",
    "to do",
    "fill in",
    "lorem ipsum",
    "description",
    "title",
    "no description",
    "no description provided",
    "no description given",
    "see title",
    "as discussed",
    "you decide",
    "the usual",
    "placeholder",
    "test",
    "untitled",
    "new task",
    "task",
];

/// Whole texts and phrases that say nothing.
const VAGUE: &[&str] = &[
    "make it better",
    "make it work",
    "make it good",
    "make it nice",
    "make it faster",
    "make things better",
    "make this better",
    "fix it",
    "fix stuff",
    "fix things",
    "fix everything",
    "improve it",
    "improve things",
    "improve everything",
    "do something",
    "do stuff",
    "do the thing",
    "some stuff",
    "whatever",
    "you decide",
    "as discussed",
    "the usual",
    "etc etc",
    "fix any issues",
    "fix any bugs",
    "fix all issues",
    "fix all bugs",
    "fix the issues",
    "any issues found",
    "make it pop",
    "clean up the code",
    "general improvements",
    "various improvements",
    "various fixes",
    "minor fixes",
    "misc fixes",
    "bug fixes and improvements",
    "rough edges",
    "and so on",
    "fix issues",
    "fix bugs",
    "fix any",
    "anything else",
    "where appropriate",
    "as appropriate",
    "as needed",
];

/// Said where a decision is missing.
const UNDECIDED: &[&str] = &[
    "or similar",
    "or equivalent",
    "or something",
    "or something like",
    "or whatever",
    "option a",
    "option 1",
    "evaluate whether",
    "decide whether",
    "decide if",
    "decide on",
    "decide which",
    "decide how",
    "figure out",
    "find out whether",
    "to be decided",
    "to be determined",
    "to be defined",
    "not decided",
    "undecided",
    "potentially",
    "possibly",
    "maybe",
    "perhaps",
    "might want",
    "could also",
    "should we",
    "do we want",
    "do we need",
    "whether to",
    "not sure",
    "unsure",
    "unclear",
    "open question",
    "open questions",
    "need to decide",
    "needs a decision",
    "think about",
    "some kind of",
    "some sort of",
    "somehow",
    "ideally",
    "tbd",
    "tba",
    "tbc",
    "???",
    "e.g., ",
    "worth exploring",
    "consider adding",
    "consider using",
    "consider whether",
    "could be",
    "if possible",
    "alternatively",
    "explore options",
    "look into",
    "which approach",
    "choose between",
    "pick one",
    "any other",
    "probably",
    "or maybe",
    "what if",
    "brainstorm",
];

/// A mark that stands for a text that nobody has written.
pub fn placeholder(reading: &Reading) -> Option<String> {
    reading.said.iter().filter(|said| said.section == Section::Task).find_map(|said| {
        let text = text(said);
        bracketed(&text).or_else(|| shouted(&text))
    })
}

/// `{{version}}` in a command that is to be run.
pub fn unfilled(reading: &Reading) -> Option<String> {
    let shell = reading.shown.iter().filter(|shown| shown.shell && shown.section == Section::Task);
    shell.filter(|shown| shown.line.contains("{{")).find_map(|shown| bracketed(shown.line))
}

/// The whole text below the title is a placeholder.
pub fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let plain = lower.trim_matches(|c: char| !c.is_alphanumeric());
    plain.is_empty() || PLACEHOLDERS.contains(&plain) || PLACEHOLDERS.contains(&lower.trim())
}

/// `{{version}}`, `<insert name>`, `[Brief description of the bug]`
fn bracketed(text: &str) -> Option<String> {
    if !text.contains(['{', '<', '[']) {
        return None;
    }
    let lower = text.to_lowercase();
    for (open, close) in [
        ("{{", "}}"),
        ("<insert", ">"),
        ("[insert", "]"),
        ("[your ", "]"),
        ("<your ", ">"),
        ("[describe", "]"),
        ("[brief", "]"),
        ("[specific", "]"),
        ("[add ", "]"),
        ("[what ", "]"),
        ("[how ", "]"),
        ("[name]", ""),
        ("<name of", ">"),
        ("[tbd", "]"),
    ] {
        if let Some(start) = lower.find(open) {
            let end = lower[start + open.len()..].find(close)? + start + open.len() + close.len();
            return lower.get(start..end.min(start + 60)).map(str::to_owned);
        }
    }
    None
}

/// `TBD` and its kind in the middle of a text.
fn shouted(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || ",;:()[]".contains(c));
    let found = words
        .map(|w| w.trim_end_matches('.'))
        .find(|w| matches!(*w, "TBD" | "TBA" | "TBC" | "IDK" | "???" | "XXX"))?;
    Some(found.to_owned())
}

/// The bare words of each clause that tells what is to be done or what is open, for looking for
/// phrases.
pub struct Plain(Vec<String>);

impl Plain {
    /// Of a whole reading.
    pub fn of(reading: &Reading) -> Self {
        let counts = |said: &&Said| matches!(said.section, Section::Task | Section::Open);
        let said = reading.said.iter().filter(counts);
        Self(said.map(|said| padded(&text(said).to_lowercase())).collect())
    }
}

/// Phrases that say nothing, each with the words.
pub fn empty_phrases(plain: &Plain) -> Vec<String> {
    static KNOWN: LazyLock<Phrases> =
        LazyLock::new(|| Phrases::new(VAGUE.iter().map(|one| bare_phrase(one))));
    phrases(plain, VAGUE, &KNOWN)
}

/// Phrases that leave a decision open, each with the words.
pub fn undecided(reading: &Reading, plain: &Plain) -> Vec<String> {
    static KNOWN: LazyLock<Phrases> =
        LazyLock::new(|| Phrases::new(UNDECIDED.iter().map(|one| bare_phrase(one))));
    let mut found = phrases(plain, UNDECIDED, &KNOWN);
    let open = |said: &&Said| said.section == Section::Open && said.place == Place::Item;
    let asks = |said: &&Said| {
        matches!(said.section, Section::Task | Section::Open)
            && said
                .clause
                .units
                .last()
                .is_some_and(|unit| said.clause.text[unit.at.end..].starts_with('?'))
    };
    found.extend(reading.said.iter().filter(asks).take(4).map(text));
    found.extend(reading.said.iter().filter(open).take(3).map(text));
    found
}

fn phrases(plain: &Plain, list: &[&str], known: &Phrases) -> Vec<String> {
    let mut found = Vec::new();
    for padded in &plain.0 {
        let here = known.within(padded).into_iter().map(|at| list[at]).filter(|phrase| {
            let phrase = bare_phrase(phrase);
            padded.match_indices(phrase).any(|(at, _)| {
                padded[..at].ends_with(' ') && padded[at + phrase.len()..].starts_with(' ')
            })
        });
        found.extend(here.map(str::to_owned));
        if found.len() > 8 {
            break;
        }
    }
    found
}

fn bare_phrase(phrase: &str) -> &str {
    phrase.trim_end_matches([':', ',', ' '])
}

/// The bare words of a text, each with a blank before and after it.
fn padded(text: &str) -> String {
    let mut padded = String::with_capacity(text.len() + 2);
    padded.push(' ');
    for word in text.split_whitespace() {
        padded.push_str(bare(word));
        padded.push(' ');
    }
    padded
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '?')
}

fn text(said: &Said) -> String {
    let units = &said.clause.units;
    let (Some(first), Some(last)) = (units.first(), units.last()) else { return String::new() };
    let text = said.clause.text;
    let open = text[..first.at.start].trim_end_matches(['[', '{', '<', '(']).len();
    let rest = &text[last.at.end..];
    let close = rest.len() - rest.trim_start_matches([']', '}', '>', ')', '.', '?']).len();
    text[open..last.at.end + close].to_owned()
}
