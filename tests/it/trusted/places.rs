//! The table over every place of the configuration, and what `buildq trust` shows of it.

use super::{Files, Place, WAYS, Way, change, check, files, ran, sync_to_the_end};
use crate::support::{CLEAR, TestRepo};

/// Leaves a word.
fn leaves(word: &str) -> String {
    format!("echo {word} >> OUT/ran; echo made > made")
}

fn script(word: &str) -> String {
    format!("#!/bin/sh\n{}\n", leaves(word))
}

/// A configuration with this command of the builder, and more.
fn built_by(command: &str, more: &str) -> String {
    format!("timezone: UTC\nbuilder: b\nbuilders: {{b: {{command: {command}}}}}\n{more}\n")
}

/// A script that a builder's command names.
fn named(name: &'static str, command: &str, path: &str) -> Place {
    let before =
        vec![("buildq.yaml".to_owned(), built_by(command, "")), (path.to_owned(), script("good"))];
    Place { name, before, after: vec![(path.to_owned(), script("bad"))] }
}

/// Text of the configuration itself, the same but for the word.
fn text(name: &'static str, config: impl Fn(&str) -> String) -> Place {
    let file = |word: &str| vec![("buildq.yaml".to_owned(), config(word))];
    Place { name, before: file("good"), after: file("bad") }
}

const MAKES: &str = "[sh, -c, \"echo made > made\"]";

fn links() -> Vec<Place> {
    let policy = || ("buildq.yaml".to_owned(), built_by("[tools/agent]", ""));
    let both = || {
        let real = |word: &str| (format!("real/{word}"), script(word));
        vec![policy(), real("good"), real("bad"), ("tools/agent".into(), "->../real/good".into())]
    };
    vec![
        Place {
            name: "what a link leads to",
            before: both(),
            after: vec![("real/good".into(), script("bad"))],
        },
        Place {
            name: "where a link leads",
            before: both(),
            after: files(&[("tools/agent", "->../real/bad")]),
        },
        Place {
            name: "a file that becomes a link",
            before: vec![
                policy(),
                ("tools/agent".into(), script("good")),
                ("bad".into(), script("bad")),
            ],
            after: files(&[("tools/agent", "->../bad")]),
        },
        Place {
            name: "a file behind a linked folder",
            before: vec![
                ("buildq.yaml".into(), built_by("[lnk/agent]", "")),
                ("real/agent".into(), script("good")),
                ("lnk".into(), "->real".into()),
            ],
            after: vec![("real/agent".into(), script("bad"))],
        },
    ]
}

fn keys() -> Vec<Place> {
    let quoted = |word: &str| format!("\"{}\"", leaves(word));
    let two = |which: &str| {
        let command = |word: &str| format!("{{command: [sh, -c, {}]}}", quoted(word));
        format!(
            "timezone: UTC\nbuilder: {which}\nbuilders: {{good: {}, bad: {}}}\n",
            command("good"),
            command("bad")
        )
    };
    let says = "[sh, -c, \"echo ${LATER_KEY:-good} >> OUT/ran; echo made > made\"]";
    let handed = |env: &str| {
        format!("timezone: UTC\nbuilder: b\nbuilders: {{b: {{command: {says}, env: [{env}]}}}}\n")
    };
    vec![
        text("builders.command", |word| built_by(&format!("[sh, -c, {}]", quoted(word)), "")),
        text("builder", two),
        text("builders.env", |word| handed(if word == "bad" { "LATER_KEY" } else { "" })),
        text("verify", |word| {
            built_by(MAKES, &format!("verify: [{{run: [sh, -c, {}]}}]", quoted(word)))
        }),
        text("workspace.setup", |word| {
            built_by(MAKES, &format!("workspace: {{setup: [{{run: [sh, -c, {}]}}]}}", quoted(word)))
        }),
    ]
}

