//! Bad input: one clear message with what to do, at most that task is held, nothing is lost.

use std::os::unix::fs::symlink;

use crate::support::{CLEAR, Said, TestRepo, runbook};

/// Beside what is bad there is always a good task, and it is built.
fn good_one_is_built(repo: &TestRepo) {
    repo.runbook("good", "echo made > made");
    repo.wait_until("good", "succeeded").settle();
    assert_eq!(repo.file_at("build/good", "made"), "made\n");
}

/// Commits a file of the queue as it is; what the hook says names it, and `why` what to do.
fn bad_file(repo: &TestRepo, path: &str, bytes: impl AsRef<[u8]>) -> Said {
    repo.write(path, bytes);
    repo.git(["add", "-A"]);
    // The hook names all that has changed since the last sync: that of the commit before is over.
    repo.settle();
    repo.git(["commit", "-qm", "Something bad"])
}

#[test]
fn broken_task_files_hold_themselves_alone() {
    let body = "Do it.\n\n## Completion criteria\n- [ ] done\n";
    let deep = "[".repeat(50_000);
    let bombs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]";
    let cases: &[(&str, String, &str)] = &[
        ("open", format!("---\npriority: [high\n---\n{body}"), "open.md:"),
        ("tabs", format!("---\npriority:\thigh\n\tdue: x\n---\n{body}"), "tabs.md"),
        ("type", format!("---\npriority: high\nestimate: [1, 2]\n---\n{body}"), "estimate"),
        ("when", format!("---\npriority: high\ndue: someday\n---\n{body}"), "due"),
        ("word", format!("---\npriority: urgent\n---\n{body}"), "priority"),
        ("unended", format!("---\npriority: high\n{body}"), "unended.md"),
        ("list", format!("---\n- a\n- b\n---\n{body}"), "list.md"),
        ("bomb", format!("---\n{bombs}\n---\n{body}"), "bomb.md"),
        ("deep", format!("---\nlabels: {deep}\n---\n{body}"), "deep.md"),
        ("large-head", format!("---\ntitle: {}\n---\n{body}", "x".repeat(70_000)), "large-head.md"),
        ("verify", format!("---\npriority: high\nverify: ['a \"b']\n---\n{body}"), "verify"),
        ("depends", format!("---\npriority: high\ndepends_on: ['../x']\n---\n{body}"), "depends"),
        ("twice", format!("---\npriority: high\npriority: low\n---\n{body}"), "twice.md"),
    ];
    let repo = TestRepo::new();
    for (id, text, part) in cases {
        let said = bad_file(&repo, &format!("queue/{id}.md"), text);
        assert!(said.stderr.contains(&format!("buildq: {id} held: ")), "{id}: {}", said.stderr);
        assert!(said.stderr.lines().count() <= 2, "{id}: {}", said.stderr);
        let why = repo.buildq(["why", id]).success();
        assert!(why.stdout.contains(part), "{id}: {}", why.stdout);
    }
    repo.buildq(["status"]).success().stdout_has("open").stdout_has("deep");
    repo.settle();
    good_one_is_built(&repo);
    for (id, ..) in cases {
        assert_eq!(repo.story(id), Vec::<String>::new(), "{id}");
    }
    bad_file(
        &repo,
        "queue/open.md",
        format!("---\npriority: high\n---\n{}", runbook("echo 1 > open")),
    );
    repo.wait_until("open", "succeeded").settle();
}

#[test]
fn unknown_keys_are_a_warning_with_the_nearest() {
    let repo = TestRepo::new();
    let text = runbook("echo made > made");
    let said = repo.task("x", &format!("---\npriority: high\nestimat: 4h\n---\n{text}"));
    repo.wait_until("x", "succeeded").settle();
    let why = repo.buildq(["show", "x"]).success();
    let told = [said.stderr, why.stdout].concat();
    assert!(told.contains("estimate"), "{told}");
}

