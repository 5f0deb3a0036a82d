//! Which words mean what. The table of all words is made when the program is compiled
//! (`build.rs`, `forms`).

pub use super::classes::{Class, Classes, Form, Meaning};

/// What one word may begin.
struct Entry {
    /// What it means alone.
    alone: Meaning,
    /// The words after the first one of each phrase that begins with it, the longest first, and
    /// what the whole means.
    phrases: &'static [(&'static [&'static str], Meaning)],
}

/// How the table writes a meaning.
const fn m(bits: u128, form: Form) -> Meaning {
    Meaning { classes: Classes(bits), form }
}

// `LEXICON`: each word with its entry.
include!(concat!(env!("OUT_DIR"), "/lexicon.rs"));

/// What the words mean that a text begins with, and how many of them: the longest phrase, else
/// the first word alone. `next` gives the nth word, in lower case, as far as a phrase may reach.
pub fn look<'w>(first: &str, next: impl Fn(usize) -> Option<&'w str>) -> (Meaning, usize) {
    let Some(entry) = LEXICON.get(first) else { return (Meaning::default(), 1) };
    let fits = |words: &[&str]| words.iter().enumerate().all(|(n, w)| next(n + 1) == Some(*w));
    match entry.phrases.iter().find(|(rest, _)| fits(rest)) {
        Some((rest, meaning)) => (*meaning, rest.len() + 1),
        None => (entry.alone, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::Lexicon;
    use super::*;

    fn meaning(text: &str) -> (Meaning, usize) {
        let words: Vec<&str> = text.split(' ').collect();
        look(words[0], |n| words.get(n).copied())
    }

    #[test]
    fn the_table_is_what_the_words_make() {
        let made = Lexicon::make();
        assert_eq!(made.0.len(), LEXICON.len());
        for (word, entry) in &made.0 {
            let kept = &LEXICON[word.as_str()];
            assert_eq!(kept.alone, entry.alone, "{word}");
            let owned = |rest: &[&str]| rest.iter().map(ToString::to_string).collect();
            let phrases: Vec<(Vec<String>, Meaning)> =
                kept.phrases.iter().map(|(rest, meaning)| (owned(rest), *meaning)).collect();
            assert_eq!(phrases, entry.phrases, "{word}");
        }
    }

    #[test]
    fn every_form_of_a_verb_is_known() {
        for (word, class, form) in [
            ("delete", Class::Destroy, Form::Base),
            ("deletes", Class::Destroy, Form::Third),
            ("deleting", Class::Destroy, Form::Gerund),
            ("dropped", Class::Destroy, Form::Past),
            ("shipping", Class::Publish, Form::Gerund),
            ("republishes", Class::Publish, Form::Third),
            ("sent", Class::Send, Form::Past),
            ("replied", Class::Send, Form::Past),
        ] {
            let (found, _) = meaning(word);
            assert!(found.classes.has(class), "{word}");
            assert_eq!(found.form, form, "{word}");
        }
    }

    #[test]
    fn the_longest_phrase_wins() {
        for (text, class, words) in [
            ("rolled out to", Class::Deploy, 2),
            ("landing pages for", Class::Offer, 2),
            ("api keys", Class::Secret, 2),
            ("cli", Class::Code, 1),
            ("landing page", Class::Offer, 2),
            ("cleaning up", Class::Remove, 2),
        ] {
            let (found, length) = meaning(text);
            assert!(found.classes.has(class), "{text}");
            assert_eq!(length, words, "{text}");
        }
    }
}
