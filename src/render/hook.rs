//! The lines a commit answers with.

use super::text;
use crate::core::gates::Gate;
use crate::core::plan::{Action, Plan};
use crate::core::situation::Trust;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::TaskId;

/// What a hook has noticed.
pub struct View<'a> {
    /// What is due now.
    pub plan: &'a Plan,
    /// Tasks whose files have changed.
    pub changed: &'a [TaskId],
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
        Some(_) => lines.push(
            "buildq: the configuration has changed: nothing starts until `buildq trust`".into(),
        ),
    }
    let said = !lines.is_empty();
    let told = |task: &&TaskId| !said || !held_by_trust(view.plan, task);
    lines.extend(view.changed.iter().filter(told).filter_map(|task| line(view.plan, task)));
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

fn line(plan: &Plan, task: &TaskId) -> Option<String> {
    let starts = |action: &Action| matches!(action, Action::Start(start) if start.task == *task);
    if plan.actions.iter().any(starts) {
        return Some(format!("buildq: {task} queued, starting now"));
    }
    let verdict = plan.verdicts.iter().find(|verdict| verdict.task == *task)?;
    let (gate, hold) = verdict.holds().next()?;
    let reason = text::safe(&hold.reason);
    Some(match gate {
        Gate::Window | Gate::Capacity | Gate::NotBefore => {
            format!("buildq: {task} queued, {reason}")
        }
        _ => format!("buildq: {task} held: {reason} (buildq why {task})"),
    })
}
