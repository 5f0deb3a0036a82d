//! Is a running attempt alive, stalled, or to be ended? And whose fault is its end?

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ledger::{Build, Ledger, Outcome, Run};
use crate::domain::event::Fault;
use crate::domain::id::{Attempt, Oid, TaskId};

/// A running build whose task file is gone is ended after this long: an id that comes back
/// sooner (a rebase, a switch to and fro) undoes it.
pub const GONE: Duration = Duration::from_secs(600);
/// Recorded progress of one build is at least this far apart.
pub const PROGRESS_EVERY: Duration = Duration::from_secs(600);
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

/// What a supervisor hears of its attempt.
///
/// Silence is counted in time that the supervisor has sat through, on a clock that runs only while
/// the machine does and that nobody sets: neither its sleep nor a step of the wall clock is
/// silence. What shows life bears times of the wall clock: so any change of them is a sign, also
/// one to an earlier time.
#[derive(Clone, Debug)]
pub struct Ear {
    began: DateTime<Utc>,
    marks: BTreeMap<&'static str, DateTime<Utc>>,
    heard: Duration,
}

impl Ear {
    /// Begins to listen: at a time of the wall clock, and of the other one.
    pub fn new(began: DateTime<Utc>, awake: Duration) -> Self {
        Self { began, marks: BTreeMap::new(), heard: awake }
    }

    /// A sign of life that needs no mark.
    pub fn sign(&mut self, awake: Duration) {
        self.heard = awake;
    }

    /// The newest change of one source. What was there before the attempt began is no sign.
    pub fn hear(&mut self, source: &'static str, mark: DateTime<Utc>, awake: Duration) {
        let is_sign = match self.marks.insert(source, mark) {
            Some(known) => mark != known,
            None => mark > self.began,
        };
        if is_sign {
            self.sign(awake);
        }
    }

    /// How long nothing was heard.
    pub fn silence(&self, awake: Duration) -> Duration {
        awake.saturating_sub(self.heard)
    }
}

/// Judges by the time since the last sign of life: a commit, output, or a change in the workspace.
pub fn pulse(silent: Duration, stall_after: Duration) -> Pulse {
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

/// The commit that an attempt's work is held against, to tell whether there is any: where it
/// begins; or, where that is the work of an earlier attempt of which nobody has judged yet, since its
/// builder, its base or a person was the reason that it ended, where that one began.
pub fn origin(build: &Build, attempt: Attempt, base: Oid, tip: &dyn Fn(&Run) -> Oid) -> Oid {
    let unjudged = |run: &Run| {
        let outcome = run.end.as_ref().map(|end| &end.outcome);
        let Some(Outcome::Failed { fault, .. }) = outcome else { return false };
        matches!(fault, Fault::Builder | Fault::Base | Fault::Person)
    };
    let earlier = build.attempts.iter().rev().filter(|run| run.number() < attempt);
    let mut origin = base;
    for run in earlier.take_while(|run| unjudged(run)) {
        if tip(run) != origin {
            break;
        }
        origin = run.started.base;
    }
    origin
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
        for (hours, expected) in [
            (0.0, Pulse::Alive),
            (3.99, Pulse::Alive),
            (4.0, Pulse::Stalled),
            (7.99, Pulse::Stalled),
            (8.0, Pulse::Lost),
        ] {
            let silent = Duration::from_secs_f64(hours * 3600.0);
            assert_eq!(pulse(silent, four), expected, "{hours}");
        }
    }

    #[test]
    fn a_clock_that_is_set_is_neither_silence_nor_a_sign() {
        let years = chrono::TimeDelta::days(3653);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let mut ear = Ear::new(at("09:00"), minutes(0));
        ear.hear("workspace", at("08:59"), minutes(1));
        assert_eq!(ear.silence(minutes(1)), minutes(1), "it was there before");
        ear.hear("output", at("09:02"), minutes(2));
        assert_eq!(ear.silence(minutes(3)), minutes(1));
        // The clock goes back by ten years, and what is written bears its time.
        ear.hear("output", at("09:04") - years, minutes(4));
        assert_eq!(ear.silence(minutes(5)), minutes(1));
        // Nothing new is no sign, whatever the clock says now.
        ear.hear("output", at("09:04") - years, minutes(6));
        assert_eq!(ear.silence(minutes(8)), minutes(4));
        ear.sign(minutes(9));
        assert_eq!(ear.silence(minutes(9)), minutes(0));
        assert_eq!(ear.silence(minutes(7)), minutes(0), "time that runs backwards is none");
    }

    #[test]
    fn work_that_nobody_has_judged_is_held_against_where_it_began() {
        let base = |n: usize| crate::core::ledger::tests::number(n);
        for (end, expected) in [
            ("failed builder", 1),
            ("failed base", 1),
            ("failed person", 1),
            ("failed", 7),
            ("cancelled", 7),
        ] {
            let mut ledger = ledger(&format!("09:00 a started\n09:01 a {end}"));
            let build = ledger.builds.values_mut().next().unwrap();
            build.attempts[0].started.base = base(1);
            let origin = |at, tip| origin(build, Attempt(2), base(at), &|_| base(tip));
            assert_eq!(origin(7, 7), base(expected), "{end}");
            assert_eq!(origin(7, 8), base(7), "{end}: it begins elsewhere");
        }
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
