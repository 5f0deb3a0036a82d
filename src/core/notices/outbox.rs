//! What waits to be delivered, and the rules of trying again.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Memory, Notice};
use crate::core::patience;
use crate::domain::config::Notifiers;
use crate::domain::config::notify::Topic;
use crate::domain::id::TaskId;

/// A notifier that fails is tried again after this, then after twice as long, and so on …
const FIRST: TimeDelta = TimeDelta::seconds(30);
/// … up to this.
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// What could not be delivered for so long is given up.
const AGE: TimeDelta = TimeDelta::days(3);
/// What a receiver refuses is sent so often: it may be its own fault, and of a moment.
const REFUSALS: u32 = 5;
/// So many notices wait for one notifier; the oldest go.
const MOST: usize = 500;

/// What was told, and what waits to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// What is no news any more.
    pub memory: Memory,
    /// In the order in which they came about.
    pub letters: Vec<Letter>,
    /// Notifiers that do not work, by name.
    pub standing: BTreeMap<String, Standing>,
    /// When a notifier was last told of a build's progress.
    #[serde(default)]
    spaced: BTreeMap<String, BTreeMap<TaskId, DateTime<Utc>>>,
}

/// One notice on its way to one notifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// Stays the same however often it is sent, so that a receiver can drop doubles.
    pub id: String,
    /// Whom it is for.
    pub notifier: String,
    /// What it says.
    pub notice: Notice,
    /// When it was put here.
    pub since: DateTime<Utc>,
    /// How often it has been refused.
    pub refused: u32,
}

/// How a notifier fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// So often in a row.
    pub failures: u32,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The last time.
    pub last: DateTime<Utc>,
    /// It is not tried again before.
    pub next: DateTime<Utc>,
    /// What it said last.
    pub error: String,
    /// So many notices were given up.
    pub given_up: u64,
}

/// What became of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was taken.
    Taken,
    /// The receiver does not want it as it is.
    Refused(String),
    /// Nobody was reached; it may say when to come again.
    Unreached(String, Option<TimeDelta>),
}

impl Answer {
    /// Nobody was reached.
    pub fn unreached(why: impl Into<String>) -> Self {
        Self::Unreached(why.into(), None)
    }
}

impl Outbox {
    /// Puts each notice in for everybody who wants it; whatever is for nobody any more goes.
    pub fn address(&mut self, news: Vec<Notice>, notifiers: &Notifiers, now: DateTime<Utc>) {
        for notice in news {
            for (name, one) in notifiers.iter().filter(|(_, one)| one.on.contains(&notice.on)) {
                let id = format!("{}-{name}", notice.event);
                let there = self.letters.iter().any(|letter| letter.id == id);
                if !there && self.is_time(name, one.every, &notice) {
                    let (notifier, notice) = (name.clone(), notice.clone());
                    self.letters.push(Letter { id, notifier, notice, since: now, refused: 0 });
                }
            }
        }
        self.letters.retain(|letter| notifiers.contains_key(&letter.notifier));
        self.standing.retain(|name, _| notifiers.contains_key(name));
        self.spaced.retain(|name, _| notifiers.contains_key(name));
        for name in notifiers.keys() {
            self.cut(name, now);
        }
    }

    /// Progress is told at most so often; the end of a build ends its spacing.
    fn is_time(&mut self, name: &str, every: std::time::Duration, notice: &Notice) -> bool {
        let Some(task) = &notice.task else { return true };
        let spaced = self.spaced.entry(name.to_owned()).or_default();
        match notice.on {
            Topic::Progress => {
                let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
                let waits = spaced
                    .get(task)
                    .is_some_and(|last| patience::ends(*last, every, notice.at).is_some());
                if !waits {
                    spaced.insert(task.clone(), notice.at);
                }
                !waits
            }
            Topic::Review | Topic::Failed | Topic::Blocked | Topic::Merged | Topic::Cancelled => {
                spaced.remove(task);
                true
            }
            _ => true,
        }
    }

