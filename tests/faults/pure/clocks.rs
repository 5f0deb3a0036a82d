//! A clock that is set by ten years either way, runs backwards, stands still, or is changed in the
//! night: what the plan makes of it. Nothing starts twice, nothing waits for ever, and the waker
//! sleeps for no longer than a day.

use chrono::{DateTime, TimeDelta, Utc};

use crate::core::ledger::tests::{at, source};
use crate::core::ledger::{Judgement, Phase};
use crate::core::overview::tests::{CLEAR, Desk, HIGH, id};
use crate::core::plan::{Action, plan};
use crate::domain::config::{Builder, Config, Judge};
use crate::domain::event::{Judged, Opinion};

const YEARS: TimeDelta = TimeDelta::days(3653);

/// What is due at a moment, in words; and when the waker is left for, from then on.
fn due(desk: &mut Desk, now: DateTime<Utc>) -> (String, Option<TimeDelta>) {
    desk.now = now;
    let plan = plan(desk.situation());
    let word = |action: &Action| match action {
        Action::Start(start) => format!("start {} {}", start.task, start.attempt),
        Action::Bury { task, .. } => format!("bury {task}"),
        Action::Escalate { task, .. } => format!("escalate {task}"),
        Action::Judge { task, .. } => format!("judge {task}"),
        Action::Report { .. } => "report".into(),
        other => format!("{other:?}"),
    };
    let words: Vec<_> = plan.actions.iter().map(word).collect();
    let hold = plan.verdicts.iter().flat_map(|v| v.holds().take(1).map(|(gate, _)| gate.name()));
    let told = words.into_iter().chain(hold.map(|gate| format!("hold {gate}")));
    (told.collect::<Vec<_>>().join(", "), plan.wake.map(|wake| wake - now))
}

/// Every row: the task, what has happened, and what is due then and after each step of the clock,
/// reports left out.
#[test]
fn the_plan_survives_every_step_of_the_clock() {
    let failed = "09:00 a started\n09:01 a failed x";
    let paused = "09:00 a started v1 steps\n09:01 a failed builder";
    let rows: [(&str, &str, [&str; 5]); 8] = [
        // Ten years back, an hour back, frozen at 09:02, an hour on, ten years on.
        (HIGH, "", ["start a 1"; 5]),
        (CLEAR, "", ["hold window"; 5]),
        // A retry that is not due holds for its own five minutes, and not for ten years.
        (HIGH, failed, ["start a 2", "start a 2", "hold retry", "start a 2", "start a 2"]),
        // A builder's pause likewise, for its half hour.
        (HIGH, paused, ["start a 2", "start a 2", "hold builder", "start a 2", "start a 2"]),
        // What runs is not doubled, and not ended.
        (HIGH, "09:00 a started", [""; 5]),
        // What a person has said stays said.
        (HIGH, "09:00 a started\n09:01 a succeeded", [""; 5]),
        (HIGH, "09:00 a started\n09:01 a blocked why?", [""; 5]),
        (HIGH, "09:00 ? paused x", ["hold runner"; 5]),
    ];
    let hour = TimeDelta::hours(1);
    for (text, events, expected) in rows {
        let steps = [-YEARS, -hour, TimeDelta::zero(), hour, YEARS];
        for (step, expected) in steps.into_iter().zip(expected) {
            let mut desk = Desk::new(&[("a", text)], events, "09:02");
            let (told, wake) = due(&mut desk, at("09:02") + step);
            let told = told.replace("report, ", "").replace("report", "");
            assert_eq!(told, expected, "{events:?}, {step}");
            let wake = wake.unwrap_or(hour);
            assert!(wake > TimeDelta::zero() && wake <= TimeDelta::hours(25), "{events:?}: {wake}");
        }
    }
}

#[test]
fn a_clock_that_stands_still_repeats_nothing() {
    let mut desk = Desk::new(&[("a", HIGH)], "09:00 a started\n09:01 a failed x", "09:06");
    assert_eq!(due(&mut desk, at("09:06")).0, "start a 2");
    let mut begun =
        Desk::new(&[("a", HIGH)], "09:00 a started\n09:01 a failed x\n09:06 a started", "09:06");
    for _ in 0..3 {
        assert_eq!(due(&mut begun, at("09:06")).0, "");
    }
}

