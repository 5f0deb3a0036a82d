//! What the task says: whether it is clear, free of blockers, and nothing its owner wants to be asked about first.

use super::time::window_of;
use super::{Case, Hold, hold};
use crate::core::risk;
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
    let asks = risk::asks(case.task, (judged.risks, judged.waits), &case.situation.config.risk);
    let mut kinds: Vec<_> = asks.iter().filter_map(|ask| Some(ask.kind?.name())).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let approved = case.approved();
    let (open, covered) = case.uncovered(&kinds);
    // What is no kind of risk is approved with the text.
    let stands = |ask: &risk::Ask| match ask.kind {
        Some(kind) => open.contains(&kind.name()),
        None => !approved,
    };
    let asks: Vec<_> = asks.into_iter().filter(stands).collect();
    if asks.is_empty() {
        return None;
    }
    let told = asks.iter().map(|ask| ask.reason.as_str()).collect::<Vec<_>>().join("; ");
    let reason = match (approved, covered.is_empty()) {
        (false, _) => case.and_void(told),
        (true, true) => format!("approved for no risk, now {told}"),
        (true, false) => format!("approved for {}, now also {told}", covered.join(", ")),
    };
    Some(Hold { asks, ..hold(reason, case.approve()) })
}

pub(super) fn approval(case: &Case) -> Option<Hold> {
    let low = case.task.priority == Priority::Low;
    let never = *window_of(case) == Window::Never;
    if !(low || never) || case.forced() || case.approved() || case.goes_on() {
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
