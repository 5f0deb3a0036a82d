//! A line of text as clauses of known words.

use std::ops::Range;

use super::lexicon::{self, Class, Classes, Form};

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
        let Some(before) = at.checked_sub(1).map(|at| &self.units[at]) else { return Use::Order };
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
        let opens = (0..at).all(|before| {
            let unit = &self.units[before];
            !unit.classes.any(LINKS) && (before == 0 || unit.gap <= Gap::Hyphen)
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
        while at < self.units.len() {
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
        while let Some(unit) = self.units.get(at) {
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
        while let Some(unit) = self.units.get(end) {
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

/// A token on its way to a unit.
struct Token<'t> {
    at: Range<usize>,
    plain: std::borrow::Cow<'t, str>,
    kind: Kind,
    gap: Gap,
}

fn unit(tokens: &[Token]) -> (Unit, usize) {
    let Token { at, plain, kind, gap } = &tokens[0];
    let plain_unit = |classes, form| Unit { at: at.clone(), kind: *kind, classes, form, gap: *gap };
    if !matches!(kind, Kind::Word | Kind::Link) {
        return (plain_unit(name_classes(plain, *kind), Form::Base), 1);
    }
    let next = |n: usize| {
        let joined = tokens.get(1..=n)?.iter().all(|t| t.gap <= Gap::Hyphen);
        let token = tokens.get(n).filter(|t| joined && t.kind == Kind::Word)?;
        Some(token.plain.as_ref())
    };
    let (meaning, taken) = lexicon::look(plain, next);
    let mut unit = plain_unit(meaning.classes, meaning.form);
    unit.at.end = tokens[taken - 1].at.end;
    (unit, taken)
}

/// Names of variables in capitals tell what they hold.
fn name_classes(name: &str, kind: Kind) -> Classes {
    let holds =
        |part: &str| matches!(part, "PASSWORD" | "SECRET" | "TOKEN" | "KEY" | "CREDENTIALS");
    let shouted = !name.chars().any(|c| c.is_lowercase() || c.is_whitespace());
    if kind == Kind::Name && shouted && name.contains('_') && name.split('_').any(holds) {
        return Classes::of(&[Class::Secret]);
    }
    if name.starts_with("r/") || (name.starts_with('@') && name.len() > 2 && !name.contains('/')) {
        return Classes::of(&[Class::Channel]);
    }
    let word = |part: &str| lexicon::look(&part.to_lowercase(), |_| None).0.classes;
    let delicate = Classes::of(&[Class::Money, Class::MailSystem]);
    let parts = name.split(|c: char| !c.is_alphanumeric()).flat_map(humps);
    match kind == Kind::Name && parts.into_iter().any(|part| word(part).any(delicate)) {
        true => Classes::of(&[Class::Money]),
        false => Classes::NONE,
    }
}

/// The words of a name such as `PaymentIntent`.
fn humps(name: &str) -> Vec<&str> {
    let starts = name.char_indices().filter(|(at, c)| *at == 0 || c.is_uppercase());
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([name.len()]);
    starts.iter().zip(ends).map(|(start, end)| &name[*start..end]).collect()
}

/// Splits a text into words, names, numbers and quotes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token> = Vec::new();
    let mut gap = Gap::None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let size = c.len_utf8();
        if let Some(close) = closing(c)
            && let Some(length) = quoted(&text[at + size..], close)
        {
            let inner = at + size..at + size + length;
            let kind = if c == '`' { Kind::Name } else { Kind::Quote };
            let plain = text[inner.clone()].into();
            let at_quote = at..inner.end + close.len_utf8();
            found.push(Token { at: at_quote.clone(), plain, kind, gap });
            (gap, at) = (Gap::None, at_quote.end);
            continue;
        }
        if !is_inner(c) {
            gap = wider(gap, c, &text[at..], at > 0 && !found.is_empty());
            at += size;
            continue;
        }
        let length = text[at..].find(|c: char| !is_inner(c)).unwrap_or(text.len() - at);
        gap = word(&text[at..at + length], at, gap, &mut found);
        at += length;
    }
    found
}

fn closing(open: char) -> Option<char> {
    match open {
        '`' => Some('`'),
        '"' => Some('"'),
        '“' => Some('”'),
        '«' => Some('»'),
        _ => None,
    }
}

/// The length of a span up to its closing mark, if it is near and on the same line.
fn quoted(rest: &str, close: char) -> Option<usize> {
    let end = rest.char_indices().take(160).find(|(_, c)| *c == close || *c == '\n')?;
    (end.1 == close && end.0 > 0).then_some(end.0)
}

fn is_inner(c: char) -> bool {
    !c.is_whitespace() && !",;:()[]{}\"“”«»`—–|→⇒•·*<>=".contains(c)
}

/// The gap after one more character of it.
fn wider(gap: Gap, c: char, rest: &str, begun: bool) -> Gap {
    let next = match c {
        ',' => Gap::Comma,
        ';' => Gap::Stop,
        ':' | '(' | ')' | '[' | ']' | '{' | '}' | '—' | '–' | '|' | '→' | '⇒' | '•' | '·' | '<' => {
            Gap::Break
        }
        '\n' if begun => {
            let next = rest.trim_start().chars().next();
            if next.is_some_and(char::is_uppercase) { Gap::Break } else { Gap::None }
        }
        _ => Gap::None,
    };
    if next > gap { next } else { gap }
}

/// Takes one run of characters apart; what gap it leaves behind.
fn word<'t>(run: &'t str, at: usize, gap: Gap, found: &mut Vec<Token<'t>>) -> Gap {
    let ended = run.ends_with(['.', '!', '?']) && !is_short_form(run);
    let ends = if ended { Gap::Stop } else { Gap::None };
    let edge = |c: char| matches!(c, '.' | '!' | '?' | '\'' | '’' | '_' | '#' | '…' | '~');
    let open = |c: char| matches!(c, '\'' | '‘' | '_' | '#' | '!' | '?' | '…');
    let start = run.len() - run.trim_start_matches(open).len();
    let plain = run[start..].trim_end_matches(edge);
    if plain.is_empty() || plain.chars().all(|c| c == '-') {
        // A dash between blanks parts what stands before and after it.
        let parts = if run.starts_with('-') { Gap::Break } else { ends };
        return if parts > gap { parts } else { gap };
    }
    let at = at + start;
    let kind = kind_of(plain);
    if kind != Kind::Word || !plain.contains(['/', '-', '+']) || known(plain) {
        let lower = if kind == Kind::Word { lower(plain) } else { plain.into() };
        found.push(Token { at: at..at + plain.len(), plain: lower, kind, gap });
        return ends;
    }
    let mut gap = gap;
    let mut from = 0;
    for (end, mark) in plain.match_indices(['/', '-', '+']).chain([(plain.len(), "")]) {
        if end > from {
            let part = &plain[from..end];
            let kind = kind_of(part);
            found.push(Token { at: at + from..at + end, plain: lower(part), kind, gap });
            gap = if mark == "/" { Gap::Slash } else { Gap::Hyphen };
        }
        from = end + mark.len();
    }
    ends
}

fn known(word: &str) -> bool {
    !lexicon::look(&lower(word), |_| None).0.classes.is_empty()
}

fn lower(word: &str) -> std::borrow::Cow<'_, str> {
    match word.chars().any(char::is_uppercase) {
        true => word.to_lowercase().into(),
        false => word.into(),
    }
}

