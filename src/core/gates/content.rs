//! What the task says: whether it is clear, free of blockers, and nothing its owner wants to be asked about first.

use super::time::window_of;
use super::{Case, Hold, hold};
use crate::domain::config::Window;
use crate::domain::task::Priority;

pub(super) fn unclear(case: &Case) -> Option<Hold> {
    if case.approved() {
        return None;
    }
    let reason = case.judged().unclear?;
    let more = format!("say more in `{}` and commit it", case.item.path);
    Some(hold(reason, format!("{more}; or `{}`, if it says enough", case.approve())))
}

pub(super) fn blockers(case: &Case) -> Option<Hold> {
    let first = case.task.blockers.first()?;
    let remedy = format!("strike it out (~~…~~) or remove it in `{}`", case.item.path);
    Some(hold(format!("blocked: {first}"), remedy))
}

pub(super) fn risky(case: &Case) -> Option<Hold> {
    let judged = case.judged();
    let mut kinds: Vec<_> = judged.risks.iter().map(|risk| risk.kind.name()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let approved = case.approved();
    let (open, covered) = case.uncovered(&kinds);
    let told = judged.risks.iter().filter(|risk| open.contains(&risk.kind.name()));
    let told = told.map(|risk| format!("{}: \"{}\"", risk.kind.name(), risk.words));
    let waits = judged.waits.filter(|_| !approved);
    let waits = waits.map(|words| format!("it says itself to wait: \"{words}\""));
    let told: Vec<String> = told.chain(waits).collect();
    if told.is_empty() {
        return None;
    }
    let told = told.join("; ");
    let reason = match (approved, covered.is_empty()) {
        (false, _) => case.and_void(told),
        (true, true) => format!("approved for no risk, now {told}"),
        (true, false) => format!("approved for {}, now also {told}", covered.join(", ")),
    };
    Some(hold(reason, case.approve()))
}

pub(super) fn approval(case: &Case) -> Option<Hold> {
    let low = case.task.priority == Priority::Low;
    let never = *window_of(case) == Window::Never;
    if !(low || never) || case.forced() || case.approved() {
        return None;
    }
    let reason = format!("priority {} starts only after approval", priority(case.task.priority));
    Some(hold(case.and_void(reason), case.approve()))
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    }
}
