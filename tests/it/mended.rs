//! Corners where a wrong answer would be easy to give, from end to end.

use crate::support::{CLEAR, Process, TestRepo, WAITS, kill, lives, stop};

/// A commit that no hook of this clone has seen, as a pull brings it.
fn pulled(repo: &TestRepo, id: &str, text: &str) {
    let path = repo.draft(id, text);
    repo.git(["add", &path]);
    repo.git(["-c", "core.hooksPath=/dev/null", "commit", "-qm", &format!("Add {id}")]);
}

/// Commits one file; the answer is what git and its hook said.
fn put(repo: &TestRepo, path: &str, text: &str) -> String {
    repo.write(path, text);
    repo.git(["add", path]);
    repo.git(["commit", "-qm", &format!("Put {path}")]).stderr
}

/// The lines of buildq in what a commit answered.
fn said_by_hook(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with("buildq: ")).collect()
}

#[test]
fn a_branch_follows_a_builder_that_amends_what_has_come_over() {
    let script = "echo one > one; git add one; git commit -qm one\n\
        until test -e $OUT/go; do sleep 0.05; done\n\
        echo better > one; git add one; git commit -q --amend -m 'one, better'\n\
        echo two > two; git add two; git commit -qm two\n\
        until test -e $OUT/end; do sleep 0.05; done\n\
        echo three > three; git add three; git commit -q --amend -m 'two and three'";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_for(|repo| repo.file_at("build/x", "one") == "one\n");
    repo.go();
    repo.wait_for(|repo| repo.file_at("build/x", "two") == "two\n");
    assert_eq!(repo.file_at("build/x", "one"), "better\n");
    std::fs::write(repo.root().join("end"), "").unwrap();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "three"), "three\n");
    let commits = repo.ask(["log", "--reverse", "--format=%s", "main..build/x"]);
    assert!(commits.starts_with("one, better\ntwo and three\n"), "{commits}");
    assert_eq!(commits.lines().count(), 3, "the last moves the task's file: {commits}");
    assert_eq!(
        repo.ask(["rev-parse", "build/x"]),
        repo.ask(["rev-parse", "refs/buildq/attempts/x/1"])
    );
    repo.buildq(["review", "x"]).success().stdout_has("two");
    repo.buildq(["accept", "x"]).success();
    repo.wait_until("x", "merged").settle();
    assert_eq!(repo.file_at("main", "one"), "better\n");
    assert_eq!(repo.file_at("main", "three"), "three\n");
}

#[test]
fn a_retry_waits_until_a_builder_that_will_not_go_is_gone() {
    let script = "note() { echo $@ >> $OUT/record; }\n\
        if [ $BUILDQ_ATTEMPT = 1 ]; then trap 'touch $OUT/asked' TERM; echo $$ > $OUT/first; note start 1\n\
        touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done; note end 1; exit 0; fi\n\
        note start 2; kill -0 $(cat $OUT/first) 2>/dev/null && note two at once; echo made > made; note end 2";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.buildq(["cancel", "x"]).success().stdout_has("cancelled x");
    repo.buildq(["retry", "x"]).success().stdout_lacks("started x");
    repo.wait_for(|repo| repo.root().join("asked").exists());
    repo.buildq(["sync"]).success().stdout_lacks("started x");
    repo.buildq(["sync", "--check"]).success().stdout_has("its last builder is still being ended");
    assert_eq!(repo.left("record"), "start 1\n", "it has heard the request and goes on");
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.left("record"), "start 1\nend 1\nstart 2\nend 2\n");
    assert_eq!(repo.story("x"), ["started", "cancelled", "retried", "started", "succeeded"]);
}

#[test]
fn an_approval_of_mine_under_another_name_opens_nothing() {
    let repo = TestRepo::with_agent("echo made > made", "");
    // It waits for the night, approved or not.
    repo.task("mine", &format!("---\npriority: medium\n---\n{CLEAR}"));
    repo.settle();
    repo.buildq(["approve", "mine"]).success();
    pulled(&repo, "evil", CLEAR);
    repo.buildq(["sync"]).success();
    assert!(!repo.has("evil", "started"));
    let real = repo.event("mine", "approved");
    let blob = |id: &str| repo.ask(["rev-parse", &format!("main:queue/{id}.md")]);
    assert!(real.contains("Buildq-Id: ") && real.contains(&blob("mine")), "{real}");
    let short = |id: &str| blob(id)[..7].to_owned();
    let forged = real.replace(&blob("mine"), &blob("evil")).replace("mine", "evil");
    let forged = forged.replace(&short("mine"), &short("evil"));
    let at = |format: &str| {
        repo.ask(["log", "-1", "-E", "--grep", "^approved: mine", format, "buildq", "--"])
    };
    // On top of the real one; then in its place.
    for parent in [repo.ask(["rev-parse", "buildq"]), at("--format=%P")] {
        let forged =
            repo.ask(["commit-tree", "buildq^{tree}", "-p", &parent, "-m", forged.as_str()]);
        repo.git(["update-ref", "refs/heads/buildq", &forged]);
        assert!(repo.has("evil", "approved"), "{}", repo.scene());
        repo.buildq(["sync"]).success();
        repo.settle();
        assert!(!repo.has("evil", "started"), "{}", repo.scene());
        repo.buildq(["sync", "--check"])
            .success()
            .stdout_has("hold evil: trust: ")
            .stdout_has("was not made in this clone");
    }
    repo.buildq(["approve", "evil"]).success();
    repo.wait_until("evil", "succeeded").settle();
}

