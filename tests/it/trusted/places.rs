//! The table over every place of the configuration, and what `buildq trust` shows of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

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
    Place::new(name, before, vec![(path.to_owned(), script("bad"))])
}

/// Text of the configuration itself, the same but for the word.
fn text(name: &'static str, config: impl Fn(&str) -> String) -> Place {
    let file = |word: &str| vec![("buildq.yaml".to_owned(), config(word))];
    Place::new(name, file("good"), file("bad"))
}

const MAKES: &str = "[sh, -c, \"echo made > made\"]";

fn links() -> Vec<Place> {
    let policy = || ("buildq.yaml".to_owned(), built_by("[tools/agent]", ""));
    let both = || {
        let real = |word: &str| (format!("real/{word}"), script(word));
        vec![policy(), real("good"), real("bad"), ("tools/agent".into(), "->../real/good".into())]
    };
    vec![
        Place::new("what a link leads to", both(), vec![("real/good".into(), script("bad"))]),
        Place::new("where a link leads", both(), files(&[("tools/agent", "->../real/bad")])),
        Place::new(
            "a file that becomes a link",
            vec![policy(), ("tools/agent".into(), script("good")), ("bad".into(), script("bad"))],
            files(&[("tools/agent", "->../bad")]),
        ),
        Place::new(
            "a file behind a linked folder",
            vec![
                ("buildq.yaml".into(), built_by("[lnk/agent]", "")),
                ("real/agent".into(), script("good")),
                ("lnk".into(), "->real".into()),
            ],
            vec![("real/agent".into(), script("bad"))],
        ),
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
    let checks = |name: &'static str, more: &str, path: &str| {
        let before =
            vec![("buildq.yaml".into(), built_by(MAKES, more)), (path.into(), script("good"))];
        Place::new(name, before, vec![(path.into(), script("bad"))])
    };
    let absent: Files = vec![(
        "buildq.yaml".into(),
        built_by(
            "[sh, -c, \"echo made > made; if test -f more.sh; then . ./more.sh; else echo good >> OUT/ran; fi\"]",
            "",
        ),
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
        checks("verify's script", "verify: [./check.sh]", "check.sh"),
        checks("verify's script of sh", "verify: [{run: \"sh c/check.sh -q\"}]", "c/check.sh"),
        checks("setup's script", "workspace: {setup: [./setup.sh]}", "setup.sh"),
        Place::new("a file that was not there", absent, vec![("more.sh".into(), leaves("bad"))]),
        Place::new(
            "what make reads for a builder",
            vec![
                ("buildq.yaml".into(), built_by("[make, -s, agent]", "")),
                ("Makefile".into(), format!("agent:\n\t{}\n", leaves("good"))),
            ],
            vec![("Makefile".into(), format!("agent:\n\t{}\n", leaves("bad")))],
        ),
        Place {
            branch: "dev",
            ..checks("a base beside the queue", "base: dev\nverify: [./check.sh]", "check.sh")
        },
        Place {
            ready: |repo| {
                let before = repo.ask(["config", "buildq.path"]);
                let path = format!("{}/bin:{before}", repo.dir().display());
                repo.git(["config", "buildq.path", &path]);
            },
            ..named(
                "a program that the PATH finds in the repository",
                "[own-agent]",
                "bin/own-agent",
            )
        },
    ]
}

fn templates() -> Vec<Place> {
    let place = |name: &'static str, path: &'static str, config: String, more: Files| {
        let template = |word: &str| (path.to_owned(), format!("{word}\n"));
        let before = [vec![("buildq.yaml".into(), config), template("good")], more].concat();
        Place::new(name, before, vec![template("bad")])
    };
    let reads = built_by("[sh, -c, \"cat >> OUT/ran; echo made > made\"]", "");
    let judge = format!("#!/bin/sh\ncat >> OUT/ran\n{VERDICT}\n");
    vec![
        place("the prompt's template", "queue/templates/prompt.md.j2", reads, Vec::new()),
        place(
            "the judge's template",
            "queue/templates/judge.md.j2",
            judged_by("tools/judge"),
            vec![("tools/judge".to_owned(), judge)],
        ),
    ]
}

const VERDICT: &str = "echo '{\"clear\": true, \"risks\": [], \"questions\": []}'";

fn judged_by(program: &str) -> String {
    let both = format!("builders: {{b: {{command: {MAKES}}}, j: {{command: [{program}]}}}}");
    format!("timezone: UTC\nbuilder: b\njudge: j\n{both}\n")
}

/// What is run beside the builds.
fn beside() -> Vec<Place> {
    let judge = |word: &str| {
        let script = format!("#!/bin/sh\ncat > /dev/null\necho {word} >> OUT/ran\n{VERDICT}\n");
        ("tools/judge".to_owned(), script)
    };
    let empty = "printf 'BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nEND:VCALENDAR\\r\\n'";
    let calendar = |path: &str, word: &str| {
        (path.to_owned(), format!("#!/bin/sh\necho {word} >> OUT/ran\n{empty}\n"))
    };
    let printed = |path: &str| built_by(MAKES, &format!("calendar: {{run: [./{path}]}}"));
    vec![
        Place::new(
            "the judge's script",
            vec![("buildq.yaml".into(), judged_by("tools/judge")), judge("good")],
            vec![judge("bad")],
        ),
        Place::new(
            "the calendar's script",
            vec![("buildq.yaml".into(), printed("cal.sh")), calendar("cal.sh", "good")],
            vec![calendar("cal.sh", "bad")],
        ),
        Place::new(
            "calendar",
            vec![
                ("buildq.yaml".into(), printed("good.sh")),
                calendar("good.sh", "good"),
                calendar("bad.sh", "bad"),
            ],
            vec![("buildq.yaml".into(), printed("bad.sh"))],
        ),
    ]
}

/// Every place that must be trusted, changed by a commit of one's own, by a pull and by a merge;
/// two at a time.
#[test]
fn no_change_runs_wherever_it_is_and_in_whatever_way_it_came() {
    let places = Mutex::new([keys(), scripts(), links(), templates(), beside()].concat());
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(place) = { places.lock().unwrap().pop() } {
            if catch_unwind(AssertUnwindSafe(|| check(&place))).is_err() {
                failed.lock().unwrap().push(place.name);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "see above: {failed:?}");
}

#[test]
fn a_queue_that_moves_starts_nothing() {
    WAYS.into_iter().for_each(moved);
}

fn moved(way: Way) {
    let repo = TestRepo::with_agent("echo bad >> $OUT/ran; echo made > made", "");
    let there = vec![("jobs/x.md".to_owned(), format!("---\npriority: high\n---\n{CLEAR}\n"))];
    change(&repo, &there, Way::Own);
    let policy = format!("{}\nqueue: {{dir: jobs}}\n", repo.read("buildq.yaml"));
    change(&repo, &vec![("buildq.yaml".into(), policy)], way);
    sync_to_the_end(&repo);
    assert_eq!(ran(&repo), "", "{way:?}");
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    // It was committed before the folder was the queue: nobody saw whose it is.
    repo.buildq(["approve", "x"]).success();
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
fn a_report_is_written_by_a_trusted_template_alone() {
    WAYS.into_iter().for_each(reported);
}

fn reported(way: Way) {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let template = |word: &str| vec![("queue/templates/report.md.j2".to_owned(), word.to_owned())];
    change(&repo, &template("good"), Way::Own);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo.buildq(["report"]).success().stdout("good\n");
    change(&repo, &template("bad"), way);
    repo.settle();
    repo.buildq(["report"]).success().stdout_lacks("bad").stdout_lacks("good");
    repo.step("23:30");
    repo.buildq(["sync"]).success();
    repo.settle();
    let stored = repo.file_at("buildq", "reports/2026-02-07.md");
    assert!(!stored.is_empty() && !stored.contains("bad"), "{way:?}: {stored}");
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo.buildq(["report"]).success().stdout("bad\n");
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