    fn cut(&mut self, name: &str, now: DateTime<Utc>) {
        let count = self.letters.iter().filter(|letter| letter.notifier == name).count();
        let mut over = count.saturating_sub(MOST);
        if over == 0 {
            return;
        }
        let standing = self.standing.entry(name.to_owned()).or_insert_with(|| Standing::new(now));
        standing.given_up += over as u64;
        self.letters.retain(|letter| {
            let goes = over > 0 && letter.notifier == name;
            over -= usize::from(goes);
            !goes
        });
    }

    /// The first letter of each notifier that may be tried now.
    pub fn due(&self, now: DateTime<Utc>) -> Vec<&Letter> {
        let mut due: Vec<&Letter> = Vec::new();
        for letter in &self.letters {
            let waits = self.standing.get(&letter.notifier).is_some_and(|it| it.waits(now));
            if !waits && due.iter().all(|other| other.notifier != letter.notifier) {
                due.push(letter);
            }
        }
        due
    }

    /// The next moment at which something may be tried again.
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let waiting = |name: &str| self.letters.iter().any(|letter| letter.notifier == name);
        let standing = self.standing.iter().filter(|(name, it)| waiting(name) && it.waits(now));
        standing.map(|(_, it)| it.next).min()
    }

    /// Each notifier that does not work, in one sentence.
    pub fn troubles(&self) -> Vec<String> {
        let one = |(name, standing): (&String, &Standing)| {
            let waiting = self.letters.iter().filter(|letter| letter.notifier == *name).count();
            let why = match standing.error.is_empty() {
                true => "too much waited for it",
                false => &standing.error,
            };
            let mut said = format!("notices by `{name}` fail: {why} ({waiting} waiting");
            if standing.given_up > 0 {
                said += &format!(", {} given up", standing.given_up);
            }
            said + ")"
        };
        self.standing.iter().map(one).collect()
    }

    /// Notes what became of a try.
    pub fn settle(&mut self, id: &str, answer: Answer, now: DateTime<Utc>) {
        let Some(index) = self.letters.iter().position(|letter| letter.id == id) else { return };
        let letter = &mut self.letters[index];
        let name = letter.notifier.clone();
        let (error, after) = match answer {
            Answer::Taken => {
                self.letters.remove(index);
                self.standing.remove(&name);
                return;
            }
            Answer::Refused(error) => {
                letter.refused += 1;
                (error, None)
            }
            Answer::Unreached(error, after) => (error, after),
        };
        let given_up = letter.refused >= REFUSALS || now - letter.since > AGE;
        let standing = self.standing.entry(name).or_insert_with(|| Standing::new(now));
        standing.failures += 1;
        standing.error = error;
        standing.last = now;
        let wait = after.unwrap_or_default().clamp(back_off(standing.failures), LONGEST);
        standing.next = now + wait;
        if given_up {
            standing.given_up += 1;
            self.letters.remove(index);
        }
    }
}

impl Standing {
    fn new(now: DateTime<Utc>) -> Self {
        Self { failures: 0, since: now, last: now, next: now, error: String::new(), given_up: 0 }
    }

    fn waits(&self, now: DateTime<Utc>) -> bool {
        patience::until(self.last, self.next, now)
    }
}

