//! Is a running attempt alive, stalled, or to be ended? And whose fault is its end?

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::ledger::{Ledger, Outcome, Run};
use crate::domain::event::Fault;
use crate::domain::id::TaskId;

/// A running build whose task file is gone is ended after this long: an id that comes back
/// sooner (a rebase, a switch to and fro) undoes it.
pub const GONE: TimeDelta = TimeDelta::minutes(10);
/// Recorded progress of one build is at least this far apart.
pub const PROGRESS_EVERY: TimeDelta = TimeDelta::minutes(10);
/// A run that fails sooner than this, with nothing done, may be the builder's fault.
pub const QUICK: Duration = Duration::from_secs(10);

/// What a look at a running attempt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// It shows signs of life.
    Alive,
    /// It has shown none for `stall.after`.
    Stalled,
    /// It has shown none for twice as long: it is to be ended.
    Lost,
}

/// Judges by the newest sign of life: a commit, output, or a change in the workspace.
pub fn pulse(last_sign: DateTime<Utc>, now: DateTime<Utc>, stall_after: Duration) -> Pulse {
    let silent = (now - last_sign).to_std().unwrap_or_default();
    if silent >= stall_after.saturating_mul(2) {
        Pulse::Lost
    } else if silent >= stall_after {
        Pulse::Stalled
    } else {
        Pulse::Alive
    }
}

/// What is known of a run that did not end well.
#[derive(Clone, Debug)]
pub struct Collapse<'a> {
    /// Whose.
    pub task: &'a TaskId,
    /// The builder's name.
    pub builder: &'a str,
    /// How long the builder ran.
    pub took: Duration,
    /// It changed nothing at all.
    pub idle: bool,
    /// Its command could not be started, or it named a limit or a login.
    pub unable: bool,
}

/// Whose fault it is: the builder's when it could not work, or when it ended within seconds
/// with nothing done, twice in a row on different tasks.
pub fn fault(ledger: &Ledger, collapse: &Collapse) -> Fault {
    if collapse.unable {
        return Fault::Builder;
    }
    if collapse.idle && collapse.took < QUICK && previous_was_quick(ledger, collapse) {
        return Fault::Builder;
    }
    Fault::Task
}

fn previous_was_quick(ledger: &Ledger, collapse: &Collapse) -> bool {
    let runs = ledger.builds.iter().flat_map(|(id, build)| {
        build.attempts.iter().filter_map(move |run| Some((id, run, run.end.as_ref()?.at)))
    });
    let same = runs.filter(|(_, run, _)| run.started.builder == collapse.builder);
    let Some((id, run, _)) = same.max_by_key(|(_, _, at)| *at) else { return false };
    id != collapse.task && was_quick(run)
}

fn was_quick(run: &Run) -> bool {
    let Some(end) = &run.end else { return false };
    match &end.outcome {
        Outcome::Failed { usage, tip, .. } => {
            usage.duration < QUICK && tip.is_none_or(|tip| tip == run.started.base)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, ledger};

    #[test]
    fn silence_is_a_stall_and_twice_the_silence_an_end() {
        let four = Duration::from_secs(4 * 3600);
        for (now, expected) in [
            ("09:00", Pulse::Alive),
            ("12:59", Pulse::Alive),
            ("13:00", Pulse::Stalled),
            ("16:59", Pulse::Stalled),
            ("17:00", Pulse::Lost),
        ] {
            assert_eq!(pulse(at("09:00"), at(now), four), expected, "{now}");
        }
        assert_eq!(pulse(at("09:00"), at("08:00"), four), Pulse::Alive);
    }

    #[test]
    fn two_quick_ends_on_different_tasks_are_the_builders_fault() {
        let task = TaskId::new("b").unwrap();
        let collapse = |idle, unable| Collapse {
            task: &task,
            builder: "steps",
            took: Duration::from_secs(1),
            idle,
            unable,
        };
        let quick = ledger("09:00 a started\n09:01 a failed person");
        let mut before = quick.clone();
        if let Some(Outcome::Failed { tip, .. }) = before
            .builds
            .values_mut()
            .find_map(|b| b.attempts[0].end.as_mut().map(|end| &mut end.outcome))
        {
            *tip = None;
        }
        assert_eq!(fault(&before, &collapse(true, false)), Fault::Builder);
        assert_eq!(fault(&before, &collapse(false, false)), Fault::Task);
        assert_eq!(fault(&ledger(""), &collapse(true, false)), Fault::Task);
        assert_eq!(fault(&ledger(""), &collapse(false, true)), Fault::Builder);
        let same = ledger("09:00 b started\n09:01 b failed");
        assert_eq!(fault(&same, &collapse(true, false)), Fault::Task);
    }
}