fn is_short_form(run: &str) -> bool {
    matches!(
        run.to_ascii_lowercase().as_str(),
        "e.g." | "i.e." | "etc." | "vs." | "no." | "approx."
    )
}

fn kind_of(word: &str) -> Kind {
    let head = word.chars().next();
    if word.starts_with("http") || word.starts_with("www.") {
        return Kind::Link;
    }
    let money = word.trim_start_matches(['$', '€', '£', '<', '>', '~', '+', '-', '≥', '≤', '#']);
    if money.starts_with(|c: char| c.is_ascii_digit()) {
        return Kind::Number;
    }
    let inner_dot = word.split_once('.').is_some_and(|(name, end)| {
        !name.is_empty() && end.starts_with(|c: char| c.is_ascii_alphanumeric())
    });
    let camel = word.char_indices().skip(1).any(|(at, c)| {
        c.is_uppercase() && word[..at].chars().next_back().is_some_and(char::is_lowercase)
    });
    let path = head.is_some_and(|c| matches!(c, '/' | '~' | '.' | '$')) && word.len() > 1;
    let deep = word.matches('/').count() > 1 || word.ends_with('/');
    let sub = word.starts_with("r/") || (word.starts_with('@') && word.len() > 2);
    let option = word.starts_with("--") && word.len() > 3;
    let name = (inner_dot && !known(word))
        || (camel && !known(word))
        || path
        || deep
        || sub
        || option
        || word.contains('_');
    if name { Kind::Name } else { Kind::Word }
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
