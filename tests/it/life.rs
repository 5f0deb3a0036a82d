//! The life of a build, from a committed file to a branch.

use crate::support::{CLEAR, TestRepo, WAITS, runbook};

#[test]
fn a_task_that_a_sync_saw_before_its_hook_ran_starts_all_the_same() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let path = repo.draft("x", CLEAR);
    repo.git(["add", &path]);
    repo.git(["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Add x"]);
    repo.buildq(["sync"]).success();
    repo.settle();
    assert!(repo.story("x").is_empty(), "nobody knows yet whose it is");
    repo.buildq(["hook", "post-commit"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_hook_that_comes_late_knows_what_was_made_here_and_what_was_pulled() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.settle();
    let other = repo.clone_to("other");
    other.draft("theirs", CLEAR);
    other.git(["add", "-A"]);
    other.git(["commit", "-qm", "Add theirs"]);
    let quietly = |words: &[&str]| repo.git([&["-c", "core.hooksPath=/dev/null"], words].concat());
    let mine = repo.draft("mine", CLEAR);
    repo.git(["add", &mine]);
    quietly(&["commit", "-qm", "Add mine"]);
    // Before its hook runs, a second commit stands on top of it, and then what was pulled.
    repo.write("b.txt", "b\n");
    repo.git(["add", "b.txt"]);
    quietly(&["commit", "-qm", "Something else"]);
    quietly(&["fetch", "-q", other.dir().to_str().unwrap(), "main"]);
    quietly(&["merge", "-q", "--no-edit", "FETCH_HEAD"]);
    repo.buildq(["hook", "post-commit"]).success();
    repo.wait_until("mine", "succeeded").settle();
    assert_eq!(repo.story("theirs"), Vec::<String>::new(), "{}", repo.scene());
}

#[test]
fn a_committed_file_becomes_a_branch() {
    let repo = TestRepo::bare_of_buildq();
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success().stdout_has("queue/");
    repo.draft("hello", &runbook("echo 'hello world' > hello.txt"));
    repo.git(["add", "queue/hello.md"]);
    repo.git(["commit", "-qm", "Add hello"]).stderr_has("buildq: hello queued, starting now");
    repo.wait_until("hello", "succeeded").settle();
    assert_eq!(repo.story("hello"), ["started", "succeeded"]);
    assert_eq!(repo.file_at("build/hello", "hello.txt"), "hello world\n");
    assert!(repo.file_at("build/hello", "queue/done/hello.md").contains("- [x] the step has run"));
    assert_eq!(repo.file_at("build/hello", "queue/hello.md"), "");
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    assert_eq!(
        repo.ask(["rev-parse", "refs/buildq/attempts/hello/1"]),
        repo.ask(["rev-parse", "build/hello"])
    );
}

#[test]
fn a_failure_is_retried_and_in_the_end_escalated() {
    let repo =
        TestRepo::with_agent("echo boom $BUILDQ_ATTEMPT; exit 3", "retry: {max: 2, delay: 5m}");
    repo.task("parser", CLEAR);
    repo.wait_until("parser", "failed").settle();
    assert!(repo.event("parser", "failed").contains("boom 1"));
    repo.buildq(["sync"]).success().stdout("nothing is due\n");
    repo.step("09:04");
    repo.buildq(["sync"]).success().stdout("nothing is due\n");
    repo.step("09:05");
    repo.wait_for(|repo| repo.count("parser", "failed") == 2);
    assert!(repo.prompt(2).contains("boom 1"), "{}", repo.prompt(2));
    repo.step("09:10");
    repo.wait_until("parser", "escalated").settle();
    let story = ["started", "failed", "started", "failed", "started", "failed", "escalated"];
    assert_eq!(repo.story("parser"), story);
    repo.step("12:00");
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("parser"), story, "nothing starts by itself any more");
    repo.agent("echo done > done.txt");
    repo.buildq(["retry", "parser"]).success().stdout_has("parser");
    repo.wait_until("parser", "succeeded");
    assert!(repo.has("parser", "retried"));
    assert_eq!(repo.file_at("build/parser", "done.txt"), "done\n");
    repo.ask(["rev-parse", "refs/buildq/attempts/parser/4"]);
}

