//! Topics: things that are delicate whatever is done with them, unless they are only tested,
//! written about or shown.

use super::RiskKind::{self, *};
use super::frame::Frame;
use super::{Evidence, Words, acts};
use crate::core::language::clause::{Clause, Kind, VERBAL};
use crate::core::language::lexicon::{Class, Classes};
use crate::core::language::reading::{Place, Said};

/// What is delicate, and how much so.
const TOPICS: &[(RiskKind, Class, f32)] = &[
    (Financial, Class::Money, 1.0),
    (External, Class::MailSystem, 1.0),
    (External, Class::Campaign, 0.9),
    (Sensitive, Class::Personal, 0.85),
    (Sensitive, Class::Secret, 0.85),
    (Access, Class::Rights, 0.8),
];

/// Verbs that do something with a topic.
const ACTING: Classes = Classes::of(&[
    Class::Build,
    Class::Change,
    Class::Connect,
    Class::Setting,
    Class::Run,
    Class::Rework,
    Class::MoveMoney,
    Class::Pay,
    Class::Handle,
    Class::Send,
    Class::Post,
]);

/// Every topic of a clause, with its weight before the task around it counts.
pub fn topics(said: &Said, frame: Frame, found: &mut Vec<Evidence>) {
    let clause = &said.clause;
    if !clause.units.iter().any(|unit| TOPICS.iter().any(|(_, class, _)| unit.classes.has(*class)))
    {
        return;
    }
    let spends = spends(clause);
    let object = clause.verb().map(|verb| clause.object(verb));
    let looks = Classes::of(&[Class::Ui, Class::Doc, Class::Trial]);
    let soft_until = object.filter(|object| object.head.any(looks)).map(|object| object.end);
    let verbless = !clause.units.iter().any(|unit| unit.classes.any(VERBAL));
    for at in 0..clause.units.len() {
        let classes = clause.classes(at);
        for (kind, class, weight) in TOPICS.iter().filter(|(_, class, _)| classes.has(*class)) {
            let named_part = if spends { 1.0 } else { part(clause, at, *class) };
            // "a dark theme for the checkout page" changes no checkout.
            let beside = soft_until.is_some_and(|end| at >= end);
            let named_part = if beside { named_part * 0.45 } else { named_part };
            let when = acts::conditional(clause, at);
            let share = named_part * governed(said, at, verbless) * when;
            let score = weight * frame.share() * share;
            let quote = clause.quote(at..clause.phrase_end(at));
            found.push(Evidence { kind: *kind, score, titled: false, words: Words(quote) });
        }
    }
}

/// What the thing itself is, of which the topic is a part: "payment form".
fn part(clause: &Clause, at: usize, topic: Class) -> f32 {
    let head = clause.head_of(at);
    // `0600 permissions` are those of a file.
    if topic == Class::Rights && at > 0 && clause.units[at - 1].kind == Kind::Number {
        return 0.0;
    }
    if clause.units[at].kind == Kind::Name {
        return 0.6;
    }
    if head.has(topic) {
        1.0
    } else if head.any(Classes::of(&[Class::Doc, Class::Trial])) {
        0.25
    } else if head.any(Classes::of(&[Class::Ui, Class::Sketch])) {
        0.4
    } else if head.has(Class::Code) && !head.has(Class::Machine) {
        0.6
    } else {
        1.0
    }
}

/// A sum of money beside what it is spent on.
pub fn spends(clause: &Clause) -> bool {
    let sum = |at: usize| clause.word(at).starts_with(['$', '€', '£']);
    let bought = Classes::of(&[Class::Money, Class::Campaign]);
    (0..clause.units.len()).any(sum) && clause.units.iter().any(|unit| unit.classes.any(bought))
}

/// Whether the clause does something with it, or names it as what is to be built.
fn governed(said: &Said, at: usize, verbless: bool) -> f32 {
    let clause = &said.clause;
    if clause.before(at, 6, Classes::of(&[Class::Not])) {
        return 0.0;
    }
    let acting = |before: usize| clause.classes(before).any(ACTING);
    if (at.saturating_sub(8)..at).any(acting) {
        return 1.0;
    }
    match said.place {
        Place::Title => 1.0,
        _ if verbless => 0.9,
        _ => 0.6,
    }
}