fn scripts() -> Vec<Place> {
    let checks = |more: &str, path: &str| Place {
        name: "a script",
        before: vec![("buildq.yaml".into(), built_by(MAKES, more)), (path.into(), script("good"))],
        after: vec![(path.into(), script("bad"))],
    };
    let absent: Files = vec![(
        "buildq.yaml".into(),
        built_by("[sh, -c, \"echo made > made; if test -f more.sh; then . ./more.sh; fi\"]", ""),
    )];
    vec![
        named("a builder's program", "[./tools/agent]", "tools/agent"),
        named("a script of sh", "[sh, tools/agent.sh]", "tools/agent.sh"),
        named("a flag's value", "[sh, -c, \". ${0#--conf=}\", --conf=./conf.sh]", "conf.sh"),
        named("a word of a script", "[sh, -c, \"true && ./tools/agent | cat\"]", "tools/agent"),
        named(
            "a folder and a file",
            "[sh, -c, \"cd tools && sh agent.sh; mv made ..\"]",
            "tools/agent.sh",
        ),
        named("a folder and a path", "[sh, -c, \"tools/../tools//agent\"]", "tools/agent"),
        Place { name: "verify's script", ..checks("verify: [./check.sh]", "check.sh") },
        Place {
            name: "verify's script of sh",
            ..checks("verify: [{run: \"sh c/check.sh -q\"}]", "c/check.sh")
        },
        Place { name: "setup's script", ..checks("workspace: {setup: [./setup.sh]}", "setup.sh") },
        Place {
            name: "a file that was not there",
            before: absent,
            after: vec![("more.sh".into(), leaves("bad"))],
        },
        Place {
            name: "what make reads for a builder",
            before: vec![
                ("buildq.yaml".into(), built_by("[make, -s, agent]", "")),
                ("Makefile".into(), format!("agent:\n\t{}\n", leaves("good"))),
            ],
            after: vec![("Makefile".into(), format!("agent:\n\t{}\n", leaves("bad")))],
        },
    ]
}

fn templates() -> Place {
    let prompt = |word: &str| ("queue/templates/prompt.md.j2".to_owned(), format!("{word}\n"));
    let config = built_by("[sh, -c, \"cat >> OUT/ran; echo made > made\"]", "");
    Place {
        name: "the prompt's template",
        before: vec![("buildq.yaml".into(), config), prompt("good")],
        after: vec![prompt("bad")],
    }
}

#[test]
fn no_changed_key_runs() {
    for (index, place) in keys().iter().enumerate() {
        check(place, WAYS[index % 3]);
    }
}

#[test]
fn no_changed_script_runs() {
    for (index, place) in scripts().iter().enumerate() {
        check(place, WAYS[(index + 1) % 3]);
    }
}

#[test]
fn no_changed_link_runs() {
    for (index, place) in links().iter().enumerate() {
        check(place, WAYS[(index + 2) % 3]);
    }
}

#[test]
fn no_change_runs_in_whatever_way_it_came() {
    for way in WAYS {
        check(&named("a builder's program", "[tools/agent]", "tools/agent"), way);
        check(&templates(), way);
    }
}

#[test]
fn a_queue_that_moves_starts_nothing() {
    let repo = TestRepo::with_agent("echo bad >> $OUT/ran; echo made > made", "");
    let there = vec![("jobs/x.md".to_owned(), format!("---\npriority: high\n---\n{CLEAR}\n"))];
    change(&repo, &there, Way::Own);
    let policy = format!("{}\nqueue: {{dir: jobs}}\n", repo.read("buildq.yaml"));
    change(&repo, &vec![("buildq.yaml".into(), policy)], Way::Pulled);
    sync_to_the_end(&repo);
    assert_eq!(ran(&repo), "");
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    // It was committed before the folder was the queue: nobody saw whose it is.
    repo.buildq(["approve", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "bad\n");
}

#[test]
fn a_base_beside_the_queue_is_watched_too() {
    let repo = TestRepo::new();
    repo.git(["switch", "-qc", "dev"]);
    change(&repo, &vec![("check.sh".into(), script("good"))], Way::Own);
    repo.git(["switch", "-q", "main"]);
    repo.agent("echo made > made");
    repo.agent_config("base: dev\nverify: [./check.sh]");
    repo.git(["switch", "-q", "dev"]);
    let said = change(&repo, &vec![("check.sh".into(), script("bad"))], Way::Own);
    assert!(said.contains("`check.sh` has changed: nothing starts until `buildq trust`"), "{said}");
    repo.git(["switch", "-q", "main"]);
    repo.task("x", CLEAR);
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false));
    repo.buildq(["trust", "--yes"]).success().stdout_has("changed check.sh").stdout_has("echo bad");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "bad\n");
}

