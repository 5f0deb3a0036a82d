//! Capacity: side by side, reviews, what a night may use, and what one attempt may take.

use crate::support::{CLEAR, TestRepo, WAITS};

/// What claude prints at its end.
fn result(cost: &str) -> String {
    format!(
        "echo made > made-$BUILDQ_TASK; echo '{{\"type\":\"result\",\"total_cost_usd\":{cost},\
         \"usage\":{{\"input_tokens\":1200,\"cache_read_input_tokens\":300,\"output_tokens\":45}}}}'"
    )
}

/// Words of a page, however its lines are broken.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn three_run_side_by_side_and_the_fourth_waits() {
    let repo = TestRepo::with_agent(WAITS, "max_parallel: 3");
    for task in ["a", "b", "c", "d"] {
        repo.task(task, CLEAR);
    }
    for task in ["a", "b", "c"] {
        repo.wait_alive(task);
    }
    repo.settle_but_builds();
    repo.buildq(["why", "d"]).success().stdout_has("after `a`, `b`, `c`: 3 at a time");
    assert!(!repo.has("d", "started"));
    repo.go();
    for task in ["a", "b", "c", "d"] {
        repo.wait_until(task, "succeeded");
    }
    repo.settle();
    // Each has its own workspace: none saw what another made.
    for task in ["a", "b", "c", "d"] {
        assert_eq!(repo.file_at(&format!("build/{task}"), "made"), "made\n");
    }
}

#[test]
fn too_many_reviews_hold_until_one_is_decided() {
    let repo = TestRepo::with_agent("echo made > made-$BUILDQ_TASK", "max_review: 2");
    for task in ["a", "b"] {
        repo.task(task, CLEAR);
        repo.wait_until(task, "succeeded").settle();
    }
    repo.task("c", CLEAR).stderr_has("`a`, `b` wait for review, and `max_review` is 2");
    repo.settle();
    repo.buildq(["why", "c"]).success().stdout_has("`max_review` is 2").stdout_has("buildq review");
    assert!(!repo.has("c", "started"));
    repo.buildq(["accept", "a"]).success();
    repo.wait_until("c", "succeeded").settle();
}

#[test]
fn a_night_ends_its_builds_at_the_limit_and_begins_anew_at_noon() {
    let repo = TestRepo::with_agent("echo made > made", "limits: {builds_per_night: 1}");
    repo.task("a", CLEAR);
    repo.wait_until("a", "succeeded").settle();
    repo.task("b", CLEAR);
    repo.settle();
    let said = spaced(&repo.buildq(["why", "b"]).success().stdout);
    let held = "1 of 1 builds of this night have started (`limits.builds_per_night`); again 12:00";
    assert!(said.contains(held), "{said}");
    // What a person starts by hand passes, and counts for nothing.
    repo.task("c", CLEAR);
    repo.settle();
    repo.buildq(["spawn", "c"]).success();
    repo.wait_until("c", "succeeded").settle();
    assert!(repo.event("c", "started").contains("Buildq-Spawned: yes"));
    assert!(!repo.has("b", "started"));
    repo.step("12:00");
    repo.wait_until("b", "succeeded").settle();
}

#[test]
fn cost_is_recorded_shown_and_limits_the_night() {
    let repo = TestRepo::with_agent(&result("1.25"), "limits: {cost_per_night: 1.25}");
    repo.task("a", CLEAR);
    repo.wait_until("a", "succeeded").settle();
    let event = repo.event("a", "succeeded");
    for trailer in ["Buildq-Tokens-In: 1500", "Buildq-Tokens-Out: 45", "Buildq-Cost: 1.25"] {
        assert!(event.contains(trailer), "{trailer}\n{event}");
    }
    for command in [&["show", "a"][..], &["review", "a"], &["report", "--since", "1d"]] {
        let said = spaced(&repo.buildq(command).success().stdout);
        assert!(said.contains("1.5k tokens read, 45 written, $1.25"), "{command:?}: {said}");
    }
    repo.task("b", CLEAR);
    repo.settle();
    let said = spaced(&repo.buildq(["why", "b"]).success().stdout);
    assert!(said.contains("this night has cost 1.25 of 1.25 US dollars"), "{said}");
    assert!(!repo.has("b", "started"));
    // Another clone reads the same from history alone.
    let other = repo.clone_to("other");
    other.git(["branch", "-q", "buildq", "origin/buildq"]);
    other.buildq(["show", "a"]).success().stdout_has("$1.25");
}

