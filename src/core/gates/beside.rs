//! What goes on beside it: builds that touch the same, and a branch that is in the way.

use super::{Case, Hold, hold};
use crate::core::situation::{Branch, Situation};
use crate::core::touch;
use crate::domain::id::TaskId;

pub(super) fn conflict(case: &Case) -> Option<Hold> {
    if let Some(Branch::InTheWay(why)) = case.situation.seen.branches.get(case.id()) {
        return Some(hold(why.clone(), "rename that branch, or set `branch.prefix`"));
    }
    let meets = |other| meeting(case.situation, &case.task.touches, other);
    let reason = case.busy().into_iter().find_map(meets)?;
    Some(hold(reason, "by itself when that one is done"))
}

/// Where what a task is said to touch meets another build: what that one has changed, or is
/// said to touch.
fn meeting(situation: Situation, touches: &[String], other: &TaskId) -> Option<String> {
    let changed = changed(situation, other);
    let on_path = touches.iter().find_map(|glob| {
        let path = changed.iter().find(|path| touch::covers(glob, path))?;
        Some(format!("it touches `{glob}`, and `{other}` has changed `{path}`"))
    });
    on_path.or_else(|| {
        touches.iter().find_map(|glob| {
            let its = said(situation, other).iter().find(|its| touch::meet(glob, its))?;
            Some(format!("it touches `{glob}`, and `{other}` touches `{its}`"))
        })
    })
}

/// Where two builds at work have come to touch the same, one sentence for each other one.
pub fn crossings(situation: Situation, task: &TaskId) -> Vec<String> {
    let mine = changed(situation, task);
    let builds = situation.ledger.builds.iter();
    let others = builds.filter(|(id, build)| *id != task && build.running().is_some());
    let sentence = |(other, _): (&TaskId, _)| {
        let its = changed(situation, other);
        let both = mine.iter().find(|path| its.contains(path));
        let both = both.map(|path| format!("`{other}`, at work, has changed `{path}` too"));
        both.or_else(|| {
            mine.iter().find_map(|path| {
                let glob = said(situation, other).iter().find(|glob| touch::covers(glob, path))?;
                Some(format!("it has changed `{path}`; `{other}`, at work, touches `{glob}`"))
            })
        })
    };
    others.filter_map(sentence).collect()
}

/// What the work of a build differs in from its base, as far as somebody looked.
fn changed<'a>(situation: Situation<'a>, id: &TaskId) -> &'a [String] {
    situation.seen.changed.get(id).map(Vec::as_slice).unwrap_or_default()
}

/// What a task says it touches.
fn said<'a>(situation: Situation<'a>, id: &TaskId) -> &'a [String] {
    let task = situation.queue.items.get(id).and_then(|item| item.task.as_ref());
    task.map(|task| task.touches.as_slice()).unwrap_or_default()
}
