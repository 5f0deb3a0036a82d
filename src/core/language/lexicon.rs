//! Which words mean what: the tables of verbs and nouns, with every form of each word.

use std::ops::BitOr;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::nouns::{NOUNS, SMALL};
use super::verbs::{IRREGULAR, NOMINALS, VERBS};

/// What a word can do in a sentence. A word may be of several classes; its place decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub enum Class {
    // Verbs of work on the repository.
    Build, Change, Repair, Test, Document, Tidy, Study, Decide, Show, Guard, Draft,
    // Verbs that act on the world.
    Deploy, Publish, Send, Post, Pay, MoveMoney, Destroy, Remove, Grant, Connect, Run, Setting,
    Handle, Rework, SignUp,
    // Verbs that say little, and verbs that say what will be different.
    Vague, Exact,
    // Things of the repository.
    Code, Ui, Doc, Trial, Stage, Machine, Sketch, Ticket, Account, Legal, Batch, Public,
    // Things of the world.
    Data, People, Owner, Channel, Mail, Campaign, MailSystem, Money, Worth, Ware, Prod, Host,
    Registry, Offer, Secret, Personal, Rights, Structure, Tongue, Plan,
    // Small words.
    Not, Quant, Prep, And, Det, Modal, Be, When, Live, Scale, Adjective,
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u128);

impl Classes {
    /// No class.
    pub const NONE: Self = Self(0);

    /// The set of these.
    pub const fn of(list: &[Class]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u128;
            at += 1;
        }
        Self(bits)
    }

    /// The set with one more.
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u128)
    }

    /// Whether the class is in the set.
    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u128) != 0
    }

    /// Whether the sets share a class.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set without those of the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether no class is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Classes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The form in which a verb stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `send`
    #[default]
    Base,
    /// `sends`
    Third,
    /// `sent`
    Past,
    /// `sending`
    Gerund,
    /// `deletion`
    Nominal,
}

/// What is known of a word or phrase.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meaning {
    /// Every class it can be of.
    pub classes: Classes,
    /// Its form, should it be a verb.
    pub form: Form,
}

/// The words after the first one of a phrase, and what the whole means.
type Tail = (Vec<Box<str>>, Meaning);

/// What one word may begin.
#[derive(Default)]
struct Entry {
    /// What it means alone.
    alone: Meaning,
    /// Phrases that begin with it, the longest first.
    phrases: Vec<Tail>,
}

/// All words, and those that phrases begin with.
pub struct Lexicon(FxHashMap<Box<str>, Entry>);

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::make);

/// What the words mean that a text begins with, and how many of them: the longest phrase, else
/// the first word alone. `next` gives the nth word, in lower case, as far as a phrase may reach.
pub fn look<'w>(first: &str, next: impl Fn(usize) -> Option<&'w str>) -> (Meaning, usize) {
    let Some(entry) = LEXICON.0.get(first) else { return (Meaning::default(), 1) };
    let fits = |tail: &&Tail| tail.0.iter().enumerate().all(|(n, w)| next(n + 1) == Some(w));
    match entry.phrases.iter().find(fits) {
        Some((rest, meaning)) => (*meaning, rest.len() + 1),
        None => (entry.alone, 1),
    }
}

/// There are about so many words: a table that grew would be made several times over in every hook.
const WORDS: usize = 6000;

impl Lexicon {
    fn make() -> Self {
        let mut lexicon = Self(FxHashMap::with_capacity_and_hasher(WORDS, Default::default()));
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
        let rest: Vec<Box<str>> = rest.split(' ').map(Into::into).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> (Meaning, usize) {
        let words: Vec<&str> = text.split(' ').collect();
        look(words[0], |n| words.get(n).copied())
    }

    #[test]
    fn the_table_does_not_grow_while_it_is_made() {
        let count = LEXICON.0.len();
        assert!((WORDS / 2..=WORDS).contains(&count), "{count}");
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
