//! Overviews of small worlds, also for the tests of the pages.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::*;
use crate::core::ledger::tests::{at, ledger, number, source};
use crate::core::queue::{Content, File, read};
use crate::core::situation::Origin;
use crate::domain::config::Config;
use crate::domain::event::CheckResult;

/// A small world at one moment.
pub struct Desk {
    /// What there is to do.
    pub queue: Queue,
    /// What has been done.
    pub ledger: Ledger,
    /// What the world looks like.
    pub seen: Observations,
    /// What is wanted.
    pub config: Config,
    /// The time.
    pub now: DateTime<Utc>,
}

/// An id.
pub fn id(text: &str) -> TaskId {
    TaskId::new(text).unwrap()
}

impl Desk {
    /// Tasks are `id@v1 front matter, in lines | text`; one that is left out of the queue is not
    /// named. Everything was made here and is trusted.
    pub fn new(tasks: &[(&str, &str)], events: &str, now: &str) -> Self {
        let file = |(name, text): &(&str, &str)| {
            let (name, version) = name.split_once('@').unwrap_or((name, "v1"));
            let bytes = format!("{text}\n").into_bytes();
            let blob = source(version);
            File { path: format!("queue/{name}.md"), blob, content: Content::Bytes(bytes) }
        };
        let queue = read(Some(number(77)), "queue", tasks.iter().map(file).collect());
        let origin = |id: &TaskId| {
            let origin =
                Origin { doubt: None, commit: number(1), author: "Ada".into(), added: at("08:00") };
            (id.clone(), origin)
        };
        let ledger = ledger(&format!("07:00 ? runner here/1\n{events}"));
        let seen = Observations {
            here: "here/1".into(),
            trust: Trust::Trusted,
            origins: queue.items.keys().map(origin).collect(),
            base: Some(("main".into(), number(900))),
            alive: ledger.builds.keys().cloned().collect(),
            ..Observations::default()
        };
        let config = Config { timezone: chrono_tz::Europe::Berlin, ..Config::default() };
        Self { queue, ledger, seen, config, now: at(now) }
    }

    /// What the planner wants to know.
    pub fn situation(&self) -> Situation<'_> {
        let Self { queue, ledger, seen, config, now } = self;
        Situation { queue, ledger, seen, config, now: *now, forced: None }
    }

    /// With a healthy machine.
    pub fn view(&self, live: &[(&str, u8, &str, &str)]) -> Overview {
        let live = live.iter().map(|(task, percent, message, sign)| {
            let percent = Percent::new(*percent).unwrap();
            let message = (*message).to_owned();
            (id(task), Live { percent, message, last_sign: at(sign), alive: Some(true) })
        });
        let machine = Machine {
            queue_branch: "main".into(),
            head: Some("main".into()),
            awake: true,
            last_sync: Some(self.now),
            disk_free: Some(12 << 30),
            ..Machine::default()
        };
        overview(self.situation(), &live.collect(), machine)
    }
}

/// A task that passes every gate but the window.
pub const CLEAR: &str = "Write hello.txt with a greeting.\n\n```sh\necho hi > hello.txt\n```";
/// One that starts at any time.
pub const HIGH: &str =
    "---\npriority: high\n---\nWrite hello.txt with a greeting.\n\n```sh\necho hi\n```";

fn told(view: &Overview) -> String {
    let needs = view
        .needs_you
        .iter()
        .map(|it| format!("{}: {} -> {}", it.subject, it.sentence, it.command));
    let queue = view.queue.iter().map(|it| {
        let gates: Vec<_> = it.holds.iter().map(|hold| hold.gate.name()).collect();
        format!("{} {:?} {}", it.task, it.standing, gates.join(","))
    });
    needs.chain(queue).collect::<Vec<_>>().join("\n")
}

fn check(tasks: &[(&str, &str)], events: &str, expected: &str) {
    assert_eq!(told(&Desk::new(tasks, events, "12:00").view(&[])), expected, "{events}");
}

