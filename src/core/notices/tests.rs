//! From events and queues, as tables, to what is told.

use super::*;
use crate::core::ledger::Ledger;
use crate::core::ledger::tests::recorded;
use crate::core::overview::tests::Desk;
use crate::core::plan;
use crate::domain::config::Config;

const NOTIFY: &str = "notify: {a: {desktop: true, on: [all]}}\nreport: {morning: \"07:00\"}\ntimezone: UTC\nbuilder: opus\nbuilders: {opus: {command: [opus]}}";

fn config(yaml: &str) -> Config {
    crate::domain::config::parse("f", yaml.as_bytes()).unwrap().0
}

/// What is news of a world, one line each.
fn news(memory: &mut Memory, desk: &Desk, events: &[Recorded]) -> Vec<String> {
    let here = desk.situation();
    let plan = plan::plan(here);
    let look = Look { here, plan: &plan, events, repository: "repo" };
    let line = |notice: Notice| {
        let text = notice.text.lines().next().unwrap_or_default().to_owned();
        let command = notice.command.unwrap_or_default();
        format!("{} {} | {text} | {command}", notice.on.name(), notice.title)
    };
    memory.news(&look).into_iter().map(line).collect()
}

fn desk(tasks: &[(&str, &str)], events: &str, now: &str) -> (Desk, Vec<Recorded>) {
    let mut desk = Desk::new(tasks, events, now);
    desk.config = config(NOTIFY);
    let all = recorded(&format!("07:00 ? runner here/1\n{events}"));
    desk.ledger = Ledger::default();
    all.iter().for_each(|it| desk.ledger.apply(it));
    (desk, all)
}

const GOOD: &str = "---\npriority: high\n---\nWrite result.txt.\n\n## Completion criteria\n- [ ] result.txt is there";

#[test]
fn every_kind_of_event_is_told_in_its_own_words() {
    let begin = "";
    let (first, events) = desk(&[("x", GOOD)], begin, "08:00");
    let mut memory = Memory::default();
    // What stands when the first look is taken is the caller's to throw away.
    let _ = news(&mut memory, &first, &events);
    let happened =
        "09:00 x started\n09:10 x failed exit 1\n09:15 x started\n09:40 x succeeded well done";
    let (now, events) = desk(&[("x", GOOD)], happened, "10:00");
    let told = news(&mut memory, &now, &events);
    let kinds: Vec<_> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["started", "failed", "started", "review"], "{told:#?}");
    assert!(told[3].starts_with("review Ready for review: x |"), "{told:#?}");
    assert!(told[3].ends_with("| buildq review x"), "{told:#?}");
    assert_eq!(news(&mut memory, &now, &events), [""; 0], "it is told once");
}

#[test]
fn a_rewritten_ledger_tells_nothing_twice() {
    let happened = "09:00 x started\n09:40 x succeeded well";
    let (now, events) = desk(&[("x", GOOD)], happened, "10:00");
    let mut memory = Memory::default();
    let _ = news(&mut memory, &now, &events);
    // The same events, in other commits, in another order, and one more.
    let (mut again, mut events) =
        desk(&[("x", GOOD)], &format!("{happened}\n09:50 x rejected no"), "10:00");
    for (index, recorded) in events.iter_mut().enumerate() {
        recorded.commit = crate::core::ledger::tests::number(5000 + index);
    }
    again.ledger.tip = Some(crate::core::ledger::tests::number(5999));
    assert_eq!(news(&mut memory, &again, &events), [""; 0]);
    // And what comes in days later is no news.
    let text = serde_json::to_string(&memory).unwrap();
    let back: Memory = serde_json::from_str(&text).unwrap();
    assert_eq!(back, memory);
}

#[test]
fn tasks_are_told_when_they_come_and_when_they_wait_for_a_person() {
    let (first, events) = desk(&[("x", GOOD)], "", "08:00");
    let mut memory = Memory::default();
    let _ = news(&mut memory, &first, &events);
    let vague = "---\npriority: high\n---\nMake it better";
    let (now, events) = desk(&[("x", GOOD), ("y", vague)], "", "08:01");
    let told = news(&mut memory, &now, &events);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("queued Queued: Y |") || told[0].starts_with("queued Queued: y |"),
        "{told:#?}"
    );
    assert!(told[1].starts_with("held Held: ") && told[1].contains("clear: "), "{told:#?}");
    assert_eq!(news(&mut memory, &now, &events), [""; 0]);
    // The same text is told once more only after it was not held for a while.
    let (better, events) = desk(&[("x", GOOD), ("y", GOOD)], "", "08:02");
    assert_eq!(news(&mut memory, &better, &events), [""; 0]);
}

#[test]
fn a_builder_that_cannot_work_is_told_once() {
    let mut down = BTreeSet::new();
    let (now, mut events) =
        desk(&[("x", GOOD)], "09:00 x started\n09:01 x failed no login", "10:00");
    if let crate::domain::event::Kind::Failed(end) = &mut events[2].event.kind {
        end.fault = crate::domain::event::Fault::Builder;
    }
    let here = now.situation();
    let plan = plan::plan(here);
    let look = Look { here, plan: &plan, events: &events, repository: "repo" };
    let first = tell::event(&look, &events[2], &mut down).unwrap();
    assert_eq!((first.on, first.title.as_str()), (Topic::Paused, "The builder steps cannot work"));
    assert_eq!(tell::event(&look, &events[2], &mut down), None);
    // Whoever has finished something works.
    let done = recorded("07:00 ? runner here/1\n09:00 x started\n09:30 x succeeded well");
    let review = tell::event(&look, &done[2], &mut down).unwrap();
    assert!(down.is_empty() && review.on == Topic::Review, "{review:?}");
    let mut said = done[1].clone();
    said.event.kind = crate::domain::event::Kind::Progressed {
        task: TaskId::new("x").unwrap(),
        attempt: Attempt(1),
        percent: Percent::of(2, 5),
        message: "the parser works".into(),
        tip: crate::core::ledger::tests::number(9),
    };
    let progress = tell::event(&look, &said, &mut down).unwrap();
    assert_eq!((progress.title.as_str(), progress.text.as_str()), ("40%: x", "the parser works"));
}
