//! Acts: a verb with what it is done to, and where.

use super::RiskKind::{self, *};
use super::frame::Frame;
use super::{Evidence, Words};
use crate::core::language::clause::{Clause, Gap, Kind, Object, Use};
use crate::core::language::lexicon::{Class, Classes, Form};

/// What must stand with a verb, so that it is the act.
enum With {
    /// Nothing.
    Alone,
    /// Its object is one of these.
    Object(Classes),
    /// One of these is among the words of its object.
    Within(Classes),
    /// One of these is named in its clause.
    Near(Classes),
    /// Its object is one of the first, and one of the second is near.
    Both(Classes, Classes),
    /// Its object is a number, a version or an identifier.
    Named,
    /// The act stands as a noun that its clause is about: "Manual publish".
    Heads,
    /// A version stands before it: "1.0 release".
    Versioned,
    /// The verb itself is one of these stems, and its object is of the class.
    Opening(&'static [&'static str], Class),
    /// The verb itself is one of these, in any form (stems).
    Verb(&'static [&'static str]),
}

use With::{Alone, Both, Heads, Named, Near, Object as Of, Opening, Verb, Versioned, Within};

const fn set(list: &[Class]) -> Classes {
    Classes::of(list)
}

const DATA: Classes = set(&[Class::Data, Class::Personal, Class::Prod, Class::Secret]);
const WHOLE: Classes = set(&[Class::Quant, Class::Prod]);
const LIVE: Classes = set(&[Class::Prod]);
const HOSTS: Classes = set(&[Class::Prod, Class::Host]);
const THEM: Classes = set(&[Class::People, Class::Channel, Class::MailSystem]);
const POSTS: Classes = set(&[Class::Campaign]);
const PUBLIC: Classes =
    set(&[Class::Channel, Class::Registry, Class::Prod, Class::Host, Class::People]);
const PRICED: Classes = set(&[Class::Money, Class::Worth, Class::Ware, Class::Host, Class::People]);

