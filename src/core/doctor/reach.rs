//! Whether a commit is noticed, and whether anybody wakes.

use super::{Facts, Finding, HookFacts, Waking};

pub(super) fn here(facts: &Facts) -> Vec<Finding> {
    let Some(here) = &facts.here else {
        return vec![Finding::problem("clone", "it has not been set up", "buildq init")];
    };
    let mut all = vec![match &facts.runner {
        Some(runner) if runner != here => {
            Finding::ok("clone", format!("`{here}`, which watches; `{runner}` runs this queue"))
        }
        _ => Finding::ok("clone", format!("`{here}` runs this queue")),
    }];
    if let Some(why) = &facts.paused {
        all.push(Finding::warning("pause", format!("nothing starts: {why}"), "buildq resume"));
    }
    all
}

pub(super) fn hooks(hooks: &HookFacts) -> Vec<Finding> {
    let install = "buildq doctor --fix, or buildq init";
    let problem = |found: String| Finding::problem("hooks", found, install);
    let mut all = Vec::new();
    if !hooks.missing.is_empty() {
        all.push(problem(format!("not in place: {}", hooks.missing.join(", "))));
    }
    if !hooks.dead.is_empty() {
        let names = hooks.dead.join(", ");
        all.push(problem(format!("not executable, so git does not run them: {names}")));
    }
    if let Some(at) = hooks.failed_at {
        let at = at.format("%F %H:%M UTC");
        all.push(problem(format!("one ran at {at} and did not find buildq")));
    }
    match (hooks.reached, &hooks.managed) {
        (Some(false), managed) => {
            let found = "the last commit here that changed the queue was not noticed";
            let remedy = match managed {
                Some(why) => format!("{why}: `buildq init` prints the lines to add to those hooks"),
                None => "`git config --show-origin core.hooksPath` tells of another folder".into(),
            };
            all.push(Finding::problem("hooks", found, remedy));
        }
        (None, Some(why)) => {
            let found = format!("{why}; whether it calls buildq cannot be told yet");
            let remedy = "`buildq init` prints the lines to add; commit a task, then ask again";
            all.push(Finding::warning("hooks", found, remedy));
        }
        (Some(true), Some(why)) => all.push(Finding::ok("hooks", format!("reached, though {why}"))),
        (reached, None) if all.is_empty() => {
            let last = if reached.is_some() { ", and the last commit reached them" } else { "" };
            all.push(Finding::ok("hooks", format!("in place{last}")));
        }
        _ => {}
    }
    if !hooks.configured.is_empty() {
        let names = hooks.configured.join(", ");
        all.push(Finding::ok("hooks", format!("beside them git's settings name {names}")));
    }
    all
}

pub(super) fn waking(waking: &Waking) -> Vec<Finding> {
    if !waking.runs_here {
        return vec![Finding::ok("waking", "this clone starts nothing, so nobody need wake it")];
    }
    let due = waking.due.map(|at| at.format("%F %H:%M UTC"));
    let sleeper = match (due, waking.awake) {
        (Some(at), true) => Finding::ok("waking", format!("a process waits for {at}")),
        (Some(at), false) => {
            let found = format!("due at {at}, and nobody waits for it");
            Finding::problem("waking", found, "buildq sync")
        }
        (None, _) => Finding::ok("waking", "nothing is due at a known time"),
    };
    let mut all = vec![sleeper];
    if waking.heartbeats.is_empty() {
        let found = "no timer of the system looks at the queue after a reboot";
        all.push(Finding::warning("heartbeat", found, "buildq heartbeat install"));
    }
    for beat in &waking.heartbeats {
        let kind = &beat.kind;
        all.push(match (&beat.hint, beat.active) {
            (_, false) => {
                let found = format!("the {kind} is installed and does not run");
                Finding::problem("heartbeat", found, "buildq heartbeat install")
            }
            (Some(hint), true) => Finding::warning("heartbeat", format!("a {kind} runs"), hint),
            (None, true) => Finding::ok("heartbeat", format!("a {kind} runs")),
        });
    }
    all
}