#[test]
fn a_second_attempt_starts_from_a_fresh_base() {
    let script = "if [ $BUILDQ_ATTEMPT = 1 ]; then echo 1 > one; git add one; git commit -qm one; exit 1; fi\n\
                  test ! -e one && echo 2 > two";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "one"), "1\n", "nothing is lost");
    repo.step("09:05");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "two"), "2\n");
    assert_eq!(repo.file_at("build/x", "one"), "");
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "one"), "1\n", "nor later");
}

#[test]
fn a_second_attempt_goes_on_from_the_branch_where_that_is_wanted() {
    let script = "if [ $BUILDQ_ATTEMPT = 1 ]; then echo 1 > one; git add one; git commit -qm one; exit 1; fi\n\
                  test -e one && echo 2 > two";
    let repo = TestRepo::with_agent(script, "retry: {from: branch}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.step("09:05");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "one"), "1\n");
    assert_eq!(repo.file_at("build/x", "two"), "2\n");
}

#[test]
fn a_builder_asks_and_gets_an_answer() {
    let script = "if [ $BUILDQ_ATTEMPT = 1 ]; then echo a > a; git add a; git commit -qm a\n\
                  buildq block 'Which database?'; exit 0; fi\ntest -e a && echo b > b";
    let repo = TestRepo::with_agent(script, "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "blocked").settle();
    assert!(repo.event("x", "blocked").contains("Which database?"));
    repo.buildq(["reject", "x", "-m", "no"]).clear_refusal();
    repo.buildq(["answer", "x", "sqlite, please"]).success().stdout_has("answered x");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "blocked", "answered", "started", "succeeded"]);
    let prompt = repo.prompt(2);
    assert!(prompt.contains("Which database?") && prompt.contains("sqlite, please"), "{prompt}");
    repo.buildq(["answer", "x", "again"]).clear_refusal();
}

