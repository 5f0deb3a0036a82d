//! The gates: what a task must pass before it may start, in the order in which they are told.

mod beside;
mod approvals;
mod content;
mod hour;
mod judge;
mod means;
mod order;
mod time;
mod trust;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::judged::Judged;
use super::ledger::{Build, Phase, Wait};
use super::night::Night;
use super::queue::Item;
use super::risk::Ask;
use super::situation::{Situation, Trust};
use crate::domain::id::TaskId;
use crate::domain::task::Task;

pub use beside::crossings;
pub use hour::{Hour, lasts};
pub use judge::is_judge_due;

/// One named check; the order of the variants is the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The task file has no error.
    Valid,
    /// This clone starts builds, and the queue is not paused.
    Runner,
    /// A person has trusted the configuration here, and the task comes from here.
    Trust,
    /// It is clear what is to be done.
    Clear,
    /// No blocker is listed.
    Blockers,
    /// What it depends on is there.
    Depends,
    /// It does nothing that its owner would want to be asked about first.
    Risk,
    /// It needs no approval, or has it.
    Approval,
    /// A judge, where one is configured, has nothing against it.
    Judge,
    /// The window of its priority is open.
    Window,
    /// Its `not_before` has come.
    NotBefore,
    /// No meeting runs.
    Calendar,
    /// A place is free.
    Capacity,
    /// It does not touch what a running build touches, and its branch is free.
    Conflict,
    /// The base branch is fit to build on.
    Base,
    /// The builder can work.
    Builder,
    /// Its retry is due.
    Retry,
}

/// What a gate says of one task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruling {
    /// Which gate.
    pub gate: Gate,
    /// Why it holds; `None` when the task passes. Boxed, since most rulings hold nothing.
    pub hold: Option<Box<Hold>>,
}

/// Why a gate holds, and what opens it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hold {
    /// For people: lower case, no full stop.
    pub reason: String,
    /// When it opens by itself.
    pub until: Option<DateTime<Utc>>,
    /// What a person can do: a command, or a sentence; empty where only time helps.
    pub remedy: String,
    /// The words that a person is asked about, each with its kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Ask>,
}

/// One task before the gates.
struct Case<'a> {
    situation: Situation<'a>,
    item: &'a Item,
    task: &'a Task,
    build: &'a Build,
    round: &'a Round<'a>,
}

/// What is the same for every task of one plan, and what earlier ones of it have taken.
pub struct Round<'a> {
    /// Builds that run or are being ended.
    running: Vec<&'a TaskId>,
    /// Builds that wait for review, the oldest first.
    reviews: Vec<&'a TaskId>,
    /// What this night has used.
    night: Night,
    /// When the windows that are closed now open, for high, medium and low.
    opens: [Option<DateTime<Utc>>; 3],
    /// Tasks that are to start, in order.
    ahead: Vec<&'a TaskId>,
}

impl<'a> Round<'a> {
    /// Nothing has been planned yet.
    pub fn of(situation: Situation<'a>) -> Self {
        let Situation { ledger, seen, config, now, .. } = situation;
        let mut round = Self {
            running: Vec::new(),
            reviews: Vec::new(),
            night: Night::of(ledger, config.timezone, now),
            opens: time::windows(config).map(|window| time::opens(window, config, now)),
            ahead: Vec::new(),
        };
        let mut reviews = Vec::new();
        for (id, build) in &ledger.builds {
            if let Phase::Review { since } = build.phase {
                reviews.push((since, id));
            }
            if build.running().is_some() && !seen.ending.contains(id) {
                round.running.push(id);
            }
        }
        round.running.extend(&seen.ending);
        round.running.sort();
        reviews.sort();
        round.reviews = reviews.into_iter().map(|(_, id)| id).collect();
        round
    }

    /// This task is to start, before all that are judged later.
    pub fn starts(&mut self, id: &'a TaskId) {
        self.ahead.push(id);
    }
}

/// What a gate asks.
type Question = fn(&Case) -> Option<Hold>;

