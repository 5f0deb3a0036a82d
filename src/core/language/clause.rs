//! A line of text as clauses of known words.

use std::borrow::Cow;
use std::ops::Range;

use super::lexicon::{Class, Classes, Form};
use super::tokens::{tokens, unit};

/// What a unit is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word or a phrase of the lexicon.
    Word,
    /// A code span, an identifier or a path.
    Name,
    /// A number, with its unit.
    Number,
    /// Words in quotation marks.
    Quote,
    /// A link.
    Link,
}

/// What stands before a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Gap {
    /// A blank, or nothing.
    None,
    /// A hyphen within a compound.
    Hyphen,
    /// A comma.
    Comma,
    /// A slash between words.
    Slash,
    /// A dash, colon, bracket, arrow.
    Break,
    /// The end of a sentence.
    Stop,
}

/// A word or phrase with all that it may mean.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its bytes in the text of the clause.
    pub at: Range<usize>,
    /// What it is made of.
    pub kind: Kind,
    /// What it may mean.
    pub classes: Classes,
    /// Its form, should it be a verb.
    pub form: Form,
    /// What stands before it.
    pub gap: Gap,
}

/// How a verb stands in its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// An order, an infinitive, or after `will`.
    Order,
    /// `deleting`
    Gerund,
    /// `deletes`
    Third,
    /// `deleted`
    Past,
    /// A noun of an act that heads its phrase: `Deletion of all users`.
    Nominal,
    /// Part of a name: `the delete command`.
    Noun,
}

/// The object of a verb.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// What its last words are: of "the users table" the table. Of several all.
    pub head: Classes,
    /// All that any of its words may mean.
    pub whole: Classes,
    /// All that the rest of the clause may mean.
    pub rest: Classes,
    /// The unit after its last.
    pub end: usize,
    /// The unit after the last that counted for `rest`.
    pub far: usize,
}

/// One sentence, or one part of it.
#[derive(Clone, Debug)]
pub struct Clause<'t> {
    /// The text it stands in.
    pub text: &'t str,
    /// Its words.
    pub units: Vec<Unit>,
}

/// No phrase is read further than so many words: a text without an end to its sentences is read
/// once, and not once for each word.
const LONGEST: usize = 16;

/// Classes of words that only verbs have.
pub const VERBAL: Classes = Classes::of(&[
    Class::Build,
    Class::Change,
    Class::Repair,
    Class::Test,
    Class::Document,
    Class::Tidy,
    Class::Study,
    Class::Decide,
    Class::Show,
    Class::Guard,
    Class::Draft,
    Class::Deploy,
    Class::Publish,
    Class::Send,
    Class::Post,
    Class::Pay,
    Class::MoveMoney,
    Class::Destroy,
    Class::Remove,
    Class::Grant,
    Class::Connect,
    Class::Run,
    Class::Setting,
    Class::Handle,
    Class::Rework,
    Class::SignUp,
    Class::Vague,
    Class::Exact,
]);

const LINKS: Classes =
    Classes::of(&[Class::Prep, Class::And, Class::Modal, Class::Be, Class::When]);
const FILL: Classes = Classes::of(&[Class::Det, Class::Quant, Class::Adjective, Class::Live]);

