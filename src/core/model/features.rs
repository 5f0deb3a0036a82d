//! What the model sees of a task: its words by their stems, and what the rules made of it.

use std::borrow::Cow;
use std::fmt::Write;

use crate::core::clear::Number;
use crate::core::language::reading::{Reading, Section};
use crate::core::risk::{Evidence, Frame, KINDS};
use crate::domain::task::Task;

/// Which words, or which finding of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A word of the title, or two that stand side by side there.
    Title,
    /// A word anywhere in the task.
    Text,
    /// A finding of the rules, by its name.
    Rule,
}

impl Part {
    /// As the weights have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Rule => "rule",
        }
    }
}

/// What the rules found before the model is asked.
pub struct Found<'a> {
    /// The reading that they were made of.
    pub reading: &'a Reading<'a>,
    /// What speaks for a risk, and how much.
    pub evidence: &'a [Evidence],
    /// What kind of work the task is.
    pub frame: Frame,
    /// Whether the rules ask a person.
    pub asks: bool,
    /// Whether the text says itself to wait.
    pub waits: bool,
    /// Whether the rules hold it as unclear.
    pub unclear: bool,
    /// What it says, in numbers.
    pub numbers: &'a [Number],
}

/// The words of a task that the model looks up, each once.
pub struct Words<'t> {
    /// Of the title, with pairs.
    pub title: Vec<Cow<'t, str>>,
    /// Of the whole.
    pub text: Vec<Cow<'t, str>>,
}

impl<'t> Words<'t> {
    /// The words of a task.
    pub fn of(task: &'t Task) -> Self {
        // The name of a file is chosen to be short, not to say what is to be done.
        let title = if task.titled { task.title.as_str() } else { "" };
        let single: Vec<Cow<str>> = stems(title).collect();
        let pairs = single.windows(2).map(|pair| format!("{} {}", pair[0], pair[1]).into());
        let title = once(single.iter().cloned().chain(pairs));
        let criteria = task.criteria.iter().flat_map(|criterion| stems(&criterion.text));
        let text = once(single.into_iter().chain(stems(&task.description)).chain(criteria));
        Self { title, text }
    }

    /// Each word with what its weight counts: many words share what one would have alone.
    pub fn each(&self, mut look: impl FnMut(Part, &str, f32)) {
        for (part, words) in [(Part::Title, &self.title), (Part::Text, &self.text)] {
            let share = 1.0 / (words.len().max(1) as f32).sqrt();
            words.iter().for_each(|word| look(part, word, share));
        }
    }
}

fn once<'t>(words: impl Iterator<Item = Cow<'t, str>>) -> Vec<Cow<'t, str>> {
    let mut words: Vec<_> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The words of a text in lower case, without their endings; a letter alone is none. Two words with
/// one stem mean much the same to the model.
pub fn stems(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let words = text.split(|c: char| !c.is_alphabetic() && c != '\'');
    let words = words.map(|word| word.trim_matches('\'')).filter(|word| word.len() > 1);
    words.map(|word| match word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'') {
        true => Cow::Borrowed(stem(word)),
        false => Cow::Owned(stem(&word.to_lowercase()).to_owned()),
    })
}

fn stem(word: &str) -> &str {
    let letters = word.chars().count();
    let ending = ["'s", "ing", "ed", "es", "s", "e"]
        .into_iter()
        .find(|ending| word.ends_with(ending) && letters >= ending.len() + 4);
    &word[..word.len() - ending.map_or(0, str::len)]
}

/// Each finding of the rules by its name, with its size.
pub fn findings(found: &Found, mut look: impl FnMut(&str, f32)) {
    let mut name = String::with_capacity(24);
    let mut say = |before: &str, middle: &str, after: &str, size: f32| {
        name.clear();
        let _ = write!(name, "{before}{middle}{after}");
        if size != 0.0 {
            look(&name, size);
        }
    };
    for kind in KINDS {
        let of_kind = || found.evidence.iter().filter(move |evidence| evidence.kind == kind);
        let titled = || of_kind().filter(|evidence| evidence.titled);
        for (place, most) in [("k:", strongest(of_kind())), ("kt:", strongest(titled()))] {
            say(place, kind.name(), "", most);
            say(place, kind.name(), ">5", f32::from(most >= 0.5));
            say(place, kind.name(), ">75", f32::from(most >= 0.75));
        }
        let several = of_kind().filter(|evidence| evidence.score >= 0.3).count();
        say("kn:", kind.name(), "", (several as f32).ln_1p().min(2.0));
    }
    say("asks", "", "", f32::from(found.asks));
    say("waits", "", "", f32::from(found.waits));
    say("unclear", "", "", f32::from(found.unclear));
    say("f:", found.frame.name(), "", 1.0);
    for section in Section::ALL {
        let there = found.reading.said.iter().any(|said| said.section == section);
        say("s:", section.name(), "", f32::from(there));
    }
    for (number, size) in found.numbers {
        say("m:", number, "", size.ln_1p().min(3.5) * 0.7);
    }
    let words = found.numbers.iter().find(|(name, _)| *name == "words").map_or(0.0, |it| it.1);
    for (name, least) in [("1", 1.0), ("5", 5.0), ("10", 10.0), ("20", 20.0), ("40", 40.0)] {
        say("w>", name, "", f32::from(words >= least));
    }
}

fn strongest<'a>(evidence: impl Iterator<Item = &'a Evidence>) -> f32 {
    evidence.map(|evidence| evidence.score).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fall_to_their_stems() {
        let told = |text: &str| stems(text).collect::<Vec<_>>().join(" ");
        for (text, expected) in [
            ("Deploying the services", "deploy the servic"),
            ("the user's password; e.g. `api_key2`", "the user password api key"),
            ("don't use", "don't use"),
            ("Schlüssel löschen", "schlüssel löschen"),
            ("", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