#[test]
fn a_day_is_reported_though_a_wrong_clock_has_stored_later_ones() {
    let mut desk = Desk::new(&[], "09:00 a started\n09:01 a succeeded", "12:00");
    let evening = at("22:30");
    assert_eq!(due(&mut desk, evening).0, "report");
    desk.ledger.reported.insert((evening + YEARS).date_naive());
    assert_eq!(due(&mut desk, evening).0, "report");
    desk.ledger.reported.insert(evening.date_naive());
    assert_eq!(due(&mut desk, evening).0, "");
    // A clock that is set back by a day repeats no report.
    assert_eq!(due(&mut desk, evening - TimeDelta::days(1)).0, "");
}

#[test]
fn a_judge_that_failed_is_asked_again_whatever_the_clock_says() {
    let mut desk = Desk::new(&[("a", HIGH)], "", "09:00");
    let command = vec!["opus".into()];
    let (prompt, env, timeout) = Default::default();
    let builder = Builder { command, prompt, env, timeout, network: None };
    let timeout = std::time::Duration::from_secs(600);
    desk.config = Config {
        builders: [("opus".to_owned(), builder)].into(),
        judge: Some(Judge { builder: "opus".into(), timeout }),
        ..desk.config
    };
    let judged = Judged {
        task: id("a"),
        source: source("v1"),
        builder: "opus".into(),
        opinion: Opinion::default(),
        fault: Some("no answer".into()),
        until: Some(at("09:30")),
    };
    let judgement = Judgement { id: "1".into(), at: at("09:00"), judged, answers: Vec::new() };
    desk.ledger.judgements.insert(source("v1"), judgement);
    assert_eq!(due(&mut desk, at("09:29")).0, "hold judge");
    for now in [at("09:30"), at("09:00") - YEARS, at("09:00") + YEARS] {
        assert_eq!(due(&mut desk, now).0, "judge a, hold judge", "{now}");
    }
}

#[test]
fn an_approval_that_has_ended_stays_ended() {
    let low = "---\npriority: low\n---\nWrite hello.txt with a greeting.\n\n```sh\necho hi\n```";
    let approved = |later: &str| {
        let events = format!("08:00 a approved v1 until=10:00\n{later}");
        let mut desk = Desk::new(&[("a", low)], &events, "09:00");
        let given = desk.ledger.approvals[0].record();
        desk.seen.approvals.insert(given);
        due(&mut desk, at("09:00")).0
    };
    assert_eq!(approved(""), "start a 1");
    // Something was written after ten: the clock has been set back since.
    assert_eq!(approved("10:30 ? resumed"), "hold approval");
}

/// In a night in which the clock is changed a window opens once, and a build that has failed in
/// the hour that comes twice is tried again five minutes later.
#[test]
fn nights_in_which_the_clock_is_changed() {
    let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (from, to) in [
        ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
    ] {
        let mut desk = Desk::new(&[("a", CLEAR)], "", "09:00");
        let (mut now, mut openings, mut open) = (moment(from), 0, false);
        while now < moment(to) {
            let (told, wake) = due(&mut desk, now);
            assert!(wake.is_none_or(|wake| wake > TimeDelta::zero()), "{now}");
            let opens = told.contains("start a 1");
            openings += u32::from(opens && !open);
            open = opens;
            now += TimeDelta::minutes(1);
        }
        assert_eq!(openings, 1, "{from}");
        let mut desk = Desk::new(&[("a", CLEAR)], "09:00 a started\n09:01 a failed x", "09:00");
        let twice = moment(to) - TimeDelta::hours(11) - TimeDelta::minutes(3);
        let build = desk.ledger.builds.get_mut(&id("a")).unwrap();
        if let Phase::Waiting { since, .. } = &mut build.phase {
            *since = twice;
        }
        let told = |desk: &mut Desk, now| due(desk, now).0.replace("report, ", "");
        assert_eq!(told(&mut desk, twice + TimeDelta::minutes(4)), "hold retry", "{twice}");
        assert_eq!(told(&mut desk, twice + TimeDelta::minutes(5)), "start a 2", "{twice}");
    }
}
