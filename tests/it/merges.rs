//! How work comes into the base branch: by `accept`, and by every way a person goes alone.

use crate::support::{TestRepo, runbook};

/// Two criteria, each with a step, so that the branch has two commits of its own and the last.
const TWO_STEPS: &str = "Write one.txt and two.txt, each with a word in it.\n\n\
    ## Completion criteria\n- [ ] one.txt is there\n\n  ```sh\n  echo one > one.txt\n  ```\n\
    - [ ] two.txt is there\n\n  ```sh\n  echo two > two.txt\n  ```";

/// A repository in which `x` waits for review, and one more commit is on main.
fn in_review() -> TestRepo {
    let repo = TestRepo::new().at("09:00");
    repo.task("x", TWO_STEPS);
    repo.wait_until("x", "succeeded").settle();
    commit(&repo, "other.txt", "other\n");
    repo
}

fn commit(repo: &TestRepo, name: &str, text: &str) {
    repo.write(name, text);
    repo.git(["add", name]);
    repo.git(["commit", "-qm", &format!("Change {name}")]);
}

fn edit_task(repo: &TestRepo) {
    let text = repo.read("queue/x.md").replace("Write one.txt", "Please write one.txt");
    commit(repo, "queue/x.md", &text);
    repo.settle();
}

/// What `main` is must be recognised as the merge of `x`, this way, exactly once.
fn recognised(repo: &TestRepo, how: &str, edited: bool) {
    repo.settle().buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "succeeded", "merged"], "{}", repo.scene());
    let event = repo.event("x", "merged");
    assert!(event.contains(&format!("Buildq-How: {how}")), "{event}");
    assert_eq!(event.contains("Buildq-Edited: yes"), edited, "{event}");
}

#[test]
fn a_plain_merge_is_recognised() {
    let repo = in_review();
    repo.git(["merge", "-q", "--no-edit", "build/x"]);
    recognised(&repo, "ancestry", false);
}

#[test]
fn a_squash_is_recognised() {
    let repo = in_review();
    repo.git(["merge", "-q", "--squash", "build/x"]);
    repo.git(["commit", "-qm", "Do x"]);
    recognised(&repo, "file", false);
}

#[test]
fn a_rebase_and_a_fast_forward_are_recognised() {
    let repo = in_review();
    repo.git(["switch", "-q", "-c", "mine", "build/x"]);
    repo.git(["rebase", "-q", "main"]);
    repo.git(["switch", "-q", "main"]);
    repo.git(["merge", "-q", "--ff-only", "mine"]);
    recognised(&repo, "file", false);
}

#[test]
fn picked_commits_are_recognised_once_all_are_there() {
    let repo = in_review();
    for commit in ["build/x~2", "build/x~1"] {
        repo.git(["cherry-pick", commit]);
        repo.settle().buildq(["sync"]).success();
        assert_eq!(repo.last("x"), "succeeded", "the task still stands in the queue");
    }
    repo.git(["cherry-pick", "build/x"]);
    recognised(&repo, "file", false);
}

#[test]
fn picked_commits_are_recognised_also_when_main_went_on() {
    let repo = in_review();
    edit_task(&repo);
    let before = repo.ask(["rev-parse", "main"]);
    repo.git(["switch", "-q", "--detach"]);
    repo.git(["cherry-pick", "build/x~2", "build/x~1", "build/x"]);
    commit(&repo, "one.txt", "something else\n");
    let head = repo.ask(["rev-parse", "HEAD"]);
    repo.git(["update-ref", "refs/heads/main", &head, &before]);
    repo.git(["switch", "-q", "main"]);
    recognised(&repo, "patch", true);
}

#[test]
fn an_edit_on_main_is_told_after_a_merge() {
    let repo = in_review();
    edit_task(&repo);
    repo.git(["merge", "-q", "--no-edit", "build/x"]);
    assert!(repo.read("queue/done/x.md").contains("Please write"));
    recognised(&repo, "ancestry", true);
}

#[test]
fn an_edit_on_main_is_told_after_a_squash_and_after_a_rebase() {
    let repo = in_review();
    edit_task(&repo);
    repo.git(["merge", "-q", "--squash", "build/x"]);
    repo.git(["commit", "-qm", "Do x"]);
    recognised(&repo, "patch", true);

    let repo = in_review();
    edit_task(&repo);
    repo.git(["switch", "-q", "-c", "mine", "build/x"]);
    repo.git(["rebase", "-q", "main"]);
    repo.git(["switch", "-q", "main"]);
    repo.git(["merge", "-q", "--ff-only", "mine"]);
    recognised(&repo, "patch", true);
}

