//! Whether a task says enough to be built without asking.
//!
//! What can be looked up or checked (names, numbers, quotes, conditions, criteria) speaks for a
//! task; what leaves open what is meant speaks against it, each with its words.

mod measure;
mod open;
mod title;

use crate::core::language::reading::Reading;
use crate::domain::task::Task;

use measure::Measure;

/// What the rules make of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// It says exactly what is to be done: it has steps, or checks of its own.
    Clear,
    /// There is nothing to weigh, for this reason.
    Unclear(String),
    /// What it says was weighed against what it leaves open.
    Weighed {
        /// Whether more is open than said.
        holds: bool,
        /// What would be told if it were held.
        reason: String,
        /// What was weighed.
        numbers: Vec<Number>,
    },
}

/// Something that was counted or weighed, by its name.
pub type Number = (&'static str, f32);

/// What the rules make of a task that was read, and of the words by which it says itself that it
/// waits.
pub fn ruling(reading: &Reading, task: &Task, waits: Option<&str>) -> Ruling {
    if !task.steps.is_empty() || !task.verify.is_empty() {
        return Ruling::Clear;
    }
    if let Some(words) = waits {
        return Ruling::Unclear(format!("it says itself that it waits: \"{words}\""));
    }
    if let Some(mark) = open::placeholder(reading).or_else(|| open::unfilled(reading)) {
        return Ruling::Unclear(format!("not written yet: \"{mark}\""));
    }
    let said_something = !task.description.trim().is_empty() && task.criteria.is_empty();
    if said_something && open::is_placeholder(&task.description) {
        return Ruling::Unclear(format!("vague: \"{}\"", short(&task.description)));
    }
    let mut measure = measure::measure(reading);
    if task.description.trim_start().starts_with(&task.title) {
        measure.words = measure.words.saturating_sub(measure.title_words);
        measure.details = measure.details.saturating_sub(measure.title_details);
    }
    let titled = title::speaks_for_itself(reading, &task.title);
    let says = measure.words + measure.details + measure.criteria;
    let repeats = measure.first.as_deref().is_some_and(|first| task.title.contains(first));
    if says == 0 || (repeats && measure.words <= measure.title_words) {
        let reason = "no description".to_owned();
        if measure.title_words < 2 && !titled {
            return Ruling::Unclear(reason);
        }
        let numbers = numbers(&measure, titled, 0.0);
        return Ruling::Weighed { holds: !titled, reason, numbers };
    }
    let thin = measure.words < 10 && measure.details + measure.criteria == 0 && measure.exact < 2;
    // One word may be the name of the file, which stands for a title where there is none.
    let own = task.title.contains(' ');
    let bare = (thin && own && title::only_names(reading)).then_some(task.title.as_str());
    weigh(reading, &measure, titled, bare)
}

/// What was weighed, for the model.
fn numbers(measure: &Measure, titled: bool, open: f32) -> Vec<Number> {
    let vague = measure.vague.iter().map(|(_, weight)| *weight).sum();
    vec![
        ("words", measure.words as f32),
        ("title words", measure.title_words as f32),
        ("details", measure.details as f32),
        ("title details", measure.title_details as f32),
        ("conditions", measure.conditions as f32),
        ("exact", measure.exact as f32),
        ("criteria", measure.criteria as f32),
        ("empty criteria", measure.empty_criteria.len() as f32),
        ("names", measure.names.len() as f32),
        ("vague", vague),
        ("titled", f32::from(titled)),
        ("open", open),
    ]
}

/// From this balance on a task is held.
const HOLDS: f32 = 0.0;

/// What is open against what is said.
fn weigh(reading: &Reading, measure: &Measure, titled: bool, bare_name: Option<&str>) -> Ruling {
    let mut against: Vec<(String, f32)> = Vec::new();
    let vague =
        measure.vague.iter().map(|(words, weight)| (format!("vague: \"{words}\""), *weight));
    against.extend(vague);
    let plain = open::Plain::of(reading);
    for words in open::undecided(reading, &plain) {
        let weight = if words.ends_with('?') && words.contains(" or ") { 1.6 } else { 0.9 };
        against.push((format!("not decided: \"{words}\""), weight));
    }
    for words in open::elsewhere(&plain) {
        against.push((format!("said elsewhere: \"{words}\""), 1.0));
    }
    for words in open::wide(&plain) {
        against.push((format!("vague: \"{words}\""), 0.6));
    }
    if let Some(name) = bare_name {
        against.push((format!("only named: \"{}\"", short(name)), 0.4));
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
        // Among much that can be looked up, short items are the contents of something.
        let each = if measure.details >= 8 { 0.15 } else { 0.3 };
        let weight = each * measure.names.len().min(6) as f32;
        against.push((format!("only named: \"{named}\""), weight));
    }
    against.sort_by(|a, b| b.1.total_cmp(&a.1));
    let open: f32 = against.iter().take(6).map(|(_, weight)| weight).sum();
    let reason = match against.first() {
        Some((reason, weight)) if *weight >= 0.3 => reason.clone(),
        _ => {
            let first = measure.first.clone().unwrap_or_default();
            format!("too little said: \"{}\"", short(&first))
        }
    };
    let holds = open - said(measure, titled) > HOLDS;
    Ruling::Weighed { holds, reason, numbers: numbers(measure, titled, open) }
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
    use crate::core::risk;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn why(text: &str) -> String {
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        let task = parsed.task.unwrap();
        let reading = Reading::of(&task);
        match ruling(&reading, &task, risk::waits_in(&reading).as_deref()) {
            Ruling::Unclear(reason) | Ruling::Weighed { holds: true, reason, .. } => reason,
            _ => "clear".into(),
        }
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
            "# Mail templates\n- Replace the variables {{name}} and {{date}} in the subject and body of `mail.html`",
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
            (
                "# Session store\nShould sessions live in the database, or in signed cookies?",
                "not decided: \"Should sessions live in the database, or in signed cookies?\"",
            ),
            ("# Picture sizes\nAnswered in chat.", "said elsewhere: \"answered in chat\""),
            ("# Mobile layouts\nEvery feature works.", "vague: \"every feature\""),
            ("# Money tracker\nMoney in sight", "only named: \"Money tracker\""),
        ] {
            if why(text) != reason {
                wrong.push(format!("{text}: {}", why(text)));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