#[test]
fn what_is_no_plain_text_file_is_refused() {
    let repo = TestRepo::new();
    bad_file(&repo, "queue/huge.md", vec![b'x'; 5 << 20]).stderr_has("huge");
    bad_file(&repo, "queue/binary.md", [0xff, 0xfe, 0, 1, 2, 0x80]).stderr_has("binary");
    symlink("/etc/passwd", repo.path("queue/link.md")).unwrap();
    symlink("../a.txt", repo.path("queue/inner.md")).unwrap();
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qm", "Links"]).stderr_has("link");
    bad_file(&repo, "queue/empty.md", "").stderr_has("empty");
    for id in ["huge", "binary", "link", "inner", "empty"] {
        let why = repo.buildq(["why", id]);
        assert!(!why.stdout.contains("root:"), "{}", why.stdout);
        assert!(why.stdout.contains(id) || why.stderr.contains(id), "{id}: {why:?}");
    }
    repo.settle();
    good_one_is_built(&repo);
}

#[test]
fn odd_names_are_told_how_to_mend_them() {
    let repo = TestRepo::new();
    let names = [
        "with space.md",
        "UPPER.md",
        "quo'te\".md",
        "--force.md",
        "-x.md",
        "new\nline.md",
        "ünï.md",
        "a..b.md",
        "$(touch pwned).md",
        "tab\there.md",
        "esc\u{1b}[31m.md",
        ".hidden.md",
        "two.dots.md",
    ];
    for name in names {
        repo.write(&format!("queue/{name}"), CLEAR);
    }
    repo.git(["add", "-A"]);
    let said = repo.git(["commit", "-qm", "Odd names"]);
    assert!(said.stderr.contains("git mv"), "{}", said.stderr);
    assert!(!said.stderr.contains('\u{1b}'), "an escape sequence reaches the terminal");
    assert!(said.stderr.lines().all(|line| line.starts_with("buildq: ")), "{}", said.stderr);
    let status = repo.buildq(["status"]).success();
    assert!(!status.stdout.contains('\u{1b}'), "{}", status.stdout);
    repo.buildq(["why", "--", "--force"]).success().stdout_has("git mv -- 'queue/--force.md'");
    for words in [&["why", "--force"][..], &["show", "../x"], &["why", "a b"], &["cancel", "é"]] {
        let said = repo.buildq(words.iter().copied());
        assert!(said.code == 2 || said.code == 1, "{said:?}");
        assert!(!said.stderr.contains("panicked"), "{said:?}");
    }
    assert!(!repo.path("pwned").exists());
    repo.settle();
    good_one_is_built(&repo);
    // The very line that it gives mends it.
    let line = said.stderr.lines().find(|line| line.contains("with space")).unwrap().to_owned();
    let mend = &line[line.find("git mv").unwrap()..];
    let mend = mend.split(['`', '\n']).next().unwrap();
    Said::of(repo.command("sh").args(["-c", mend])).success();
    repo.git(["commit", "-qm", "Mend"]);
    repo.buildq(["why", "with-space"]).success();
    repo.settle();
}

#[test]
fn twins_are_errors_of_both() {
    let repo = TestRepo::new();
    repo.write("queue/one.md", runbook("true"));
    repo.write("queue/sub/one.md", runbook("true"));
    repo.write("queue/two.md", runbook("true"));
    repo.write("queue/two.yaml", "title: two\ndescription: x\n");
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qm", "Twins"]);
    repo.settle();
    for id in ["one", "two"] {
        repo.buildq(["why", id]).success().stdout_has("queue/");
        assert_eq!(repo.story(id), Vec::<String>::new());
    }
    good_one_is_built(&repo);
}