/// How long nothing is tried after so many failures in a row.
fn back_off(failures: u32) -> TimeDelta {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST * (1 << doublings)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::at;

    #[test]
    fn a_broken_notifier_is_tried_less_and_less_often() {
        for (failures, seconds) in
            [(0, 30), (1, 30), (2, 60), (3, 120), (6, 960), (7, 1920), (8, 3600), (99, 3600)]
        {
            assert_eq!(back_off(failures).num_seconds(), seconds, "{failures}");
        }
    }

    fn notice(event: &str, on: Topic, when: &str) -> Notice {
        Notice {
            version: 1,
            event: event.into(),
            on,
            at: at(when),
            repository: "repo".into(),
            title: event.into(),
            text: String::new(),
            needs_you: false,
            task: TaskId::new("x").ok(),
            task_title: None,
            attempt: None,
            percent: None,
            branch: None,
            command: None,
        }
    }

    fn notifiers(yaml: &str) -> Notifiers {
        crate::domain::config::parse("f", yaml.as_bytes()).unwrap().0.notify
    }

    fn due(outbox: &Outbox, when: &str) -> String {
        outbox.due(at(when)).iter().map(|letter| letter.id.clone()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_waits_for_its_own_turn() {
        let all = notifiers(
            "notify: {a: {desktop: true, on: [review, failed]}, b: {speech: true, on: review}}",
        );
        let mut outbox = Outbox::default();
        let news = vec![
            notice("1", Topic::Review, "09:00"),
            notice("2", Topic::Failed, "09:00"),
            notice("3", Topic::Queued, "09:00"),
        ];
        outbox.address(news.clone(), &all, at("09:00"));
        // Put in twice, it is there once.
        outbox.address(news, &all, at("09:00"));
        assert_eq!(due(&outbox, "09:00"), "1-a 1-b");
        outbox.settle("1-a", Answer::unreached("refused"), at("09:00"));
        outbox.settle("1-b", Answer::Taken, at("09:00"));
        assert_eq!(due(&outbox, "09:00"), "", "the second waits behind the first");
        assert_eq!(outbox.next(at("09:00")), Some(at("09:00") + TimeDelta::seconds(30)));
        assert_eq!(due(&outbox, "09:01"), "1-a");
        outbox.settle("1-a", Answer::Taken, at("09:01"));
        assert!(outbox.standing.is_empty());
        assert_eq!(due(&outbox, "09:01"), "2-a");
        // A server that asks for patience gets it, up to an hour.
        outbox.settle(
            "2-a",
            Answer::Unreached("429".into(), Some(TimeDelta::days(1))),
            at("09:01"),
        );
        assert_eq!(outbox.next(at("09:02")), Some(at("10:01")));
        // A clock that is set back strands nothing.
        assert_eq!(due(&outbox, "07:00"), "2-a");
        outbox.address(
            Vec::new(),
            &notifiers("notify: {b: {speech: true, on: review}}"),
            at("09:05"),
        );
        assert_eq!(
            (outbox.letters.len(), outbox.standing.len()),
            (0, 0),
            "it is for nobody any more"
        );
    }

    #[test]
    fn what_nobody_takes_is_given_up_and_counted() {
        let all = notifiers("notify: {a: {desktop: true, on: all}}");
        let mut outbox = Outbox::default();
        outbox.address(vec![notice("1", Topic::Review, "09:00")], &all, at("09:00"));
        for _ in 0..5 {
            outbox.settle("1-a", Answer::Refused("answered 400".into()), at("09:00"));
        }
        assert_eq!((outbox.letters.len(), outbox.standing["a"].given_up), (0, 1));
        outbox.address(vec![notice("2", Topic::Review, "09:00")], &all, at("09:00"));
        for day in 0..3 {
            outbox.settle("2-a", Answer::unreached("x"), at("09:00") + TimeDelta::days(day));
            assert_eq!(outbox.letters.len(), 1);
        }
        outbox.settle("2-a", Answer::unreached("x"), at("09:01") + TimeDelta::days(3));
        assert_eq!((outbox.letters.len(), outbox.standing["a"].given_up), (0, 2));
        let many = (0..600).map(|n| notice(&n.to_string(), Topic::Review, "09:00")).collect();
        outbox.address(many, &all, at("09:00"));
        assert_eq!((outbox.letters.len(), outbox.standing["a"].given_up), (500, 102));
        assert_eq!(outbox.letters[0].id, "100-a");
    }

    #[test]
    fn progress_is_told_every_so_often() {
        let all = notifiers(
            "notify: {a: {desktop: true, on: [progress: every 2h, failed]}, b: {speech: true, on: {progress: 10m}}}",
        );
        let mut outbox = Outbox::default();
        for (event, when) in [("1", "09:00"), ("2", "09:15"), ("3", "10:59"), ("4", "11:00")] {
            outbox.address(vec![notice(event, Topic::Progress, when)], &all, at(when));
        }
        outbox.address(vec![notice("5", Topic::Failed, "11:01")], &all, at("11:01"));
        outbox.address(vec![notice("6", Topic::Progress, "11:02")], &all, at("11:02"));
        let of = |name: &str| -> Vec<_> {
            outbox
                .letters
                .iter()
                .filter(|it| it.notifier == name)
                .map(|it| it.notice.event.clone())
                .collect()
        };
        assert_eq!(of("a"), ["1", "4", "5", "6"]);
        assert_eq!(of("b"), ["1", "2", "3"]);
    }
}
