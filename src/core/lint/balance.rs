//! Whether the priorities still tell anything apart.

use super::page::Page;
use super::{Desk, Sheet};
use crate::core::queue;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::task::{Priority, Task};

/// In a smaller queue all may be urgent.
const FEWEST: usize = 4;
/// So many of them are pointed at.
const SHOWN: usize = 5;

/// A warning when more than half of what is still to be built is high, in the first picked file
/// that is. A commit that adds nothing high has nothing to do with it.
pub fn balance(pages: &[Page], desk: &Desk) -> Option<Diagnostic> {
    let open = |page: &&Page| page.task.is_some() && !desk.over.contains(&page.id);
    let all = pages.iter().filter(open).count();
    let urgent: Vec<&Page> = pages.iter().filter(open).filter(|page| is_high(&page.task)).collect();
    if all < FEWEST || urgent.len() * 2 <= all {
        return None;
    }
    let picked = || urgent.iter().filter(|page| page.picked);
    let first = picked().next()?;
    if desk.before.as_ref().is_some_and(|before| picked().count() <= high_in(before, desk)) {
        return None;
    }
    let message = format!("{} of {all} tasks are of priority high", urgent.len());
    let warning = Diagnostic::warning(first.path, message).code("mostly-high");
    let mut warning =
        warning.at(first.value("priority")).hint("keep `high` for what cannot wait for the night");
    let others = urgent.iter().filter(|page| page.path != first.path).take(SHOWN);
    warning.related =
        others.map(|page| page.related(page.value("priority"), "high as well")).collect();
    Some(warning)
}

fn is_high(task: &Option<Task>) -> bool {
    task.as_ref().is_some_and(|task| task.priority == Priority::High)
}

/// How many tasks of these files are high.
fn high_in(sheets: &[Sheet], desk: &Desk) -> usize {
    let high = |sheet: &&Sheet| {
        let Some(Ok(id)) = queue::named(&desk.config.queue_dir, &sheet.path) else { return false };
        let nobody = std::iter::empty::<&String>();
        is_high(&queue::understand(&id, &sheet.path, &sheet.content, nobody).0)
    };
    sheets.iter().filter(high).count()
}