#[test]
fn a_rejected_build_goes_on_from_its_branch() {
    let script =
        "if [ $BUILDQ_ATTEMPT = 1 ]; then echo 1 > one; else test -e one && echo 2 > two; fi";
    let repo = TestRepo::with_agent(script, "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["reject", "x", "-m", "Mind the ünïcode\n---\nand `$(this)`"]).success();
    repo.wait_for(|repo| repo.count("x", "succeeded") == 2).settle();
    assert_eq!(repo.story("x"), ["started", "succeeded", "rejected", "started", "succeeded"]);
    assert!(repo.prompt(2).contains("Mind the ünïcode"), "{}", repo.prompt(2));
    assert!(repo.prompt(2).contains("and `$(this)`"), "{}", repo.prompt(2));
    assert_eq!(repo.file_at("build/x", "one"), "1\n");
    assert_eq!(repo.file_at("build/x", "two"), "2\n");
    assert!(repo.file_at("build/x", "queue/done/x.md").contains("Write result.txt"));
}

#[test]
fn what_is_sent_back_goes_on_whatever_its_priority_or_says_why_not() {
    let repo = TestRepo::with_agent("date > $BUILDQ_ATTEMPT", "");
    repo.task("x", &format!("---\npriority: low\n---\n{CLEAR}"));
    repo.settle();
    repo.buildq(["spawn", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
    let said = repo.buildq(["reject", "x", "-m", "Again"]).success();
    said.stdout("rejected x\nstarted x (attempt 2)\n");
    repo.wait_for(|repo| repo.count("x", "succeeded") == 2).settle();
    repo.buildq(["pause", "-m", "lunch"]).success();
    let said = repo.buildq(["reject", "x", "-m", "Once more"]).success();
    said.stdout("rejected x\nx held: paused by Ada: lunch (buildq why x)\n");
}

#[test]
fn a_check_that_fails_on_the_base_too_is_nobodys_fault() {
    let repo = TestRepo::with_agent(
        "echo $BUILDQ_ATTEMPT > made",
        "verify: [\"sh -c 'test -e f*t'\"]\nretry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    let event = repo.event("x", "failed");
    assert!(event.contains("`sh -c 'test -e f*t'` fails on main too"), "{event}");
    repo.buildq(["sync", "--check"])
        .success()
        .stdout_has("hold x: base: `sh -c 'test -e f*t'` fails on main too");
    repo.step("11:00");
    repo.buildq(["sync"]).success().stdout("nothing is due\n");
    repo.write("fit", "");
    repo.git(["add", "fit"]);
    repo.git(["commit", "-qm", "Mend"]);
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "failed", "started", "succeeded"]);
}

#[test]
fn a_check_that_only_the_work_fails_is_its_fault() {
    let repo = TestRepo::with_agent("rm fit", "verify: [\"sh -c 'test -e f*t'\"]\nretry: {max: 0}");
    repo.write("fit", "");
    repo.git(["add", "fit"]);
    repo.git(["commit", "-qm", "Fit"]);
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    let event = repo.event("x", "failed");
    assert!(event.contains("`sh -c 'test -e f*t'` fails: exit 1"), "{event}");
}

#[test]
fn an_attempt_that_changed_nothing_has_failed() {
    let repo = TestRepo::with_agent("true", "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    assert!(repo.event("x", "failed").contains("changed nothing"));
}

#[test]
fn what_lies_uncommitted_is_committed() {
    let script = "mkdir -p sub; echo left > sub/left; echo no > junk.o; echo '*.o' > .gitignore; echo x >> a.txt";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "sub/left"), "left\n");
    assert_eq!(repo.file_at("build/x", "a.txt"), "first\nx\n");
    assert_eq!(repo.file_at("build/x", "junk.o"), "", "ignored files stay out");
}

#[test]
fn work_left_by_a_failure_is_kept() {
    let repo = TestRepo::with_agent("echo half > half; exit 1", "retry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "half"), "half\n");
    assert_eq!(repo.file_at("build/x", "half"), "half\n");
}

#[test]
fn priority_then_due_then_age_then_name_decide() {
    let repo =
        TestRepo::with_agent("echo $BUILDQ_TASK > $BUILDQ_TASK", "windows: {medium: always}");
    repo.buildq(["pause"]).success();
    let task = |id: &str, head: &str| {
        repo.task(id, &format!("---\n{head}\n---\n{CLEAR}"));
    };
    task("e-medium", "priority: medium");
    repo.step("09:01");
    task("z-older", "priority: high");
    repo.step("09:02");
    for id in ["c-newer", "b-newer"] {
        repo.draft(id, CLEAR);
    }
    repo.git(["add", "queue"]);
    repo.git(["commit", "-qm", "Two at once"]);
    repo.step("09:03");
    task("d-due-late", "priority: high\ndue: 2026-02-09");
    task("y-due-soon", "priority: high\ndue: 2026-02-08");
    repo.settle();
    assert_eq!(repo.ledger().len(), 2, "paused: {:?}", repo.ledger());
    repo.buildq(["resume"]).success().stdout_has("started y-due-soon");
    repo.wait_until("e-medium", "succeeded").settle();
    let started = repo
        .ledger()
        .into_iter()
        .filter_map(|line| Some(line.strip_prefix("started: ")?.split(' ').next()?.to_owned()));
    let order = ["y-due-soon", "d-due-late", "z-older", "b-newer", "c-newer", "e-medium"];
    assert_eq!(started.collect::<Vec<_>>(), order);
}

#[test]
fn a_dependency_in_review_is_built_upon() {
    let script = "echo $BUILDQ_TASK > $BUILDQ_TASK; ls > $OUT/saw-$BUILDQ_TASK";
    let repo = TestRepo::with_agent(script, "");
    repo.task("top", &format!("---\npriority: high\ndepends_on: [left, right]\n---\n{CLEAR}"));
    repo.settle();
    repo.buildq(["sync", "--check"]).stdout_has("hold top: depends: there is no task `left`");
    repo.task("left", CLEAR);
    repo.task("right", CLEAR);
    repo.wait_until("top", "succeeded").settle();
    let saw = std::fs::read_to_string(repo.root().join("saw-top")).unwrap();
    assert!(saw.contains("left") && saw.contains("right"), "{saw}");
    assert_eq!(repo.file_at("build/top", "left"), "left\n");
    let parents = repo.ask([
        "rev-list",
        "--parents",
        "-1",
        &repo.ask(["merge-base", "build/top", "build/left"]),
    ]);
    assert!(!parents.is_empty());
}

#[test]
fn dependencies_that_clash_hold() {
    let repo = TestRepo::with_agent("echo $BUILDQ_TASK > same", "");
    repo.task("left", CLEAR);
    repo.task("right", CLEAR);
    repo.wait_until("right", "succeeded").wait_until("left", "succeeded").settle();
    repo.task("top", &format!("---\npriority: high\ndepends_on: [left, right]\n---\n{CLEAR}"))
        .stderr_has("`left` and `right` clash in `same`");
    repo.settle();
    assert!(!repo.has("top", "started"));
    repo.git(["merge", "-q", "--no-edit", "build/left"]);
    repo.settle();
    assert_eq!(repo.last("left"), "merged");
}

#[test]
fn a_merged_dependency_is_waited_for_where_that_is_wanted() {
    let repo = TestRepo::with_agent("echo $BUILDQ_TASK > $BUILDQ_TASK", "depends: merged");
    repo.task("low", CLEAR);
    repo.wait_until("low", "succeeded").settle();
    repo.task("top", &format!("---\npriority: high\ndepends_on: [low]\n---\n{CLEAR}"))
        .stderr_has("`low` waits for review");
    repo.git(["merge", "-q", "--no-edit", "build/low"]);
    repo.wait_until("top", "succeeded").settle();
    assert_eq!(repo.file_at("build/top", "low"), "low\n");
}

#[test]
fn a_circle_is_named() {
    let repo = TestRepo::with_agent("true", "");
    repo.draft("a", &format!("---\npriority: high\ndepends_on: [b]\n---\n{CLEAR}"));
    repo.draft("b", &format!("---\npriority: high\ndepends_on: [a]\n---\n{CLEAR}"));
    repo.git(["add", "queue"]);
    repo.git(["commit", "-qm", "A circle"]).stderr_has("a circle: a → b → a");
}

#[test]
fn a_window_opens_by_itself() {
    let repo = TestRepo::with_agent("echo made > made", "").at("18:00");
    repo.task("x", &format!("---\npriority: medium\n---\n{CLEAR}"))
        .stderr_has("buildq: x queued, opens 22:00");
    repo.settle();
    repo.buildq(["sync", "--check"]).stdout_has("hold x: window: opens 22:00");
    repo.step("21:59");
    repo.buildq(["sync"]).success().stdout("nothing is due\n");
    repo.step("22:00");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn not_before_holds_until_then() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", &format!("---\npriority: high\nnot_before: 2026-02-07 10:30\n---\n{CLEAR}"))
        .stderr_has("not before 10:30");
    repo.settle();
    repo.step("10:30");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn low_priority_waits_for_an_approval_of_this_very_text() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let text = format!("---\npriority: low\n---\n{CLEAR}");
    repo.task("x", &text).stderr_has("approval");
    repo.settle();
    repo.buildq(["pause"]).success();
    repo.buildq(["approve", "x"]).success().stdout_has("approved x");
    repo.task("x", &format!("{text} and more")).stderr_has("paused");
    repo.buildq(["resume"]).success();
    repo.settle();
    assert!(!repo.has("x", "started"), "the edit has voided the approval");
    repo.buildq(["approve", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_risky_text_waits_for_an_approval() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let text = "Drop the users table of the production database.\n\n## Completion criteria\n- [ ] it is gone";
    repo.task("x", text).stderr_has("held").stderr_has("buildq why x");
    repo.settle();
    assert!(!repo.has("x", "started"));
    repo.buildq(["approve", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_running_build_is_cancelled() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.buildq(["cancel", "x", "-m", "not needed"]).success().stdout_has("cancelled x");
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "cancelled"]);
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "begun"), "begun\n", "its work is kept");
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "cancelled"], "the same text is not built again");
    repo.go();
    repo.task("x", &format!("{CLEAR}\n- [ ] and another"));
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "cancelled", "started", "succeeded"]);
    assert!(
        !repo.ask(["rev-parse", "refs/buildq/attempts/x/2"]).is_empty(),
        "numbers never repeat"
    );
}

