//! Replay: the ledger as a fold over its events, and the one rule of what may follow what.
//!
//! [`refusal`] is asked twice: before an event is appended, and when it is replayed. An event
//! that it refuses where it stands (two clones wrote at once) is kept as *superseded*.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::patience;
use crate::domain::config::STEPS;
use crate::domain::cost::Cost;
use crate::domain::event::{CheckResult, Fault, Kind, Merge, Spent, Started, Succeeded, Usage};
use crate::domain::id::{Attempt, Oid, Percent, TaskId};

/// A builder that could not work, and did not say for how long, is tried again after this.
pub const PROBE: TimeDelta = TimeDelta::minutes(30);

mod chapter;
mod judgement;
mod lean;
mod replay;

pub use chapter::{Change, Chronicle};
pub use judgement::{Answer, Judgement};
pub use lean::Lean;

/// Everything that the ledger says, at one tip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The commit that it was replayed to; `None` when there is no ledger yet.
    pub tip: Option<Oid>,
    /// Every task that the ledger knows.
    pub builds: BTreeMap<TaskId, Build>,
    /// Nothing starts, or one builder does not.
    pub pauses: Vec<Pause>,
    /// The clone that starts builds.
    pub runner: Option<String>,
    /// Exact texts that a person has approved.
    pub approvals: Vec<Approval>,
    /// What judges said, by the blob that they judged.
    pub judgements: BTreeMap<Oid, Judgement>,
    /// Days whose reports are in the tree.
    pub reported: BTreeSet<NaiveDate>,
    /// Mornings whose digests are in the tree.
    #[serde(default)]
    pub mornings: BTreeSet<NaiveDate>,
    /// The earliest time of any event.
    pub first: Option<DateTime<Utc>>,
    /// When the last event was written.
    pub last: Option<DateTime<Utc>>,
    /// The latest time of any event: a clock that is set back brings nothing back that had ended.
    pub latest: Option<DateTime<Utc>>,
    /// Events that did not hold where they stand.
    pub superseded: BTreeSet<Oid>,
}

/// What the ledger knows of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Where it stands.
    pub phase: Phase,
    /// Every run, in order.
    pub attempts: Vec<Run>,
    /// Failures of the work itself since the count was last fresh.
    pub failures: u32,
    /// What people said to the builder, for the next prompt.
    pub words: Vec<Word>,
}

/// Where a build stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing has run, or a person wants it run anew.
    Queued,
    /// The last run is alive, as far as the ledger knows.
    Building,
    /// The last run is over; the next one comes by itself.
    Waiting {
        /// Since when.
        since: DateTime<Utc>,
        /// For what.
        why: Wait,
    },
    /// The builder asks a person.
    Blocked {
        /// Since when.
        since: DateTime<Utc>,
        /// On one line.
        question: String,
    },
    /// Out of retries.
    Escalated {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Waits for a person's review.
    Review {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// In the base branch.
    Merged {
        /// When that was seen.
        at: DateTime<Utc>,
        /// How it came there.
        how: Merge,
        /// The task file was edited meanwhile; nobody has looked at that yet.
        edited: bool,
    },
    /// Over without a merge.
    Closed {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        reason: String,
        /// The text that is not built again.
        source: Option<Oid>,
    },
    /// Called off by a person.
    Cancelled {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        reason: String,
        /// The text that is not built again.
        source: Option<Oid>,
    },
}

/// Why a build runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wait {
    /// The work failed: after the delay, from `retry.from`.
    Failure,
    /// The builder itself failed: when it works again.
    Builder,
    /// The checks fail on the base too: when the base has moved.
    Base,
    /// A person stopped it: as soon as it may.
    Stopped,
    /// A person sent it back, or answered: at once, from the branch.
    Words,
}

/// One run of a builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The id of its `started`.
    pub id: String,
    /// What it began with.
    pub started: Started,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Tip of the queue branch then.
    pub queue: Option<Oid>,
    /// The last that it said of itself.
    pub progress: Option<Progress>,
    /// No sign of life since then, if that was recorded.
    pub stalled: Option<DateTime<Utc>>,
    /// How it ended, unless it runs.
    pub end: Option<End>,
}

