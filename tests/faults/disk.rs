//! A full disk and back, a read-only repository and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stage::end_wakers;
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
    let Some(mounted) = Mounted::new(&small, "size=8m") else { return };
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

/// A repository on a small file system of its own, with one task that is due once the pause ends.
struct Disk {
    repo: TestRepo,
    whole: PathBuf,
    mounted: Mounted,
}

impl Disk {
    /// `None`, and said so, where nothing can be mounted.
    fn new() -> Option<Self> {
        let repo = TestRepo::with_agent("echo made > made", "");
        let whole = repo.root().join("whole");
        std::fs::create_dir(&whole).unwrap();
        let mounted = Mounted::new(&whole, "size=12m")?;
        let disk = Self { repo, whole, mounted };
        let dir = disk.dir();
        disk.repo.git(["init", "-q", dir.to_str().unwrap()]);
        disk.git(&["config", "buildq.sandbox", "off"]).success();
        std::fs::write(dir.join("a"), "a").unwrap();
        disk.git(&["add", "a"]).success();
        disk.git(&["commit", "-qm", "A"]).success();
        disk.buildq(&["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
        disk.buildq(&["pause"]).success();
        let task = format!("---\npriority: high\n---\n{}", runbook("echo 1 > made"));
        std::fs::write(dir.join("queue/x.md"), task).unwrap();
        disk.git(&["add", "queue"]).success();
        disk.git(&["commit", "-qm", "Add x"]).success();
        disk.repo.settle();
        Some(disk)
    }

    fn dir(&self) -> PathBuf {
        self.whole.join("repo")
    }

    fn git(&self, words: &[&str]) -> Said {
        Said::of(self.repo.command("git").current_dir(self.dir()).args(words))
    }

    fn buildq(&self, words: &[&str]) -> Said {
        let mut command = self.repo.command(env!("CARGO_BIN_EXE_buildq"));
        Said::of(command.current_dir(self.dir()).args(words))
    }

    /// The pause cannot be ended now, and it is said why.
    fn refuses(&self, why: &str) {
        let said = self.buildq(&["resume"]);
        let told =
            said.code != 0 || said.stdout.contains("could not") || said.stdout.contains("did not");
        assert!(told && format!("{said:?}").to_lowercase().contains(why), "{said:?}");
        let said = self.buildq(&["sync"]);
        assert!(!said.stderr.contains("panicked"), "{said:?}");
        self.repo.settle();
        assert!(!self.git(&["log", "--format=%s", "buildq"]).stdout.contains("started: x"));
    }

    /// All is well again: what was asked for happens.
    fn goes_on(self) {
        self.buildq(&["resume"]).success();
        self.buildq(&["sync"]).success();
        let told = || self.git(&["log", "--format=%s", "buildq"]).stdout;
        self.repo.wait_for(|_| told().contains("succeeded: x"));
        assert_eq!(told().matches("started: x").count(), 1, "no attempt was spent");
        self.repo.settle();
        self.git(&["fsck", "--strict", "--no-dangling"]).success();
        drop(self.mounted);
    }
}

#[test]
fn a_full_repository_disk_says_so_and_goes_on_later() {
    let Some(disk) = Disk::new() else { return };
    let fill = disk.dir().join("fill");
    let mut file = std::fs::File::create(&fill).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    drop(file);
    disk.refuses("space");
    std::fs::remove_file(fill).unwrap();
    disk.goes_on();
}

#[test]
fn a_read_only_repository_says_so_and_goes_on_later() {
    let Some(disk) = Disk::new() else { return };
    // Whoever sleeps there holds a file open.
    end_wakers(&disk.repo);
    disk.mounted.remount("ro");
    disk.refuses("read-only");
    for words in [&["status"][..], &["log"], &["why", "x"], &["sync", "--check"], &["review"]] {
        disk.buildq(words).success();
    }
    disk.mounted.remount("rw");
    disk.goes_on();
}

/// A small file system; unmounted also when the test fails. Whoever still works there does not
/// hold it.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, and said so, where nothing can be mounted.
    fn new(at: &Path, size: &str) -> Option<Self> {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("SKIPPED: a small file system cannot be mounted here; its faults are not tested");
        None
    }

    fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        let done = Command::new("mount").args(["-o", &how]).arg(&self.0).output().unwrap();
        assert!(done.status.success(), "{how}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
