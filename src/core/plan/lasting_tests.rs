//! A plan that lasts says what one made later would say, every five minutes.

use chrono::{DateTime, TimeDelta, Utc};

use super::tests::world;
use super::{Plan, first_moment, plan, wake_at};
use crate::core::calendar::Busy;
use crate::core::gates::{Hour, lasts};
use crate::core::judged::Judged;
use crate::core::ledger::tests::{at, ledger, number, source};
use crate::core::ledger::{Approval, Ledger, Pause};
use crate::core::situation::{Observations, Situation};
use crate::domain::config::Config;
use crate::domain::id::TaskId;

type Change = fn(&mut Ledger, &mut Observations, &mut Config);

struct Kept {
    hour: Hour,
    plan: Plan,
    first: Option<DateTime<Utc>>,
}

/// How often, in three days, an earlier plan served.
#[track_caller]
fn served(queue: &str, events: &str, change: Change) -> usize {
    let mut ledger = ledger(&format!("00:00 ? runner here/1\n{events}"));
    let (queue, mut seen) = world(queue);
    for (id, build) in &ledger.builds {
        seen.alive.extend(build.running().map(|_| id.clone()));
    }
    let mut config = Config::default();
    change(&mut ledger, &mut seen, &mut config);
    let (mut kept, mut served): (Option<Kept>, usize) = (None, 0);
    for item in queue.items.values() {
        let task = item.task.as_ref().unwrap();
        seen.judged.insert(item.id.clone(), Judged::read(item.blob, task));
    }
    for step in 0..3 * 24 * 12 {
        let now = at("12:00") + TimeDelta::minutes(5 * step);
        let (queue, ledger, seen, config) = (&queue, &ledger, &seen, &config);
        let situation = Situation { queue, ledger, seen, config, now, forced: None };
        let (fresh, hour) = (plan(situation), Hour::of(situation));
        let in_time = |kept: &&Kept| kept.first.is_none_or(|first| now < first);
        if let Some(old) = kept.as_ref().filter(|kept| kept.hour == hour).filter(in_time) {
            assert_eq!(fresh.actions, [], "{now}");
            assert_eq!(fresh.verdicts, old.plan.verdicts, "{now}");
            assert_eq!(fresh.wake, wake_at(situation, old.first, false), "{now}");
            served += 1;
            continue;
        }
        let first = first_moment(situation, &fresh);
        kept = lasts(situation, &fresh).then_some(Kept { hour, plan: fresh, first });
    }
    served
}

fn nothing(_: &mut Ledger, _: &mut Observations, _: &mut Config) {}

fn approved(ledger: &mut Ledger, seen: &mut Observations, until: &str) {
    let approval = Approval {
        id: "1".into(),
        task: TaskId::new("a").unwrap(),
        source: source("v1"),
        author: "Ada".into(),
        commit: number(7),
        path: None,
        risks: None,
        until: Some(at(until)),
        queue: None,
    };
    seen.approvals.insert(approval.record());
    ledger.approvals.push(approval);
}

#[test]
fn while_a_plan_lasts_a_later_one_is_the_same() {
    let cases: &[(&str, &str, Change)] = &[
        // Windows, their closing, and times that are told with their day or without.
        ("a: priority: medium\nb: priority: low", "", nothing),
        ("a: priority: medium; depends_on: [x]\nb: priority: low", "", nothing),
        ("a: priority: high; not_before: 2026-02-08 09:30; blockers: [x]", "", nothing),
        ("a: priority: low", "", |ledger, seen, _| approved(ledger, seen, "13:30")),
        ("a: priority: low; blockers: [x]", "", |ledger, seen, _| {
            approved(ledger, seen, "17:30");
        }),
        ("a: priority: high", "11:00 a started\n11:30 a failed exit=1", |_, _, config| {
            config.retry_delay = std::time::Duration::from_secs(7200);
        }),
        ("a: priority: high", "", |ledger, _, _| {
            let pause = |builder: Option<&str>, until| Pause {
                builder: builder.map(str::to_owned),
                until: Some(at(until)),
                reason: "by hand".into(),
                at: at("08:00"),
                author: "Ada".into(),
            };
            ledger.pauses = vec![pause(None, "14:00"), pause(Some("steps"), "15:00")];
        }),
        ("a: priority: high; blockers: [x]", "", |_, seen, _| {
            let busy = |title: &str, from, until| Busy {
                title: title.into(),
                from: at(from),
                until: at(until),
            };
            seen.busy = vec![busy("One", "13:00", "14:00"), busy("Two", "13:30", "15:30")];
        }),
        (
            "a: priority: high; blockers: [x]",
            "08:00 r started\n08:01 r succeeded",
            |_, _, config| {
                config.limits.builds_per_night = Some(0);
            },
        ),
        // One that runs: somebody looks every few minutes.
        ("a: priority: high", "08:00 r started", nothing),
        ("a: priority: high", "08:00 r started\n08:01 r succeeded", |_, _, config| {
            config.max_review = 1;
        }),
        ("a: priority: high", "", |ledger, _, _| ledger.runner = Some("there/2".into())),
    ];
    for (queue, events, change) in cases {
        let served = served(queue, events, *change);
        assert!(served > 10, "{queue} {events}: {served}");
    }
}

#[test]
fn a_plan_that_moves_on_with_the_clock_does_not_last() {
    assert_eq!(served("a: priority: high", "", nothing), 0, "it starts");
    let ending: Change = |_, seen, _| _ = seen.ending.insert(TaskId::new("a").unwrap());
    assert_eq!(served("a: priority: high", "", ending), 0, "looked at in 15 seconds");
    let full: Change = |_, seen, config| {
        (seen.room, config.limits.free_disk) = (Some(5), Some(6));
    };
    assert_eq!(served("a: priority: high", "", full), 0, "looked at in 10 minutes");
}
