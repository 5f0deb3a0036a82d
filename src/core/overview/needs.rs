//! What waits for a person: one sentence and one command each.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Held, Overview, Queued, Standing};
use crate::core::gates::Gate;
use crate::core::ledger::{Build, Phase, Run};
use crate::core::situation::{Situation, Trust};
use crate::core::trusted::{self, Change, Shift};
use crate::domain::id::TaskId;

/// Less free disk than this, in bytes, is told.
const LITTLE_DISK: u64 = 1 << 30;
/// A sync that is late by this much does not come by itself.
const LATE: TimeDelta = TimeDelta::minutes(2);

/// The kinds, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NeedKind {
    /// Out of retries.
    Escalated,
    /// The builder asks.
    Question,
    /// A running build shows no sign of life.
    Stalled,
    /// Merged, but edited while it was built.
    Edited,
    /// This queue has no runner.
    Setup,
    /// The configuration has an error, or is not trusted here.
    Config,
    /// Builders may not run here.
    Sandbox,
    /// Nothing starts until it is resumed.
    Paused,
    /// A builder is paused, or cannot start.
    Builder,
    /// Commits are not noticed.
    Hooks,
    /// Nothing wakes the queue.
    Asleep,
    /// The disk is nearly full.
    Disk,
    /// A finished build.
    Review,
    /// A task file whose name is no id.
    Nameless,
    /// A task that a gate holds.
    Held,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// Which kind.
    pub kind: NeedKind,
    /// The task that it is about, if it is about one.
    pub task: Option<TaskId>,
    /// The task's id, or what else it is about.
    pub subject: String,
    /// What is the matter, on one line; reads on from the subject.
    pub sentence: String,
    /// What to type.
    pub command: String,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When it is over by itself.
    pub until: Option<DateTime<Utc>>,
}

/// All of them, the most pressing first.
pub fn needs(here: Situation, view: &Overview) -> Vec<Need> {
    let mut needs = of_a_clone(here, view);
    needs.extend(here.ledger.builds.iter().filter_map(|b| of_build(here, b)));
    needs.extend(of_running(view));
    needs.extend(of_review(here, view));
    let name = |file: &crate::domain::diagnostic::Diagnostic| {
        let command = file.hint.clone().unwrap_or_default();
        let sentence = format!("is left out: {}", file.message);
        thing(NeedKind::Nameless, &file.file, sentence, command)
    };
    needs.extend(here.queue.nameless.iter().map(name));
    needs.extend(view.queue.iter().filter_map(|entry| held(here, entry)));
    sort(&mut needs);
    needs
}

/// What is wrong with the clone, its queue as a whole and its builders.
pub fn of_a_clone(here: Situation, view: &Overview) -> Vec<Need> {
    let mut needs = of_clone(here, view);
    needs.extend(of_queue(here, view));
    needs.extend(of_builders(view));
    needs
}

/// The most pressing first.
pub fn sort(needs: &mut [Need]) {
    needs.sort_by_key(|need| (need.kind, need.since));
}

/// Whether some task waits for this builder.
pub fn wants(view: &Overview, name: &str) -> bool {
    let held = |hold: &Held| hold.gate == Gate::Builder && hold.reason.contains(name);
    let beyond = &view.beyond.builders;
    beyond.iter().any(|one| one == name)
        || view.queue.iter().any(|entry| entry.holds.iter().any(held))
}

fn thing(
    kind: NeedKind,
    subject: &str,
    sentence: impl Into<String>,
    command: impl Into<String>,
) -> Need {
    let (sentence, command) = (sentence.into(), command.into());
    let subject = subject.to_owned();
    Need { kind, task: None, subject, sentence, command, since: None, until: None }
}

fn about(
    kind: NeedKind,
    task: &TaskId,
    sentence: impl Into<String>,
    command: impl Into<String>,
) -> Need {
    Need { task: Some(task.clone()), ..thing(kind, task.as_str(), sentence, command) }
}

/// What opens a file of the work tree for mending, and commits it alone.
fn edit(path: &str) -> String {
    let path = shell_words::quote(path);
    // A variable that nobody has set would make the file's own name the command.
    format!("${{EDITOR:-vi}} {path} && git commit -m \"Mend it\" {path}")
}

fn of_build(here: Situation, (task, build): (&TaskId, &Build)) -> Option<Need> {
    let need = match &build.phase {
        Phase::Escalated { since } => {
            let reason = build.last().map(super::how_it_ended).unwrap_or_default();
            let times = match build.failures {
                1 => "once".to_owned(),
                2 => "twice".to_owned(),
                n => format!("{n} times"),
            };
            let sentence = match build.last().is_some_and(Run::holds_secret) {
                true => format!("is held: {reason}"),
                false => format!("failed {times} and is out of retries: {reason}"),
            };
            let command = format!("buildq show {task}");
            Need { since: Some(*since), ..about(NeedKind::Escalated, task, sentence, command) }
        }
        Phase::Blocked { since, question } => {
            let command = format!("buildq answer {task} \"…\"");
            let sentence = format!("asks: {question}");
            Need { since: Some(*since), ..about(NeedKind::Question, task, sentence, command) }
        }
        Phase::Merged { at, edited: true, .. } => {
            let sentence = "is merged, but its file was edited while it was built: the edit is \
                            not built";
            let verb = if here.queue.items.contains_key(task) { "retry" } else { "cancel" };
            let command = format!("buildq {verb} {task}");
            Need { since: Some(*at), ..about(NeedKind::Edited, task, sentence, command) }
        }
        _ => return None,
    };
    Some(need)
}

