//! One piece of news, in words.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Look, Notice, VERSION};
use crate::core::ledger::{Build, Run};
use crate::core::overview::{Held, Queued};
use crate::core::queue::Item;
use crate::domain::config::notify::Topic;
use crate::domain::event::{Failed, Fault, Kind, Recorded, Succeeded};
use crate::domain::id::{Attempt, TaskId};

/// What an event of the ledger says to people, if anything.
pub(super) fn event(
    look: &Look,
    recorded: &Recorded,
    down: &mut BTreeSet<String>,
) -> Option<Notice> {
    let topic = topic(&recorded.event.kind)?;
    let mut notice = blank(look, topic, &recorded.event.id, recorded.at);
    notice.attempt = recorded.event.kind.attempt();
    let what = match recorded.event.kind.task() {
        Some(task) => about(look, &mut notice, task),
        None => String::new(),
    };
    match &recorded.event.kind {
        Kind::Started(_)
        | Kind::Progressed { .. }
        | Kind::Succeeded(_)
        | Kind::Stalled { .. }
        | Kind::Blocked { .. }
        | Kind::Escalated { .. } => of_attempt(look, recorded, &mut notice, &what),
        Kind::Failed(end) if end.fault == Fault::Builder => {
            let builder = builder_of(look, &end.task, end.attempt)?;
            // Each probe of it fails: a person hears of the first.
            if !down.insert(builder.clone()) {
                return None;
            }
            notice.title = format!("The builder {builder} cannot work");
            notice.text = end.reason.clone();
            notice.command = Some("buildq doctor".into());
        }
        Kind::Failed(end) => failed(&mut notice, end, &what),
        Kind::Morning { date } => {
            notice.title = format!("Good morning: the report of {date}");
            notice.text = recorded.event.body.clone();
            notice.command = Some("buildq report".into());
        }
        kind => of_queue(kind, &mut notice, &what),
    }
    match &recorded.event.kind {
        Kind::Succeeded(Succeeded { task, attempt, .. }) | Kind::Blocked { task, attempt, .. } => {
            // Whoever ends an attempt in such a way works.
            if let Some(builder) = builder_of(look, task, *attempt) {
                down.remove(&builder);
            }
        }
        Kind::Resumed { builder: Some(builder) } => _ = down.remove(builder),
        _ => {}
    }
    Some(notice)
}

/// What an attempt has done, as long as it did not fail.
fn of_attempt(look: &Look, recorded: &Recorded, notice: &mut Notice, what: &str) {
    let body = recorded.event.body.trim();
    match &recorded.event.kind {
        Kind::Started(start) => {
            notice.title = format!("Started: {what}");
            notice.text = format!("Attempt {}, by {}.", start.attempt, start.builder);
        }
        Kind::Progressed { percent, message, .. } => {
            notice.title = format!("{percent}: {what}");
            notice.text = message.clone();
            notice.percent = Some(*percent);
        }
        Kind::Succeeded(end) => succeeded(notice, end, body, what),
        Kind::Stalled { task, .. } => {
            notice.title = format!("No sign of life: {what}");
            notice.command = Some(format!("buildq output {task}"));
        }
        Kind::Blocked { task, question, .. } => {
            notice.title = format!("A question: {what}");
            notice.text = if body.is_empty() { question.clone() } else { body.to_owned() };
            notice.command = Some(format!("buildq answer {task} \"…\""));
        }
        Kind::Escalated { task, attempt } => {
            notice.title = format!("Out of retries: {what}");
            let last = run(look, task, *attempt).map(crate::core::overview::how_it_ended);
            notice.text = last.unwrap_or_default();
            notice.command = Some(format!("buildq show {task}"));
        }
        _ => {}
    }
}

/// What became of a build in the end, or of the whole queue.
fn of_queue(kind: &Kind, notice: &mut Notice, what: &str) {
    let who = |builder: &Option<String>| match builder {
        Some(name) => format!("The builder {name}"),
        None => "The queue".to_owned(),
    };
    match kind {
        Kind::Merged { edited, .. } => {
            notice.title = format!("Merged: {what}");
            if *edited {
                let said = "Its task file was edited while it was built; the edit is not built.";
                notice.text = said.into();
            }
        }
        Kind::Closed { reason, .. } => {
            (notice.title, notice.text) = (format!("Closed: {what}"), reason.clone());
        }
        Kind::Cancelled { reason, .. } => {
            (notice.title, notice.text) = (format!("Called off: {what}"), reason.clone());
        }
        Kind::Paused { builder, reason, .. } => {
            (notice.title, notice.text) = (format!("{} is paused", who(builder)), reason.clone());
            notice.command = Some("buildq resume".into());
        }
        Kind::Resumed { builder } => notice.title = format!("{} goes on", who(builder)),
        Kind::Reported { date } => {
            notice.title = format!("The report of {date}");
            notice.command = Some(format!("buildq report --date {date}"));
        }
        _ => {}
    }
}

