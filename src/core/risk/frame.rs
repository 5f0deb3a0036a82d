//! What kind of work a clause, or a whole task, is about: whether what it names is done, or is
//! tested, documented, renamed, shown.

use crate::core::language::clause::{Clause, Gap, Use, VERBAL};
use crate::core::language::lexicon::{Class, Classes};
use crate::core::language::reading::{Place, Reading, Said, Section};

/// What is done with the things that are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// They are made, changed, done.
    Act,
    /// They are repaired.
    Mend,
    /// They are shown, read, counted.
    Show,
    /// They are kept from happening.
    Guard,
    /// They are thought about.
    Study,
    /// They are renamed, moved about, typed.
    Tidy,
    /// They are written about.
    Document,
    /// They are tried where it costs nothing.
    Test,
}

impl Frame {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Mend => "mend",
            Self::Show => "show",
            Self::Guard => "guard",
            Self::Study => "study",
            Self::Tidy => "tidy",
            Self::Document => "document",
            Self::Test => "test",
        }
    }

    /// How much naming a thing weighs here, against doing something with it.
    pub fn share(self) -> f32 {
        match self {
            Self::Act => 1.0,
            Self::Mend => 0.6,
            Self::Show => 0.55,
            Self::Guard => 0.5,
            Self::Study => 0.4,
            Self::Tidy => 0.3,
            Self::Document | Self::Test => 0.2,
        }
    }
}

/// By the class of the verb, the strongest first.
const VERBS: &[(Class, Frame)] = &[
    (Class::Test, Frame::Test),
    (Class::Document, Frame::Document),
    (Class::Tidy, Frame::Tidy),
    (Class::Guard, Frame::Guard),
    (Class::Study, Frame::Study),
    (Class::Show, Frame::Show),
    (Class::Repair, Frame::Mend),
];

/// Verbs that do something with the things of the world, whatever else they may mean.
const ACTING: Classes = Classes::of(&[
    Class::Build,
    Class::Connect,
    Class::Run,
    Class::Deploy,
    Class::Publish,
    Class::Send,
    Class::Pay,
    Class::Destroy,
    Class::Setting,
]);

const DEEDS: Classes = Classes::of(&[Class::Deploy, Class::Publish, Class::Send, Class::Pay]);

/// What a clause is about.
pub fn frame(clause: &Clause) -> Frame {
    if super::topics::spends(clause) {
        return Frame::Act;
    }
    if let Some(frame) = prefix(clause) {
        return frame;
    }
    let Some(verb) = clause.verb() else { return named(clause) };
    if matches!(clause.used(verb), Use::Third) && verb > 0 {
        return Frame::Act;
    }
    let classes = clause.classes(verb);
    let object = clause.object(verb);
    let head = object.head;
    if head.has(Class::Trial) && !object.whole.any(LIVE) {
        return Frame::Test;
    }
    if head.has(Class::Doc) && !classes.any(DEEDS) {
        return Frame::Document;
    }
    let found = VERBS.iter().find(|(class, _)| classes.has(*class)).map(|(_, frame)| *frame);
    match found {
        Some(Frame::Test) if object.whole.any(SERVICES) => Frame::Act,
        Some(Frame::Test) if object.rest.any(LIVE) => Frame::Act,
        Some(Frame::Show | Frame::Mend | Frame::Guard) if classes.any(ACTING) => Frame::Act,
        Some(frame) => frame,
        None => Frame::Act,
    }
}

/// Trying one of these out is to use it.
const SERVICES: Classes =
    Classes::of(&[Class::Live, Class::Prod, Class::MailSystem, Class::Host, Class::Channel]);
const LIVE: Classes = Classes::of(&[Class::Live, Class::Prod]);

/// `docs: …`, `test(api): …`
fn prefix(clause: &Clause) -> Option<Frame> {
    let colon = clause.units.get(1).is_some_and(|unit| unit.gap == Gap::Break);
    if !colon {
        return None;
    }
    match clause.word(0).to_ascii_lowercase().as_str() {
        "docs" | "doc" | "documentation" => Some(Frame::Document),
        "test" | "tests" | "e2e" | "qa" => Some(Frame::Test),
        "refactor" | "style" | "chore" | "lint" => Some(Frame::Tidy),
        _ => None,
    }
}

/// A clause without a verb is about what it names: its first noun phrase's head.
fn named(clause: &Clause) -> Frame {
    let end = clause.phrase_end(0);
    let head = clause.classes(end - 1) | clause.classes(0);
    if head.has(Class::Trial) {
        Frame::Test
    } else if head.has(Class::Doc) && !head.any(Classes::of(&[Class::Mail, Class::Offer])) {
        Frame::Document
    } else {
        Frame::Act
    }
}

/// What the whole task is about: its title, or where that is a mere name, its first order.
pub fn of_task(reading: &Reading) -> Frame {
    let Some(title) = reading.title().next() else { return Frame::Act };
    let by_title = frame(&title.clause);
    let verbal = title.clause.units.iter().any(|unit| unit.classes.any(VERBAL));
    if by_title != Frame::Act || verbal {
        return by_title;
    }
    let body = |said: &&Said| said.place != Place::Title && said.section == Section::Task;
    let first = reading.said.iter().filter(body).find(|said| said.clause.verb() == Some(0));
    first.map_or(by_title, |said| frame(&said.clause))
}
