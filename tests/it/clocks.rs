//! A clock that somebody sets, stops, or that is changed in the night; and a machine that boots with
//! a wrong one. A second word in the test clock says how long the machine has been awake.

use crate::support::{CLEAR, TestRepo, WAITS, kill};

/// Ten years later and earlier than the day of all tests.
const LATER: &str = "2036-02-07T09:00:00Z";
const EARLIER: &str = "2016-02-07T09:00:00Z";

#[test]
fn a_retry_does_not_wait_for_a_clock_that_ran_ahead() {
    let repo = TestRepo::with_agent("exit 1", "").at(LATER);
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    // Frozen, nothing happens, however often somebody looks.
    for _ in 0..3 {
        repo.buildq(["sync"]).success();
    }
    assert_eq!(repo.story("x"), ["started", "failed"]);
    // Set right, the waker itself sees to it.
    repo.step("09:00");
    repo.wait_for(|repo| repo.count("x", "failed") == 2).settle();
    // From here on its five minutes count again.
    repo.buildq(["sync"]).success();
    assert_eq!(repo.count("x", "started"), 2);
    repo.step("09:05");
    repo.wait_for(|repo| repo.count("x", "failed") == 3).settle();
    // Ten years on it is due at once, and still it is one attempt.
    repo.step(LATER);
    repo.wait_until("x", "escalated").settle();
    assert_eq!(repo.count("x", "started"), 4);
}

/// What it writes bears the times of the real clock, which lie before the beginning here: so that
/// nothing but its commit is a sign.
#[test]
fn silence_is_what_was_sat_through_and_no_step_of_the_clock() {
    let script = "touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/more; do sleep 0.05; done\n\
        echo more > more; git add more; git commit -qm more\n\
        until test -e $OUT/go; do sleep 0.05; done; echo made > made";
    let repo = TestRepo::with_agent(script, "stall: {after: 1m}");
    repo.step("2090-02-07T09:00:00Z 0");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.settle_but_builds();
    // After ten years that nobody has sat through it would be lost; a minute later it has stalled.
    repo.step("2100-02-07T09:00:00Z 0");
    repo.step("2100-02-07T09:00:00Z 61");
    repo.wait_until("x", "stalled");
    // A commit is a sign, also where the clock is decades behind when it comes.
    repo.step(&format!("{EARLIER} 61"));
    std::fs::write(repo.root().join("more"), "").unwrap();
    repo.wait_for(|repo| repo.file_at("build/x", "more") == "more\n");
    repo.step(&format!("{EARLIER} 120"));
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "stalled", "succeeded"]);
}

#[test]
fn what_runs_while_the_clock_is_set_is_one_attempt() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.step("2026-02-07T09:00:00Z 0");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.settle_but_builds();
    for time in [LATER, EARLIER, "2026-02-07T08:59:00Z", "2026-02-07T09:00:00Z"] {
        repo.step(&format!("{time} 1"));
        repo.buildq(["sync"]).success();
        repo.settle_but_builds();
        assert_eq!(repo.story("x"), ["started"], "{time}");
    }
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
}

#[test]
fn a_report_is_stored_once_for_each_day_that_comes() {
    let repo = TestRepo::with_agent("echo made > made", "").at("2036-02-07T23:30:00Z");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["sync"]).success();
    repo.step("2036-02-08T23:30:00Z");
    repo.buildq(["sync"]).success();
    assert!(!repo.file_at("buildq", "reports/2036-02-08.md").is_empty());
    // The clock is set right: nothing has happened before that day's end. Then something does.
    repo.step("10:00");
    repo.task("y", CLEAR);
    repo.wait_until("y", "succeeded").settle();
    repo.step("23:30");
    for _ in 0..3 {
        repo.buildq(["sync"]).success();
    }
    let stored = repo.ledger().into_iter().filter(|subject| subject == "reported: 2026-02-07");
    assert_eq!(stored.count(), 1, "{:?}", repo.ledger());
}