/// Every act: its kind, its verb, what goes with it, and how much that weighs.
const ACTS: &[(RiskKind, Class, With, f32)] = &[
    (Destructive, Class::Destroy, Of(DATA), 1.0),
    (Destructive, Class::Destroy, Within(WHOLE), 0.9),
    (
        Destructive,
        Class::Destroy,
        Verb(&[
            "wip",
            "purg",
            "eras",
            "nuk",
            "shred",
            "obliterat",
            "decommission",
            "teardown",
            "tear ",
            "deprovision",
            "force-push",
            "bulk-",
            "mass-",
            "hard-",
        ]),
        0.85,
    ),
    (Destructive, Class::Destroy, Alone, 0.78),
    (Destructive, Class::Remove, Both(DATA, WHOLE), 0.9),
    (Destructive, Class::Remove, Of(DATA), 0.45),
    (Production, Class::Deploy, Alone, 1.0),
    (Production, Class::Publish, Of(set(&[Class::Offer, Class::Registry, Class::Prod])), 1.0),
    (Production, Class::Publish, Near(PUBLIC), 1.0),
    (Production, Class::Publish, Named, 1.0),
    (Production, Class::Post, Opening(&["submit", "upload"], Class::Registry), 0.9),
    (
        Production,
        Class::Run,
        Opening(
            &["enabl", "turn", "switch", "flip", "toggl", "activ", "disabl", "set"],
            Class::Live,
        ),
        0.85,
    ),
    (Production, Class::Run, Opening(&["run", "appl", "execut"], Class::Batch), 0.85),
    (Production, Class::Run, Opening(&["migrat", "backfill"], Class::People), 0.8),
    (Production, Class::Run, Opening(&["turn", "switch", "activ"], Class::People), 0.78),
    (Production, Class::Run, Opening(&["push", "merg"], Class::Ticket), 0.85),
    (Production, Class::Remove, Near(LIVE), 0.9),
    (Production, Class::Publish, Heads, 1.0),
    (Production, Class::Publish, Versioned, 2.0),
    (Production, Class::Publish, Alone, 0.76),
    (Production, Class::Run, Opening(&["merg"], Class::Ticket), 0.8),
    (Production, Class::Publish, Verb(&["ship"]), 0.5),
    (Production, Class::Setting, Within(set(&[Class::Registry])), 0.85),
    (Production, Class::Handle, Within(set(&[Class::Registry])), 0.85),
    (Production, Class::Run, Near(LIVE), 1.0),
    (Production, Class::Setting, Near(LIVE), 1.0),
    (Production, Class::Setting, Near(HOSTS), 0.9),
    (Production, Class::Run, Near(HOSTS), 0.8),
    (External, Class::Send, Within(THEM), 1.0),
    (External, Class::Send, Near(THEM), 0.95),
    (External, Class::Post, Opening(&["submit", "upload"], Class::Account), 0.8),
    (External, Class::Grant, Opening(&["onboard", "offboard"], Class::People), 0.8),
    (External, Class::Send, Of(POSTS), 1.0),
    (External, Class::Send, Verb(&["invit", "cold-", "reach", "pitch", "approach"]), 0.8),
    (External, Class::SignUp, Within(set(&[Class::Account])), 0.9),
    (External, Class::Setting, Within(set(&[Class::Account])), 0.85),
    (
        External,
        Class::SignUp,
        Opening(&["fil", "sign", "register", "negotiat", "incorporat"], Class::Legal),
        0.9,
    ),
    (External, Class::Publish, Near(set(&[Class::Legal])), 0.9),
    (External, Class::Send, Of(set(&[Class::Mail])), 0.78),
    (External, Class::Post, Near(set(&[Class::Channel])), 1.0),
    (External, Class::Post, Of(POSTS), 1.0),
    (External, Class::Post, Opening(&["close", "reopen", "comment"], Class::Ticket), 0.8),
    (
        External,
        Class::Post,
        Verb(&["tweet", "retweet", "announc", "promot", "advertis", "publiciz", "cross"]),
        0.8,
    ),
    (External, Class::Publish, Of(set(&[Class::Mail, Class::Campaign, Class::Channel])), 1.0),
    (
        External,
        Class::SignUp,
        Both(set(&[Class::Rights, Class::Data]), set(&[Class::Channel, Class::MailSystem])),
        0.8,
    ),
    (External, Class::SignUp, Verb(&["sign", "enrol", "register"]), 0.5),
    (Financial, Class::Pay, Within(PRICED), 1.0),
    (Financial, Class::Pay, Near(PRICED), 0.9),
    (
        Financial,
        Class::Pay,
        Verb(&["buy", "purchas", "refund", "reimburs", "donat", "invest", "pay", "hir"]),
        0.8,
    ),
    (Financial, Class::MoveMoney, Of(set(&[Class::Money])), 0.9),
    (Financial, Class::MoveMoney, Of(set(&[Class::Worth])), 0.78),
    (
        Financial,
        Class::MoveMoney,
        Opening(&["order", "book", "hire", "cancel", "reserv", "trad", "renew"], Class::Ware),
        0.8,
    ),
    (
        External,
        Class::SignUp,
        Opening(&["appl", "enrol", "sign", "register", "join"], Class::Registry),
        0.8,
    ),
    (Sensitive, Class::Handle, Of(set(&[Class::Secret])), 1.0),
    (Sensitive, Class::Handle, Of(set(&[Class::Personal])), 0.9),
    (Sensitive, Class::Connect, Within(set(&[Class::Personal])), 0.9),
    (Sensitive, Class::Connect, Near(set(&[Class::Personal])), 0.8),
    (Access, Class::Grant, Opening(&["mak"], Class::Public), 0.8),
    (Access, Class::Grant, Of(set(&[Class::Rights])), 1.0),
    (Access, Class::Grant, Both(set(&[Class::People, Class::Owner]), set(&[Class::Rights])), 1.0),
    (Access, Class::Setting, Of(set(&[Class::Rights])), 0.8),
    (Access, Class::Remove, Of(set(&[Class::Rights])), 0.9),
    (Access, Class::Build, Of(set(&[Class::Rights])), 0.8),
    (Architecture, Class::Rework, Near(set(&[Class::Scale])), 1.0),
    (Architecture, Class::Rework, Of(set(&[Class::Structure])), 0.8),
    (
        Architecture,
        Class::Rework,
        Both(set(&[Class::Structure, Class::Tongue]), set(&[Class::Tongue])),
        0.9,
    ),
    (
        Architecture,
        Class::Rework,
        Opening(
            &[
                "replac",
                "migrat",
                "port",
                "switch",
                "convert",
                "rewrit",
                "move",
                "mov",
                "transition",
            ],
            Class::Tongue,
        ),
        0.85,
    ),
    (Architecture, Class::Build, Near(set(&[Class::Scale])), 0.8),
];

