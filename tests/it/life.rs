//! The life of a build, from a committed file to a branch.

use crate::support::{TestRepo, runbook};

#[test]
fn a_committed_file_becomes_a_branch() {
    let repo = TestRepo::bare_of_buildq();
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success().stdout_has("queue/");
    repo.draft("hello", &runbook("echo 'hello world' > hello.txt"));
    repo.git(["add", "queue/hello.md"]);
    repo.git(["commit", "-qm", "Add hello"]).stderr_has("buildq: hello queued, starting now");
    repo.wait_until("hello", "succeeded");
    assert_eq!(repo.story("hello"), ["started", "succeeded"]);
    repo.settle();
    assert_eq!(repo.file_at("build/hello", "hello.txt"), "hello world\n");
    assert!(repo.file_at("build/hello", "queue/done/hello.md").contains("- [x] the step has run"));
    assert_eq!(repo.file_at("build/hello", "queue/hello.md"), "");
}
