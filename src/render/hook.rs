//! The lines a commit answers with.

use super::text;
use crate::core::gates::{Gate, Hold};
use crate::core::plan::{Action, Plan};
use crate::core::situation::Trust;
use crate::core::trusted;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::TaskId;

/// What a hook has noticed.
pub struct View<'a> {
    /// What is due now.
    pub plan: &'a Plan,
    /// The plan is of the changed files alone: what depends on others is not known yet.
    pub in_part: bool,
    /// So many changed tasks that no commit waits for their being read.
    pub unread: usize,
    /// Tasks whose files have changed.
    pub changed: &'a [TaskId],
    /// Where the ledger says that a task is.
    pub phase: &'a dyn Fn(&TaskId) -> Option<&'static str>,
    /// Files that cannot be tasks.
    pub nameless: &'a [Diagnostic],
    /// The policy has changed: whether it is trusted.
    pub trust: Option<&'a Trust>,
}

/// One line each; nothing when there is nothing to say.
pub fn lines(view: &View) -> String {
    let mut lines = Vec::new();
    match view.trust {
        None | Some(Trust::Trusted) => {}
        Some(Trust::Broken(why)) => {
            lines.push(format!("buildq: nothing starts: {}", text::safe(why)))
        }
        Some(Trust::Changed(files)) => lines.push(format!(
            "buildq: {}: nothing starts until `buildq trust`",
            text::safe(&trusted::tell(files))
        )),
        Some(Trust::Never) => lines.push(
            "buildq: the configuration has changed: nothing starts until `buildq trust`".into(),
        ),
    }
    let said = !lines.is_empty();
    let told = |task: &&TaskId| !said || !held_by_trust(view.plan, task);
    lines.extend(view.changed.iter().filter(told).filter_map(|task| line(view, task)));
    if view.unread > 0 {
        let unread = view.unread;
        lines.push(format!("buildq: {unread} tasks changed, buildq status tells of each"));
    }
    for file in view.nameless {
        let hint = file.hint.as_deref().unwrap_or_default();
        lines.push(format!(
            "buildq: {}: {}; {}",
            text::safe(&file.file),
            file.message,
            text::safe(hint)
        ));
    }
    lines.join("\n")
}

/// The policy holds it, which one line says for all.
fn held_by_trust(plan: &Plan, task: &TaskId) -> bool {
    let verdict = plan.verdicts.iter().find(|verdict| verdict.task == *task);
    verdict.and_then(|verdict| verdict.holds().next()).is_some_and(|(gate, _)| gate == Gate::Trust)
}

fn line(view: &View, task: &TaskId) -> Option<String> {
    let starts = |action: &Action| matches!(action, Action::Start(start) if start.task == *task);
    let renews = |action: &Action| matches!(action, Action::Renew { task: it } if it == task);
    if view.plan.actions.iter().any(renews) {
        return Some(format!("buildq: {task} edited, it is built anew"));
    }
    if view.plan.actions.iter().any(starts) && view.in_part {
        return Some(format!("buildq: {task} queued"));
    }
    if view.plan.actions.iter().any(starts) {
        return Some(format!("buildq: {task} queued, starting now"));
    }
    let Some(verdict) = view.plan.verdicts.iter().find(|verdict| verdict.task == *task) else {
        let phase = (view.phase)(task)?;
        return Some(format!(
            "buildq: {task} edited, but it is {phase} as it was (buildq retry {task} builds the edit)"
        ));
    };
    // What time alone opens is told only when nothing needs a person.
    let by_itself = |gate: Gate, hold: &Hold| hold.until.is_some() || gate == Gate::Capacity;
    let known = |(gate, _): &(Gate, &Hold)| !view.in_part || *gate != Gate::Depends;
    let first = verdict.holds().filter(known).find(|(gate, hold)| !by_itself(*gate, hold));
    let Some((gate, hold)) = first.or_else(|| verdict.holds().find(known)) else {
        return view.in_part.then(|| format!("buildq: {task} queued"));
    };
    let reason = text::safe(&hold.reason);
    Some(match by_itself(gate, hold) {
        true => format!("buildq: {task} queued, {reason}"),
        false => format!("buildq: {task} held: {reason} (buildq why {task})"),
    })
}
