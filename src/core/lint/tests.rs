//! Lint as tables: the files of a queue in, findings out.

use chrono::TimeZone;

use super::*;
use crate::domain::config;

/// Files are given as `path: text`, those behind a `~` are only compared with.
fn told_with(policy: &str, files: &[(&str, &str)]) -> Vec<String> {
    told_of(policy, files, |desk| desk)
}

fn sheet((path, text): &(&str, &str)) -> Sheet {
    Sheet {
        path: format!("queue/{}", path.trim_start_matches('~')),
        content: Content::Bytes(text.as_bytes().to_vec()),
        picked: !path.starts_with('~'),
    }
}

fn told_of(
    policy: &str,
    files: &[(&str, &str)],
    more: impl for<'a> Fn(Desk<'a>) -> Desk<'a>,
) -> Vec<String> {
    let (config, _) = config::parse("buildq.yaml", policy.as_bytes()).unwrap();
    let sheets = files.iter().map(sheet);
    let desk = more(Desk {
        sheets: sheets.collect(),
        config: &config,
        known: BTreeSet::new(),
        over: BTreeSet::new(),
        before: None,
        compare: true,
        now: Utc.with_ymd_and_hms(2026, 2, 7, 9, 0, 0).unwrap(),
    });
    let line = |found: &Diagnostic| format!("{} {}", found.code, found.one_line());
    lint(&desk).iter().map(line).collect()
}

const AGENT: &str = "builder: agent\nbuilders: {agent: {command: [agent]}}\n";

fn told(files: &[(&str, &str)]) -> Vec<String> {
    told_with(AGENT, files)
}

/// A task that nothing can be said against.
fn task(front: &str, description: &str) -> String {
    format!(
        "---\n{front}\n---\n{description}\n\n## Completion criteria\n- [ ] `make test` passes\n"
    )
}

#[test]
fn a_good_queue_is_silent() {
    let one = task("title: Greeter", "Write hello.txt with a greeting in French.");
    let two = task("title: Parser speed", "Let the parser read a megabyte in 10 ms.");
    assert_eq!(told(&[("a.md", &one), ("sub/b.md", &two), ("README.md", "whatever")]), [""; 0]);
}

#[test]
fn each_finding_points_at_its_words() {
    let good = "Write hello.txt with a greeting.";
    for (file, text, found) in [
        ("a.md", task("prioriy: high", good), "unknown-key queue/a.md:2:1: unknown key `prioriy`"),
        (
            "a.md",
            task("priority: soon", good),
            "bad-value queue/a.md:2:11: `priority`: `soon` is not one of `high`, `medium`, `low`",
        ),
        (
            "My Task.md",
            task("priority: high", good),
            "bad-name queue/My Task.md: its name is no task id: use 1 to 64 of a-z, 0-9 and `-`",
        ),
        ("a.md", good.to_owned(), "no-criteria queue/a.md: nothing says when it is done"),
        (
            "a.md",
            task("depends_on: [b, c]", good),
            "unknown-dependency queue/a.md:2:14: it depends on `b`, and there is no such task",
        ),
        (
            "a.md",
            task("builder: agnet", good),
            "unknown-builder queue/a.md:2:10: there is no builder `agnet`",
        ),
        (
            "a.md",
            task("builder: steps", good),
            "no-steps queue/a.md:2:10: the builder `steps` runs `sh` blocks and this task has none",
        ),
        (
            "a.md",
            task("estimate: 0m", good),
            "bad-value queue/a.md:2:11: `estimate` must be more than nothing",
        ),
        ("a.md", task("due: 2026-02-06", good), "past-due queue/a.md:2:6: it is due in the past"),
        ("a.md", task("depends_on: [a]", good), "circle queue/a.md:2:14: a circle: a → a"),
    ] {
        assert_eq!(told(&[(file, &text)])[0], found, "{text}");
    }
}

#[test]
fn risk_and_unclear_words_are_pointed_at() {
    let risky = "---\nverify: [\"make test\"]\n---\nBuild the page.\nThen deploy the API to\nproduction for all.\n";
    let list = told(&[("a.md", risky)]);
    let risk = list.iter().find(|line| line.starts_with("risk ")).unwrap();
    assert!(risk.contains("queue/a.md:5:"), "{risk}");
    let list = told(&[("a.md", "# Page\n\nMake it better\n")]);
    let unclear = list.iter().find(|line| line.starts_with("unclear ")).unwrap();
    assert!(unclear.starts_with("unclear queue/a.md:3:1: it is not clear"), "{unclear}");
}