#[test]
fn a_tick_by_hand_is_no_edit() {
    let repo = in_review();
    repo.git(["switch", "-q", "build/x"]);
    let text = repo.read("queue/done/x.md").replace("- [x] two", "- [ ] two");
    commit(&repo, "queue/done/x.md", &text);
    repo.git(["switch", "-q", "main"]);
    repo.git(["merge", "-q", "--no-edit", "build/x"]);
    recognised(&repo, "ancestry", false);
}

#[test]
fn what_is_not_there_is_not_recognised() {
    let repo = in_review();
    commit(&repo, "one.txt", "one\n");
    commit(&repo, "three.txt", "three\n");
    repo.settle().buildq(["sync"]).success();
    assert_eq!(repo.last("x"), "succeeded");
    repo.git(["rm", "-q", "queue/x.md"]);
    repo.git(["commit", "-qm", "Forget x"]);
    repo.settle().buildq(["sync"]).success();
    assert_eq!(repo.last("x"), "succeeded");
}

#[test]
fn a_merge_stands_when_history_is_rewritten_later() {
    let repo = in_review();
    repo.git(["merge", "-q", "--no-edit", "build/x"]);
    recognised(&repo, "ancestry", false);
    repo.git(["commit", "-q", "--amend", "-m", "Merged, said better"]);
    recognised(&repo, "ancestry", false);
    repo.git(["reset", "-q", "--hard", "HEAD~1"]);
    recognised(&repo, "ancestry", false);
}

