//! What bounds starts: meetings, reviews, a night's limits, what runs beside, what comes before.

use super::tests::{plan_of, planned};
use crate::core::calendar::Busy;
use crate::core::ledger::tests::at;
use crate::core::situation::Observations;
use crate::domain::config::{Config, Depends};
use crate::domain::cost::Cost;
use crate::domain::id::TaskId;

/// A person wants `a` started at once.
fn forced(
    queue: &str,
    events: &str,
    now: &str,
    change: impl FnOnce(&mut Observations, &mut Config),
) -> String {
    planned(queue, events, now, (change, Some(&TaskId::new("a").unwrap())))
}

#[test]
fn a_meeting_holds_retries_too_but_no_persons_word() {
    let meeting = |seen: &mut Observations, _: &mut Config| {
        let busy = |title: &str, from, until| Busy {
            title: title.into(),
            from: at(from),
            until: at(until),
        };
        seen.busy = vec![busy("Short", "08:30", "09:15"), busy("Long", "08:00", "09:30")];
    };
    let held = "hold a: calendar: `Long` until 09:30\nwake 09:30";
    assert_eq!(plan_of("a: priority: high", "", "09:00", meeting), held);
    assert_eq!(plan_of("a: priority: high", "", "09:30", meeting), "start a 1");
    assert_eq!(plan_of("a: priority: high", "", "07:59", meeting), "start a 1");
    let failed = "08:00 a started\n08:01 a failed exit 1";
    assert_eq!(plan_of("a: priority: high", failed, "09:00", meeting), held);
    assert_eq!(forced("a: priority: high", "", "09:00", meeting), "start a 1");
}

#[test]
fn too_many_reviews_hold_and_are_named() {
    let events = "08:00 r started\n08:01 r succeeded\n08:02 q started\n08:03 q succeeded";
    let most = |most| move |_: &mut Observations, config: &mut Config| config.max_review = most;
    let held = "hold a: capacity: `r`, `q` wait for review, and `max_review` is 2";
    assert_eq!(plan_of("a: priority: high", events, "09:00", most(2)), held);
    assert_eq!(plan_of("a: priority: high", events, "09:00", most(3)), "start a 1");
    assert_eq!(forced("a: priority: high", events, "09:00", most(2)), "start a 1");
    let rejected = format!("{events}\n08:30 q rejected no");
    assert_eq!(plan_of("a: priority: high", &rejected, "09:00", most(2)), "start a 1");
}

#[test]
fn a_nights_limits_hold_until_noon() {
    let builds = |_: &mut Observations, config: &mut Config| {
        config.max_parallel = 9;
        config.limits.builds_per_night = Some(2);
    };
    let one = "08:00 x started\n08:01 x failed\n08:02 y started v1 steps spawned\n08:03 y failed";
    let words = "2 of 2 builds of this night have started (`limits.builds_per_night`); again 12:00";
    let (queue, three) = ("a: priority: high", "a: priority: high\nb: priority: high");
    assert_eq!(plan_of(queue, one, "09:00", builds), "start a 1");
    // What is planned before it counts as well.
    let held = format!("start a 1\nhold b: capacity: {words}");
    assert_eq!(plan_of(three, one, "09:00", builds), held);
    let two = format!("{one}\n08:10 z started\n08:11 z failed");
    let held = format!("hold a: capacity: {words}\nwake 12:00");
    assert_eq!(plan_of(queue, &two, "09:00", builds), held);
    assert_eq!(plan_of(queue, &two, "12:00", builds), "start a 1");
    assert_eq!(forced(queue, &two, "09:00", builds), "start a 1");
}

#[test]
fn a_nights_cost_holds_until_noon() {
    let cost = |_: &mut Observations, config: &mut Config| {
        config.limits.cost_per_night = Cost::parse("5");
    };
    let events = |last: &str| {
        format!(
            "08:00 x started v1 opus\n08:01 x failed $2.50\n08:02 y started v1 opus\n\
             08:03 y failed\n08:04 z started v1 opus\n08:05 z failed {last}"
        )
    };
    let queue = "a: priority: high";
    assert_eq!(plan_of(queue, &events("$2.49"), "09:00", cost), "start a 1");
    let held = "hold a: capacity: this night has cost 5.00 of 5.00 US dollars \
                (`limits.cost_per_night`), and 1 attempt told no cost; again 12:00\nwake 12:00";
    assert_eq!(plan_of(queue, &events("$2.50"), "09:00", cost), held);
    assert_eq!(plan_of(queue, &events("$2.50"), "12:00", cost), "start a 1");
    assert_eq!(forced(queue, &events("$2.50"), "09:00", cost), "start a 1");
}

#[test]
fn what_a_running_build_has_changed_counts_as_well() {
    let two = |seen: &mut Observations, config: &mut Config| {
        config.max_parallel = 3;
        let paths = vec!["docs/a.md".to_owned(), "src/lib.rs".to_owned()];
        seen.changed.insert(TaskId::new("r").unwrap(), paths);
    };
    let queue = "a: priority: high; touches: [src]\nb: priority: high; touches: [\"lib/**\"]\n\
                 c: priority: high";
    assert_eq!(
        plan_of(queue, "08:00 r started", "09:00", two),
        "start b 1\nstart c 1\n\
         hold a: conflict: it touches `src`, and `r` has changed `src/lib.rs`"
    );
    // One that has ended holds nobody up.
    let ended = "08:00 r started\n08:30 r succeeded";
    assert_eq!(plan_of(queue, ended, "09:00", two), "start a 1\nstart b 1\nstart c 1");
}

#[test]
fn a_dependency_is_told_as_it_stands() {
    for (events, reason) in [
        ("08:00 a started", "`a` is being built"),
        ("08:00 a started\n08:01 a failed", "`a` waits for its next attempt"),
        ("08:00 a started\n08:01 a failed\n08:02 a escalated", "`a` has failed and needs a person"),
        ("08:00 a started\n08:01 a blocked which one?", "`a` asks a person: which one?"),
        ("08:00 a cancelled no", "`a` was cancelled"),
        ("08:00 a closed by hand", "`a` was closed"),
    ] {
        let merged = |_: &mut Observations, config: &mut Config| {
            (config.depends, config.max_parallel) = (Depends::Merged, 9);
        };
        let plan = plan_of("b: priority: high; depends_on: [a]", events, "08:03", merged);
        let held = format!("hold b: depends: {reason}");
        assert!(plan.lines().any(|line| line == held), "{held}\n{plan}");
    }
    let merged = |_: &mut Observations, config: &mut Config| config.depends = Depends::Merged;
    let review = "08:00 a started\n08:01 a succeeded";
    let plan = plan_of("b: priority: high; depends_on: [a]", review, "08:03", merged);
    assert_eq!(plan, "hold b: depends: `a` waits for review");
}
