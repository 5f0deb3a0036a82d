//! The branch `buildq-status`: what a forge shows, in one commit that is replaced.

use crate::support::{CLEAR, TestRepo, WAITS, runbook};

const BRANCH: &str = "buildq-status";

fn tip(repo: &TestRepo) -> String {
    repo.ask(["rev-parse", "--verify", "-q", BRANCH])
}

/// What the page says.
fn page(repo: &TestRepo) -> String {
    repo.file_at(BRANCH, "BUILD_STATUS.md")
}

#[test]
fn one_commit_tells_what_is_and_is_replaced() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.step("09:10");
    repo.task("first", CLEAR);
    repo.wait_alive("first");
    repo.step("09:12");
    let held =
        format!("---\npriority: high\nblockers: [\"a <b>list</b> | is missing\"]\n---\n{CLEAR}");
    repo.task("second", &held);
    repo.settle_but_builds();
    // It may have been written within this minute.
    repo.step("09:14");
    repo.wait_for(|repo| page(repo).contains("second"));
    let text = page(&repo);
    assert!(
        text.contains("**first**") && text.contains("attempt 1 of 4 since 2026-02-07 09:10"),
        "{text}"
    );
    assert!(text.contains("&lt;b&gt;list&lt;/b&gt; \\| is missing"), "{text}");
    assert!(!text.contains(" ago"), "{text}");
    assert_eq!(repo.file_at(BRANCH, "README.md"), text);
    assert!(repo.file_at(BRANCH, "progress.html").contains("id=\"build-first\""));
    assert_eq!(repo.ask(["rev-list", "--count", BRANCH]), "1");
    repo.step("09:20");
    repo.go();
    repo.wait_until("first", "succeeded").settle();
    // It may have been written within this minute.
    repo.step("09:25");
    repo.wait_for(|repo| page(repo).contains("**first** (first): waits for review"));
    assert_eq!(repo.ask(["rev-list", "--count", BRANCH]), "1");
    repo.git(["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn nothing_changes_when_nothing_happened() {
    let repo = TestRepo::new();
    repo.runbook("done", "echo x > x");
    repo.wait_until("done", "succeeded").settle();
    repo.step("09:30");
    repo.buildq(["sync"]).success();
    let before = tip(&repo);
    assert!(!before.is_empty());
    // Not even where all that a clone remembers of it is gone.
    for time in ["09:40", "10:40"] {
        let _ = std::fs::remove_file(repo.git_dir().join("buildq/status-page.json"));
        let _ = std::fs::remove_file(repo.git_dir().join("buildq/cache/lasting"));
        repo.step(time);
        repo.buildq(["sync"]).success();
        assert_eq!(tip(&repo), before, "{time}: {}", page(&repo));
    }
}

#[test]
fn it_is_written_once_a_minute_and_then_the_newest() {
    let repo = TestRepo::new();
    repo.settle();
    // All that was to be written so far is: this minute sees the pause alone.
    repo.step("09:05");
    repo.buildq(["sync"]).success();
    repo.settle();
    repo.step("09:10");
    repo.buildq(["pause", "-m", "first word"]).success();
    repo.settle();
    repo.wait_for(|repo| page(repo).contains("first word"));
    repo.step("2026-02-07T09:10:30Z");
    repo.buildq(["resume"]).success();
    repo.settle();
    assert!(page(&repo).contains("first word"), "within the minute it stays");
    repo.step("2026-02-07T09:11:05Z");
    // The waker has been left for it: nobody else calls sync.
    repo.wait_for(|repo| page(repo).contains("not paused"));
}

#[test]
fn what_is_not_buildqs_is_left_alone() {
    let repo = TestRepo::new();
    repo.git(["branch", "-f", BRANCH, "main"]);
    let theirs = tip(&repo);
    repo.step("09:30");
    repo.task("one", &runbook("echo x > x"));
    repo.wait_until("one", "succeeded").settle();
    assert_eq!(tip(&repo), theirs);
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
}

#[test]
fn it_can_be_turned_off() {
    let repo = TestRepo::with("status_branch: false");
    repo.git(["branch", "-D", BRANCH]);
    repo.step("09:30");
    repo.runbook("one", "echo x > x");
    repo.wait_until("one", "succeeded").settle();
    assert_eq!(tip(&repo), "");
}