#[test]
fn a_broken_configuration_starts_nothing_and_says_where() {
    let cases = [
        ("max_parallel: [", "buildq.yaml"),
        ("max_paralel: 2", "max_parallel"),
        ("max_parallel: many", "max_parallel"),
        ("builder: nobody", "nobody"),
        ("timezone: Mars/Olympus", "timezone"),
        ("windows: {medium: '25:00-06:00'}", "windows"),
        ("verify: ['a \"b']", "verify"),
        ("branch: {prefix: '../'}", "prefix"),
        ("queue: {dir: '../outside'}", "dir"),
    ];
    for (config, part) in cases {
        let repo = TestRepo::new();
        repo.write("buildq.yaml", config);
        repo.git(["add", "buildq.yaml"]);
        let said = repo.git(["commit", "-qm", "Break it"]);
        let told = said.stderr
            + &repo.buildq(["sync", "--check"]).stdout
            + &repo.buildq(["status"]).stdout
            + &repo.buildq(["trust", "--yes"]).stderr;
        assert!(told.contains(part), "{config}: {told}");
        repo.runbook("x", "echo made > made");
        repo.settle();
        assert!(!repo.has("x", "started"), "{config}");
        repo.config("");
        repo.wait_until("x", "succeeded").settle();
    }
}

#[test]
fn an_empty_queue_and_no_commits_yet() {
    let repo = TestRepo::unborn();
    repo.git(["config", "buildq.sandbox", "off"]);
    for words in [&["status"][..], &["sync"], &["log"], &["report"], &["review"]] {
        let said = repo.buildq(words.iter().copied());
        assert!(!said.stderr.contains("panicked"), "{said:?}");
    }
    repo.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    assert_ne!(repo.ask(["rev-parse", "HEAD"]), "", "init commits on an unborn branch too");
    repo.buildq(["sync"]).success();
    repo.buildq(["status"]).success();
    repo.buildq(["status", "--brief"]).success();
    repo.buildq(["log"]).success();
    repo.buildq(["report"]).success();
    repo.settle();
    good_one_is_built(&repo);
}