#[test]
fn a_morning_has_one_digest_and_a_waker_for_it() {
    let repo = TestRepo::with_agent("echo made > made; exit 0", "report: {morning: \"07:00\"}");
    repo.step("2026-02-06T22:00:00Z");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.step("2026-02-06T23:30:00Z");
    repo.buildq(["sync"]).success();
    assert_eq!(repo.file_at("buildq", "reports/2026-02-07-morning.md"), "");
    // Nobody calls sync in the morning: the waker does.
    repo.step("2026-02-07T07:00:30Z");
    repo.wait_for(|repo| !repo.file_at("buildq", "reports/2026-02-07-morning.md").is_empty());
    repo.settle();
    let text = repo.file_at("buildq", "reports/2026-02-07-morning.md");
    assert!(text.contains("# Report: 2026-02-06 07:00 to 2026-02-07 07:00"), "{text}");
    assert!(text.contains("`buildq review x`"), "{text}");
    for time in ["2026-02-07T07:01:00Z", "2026-02-07T12:00:00Z"] {
        repo.step(time);
        repo.buildq(["sync"]).success();
    }
    let told = |repo: &TestRepo| {
        repo.ledger().into_iter().filter(|it| it.starts_with("morning: ")).collect::<Vec<_>>()
    };
    assert_eq!(told(&repo), ["morning: 2026-02-07"]);
    repo.step("2026-02-08T09:00:00Z");
    repo.buildq(["sync"]).success();
    assert_eq!(told(&repo), ["morning: 2026-02-07", "morning: 2026-02-08"]);
}

/// In Berlin the clock goes from 02:00 to 03:00 in the one night (01:00 UTC), and from 03:00 back to
/// 02:00 in the other. A window that begins in the hour that is left out opens after it; one in the
/// hour that comes twice opens once.
#[test]
fn nights_in_which_the_clock_is_changed() {
    let with = |windows: &str| {
        let repo = TestRepo::with_agent("echo made > made", "");
        let agent = "builder: agent\nbuilders: {agent: {command: [agent]}}";
        repo.write(
            "buildq.yaml",
            format!("timezone: Europe/Berlin\n{agent}\nwindows: {{high: {windows}}}\n"),
        );
        repo.git(["commit", "-qam", "Elsewhere"]);
        repo.buildq(["trust", "--yes"]).success();
        repo
    };
    let held = |repo: &TestRepo, time: &str, task: &str| {
        repo.step(time);
        repo.buildq(["sync"]).success();
        repo.settle();
        assert!(!repo.has(task, "started"), "{time}: {:?}", repo.ledger());
    };
    let spring = with("\"02:30-04:00\"").at("2026-03-28T20:00:00Z");
    spring.task("x", CLEAR);
    held(&spring, "2026-03-29T00:59:00Z", "x");
    spring.step("2026-03-29T01:00:00Z");
    spring.wait_until("x", "succeeded").settle();
    let autumn = with("\"02:15-02:45\"").at("2026-10-24T20:00:00Z");
    autumn.task("x", CLEAR);
    held(&autumn, "2026-10-25T00:14:00Z", "x");
    autumn.step("2026-10-25T00:15:00Z");
    autumn.wait_until("x", "succeeded").settle();
    autumn.step("2026-10-25T00:50:00Z");
    autumn.task("y", CLEAR);
    held(&autumn, "2026-10-25T01:20:00Z", "y");
}

/// The machine dies, and boots with a clock that knows nothing: it is 1970 until somebody sets it.
#[test]
fn a_machine_that_boots_in_1970_goes_on() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    repo.settle_but_builds();
    // All at once, until nothing is left.
    repo.wait_for(|repo| {
        let all = repo.processes();
        all.iter().for_each(|process| kill(process.pid));
        all.is_empty()
    });
    // What was found out in the boot before is not believed any more.
    let walls = repo.git_dir().join("buildq/cache/walls");
    if walls.exists() {
        std::fs::write(&walls, "walls 2\nanother-boot\n").unwrap();
    }
    repo.step("1970-01-01T00:00:10Z");
    repo.buildq(["sync"]).success();
    repo.settle_but_builds();
    assert_eq!(repo.story("x"), ["started", "failed"]);
    repo.go();
    repo.step("09:30");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.story("x"), ["started", "failed", "started", "succeeded"]);
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "begun"), "begun\n", "its work is kept");
}