#[test]
fn a_running_build_is_called_failed() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.buildq(["fail", "x", "-m", "on the wrong way"]).success();
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "failed"]);
    repo.go();
    repo.step("09:05");
    repo.wait_until("x", "succeeded").settle();
    assert!(repo.prompt(2).contains("on the wrong way"));
}

#[test]
fn a_pause_holds_and_a_pause_now_ends() {
    let repo = TestRepo::with_agent(WAITS, "max_parallel: 2\nretry: {max: 0}");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.buildq(["pause", "-m", "a demo"]).success().stdout_has("buildq resume");
    repo.task("y", CLEAR).stderr_has("paused by Ada: a demo");
    repo.settle_but_builds();
    assert!(!repo.has("y", "started"));
    assert_eq!(repo.story("x"), ["started"], "what runs goes on");
    repo.buildq(["pause", "--now"]).success().stdout_has("ended the builder of x");
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "failed"]);
    repo.go();
    repo.buildq(["resume"]).success();
    repo.wait_until("x", "succeeded").wait_until("y", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "failed", "started", "succeeded"]);
    assert_eq!(repo.file_at("build/x", "begun"), "begun\n", "it went on from its work");
}

#[test]
fn a_pause_until_a_time_ends_by_itself() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.buildq(["pause", "--until", "10:00"]).success().stdout_has("2026-02-07 10:00");
    repo.task("x", CLEAR).stderr_has("paused by Ada");
    repo.settle();
    repo.step("10:00");
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["pause", "--until", "whenever"]).code(2).stderr_has("hint:");
}

