use std::time::Duration;

use super::*;
use crate::core::overview::Kept;
use crate::core::overview::tests::{CLEAR, Desk, HIGH, id};
use crate::core::situation::Situation;

const RISKY: &str = "---\npriority: high\n---\nDeploy to production.\n\n```sh\ntrue\n```";

fn desk() -> Desk {
    let tasks =
        [("oauth", HIGH), ("songs", HIGH), ("night", CLEAR), ("deploy", RISKY), ("hello", HIGH)];
    let events = "09:00 hello started\n09:05 hello succeeded\n\
                  16:10 songs started\n16:11 songs blocked which\u{1b}[2J key?\n\
                  17:10 oauth started";
    let mut desk = Desk::new(&tasks, events, "17:42");
    let run = desk.ledger.builds.get_mut(&id("oauth")).unwrap().attempts.last_mut().unwrap();
    run.started.estimate = Some(Duration::from_secs(70 * 60));
    run.started.title = "OAuth core".into();
    desk
}

#[test]
fn the_page_says_first_what_needs_a_person() {
    let view = desk().view(&[("oauth", 40, "Token refresh works", "17:41")]);
    let expected = "\
1 building (oauth, 40%, should end 19:20 by your estimate), 1 queued, 1 held, 1
waits for your review; songs asks: which\u{fffd}[2J key?

Needs you
  songs   asks: which\u{fffd}[2J key? (1h 31m ago)
          → buildq answer songs \"…\"
  hello   waits for your review, 1 of 1 criterion ticked, no checks configured
          (8h 37m ago)
          → buildq review hello
  deploy  is held by `risk`: production: \"Deploy\"
          → buildq approve deploy

Building
  oauth   OAuth core · 40%, attempt 1 of 4 by steps
          \"Token refresh works\"
          began 18:10 (32m ago), last sign of life 1m ago, should end 19:20 by
          your estimate

Queue
  deploy  1. high · held by `risk`: production: \"Deploy\"; after `oauth`: 1 at a
          time
  night   2. medium · opens 22:00; after `oauth`: 1 at a time

Ended lately
  hello   succeeded 8h 37m ago: waits for review

Health  this clone (here/1) runs the queue of `main`; hooks in place; nothing to
        wake for; synced now; builder steps; 12.0 GiB disk free
";
    assert_eq!(page(&view, Part::All, 80), expected);
}

#[test]
fn what_is_kept_of_an_overview_has_the_page_of_the_whole_one() {
    let names: Vec<String> = (0..40).map(|n| format!("task-{n}{}", "x".repeat(n % 9))).collect();
    for few in [0, 1, 11, 12, 13, 40] {
        let texts = |(n, name)| (name, if n % 3 == 0 { RISKY } else { CLEAR });
        let tasks: Vec<_> =
            names.iter().map(String::as_str).take(few).enumerate().map(texts).collect();
        let desk = Desk::new(&tasks, "09:00 hello started\n09:05 hello succeeded", "17:42");
        let view = desk.view(&[]);
        let json = serde_json::to_vec(&Kept::of(&view).unwrap()).unwrap();
        // Of a queue that nobody has read.
        let bare = Desk::new(&[], "", "17:42");
        let here = Situation { queue: &bare.queue, ..desk.situation() };
        let kept: Kept = serde_json::from_slice(&json).unwrap();
        let again = kept.overview(here, view.health.machine.clone());
        assert_eq!(brief(&again), brief(&view), "{few}");
        for width in [40, 80, 120] {
            assert_eq!(page(&again, Part::All, width), page(&view, Part::All, width), "{few}");
        }
    }
    assert_eq!(Kept::of(&desk().view(&[])), None, "something runs");
}

#[test]
fn an_empty_queue_is_a_word() {
    let view = Desk::new(&[], "", "12:00").view(&[]);
    assert_eq!(brief(&view), "nothing is building, nothing is queued; nothing needs you");
    assert_eq!(page(&view, Part::Queue, 80), "Queue: nothing\n");
    assert_eq!(page(&view, Part::Active, 80), "Building: nothing\n");
    assert_eq!(page(&view, Part::Completed, 80), "Ended lately: nothing\n");
}

#[test]
fn one_sentence_answers_how_it_goes() {
    for (events, expected) in [
        ("", "1 queued (next 22:00); nothing needs you"),
        ("09:00 a started\n09:01 a succeeded", "1 waits for your review; nothing else needs you"),
        ("11:58 a started\n11:59 a failed", "1 to be retried (next 13:04); nothing needs you"),
        ("10:00 ? paused lunch", "1 queued; the queue is paused by Ada: lunch; nothing starts"),
    ] {
        let view = Desk::new(&[("a", CLEAR)], events, "12:00").view(&[]);
        assert_eq!(brief(&view), expected, "{events}");
    }
}

#[test]
fn markdown_has_the_same_facts_and_no_markup_of_strangers() {
    let mut desk = desk();
    let run = desk.ledger.builds.get_mut(&id("oauth")).unwrap().attempts.last_mut().unwrap();
    run.started.title = "<img src=x> | [a](b)".into();
    let shown = markdown(&desk.view(&[]));
    assert!(shown.contains("&lt;img src=x&gt; \\| \\[a\\](b)"), "{shown}");
    assert!(shown.contains("- **deploy** is held by \\`risk\\`: production: \"Deploy\"  \n  `buildq approve deploy`\n"), "{shown}");
    assert!(
        shown.contains(
            "| 2 | **night** | night | medium · opens 22:00; after \\`oauth\\`: 1 at a time |\n"
        ),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn no_line_is_wider_than_the_page() {
    let view = desk().view(&[("oauth", 40, "Token refresh works", "17:41")]);
    for width in [40, 50, 61, 80, 120] {
        for line in page(&view, Part::All, width).lines() {
            let whole = line.contains('→') || text::width(line) <= width;
            assert!(whole, "{width}: {line}");
        }
    }
}
