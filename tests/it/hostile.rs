//! Text of tasks, commits, builders and people, hostile in every field, through every command that
//! shows it: nothing that a terminal would obey, or that cannot be seen, comes out.

use crate::support::{Said, TestRepo};

/// A cleared screen, a hidden link, turned and invisible letters, a C1 sequence, markup.
const RAW: &str =
    "\u{1b}[2J\u{1b}]8;;http://evil\u{7}\u{202e}\u{200b}\u{2028}\u{e0041}\u{9b}31m|`<b>`";
/// The same as a double-quoted text of YAML.
const YAML: &str = r"\e[2J\e]8;;http://evil\a\u202e\u200b\u2028\U000e0041\x9b31m|`<b>`";

fn is_forbidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

#[track_caller]
fn check(said: &Said, what: &str) {
    for text in [&said.stdout, &said.stderr] {
        let found: Vec<_> = text.chars().filter(|c| is_forbidden(*c)).collect();
        assert!(found.is_empty(), "{what}: {found:?} in {text:?}");
    }
}

fn text(title: &str, more: &str) -> String {
    format!(
        "---\ntitle: \"{title} {YAML}\"\npriority: high\nlabels: [\"l {YAML}\"]\ntech: [\"t {YAML}\"]\n{more}---\n\
         Write a file with the result \u{202e}\u{200b}\u{9b}31m|`<b>`.\n\n## Completion criteria\n\
         - [ ] the file is there \u{202e}\u{200b}\u{9b}31m|`<b>`"
    )
}

fn stage() -> TestRepo {
    let repo = TestRepo::with_agent(
        "H=$(cat \"$OUT/raw\")\necho \"$H\"; echo x > \"f$(printf '%s' \"$H\" | tr -d /)\"; git add -A\n\
         git commit -qm \"subject $H\" --author \"author $H <a@b>\"\n\
         buildq progress 40 \"says $H\" --deliverable \"javascript:alert(1) $H\" --next \"next $H\"\n\
         test $BUILDQ_TASK = asks && { buildq block \"asks $H\"; exit 0; }\n\
         test $BUILDQ_TASK = fails && { echo \"last $H\"; exit 3; }\n\
         buildq done -m \"sums $H\"; exit 0",
        "retry: {max: 0}",
    );
    std::fs::write(repo.root().join("raw"), RAW).unwrap();
    for (task, more) in [("good", ""), ("asks", ""), ("fails", "")] {
        check(&repo.task(task, &text(task, more)), "the hook");
        let end = match task {
            "good" => "succeeded",
            "asks" => "blocked",
            _ => "escalated",
        };
        repo.wait_until(task, end).settle();
    }
    check(&repo.task("held", &text("held", &format!("blockers: [\"b {YAML}\"]\n"))), "the hook");
    check(&repo.task("broken", &format!("---\ntitle: [{RAW}\n---\nx")), "the hook");
    repo.settle();
    repo
}

#[test]
fn no_command_lets_hostile_text_through() {
    let repo = stage();
    let commands = [
        "status",
        "status --queue",
        "status --active",
        "status --completed",
        "status --brief",
        "status --markdown",
        "log",
        "log --verbose",
        "review",
        "review good",
        "show good",
        "show asks",
        "show fails",
        "show held",
        "why good",
        "why asks",
        "why fails",
        "why held",
        "why broken",
        "report",
        "report --format text",
        "sync --check",
        "lint",
        "accept good --dry-run",
        "accept asks",
        "reject fails -m no",
    ];
    for command in commands {
        check(&repo.buildq(command.split(' ')), command);
    }
    let json = [
        "status --json",
        "log --json",
        "review --json",
        "review good --json",
        "show good --json",
        "show asks --json",
        "why held --json",
        "why broken --json",
        "report --format json",
        "sync --check --json",
        "accept good --dry-run --json",
        "lint --json",
    ];
    for command in json {
        let said = repo.buildq(command.split(' '));
        check(&said, command);
        let lines = said.stdout.lines().filter(|line| !line.is_empty());
        let whole = serde_json::from_str::<serde_json::Value>(&said.stdout).is_ok();
        let by_line =
            || lines.clone().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
        assert!(whole || by_line(), "{command}: {}", said.stdout);
    }
    // Nothing is lost to whoever reads it.
    let said = repo.buildq(["why", "held", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(json["title"].as_str().unwrap().contains("\u{202e}\u{200b}"), "{json}");
    assert!(said.stdout.contains("\\u202e\\u200b"), "{}", said.stdout);
    let words = [
        vec!["answer", "asks", RAW],
        vec!["reject", "good", "-m", RAW],
        vec!["approve", "held", "-m", RAW],
        vec!["cancel", "fails", "-m", RAW],
        vec!["pause", "-m", RAW],
        vec!["log", "--verbose"],
        vec!["status"],
        vec!["resume"],
        // What cannot be meant is repeated by the parser of the command line.
        vec![RAW],
        vec!["why", RAW],
        vec!["status", RAW],
        vec!["report", "--format", RAW],
        vec!["init", "--branch", RAW],
        vec!["add", "--name", RAW, "--desc", RAW, "--criterion", "the file is there"],
    ];
    for command in words {
        check(&repo.buildq(&command), command[0]);
    }
    repo.settle();
}
