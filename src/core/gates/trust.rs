//! Who says so: whether this clone runs the queue, and whether a person here stands behind what would run.

use super::{Case, Hold, hold};
use crate::core::situation::{Doubt, Observations, Origin, Situation, Trust};
use crate::core::trusted;

pub(super) fn runner(case: &Case) -> Option<Hold> {
    let Situation { ledger, seen, now, .. } = case.situation;
    if seen.here.is_empty() {
        return Some(hold("this clone has not been set up to run builds", "buildq init"));
    }
    if let Some(other) = ledger.runner.as_ref().filter(|runner| **runner != seen.here) {
        let remedy = "buildq adopt makes this clone the runner";
        return Some(hold(format!("`{other}` runs this queue"), remedy));
    }
    ledger.pause(None, now).map(|pause| {
        let reason = format!("paused by {}: {}", pause.author, pause.reason);
        Hold { reason, until: pause.until, remedy: "buildq resume".into(), asks: Vec::new() }
    })
}

/// Why the text does not count as the person's.
fn doubtful(origin: &Origin, seen: &Observations) -> Option<String> {
    let commit = origin.commit.short();
    Some(match origin.doubt.as_ref()? {
        Doubt::Elsewhere => {
            let author = &origin.author;
            let why = seen.no_signers.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            format!("{commit} by {author} was not made in this clone{why}")
        }
        Doubt::Merged => format!("{commit} has merged several changes of it"),
        Doubt::Cut => format!("history ends at {commit} here: nobody knows who last changed it"),
        Doubt::Built { attempt } => format!("the builder of {attempt} wrote it, not a person"),
        Doubt::Untold { attempt } => {
            format!("the work of {attempt} is not whole here, and could hold it")
        }
    })
}

fn names(files: &[String]) -> String {
    format!("`{}`", files.join("`, `"))
}

pub(super) fn trust(case: &Case) -> Option<Hold> {
    let seen = case.situation.seen;
    match &seen.trust {
        Trust::Trusted => {}
        Trust::Never => return Some(hold("`buildq.yaml` is not trusted here", "buildq trust")),
        Trust::Changed(files) => {
            let reason = format!("{} since it was trusted here", trusted::tell(files));
            return Some(hold(reason, "buildq trust"));
        }
        Trust::Broken(why) => {
            let place = why.split(": ").next().filter(|place| place.starts_with("buildq.yaml"));
            let remedy = format!("mend `{}` and commit it", place.unwrap_or("buildq.yaml"));
            return Some(hold(format!("the configuration has an error: {why}"), remedy));
        }
    }
    if let Some(why) = &seen.no_sandbox {
        return Some(hold(format!("no sandbox here: {why}"), "git config buildq.sandbox auto"));
    }
    if let Some(files) = seen.altered.get(case.id()) {
        let reason = format!("it would start from work that has changed {}", names(files));
        let remedy = format!("merge that work first, or buildq retry {}", case.id());
        return Some(hold(reason, remedy));
    }
    if let Some(files) = seen.strange.get(case.id()) {
        let verb = if files.len() == 1 { "is" } else { "are" };
        let named = names(files);
        let reason = format!("{named}, which its checks name, {verb} not as trusted here");
        return Some(hold(reason, "buildq trust"));
    }
    if case.approved() {
        return None;
    }
    let reason = match seen.origins.get(case.id()) {
        Some(origin) => doubtful(origin, seen)?,
        None => "nobody knows who last changed it".to_owned(),
    };
    Some(hold(case.and_void(reason), case.approve()))
}
