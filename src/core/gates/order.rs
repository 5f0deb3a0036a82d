//! What goes before: dependencies, free places, and what a night may use.

use chrono::TimeDelta;

use super::{Case, Hold, hold, hold_until};
use crate::core::ledger::Phase;
use crate::core::situation::Situation;
use crate::domain::config::Depends;
use crate::domain::id::TaskId;
use crate::domain::size;

/// When what ends now is looked at again.
const SOON: TimeDelta = TimeDelta::seconds(15);
/// When a full disk is looked at again.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

pub(super) fn depends(case: &Case) -> Option<Hold> {
    if let Some(circle) = case.situation.queue.circle(case.id()) {
        let circle: Vec<_> = circle.iter().map(TaskId::to_string).collect();
        let reason = format!("a circle: {}", circle.join(" → "));
        return Some(hold(reason, "take one `depends_on` out"));
    }
    if let Some(hold) = case.task.depends_on.iter().find_map(|other| dependency(case, other)) {
        return Some(hold);
    }
    match case.situation.seen.merged.get(case.id()) {
        Some(Err(clash)) => Some(hold(clash.clone(), "accept one of them first")),
        _ => None,
    }
}

fn dependency(case: &Case, other: &TaskId) -> Option<Hold> {
    let Situation { queue, ledger, config, .. } = case.situation;
    let done = queue.done.contains_key(other);
    let look = || format!("buildq show {other}");
    let wait = |how: &str| Some(hold(format!("`{other}` {how}"), format!("buildq why {other}")));
    match ledger.builds.get(other).map(|build| &build.phase) {
        Some(Phase::Merged { .. }) => None,
        Some(Phase::Review { .. }) if config.depends == Depends::Review => None,
        Some(Phase::Review { .. }) => {
            Some(hold(format!("`{other}` waits for review"), format!("buildq accept {other}")))
        }
        Some(Phase::Escalated { .. }) => {
            Some(hold(format!("`{other}` has failed and needs a person"), look()))
        }
        Some(Phase::Blocked { question, .. }) => {
            Some(hold(format!("`{other}` asks a person: {question}"), look()))
        }
        _ if done => None,
        Some(Phase::Cancelled { .. }) => {
            Some(hold(format!("`{other}` was cancelled"), format!("buildq retry {other}")))
        }
        Some(Phase::Closed { .. }) => {
            Some(hold(format!("`{other}` was closed"), format!("buildq retry {other}")))
        }
        Some(Phase::Building) => wait("is being built"),
        Some(Phase::Waiting { .. }) => wait("waits for its next attempt"),
        Some(Phase::Queued) => wait("is not done yet"),
        None => match queue.items.get(other) {
            Some(item) if item.task.is_none() => wait("cannot be read"),
            Some(_) => wait("is not done yet"),
            None => {
                let remedy = format!("add it, or take it out of `{}`", case.item.path);
                Some(hold(format!("there is no task `{other}`"), remedy))
            }
        },
    }
}

pub(super) fn capacity(case: &Case) -> Option<Hold> {
    if case.situation.seen.ending.contains(case.id()) {
        let soon = case.situation.now + SOON;
        return Some(hold_until(
            "its last builder is still being ended, or the next one begins",
            soon,
            "",
        ));
    }
    let most = case.situation.config.max_parallel;
    let busy = case.busy();
    if busy.len() >= most {
        let reason = format!("after {}: {most} at a time", names(&busy));
        return Some(hold(reason, "by itself when a place is free, or raise `max_parallel`"));
    }
    if let Some(full) = room(case) {
        return Some(full);
    }
    // These bound what starts by itself.
    if case.forced() { None } else { reviews(case).or_else(|| night(case)) }
}

/// The disk is too full to begin anything. Nobody tells when that ends: one looks again.
fn room(case: &Case) -> Option<Hold> {
    let least = case.situation.config.limits.free_disk?;
    let free = case.situation.seen.room.filter(|free| *free < least)?;
    let (free, least) = (size::show(free), size::show(least));
    let reason = format!(
        "{free} free where workspaces go, and `limits.free_disk` is {least}; looked at every 10 \
         minutes"
    );
    Some(hold_until(reason, case.situation.now + AGAIN, "buildq gc, or make room yourself"))
}

/// Too many wait for a person.
fn reviews(case: &Case) -> Option<Hold> {
    let (waiting, most) = (&case.round.reviews, case.situation.config.max_review);
    (waiting.len() >= most).then(|| {
        let verb = if waiting.len() == 1 { "waits" } else { "wait" };
        let reason = format!("{} {verb} for review, and `max_review` is {most}", names(waiting));
        hold(reason, "buildq review")
    })
}

/// A limit of the night is reached.
fn night(case: &Case) -> Option<Hold> {
    let (limits, night) = (&case.situation.config.limits, &case.round.night);
    let again = case.clock(night.until);
    let started = night.started + case.round.ahead.len();
    if let Some(most) = limits.builds_per_night.filter(|most| started >= *most as usize) {
        let reason = format!(
            "{started} of {most} builds of this night have started \
             (`limits.builds_per_night`); again {again}"
        );
        return Some(hold_until(reason, night.until, &case.spawn()));
    }
    let most = limits.cost_per_night.filter(|most| night.cost >= *most)?;
    let silent = match night.silent {
        0 => String::new(),
        1 => ", and 1 attempt told no cost".into(),
        n => format!(", and {n} attempts told no cost"),
    };
    let reason = format!(
        "this night has cost {} of {most} US dollars (`limits.cost_per_night`){silent}; \
         again {again}",
        night.cost
    );
    Some(hold_until(reason, night.until, &case.spawn()))
}

/// A few by name, the others by number.
fn names(ids: &[&TaskId]) -> String {
    const MOST: usize = 5;
    let shown: Vec<_> = ids.iter().take(MOST).map(|id| format!("`{id}`")).collect();
    match ids.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