#[test]
fn an_attempt_without_a_figure_is_said() {
    let repo = TestRepo::with_agent("echo boom; exit 3", "limits: {cost_per_night: 5}");
    repo.task("a", CLEAR);
    repo.wait_until("a", "failed").settle();
    repo.buildq(["why", "a"]).success().stdout_has("1 attempt of this night told no cost");
    let again = repo.buildq(["retry", "a"]).success();
    again.stdout_has("warning: `agent` told no cost when it last ended: `limits.cost_per_night`");
    repo.wait_for(|repo| repo.count("a", "failed") == 2).settle();
    // One that asks tells its cost too.
    repo.agent(&format!("{}; buildq block 'which one?'", result("0.5")));
    repo.task("b", CLEAR);
    repo.wait_until("b", "blocked").settle();
    assert!(repo.event("b", "blocked").contains("Buildq-Cost: 0.50"));
}

#[test]
fn an_attempt_ends_when_its_time_is_up() {
    let config = "limits: {attempt_time: 1s}\nretry: {max: 0}\nverify: [\"true\"]";
    let repo = TestRepo::with_agent("echo begun > begun; sleep 600", config);
    repo.task("a", CLEAR);
    repo.wait_until("a", "escalated").settle();
    let event = repo.event("a", "failed");
    let reason = "Buildq-Reason: the attempt took longer than 1s (`limits.attempt_time`)";
    assert!(event.contains(reason), "{event}");
    // What it had made is kept.
    assert_eq!(repo.file_at("refs/buildq/attempts/a/1", "begun"), "begun\n");
    // The checks are part of the attempt.
    repo.agent("echo made > made");
    repo.agent_config("limits: {attempt_time: 2s}\nretry: {max: 0}\nverify: [sleep 600]");
    repo.task("b", CLEAR);
    repo.wait_until("b", "escalated").settle();
    let event = repo.event("b", "failed");
    assert!(event.contains("longer than 2s (`limits.attempt_time`)"), "{event}");
}

#[test]
fn what_a_build_at_work_has_changed_holds_others_and_is_said() {
    let script = "mkdir -p src; echo $BUILDQ_TASK > src/lib.rs; git add src; git commit -qm lib\n\
                  touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done";
    let repo = TestRepo::with_agent(script, "max_parallel: 3");
    let touching = |glob: &str| format!("---\npriority: high\ntouches: [\"{glob}\"]\n---\n{CLEAR}");
    // Neither says that it touches `src`, and both do.
    repo.task("a", CLEAR);
    repo.wait_alive("a");
    repo.task("b", &touching("docs/**"));
    repo.wait_alive("b");
    let arrived = |repo: &TestRepo, task: &str| {
        repo.file_at(&format!("refs/buildq/attempts/{task}/1"), "src/lib.rs") == format!("{task}\n")
    };
    repo.wait_for(|repo| arrived(repo, "a") && arrived(repo, "b"));
    repo.task("c", &touching("src/*.rs"));
    repo.settle_but_builds();
    let said = spaced(&repo.buildq(["why", "c"]).success().stdout);
    assert!(said.contains("it touches `src/*.rs`, and `a` has changed `src/lib.rs`"), "{said}");
    let status = spaced(&repo.buildq(["status"]).success().stdout);
    assert!(status.contains("`b`, at work, has changed `src/lib.rs` too"), "{status}");
    assert!(!repo.has("c", "started"));
    repo.go();
    for task in ["a", "b", "c"] {
        repo.wait_until(task, "succeeded");
    }
    repo.settle();
}