#[test]
fn an_edit_while_it_waits_is_a_new_beginning() {
    let repo = TestRepo::with_agent(
        "grep -q better $OUT/prompt-$BUILDQ_ATTEMPT && echo made > made",
        "retry: {max: 1}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.task("x", &format!("{CLEAR}, better"));
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "failed", "retried", "started", "succeeded"]);
}

#[test]
fn an_edit_while_it_is_escalated_is_a_new_beginning() {
    let repo = TestRepo::with_agent(
        "grep -q better $OUT/prompt-$BUILDQ_ATTEMPT && echo made > made",
        "retry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    repo.task("x", &format!("{CLEAR}, better"));
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn an_edit_while_it_builds_changes_nothing() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.task("x", &format!("{CLEAR}, better"));
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
    assert!(!repo.file_at("build/x", "queue/done/x.md").contains("better"));
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
    repo.buildq(["retry", "x"]).success();
    repo.wait_for(|repo| repo.count("x", "succeeded") == 2).settle();
    assert!(repo.file_at("build/x", "queue/done/x.md").contains("better"));
}

#[test]
fn a_removed_task_gets_no_new_attempt() {
    let repo = TestRepo::with_agent("exit 1", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.git(["rm", "-q", "queue/x.md"]);
    repo.git(["commit", "-qm", "Not that"]);
    repo.settle();
    repo.step("10:00");
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "failed"]);
}

#[test]
fn a_running_build_ends_when_its_task_stays_away() {
    let repo = TestRepo::with_agent(WAITS, "stall: {after: 1m}");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.git(["rm", "-q", "queue/x.md"]);
    repo.git(["commit", "-qm", "Not that"]);
    repo.settle_but_builds();
    repo.step("09:09");
    assert_eq!(repo.story("x"), ["started"]);
    // Its supervisor looks now and then: ten minutes count from when it first saw it.
    let mut seconds = 0;
    repo.wait_for(|repo| {
        seconds += 20;
        repo.step(&format!("{:02}:{:02}", 10 + seconds / 3600, seconds / 60 % 60));
        repo.last("x") == "cancelled"
    });
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "cancelled"]);
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "begun"), "begun\n", "its work is kept");
}

#[test]
fn a_rename_keeps_the_build() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.git(["mv", "queue/x.md", "queue/y.md"]);
    repo.git(["commit", "-qm", "Rename"]);
    repo.settle_but_builds();
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert!(!repo.has("y", "started"), "{:?}", repo.ledger());
}