/// What a run last said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// When.
    pub at: DateTime<Utc>,
    /// How much is done.
    pub percent: Percent,
    /// Its words.
    pub message: String,
    /// The newest commit.
    pub tip: Oid,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: Outcome,
    /// Summary, question, or last output: the event's body.
    pub text: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its checks passed.
    Succeeded(Succeeded),
    /// It did not end well.
    Failed {
        /// Whose fault.
        fault: Fault,
        /// On one line.
        reason: String,
        /// The work that is kept.
        tip: Option<Oid>,
        /// The commit on which the checks fail too, when that is the fault.
        base: Option<Oid>,
        /// What it used.
        usage: Usage,
        /// Every check that was run.
        checks: Vec<CheckResult>,
    },
    /// It asked a person.
    Blocked {
        /// On one line.
        question: String,
        /// The work so far.
        tip: Oid,
        /// What it used until then.
        #[serde(default)]
        spent: Spent,
    },
    /// A person called it off.
    Cancelled {
        /// On one line.
        reason: String,
    },
}

/// What a person said to a builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The run it was said about.
    pub attempt: Attempt,
    /// An answer to a question, or feedback from a review.
    pub answer: bool,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

/// A pause that stands until it is resumed or its time comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// The one builder that is meant; `None` means everything.
    pub builder: Option<String>,
    /// It ends by itself then.
    pub until: Option<DateTime<Utc>>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who.
    pub author: String,
}

/// A person's word on one exact text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Of the event; an approval counts only in the clone that wrote it.
    pub id: String,
    /// Which task.
    pub task: TaskId,
    /// Which blob.
    pub source: Oid,
    /// Who.
    pub author: String,
    /// The ledger commit, which may be signed.
    pub commit: Oid,
    /// Where the file lay; not noted by old events.
    pub path: Option<String>,
    /// The kinds of risk that were told; not noted by old events.
    pub risks: Option<Vec<String>>,
    /// It counts until then.
    pub until: Option<DateTime<Utc>>,
    /// Where the queue branch stood.
    pub queue: Option<Oid>,
}

impl Pause {
    /// Whether it has not ended by itself. A builder's is a guess of how long it cannot work, and
    /// outlives no clock that was wrong; a person has named a time on the clock.
    fn stands(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| match self.builder {
            Some(_) => patience::until(self.at, until, now),
            None => now < until,
        })
    }
}

impl Approval {
    /// What the clone that gave it remembers of it: an event's id alone is no secret, and
    /// anybody could write it under another text.
    pub fn record(&self) -> String {
        let exact = format!("{} {} {}", self.id, self.task, self.source);
        let Self { path, risks, until, queue, .. } = self;
        match (path, risks, until) {
            (None, None, None) => exact,
            _ => format!("{exact} {path:?} {risks:?} {until:?} {queue:?}"),
        }
    }
}

impl Default for Build {
    fn default() -> Self {
        Self { phase: Phase::Queued, attempts: Vec::new(), failures: 0, words: Vec::new() }
    }
}

impl Run {
    /// Its number.
    pub fn number(&self) -> Attempt {
        self.started.attempt
    }

    /// The newest commit that the ledger knows of it.
    pub fn tip(&self) -> Oid {
        let ended = self.end.as_ref().and_then(|end| match &end.outcome {
            Outcome::Succeeded(s) => Some(s.tip),
            Outcome::Failed { tip, .. } => *tip,
            Outcome::Blocked { tip, .. } => Some(*tip),
            Outcome::Cancelled { .. } => None,
        });
        ended.or(self.progress.as_ref().map(|p| p.tip)).unwrap_or(self.started.base)
    }

    /// Its checks passed: what it made is whole, and is in the refs.
    pub fn is_done(&self) -> bool {
        matches!(&self.end, Some(End { outcome: Outcome::Succeeded(_), .. }))
    }

    /// Its work holds the value of a secret: no branch is moved to it.
    pub fn holds_secret(&self) -> bool {
        let outcome = self.end.as_ref().map(|end| &end.outcome);
        matches!(outcome, Some(Outcome::Failed { fault: Fault::Secret, .. }))
    }

    /// What its agent says it has used; `None` when the ledger has no word on it. What needs no
    /// agent costs nothing.
    pub fn spent(&self) -> Option<Spent> {
        if self.started.builder == STEPS {
            let nothing = Spent { cost: Some(Cost::default()), ..Spent::default() };
            return self.end.as_ref().map(|_| nothing);
        }
        match &self.end.as_ref()?.outcome {
            Outcome::Succeeded(s) => Some(s.usage.spent.clone()),
            Outcome::Failed { usage, .. } => Some(usage.spent.clone()),
            Outcome::Blocked { spent, .. } => Some(spent.clone()),
            Outcome::Cancelled { .. } => None,
        }
    }

    /// Where the work goes on after a rejection or an answer.
    pub fn work(&self) -> Oid {
        match self.end.as_ref().map(|end| &end.outcome) {
            Some(Outcome::Succeeded(s)) => s.work,
            _ => self.tip(),
        }
    }
}

