//! Tasks that contradict each other: one asks for what the other takes away.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::claims::{Axis, Claim, claims};
use super::page::Page;
use crate::domain::diagnostic::{Diagnostic, Place, quoted};
use crate::domain::id::TaskId;

/// Each claim is compared with at most so many of the same object.
const COMPARED: usize = 32;
/// A longer way along dependencies is not followed.
const FARTHEST: usize = 1000;

/// What claims are about: only those of one kind and one object can be at odds.
type About = (Axis, Vec<String>);

/// One warning for every two tasks at odds, unless one depends on the other: then they are steps.
pub fn against(pages: &[Page]) -> Vec<Diagnostic> {
    let mut about: HashMap<About, Vec<(usize, Claim)>> = HashMap::new();
    let mut pairs: BTreeMap<(usize, usize), (Claim, Claim)> = BTreeMap::new();
    let order = Order::of(pages);
    for (at, page) in pages.iter().enumerate() {
        for claim in claims_of(page) {
            let earlier = about.entry((claim.axis, claim.object.clone())).or_default();
            for (other, theirs) in earlier.iter().take(COMPARED) {
                let wanted = page.picked || pages[*other].picked;
                if *other != at && wanted && claim.contradicts(theirs) {
                    let pair = (claim.clone(), theirs.clone());
                    pairs.entry((at, *other)).or_insert(pair);
                }
            }
            // Of a thousand that say the same the first stand for all.
            earlier.push((at, claim));
        }
    }
    let apart = |((one, other), _): &((usize, usize), _)| {
        let (one, other) = (&pages[*one].id, &pages[*other].id);
        !order.leads(one, other) && !order.leads(other, one)
    };
    let told = pairs.into_iter().filter(apart).map(|((one, other), (own, theirs))| {
        match pages[one].picked {
            true => told_of((&pages[one], &own), (&pages[other], &theirs)),
            false => told_of((&pages[other], &theirs), (&pages[one], &own)),
        }
    });
    told.collect()
}

fn told_of((page, own): (&Page, &Claim), (other, theirs): (&Page, &Claim)) -> Diagnostic {
    let (said, answer) = (quoted(&own.said), quoted(&theirs.said));
    let message = format!("{said} contradicts {answer} in `{}`", other.path);
    let warning = Diagnostic::warning(page.path, message).code("contradiction");
    let hint = "keep one of the two, or let one depend on the other if both are steps";
    let mut warning = warning.at(place_of(page, own)).hint(hint);
    let related = other.related(place_of(other, theirs), format!("{answer} stands here"));
    warning.related = vec![related];
    warning
}

fn place_of(page: &Page, claim: &Claim) -> Option<Place> {
    let in_title = page.task.as_ref().is_some_and(|task| task.title == claim.said);
    let quote = if in_title { None } else { page.quote(&claim.said) };
    quote.or_else(|| page.title())
}

/// Every claim of a task; what it contradicts in itself is no matter here.
fn claims_of(page: &Page) -> Vec<Claim> {
    let Some(task) = &page.task else { return Vec::new() };
    let mut fenced = false;
    let lines = task.description.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        fenced ^= fence;
        let quoted = line.starts_with("    ") || line.trim_start().starts_with('>');
        !fence && !fenced && !quoted
    });
    let criteria = task.criteria.iter().filter(|c| !c.done).map(|c| c.text.as_str());
    let texts = [task.title.as_str()].into_iter().chain(lines).chain(criteria);
    let mut found: Vec<Claim> = texts.flat_map(sentences).flat_map(claims).collect();
    found.dedup_by(|a, b| a.axis == b.axis && a.object == b.object && a.wanted == b.wanted);
    found
}

fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "-*+#>[]".contains(c));
    line.split(". ").flat_map(|part| part.split("; "))
}

/// Who comes after whom.
struct Order<'p>(BTreeMap<&'p TaskId, &'p [TaskId]>);

impl<'p> Order<'p> {
    fn of(pages: &'p [Page]) -> Self {
        let needs = pages.iter().filter_map(|page| {
            let task = page.task.as_ref()?;
            (!task.depends_on.is_empty()).then_some((&page.id, task.depends_on.as_slice()))
        });
        Self(needs.collect())
    }

    fn leads(&self, from: &'p TaskId, to: &TaskId) -> bool {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(next) = open.pop().filter(|_| seen.len() < FARTHEST) {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.0.get(next).copied().unwrap_or_default());
            }
        }
        false
    }
}