/// Every gate's word on one task, in order. A task whose file has an error is told that alone.
pub fn rule(situation: Situation, item: &Item, round: &Round) -> Vec<Ruling> {
    let Some(task) = &item.task else {
        let message = item.error().map_or("it cannot be read".into(), |e| e.one_line());
        let remedy = item.error().and_then(|e| e.hint.clone()).unwrap_or("mend the file".into());
        return vec![Ruling { gate: Gate::Valid, hold: Some(hold(message, remedy).into()) }];
    };
    let fresh = Build::default();
    let build = situation.ledger.builds.get(&item.id).unwrap_or(&fresh);
    let case = Case { situation, item, task, build, round };
    let gates: [(Gate, Question); 17] = [
        (Gate::Valid, |_| None),
        (Gate::Runner, trust::runner),
        (Gate::Trust, trust::trust),
        (Gate::Clear, content::unclear),
        (Gate::Blockers, content::blockers),
        (Gate::Depends, order::depends),
        (Gate::Risk, content::risky),
        (Gate::Approval, content::approval),
        (Gate::Judge, judge::judge),
        (Gate::Window, time::window),
        (Gate::NotBefore, time::not_before),
        (Gate::Calendar, time::calendar),
        (Gate::Capacity, order::capacity),
        (Gate::Conflict, beside::conflict),
        (Gate::Base, means::base),
        (Gate::Builder, means::builder),
        (Gate::Retry, time::retry),
    ];
    // A policy that cannot be read says nothing of what comes after it.
    let broken = matches!(situation.seen.trust, Trust::Broken(_));
    let heard = |(gate, _): &(Gate, Question)| !broken || *gate <= Gate::Trust;
    let mut rulings = Vec::with_capacity(gates.len());
    let ruled = gates.into_iter().filter(heard);
    rulings.extend(ruled.map(|(gate, ask)| Ruling { gate, hold: ask(&case).map(Box::new) }));
    rulings
}

fn hold(reason: impl Into<String>, remedy: impl Into<String>) -> Hold {
    Hold { reason: reason.into(), until: None, remedy: remedy.into(), asks: Vec::new() }
}

fn hold_until(reason: impl Into<String>, until: DateTime<Utc>, remedy: &str) -> Hold {
    Hold { until: Some(until), ..hold(reason, remedy) }
}

impl<'a> Case<'a> {
    fn id(&self) -> &TaskId {
        &self.item.id
    }

    fn judged(&self) -> Judged {
        Judged::of(self.situation.seen.judged.get(self.id()), self.item, self.task)
    }

    fn forced(&self) -> bool {
        self.situation.forced == Some(self.id())
    }

    fn approve(&self) -> String {
        format!("buildq approve {}", self.id())
    }

    fn spawn(&self) -> String {
        format!("buildq spawn {} starts it now", self.id())
    }

    /// This text has been started before: windows gate first starts only.
    fn begun(&self) -> bool {
        self.build.attempts.iter().any(|run| run.started.source == self.item.blob)
    }

    /// A person has sent back what was made of this very text, or answered about it: whoever does
    /// that wants it to go on.
    fn goes_on(&self) -> bool {
        let words = matches!(self.build.phase, Phase::Waiting { why: Wait::Words, .. });
        words && self.build.last().is_some_and(|run| run.started.source == self.item.blob)
    }

    /// A moment on the clock of the configured time zone, with the day where it is another.
    fn clock(&self, at: DateTime<Utc>) -> String {
        let zone = self.situation.config.timezone;
        let (there, here) = (at.with_timezone(&zone), self.situation.now.with_timezone(&zone));
        let pattern = if there.date_naive() == here.date_naive() { "%H:%M" } else { "%a %F %H:%M" };
        there.format(pattern).to_string()
    }

    /// Other builds that run or are being ended, and those that start before this one.
    fn busy(&self) -> Vec<&'a TaskId> {
        let Round { running, ahead, .. } = self.round;
        running.iter().chain(ahead).copied().filter(|id| *id != self.id()).collect()
    }
}

impl Gate {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Runner => "runner",
            Self::Trust => "trust",
            Self::Clear => "clear",
            Self::Blockers => "blockers",
            Self::Depends => "depends",
            Self::Risk => "risk",
            Self::Approval => "approval",
            Self::Judge => "judge",
            Self::Window => "window",
            Self::NotBefore => "not-before",
            Self::Calendar => "calendar",
            Self::Capacity => "capacity",
            Self::Conflict => "conflict",
            Self::Base => "base",
            Self::Builder => "builder",
            Self::Retry => "retry",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
