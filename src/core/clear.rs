//! Whether a task says enough to be built without asking.
//!
//! What can be looked up or checked (names, numbers, quotes, conditions, criteria) speaks for a
//! task; what leaves open what is meant speaks against it, each with its words.

mod measure;
mod open;

use crate::core::language::reading::Reading;
use crate::core::risk;
use crate::domain::task::Task;

use measure::Measure;

/// Why a task cannot be built without asking; `None` when it can.
pub fn unclear(task: &Task) -> Option<String> {
    let reading = Reading::of(task);
    unclear_in(&reading, task, risk::waits_in(&reading).as_deref())
}

/// The same of a task that was read before, and of the words by which it says itself that it
/// waits.
pub fn unclear_in(reading: &Reading, task: &Task, waits: Option<&str>) -> Option<String> {
    if !task.steps.is_empty() || !task.verify.is_empty() {
        return None;
    }
    if let Some(words) = waits {
        return Some(format!("it says itself that it waits: \"{words}\""));
    }
    if let Some(mark) = open::placeholder(reading).or_else(|| open::unfilled(reading)) {
        return Some(format!("not written yet: \"{mark}\""));
    }
    let said_something = !task.description.trim().is_empty() && task.criteria.is_empty();
    if said_something && open::is_placeholder(&task.description) {
        return Some(format!("vague: \"{}\"", short(&task.description)));
    }
    let mut measure = measure::measure(reading);
    if task.description.trim_start().starts_with(&task.title) {
        measure.words = measure.words.saturating_sub(measure.title_words);
        measure.details = measure.details.saturating_sub(measure.title_details);
    }
    let titled = measure::speaks_for_itself(reading);
    let says = measure.words + measure.details + measure.criteria;
    let repeats = measure.first.as_deref().is_some_and(|first| task.title.contains(first));
    if says == 0 || (repeats && measure.words <= measure.title_words) {
        return (!titled).then(|| "no description".into());
    }
    weigh(reading, &measure, titled)
}

/// From this balance on a task is held.
const HOLDS: f32 = 0.0;

/// What is open against what is said.
fn weigh(reading: &Reading, measure: &Measure, titled: bool) -> Option<String> {
    let mut against: Vec<(String, f32)> = Vec::new();
    let vague =
        measure.vague.iter().map(|(words, weight)| (format!("vague: \"{words}\""), *weight));
    against.extend(vague);
    let plain = open::Plain::of(reading);
    for words in open::undecided(reading, &plain) {
        against.push((format!("not decided: \"{words}\""), 0.9));
    }
    for words in open::empty_phrases(&plain) {
        let weight = if measure.details >= 2 { 0.3 } else { 1.2 };
        against.push((format!("vague: \"{words}\""), weight));
    }
    for words in &measure.empty_criteria {
        against.push((format!("nothing to check in \"{words}\""), 0.4));
    }
    if measure.names.len() >= 3 {
        let named = measure.names.iter().take(3).cloned().collect::<Vec<_>>().join("\", \"");
        let weight = 0.3 * measure.names.len().min(6) as f32;
        against.push((format!("only named: \"{named}\""), weight));
    }
    against.sort_by(|a, b| b.1.total_cmp(&a.1));
    let open: f32 = against.iter().take(6).map(|(_, weight)| weight).sum();
    if open - said(measure, titled) <= HOLDS {
        return None;
    }
    match against.first() {
        Some((reason, weight)) if *weight >= 0.3 => Some(reason.clone()),
        _ => {
            let first = measure.first.clone().unwrap_or_default();
            Some(format!("too little said: \"{}\"", short(&first)))
        }
    }
}

/// How much a task says, less what every task must say.
fn said(measure: &Measure, titled: bool) -> f32 {
    let up_to = |count: usize, each: f32, most: f32| (count as f32 * each).min(most);
    up_to(measure.words, 0.06, 1.6)
        + up_to(measure.details + measure.title_details, 0.3, 1.8)
        + up_to(measure.conditions, 0.25, 1.25)
        + up_to(measure.exact, 0.25, 1.0)
        + up_to(measure.criteria, 0.55, 2.2)
        + if titled { 0.45 } else { 0.0 }
        - 0.79
}

fn short(text: &str) -> String {
    text.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn why(text: &str) -> String {
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        unclear(&parsed.task.unwrap()).unwrap_or_else(|| "clear".into())
    }

    #[test]
    fn what_says_enough_is_clear() {
        for text in [
            "Write hello.txt with a greeting",
            "# Greeting\nWrite a file `hello.txt` that greets the reader.",
            "---\ntitle: Spotify playlist automation\n---\nBuild OAuth integration with the Spotify API. \
             Fetch liked songs, generate weekly playlists by mood.",
            "# Greeting\n## Done when\n- [ ] hello.txt exists and ends with a line break",
            "```sh\necho hello > hello.txt\n```",
            "---\nverify: make check\n---\nMake it better",
            "Running `mypy .` reports 287 errors.",
            "---\ntitle: Switch themes by themselves\n---\nRespect the system's colour scheme for dark mode.",
            "Make it better: the page at /chat loads in 300 ms.",
        ] {
            assert_eq!(why(text), "clear", "{text}");
        }
    }

    #[test]
    fn what_says_too_little_is_told() {
        let mut wrong = Vec::new();
        for (text, reason) in [
            ("", "no description"),
            ("# Only a title", "no description"),
            ("<!-- what is to be done? -->\n## Context\n", "no description"),
            (
                "[Brief description of the bug]",
                "not written yet: \"[brief description of the bug]\"",
            ),
            ("IDK", "not written yet: \"IDK\""),
            ("stuff", "vague: \"stuff\""),
            ("TBD", "not written yet: \"TBD\""),
            ("...", "vague: \"...\""),
            ("Make it better", "vague: \"make it better\""),
            ("Just make it better, please!", "vague: \"make it better\""),
            ("parser bug", "too little said: \"parser bug\""),
            ("Refactor", "too little said: \"Refactor\""),
            ("Write the client for the endpoint TBD", "not written yet: \"TBD\""),
            (
                "Performance is somewhat disappointing lately",
                "too little said: \"Performance is somewhat disappointing lately\"",
            ),
            ("Goal\n## Done when\n- TBD\n- ...", "not written yet: \"TBD\""),
        ] {
            if why(text) != reason {
                wrong.push(format!("{text}: {}", why(text)));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
