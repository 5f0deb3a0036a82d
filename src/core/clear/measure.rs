//! What a task says, in numbers: what can be looked at, what is left open.

use crate::core::language::clause::{Clause, Gap, Kind, Use};
use crate::core::language::lexicon::{Class, Classes};
use crate::core::language::reading::{Place, Reading, Said, Section};

/// All that speaks for and against a task.
#[derive(Debug, Default)]
pub struct Measure {
    /// Words that carry something, below the title.
    pub words: usize,
    /// Words that carry something, in the title.
    pub title_words: usize,
    /// Things in the title that can be looked up: names, quotes, numbers.
    pub title_details: usize,
    /// The same below it.
    pub details: usize,
    /// Words of condition and contrast: when, if, instead of, should.
    pub conditions: usize,
    /// Clauses that say what will be different.
    pub exact: usize,
    /// Criteria that can be checked.
    pub criteria: usize,
    /// Criteria that say "all works".
    pub empty_criteria: Vec<String>,
    /// List items that only name a thing.
    pub names: Vec<String>,
    /// Words that leave open what is meant, and how much.
    pub vague: Vec<(String, f32)>,
    /// What stands first below the title.
    pub first: Option<String>,
}

const SMALL: Classes = Classes::of(&[
    Class::Prep,
    Class::And,
    Class::Det,
    Class::Modal,
    Class::Be,
    Class::Not,
    Class::Adjective,
]);

/// Takes the measure of a reading.
pub fn measure(reading: &Reading) -> Measure {
    let mut measure = Measure::default();
    for said in &reading.said {
        match (said.place, said.section) {
            (_, Section::Meta | Section::Excluded | Section::Tech) => {}
            (Place::Title, _) => title(said, &mut measure),
            (Place::Criterion, _) => criterion(said, &mut measure),
            _ => body(said, &mut measure),
        }
    }
    let lines = reading.shown.iter().filter(|shown| !shown.line.is_empty()).count();
    measure.details += lines.min(6);
    measure
}

fn title(said: &Said, measure: &mut Measure) {
    let clause = &said.clause;
    let (words, details) = weight(clause);
    // An estimate or a priority in brackets is no detail.
    let aside = clause.units.iter().any(|unit| is_time(clause, unit.at.start));
    measure.title_words += words;
    measure.title_details += details.saturating_sub(usize::from(aside));
    vague(said, 1.3, measure);
}

/// A number with hours or minutes, as estimates have it.
fn is_time(clause: &Clause, at: usize) -> bool {
    let rest = &clause.text[at..];
    let digits =
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '~' | '.'));
    let unit = digits.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    rest.len() > digits.len()
        && matches!(
            unit,
            "h" | "hr"
                | "hrs"
                | "hour"
                | "hours"
                | "m"
                | "min"
                | "mins"
                | "minutes"
                | "d"
                | "day"
                | "days"
        )
}

fn criterion(said: &Said, measure: &mut Measure) {
    let (words, details) = weight(&said.clause);
    let empty = is_empty_talk(&said.clause);
    if empty && details == 0 {
        measure.empty_criteria.push(all(said));
    } else if words >= 2 || details > 0 {
        measure.criteria += if details > 0 { 2 } else { 1 };
    }
    vague(said, 0.3, measure);
}

/// "All components built, tested, and documented", "works".
fn is_empty_talk(clause: &Clause) -> bool {
    let done = [
        "all",
        "everything",
        "built",
        "tested",
        "documented",
        "works",
        "working",
        "work",
        "done",
        "complete",
        "completed",
        "implemented",
        "components",
        "component",
        "properly",
        "correctly",
        "fully",
        "feature",
        "features",
        "code",
        "is",
        "are",
        "and",
        "the",
        "system",
        "it",
        "as",
        "expected",
        "well",
        "finished",
        "functional",
        "deployed",
        "ready",
        "live",
        "good",
        "quality",
        "tests",
        "pass",
        "passing",
        "reviewed",
        "a",
        "an",
        "to",
        "be",
        "user",
        "users",
        "happy",
        "looks",
        "better",
        "improved",
        "successfully",
        "running",
        "up",
        "no",
        "issues",
        "bugs",
        "created",
        "meets",
        "requirements",
        "acceptance",
        "criteria",
        "high",
        "performance",
    ];
    (0..clause.units.len()).all(|at| {
        done.contains(&clause.lower(at).as_ref()) || clause.classes(at).has(Class::Adjective)
    })
}