/// The verbs of all acts.
const VERBS: Classes = {
    let (mut verbs, mut at) = (Classes::NONE, 0);
    while at < ACTS.len() {
        verbs = verbs.with(ACTS[at].1);
        at += 1;
    }
    verbs
};

/// Objects that make an act one on the repository alone.
const SOFT: Classes = set(&[Class::Code, Class::Ui, Class::Doc, Class::Trial]);
const PAPER: Classes = set(&[Class::Doc, Class::Trial]);

/// Every act that a clause speaks of, with its weight before the task around it counts.
pub fn acts(clause: &Clause, frame: Frame, found: &mut Vec<Evidence>) {
    for at in 0..clause.units.len() {
        let classes = clause.classes(at);
        if !classes.any(VERBS) {
            continue;
        }
        let rules = || ACTS.iter().filter(|(_, verb, ..)| classes.has(*verb));
        let usage = usage(clause, at);
        if usage == 0.0 {
            continue;
        }
        let object = match clause.units[at].form {
            Form::Nominal if clause.used(at) == Use::Nominal => nominal(clause, at),
            _ => clause.object(at),
        };
        for (kind, verb, with, weight) in rules() {
            let Some(end) = fits(clause, at, &object, with) else { continue };
            let file = *verb == Class::Destroy && is_file(clause, at + 1..object.end);
            let soft = softened(*kind, *verb, &object) * if file { 0.4 } else { 1.0 };
            let score = weight * usage * soft * done(*kind, frame) * to_self(*kind, &object);
            let quote = clause.quote(at..end);
            found.push(Evidence { kind: *kind, score, words: Words(quote) });
        }
    }
}

/// What a noun of an act is about: what stands before it, and after `of`.
fn nominal(clause: &Clause, at: usize) -> Object {
    let mut object = clause.object(at);
    if let Some(before) = at.checked_sub(1).filter(|_| clause.units[at].gap <= Gap::Hyphen) {
        object.head = object.head | clause.classes(before);
    }
    object.head = object.head | object.rest;
    object.whole = object.whole | object.head;
    object
}

/// Where the words end that make it so.
fn fits(clause: &Clause, at: usize, object: &Object, with: &With) -> Option<usize> {
    let near = object.whole | object.rest;
    let (is, end) = match with {
        // "swipe to delete" has no object: it is the name of a gesture.
        Alone => (object.end > at + 1 || !clause.classes(at).has(Class::Destroy), object.end),
        Of(set) => (object.head.any(*set), object.end),
        Within(set) => (object.whole.any(*set), object.end),
        Near(set) => (near.any(*set), object.far),
        Both(head, other) => (object.head.any(*head) && near.any(*other), object.far),
        Heads => (clause.used(at) == Use::Nominal, object.end),
        Versioned => (at > 0 && is_version(clause.word(at - 1)), at + 1),
        Named => {
            let kind = clause.units.get(at + 1).map(|unit| unit.kind);
            (matches!(kind, Some(Kind::Number)) || is_version(clause.word(at + 1)), at + 2)
        }
        Opening(stems, class) => {
            let word = clause.lower(at);
            (stems.iter().any(|stem| word.starts_with(stem)) && near.has(*class), object.far)
        }
        Verb(stems) => {
            let word = clause.lower(at);
            (stems.iter().any(|stem| word.starts_with(stem)), object.end)
        }
    };
    is.then_some(end.min(clause.units.len()))
}

fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// A file of the repository: git has it still.
fn is_file(clause: &Clause, object: std::ops::Range<usize>) -> bool {
    let name = |at: usize| clause.units.get(at).is_some_and(|unit| unit.kind == Kind::Name);
    object.end > object.start && name(object.end - 1)
}