#[test]
fn an_id_comes_back_after_it_was_merged() {
    let repo = TestRepo::with_agent("echo $BUILDQ_ATTEMPT > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.git(["merge", "-q", "--no-edit", "build/x"]);
    repo.wait_until("x", "merged").settle();
    repo.task("x", CLEAR);
    repo.settle();
    assert_eq!(repo.last("x"), "merged", "the same text is nothing new");
    repo.task("x", &format!("{CLEAR}, once more"));
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "succeeded", "merged", "started", "succeeded"]);
    assert_eq!(repo.file_at("build/x", "made"), "2\n");
    assert_eq!(repo.file_at("build/x", "queue/done/x.md"), repo.file_at("main", "queue/done/x.md"));
    assert!(repo.file_at("build/x", "queue/done/x-2.md").contains("once more"));
}

#[test]
fn a_file_moved_to_done_by_hand_closes_its_build() {
    let repo = TestRepo::with_agent("exit 1", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    std::fs::create_dir_all(repo.path("queue/done")).unwrap();
    repo.git(["mv", "queue/x.md", "queue/done/x.md"]);
    repo.git(["commit", "-qm", "Did it myself"]);
    repo.wait_until("x", "closed").settle();
    repo.task("y", &format!("---\npriority: high\ndepends_on: [x]\n---\n{CLEAR}"))
        .stderr_has("y queued, starting now");
    repo.wait_until("y", "failed").settle();
}

#[test]
fn merges_by_hand_are_recognised() {
    for how in ["ancestry", "squash", "rebase", "cherry-pick"] {
        let repo = TestRepo::with_agent("echo made > made", "");
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        repo.write("meanwhile", "");
        repo.git(["add", "meanwhile"]);
        repo.git(["commit", "-qm", "Meanwhile"]);
        match how {
            "ancestry" => drop(repo.git(["merge", "-q", "--no-edit", "build/x"])),
            "squash" => {
                repo.git(["merge", "-q", "--squash", "build/x"]);
                repo.git(["commit", "-qm", "Squashed"]);
            }
            "rebase" => {
                repo.git(["switch", "-q", "-c", "mine", "build/x"]);
                repo.git(["rebase", "-q", "main"]);
                repo.git(["switch", "-q", "main"]);
                repo.git(["merge", "-q", "--ff-only", "mine"]);
            }
            _ => drop(repo.git(["cherry-pick", "main..build/x"])),
        }
        repo.buildq(["sync"]).success();
        repo.wait_until("x", "merged").settle();
        assert_eq!(repo.story("x"), ["started", "succeeded", "merged"], "{how}");
    }
}

#[test]
fn an_edit_that_was_not_built_is_said_when_it_is_merged() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.task("x", &format!("{CLEAR}, better"));
    repo.settle();
    let _ = repo.try_git(["merge", "-q", "--no-edit", "build/x"]);
    if repo.ask(["status", "--porcelain"]).contains('U') {
        // Git sees a rename on one side and an edit on the other.
        repo.git(["add", "-A"]);
        repo.git(["commit", "-qm", "Merge build/x"]);
    }
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "merged").settle();
    let event = repo.event("x", "merged");
    assert!(event.contains("Buildq-Edited: yes"), "{event}");
}

#[test]
fn an_agent_gets_its_prompt_as_the_real_one_does() {
    let repo = TestRepo::bare_of_buildq();
    repo.git(["config", "buildq.sandbox", "off"]);
    let out = repo.root().display().to_string();
    let script = format!(
        "#!/bin/sh\n[ -f /dev/stdin ] && echo file > {out}/stdin || echo other > {out}/stdin\n\
         echo \"$@\" > {out}/words\ncat > {out}/prompt\necho hi > hi.txt\n\
         echo '{{\"type\":\"result\",\"result\":\"I said hi.\"}}'\n"
    );
    repo.program("claude", &script);
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success().stdout_has("claude");
    repo.task("hello", CLEAR);
    repo.wait_until("hello", "succeeded").settle();
    let read = |name: &str| std::fs::read_to_string(repo.root().join(name)).unwrap();
    assert_eq!(read("stdin"), "file\n");
    assert!(read("words").starts_with("-p "), "{}", read("words"));
    assert!(read("prompt").contains("Write result.txt with the result."), "{}", read("prompt"));
    assert!(read("prompt").contains("result.txt is there"));
    assert!(
        repo.event("hello", "succeeded").contains("I said hi."),
        "{}",
        repo.event("hello", "succeeded")
    );
    assert_eq!(repo.file_at("build/hello", "hi.txt"), "hi\n");
}
