//! What a task names: the tasks that it depends on, and its builder.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Page;
use crate::core::circles;
use crate::domain::config::{Config, STEPS};
use crate::domain::diagnostic::{Diagnostic, nearest};
use crate::domain::id::TaskId;

/// Unknown dependencies, circles, unknown builders; `met` need no file in the queue.
pub fn links(
    pages: &[Page],
    met: &BTreeSet<TaskId>,
    config: &Config,
    findings: &mut Vec<Diagnostic>,
) {
    let here: BTreeMap<&TaskId, &Page> = pages.iter().map(|page| (&page.id, page)).collect();
    for page in pages.iter().filter(|page| page.picked) {
        let Some(task) = &page.task else { continue };
        for other in task.depends_on.iter().filter(|id| !here.contains_key(id) && !met.contains(id))
        {
            let message = format!("it depends on `{other}`, and there is no such task");
            let known = here.keys().copied().chain(met).map(TaskId::as_str);
            let hint = match nearest(other.as_str(), known.filter(|id| *id != page.id.as_str())) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("add `{other}`, or take it out of `depends_on`"),
            };
            let warning = Diagnostic::warning(page.path, message).code("unknown-dependency");
            findings.push(warning.at(page.entry("depends_on", other.as_str())).hint(hint));
        }
        builder(page, config, findings);
    }
    for circle in circles(&here) {
        told_once(&circle, &here, findings);
    }
}

fn builder(page: &Page, config: &Config, findings: &mut Vec<Diagnostic>) {
    let Some(task) = &page.task else { return };
    let name = task.builder.as_deref().unwrap_or(&config.builder);
    if name == STEPS {
        if task.steps.is_empty() {
            let message = "the builder `steps` runs `sh` blocks and this task has none";
            let warning = Diagnostic::warning(page.path, message).code("no-steps");
            let place = page.value("builder").or_else(|| page.title());
            findings.push(warning.at(place).hint("add a block ```sh, or name another builder"));
        }
    } else if !config.builders.contains_key(name) {
        let known = || config.builders.keys().map(String::as_str).chain([STEPS]);
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let known: Vec<_> = known().map(|name| format!("`{name}`")).collect();
                format!("define it in `buildq.yaml`; there are: {}", known.join(", "))
            }
        };
        let error = Diagnostic::error(page.path, format!("there is no builder `{name}`"));
        findings.push(error.code("unknown-builder").at(page.value("builder")).hint(hint));
    }
}

/// A circle is told in its first picked file, with the places of all its other links.
fn told_once(circle: &[&TaskId], here: &BTreeMap<&TaskId, &Page>, findings: &mut Vec<Diagnostic>) {
    let links: Vec<(&Page, &TaskId)> = (0..circle.len())
        .filter_map(|at| Some((*here.get(circle[at])?, circle[(at + 1) % circle.len()])))
        .collect();
    let Some(first) = links.iter().position(|(page, _)| page.picked) else { return };
    let in_order = || links[first..].iter().chain(&links[..first]);
    let names: Vec<_> = in_order().map(|(page, _)| page.id.as_str()).collect();
    let place = |(page, next): &(&Page, &TaskId)| page.entry("depends_on", next.as_str());
    let message = format!("a circle: {} → {}", names.join(" → "), names[0]);
    let error = Diagnostic::error(links[first].0.path, message).code("circle");
    let mut error = error.at(place(&links[first])).hint("take one of these `depends_on` out");
    let others = in_order().skip(1);
    error.related = others
        .map(|link| link.0.related(place(link), format!("`{}` depends on `{}`", link.0.id, link.1)))
        .collect();
    findings.push(error);
}

/// One shortest circle for every knot of tasks that depend on each other, each knot once.
fn circles<'p>(here: &BTreeMap<&'p TaskId, &'p Page>) -> Vec<Vec<&'p TaskId>> {
    let needs = |id: &TaskId| {
        let task = here.get(id).and_then(|page| page.task.as_ref());
        task.map(|task| task.depends_on.iter()).unwrap_or_default()
    };
    circles::knots(here.keys().copied(), needs)
        .into_iter()
        .filter_map(|knot| Some(circles::shortest(knot.first()?, &knot, needs)))
        .collect()
}