impl<'t> Clause<'t> {
    /// The clauses of a text, in order.
    pub fn all(text: &'t str) -> Vec<Self> {
        let tokens = tokens(text);
        let mut clauses = Vec::new();
        let mut units: Vec<Unit> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let (unit, taken) = unit(&tokens[at..]);
            if unit.gap == Gap::Stop && !units.is_empty() {
                clauses.push(Clause { text, units: std::mem::take(&mut units) });
            }
            units.push(unit);
            at += taken;
        }
        if !units.is_empty() {
            clauses.push(Clause { text, units });
        }
        clauses
    }

    /// The words of a unit as they stand.
    pub fn word(&self, at: usize) -> &'t str {
        self.units.get(at).map_or("", |unit| &self.text[unit.at.clone()])
    }

    /// The same in lower case.
    pub fn lower(&self, at: usize) -> Cow<'t, str> {
        let word = self.word(at);
        match word.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            true => word.to_lowercase().into(),
            false => word.into(),
        }
    }

    /// What a unit may mean; nothing beyond the ends.
    pub fn classes(&self, at: usize) -> Classes {
        self.units.get(at).map_or(Classes::NONE, |unit| unit.classes)
    }

    /// The words from one unit to before another, on one line, at most about 80 characters.
    pub fn quote(&self, range: Range<usize>) -> String {
        let Some(first) = self.units.get(range.start) else { return String::new() };
        let last = &self.units[range.end.clamp(range.start + 1, self.units.len()) - 1];
        let words = self.text[first.at.start..last.at.end.max(first.at.end)].split_whitespace();
        let mut quote = String::new();
        for word in words {
            if quote.len() + word.len() > 80 {
                quote.push_str(" …");
                break;
            }
            if !quote.is_empty() {
                quote.push(' ');
            }
            quote.push_str(word);
        }
        quote.replace("**", "")
    }

    /// How the verb at this unit is used.
    pub fn used(&self, at: usize) -> Use {
        let unit = &self.units[at];
        match unit.form {
            Form::Third => return if self.after_article(at) { Use::Noun } else { Use::Third },
            Form::Past => return Use::Past,
            Form::Gerund => {
                return if self.after_article(at) { Use::Noun } else { Use::Gerund };
            }
            Form::Nominal => return self.nominal(at),
            Form::Base => {}
        }
        let Some(before) = at.checked_sub(1).map(|at| &self.units[at]) else {
            let gerund = |unit: &Unit| unit.form == Form::Gerund && unit.gap <= Gap::Hyphen;
            let noun = !unit.classes.without(VERBAL).is_empty();
            let compound = noun && self.units.get(1).is_some_and(gerund);
            return if compound { Use::Noun } else { Use::Order };
        };
        let is_to = self.word(at - 1).eq_ignore_ascii_case("to");
        let leads = Classes::of(&[Class::Modal, Class::And, Class::Not]);
        let auto = unit.gap == Gap::Hyphen && before.classes.has(Class::Modal);
        if unit.gap == Gap::Hyphen && !auto {
            return Use::Noun;
        }
        if is_to || unit.gap > Gap::Hyphen || before.classes.any(leads) {
            Use::Order
        } else {
            Use::Noun
        }
    }

    /// A noun such as `release` is an act where it heads a phrase that opens its clause; else it
    /// may still be the verb of the same letters.
    fn nominal(&self, at: usize) -> Use {
        let heads = self.phrase_end(at) == at + 1;
        let near = at.saturating_sub(LONGEST)..=at;
        let start = near.rev().find(|n| self.units[*n].gap >= Gap::Break);
        let Some(start) = start.or((at < LONGEST).then_some(0)) else { return Use::Noun };
        let opens = (start..at).all(|before| {
            let unit = &self.units[before];
            let verb = before == start && unit.classes.any(VERBAL) && unit.form != Form::Nominal;
            !verb && !unit.classes.any(LINKS) && (before == start || unit.gap <= Gap::Hyphen)
        });
        let verb = Classes::of(&[Class::Modal, Class::And]);
        let followed = self
            .units
            .get(at + 1)
            .is_some_and(|unit| unit.gap <= Gap::Hyphen && !unit.classes.any(LINKS));
        let order = at == 0 && followed
            || at > 0
                && (self.classes(at - 1).any(verb) || self.word(at - 1).eq_ignore_ascii_case("to"));
        match (order, heads && opens) {
            (true, _) => Use::Order,
            (false, true) => Use::Nominal,
            _ => Use::Noun,
        }
    }

    fn after_article(&self, at: usize) -> bool {
        at > 0 && self.units[at].gap == Gap::None && self.classes(at - 1).has(Class::Det)
    }

    /// The first unit that is used as a verb, if any stands where one is expected.
    pub fn verb(&self) -> Option<usize> {
        let verbal = |at: &usize| {
            let no_verb = [Use::Noun, Use::Past, Use::Nominal];
            self.classes(*at).any(VERBAL) && !no_verb.contains(&self.used(*at))
        };
        (0..self.units.len()).find(verbal)
    }

    /// What the verb at this unit acts on.
    pub fn object(&self, verb: usize) -> Object {
        let mut object = Object { end: verb + 1, far: verb + 1, ..Object::default() };
        let mut at = verb + 1;
        while at < self.units.len() && at < verb + 2 * LONGEST {
            let Some((head, end)) = self.noun_phrase(at, &mut object) else { break };
            object.head = object.head | head;
            object.end = end;
            at = end;
            let joins = |unit: &Unit| {
                unit.classes.has(Class::And) || matches!(unit.gap, Gap::Comma | Gap::Slash)
            };
            if !self.units.get(at).is_some_and(joins) {
                break;
            }
            if self.classes(at).has(Class::And) {
                at += 1;
            }
            if self.starts_verb(at) {
                break;
            }
        }
        self.rest(&mut object);
        object
    }

    /// A noun phrase from here on: what its head may mean, and where it ends.
    fn noun_phrase(&self, from: usize, object: &mut Object) -> Option<(Classes, usize)> {
        let mut head = None;
        let mut at = from;
        while let Some(unit) = self.units.get(at).filter(|_| at < from + LONGEST) {
            let stops = at > from && unit.gap > Gap::Hyphen;
            let fills = unit.classes.any(FILL);
            if stops
                || (unit.gap >= Gap::Break && at == from)
                || (unit.classes.any(LINKS) && !fills)
            {
                break;
            }
            if !fills || unit.classes.has(Class::Data) {
                head = Some(unit.classes);
            }
            object.whole = object.whole | unit.classes;
            at += 1;
        }
        (at > from).then(|| (head.unwrap_or_default(), at))
    }

    /// The rest of the clause, up to the next order.
    fn rest(&self, object: &mut Object) {
        let mut at = object.end;
        object.far = at;
        while at < self.units.len() && at < object.end + 14 {
            let joined = at > object.end && self.classes(at - 1).has(Class::And);
            if joined && self.starts_verb(at) {
                break;
            }
            object.rest = object.rest | self.classes(at);
            object.far = at + 1;
            at += 1;
        }
    }

    /// Whether a verb in its base form stands here and something follows it.
    fn starts_verb(&self, at: usize) -> bool {
        let Some(unit) = self.units.get(at) else { return false };
        let noun = Classes::of(&[
            Class::Data,
            Class::Mail,
            Class::Code,
            Class::Ui,
            Class::Doc,
            Class::Trial,
            Class::Worth,
            Class::Offer,
        ]);
        unit.classes.any(VERBAL)
            && unit.form == Form::Base
            && !(unit.classes.any(noun) && at + 1 >= self.units.len())
    }

    /// What the noun phrase is that this unit stands in: its last word.
    pub fn head_of(&self, at: usize) -> Classes {
        let end = self.phrase_end(at);
        self.classes(end - 1)
    }

    /// The unit after the noun phrase that this one stands in.
    pub fn phrase_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        while let Some(unit) = self.units.get(end).filter(|_| end < at + LONGEST) {
            let verb = unit.classes.any(VERBAL) && unit.form != Form::Base;
            let goes_on = unit.gap <= Gap::Hyphen
                && !unit.classes.any(LINKS | FILL)
                && !(verb && unit.form == Form::Third);
            if !goes_on {
                break;
            }
            end += 1;
        }
        end
    }

    /// Whether a unit of these classes stands before this one, in reach and in the same part.
    pub fn before(&self, at: usize, reach: usize, classes: Classes) -> bool {
        let mut from = at;
        while from > 0 && at - from < reach {
            if self.units[from].gap >= Gap::Break {
                return false;
            }
            from -= 1;
            if self.units[from].classes.any(classes) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let clauses = Clause::all(text);
        let clause =
            |c: &Clause| (0..c.units.len()).map(|at| c.word(at)).collect::<Vec<_>>().join("|");
        clauses.iter().map(clause).collect::<Vec<_>>().join(" // ")
    }

    #[test]
    fn text_falls_into_clauses_and_words() {
        for (text, expected) in [
            ("Roll out v2. Then email them!", "Roll out|v2 // Then|email|them"),
            ("Run `npm publish` in src/a/b.rs", "Run|`npm publish`|in|src/a/b.rs"),
            ("Bank/Plaid auto-post", "Bank|Plaid|auto-post"),
            ("the \"Delete all\" button", "the|\"Delete all\"|button"),
            ("e.g. one; two", "e.g|one // two"),
            ("", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn verbs_are_told_from_names() {
        for (text, at, expected) in [
            ("Delete the users", 0, Use::Order),
            ("the delete command", 1, Use::Noun),
            ("to delete users", 1, Use::Order),
            ("Stop deleting users", 1, Use::Gerund),
            ("It deletes users", 1, Use::Third),
            ("account delete", 1, Use::Noun),
        ] {
            assert_eq!(Clause::all(text)[0].used(at), expected, "{text}");
        }
    }
}
