//! What is wrong or unclear in task files, for whoever writes them: all that the gates would say
//! later, and what no gate looks at, such as two tasks that say the same or the opposite.
//!
//! Every finding names a file and, where it can, the words that caused it. Which codes there are
//! stands in docs/lint-schema.md.

mod against;
mod alike;
mod balance;
mod claims;
mod estimate;
mod judged;
mod links;
mod page;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use self::page::Page;
use super::queue::{self, Content};
use crate::domain::config::Config;
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::TaskId;

/// One file of the queue, as it is to be looked at.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// From the top of the repository.
    pub path: String,
    /// What can be read of it.
    pub content: Content,
    /// Whether findings in it are wanted; the others are only compared with.
    pub picked: bool,
}

/// Everything that findings depend on.
pub struct Desk<'a> {
    /// Every file below the queue's directory.
    pub sheets: Vec<Sheet>,
    /// The policy.
    pub config: &'a Config,
    /// Ids that may be depended on though no file here has them: builds of the ledger.
    pub known: BTreeSet<TaskId>,
    /// Those of them that are built or over, in this very text: nobody waits for them.
    pub over: BTreeSet<TaskId>,
    /// What stands now in the files that a commit would change or remove; none where no commit
    /// is at hand.
    pub before: Option<Vec<Sheet>>,
    /// Whether the sheets are compared with each other, which takes time in a large queue.
    pub compare: bool,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
}

/// All findings in picked files, by file and place.
pub fn lint(desk: &Desk) -> Vec<Diagnostic> {
    let dir = &desk.config.queue_dir;
    let (pages, mut findings) = pages(desk);
    for page in pages.iter().filter(|page| page.picked) {
        findings.extend(page.diagnostics.iter().cloned());
        judged::judge(page, &mut findings);
        estimate::estimate(page, desk, &mut findings);
    }
    let finished = desk.sheets.iter().filter_map(|sheet| queue::finished(dir, &sheet.path));
    let met: BTreeSet<TaskId> = finished.chain(desk.known.iter().cloned()).collect();
    links::links(&pages, &met, desk.config, &mut findings);
    if desk.compare {
        findings.extend(alike::alike(&pages));
        findings.extend(against::against(&pages));
        findings.extend(balance::balance(&pages, desk));
    }
    let place = |found: &Diagnostic| found.place.as_ref().map(|place| (place.line, place.column));
    findings.sort_by(|a, b| {
        (&a.file, place(a), a.severity, a.code).cmp(&(&b.file, place(b), b.severity, b.code))
    });
    findings
}

/// The pages of all task files, in the order of their paths, and what is wrong with names.
fn pages<'a>(desk: &'a Desk) -> (Vec<Page<'a>>, Vec<Diagnostic>) {
    let dir = &desk.config.queue_dir;
    let mut findings = Vec::new();
    let mut named: Vec<(TaskId, &Sheet)> = Vec::new();
    let mut twins: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sheet in &desk.sheets {
        let Some(id) = queue::named(dir, &sheet.path) else { continue };
        let file = sheet.path.rsplit('/').next().unwrap_or(&sheet.path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        twins.entry(stem.to_lowercase()).or_default().push(sheet.path.clone());
        match id {
            Ok(id) => named.push((id, sheet)),
            Err(finding) if sheet.picked => findings.push(finding),
            Err(_) => {}
        }
    }
    named.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let page = |(id, sheet): (TaskId, &'a Sheet)| {
        let twins = &twins[id.as_str()];
        let others = twins.iter().filter(|twin| **twin != sheet.path);
        let (task, diagnostics) = queue::understand(&id, &sheet.path, &sheet.content, others);
        Page::new(id, sheet, task, diagnostics)
    };
    (named.into_iter().map(page).collect(), findings)
}

/// The same findings, those first that would hold their task: an error, then what a gate asks
/// about, then the rest.
pub fn holding_first(mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let rank = |found: &Diagnostic| match (found.severity, found.code) {
        (Severity::Error, _) => 0,
        (_, "unclear" | "no-steps" | "unknown-dependency") => 1,
        (_, "risk") => 2,
        (Severity::Warning, _) => 3,
        (Severity::Note, _) => 4,
    };
    findings.sort_by_key(rank);
    findings
}

/// How many findings there are of each severity: errors, warnings, notes.
pub fn count(findings: &[Diagnostic]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| findings.iter().filter(|found| found.severity == severity).count())
}

#[cfg(test)]
mod tests;