#[test]
fn escalations_and_questions_come_first_reviews_after_holds_last() {
    let risky = "---\npriority: high\n---\nDeploy to production.\n\n```sh\ntrue\n```";
    let tasks = [("a", HIGH), ("b", HIGH), ("c", HIGH), ("d", risky)];
    let events = "09:00 a started\n09:01 a succeeded\n\
                  09:02 b started\n09:03 b blocked which key?\n\
                  09:04 c started\n09:05 c failed exit 1\n09:06 c escalated";
    check(
        &tasks,
        events,
        "c: failed once and is out of retries: exit 1 -> buildq show c\n\
         b: asks: which key? -> buildq answer b \"…\"\n\
         a: waits for your review, 1 of 1 criterion ticked, no checks configured -> buildq review a\n\
         d: is held by `risk`: production: \"Deploy\" -> buildq approve d\n\
         d Held risk",
    );
}

#[test]
fn what_opens_by_itself_needs_nobody() {
    check(&[("a", CLEAR)], "", "a Queued window");
    check(&[("a", HIGH), ("b", HIGH)], "09:00 a started", "b Queued capacity");
    check(&[("a", HIGH)], "11:58 a started\n11:59 a failed exit 1", "a Waiting retry");
    let after = "---\npriority: high\ndepends_on: [a]\n---\nWrite b.txt too.\n\n```sh\ntrue\n```";
    check(&[("a", HIGH), ("b", after)], "09:00 a started", "b Queued depends,capacity");
    check(
        &[("b", after)],
        "",
        "b: is held by `depends`: `a` is neither in the queue nor done -> \
         ${EDITOR:-vi} queue/b.md && git commit -m \"Mend it\" queue/b.md\nb Held depends",
    );
}

#[test]
fn what_stops_the_whole_queue_is_told_once() {
    let mut desk = Desk::new(&[("a", HIGH), ("b", HIGH)], "11:00 ? paused lunch", "12:00");
    assert_eq!(
        told(&desk.view(&[])),
        "the queue: is paused by Ada: lunch; nothing starts -> buildq resume\n\
         a Queued runner\nb Queued runner"
    );
    desk.seen.trust = Trust::Changed(vec![crate::core::trusted::Change::of("buildq.yaml")]);
    let view = desk.view(&[]);
    let kinds: Vec<_> = view.needs_you.iter().map(|need| need.kind).collect();
    assert_eq!(kinds, [NeedKind::Config, NeedKind::Paused]);
    assert_eq!((view.counts.held, view.counts.queued), (2, 0));
}

#[test]
fn a_clone_that_watches_sees_what_the_runner_sees() {
    let events = "09:00 a started\n09:01 a succeeded\n11:58 b started\n11:59 b failed exit 1";
    let tasks = [("a", HIGH), ("b", HIGH), ("c", CLEAR)];
    let mut desk = Desk::new(&tasks, events, "12:00");
    let runner = desk.view(&[]);
    desk.seen = Observations {
        base: desk.seen.base.clone(),
        origins: desk.seen.origins.clone(),
        ..Observations::default()
    };
    desk.seen
        .origins
        .values_mut()
        .for_each(|origin| origin.doubt = Some(crate::core::situation::Doubt::Elsewhere));
    let watcher = desk.view(&[]);
    assert_eq!(told(&runner), told(&watcher));
    assert_eq!(runner.counts, watcher.counts);
    assert!(!watcher.health.runs_here && watcher.health.here.is_none());
    assert_eq!(watcher.health.config, "never");
}

#[test]
fn a_file_that_was_edited_since_is_told() {
    let events = "09:00 a started\n09:01 a succeeded\n09:02 b started";
    let view = Desk::new(&[("a@v2", HIGH), ("c", CLEAR)], events, "12:00").view(&[]);
    assert_eq!(view.review[0].file, FileState::Changed);
    assert_eq!(view.running[0].file, FileState::Gone);
    assert!(view.needs_you[0].sentence.ends_with("the edit is not in it"));
}

#[test]
fn a_dead_supervisor_and_a_stall_need_a_person() {
    let mut desk = Desk::new(&[("a", HIGH)], "01:00 a started", "12:00");
    let run = desk.ledger.builds.get_mut(&id("a")).unwrap().attempts.last_mut().unwrap();
    run.stalled = Some(at("02:00"));
    run.started.estimate = Some(Duration::from_secs(3600));
    let view = desk.view(&[("a", 10, "", "02:00")]);
    assert_eq!(view.running[0].stalled_since, Some(at("02:00")));
    assert_eq!(view.running[0].ends_by_estimate, Some(at("02:00")));
    assert_eq!((view.counts.building, view.counts.stalled), (1, 1));
    assert_eq!(view.needs_you[0].kind, NeedKind::Stalled);
    let again = desk.view(&[("a", 10, "", "11:00")]);
    assert_eq!((again.running[0].stalled_since, again.needs_you.len()), (None, 0));
}