impl Build {
    /// The newest run.
    pub fn last(&self) -> Option<&Run> {
        self.attempts.last()
    }

    /// The number that the next run gets; numbers of one task never repeat.
    pub fn next(&self) -> Attempt {
        Attempt(self.last().map_or(0, |run| run.number().0) + 1)
    }

    /// The run that is alive, as far as the ledger knows.
    pub fn running(&self) -> Option<&Run> {
        self.last().filter(|_| self.phase == Phase::Building)
    }

    /// The text that is being built, waits, or is not to be built again.
    pub fn source(&self) -> Option<Oid> {
        match &self.phase {
            Phase::Closed { source: Some(source), .. }
            | Phase::Cancelled { source: Some(source), .. } => Some(*source),
            _ => self.last().map(|run| run.started.source),
        }
    }

    /// Merged, closed or cancelled.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Merged { .. } | Phase::Closed { .. } | Phase::Cancelled { .. })
    }
}

/// Why an event may not follow what the ledger says; `None` when it may. `run` is the attempt that
/// it speaks of, by the id of its `started`, where that is known.
pub fn refusal(ledger: &Ledger, kind: &Kind, run: Option<&str>) -> Option<String> {
    let task = kind.task().filter(|_| is_refused(ledger, kind, run))?;
    let phase = ledger.builds.get(task).map_or(&Phase::Queued, |build| &build.phase);
    let attempt = kind.attempt().map(|n| format!(" attempt {n}")).unwrap_or_default();
    Some(format!("`{}` of {task}{attempt} does not follow from `{}`", kind.name(), phase.name()))
}

/// The rule itself, without its words.
fn is_refused(ledger: &Ledger, kind: &Kind, run: Option<&str>) -> bool {
    let Some(task) = kind.task() else { return false };
    let fresh = Build::default();
    let build = ledger.builds.get(task).unwrap_or(&fresh);
    let current = build.last().map(Run::number);
    let phase = &build.phase;
    // A number alone may have been given twice, by clones that wrote at once.
    let same = run.is_none_or(|run| build.last().is_some_and(|last| last.id == run));
    let is_current = kind.attempt() == current;
    let allowed = match kind {
        Kind::Started(started) => {
            let here = ledger.runner.as_ref().is_none_or(|runner| *runner == started.runner);
            let free = matches!(phase, Phase::Queued | Phase::Waiting { .. }) || build.is_over();
            here && free && started.attempt == build.next()
        }
        Kind::Progressed { .. } | Kind::Stalled { .. } => *phase == Phase::Building && is_current,
        Kind::Succeeded(_) | Kind::Blocked { .. } => *phase == Phase::Building && is_current,
        Kind::Failed(_) => matches!(phase, Phase::Building | Phase::Review { .. }) && is_current,
        Kind::Escalated { .. } => {
            matches!(phase, Phase::Waiting { why: Wait::Failure, .. }) && is_current
        }
        Kind::Rejected { .. } => matches!(phase, Phase::Review { .. }) && is_current,
        Kind::Answered { .. } => matches!(phase, Phase::Blocked { .. }) && is_current,
        Kind::Clarified { source, .. } => {
            ledger.judgements.get(source).is_some_and(Judgement::asks)
        }
        Kind::Retried { .. } => *phase != Phase::Building && ledger.builds.contains_key(task),
        Kind::Merged { .. } => {
            let merged = matches!(phase, Phase::Merged { .. });
            !merged && *phase != Phase::Building && is_current
        }
        Kind::Closed { .. } => *phase != Phase::Building && !build.is_over(),
        Kind::Cancelled { .. } => {
            !matches!(phase, Phase::Closed { .. } | Phase::Cancelled { .. })
                && !matches!(phase, Phase::Merged { edited: false, .. })
        }
        _ => true,
    };
    !allowed || !same
}

