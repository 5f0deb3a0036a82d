//! Corners where a wrong answer would be easy to give, from end to end.

use crate::support::{CLEAR, TestRepo};

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
