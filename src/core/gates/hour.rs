//! What the clock makes of a situation: as long as that stays the same, so do all rulings.

use chrono::{DateTime, NaiveDate, Utc};

use super::time;
use crate::core::calendar::Busy;
use crate::core::ledger::Pause;
use crate::core::night::Night;
use crate::core::plan::{self, Plan};
use crate::core::situation::Situation;
use crate::domain::config::STEPS;
use crate::domain::id::{Oid, TaskId};

/// Everything that a ruling takes from `now`, but for the moments that single tasks name: those
/// stand in the rulings.
#[derive(Clone, Debug, PartialEq)]
pub struct Hour {
    /// In the time zone of the queue: times of other days are told with their day.
    date: NaiveDate,
    /// When the windows that are closed open, for high, medium and low.
    opens: [Option<DateTime<Utc>>; 3],
    /// What this night has used.
    night: Night,
    /// Of the queue, then of each builder.
    pauses: Vec<Option<Pause>>,
    /// Meetings that run.
    meetings: Vec<Busy>,
    /// Approvals that have run out.
    over: Vec<Oid>,
    /// Builds whose retry is not due.
    early: Vec<TaskId>,
    /// The day whose report is due, and the morning whose digest is.
    report: (Option<NaiveDate>, Option<NaiveDate>),
    /// Whether there is too little room to start anything; how little, no plan that lasts says.
    full: bool,
}

impl Hour {
    /// As it is at the `now` of a situation.
    pub fn of(situation: Situation) -> Self {
        let Situation { ledger, seen, config, now, .. } = situation;
        let builders = config.builders.keys().map(String::as_str).chain([STEPS]);
        let pauses = std::iter::once(None).chain(builders.map(Some));
        let runs = |busy: &&Busy| busy.from <= now && now < busy.until;
        let approvals = ledger.approvals.iter();
        let over = approvals.filter(|one| one.until.is_some_and(|until| until <= now));
        let early =
            ledger.builds.iter().filter(|(_, build)| time::due(build, config, now).is_some());
        Self {
            date: now.with_timezone(&config.timezone).date_naive(),
            opens: time::windows(config).map(|window| time::opens(window, config, now)),
            night: Night::of(ledger, config.timezone, now),
            pauses: pauses.map(|builder| ledger.pause(builder, now).cloned()).collect(),
            meetings: seen.busy.iter().filter(runs).cloned().collect(),
            over: over.map(|approval| approval.commit).collect(),
            early: early.map(|(id, _)| id.clone()).collect(),
            report: (plan::report_due(situation), plan::morning_due(situation)),
            full: is_full(situation),
        }
    }
}

fn is_full(situation: Situation) -> bool {
    let least = situation.config.limits.free_disk;
    least.is_some_and(|least| situation.seen.room.is_some_and(|free| free < least))
}

/// Whether the same plan follows at a later `now` of the same hour, until the first moment that
/// the plan itself names. Not one that has something to do, and not one that says when somebody
/// looks again: that moves on with the clock.
pub fn lasts(situation: Situation, plan: &Plan) -> bool {
    let Situation { seen, config, .. } = situation;
    let waits = config.judge.is_some() || !seen.ending.is_empty() || is_full(situation);
    plan.actions.is_empty() && !waits
}