impl Phase {
    /// The word that people see.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Building => "building",
            Self::Waiting { .. } => "waiting",
            Self::Blocked { .. } => "blocked",
            Self::Escalated { .. } => "escalated",
            Self::Review { .. } => "review",
            Self::Merged { .. } => "merged",
            Self::Closed { .. } => "closed",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl Ledger {
    /// Whether the queue, or one builder, is paused at `now`.
    pub fn pause(&self, builder: Option<&str>, now: DateTime<Utc>) -> Option<&Pause> {
        let stands = |pause: &&Pause| pause.stands(now);
        self.pauses.iter().filter(stands).find(|pause| pause.builder.as_deref() == builder)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::event::{Concern, Event, Failed, Judged, Opinion, Recorded, Started};

    /// A ledger from lines such as `09:01 parser failed` on one day; commits are counted.
    pub fn ledger(lines: &str) -> Ledger {
        let mut ledger = Ledger::default();
        recorded(lines).iter().for_each(|recorded| ledger.apply(recorded));
        ledger
    }

    /// The events that such lines stand for.
    pub fn recorded(lines: &str) -> Vec<Recorded> {
        let mut ledger = Ledger::default();
        let mut all = Vec::new();
        for (index, line) in lines.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate() {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default();
            let (time, task, what, rest) = (word(), word(), word(), word());
            let attempts =
                |id: &TaskId| ledger.builds.get(id).map_or(0, |b: &Build| b.attempts.len());
            let kind = kind(task, what, rest, &attempts);
            let recorded = Recorded {
                commit: number(index + 1),
                at: at(time),
                author: "Ada".into(),
                subject: kind.subject(),
                event: Event {
                    id: index.to_string(),
                    kind,
                    queue: None,
                    run: None,
                    body: rest.into(),
                },
            };
            ledger.apply(&recorded);
            all.push(recorded);
        }
        all
    }

    fn kind(task: &str, what: &str, rest: &str, attempts: &dyn Fn(&TaskId) -> usize) -> Kind {
        let Ok(task) = TaskId::new(task) else {
            return match what {
                "paused" => Kind::Paused { until: None, builder: None, reason: rest.into() },
                "resumed" => Kind::Resumed { builder: None },
                _ => Kind::Runner { runner: rest.into() },
            };
        };
        let count = u32::try_from(attempts(&task)).unwrap();
        let attempt = Attempt(count);
        let tip = number(1000 + attempts(&task));
        match what {
            "started" => Kind::Started(Started {
                attempt: Attempt(count + 1),
                runner: "here/1".into(),
                builder: rest.split(' ').nth(1).unwrap_or("steps").into(),
                source: source(rest),
                path: Some(format!("queue/{task}.md")),
                base: number(900),
                title: task.to_string(),
                estimate: None,
                upon: vec![],
                spawned: rest.contains("spawned"),
                task,
            }),
            "failed" => Kind::Failed(Failed {
                task,
                attempt,
                fault: match rest {
                    "base" => Fault::Base,
                    "builder" => Fault::Builder,
                    "person" => Fault::Person,
                    "secret" => Fault::Secret,
                    _ => Fault::Task,
                },
                reason: rest.into(),
                tip: Some(tip),
                base: Some(number(900)),
                usage: Usage { spent: spent(rest), ..Usage::default() },
                checks: vec![],
                resumes: None,
            }),
            "succeeded" => Kind::Succeeded(Succeeded {
                task,
                attempt,
                tip,
                work: tip,
                criteria: (1, 1),
                unticked: vec![],
                usage: Usage { spent: spent(rest), ..Usage::default() },
                checks: vec![],
                deliverables: vec![],
                next_steps: vec![],
            }),
            "blocked" => {
                let (question, spent) = (rest.into(), spent(rest));
                Kind::Blocked { task, attempt, tip, question, spent }
            }
            "escalated" => Kind::Escalated { task, attempt },
            "approved" => {
                let mut words = rest.split(' ');
                let blob = source(words.next().unwrap_or_default());
                let value = |key: &str| rest.split(' ').find_map(|word| word.strip_prefix(key));
                Kind::Approved {
                    task,
                    source: blob,
                    path: value("path=").map(str::to_owned),
                    risks: value("risk=").map(|kinds| {
                        kinds
                            .split(',')
                            .filter(|kind| !kind.is_empty())
                            .map(str::to_owned)
                            .collect()
                    }),
                    until: value("until=").map(at),
                }
            }
            "rejected" => Kind::Rejected { task, attempt },
            // `judged v1 clear`, `judged v1 destructive ?Which`, `judged v1 fault`; `clarified v1`
            "judged" => Kind::Judged(judged(task, rest)),
            "clarified" => Kind::Clarified { task, source: source(rest) },
            "answered" => Kind::Answered { task, attempt },
            "retried" => Kind::Retried { task, reason: rest.into() },
            "merged" => {
                Kind::Merged { task, attempt, commit: tip, how: Merge::Accepted, edited: false }
            }
            "closed" => Kind::Closed { task, reason: rest.into(), source: None },
            "cancelled" => Kind::Cancelled { task, reason: rest.into(), source: None },
            other => panic!("no such event: {other}"),
        }
    }

    /// `$1.50` among the words is what it cost.
    fn spent(words: &str) -> Spent {
        let mut costs = words.split(' ').filter_map(|word| word.strip_prefix('$'));
        let cost = costs.next().and_then(Cost::parse);
        Spent { tokens_in: None, tokens_out: None, cost }
    }

    fn judged(task: TaskId, words: &str) -> Judged {
        let words: Vec<_> = words.split(' ').skip(1).collect();
        let has = |word: &str| words.contains(&word);
        let concern =
            |kind: &&str| Concern { kind: (*kind).into(), words: "drop it".into(), quoted: true };
        let plain = |word: &&&str| !matches!(**word, "clear" | "fault") && !word.starts_with('?');
        let asked = words.iter().filter_map(|word| word.strip_prefix('?'));
        Judged {
            task,
            source: source("v1"),
            builder: "opus".into(),
            opinion: Opinion {
                clear: has("clear"),
                risks: words.iter().filter(plain).map(concern).collect(),
                questions: asked.map(str::to_owned).collect(),
            },
            fault: has("fault").then(|| "no answer".into()),
            until: None,
        }
    }

    /// The blob that stands for a text in these tables: `v1`, `v2`; nothing is `v1`.
    pub fn source(version: &str) -> Oid {
        let digits = version.strip_prefix('v').and_then(|v| v.split(' ').next());
        number(500 + digits.and_then(|v| v.parse().ok()).unwrap_or(1))
    }

    pub fn number(n: usize) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    /// `HH:MM` on the one day of these tables.
    pub fn at(time: &str) -> DateTime<Utc> {
        format!("2026-02-07T{time}:00Z").parse().unwrap()
    }

    fn phases(lines: &str) -> String {
        told(&ledger(lines))
    }

    fn told(ledger: &Ledger) -> String {
        let show = |(id, build): (&TaskId, &Build)| {
            format!(
                "{id}: {}, {} runs, {} failures",
                build.phase.name(),
                build.attempts.len(),
                build.failures
            )
        };
        ledger.builds.iter().map(show).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_build_lives_as_designed() {
        let table = [
            ("09:00 a started", "a: building, 1 runs, 0 failures"),
            ("09:00 a started\n09:01 a failed", "a: waiting, 1 runs, 1 failures"),
            ("09:00 a started\n09:01 a failed base", "a: waiting, 1 runs, 0 failures"),
            ("09:00 a started\n09:01 a failed secret", "a: escalated, 1 runs, 0 failures"),
            ("09:00 a started\n09:01 a succeeded", "a: review, 1 runs, 0 failures"),
            (
                "09:00 a started\n09:01 a succeeded\n09:02 a rejected no\n09:03 a started",
                "a: building, 2 runs, 0 failures",
            ),
            (
                "09:00 a started\n09:01 a blocked why?\n09:02 a answered so",
                "a: waiting, 1 runs, 0 failures",
            ),
            (
                "09:00 a started\n09:01 a failed\n09:02 a escalated\n09:03 a retried x",
                "a: queued, 1 runs, 0 failures",
            ),
            ("09:00 a started\n09:01 a cancelled no", "a: cancelled, 1 runs, 0 failures"),
            (
                "09:00 a started\n09:01 a succeeded\n09:02 a merged\n09:03 a started v2",
                "a: building, 2 runs, 0 failures",
            ),
        ];
        for (events, expected) in table {
            assert_eq!(phases(events), expected, "{events}");
        }
    }

    #[test]
    fn a_number_that_was_given_twice_is_one_attempt() {
        // Two clones began attempt 1 before their ledgers were merged; `run` is whose word it is.
        let events = "09:00 a started\n09:01 ? runner there/2\n09:02 a failed x";
        for (run, expected) in [
            (Some("0"), "waiting, 1 runs, 1 failures"),
            (Some("another"), "building, 1 runs, 0 failures"),
            // Written before runs were noted.
            (None, "waiting, 1 runs, 1 failures"),
        ] {
            let mut ledger = Ledger::default();
            for mut recorded in recorded(events) {
                if recorded.event.kind.name() == "failed" {
                    recorded.event.run = run.map(str::to_owned);
                }
                ledger.apply(&recorded);
            }
            assert_eq!(told(&ledger), format!("a: {expected}"), "{run:?}");
        }
    }

    #[test]
    fn what_does_not_follow_is_superseded() {
        for events in [
            "09:00 a started\n09:01 a started",
            "09:00 a started\n09:01 a succeeded\n09:02 a succeeded",
            "09:00 a started\n09:01 a cancelled x\n09:02 a succeeded",
            "09:00 a started\n09:01 a answered x",
            "09:00 a rejected x",
            "09:00 ? runner there/2\n09:01 a started",
        ] {
            let ledger = ledger(events);
            assert_eq!(ledger.superseded.len(), 1, "{events}");
        }
    }
}
