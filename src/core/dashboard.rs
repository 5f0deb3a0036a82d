//! The dashboard: the overview, and beside it what a page has room for: builds in full, a timeline,
//! and numbers by day. Pure, and the same for the file, the live page and the status branch.

mod days;
mod still;
mod timeline;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ledger::{Build, Ledger, Phase};
use super::overview::{Detail, Overview, Standing, Why, how_it_ended};
use crate::domain::id::TaskId;

pub use days::{Day, days};
pub use still::still;
pub use timeline::{Timeline, timeline};

/// No page has room for more rows of a table.
pub const ROWS: usize = 500;

/// Everything that a page tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dashboard {
    /// What the repository is called.
    pub name: String,
    /// What `status` knows.
    pub overview: Overview,
    /// The newest attempts beside one another.
    pub timeline: Timeline,
    /// Entries of the overview's queue that are left out.
    pub queue_more: usize,
    /// Things that need a person and are left out.
    pub needs_more: usize,
    /// Builds in full, those first that somebody may look for first.
    pub builds: Vec<Card>,
    /// So many more are left out.
    pub older: usize,
    /// Numbers by day, the oldest first.
    pub days: Vec<Day>,
}

/// One build in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    /// What `show` knows of it.
    #[serde(flatten)]
    pub detail: Detail,
    /// The end of what was printed; empty where none of it is here.
    pub output: String,
}

/// Puts everything together.
pub fn dashboard(ledger: &Ledger, mut overview: Overview, name: String) -> Dashboard {
    let (now, zone) = (overview.at, overview.timezone);
    let queue_more = overview.queue.len().saturating_sub(ROWS);
    let needs_more = overview.needs_you.len().saturating_sub(ROWS);
    overview.queue.truncate(ROWS);
    overview.needs_you.truncate(ROWS);
    Dashboard {
        name,
        queue_more,
        needs_more,
        timeline: timeline(ledger, now),
        builds: Vec::new(),
        older: 0,
        days: days(ledger, now, zone),
        overview,
    }
}

/// The builds of a ledger in the order in which somebody may look for them: at work, waiting for a
/// person, and then by what happened last.
pub fn in_order(ledger: &Ledger) -> Vec<&TaskId> {
    let began = |build: &Build| Some(newest(build.last()?));
    let mut all: Vec<_> = ledger
        .builds
        .iter()
        .filter_map(|(task, build)| Some((rank(&build.phase), began(build)?, task)))
        .collect();
    all.sort_by(|a, b| (a.0, b.1, a.2).cmp(&(b.0, a.1, b.2)));
    all.into_iter().map(|(_, _, task)| task).collect()
}

/// When a run last told anything.
fn newest(run: &super::ledger::Run) -> DateTime<Utc> {
    run.end.as_ref().map_or(run.at, |end| end.at)
}

fn rank(phase: &Phase) -> u8 {
    match phase {
        Phase::Building => 0,
        Phase::Escalated { .. } | Phase::Blocked { .. } | Phase::Review { .. } => 1,
        _ => 2,
    }
}

/// Where the builds of a ledger stand, as one word and one sentence each, without a look at gates:
/// what a gate says of a task stands in the queue of the overview.
pub fn standings(ledger: &Ledger, view: &Overview) -> BTreeMap<TaskId, Why> {
    let mut all: BTreeMap<_, _> = ledger
        .builds
        .iter()
        .map(|(task, build)| {
            let said = build.last().map(how_it_ended).unwrap_or_default();
            let mut why = Why::new(task.as_str(), build.phase.name(), said);
            why.title = build.last().map_or(why.title, |run| run.started.title.clone());
            (task.clone(), why)
        })
        .collect();
    for entry in &view.queue {
        if let Some(why) = all.get_mut(&entry.task) {
            entry.standing.name().clone_into(&mut why.state);
        }
    }
    all
}

impl Standing {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Waiting => "waiting",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::ledger;

    #[test]
    fn who_may_be_looked_for_comes_first() {
        let ledger = ledger(
            "09:00 old started\n09:01 old succeeded\n09:02 old merged\n\
             09:03 review started\n09:04 review succeeded\n\
             09:05 new started\n09:06 new succeeded\n09:07 new merged\n09:08 runs started",
        );
        let order: Vec<_> = in_order(&ledger).into_iter().map(TaskId::as_str).collect();
        assert_eq!(order, ["runs", "review", "new", "old"]);
    }
}
