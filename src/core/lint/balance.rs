//! Whether the priorities still tell anything apart.

use super::page::Page;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::task::Priority;

/// In a smaller queue all may be urgent.
const FEWEST: usize = 4;
/// So many of them are pointed at.
const SHOWN: usize = 5;

/// A warning when more than half of the queue is high, in the first picked file that is.
pub fn balance(pages: &[Page]) -> Option<Diagnostic> {
    let high =
        |page: &&Page| page.task.as_ref().is_some_and(|task| task.priority == Priority::High);
    let all = pages.iter().filter(|page| page.task.is_some()).count();
    let urgent: Vec<&Page> = pages.iter().filter(high).collect();
    if all < FEWEST || urgent.len() * 2 <= all {
        return None;
    }
    let first = urgent.iter().find(|page| page.picked)?;
    let message = format!("{} of {all} tasks are of priority high", urgent.len());
    let warning = Diagnostic::warning(first.path, message).code("mostly-high");
    let mut warning =
        warning.at(first.value("priority")).hint("keep `high` for what cannot wait for the night");
    let others = urgent.iter().filter(|page| page.path != first.path).take(SHOWN);
    warning.related =
        others.map(|page| page.related(page.value("priority"), "high as well")).collect();
    Some(warning)
}
