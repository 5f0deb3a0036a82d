//! From the text of a clause to its words: names, numbers, quotes, and what parts them.

use std::borrow::Cow;
use std::ops::Range;

use super::clause::{Gap, Kind, Unit};
use super::lexicon::{self, Class, Classes, Form};

/// A token on its way to a unit.
pub(super) struct Token<'t> {
    at: Range<usize>,
    plain: Cow<'t, str>,
    kind: Kind,
    pub(super) gap: Gap,
}

/// The unit that the tokens begin with, and how many of them it takes.
pub(super) fn unit(tokens: &[Token]) -> (Unit, usize) {
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
    if kind == Kind::Name
        && (name == ".env" || name.starts_with(".env."))
        && !name.ends_with("example")
    {
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
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
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
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '/' | '_' => true,
        ',' | ';' | ':' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '`' => false,
        '|' | '*' | '<' | '>' | '=' | '“' | '”' | '«' | '»' => false,
        '—' | '–' | '→' | '⇒' | '•' | '·' => false,
        _ => !c.is_whitespace(),
    }
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

fn lower(word: &str) -> Cow<'_, str> {
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
    if word.bytes().all(|b| b.is_ascii_lowercase()) && !word.starts_with("http") {
        return Kind::Word;
    }
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