fn body(said: &Said, measure: &mut Measure) {
    let (words, details) = weight(&said.clause);
    if said.place == Place::Heading {
        vague(said, 0.3, measure);
        return;
    }
    measure.words += words;
    measure.details += details;
    if said.section != Section::Files {
        measure.first.get_or_insert_with(|| all(said));
        measure.conditions += conditions(&said.clause);
        let bare_name = said.place == Place::Item
            && details == 0
            && words <= 4
            && !said.clause.units.iter().any(|u| u.classes.has(Class::When));
        if bare_name {
            measure.names.push(all(said));
        }
        if is_exact(&said.clause) {
            let placed = said.clause.units.iter().any(|unit| unit.classes.has(Class::Prep));
            measure.exact += if details > 0 || (placed && words >= 5) { 2 } else { 1 };
        }
        vague(said, 0.8, measure);
    }
}

/// Words that carry something, and things that can be looked up.
fn weight(clause: &Clause) -> (usize, usize) {
    let carries = |unit: &&crate::core::language::clause::Unit| !unit.classes.any(SMALL);
    let detail = |unit: &&crate::core::language::clause::Unit| unit.kind != Kind::Word;
    (clause.units.iter().filter(carries).count(), clause.units.iter().filter(detail).count())
}

fn conditions(clause: &Clause) -> usize {
    let tells = |at: usize| {
        clause.classes(at).has(Class::When)
            || matches!(
                clause.lower(at).as_ref(),
                "instead of"
                    | "rather than"
                    | "should"
                    | "must"
                    | "only"
                    | "currently"
                    | "never"
                    | "always"
                    | "per"
                    | "each"
                    | "from"
                    | "into"
                    | "so"
                    | "which"
                    | "that"
                    | "not"
                    | "cannot"
                    | "without"
                    | "no"
                    | "default"
                    | "every"
            )
    };
    (0..clause.units.len()).filter(|at| tells(*at)).count()
}

/// An order of a verb that says what will be different, with an object.
fn is_exact(clause: &Clause) -> bool {
    let Some(verb) = clause.verb() else { return false };
    let classes = clause.classes(verb);
    let orders = matches!(clause.used(verb), Use::Order | Use::Third | Use::Gerund);
    classes.has(Class::Exact) && orders && clause.units.len() > verb + 2
}

/// Vague verbs and adjectives where nothing near them can be looked up.
fn vague(said: &Said, share: f32, measure: &mut Measure) {
    let clause = &said.clause;
    if matches!(said.section, Section::Background | Section::Files) {
        return;
    }
    let near = |at: usize| {
        let end = (at + 8).min(clause.units.len());
        clause.units[at..end].iter().filter(|unit| unit.kind != Kind::Word).count()
    };
    let first = clause.verb();
    let mut adjectives = 0;
    for at in 0..clause.units.len() {
        let unit = &clause.units[at];
        let leads = at == 0 || first == Some(at) || unit.gap >= Gap::Break;
        let verb = unit.classes.has(Class::Vague) && leads && clause.used(at) == Use::Order;
        let open = leads
            && unit.classes.any(Classes::of(&[Class::Study, Class::Decide]))
            && !unit.classes.has(Class::Exact)
            && clause.used(at) == Use::Order;
        if open {
            measure.vague.push((clause.quote(at..at + 4), 1.1 * share));
        } else if verb && !unit.classes.has(Class::Exact) {
            let weight = if near(at) > 0 { 0.4 } else { 1.0 };
            measure.vague.push((clause.quote(at..at + 3), weight * share));
        } else if unit.classes.has(Class::Adjective) && adjectives < 3 {
            adjectives += 1;
            measure.vague.push((clause.quote(at..at + 2), 0.45 * share));
        } else if unit.classes.has(Class::Plan) {
            measure.vague.push((clause.quote(at..at + 1), 0.4 * share));
        }
    }
}

/// Whether the title is an order that needs no more: a verb that says what will be different,
/// and an object that can be found.
pub fn speaks_for_itself(reading: &Reading) -> bool {
    reading.title().any(|said| {
        let clause = &said.clause;
        let Some(verb) =
            clause.verb().filter(|verb| *verb <= 1 && clause.used(*verb) == Use::Order)
        else {
            return false;
        };
        let (words, details) = weight(clause);
        let aside = clause.units.iter().any(|unit| is_time(clause, unit.at.start));
        let details = details.saturating_sub(usize::from(aside));
        let classes = clause.classes(verb);
        let broad = Classes::of(&[Class::Deploy, Class::Study, Class::Decide]);
        let object = clause.object(verb);
        let world = object.head.any(Classes::of(&[
            Class::Campaign,
            Class::Offer,
            Class::Plan,
            Class::Money,
            Class::Structure,
        ]));
        let placed = clause.units.iter().any(|unit| unit.classes.has(Class::Prep));
        let exact = classes.has(Class::Exact) || classes.has(Class::Run);
        let found = details > 0 || (placed && words >= 4 && !world) || words >= 6;
        exact && !classes.any(broad) && found && !(world && details == 0)
    })
}

fn all(said: &Said) -> String {
    said.clause.quote(0..said.clause.units.len())
}