#[test]
fn estimates_that_cannot_be_meant() {
    let criteria = |count: usize| {
        let items: String = (0..count).map(|n| format!("- [ ] `check {n}` passes\n")).collect();
        format!("Write the checks.\n\n## Completion criteria\n{items}")
    };
    for (front, count, found) in [
        ("estimate: 400h", 1, "an estimate of 400h is more than a working week"),
        ("estimate: 5m", 9, "an estimate of 5m for 9 criteria"),
        ("estimate: 20h\ndue: 2026-02-07 12:00", 1, "an estimate of 20h, and it is due in 3h"),
        ("estimate: 5m", 2, ""),
        ("estimate: 18m", 9, ""),
        ("estimate: 40h", 1, ""),
        ("estimate: 2h\ndue: 2026-02-07 12:00", 1, ""),
    ] {
        let list = told(&[("a.md", &format!("---\n{front}\n---\n{}", criteria(count)))]);
        let line = list.iter().find(|line| line.starts_with("implausible-estimate"));
        let message = line.map_or("", |line| line.split_once(": ").unwrap().1);
        assert_eq!(message, found, "{front}, {count} criteria: {list:?}");
    }
}

#[test]
fn a_circle_is_told_once_with_all_its_places() {
    let file =
        |needs: &str| task(&format!("depends_on: [{needs}]"), &format!("Write {needs}.txt."));
    let files =
        [("a.md", file("b")), ("b.md", file("c")), ("c.md", file("a")), ("d.md", file("a"))];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let circles = |files: &[(&str, &str)]| {
        told(files).into_iter().filter(|line| line.starts_with("circle")).collect::<Vec<_>>()
    };
    assert_eq!(circles(&files), ["circle queue/a.md:2:14: a circle: a → b → c → a"]);
    let files = [("~a.md", files[0].1), ("~b.md", files[1].1), ("c.md", files[2].1)];
    assert_eq!(circles(&files), ["circle queue/c.md:2:14: a circle: c → a → b → c"]);
}

#[test]
fn one_id_twice_is_an_error_of_both() {
    let one = task("title: Greeter", "Write hello.txt with a greeting.");
    let two = task("title: Parser", "Let the parser read a megabyte in 10 ms.");
    let list =
        told(&[("a.md", &one), ("x/a.yaml", "description: x"), ("B.md", &two), ("b.md", &two)]);
    let twins: Vec<_> = list.iter().filter(|line| line.starts_with("duplicate-id")).collect();
    assert_eq!(twins.len(), 3, "{list:?}");
}

const DARK: &str = "Let people choose a dark theme in the settings page. The choice is kept in the \
                    profile and is used on every page from then on, also before the first paint.";

#[test]
fn near_duplicates_are_found_and_mere_likeness_is_not() {
    let long = DARK;
    for (one, other, alike) in [
        ((("Dark theme"), long), ("A dark theme", long), true),
        (
            ("Dark theme", long),
            (
                "Dark theme for settings",
                "Let people choose a dark theme on the settings page. The choice is kept in the profile and is used on every page from then on, even before the first paint.",
            ),
            true,
        ),
        (("French texts", long), ("German texts", long), false),
        (("Move parser.rs", long), ("Move lexer.rs", long), false),
        (
            ("Page 1", "Write page 1 with a greeting for all the guests."),
            ("Page 2", "Write page 2 with a greeting for all the guests."),
            false,
        ),
        (
            ("Add dark theme switch", "Settings get one."),
            ("Implement a dark theme switch", "Settings need it."),
            true,
        ),
        (("Speed", "Let the parser read a megabyte in 10 ms."), ("Dark theme", long), false),
    ] {
        let text = |(title, text): (&str, &str)| {
            format!("---\ntitle: {title}\n---\n{text}\n\n## Done when\n- it is seen\n")
        };
        let list = told(&[("a.md", &text(one)), ("b.md", &text(other))]);
        let found =
            list.iter().filter(|line| line.starts_with("near-duplicate queue/b.md:2:8")).count();
        assert_eq!(found, usize::from(alike), "{} / {}: {list:?}", one.0, other.0);
        let list = told(&[("a.md", &text(one)), ("~b.md", &text(other))]);
        let found =
            list.iter().filter(|line| line.starts_with("near-duplicate queue/a.md:2:8")).count();
        assert_eq!(found, usize::from(alike), "{} / {}: {list:?}", one.0, other.0);
    }
}

#[test]
fn both_sides_of_a_contradiction_are_quoted() {
    let at_odds = |one: &str, other: &str| {
        let text =
            |title: &str, n: u8| task(&format!("title: {title}"), &format!("Case {n} of `x{n}`."));
        let list = told(&[("a.md", &text(one, 1)), ("b.md", &text(other, 2))]);
        list.into_iter().find(|line| line.starts_with("contradiction"))
    };
    assert_eq!(
        at_odds("Add a dark mode to the settings", "Remove dark mode from the settings").unwrap(),
        "contradiction queue/b.md:2:8: `Remove dark mode from the settings` contradicts \
         `Add a dark mode to the settings` in `queue/a.md`"
    );
    for (one, other, odd) in [
        ("Enable the audit log", "Disable the audit log", true),
        ("Use Redis for sessions", "Don't use Redis", true),
        ("Migrate to Vitest", "Migrate away from Vitest", true),
        ("Migrate from Jest to Vitest", "Migrate from Vitest to Jest", true),
        ("Set the request timeout to 30 seconds", "Set the request timeout to 60 seconds", true),
        ("Show the sidebar badge", "Hide the sidebar badge", true),
        ("Add a button to the login page", "Remove a button from the settings page", false),
        ("Add the new parser", "Remove the old parser", false),
        ("Add tests", "Remove tests", false),
        ("Add logging to the parser", "Remove logging", false),
        ("Test the remove command", "Add the remove command", false),
        ("Use Redis for caching", "Replace Redis with Valkey in the session store", false),
        ("Set the page title to Home", "Set the page title to Start", false),
        ("Enable the audit log", "Enable the audit log", false),
    ] {
        assert_eq!(at_odds(one, other).is_some(), odd, "{one} / {other}");
    }
}

