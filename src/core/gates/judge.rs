//! A second opinion: it may only hold more.

use chrono::TimeDelta;

use super::{Case, Hold, Round, hold, hold_until};
use crate::core::ledger::{Build, Judgement};
use crate::core::queue::Item;
use crate::core::situation::Situation;
use crate::domain::config::Judge;

/// When a judge at work is looked at again.
const SOON: TimeDelta = TimeDelta::minutes(1);

/// Before a text first starts, unless a person has approved it.
pub(super) fn judge(case: &Case) -> Option<Hold> {
    let judge = case.situation.config.judge.as_ref()?;
    if case.begun() || case.approved() {
        return None;
    }
    match said(case, judge) {
        Some(judgement) => against(case, judge, judgement),
        None => Some(unasked(case, judge)),
    }
}

/// The verdict on this exact text, as far as it counts: one that lets the task pass only where
/// it was given, since whoever can push a ledger could write it.
fn said<'a>(case: &Case<'a>, judge: &Judge) -> Option<&'a Judgement> {
    let Situation { ledger, seen, now, .. } = case.situation;
    let said = ledger.judgements.get(&case.item.blob)?;
    if said.is_over(now) || said.judged.builder != judge.builder {
        return None;
    }
    let ours = seen.verdicts.contains(&said.record());
    (ours || said.holds()).then_some(said)
}

/// Whether a judge is to be asked about this text now, if nothing else holds it.
pub fn is_judge_due(situation: Situation, item: &Item, round: &Round) -> bool {
    let (Some(judge), Some(task)) = (&situation.config.judge, &item.task) else { return false };
    let fresh = Build::default();
    let build = situation.ledger.builds.get(&item.id).unwrap_or(&fresh);
    let case = Case { situation, item, task, build, round };
    let able = !situation.seen.broken_builders.contains_key(&judge.builder)
        && situation.ledger.pause(Some(&judge.builder), situation.now).is_none();
    let wanted = !case.begun() && !case.approved() && said(&case, judge).is_none();
    wanted && able && situation.seen.judging.is_none()
}

fn unasked(case: &Case, judge: &Judge) -> Hold {
    let Situation { seen, ledger, now, .. } = case.situation;
    let name = &judge.builder;
    if let Some(why) = seen.broken_builders.get(name) {
        let reason = format!("the judge `{name}` cannot start: {why}");
        return hold(reason, format!("install it, or {}", case.approve()));
    }
    if let Some(pause) = ledger.pause(Some(name), now) {
        let reason = format!("the judge `{name}` is paused: {}", pause.reason);
        let remedy = format!("buildq resume --builder {name}, or {}", case.approve());
        return Hold { until: pause.until, ..hold(reason, remedy) };
    }
    match &seen.judging {
        Some(task) if task == case.id() => {
            hold_until(format!("being judged by `{name}`"), now + SOON, "")
        }
        Some(other) => {
            let reason = format!("the judge `{name}` is at work on `{other}`");
            hold_until(reason, now + SOON, "")
        }
        None => hold_until(format!("waits for the judge `{name}`"), now + SOON, ""),
    }
}

fn against(case: &Case, judge: &Judge, said: &Judgement) -> Option<Hold> {
    let name = &judge.builder;
    if let Some(fault) = &said.judged.fault {
        let reason = format!("the judge `{name}` gave no verdict: {fault}");
        return Some(Hold { until: said.judged.until, ..hold(reason, case.approve()) });
    }
    let opinion = &said.judged.opinion;
    let mut parts: Vec<String> = Vec::new();
    if let Some(risk) = opinion.risks.first() {
        parts.push(format!("sees {}{}", risk.shown(), more(opinion.risks.len())));
    }
    let answered = answered(case, said);
    if !answered {
        if let Some(question) = opinion.questions.first() {
            parts.push(format!("asks: {question}{}", more(opinion.questions.len())));
        } else if !opinion.clear {
            parts.push("finds it unclear".into());
        }
    }
    if parts.is_empty() {
        return None;
    }
    let remedy = match (opinion.risks.is_empty(), opinion.questions.is_empty() || answered) {
        (true, false) => format!("buildq answer {} \"…\", or {}", case.id(), case.approve()),
        _ => format!("{}, or edit `{}`", case.approve(), case.item.path),
    };
    Some(hold(format!("the judge `{name}` {}", parts.join(", and ")), remedy))
}

/// A person of this clone has answered its questions.
fn answered(case: &Case, said: &Judgement) -> bool {
    let here = &case.situation.seen.approvals;
    let questions = !said.judged.opinion.questions.is_empty();
    questions && said.answers.iter().any(|answer| here.contains(&answer.record(said)))
}

fn more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    }
}