fn topic(kind: &Kind) -> Option<Topic> {
    Some(match kind {
        Kind::Started(_) => Topic::Started,
        Kind::Progressed { .. } => Topic::Progress,
        Kind::Succeeded(_) => Topic::Review,
        Kind::Failed(end) if end.fault == Fault::Builder => Topic::Paused,
        Kind::Failed(_) => Topic::Failed,
        Kind::Stalled { .. } => Topic::Stalled,
        Kind::Blocked { .. } => Topic::Blocked,
        Kind::Escalated { .. } => Topic::Escalated,
        Kind::Merged { .. } => Topic::Merged,
        Kind::Closed { .. } => Topic::Closed,
        Kind::Cancelled { .. } => Topic::Cancelled,
        Kind::Paused { .. } => Topic::Paused,
        Kind::Resumed { .. } => Topic::Resumed,
        Kind::Reported { .. } => Topic::Report,
        Kind::Morning { .. } => Topic::Morning,
        _ => return None,
    })
}

fn succeeded(notice: &mut Notice, end: &Succeeded, body: &str, what: &str) {
    notice.title = format!("Ready for review: {what}");
    let mut lines = Vec::new();
    let (ticked, all) = end.criteria;
    if all > 0 {
        lines.push(format!("Criteria: {ticked} of {all} ticked."));
    }
    if !body.is_empty() {
        lines.push(body.to_owned());
    }
    lines.extend(end.deliverables.iter().map(|it| format!("To look at: {it}")));
    notice.text = lines.join("\n");
    notice.command = Some(format!("buildq review {}", end.task));
}

fn failed(notice: &mut Notice, end: &Failed, what: &str) {
    notice.title = format!("Failed: {what}");
    notice.text = end.reason.clone();
    if end.fault == Fault::Secret {
        // Nothing is tried again before a person has decided.
        notice.needs_you = true;
    }
    notice.command = Some(format!("buildq show {}", end.task));
}

fn run<'a>(look: &Look<'a>, task: &TaskId, attempt: Attempt) -> Option<&'a Run> {
    let build: &Build = look.here.ledger.builds.get(task)?;
    build.attempts.iter().rev().find(|run| run.number() == attempt)
}

fn builder_of(look: &Look, task: &TaskId, attempt: Attempt) -> Option<String> {
    run(look, task, attempt).map(|run| run.started.builder.clone())
}

/// A task has come in.
pub(super) fn queued(look: &Look, item: &Item) -> Notice {
    let id = format!("queued-{}-{}", item.id, item.blob.short());
    let mut notice = blank(look, Topic::Queued, &id, look.here.now);
    let what = about(look, &mut notice, &item.id);
    notice.branch = None;
    notice.title = format!("Queued: {what}");
    notice.command = Some(format!("buildq why {}", item.id));
    notice
}

/// A task does not start without a person.
pub(super) fn held(look: &Look, entry: &Queued, holds: &[&Held], what: &str) -> Notice {
    let id = format!("held-{}-{}", entry.task, what.replace(' ', "-"));
    let mut notice = blank(look, Topic::Held, &id, look.here.now);
    about(look, &mut notice, &entry.task);
    notice.branch = None;
    notice.title = format!("Held: {}", entry.title);
    let reasons = holds.iter().map(|hold| format!("{}: {}", hold.gate, hold.reason));
    notice.text = reasons.collect::<Vec<_>>().join("\n");
    let remedy = holds.first().map(|hold| hold.remedy.clone()).filter(|it| !it.is_empty());
    notice.command = remedy.or_else(|| Some(format!("buildq why {}", entry.task)));
    notice
}

fn blank(look: &Look, on: Topic, event: &str, at: DateTime<Utc>) -> Notice {
    Notice {
        version: VERSION,
        event: event.to_owned(),
        on,
        at,
        repository: look.repository.to_owned(),
        title: String::new(),
        text: String::new(),
        needs_you: on.needs_person(),
        task: None,
        task_title: None,
        attempt: None,
        percent: None,
        branch: None,
        command: None,
    }
}

/// Fills in whose it is; the answer is what the task is called.
fn about(look: &Look, notice: &mut Notice, task: &TaskId) -> String {
    let run = look.here.ledger.builds.get(task).and_then(Build::last);
    let item = look.here.queue.items.get(task).and_then(|item| item.task.as_ref());
    let title = run.map(|run| run.started.title.clone()).or(item.map(|it| it.title.clone()));
    let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| task.to_string());
    notice.task = Some(task.clone());
    notice.task_title = Some(title.clone());
    notice.branch = Some(format!("{}{task}", look.here.config.branch_prefix));
    title
}