#[test]
fn outside_of_a_repository() {
    let repo = TestRepo::unborn();
    let out = repo.root().to_str().unwrap();
    for verb in ["init", "status", "sync", "log", "report", "review", "add", "accept"] {
        let mut words = vec!["-C", out, verb];
        words.extend((verb == "accept").then_some("x"));
        words.extend((verb == "add").then_some("--name=X"));
        words.extend((verb == "init").then_some("--yes"));
        let said = repo.buildq(words);
        assert!(said.code != 0 && said.stderr.contains("hint:"), "{verb}: {said:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_taken_for_missing() {
    let repo = TestRepo::new();
    repo.config("windows: {high: '22:00-06:00'}");
    repo.runbook("x", "echo made > made");
    repo.settle();
    let blob = repo.ask(["rev-parse", "main:buildq.yaml"]);
    let places = [
        // Without the ledger nothing would ever have been built; without the policy no
        // window would be closed.
        repo.git_dir().join("refs/heads/buildq"),
        repo.git_dir().join(format!("objects/{}/{}", &blob[..2], &blob[2..])),
    ];
    for place in places {
        let whole = std::fs::read(&place).unwrap();
        std::fs::remove_file(&place).unwrap();
        std::fs::write(&place, "what a broken disk has left").unwrap();
        for words in [&["sync"][..], &["sync", "--check"], &["pause"]] {
            repo.buildq(words.iter().copied()).clear_refusal().stderr_has("cannot read");
        }
        std::fs::write(&place, whole).unwrap();
        repo.settle();
    }
    assert!(!repo.has("x", "started"));
    repo.step("22:30");
    repo.buildq(["sync"]).success();
    repo.wait_for(|repo| repo.has("x", "started")).settle();
}

#[test]
fn a_detached_head_is_only_told() {
    let repo = TestRepo::new();
    repo.git(["checkout", "-q", "--detach"]);
    repo.draft("x", &runbook("echo made > made"));
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qm", "Add x"]).stderr_has("only main counts");
    repo.settle();
    assert!(!repo.has("x", "started"));
    repo.buildq(["status"]).success();
    repo.buildq(["sync"]).success();
    let said = repo.buildq(["why", "x"]);
    assert!(format!("{said:?}").contains("main"), "{said:?}");
    let detached = repo.ask(["rev-parse", "HEAD"]);
    repo.git(["checkout", "-q", "main"]);
    repo.git(["merge", "-q", "--ff-only", &detached]);
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_branch_of_the_ledgers_name_is_not_written_to() {
    let repo = TestRepo::bare_of_buildq();
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.git(["branch", "buildq"]);
    let tip = repo.ask(["rev-parse", "buildq"]);
    let said = repo.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]);
    let told = format!("{}{}", said.stdout, said.stderr);
    assert!(told.contains("git branch -m buildq"), "{told}");
    repo.settle();
    assert_eq!(repo.ask(["rev-parse", "buildq"]), tip);
    repo.git(["branch", "-m", "buildq", "buildq-old"]);
    repo.init();
    good_one_is_built(&repo);
}

#[test]
fn a_branch_named_build_leaves_no_room() {
    let repo = TestRepo::new();
    repo.git(["branch", "build"]);
    repo.runbook("x", "echo made > made").stderr_has("build");
    repo.settle();
    repo.buildq(["why", "x"]).success().stdout_has("`build` leaves no room").stdout_has("rename");
    assert!(!repo.has("x", "started"));
    repo.git(["branch", "-m", "build", "built"]);
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_build_branch_of_mine_is_not_taken() {
    let repo = TestRepo::new();
    repo.git(["branch", "build/x"]);
    let tip = repo.ask(["rev-parse", "build/x"]);
    repo.runbook("x", "echo made > made").stderr_has("`build/x`");
    repo.settle();
    assert!(!repo.has("x", "started"));
    assert_eq!(repo.ask(["rev-parse", "build/x"]), tip);
    good_one_is_built(&repo);
}

#[test]
fn a_missing_builder_holds_and_says_what_is_missing() {
    let repo = TestRepo::new();
    repo.config("builder: gone\nbuilders: {gone: {command: [no-such-agent, -p]}}");
    repo.task("x", CLEAR).stderr_has("`no-such-agent` is not on PATH");
    repo.settle();
    assert!(!repo.has("x", "started"));
    repo.task("y", &format!("---\npriority: high\nbuilder: steps\n---\n{}", runbook("echo 1 > y")));
    repo.wait_until("y", "succeeded").settle();
    repo.program("no-such-agent", "#!/bin/sh\necho made > made\n");
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
    repo.task("z", &format!("---\npriority: high\nbuilder: opus\n---\n{CLEAR}"))
        .stderr_has("there is no builder `opus`");
    repo.settle();
}

#[test]
fn a_builder_that_vanishes_spends_no_attempt_twice() {
    let repo = TestRepo::with_agent(
        "echo \"Claude AI usage limit reached. Your limit will reset at 3pm (UTC).\"; exit 1",
        "retry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.task("y", CLEAR).stderr_has("paused");
    repo.settle();
    assert!(!repo.has("y", "started"));
    assert_eq!(repo.story("x"), ["started", "failed"], "a limit spends no attempt: no escalation");
    repo.buildq(["status"]).success().stdout_has("limit");
    repo.step("14:59");
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "failed"]);
    repo.agent("echo made > $BUILDQ_TASK");
    repo.step("15:05");
    repo.wait_until("x", "succeeded").wait_until("y", "succeeded").settle();
}

#[test]
fn a_builder_that_dies_at_once_twice_is_paused() {
    let repo = TestRepo::with_agent("exit 1", "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    repo.task("y", CLEAR);
    repo.wait_until("y", "failed").settle();
    assert!(repo.event("y", "failed").contains("Buildq-Fault: builder"), "{}", repo.scene());
    repo.task("z", CLEAR).stderr_has("`agent` is paused");
    repo.settle();
    repo.agent("echo made > $BUILDQ_TASK");
    repo.step("09:31");
    repo.wait_until("y", "succeeded").wait_until("z", "succeeded").settle();
}