#[test]
fn a_base_that_is_mended_starts_what_it_held_by_the_hook_alone() {
    let repo = TestRepo::with_agent(
        "echo $BUILDQ_ATTEMPT > made",
        "verify: [\"sh -c 'test -e f*t'\"]\nretry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.buildq(["sync", "--check"]).success().stdout_has("hold x: base: ");
    repo.task("y", &format!("---\npriority: medium\n---\n{CLEAR}"));
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "failed"], "another task mends no base");
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "failed"]);
    put(&repo, "fit", "");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "failed", "started", "succeeded"]);
}

#[test]
fn what_the_setup_leaves_lying_about_is_nobodys_work() {
    let config = "workspace: {setup: [\"sh -c 'echo left > left.lock'\"]}\nretry: {max: 0}";
    let repo = TestRepo::with_agent("test -e left.lock || exit 9", config);
    repo.task("idle", CLEAR);
    repo.wait_until("idle", "escalated").settle();
    let event = repo.event("idle", "failed");
    assert!(event.contains("changed nothing"), "{event}");
    repo.agent("echo made > made");
    repo.task("busy", CLEAR);
    repo.wait_until("busy", "succeeded").settle();
    assert_eq!(repo.file_at("build/busy", "made"), "made\n");
    assert_eq!(repo.ask(["log", "--all", "--format=%h", "--", "left.lock"]), "");
}

#[test]
fn a_step_that_asks_is_the_last() {
    let repo = TestRepo::new();
    let out = repo.root().display().to_string();
    let text = format!(
        "Take two steps.\n\n## Completion criteria\n- [ ] the first is there\n\n  ```sh\n  \
         echo 1 > one\n  buildq block \"which one?\"\n  ```\n\n- [ ] the second is there\n\n  \
         ```sh\n  echo 2 > two\n  touch {out}/second\n  ```"
    );
    repo.task("x", &text);
    repo.wait_until("x", "blocked").settle();
    assert_eq!(repo.story("x"), ["started", "blocked"]);
    assert!(repo.event("x", "blocked").contains("which one?"));
    assert!(!repo.root().join("second").exists(), "the second step has run");
    assert_eq!(repo.file_at("build/x", "one"), "1\n", "its work is kept");
    assert_eq!(repo.file_at("build/x", "two"), "");
    let task = repo.file_at("build/x", "queue/x.md");
    assert!(task.contains("- [ ] the first") && task.contains("- [ ] the second"), "{task}");
    let said = repo.ask(["log", "--format=%B", "main..build/x"]);
    assert!(!said.contains("Buildq-Done"), "{said}");
}

#[test]
fn a_hook_says_what_needs_a_person_before_what_time_brings() {
    let repo = TestRepo::new().at("18:00");
    let said = repo.task("x", &format!("---\npriority: medium\n---\n{CLEAR}")).stderr;
    assert_eq!(
        said_by_hook(&said),
        [
            "buildq: x held: the builder `steps` runs `sh` blocks and the task has none (buildq why x)"
        ]
    );
    repo.settle();
}

#[test]
fn a_hook_says_that_an_edit_in_review_is_not_built() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let said = repo.task("x", &format!("{CLEAR}, better")).stderr;
    let said = said_by_hook(&said);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("buildq: x edited, but it is in review as it was"), "{said:?}");
    assert!(said[0].contains("buildq retry x"), "{said:?}");
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
}