fn of_running(view: &Overview) -> Vec<Need> {
    let need = |run: &super::Running| {
        let task = &run.task;
        if run.alive == Some(false) {
            let sentence = "has lost its supervisor; the next sync records that and goes on";
            return Some(about(NeedKind::Stalled, task, sentence, "buildq sync"));
        }
        let since = run.stalled_since?;
        let command = format!("buildq output {task} --follow");
        let sentence = "shows no sign of life; it is ended after twice `stall.after`";
        Some(Need { since: Some(since), ..about(NeedKind::Stalled, task, sentence, command) })
    };
    view.running.iter().filter_map(need).collect()
}

/// What is wrong with this clone or its queue as a whole.
fn of_clone(here: Situation, view: &Overview) -> Vec<Need> {
    let health = &view.health;
    let mut needs = Vec::new();
    if let Trust::Broken(why) = &here.seen.trust {
        let sentence = format!("has an error, so nothing starts: {why}");
        needs.push(thing(NeedKind::Config, "buildq.yaml", sentence, edit("buildq.yaml")));
    }
    if let Some(pause) = &health.paused {
        let by = format!("is paused by {}: {}; nothing starts", pause.author, pause.reason);
        let need = thing(NeedKind::Paused, "the queue", by, "buildq resume");
        needs.push(Need { since: Some(pause.at), until: pause.until, ..need });
    }
    if health.runner.is_none() && health.here.is_none() {
        let sentence = "has not been set up: nothing starts here";
        needs.push(thing(NeedKind::Setup, "this clone", sentence, "buildq init"));
    }
    if !health.runs_here {
        return needs;
    }
    match &here.seen.trust {
        Trust::Never => needs.push(thing(
            NeedKind::Config,
            "buildq.yaml",
            "is not trusted here, so nothing starts",
            "buildq trust",
        )),
        Trust::Changed(files) => needs.push(of_changed(files)),
        Trust::Trusted | Trust::Broken(_) => {}
    }
    if let Some(why) = &health.no_sandbox {
        let sentence = format!("does not work here, so nothing starts: {why}");
        let command = "git config buildq.sandbox auto";
        needs.push(thing(NeedKind::Sandbox, "the sandbox", sentence, command));
    }
    needs.extend(of_machine(here.now, view));
    needs
}

/// What runs is not what was trusted.
fn of_changed(files: &[Change]) -> Need {
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    let since = "since it was trusted here, so nothing starts";
    let sentence = match files.iter().all(|file| file.shift == Shift::Changed) {
        true => format!("changed {since}"),
        false => format!("not as before: {} {since}", trusted::tell(files)),
    };
    thing(NeedKind::Config, &paths.join(", "), sentence, "buildq trust")
}

fn of_machine(now: DateTime<Utc>, view: &Overview) -> Vec<Need> {
    let machine = &view.health.machine;
    let hooks = &machine.hooks;
    let mut needs = Vec::new();
    if hooks.managed.is_none() && !hooks.missing.is_empty() {
        let names = hooks.missing.join(", ");
        let sentence = format!("are not all there, so not every commit is noticed: {names}");
        needs.push(thing(NeedKind::Hooks, "the hooks", sentence, "buildq init"));
    } else if let Some(at) = hooks.failed_at {
        let sentence = "could not find buildq the last time they ran";
        let need = thing(NeedKind::Hooks, "the hooks", sentence, "buildq init");
        needs.push(Need { since: Some(at), ..need });
    } else if let Some(at) = hooks.unnoticed_since {
        let sentence = "did not notice the last commit to the queue";
        let need = thing(NeedKind::Hooks, "the hooks", sentence, "buildq sync");
        needs.push(Need { since: Some(at), ..need });
    }
    let beats = machine.heartbeat.as_ref().is_none_or(|beat| beat.active);
    match machine.wakes_at {
        Some(at) if now - at > LATE || (!machine.awake && !beats) => {
            let sentence = "is asleep: what is due starts only when something else wakes it";
            needs.push(thing(NeedKind::Asleep, "the queue", sentence, "buildq sync"));
        }
        _ => {}
    }
    if machine.disk_free.is_some_and(|free| free < LITTLE_DISK) {
        let command = format!("df -h {}", shell_words::quote(&machine.workspaces));
        let sentence = "is nearly full where the workspaces go";
        needs.push(thing(NeedKind::Disk, "the disk", sentence, command));
    }
    needs
}