/// How much of an order there is in the use of a verb.
fn usage(clause: &Clause, at: usize) -> f32 {
    let shape = match clause.used(at) {
        Use::Order => 1.0,
        Use::Gerund => 0.9,
        Use::Third => 0.7,
        Use::Past => past(clause, at),
        Use::Noun => 0.4,
        Use::Nominal => 0.8,
    };
    let denied = clause.before(at, 5, set(&[Class::Not]));
    let guarded = guarded(clause, at);
    let when = conditional(clause, at);
    shape * if denied { 0.0 } else { 1.0 } * guarded * when * governed(clause, at)
}

/// `is deleted` tells how things are, `must be deleted` what is to be.
fn past(clause: &Clause, at: usize) -> f32 {
    let must = clause.before(at, 4, set(&[Class::Modal]));
    let be = clause.before(at, 3, set(&[Class::Be]));
    if must && be { 0.7 } else { 0.3 }
}

fn guarded(clause: &Clause, at: usize) -> f32 {
    let near = (at.saturating_sub(4)..at)
        .any(|before| clause.classes(before).has(Class::Guard) && clause.used(before) != Use::Noun);
    if near { 0.3 } else { 1.0 }
}

/// In a clause of time or condition without a comma before the verb.
pub fn conditional(clause: &Clause, at: usize) -> f32 {
    for before in (0..at).rev().take(8) {
        if clause.units[before + 1].gap >= Gap::Comma {
            return 1.0;
        }
        if clause.classes(before).has(Class::When) && clause.lower(before) != "once" {
            return 0.45;
        }
    }
    1.0
}

/// "a button that deletes", "a command to send": the thing is built, nothing is done. What runs
/// by itself, a job or a script, does it.
fn governed(clause: &Clause, at: usize) -> f32 {
    let links = ["to", "that", "which", "for"];
    let linked = at > 1 && links.contains(&clause.lower(at - 1).as_ref());
    let linked = linked || matches!(clause.used(at), Use::Third);
    if !linked {
        return 1.0;
    }
    let from = at.saturating_sub(6);
    let things = set(&[Class::Ui, Class::Code, Class::Doc, Class::Trial]);
    let thing = (from..at).rev().find_map(|before| {
        let classes = clause.classes(before);
        (classes.any(things) || classes.has(Class::Machine)).then_some(classes)
    });
    match thing {
        Some(classes) if classes.has(Class::Machine) => 1.25,
        Some(_) => 0.4,
        None => 1.0,
    }
}

/// What is only done to code, pages, texts or in a trial.
fn softened(kind: RiskKind, verb: Class, object: &Object) -> f32 {
    let real = (object.whole | object.rest).any(set(&[Class::Prod, Class::Live]));
    if real {
        return 1.0;
    }
    let soft = match verb {
        Class::Deploy => PAPER,
        Class::Publish => set(&[Class::Doc, Class::Trial, Class::Code]),
        Class::Connect => set(&[Class::Ui, Class::Doc, Class::Trial]),
        _ if kind == Architecture => set(&[Class::Ui, Class::Doc, Class::Trial]),
        Class::Setting | Class::Run if kind == Production => {
            set(&[Class::Code, Class::Ui, Class::Doc, Class::Trial, Class::Machine, Class::Sketch])
        }
        _ => SOFT,
    };
    let hard = set(&[Class::Data, Class::Offer, Class::Campaign]);
    // "the helper function formatDate": a name tells nothing, what stands before it does.
    let named = object.head.is_empty() && object.whole.any(soft);
    let head = (object.head.any(soft) && !object.head.any(hard)) || named;
    match (head, (object.whole | object.rest).has(Class::Stage) && kind != Architecture) {
        (true, _) => 0.3,
        (_, true) => 0.4,
        _ => 1.0,
    }
}

/// A message to the owner leaves no house.
fn to_self(kind: RiskKind, object: &Object) -> f32 {
    let near = object.whole | object.rest;
    let them = set(&[Class::People, Class::Channel, Class::MailSystem, Class::Campaign]);
    match kind == External && near.has(Class::Owner) && !near.any(them) {
        true => 0.4,
        false => 1.0,
    }
}

/// How much of a deed is left where the clause tests it, or writes about it.
fn done(kind: RiskKind, frame: Frame) -> f32 {
    match frame {
        Frame::Test | Frame::Document => 0.3,
        Frame::Study | Frame::Tidy if kind != Architecture => 0.6,
        _ => 1.0,
    }
}
