//! What is written down: trust, configuration, what builds have left, the ledger.

use super::{Facts, Finding, LedgerFacts, Left, Root};
use crate::core::situation::Trust;
use crate::core::trusted;

pub(super) fn trust(facts: &Facts) -> Vec<Finding> {
    vec![match &facts.trust {
        Trust::Trusted => Finding::ok("trust", "the configuration is trusted here as it stands"),
        Trust::Never => {
            let found = "`buildq.yaml` was never trusted here: nothing starts";
            Finding::problem("trust", found, "buildq trust")
        }
        Trust::Changed(files) => {
            let files = trusted::tell(files);
            let found = format!("{files} since it was trusted here: nothing starts");
            Finding::problem("trust", found, "buildq trust")
        }
        Trust::Broken(why) => {
            let found = format!("`buildq.yaml` cannot be used: {why}");
            Finding::problem("trust", found, "mend it and commit, then buildq trust")
        }
    }]
}

pub(super) fn config(facts: &Facts) -> Vec<Finding> {
    if matches!(facts.trust, Trust::Broken(_)) {
        // Told already, with its first error.
        return Vec::new();
    }
    let odd = facts.findings.iter();
    let all: Vec<_> =
        odd.map(|line| Finding::warning("config", line, "mend it and commit")).collect();
    match all.is_empty() {
        true => vec![Finding::ok("config", "`buildq.yaml` has nothing odd")],
        false => all,
    }
}

pub(super) fn calendars((named, troubles): &(usize, Vec<String>)) -> Vec<Finding> {
    let remedy = "put it right, or take it out of `calendar` in `buildq.yaml`";
    match (named, troubles.is_empty()) {
        (0, _) => Vec::new(),
        (_, true) => vec![Finding::ok("calendar", "every calendar can be read")],
        _ => troubles.iter().map(|why| Finding::warning("calendar", why, remedy)).collect(),
    }
}

pub(super) fn notifiers((named, troubles): &(usize, Vec<String>)) -> Vec<Finding> {
    let remedy = "buildq notify --test says what is wrong; builds go on without it";
    match (named, troubles.is_empty()) {
        (0, _) => Vec::new(),
        (_, true) => vec![Finding::ok("notify", "nothing waits for a notifier that fails")],
        _ => troubles.iter().map(|why| Finding::warning("notify", why, remedy)).collect(),
    }
}

pub(super) fn left(left: &Left) -> Vec<Finding> {
    let mut all = Vec::new();
    if !left.kept.is_empty() {
        let found = format!("kept, since its work is in no ref: {}", left.kept.join(", "));
        all.push(Finding::warning("workspaces", found, "buildq gc says what stands in the way"));
    }
    all.push(match left.litter {
        0 => Finding::ok("workspaces", "nothing lies about"),
        1 => Finding::ok("workspaces", "one thing lies about that `buildq gc` would clear away"),
        n => Finding::ok(
            "workspaces",
            format!("{n} things lie about that `buildq gc` would clear away"),
        ),
    });
    all
}

pub(super) fn ledger(ledger: &LedgerFacts) -> Vec<Finding> {
    let problem = |found: String, remedy: &str| Finding::problem("ledger", found, remedy);
    if let Some(why) = &ledger.trouble {
        return vec![problem(why.clone(), "git fsck, and fetch `buildq` from a clone that has it")];
    }
    let mut all = Vec::new();
    if let Root::Other(root) = &ledger.root {
        let found = format!("its root commit {root} is not the one that every ledger begins with");
        all.push(problem(found, "it cannot be joined with that of another clone: ask who made it"));
    }
    if ledger.stale_cache {
        let found = "its cache says something else than its history";
        all.push(problem(found.into(), "buildq doctor --fix"));
    }
    for remote in &ledger.parted {
        let found = format!("here and at `{remote}` it has parted ways");
        all.push(problem(
            found,
            "one clone alone may write: keep this one under another name, then fetch it",
        ));
    }
    if ledger.rewound {
        let found = "it once stood at a commit that it does not descend from";
        let remedy = "git reflog buildq shows it: events may be missing";
        all.push(Finding::warning("ledger", found, remedy));
    }
    for remote in &ledger.behind {
        let found = format!("`{remote}` has events that are not here");
        all.push(Finding::warning("ledger", found, format!("git fetch {remote} buildq:buildq")));
    }
    if !ledger.lost.is_empty() {
        let found = format!("work that it names is in no ref here: {}", ledger.lost.join(", "));
        all.push(Finding::warning("ledger", found, "git fsck --lost-found may still have it"));
    }
    if let Some(said) = &ledger.broken {
        all.push(problem(format!("objects of builds are missing: {said}"), "git fsck"));
    }
    if ledger.strangers > 0 {
        let found = format!("{} of its commits are no events of buildq", ledger.strangers);
        all.push(Finding::warning("ledger", found, "git log buildq shows who committed there"));
    }
    if all.is_empty() {
        all.push(Finding::ok("ledger", sound(ledger)));
    }
    all
}

fn sound(ledger: &LedgerFacts) -> String {
    if ledger.root == Root::None {
        return "there is none yet".into();
    }
    let mut text =
        format!("{} {}, sound", ledger.events, if ledger.events == 1 { "event" } else { "events" });
    if ledger.superseded > 0 {
        text += &format!("; {} superseded, which is no fault", ledger.superseded);
    }
    if ledger.unknown > 0 {
        text += &format!("; {} of a newer buildq", ledger.unknown);
    }
    text
}