#[test]
fn accept_merges_and_says_what_was_promised() {
    let repo = TestRepo::with("verify: [\"test -e one.txt\"]\n").at("09:00");
    repo.task("x", TWO_STEPS);
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["review"]).success().stdout_has("2 of 2 criteria ticked; merges clean");
    repo.buildq(["review", "x"]).success().stdout_has("git diff main...build/x");
    commit(&repo, "other.txt", "other\n");
    repo.write("untracked.txt", "mine\n");
    repo.write("other.txt", "changed\n");
    repo.buildq(["accept", "x"])
        .success()
        .stdout_has("check passed")
        .stdout_has("merged x into main");
    let message = repo.ask(["log", "-1", "--format=%B"]);
    let expected = "Merge build/x: x\n\nCriteria:\n- [x] one.txt is there\n- [x] two.txt is there\n\n\
        Checks on the merged tree:\n- test -e one.txt: passed\n\nBuildq-Task: x\nBuildq-Attempt: 1";
    assert_eq!(message, expected);
    assert_eq!(repo.ask(["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 3);
    assert_eq!(repo.ask(["status", "--porcelain"]), " M other.txt\n?? untracked.txt");
    assert_eq!(repo.read("two.txt"), "two\n");
    recognised(&repo, "accepted", false);
    repo.buildq(["accept", "x"]).success().stdout_has("x is merged already");
}

#[test]
fn accept_without_a_checkout_and_as_one_commit() {
    let repo = in_review();
    repo.git(["switch", "-q", "-c", "elsewhere"]);
    let head = repo.ask(["rev-parse", "HEAD"]);
    repo.buildq(["accept", "x", "--squash", "--no-checks"]).success();
    assert_eq!(repo.ask(["rev-parse", "HEAD"]), head);
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    assert_eq!(repo.ask(["rev-list", "--parents", "-1", "main"]).split(' ').count(), 2);
    assert_eq!(repo.file_at("main", "one.txt"), "one\n");
    recognised(&repo, "accepted", false);
}

#[test]
fn accept_refuses_what_would_be_lost() {
    let repo = in_review();
    let main = repo.ask(["rev-parse", "main"]);
    for (name, prepare) in [
        ("one.txt", &["status"][..]),
        ("one.txt", &["add", "one.txt"]),
        ("queue/x.md", &["add", "queue/x.md"]),
    ] {
        repo.write(name, "mine\n");
        repo.git(prepare);
        let said = repo.buildq(["accept", "x"]).code(1).clear_refusal();
        said.stderr_has("the merge touches what you have changed").stderr_has(name);
        assert_eq!(repo.read(name), "mine\n");
        assert_eq!(repo.ask(["rev-parse", "main"]), main);
        repo.git(["reset", "-q"]);
        let _ = repo.try_git(["checkout", "-q", "--", name]);
        repo.git(["clean", "-fdq"]);
    }
    repo.write(".git/info/exclude", "two.txt\n");
    repo.write("two.txt", "ignored, and mine\n");
    repo.buildq(["accept", "x"]).code(1).stderr_has("two.txt");
    assert_eq!(repo.read("two.txt"), "ignored, and mine\n");
}

#[test]
fn a_clash_is_told_with_both_ways_on() {
    let repo = in_review();
    commit(&repo, "one.txt", "another one\n");
    repo.settle();
    repo.buildq(["review"]).success().stdout_has("clashes with main in `one.txt`");
    let said = repo.buildq(["accept", "x"]).code(1).clear_refusal();
    said.stderr_has("git switch build/x && git merge main").stderr_has("git merge build/x");
    repo.git(["switch", "-q", "build/x"]);
    let _ = repo.try_git(["merge", "-q", "--no-edit", "main"]);
    repo.write("one.txt", "both\n");
    repo.git(["add", "one.txt"]);
    repo.git(["commit", "-q", "--no-edit"]);
    repo.buildq(["accept", "x", "--no-checks"])
        .success()
        .stdout_has("1 commit that came onto build/x");
    assert_eq!(repo.file_at("main", "one.txt"), "both\n");
    recognised(&repo, "accepted", false);
}

#[test]
fn a_failed_check_merges_nothing() {
    let repo = TestRepo::with("verify: [\"sh -c 'test ! -e oth*.txt'\"]\n").at("09:00");
    repo.task("x", TWO_STEPS);
    repo.wait_until("x", "succeeded").settle();
    commit(&repo, "other.txt", "other\n");
    let main = repo.ask(["rev-parse", "main"]);
    let said = repo.buildq(["accept", "x"]).code(1).clear_refusal();
    said.stderr_has(
        "`sh -c 'test ! -e oth*.txt'` fails on the merged tree: exit 1; nothing is merged",
    );
    assert_eq!(repo.ask(["rev-parse", "main"]), main);
    repo.buildq(["accept", "x", "--no-checks"]).success();
    recognised(&repo, "accepted", false);
}

#[test]
fn what_stands_below_is_accepted_first() {
    let repo = TestRepo::new().at("09:00");
    repo.runbook("below", "echo below > below.txt");
    repo.wait_until("below", "succeeded").settle();
    let text = format!(
        "---\npriority: high\ndepends_on: [below]\n---\n{}",
        runbook("cat below.txt > x.txt")
    );
    repo.task("x", &text);
    repo.wait_until("x", "succeeded").settle();
    let said = repo.buildq(["accept", "x"]).code(1).clear_refusal();
    said.stderr_has("`x` stands upon `below`").stderr_has("hint: buildq accept below");
    repo.buildq(["accept", "below", "--squash"]).success();
    repo.buildq(["accept", "x"]).success();
    assert_eq!(repo.read("x.txt"), "below\n");
    recognised(&repo, "accepted", false);
}

#[test]
fn an_edit_on_main_is_told_after_accept() {
    let repo = in_review();
    edit_task(&repo);
    repo.buildq(["review", "x"]).success().stdout_has("has changed since it was built");
    repo.buildq(["accept", "x", "--no-checks"]).success();
    recognised(&repo, "accepted", true);
}

#[test]
fn a_report_says_the_same_in_every_clone() {
    let repo = in_review();
    repo.step("09:30");
    repo.buildq(["accept", "x", "--no-checks"]).success();
    repo.settle();
    let ask = ["report", "--date", "2026-02-07"];
    let said = repo.buildq(ask).success();
    assert!(said.stdout.contains("## Completed\n\n### x: x\n"), "{}", said.stdout);
    assert!(said.stdout.contains("## Merged\n"), "{}", said.stdout);
    assert_eq!(repo.buildq(ask).success().stdout, said.stdout);
    let other = repo.clone_to("other");
    assert_eq!(other.buildq(ask).success().stdout, said.stdout);
    repo.step("23:10");
    repo.buildq(["sync"]).success();
    repo.buildq(["report", "--save"]).success();
    repo.settle();
    let stored = repo.ledger().iter().filter(|line| **line == "reported: 2026-02-07").count();
    assert_eq!(stored, 1);
    assert_eq!(repo.file_at("buildq", "reports/2026-02-07.md"), said.stdout);
}
