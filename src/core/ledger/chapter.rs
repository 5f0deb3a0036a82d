//! What one stretch of history makes of a ledger: laid upon what stood before it, it gives what a
//! replay to its end gives. So a past day is known without all that came before it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Approval, Build, Judgement, Ledger, Pause};
use crate::domain::event::{Kind, Recorded};
use crate::domain::id::{Oid, TaskId};

/// Whatever a stretch has changed, as it stood at the end of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    tip: Option<Oid>,
    builds: BTreeMap<TaskId, Build>,
    pauses: Vec<Pause>,
    runner: Option<String>,
    /// Those that were added.
    approvals: Vec<Approval>,
    judgements: BTreeMap<Oid, Judgement>,
    reported: BTreeSet<NaiveDate>,
    mornings: BTreeSet<NaiveDate>,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    latest: Option<DateTime<Utc>>,
    superseded: BTreeSet<Oid>,
}

/// A ledger that is replayed, and what has been touched in it since the last stretch ended.
#[derive(Debug, Default)]
pub struct Chronicle {
    ledger: Ledger,
    tasks: BTreeSet<TaskId>,
    judged: BTreeSet<Oid>,
    reported: BTreeSet<NaiveDate>,
    mornings: BTreeSet<NaiveDate>,
    superseded: BTreeSet<Oid>,
    approvals: usize,
}

impl Chronicle {
    /// Goes on with what stands at the end of a stretch.
    pub fn after(ledger: Ledger) -> Self {
        let approvals = ledger.approvals.len();
        Self { ledger, approvals, ..Self::default() }
    }

    /// Takes in the next event of the ledger's order.
    pub fn take(&mut self, recorded: Recorded) {
        self.tasks.extend(recorded.event.kind.task().cloned());
        match &recorded.event.kind {
            Kind::Judged(judged) => _ = self.judged.insert(judged.source),
            Kind::Clarified { source, .. } => _ = self.judged.insert(*source),
            Kind::Reported { date } => _ = self.reported.insert(*date),
            Kind::Morning { date } => _ = self.mornings.insert(*date),
            _ => {}
        }
        let commit = recorded.commit;
        self.ledger.take(recorded);
        if self.ledger.superseded.contains(&commit) {
            self.superseded.insert(commit);
        }
    }

    /// Ends a stretch: what it has changed. The next one begins.
    pub fn cut(&mut self) -> Change {
        // Every field stands here, so that a new one is thought of.
        let Ledger {
            tip,
            builds,
            pauses,
            runner,
            approvals,
            judgements,
            reported: _,
            mornings: _,
            first,
            last,
            latest,
            superseded: _,
        } = &self.ledger;
        let change = Change {
            tip: *tip,
            builds: of_these(builds, &self.tasks),
            pauses: pauses.clone(),
            runner: runner.clone(),
            approvals: approvals.iter().skip(self.approvals).cloned().collect(),
            judgements: of_these(judgements, &self.judged),
            reported: std::mem::take(&mut self.reported),
            mornings: std::mem::take(&mut self.mornings),
            first: *first,
            last: *last,
            latest: *latest,
            superseded: std::mem::take(&mut self.superseded),
        };
        self.approvals = approvals.len();
        self.tasks.clear();
        self.judged.clear();
        change
    }
}

fn of_these<K: Ord + Clone, V: Clone>(
    all: &BTreeMap<K, V>,
    wanted: &BTreeSet<K>,
) -> BTreeMap<K, V> {
    wanted.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect()
}

impl Ledger {
    /// What stands after a stretch, on what stood before it.
    pub fn change(&mut self, change: Change) {
        self.tip = change.tip;
        self.builds.extend(change.builds);
        self.pauses = change.pauses;
        self.runner = change.runner;
        self.approvals.extend(change.approvals);
        self.judgements.extend(change.judgements);
        self.reported.extend(change.reported);
        self.mornings.extend(change.mornings);
        self.first = change.first;
        self.last = change.last;
        self.latest = change.latest;
        self.superseded.extend(change.superseded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::recorded;

    #[test]
    fn stretches_of_any_length_make_what_a_replay_makes() {
        let mut events = recorded(
            "09:00 ? runner here/1\n09:01 a judged v1 destructive ?Which\n09:02 a clarified v1\n\
             09:03 a approved v1\n09:04 a started v1 opus\n09:05 ? paused lunch\n\
             09:06 a failed builder\n09:07 b started\n09:08 b started\n09:09 ? resumed\n\
             09:10 b succeeded\n09:11 b rejected no\n09:12 b started\n09:13 b failed\n\
             09:14 b escalated\n09:15 b retried x\n09:16 b approved v2\n09:17 c started\n\
             09:18 c blocked why\n09:19 c answered so\n09:20 c started\n09:21 c succeeded\n\
             09:22 c merged\n09:23 c started v2\n09:24 c cancelled x\n09:25 d answered x",
        );
        let date = "2026-02-07".parse().unwrap();
        events[5].event.kind = Kind::Reported { date };
        events[9].event.kind = Kind::Morning { date };
        let mut whole = Ledger::default();
        events.iter().for_each(|event| whole.apply(event));
        assert!(whole.superseded.len() > 1 && whole.approvals.len() == 2);
        assert!(!whole.judgements.is_empty() && whole.reported.len() + whole.mornings.len() == 2);
        for length in 1..=events.len() {
            let (mut chronicle, mut laid) = (Chronicle::default(), Ledger::default());
            for stretch in events.chunks(length) {
                stretch.iter().for_each(|event| chronicle.take(event.clone()));
                laid.change(chronicle.cut());
                assert_eq!(laid, chronicle.ledger, "stretches of {length}");
                // Whoever goes on later, from what was laid, goes on in the same way.
                chronicle = Chronicle::after(laid.clone());
            }
            assert_eq!(laid, whole, "stretches of {length}");
        }
    }
}