#[test]
fn a_changed_script_stops_everything_and_everything_says_so() {
    let repo = TestRepo::new();
    repo.agent("echo made > made");
    repo.write("check.sh", "#!/bin/sh\ntrue\n");
    std::fs::set_permissions(
        repo.path("check.sh"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    repo.git(["add", "check.sh"]);
    repo.git(["commit", "-qm", "Add a check"]);
    repo.agent_config("verify: [./check.sh]");
    repo.task("before", CLEAR);
    repo.wait_until("before", "succeeded").settle();
    let said = put(&repo, "check.sh", "#!/bin/sh\necho mined; true\n");
    let word = "buildq: `check.sh` has changed: nothing starts until `buildq trust`";
    assert_eq!(said_by_hook(&said), [word]);
    repo.settle();
    let said = repo.task("x", CLEAR).stderr;
    let said = said_by_hook(&said);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("`check.sh`"), "{said:?}");
    repo.settle();
    repo.buildq(["sync"]).success().stdout(
        "nothing starts: `check.sh` has changed since it was trusted here → buildq trust\n",
    );
    assert!(!repo.has("x", "started"));
    repo.buildq(["trust", "--yes"]).success();
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_misspelt_policy_holds_by_trust_alone_and_names_the_nearest_key() {
    let repo = TestRepo::with_agent("echo made > made", "windows: {medium: never}").at("18:00");
    repo.task("x", &format!("---\npriority: medium\n---\n{CLEAR}"));
    repo.settle();
    let policy = format!("{}\nretrys: {{max: 2}}\n", repo.read("buildq.yaml"));
    let said = put(&repo, "buildq.yaml", &policy);
    let said = said_by_hook(&said);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("retrys") && said[0].contains("did you mean `retry`?"), "{said:?}");
    repo.settle();
    let why = repo.buildq(["why", "x"]).success().stdout;
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("unknown key `retrys`; did you mean `retry`?"), "{why}");
    assert!(why.contains("→ mend `buildq.yaml:6:1` and commit it"), "{why}");
    let plan = repo.buildq(["sync", "--check"]).success().stdout_has("hold x: trust: ");
    plan.stdout_lacks("more)").stdout_has("nothing is due");
    repo.buildq(["approve", "x"]).success();
    repo.settle();
    assert!(!repo.has("x", "started"), "no approval opens a broken policy");
}

#[test]
fn builders_get_what_they_name_and_checks_get_nothing() {
    let repo = TestRepo::new().env("FIRST_KEY", "first-123").env("SECOND_KEY", "second-456");
    let out = repo.root().display().to_string();
    let note = |what: &str| {
        format!(
            "#!/bin/sh\nenv | grep _KEY= | sort > {out}/{what}-$BUILDQ_TASK\necho made > made\n"
        )
    };
    for what in ["first", "second", "check"] {
        repo.program(what, &note(what));
    }
    repo.program("setup", &note("setup").replace("echo made > made", ""));
    repo.config(
        "builder: first\nverify: [check]\nworkspace: {setup: [setup]}\nmax_parallel: 2\nbuilders:\n  \
         first: {command: [first], env: [FIRST_KEY]}\n  second: {command: [second], env: [SECOND_KEY]}",
    );
    repo.task("one", CLEAR);
    repo.task("two", &format!("---\npriority: high\nbuilder: second\n---\n{CLEAR}"));
    repo.wait_until("one", "succeeded").wait_until("two", "succeeded").settle();
    assert_eq!(repo.left("first-one"), "FIRST_KEY=first-123\n");
    assert_eq!(repo.left("second-two"), "SECOND_KEY=second-456\n");
    for what in ["check-one", "check-two", "setup-one", "setup-two"] {
        assert!(repo.root().join(what).exists(), "{what} has not run");
        assert_eq!(repo.left(what), "", "{what}");
    }
}

#[test]
fn nobody_commits_in_nobodys_name() {
    let repo = TestRepo::bare_of_buildq();
    let config = repo.home().join(".gitconfig");
    let known = std::fs::read_to_string(&config).unwrap();
    let unknown = known.replace("name = Ada", "").replace("email = ada@example.org", "");
    std::fs::write(&config, &unknown).unwrap();
    let stands = || {
        let refs = repo.ask(["for-each-ref"]);
        (refs, repo.ask(["status", "--porcelain", "--untracked-files=all"]))
    };
    let refused = |before: &(String, String), words: &[&str]| {
        let said = repo.buildq(words.iter().copied()).clear_refusal();
        let said = said.stderr_has("git does not know who you are").stderr_has("user.email");
        assert_eq!(said.stderr.matches("error: ").count(), 1, "{}", said.stderr);
        assert_eq!(said.stdout, "");
        assert_eq!(&stands(), before, "{words:?}");
    };
    refused(&stands(), &["init", "--yes", "--no-heartbeat", "--builder", "steps"]);
    std::fs::write(&config, &known).unwrap();
    repo.init();
    repo.settle();
    std::fs::write(&config, &unknown).unwrap();
    let words = ["add", "--name", "Y", "--desc", "Write a file.", "--criterion", "it is there"];
    refused(&stands(), &words);
    repo.settle();
}