fn of_builders(view: &Overview) -> Vec<Need> {
    let here = view.health.runs_here;
    let need = |builder: &super::BuilderHealth| {
        let name = format!("builder {}", builder.name);
        if let Some(why) = builder.broken.as_ref().filter(|_| here) {
            let sentence = format!("cannot start: {why}");
            return Some(thing(NeedKind::Builder, &name, sentence, edit("buildq.yaml")));
        }
        let pause = builder.paused.as_ref()?;
        let command = format!("buildq resume --builder {}", shell_words::quote(&builder.name));
        let sentence = format!("is paused: {}", pause.reason);
        let need = thing(NeedKind::Builder, &name, sentence, command);
        Some(Need { since: Some(pause.at), until: pause.until, ..need })
    };
    let told = view.health.builders.iter();
    told.filter(|builder| builder.default || wants(view, &builder.name)).filter_map(need).collect()
}

fn of_review(here: Situation, view: &Overview) -> Vec<Need> {
    let need = |review: &super::Review| {
        let mut sentence = String::from("waits for your review");
        if review.criteria > 0 {
            sentence += &format!(", {}", ticked(review.ticked, review.criteria));
        }
        sentence += match review.checks {
            0 => ", no checks configured",
            1 => ", the check passed",
            _ => ", all checks passed",
        };
        if review.file == super::FileState::Changed {
            sentence += "; its file has changed since: the edit is not in it";
        }
        if let Some(behind) = super::stays_behind(here, &review.task) {
            sentence += &format!("; {behind}");
        }
        let command = format!("buildq review {}", review.task);
        Need {
            since: Some(review.since),
            ..about(NeedKind::Review, &review.task, sentence, command)
        }
    };
    view.review.iter().map(need).collect()
}

/// How many criteria are ticked: `1 of 1 criterion ticked`, `no criteria`.
pub fn ticked(ticked: usize, all: usize) -> String {
    match all {
        0 => "no criteria".into(),
        1 => format!("{ticked} of 1 criterion ticked"),
        all => format!("{ticked} of {all} criteria ticked"),
    }
}

/// Holds of the whole queue are told once, by [`of_clone`] and [`of_builders`].
fn told_elsewhere(here: Situation, hold: &Held) -> bool {
    match hold.gate {
        Gate::Trust => here.seen.trust != Trust::Trusted || here.seen.no_sandbox.is_some(),
        Gate::Builder => hold.reason.contains("cannot start"),
        _ => false,
    }
}

fn held(here: Situation, entry: &Queued) -> Option<Need> {
    if entry.standing != Standing::Held {
        return None;
    }
    let mut mine = entry.holds.iter().filter(|h| h.needs_you && !told_elsewhere(here, h));
    let hold = mine.next()?;
    let more = match mine.count() {
        0 => String::new(),
        n => format!(" (and {n} more: buildq why {})", entry.task),
    };
    let sentence = match hold.gate {
        Gate::Valid => format!("cannot be read: {}{more}", hold.reason),
        Gate::Depends => {
            let item = here.queue.items.get(&entry.task);
            let lost = item.and_then(|item| super::lost(here, item));
            let lost = lost.map(|other| format!("`{other}` is neither in the queue nor done"));
            format!("is held by `depends`: {}{more}", lost.as_ref().unwrap_or(&hold.reason))
        }
        gate => format!("is held by `{gate}`: {}{more}", hold.reason),
    };
    let need = about(NeedKind::Held, &entry.task, sentence, command(entry, hold));
    let since = entry.retry.as_ref().map(|retry| retry.since);
    Some(Need { since, ..need })
}

/// What opens a gate, as one would type it.
pub(super) fn command(entry: &Queued, hold: &Held) -> String {
    let task = &entry.task;
    match hold.gate {
        Gate::Risk | Gate::Approval => format!("buildq approve {task}"),
        Gate::Trust => hold.remedy.clone(),
        Gate::Judge if hold.remedy.starts_with("buildq answer") => {
            format!("buildq answer {task} \"…\"")
        }
        Gate::Judge => format!("buildq approve {task}"),
        Gate::Base => format!("buildq show {task}"),
        Gate::Valid | Gate::Clear | Gate::Blockers | Gate::Depends | Gate::Builder
            if !entry.path.starts_with("specs/") =>
        {
            edit(&entry.path)
        }
        _ => format!("buildq why {task}"),
    }
}

/// Of the queue as a whole.
fn of_queue(here: Situation, view: &Overview) -> Option<Need> {
    // An unborn queue branch is told where somebody expects builds: in a clone that is set up.
    let set_up = view.health.here.is_some();
    (set_up && here.queue.tip.is_none()).then(|| {
        let branch = &view.health.machine.queue_branch;
        let sentence = format!("has no commit on `{branch}` yet");
        thing(NeedKind::Setup, "the queue", sentence, "git add . && git commit -m \"Begin\"")
    })
}