#[test]
fn local_settings_that_choose_other_branches_choose_what_must_be_trusted() {
    let repo = TestRepo::new();
    change(&repo, &vec![("check.sh".into(), script("good"))], Way::Own);
    repo.agent("echo made > made");
    repo.agent_config("verify: [./check.sh]");
    repo.git(["switch", "-qc", "other"]);
    change(&repo, &vec![("check.sh".into(), script("bad"))], Way::Own);
    repo.git(["switch", "-q", "main"]);
    repo.git(["config", "buildq.base", "other"]);
    repo.task("x", CLEAR);
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false));
    repo.git(["config", "buildq.queueBranch", "other"]);
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false));
    repo.git(["config", "--unset", "buildq.base"]);
    repo.git(["config", "buildq.queueBranch", "main"]);
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "good\n");
}

#[test]
fn a_program_that_the_path_finds_in_the_repository_is_watched() {
    let repo = TestRepo::new();
    let before = vec![
        ("buildq.yaml".into(), built_by("[own-agent]", "")),
        ("bin/own-agent".to_owned(), script("good")),
    ];
    change(&repo, &before, Way::Own);
    let path = format!("bin:{}", repo.ask(["config", "buildq.path"]));
    repo.git(["config", "buildq.path", &path]);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    change(&repo, &vec![("bin/own-agent".into(), script("bad"))], Way::Pulled);
    repo.task("x", CLEAR);
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false));
    repo.buildq(["trust", "--yes"]).success().stdout_has("changed bin/own-agent");
    repo.settle();
}

#[test]
fn a_report_is_written_by_a_trusted_template_alone() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let template = |word: &str| vec![("queue/templates/report.md.j2".to_owned(), word.to_owned())];
    change(&repo, &template("good"), Way::Own);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo.buildq(["report"]).success().stdout("good\n");
    change(&repo, &template("bad"), Way::Pulled);
    repo.settle();
    repo.buildq(["report"]).success().stdout_lacks("bad").stdout_lacks("good");
    repo.step("23:30");
    repo.buildq(["sync"]).success();
    repo.settle();
    let stored = repo.file_at("buildq", "reports/2026-02-07.md");
    assert!(!stored.is_empty() && !stored.contains("bad"), "{stored}");
}

#[test]
fn trust_shows_every_change_file_by_file_and_obeys_none() {
    let repo = TestRepo::new();
    let before = vec![
        ("buildq.yaml".into(), built_by("[tools/agent]", "verify: [./check.sh]")),
        ("tools/agent".into(), script("good")),
        ("check.sh".to_owned(), script("good")),
    ];
    change(&repo, &before, Way::Own);
    let first = repo.buildq(["trust", "--yes"]).success();
    first.stdout_has("newly named tools/agent, executable").stdout_has("+echo good >> ");
    repo.settle();
    let hostile = "#!/bin/sh\necho \x1b[2J\x1b]0;x\x07 \u{202e}evil\r\n";
    let after = vec![
        ("buildq.yaml".into(), built_by("[tools/agent]", "verify: [sh more.sh]")),
        ("tools/agent".into(), hostile.to_owned()),
        ("more.sh".into(), "exit 0\n".into()),
        ("queue/templates/prompt.md.j2".into(), "Do it.\n".into()),
    ];
    change(&repo, &after, Way::Pulled);
    let said = repo.buildq(["trust", "--yes"]).success();
    let whole = said.stdout.clone();
    said.stdout_has("changed buildq.yaml")
        .stdout_has("-verify: [./check.sh]")
        .stdout_has("+verify: [sh more.sh]")
        .stdout_has("changed tools/agent")
        .stdout_has("no longer named check.sh")
        .stdout_has("newly named more.sh")
        .stdout_has("+exit 0")
        .stdout_has("new queue/templates/prompt.md.j2")
        .stdout_has("+Do it.");
    let wild = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!whole.contains(wild), "{whole:?}");
    repo.settle();
    repo.buildq(["trust"]).success().stdout("the configuration is trusted as it stands\n");

    repo.git(["rm", "-q", "more.sh"]);
    repo.write("tools/agent", script("good"));
    let said = repo.git(["commit", "-qam", "Take the check away"]);
    let word = "buildq: `tools/agent` has changed, `more.sh` is gone: nothing starts until";
    assert!(said.stderr.contains(word), "{}", said.stderr);
    repo.buildq(["trust", "--yes"]).success().stdout_has("removed more.sh");
}
