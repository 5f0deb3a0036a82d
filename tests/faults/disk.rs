//! A full disk and back, a read-only repository and back.

use std::path::Path;
use std::process::Command;

use crate::support::{CLEAR, Said, TestRepo, runbook};

#[test]
fn a_full_disk_fails_an_attempt_and_loses_nothing() {
    let repo = TestRepo::with_agent(
        "echo made > made; git add made; git commit -qm made\n\
        dd if=/dev/zero of=large bs=1M count=64 2>/dev/null || exit 7",
        "retry: {max: 1}\nlimits: {free_disk: none}",
    );
    let small = repo.root().join("small");
    std::fs::create_dir(&small).unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&small).output();
    if !mount.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: a small file system cannot be mounted here; a full disk is not tested");
        return;
    }
    let mounted = Mounted(&small);
    repo.git(["config", "buildq.workspaces", small.join("ws").to_str().unwrap()]);
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    let event = repo.event("x", "failed");
    assert!(event.contains("the disk is full"), "{event}");
    assert!(event.contains("what is not committed stays in"), "{event}");
    repo.buildq(["status"]).success().stdout_has("the disk is full");
    repo.agent("test -e large && exit 8; echo fine > fine");
    repo.step("09:29");
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "failed"], "it does not run against the wall");
    std::fs::remove_dir_all(small.join("ws")).unwrap();
    repo.step("09:31");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "made"), "made\n", "{}", repo.scene());
    drop(mounted);
}

#[test]
fn a_full_repository_disk_says_so_and_goes_on_later() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let whole = repo.root().join("whole");
    std::fs::create_dir(&whole).unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(&whole).output();
    if !mount.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: a small file system cannot be mounted here; a full disk is not tested");
        return;
    }
    let mounted = Mounted(&whole);
    let dir = whole.join("repo");
    repo.git(["init", "-q", dir.to_str().unwrap()]);
    let inside = |words: &[&str]| {
        let mut command = repo.command("git");
        Said::of(command.current_dir(&dir).args(words))
    };
    let buildq = |words: &[&str]| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        Said::of(command.current_dir(&dir).args(words))
    };
    inside(&["config", "buildq.sandbox", "off"]).success();
    std::fs::write(dir.join("a"), "a").unwrap();
    inside(&["add", "a"]).success();
    inside(&["commit", "-qm", "A"]).success();
    buildq(&["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    buildq(&["pause"]).success();
    std::fs::write(
        dir.join("queue/x.md"),
        format!("---\npriority: high\n---\n{}", runbook("echo 1 > made")),
    )
    .unwrap();
    inside(&["add", "queue"]).success();
    inside(&["commit", "-qm", "Add x"]).success();
    repo.settle();
    let fill = dir.join("fill");
    let mut file = std::fs::File::create(&fill).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    drop(file);
    let said = buildq(&["resume"]);
    assert!(
        said.code != 0 || said.stdout.contains("could not") || said.stdout.contains("did not"),
        "{said:?}"
    );
    assert!(format!("{said:?}").to_lowercase().contains("space"), "{said:?}");
    repo.settle();
    std::fs::remove_file(fill).unwrap();
    buildq(&["resume"]).success();
    buildq(&["sync"]).success();
    repo.wait_for(|_| inside(&["log", "--format=%s", "buildq"]).stdout.contains("succeeded: x"));
    repo.wait_for(|repo| repo.processes().iter().all(|process| process.is_waker()));
    inside(&["fsck", "--strict", "--no-dangling"]).success();
    drop(mounted);
}

/// Unmounts, also when the test fails; whoever still works there does not hold it.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}