#[test]
fn steps_of_one_way_are_no_contradiction() {
    let add = task("title: Add the legacy flag", "It guards the first half of the change.");
    let needs = "title: Remove the legacy flag\ndepends_on: [between]";
    let remove = task(needs, "Nothing reads it any more by then.");
    let between = task("title: Half way\ndepends_on: [add]", "Turn the readers to the new table.");
    let list = told(&[("add.md", &add), ("between.md", &between), ("remove.md", &remove)]);
    assert_eq!(list, [""; 0]);
}

#[test]
fn a_queue_that_is_mostly_high_is_told_once() {
    let file = |n: usize, priority: &str| {
        task(&format!("priority: {priority}"), &format!("Write `file-{n}.txt` for case {n}."))
    };
    let queue = |priorities: &[&str]| {
        let texts: Vec<_> = priorities.iter().enumerate().map(|(n, p)| file(n, p)).collect();
        let names: Vec<_> = (0..texts.len()).map(|n| format!("t{n}.md")).collect();
        let files: Vec<_> =
            names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        told(&files)
    };
    assert_eq!(queue(&["high", "high", "high"]), [""; 0]);
    assert_eq!(queue(&["high", "high", "low", "low"]), [""; 0]);
    assert_eq!(
        queue(&["low", "high", "high", "high"]),
        ["mostly-high queue/t1.md:2:11: 3 of 4 tasks are of priority high"]
    );
}

#[test]
fn what_is_built_and_what_a_commit_only_edits_is_not_held_against_it() {
    let file = |n: usize, priority: &str| {
        task(&format!("priority: {priority}"), &format!("Write `file-{n}.txt` for case {n}."))
    };
    let [a, b, c, d] = [file(1, "high"), file(2, "high"), file(3, "high"), file(4, "low")];
    let low = file(5, "low");
    let ids = |ids: &[&str]| ids.iter().map(|id| TaskId::new(id).unwrap()).collect();
    let all = [("~a.md", &*a), ("~b.md", &*b), ("c.md", &*c), ("~d.md", &*d), ("~e.md", &*low)];
    let told = |before: Option<&[(&str, &str)]>, over: &[&str]| -> usize {
        let before = before.map(|files| files.iter().map(sheet).collect::<Vec<_>>());
        let found =
            told_of(AGENT, &all, |desk| Desk { over: ids(over), before: before.clone(), ..desk });
        found.iter().filter(|line| line.starts_with("mostly-high")).count()
    };
    assert_eq!(told(None, &[]), 1);
    assert_eq!(told(None, &["a"]), 0, "one of the three is built");
    assert_eq!(told(Some(&[]), &[]), 1, "a new file");
    assert_eq!(told(Some(&[("c.md", &c)]), &[]), 0, "it was high before");
    assert_eq!(told(Some(&[("c.md", &low)]), &[]), 1, "it was low before");
    assert_eq!(told(Some(&[("old-name.md", &c)]), &[]), 0, "it had another name");
}

#[test]
fn what_holds_comes_first() {
    let found =
        |severity, code| Diagnostic { severity, ..Diagnostic::note("a.md", "x").code(code) };
    let (note, warning, error) = (Severity::Note, Severity::Warning, Severity::Error);
    let all = [(warning, "past-due"), (note, "risk"), (warning, "unclear"), (error, "circle")];
    let sorted = holding_first(all.iter().map(|(severity, code)| found(*severity, code)).collect());
    let codes: Vec<_> = sorted.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["circle", "unclear", "risk", "past-due"]);
}

#[test]
fn a_large_queue_takes_no_square_time() {
    let text =
        |n: usize| task(&format!("title: Greeting {}", n % 7), &format!("{DARK} Case {}.", n % 11));
    let texts: Vec<String> = (0..1500).map(text).collect();
    let names: Vec<String> = (0..1500).map(|n| format!("t{n:05}.md")).collect();
    let files: Vec<_> =
        names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let list = told(&files);
    assert!(list.len() > 1000 && list.len() <= 1500, "{}", list.len());
    assert_eq!(list, told(&files), "the same queue gives the same findings");
}
