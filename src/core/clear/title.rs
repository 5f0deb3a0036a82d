//! Titles that need no description, and titles that only name a thing.

use crate::core::language::clause::{Clause, Gap, Kind, Unit, Use};
use crate::core::language::lexicon::{Class, Classes};
use crate::core::language::reading::Reading;

use super::measure::{is_time, weight};

/// Acts that say nothing of what will be there afterwards.
const BROAD: Classes = Classes::of(&[Class::Deploy, Class::Study, Class::Decide]);

/// Things of the world rather than of the code, which a name alone does not describe.
const WORLD: Classes =
    Classes::of(&[Class::Campaign, Class::Offer, Class::Plan, Class::Money, Class::Structure]);

/// Whether the title is an order that needs no more: a verb that says what will be different,
/// and an object that can be found.
pub fn speaks_for_itself(reading: &Reading, title: &str) -> bool {
    foreign_with_detail(title) || reading.title().any(|said| is_whole_order(&said.clause))
}

fn is_whole_order(clause: &Clause) -> bool {
    let leads = |verb: &usize| *verb <= 1 || clause.units[*verb].gap >= Gap::Break;
    let Some(verb) = clause.verb().filter(leads).filter(|at| clause.used(*at) == Use::Order) else {
        return false;
    };
    let (words, details) = weight(clause);
    let aside = clause.units.iter().any(|unit| is_time(clause, unit.at.start));
    let details = details.saturating_sub(usize::from(aside));
    let classes = clause.classes(verb);
    let open =
        Classes::of(&[Class::Study, Class::Decide, Class::Vague, Class::Publish, Class::Post]);
    if !classes.any(open) && (details >= 2 || clause.units.iter().any(|unit| is_how(clause, unit)))
    {
        return true;
    }
    let world = clause.object(verb).head.any(WORLD);
    let placed = clause.units.iter().any(|unit| unit.classes.has(Class::Prep));
    let exact = classes.has(Class::Exact) || classes.has(Class::Run);
    let found = details > 0 || (placed && words >= 4 && !world) || words >= 6;
    exact && !classes.any(BROAD) && found && !(world && details == 0)
}

/// A file or command in brackets, which tells how: `(use: bash deploy.sh)`.
fn is_how(clause: &Clause, unit: &Unit) -> bool {
    let named = unit.kind == Kind::Name && clause.text[unit.at.clone()].contains(['.', ' ']);
    let before = &clause.text[..unit.at.start];
    named && before.matches('(').count() > before.matches(')').count()
}

/// A title of which at least a third is in letters that are not Latin, of several words, with
/// parts told apart in brackets. No verb can be looked for there, so its shape has to do.
fn foreign_with_detail(title: &str) -> bool {
    let Some((before, rest)) = title.rsplit_once('(') else { return false };
    let letters = before.chars().filter(|c| c.is_alphabetic()).count();
    let other = before.chars().filter(|c| c.is_alphabetic() && !is_latin(*c)).count();
    if other * 3 < letters || letters == 0 {
        return false;
    }
    let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
    let outside = before.split_whitespace().count() + after.split_whitespace().count();
    let parts = inside.split([' ', '/', ',']).filter(|part| !part.is_empty()).count();
    outside >= 4 && parts >= 2
}

/// Up to the end of Latin Extended-B.
fn is_latin(c: char) -> bool {
    u32::from(c) < 0x250
}

/// Whether the title names a thing and orders nothing.
pub fn only_names(reading: &Reading) -> bool {
    reading.title().all(|said| {
        let clause = &said.clause;
        let orders =
            clause.verb().is_some_and(|verb| matches!(clause.used(verb), Use::Order | Use::Third));
        !orders && weight(clause).1 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    #[test]
    fn an_order_with_what_can_be_found_needs_no_description() {
        for (title, expected) in [
            ("Post `news.md` on r/selfhosted", false),
            ("Restart the importer on staging (see `jobs/import.sh`)", true),
            ("Sort the 3 columns of `grid.ts`", true),
            ("Remove the obsolete `old.go` command", true),
            ("알림 목록 화면 정렬 추가 (이름/날짜)", true),
            ("알림 목록 (이름/날짜)", false),
            ("Dark Mode (Beta)", false),
            ("Search Integration (Phase Two)", false),
            ("Decide: `a.rs` or `b.rs`", false),
            ("Improve `a.rs` and `b.rs`", false),
        ] {
            let text = format!("# {title}\n");
            let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
            let task = parsed.task.unwrap();
            let reading = Reading::of(&task);
            assert_eq!(speaks_for_itself(&reading, &task.title), expected, "{title}");
        }
    }
}
