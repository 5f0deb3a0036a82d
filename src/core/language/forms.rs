//! The lexicon as it is made of the tables of verbs and nouns, with every form of each word:
//! `build.rs` does that once, when the program is made. Making it anew was half the work of a commit
//! hook.

use std::collections::BTreeMap;

use super::classes::{Class, Classes, Form, Meaning};
use super::nouns::{NOUNS, SMALL};
use super::verbs::{IRREGULAR, NOMINALS, VERBS};

/// The words after the first one of a phrase, and what the whole means.
pub type Tail = (Vec<String>, Meaning);

/// What one word may begin.
#[derive(Debug, Default)]
pub struct Entry {
    /// What it means alone.
    pub alone: Meaning,
    /// Phrases that begin with it, the longest first.
    pub phrases: Vec<Tail>,
}

/// All words, and those that phrases begin with.
#[derive(Debug, Default)]
pub struct Lexicon(pub BTreeMap<String, Entry>);

impl Lexicon {
    /// Every word with every form.
    pub fn make() -> Self {
        let mut lexicon = Self::default();
        for (class, list) in SMALL {
            list.split(", ").for_each(|word| lexicon.put(word, *class, Form::Base));
        }
        for (class, list) in NOUNS {
            for word in list.split(", ") {
                lexicon.put(word, *class, Form::Base);
                lexicon.put(&plural(word), *class, Form::Base);
            }
        }
        for (class, list) in VERBS {
            list.split(", ").for_each(|verb| lexicon.put_verb(verb, *class));
        }
        for (class, list) in NOMINALS {
            list.split(", ").for_each(|noun| lexicon.put(noun, *class, Form::Nominal));
        }
        for entry in lexicon.0.values_mut() {
            entry.phrases.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
        }
        lexicon
    }

    fn put_verb(&mut self, verb: &str, class: Class) {
        let (stem, particle) = verb.split_once('+').unwrap_or((verb, ""));
        let irregular = IRREGULAR.iter().filter(|(_, base)| *base == stem);
        let irregular = irregular.map(|(form, _)| ((*form).to_owned(), Form::Past));
        for (word, form) in forms(stem).into_iter().chain(irregular) {
            self.put(&format!("{word}{particle}"), class, form);
        }
    }

    fn put(&mut self, text: &str, class: Class, form: Form) {
        let set = Classes::of(&[class]);
        let add = |meaning: &mut Meaning| {
            meaning.classes = meaning.classes | set;
            if form != Form::Base {
                meaning.form = form;
            }
        };
        let Some((first, rest)) = text.split_once(' ') else {
            return add(&mut self.0.entry(text.into()).or_default().alone);
        };
        let rest: Vec<String> = rest.split(' ').map(Into::into).collect();
        let tails = &mut self.0.entry(first.into()).or_default().phrases;
        match tails.iter_mut().find(|(other, _)| *other == rest) {
            Some((_, meaning)) => add(meaning),
            None => tails.push((rest, Meaning { classes: set, form })),
        }
    }
}

fn plural(noun: &str) -> String {
    let consonant_y = noun.ends_with('y') && !noun.ends_with(['a', 'e', 'o'].map(|v| v).as_slice());
    match noun {
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") || noun.ends_with("sh") => {
            format!("{noun}es")
        }
        _ if consonant_y && !noun.ends_with("ey") && !noun.ends_with("ay") => {
            format!("{}ies", &noun[..noun.len() - 1])
        }
        _ => format!("{noun}s"),
    }
}

/// Every regular form of a verb; forms that nobody writes do no harm.
fn forms(verb: &str) -> Vec<(String, Form)> {
    let mut forms = vec![(verb.to_owned(), Form::Base)];
    let third = if verb.ends_with('o') { format!("{verb}es") } else { plural(verb) };
    forms.push((third, Form::Third));
    let vowel = |c: char| "aeiou".contains(c);
    let tail: Vec<char> = verb.chars().rev().take(3).collect();
    let short = |tail: &[char]| matches!(tail, [a, b, c] if !vowel(*a) && !"wxy".contains(*a) && vowel(*b) && !vowel(*c));
    if let Some(stem) = verb.strip_suffix('e').filter(|stem| !stem.ends_with('e')) {
        forms.push((format!("{verb}d"), Form::Past));
        forms.push((format!("{stem}ing"), Form::Gerund));
    } else if verb.ends_with('y') && tail.get(1).is_some_and(|c| !vowel(*c)) {
        forms.push((format!("{}ied", &verb[..verb.len() - 1]), Form::Past));
        forms.push((format!("{verb}ing"), Form::Gerund));
    } else {
        forms.push((format!("{verb}ed"), Form::Past));
        forms.push((format!("{verb}ing"), Form::Gerund));
        if let (true, Some(last)) = (short(&tail), tail.first()) {
            forms.push((format!("{verb}{last}ed"), Form::Past));
            forms.push((format!("{verb}{last}ing"), Form::Gerund));
        }
    }
    forms
}