#[test]
fn attempts_that_spend_no_retry_do_not_shrink_what_is_left() {
    let events = "09:00 a started\n09:01 a failed\n09:02 a started\n09:03 a failed base\n\
                  09:04 a started\n09:05 a blocked x\n09:06 a answered y\n09:07 a started";
    let view = Desk::new(&[("a", HIGH)], events, "12:00").view(&[]);
    assert_eq!((view.running[0].attempt, view.running[0].at_most), (Attempt(4), 6));
}

fn reason(tasks: &[(&str, &str)], events: &str, task: &str) -> String {
    let desk = Desk::new(tasks, events, "12:00");
    let Some(why) = why(desk.situation(), &id(task)) else { return "unknown".into() };
    format!("{}: {}; {}; {}", why.state, why.sentence, why.next, why.command.unwrap_or_default())
}

#[test]
fn every_phase_says_what_is_next() {
    let start = "09:00 a started\n";
    for (events, expected) in [
        ("", "queued: it starts by itself; to start it at once; buildq spawn a"),
        (
            "09:00 a started",
            "building: attempt 1 of 4 by `steps`; its checks, then your review; \
             buildq output a --follow",
        ),
        (
            "09:01 a succeeded",
            "review: it is built and there were no checks; your review; buildq review a",
        ),
        ("11:59 a failed exit 1", "waiting: the last attempt has ended: exit 1; attempt 2 of 4; "),
        (
            "09:01 a cancelled enough",
            "cancelled: enough; nothing; to build it after all; buildq retry a",
        ),
        (
            "09:01 a succeeded\n09:02 a merged",
            "merged: its work is in the base branch (accepted); nothing; ",
        ),
    ] {
        let events = if events.is_empty() { String::new() } else { format!("{start}{events}") };
        assert_eq!(reason(&[("a", CLEAR)], &events, "a"), expected);
    }
    let mut desk = Desk::new(&[("a", CLEAR)], "09:00 a started\n09:01 a succeeded", "12:00");
    let run = desk.ledger.builds.get_mut(&id("a")).unwrap().attempts.last_mut().unwrap();
    let Some(Outcome::Succeeded(done)) = run.end.as_mut().map(|end| &mut end.outcome) else {
        panic!("it has not succeeded");
    };
    done.checks.push(CheckResult {
        command: "true".into(),
        passed: true,
        ended: "exit 0".into(),
        duration: Duration::ZERO,
    });
    let sentence = why(desk.situation(), &id("a")).unwrap().sentence;
    assert_eq!(sentence, "it is built and its checks passed");
    assert_eq!(reason(&[], "", "a"), "unknown");
    let gone = reason(&[], "09:00 a started\n09:01 a failed", "a");
    assert!(gone.starts_with("gone: "), "{gone}");
}

#[test]
fn the_documented_example_is_what_comes_out() {
    let risky = "---\npriority: high\n---\nDeploy to production.\n\n```sh\ntrue\n```";
    let tasks =
        [("oauth", HIGH), ("site", risky), ("songs", HIGH), ("night", CLEAR), ("hello", HIGH)];
    let events = "09:00 hello started\n09:05 hello succeeded\n16:58 songs started\n\
                  17:38 songs failed the builder failed: exit 1\n17:10 oauth started";
    let mut desk = Desk::new(&tasks, events, "17:42");
    let run = desk.ledger.builds.get_mut(&id("oauth")).unwrap().attempts.last_mut().unwrap();
    run.started.estimate = Some(Duration::from_secs(70 * 60));
    run.started.title = "OAuth core".into();
    let view = desk.view(&[("oauth", 40, "Token refresh works", "17:41")]);
    let ours = serde_json::to_string_pretty(&view).unwrap();
    let page = include_str!("../../../docs/status-schema.md");
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("\n```").next());
    assert_eq!(example.unwrap(), ours, "put this into docs/status-schema.md");
    let names = ours.split('"').skip(1).step_by(2).zip(ours.split('"').skip(2).step_by(2));
    for (name, _) in names.filter(|(_, after)| after.starts_with(": ")) {
        assert!(page.contains(&format!("`{name}`")), "`{name}` is not described");
    }
}
