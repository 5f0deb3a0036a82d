//! The small part of a long ledger that a look needs where no task is ruled on: builds that are open
//! and those that something happened to lately. Of the others it says nothing.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Build, Ledger, Phase};

/// Builds of this span, up to the last event, are kept whatever became of them.
const YOUNG: TimeDelta = TimeDelta::days(7);
/// What a look asks of builds that are over lies no further back than this: a night is a day long.
const REACH: TimeDelta = TimeDelta::days(2);

/// A ledger without the builds that have long been over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lean {
    /// All else is as in the whole one.
    pub ledger: Ledger,
    /// Builds that were left out had ended by then.
    since: Option<DateTime<Utc>>,
}

impl Lean {
    /// Of a whole ledger.
    pub fn of(whole: &Ledger) -> Self {
        let since = whole.latest.map(|latest| latest - YOUNG);
        let kept = |build: &Build| since.is_none_or(|since| is_kept(build, since));
        let builds = whole.builds.iter().filter(|(_, build)| kept(build));
        let ledger = Ledger {
            builds: builds.map(|(id, build)| (id.clone(), build.clone())).collect(),
            tip: whole.tip,
            pauses: whole.pauses.clone(),
            runner: whole.runner.clone(),
            approvals: whole.approvals.clone(),
            judgements: whole.judgements.clone(),
            reported: whole.reported.clone(),
            mornings: whole.mornings.clone(),
            first: whole.first,
            last: whole.last,
            latest: whole.latest,
            superseded: whole.superseded.clone(),
        };
        Self { ledger, since }
    }

    /// Whether it says at that time all that the whole one says to a look without tasks.
    pub fn is_enough(&self, now: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| now - REACH > since)
    }
}

fn is_kept(build: &Build, since: DateTime<Utc>) -> bool {
    let ended = match &build.phase {
        Phase::Merged { at, edited: false, .. }
        | Phase::Closed { at, .. }
        | Phase::Cancelled { at, .. } => *at,
        _ => return true,
    };
    let young = |at: DateTime<Utc>| at >= since;
    let runs = || build.attempts.iter().any(|run| young(run.at) || run.end.is_none());
    young(ended)
        || runs()
        || build.attempts.iter().any(|run| run.end.as_ref().is_some_and(|end| young(end.at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, ledger};

    #[test]
    fn what_is_open_or_young_is_kept() {
        let whole = ledger(
            "09:00 a started\n09:01 a succeeded\n09:02 a merged\n\
             09:03 b started\n09:04 b failed\n09:05 c started",
        );
        assert_eq!(Lean::of(&whole).ledger, whole);
        let mut old = whole.clone();
        old.latest = old.latest.map(|latest| latest + TimeDelta::days(8));
        let lean = Lean::of(&old);
        let names: Vec<_> = lean.ledger.builds.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["b", "c"]);
        assert_eq!((lean.ledger.tip, &lean.ledger.pauses), (whole.tip, &whole.pauses));
        assert!(lean.is_enough(at("09:00") + TimeDelta::days(8)));
        // A clock that is set back far asks of times of which it says nothing.
        assert!(!lean.is_enough(at("09:00") + TimeDelta::days(2)));
    }
}