#[test]
fn a_builder_that_goes_back_below_its_base_has_failed() {
    let repo = TestRepo::with_agent("git reset -q --hard HEAD~1", "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    let event = repo.event("x", "failed");
    assert!(
        event.contains("its commits no longer stand on the commit that it started from"),
        "{event}"
    );
    assert_eq!(repo.story("x"), ["started", "failed", "escalated"]);
    repo.agent("echo made > made");
    repo.buildq(["retry", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["accept", "x"]).success();
    repo.settle();
}

#[test]
fn a_builder_that_takes_the_mark_away_loses_nothing() {
    let script = "echo begun > begun; git add begun; git commit -qm begun; echo more > more\n\
                  rm .git/buildq-workspace\n\
                  touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done";
    for dies in [true, false] {
        let repo = TestRepo::with_agent(script, "");
        repo.task("x", CLEAR);
        repo.wait_alive("x");
        if dies {
            let all = repo.processes();
            let supervisor = all.iter().find(|process| process.is("supervise")).unwrap();
            stop(supervisor.pid);
            repo.buildq(["cancel", "x"]).success();
            kill(supervisor.pid);
            repo.wait_for(|_| !lives(supervisor.pid));
            repo.buildq(["sync"]).success();
        } else {
            repo.go();
            repo.wait_until("x", "succeeded");
        }
        repo.settle();
        for (file, text) in [("begun", "begun\n"), ("more", "more\n")] {
            assert_eq!(repo.file_at("refs/buildq/attempts/x/1", file), text, "{dies}");
        }
    }
}

#[test]
fn what_makes_no_sense_in_review_is_refused() {
    let repo = TestRepo::new();
    repo.runbook("x", "echo made > made");
    repo.wait_until("x", "succeeded").settle();
    let steps = repo.buildq(["reject", "x", "-m", "make it better"]).clear_refusal();
    steps.stderr_has("`steps`").stderr_has("buildq retry x");
    repo.buildq(["approve", "x"])
        .clear_refusal()
        .stderr_has("`x` waits for review")
        .stderr_has("buildq accept x");
    repo.agent("echo made > made");
    repo.agent_config("");
    repo.task("y", CLEAR);
    repo.wait_until("y", "succeeded").settle();
    for empty in ["", " \n"] {
        let said = repo.buildq(["reject", "y", "-m", empty]).clear_refusal().code(2);
        said.stderr_has("error: say what should be different");
    }
    repo.buildq(["answer", "y", "yes"]).clear_refusal().stderr_has("it is in review");
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
    assert_eq!(repo.story("y"), ["started", "succeeded"]);
}

/// A supervisor that dies after a person has called its attempt off, and before it could see that,
/// leaves a builder that no running attempt tells of.
#[test]
fn a_builder_that_outlived_its_supervisor_ends_before_the_next_begins() {
    let script = format!("setsid sleep 4321 &\n{WAITS}");
    let repo = TestRepo::with_agent(&script, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.settle_but_builds();
    let of = |verb: &str| {
        let all = repo.processes();
        all.iter().filter(|process| process.is(verb)).map(|process| process.pid).collect::<Vec<_>>()
    };
    let strays = || {
        let all = repo.processes();
        let stray = |process: &&Process| process.argv.iter().any(|word| word == "4321");
        all.iter().filter(stray).map(|process| process.pid).collect::<Vec<_>>()
    };
    let (supervisors, first) = (of("supervise"), strays());
    assert!(!supervisors.is_empty() && !first.is_empty(), "{}", repo.scene());
    supervisors.iter().for_each(|pid| stop(*pid));
    repo.buildq(["cancel", "x"]).success();
    supervisors.iter().for_each(|pid| kill(*pid));
    repo.wait_for(|_| supervisors.iter().all(|pid| !lives(*pid)));
    assert!(first.iter().any(|pid| lives(*pid)), "it outlives its supervisor: no sandbox is on");
    // Another place is not free while it lives, nor does its own next attempt begin beside it.
    std::fs::remove_file(repo.root().join("alive-x")).unwrap();
    repo.buildq(["retry", "x"]).success();
    repo.wait_alive("x");
    assert!(first.iter().all(|pid| !lives(*pid)), "{}", repo.scene());
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "cancelled", "retried", "started", "succeeded"]);
}
