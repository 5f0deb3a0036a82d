//! What people are told of: from the ledger's events, and what a sync saw of the queue, since it
//! was last looked, to notices. Pure.
//!
//! An event is known by its id, so that a ledger that was rewritten or merged tells nothing twice.
//! `docs/notice-schema.md` describes what a receiver gets.

mod outbox;
pub mod payload;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::overview;
use super::plan::Plan;
use super::situation::Situation;
use crate::domain::config::notify::Topic;
use crate::domain::event::Recorded;
use crate::domain::id::{Attempt, Oid, Percent, TaskId};

pub use outbox::{Answer, Letter, Outbox, Standing};

/// Of the schema: it grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// Ids are remembered for so long, by their own time, in milliseconds. What comes in later than
/// that, from another clone, is no news any more.
const REMEMBERED: u64 = 3 * 24 * 3600 * 1000;

/// One thing that happened, for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// [`VERSION`].
    pub version: u32,
    /// What it is about, by a name that stays the same however often it is told: the id of an
    /// event, or what was seen.
    pub event: String,
    /// Which kind of news.
    pub on: Topic,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The repository's folder.
    pub repository: String,
    /// One line.
    pub title: String,
    /// More, in plain text; may be empty.
    pub text: String,
    /// Nothing goes on without a person.
    pub needs_you: bool,
    /// Whose.
    pub task: Option<TaskId>,
    /// The task's title.
    pub task_title: Option<String>,
    /// Which run.
    pub attempt: Option<Attempt>,
    /// How much is done.
    pub percent: Option<Percent>,
    /// The branch to look at.
    pub branch: Option<String>,
    /// What to type next.
    pub command: Option<String>,
}

/// What has been told, as far as it is needed to know what has not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The ledger's commit at the last look.
    tip: Option<Oid>,
    /// Ids of events, and their own time.
    known: BTreeMap<String, u64>,
    /// What is older is no news, known or not.
    floor: u64,
    /// Tasks of the queue; `None` while nobody wants to hear of them.
    queued: Option<BTreeSet<TaskId>>,
    /// Tasks that wait for a person, and for what.
    held: Option<BTreeMap<TaskId, String>>,
    /// Builders that could not work, and have not worked since.
    down: BTreeSet<String>,
}

/// What is looked at.
pub struct Look<'a> {
    /// The repository, as it stands.
    pub here: Situation<'a>,
    /// What holds its tasks.
    pub plan: &'a Plan,
    /// Events of the ledger in its order, at least those since the last look.
    pub events: &'a [Recorded],
    /// The repository's folder.
    pub repository: &'a str,
}

impl Memory {
    /// The ledger's commit at the last look.
    pub fn tip(&self) -> Option<Oid> {
        self.tip
    }

    /// Whether the ledger has said nothing since.
    fn is_at(&self, tip: Option<Oid>) -> bool {
        self.tip == tip
    }

    /// What has happened since the last look; nothing of it will be news again.
    pub fn news(&mut self, look: &Look) -> Vec<Notice> {
        let config = look.here.config;
        let wanted = |topic| config.notify.values().any(|one| one.on.contains(&topic));
        let mut news = self.queued(look, wanted(Topic::Queued));
        news.extend(self.events(look));
        news.extend(self.held(look, wanted(Topic::Held)));
        news
    }

    fn events(&mut self, look: &Look) -> Vec<Notice> {
        let ledger = look.here.ledger;
        if self.is_at(ledger.tip) {
            return Vec::new();
        }
        self.tip = ledger.tip;
        let mut news = Vec::new();
        for recorded in look.events {
            let (id, at) = (&recorded.event.id, own_time(recorded));
            if at <= self.floor || self.known.contains_key(id) {
                continue;
            }
            self.known.insert(id.clone(), at);
            if !ledger.superseded.contains(&recorded.commit) {
                news.extend(tell::event(look, recorded, &mut self.down));
            }
        }
        let newest = self.known.values().max().copied().unwrap_or_default();
        self.floor = self.floor.max(newest.saturating_sub(REMEMBERED));
        self.known.retain(|_, at| *at > self.floor);
        news
    }

    fn queued(&mut self, look: &Look, wanted: bool) -> Vec<Notice> {
        let items = &look.here.queue.items;
        let now: Option<BTreeSet<_>> = wanted.then(|| items.keys().cloned().collect());
        let before = std::mem::replace(&mut self.queued, now);
        let Some(before) = before.filter(|_| wanted) else { return Vec::new() };
        let new = items.values().filter(|item| !before.contains(&item.id));
        new.map(|item| tell::queued(look, item)).collect()
    }

    fn held(&mut self, look: &Look, wanted: bool) -> Vec<Notice> {
        if !wanted {
            self.held = None;
            return Vec::new();
        }
        let mut now = BTreeMap::new();
        let mut news = Vec::new();
        for entry in overview::queue(look.here, look.plan) {
            let holds: Vec<_> = entry.holds.iter().filter(|hold| hold.needs_you).collect();
            let Some(item) = look.here.queue.items.get(&entry.task).filter(|_| !holds.is_empty())
            else {
                continue;
            };
            let gates: Vec<_> = holds.iter().map(|hold| hold.gate.to_string()).collect();
            let what = format!("{} {}", item.blob.short(), gates.join("+"));
            let before = self.held.as_ref();
            let known = before.is_none_or(|held| held.get(&entry.task) == Some(&what));
            if !known {
                news.push(tell::held(look, &entry, &holds, &what));
            }
            now.insert(entry.task.clone(), what);
        }
        self.held = Some(now);
        news
    }
}

/// When an event came about by its own id, which no rewriting of history changes; by its commit
/// where the id tells no time.
fn own_time(recorded: &Recorded) -> u64 {
    let by_id = ulid::Ulid::from_string(&recorded.event.id).map(|id| id.timestamp_ms());
    by_id.unwrap_or_else(|_| u64::try_from(recorded.at.timestamp_millis()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
