//! What it is built with: the base branch and the builder.

use super::{Case, Hold, hold};
use crate::core::ledger::{Outcome, Phase, Wait};
use crate::core::situation::Situation;
use crate::domain::config::STEPS;

pub(super) fn base(case: &Case) -> Option<Hold> {
    let Some((name, tip)) = &case.situation.seen.base else {
        return Some(hold("the base branch has no commit yet", "commit something"));
    };
    let waits = matches!(case.build.phase, Phase::Waiting { why: Wait::Base, .. });
    let run = case.build.last().filter(|_| waits)?;
    let Outcome::Failed { reason, base: Some(failed), .. } = &run.end.as_ref()?.outcome else {
        return None;
    };
    let same = failed == tip || case.situation.seen.same_base.contains(case.id());
    same.then(|| {
        hold(reason.clone(), format!("mend `{name}`: it starts anew when that branch moves"))
    })
}

pub(super) fn builder(case: &Case) -> Option<Hold> {
    let Situation { ledger, seen, config, now, .. } = case.situation;
    let name = case.task.builder.as_deref().unwrap_or(&config.builder);
    if name == STEPS {
        let remedy = format!("add one to `{}`, or name another builder", case.item.path);
        if case.task.steps.is_empty() {
            let reason = "the builder `steps` runs `sh` blocks and the task has none";
            return Some(hold(reason, remedy));
        }
    } else if !config.builders.contains_key(name) {
        let known: Vec<_> = config.builders.keys().map(String::as_str).chain([STEPS]).collect();
        let remedy = format!("define it in `buildq.yaml`; there are: {}", known.join(", "));
        return Some(hold(format!("there is no builder `{name}`"), remedy));
    }
    if let Some(why) = seen.broken_builders.get(name) {
        let remedy = "install it, or name another builder in `buildq.yaml`";
        return Some(hold(format!("the builder `{name}` cannot start: {why}"), remedy));
    }
    let pause = ledger.pause(Some(name), now)?;
    let reason = format!("the builder `{name}` is paused: {}", pause.reason);
    let remedy = format!("buildq resume --builder {name}");
    Some(Hold { reason, until: pause.until, remedy, asks: Vec::new() })
}
