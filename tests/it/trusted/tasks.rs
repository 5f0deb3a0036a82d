//! What single tasks run: their text, and what their own checks name.

use super::{WAYS, Way, change, files, ran, sync_to_the_end};
use crate::support::{CLEAR, TestRepo};

const CHECK: &str = "#!/bin/sh\necho WORD >> OUT/ran\n";

#[test]
fn a_script_that_a_tasks_own_check_names_runs_as_it_was() {
    for way in WAYS {
        let repo = TestRepo::with_agent("echo made > made", "");
        change(&repo, &files(&[("own.sh", &CHECK.replace("WORD", "good"))]), Way::Own);
        let text = format!("---\npriority: medium\nverify: [./own.sh]\n---\n{CLEAR}");
        repo.task("x", &text);
        repo.task("y", CLEAR);
        repo.wait_until("y", "succeeded").settle();
        change(&repo, &files(&[("own.sh", &CHECK.replace("WORD", "bad"))]), way);
        repo.step("23:00");
        sync_to_the_end(&repo);
        assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false), "{way:?}");
        let why = repo.buildq(["why", "x"]).success();
        why.stdout_has("`own.sh`, which its checks name, is not as trusted here");
        repo.task("z", CLEAR);
        repo.wait_until("z", "succeeded").settle();
        let shown = repo.buildq(["trust", "--yes"]).success();
        shown.stdout_has("named by the checks of a task, new own.sh").stdout_has("bad >> ");
        repo.wait_until("x", "succeeded").settle();
        assert_eq!(ran(&repo), "bad\n", "{way:?}");
    }
}

#[test]
fn a_script_that_nobody_touched_needs_no_word() {
    let repo = TestRepo::with_agent("echo made > made", "");
    change(&repo, &files(&[("own.sh", &CHECK.replace("WORD", "good"))]), Way::Own);
    repo.task("x", &format!("---\npriority: high\nverify: [./own.sh]\n---\n{CLEAR}"));
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "good\n");
}

#[test]
fn a_builder_that_an_earlier_build_has_changed_does_not_run() {
    let changes = "test $BUILDQ_TASK = first && sed -i s/good/bad/ tools/agent";
    let script = format!(
        "#!/bin/sh\necho good >> OUT/ran\necho made > made-$BUILDQ_TASK\n{changes}; true\n"
    );
    let repo = TestRepo::new();
    let policy = "timezone: UTC\nbuilder: b\nbuilders: {b: {command: [tools/agent]}}\n";
    change(&repo, &files(&[("tools/agent", &script), ("buildq.yaml", policy)]), Way::Own);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo.task("first", CLEAR);
    repo.wait_until("first", "succeeded").settle();
    assert!(repo.file_at("build/first", "tools/agent").contains("echo bad"));
    repo.task("second", &format!("---\npriority: high\ndepends_on: [first]\n---\n{CLEAR}"));
    sync_to_the_end(&repo);
    assert!(!repo.has("second", "started"), "{}", repo.scene());
    let why = repo.buildq(["why", "second"]).success();
    why.stdout_has("it would start from work that has changed `tools/agent`");
    repo.buildq(["accept", "first"]).success();
    sync_to_the_end(&repo);
    assert!(!repo.has("second", "started"), "merged, it waits for trust");
    assert_eq!(ran(&repo), "good\n");
    repo.buildq(["trust", "--yes"]).success().stdout_has("+echo bad >> ");
    repo.wait_until("second", "succeeded").settle();
    assert_eq!(ran(&repo), "good\nbad\n");
}
