//! A repository in which one task is about to be built and others must not be, as it was, as often
//! as it is wanted.

use std::process::Command;

use crate::judge::{END, Judge, NOTE};
use crate::support::{CLEAR, Mine, TestRepo, base_folder};

/// Each of these a gate holds, each another.
pub const HELD: [&str; 5] = ["risky", "low", "blocked", "strange", "later"];
/// What one builder does: a commit, and something that it leaves lying.
const WORK: &str = "echo one > one; made one\necho two > two";
/// Not a minute earlier does the one task start.
pub const BEGINS: &str = "22:00";
/// Whatever a fault has cost, it is tried again by then.
const AGAIN: &str = "23:30";

/// The repository, and a copy of it as it was before anything began.
pub struct Stage {
    /// Where it happens.
    pub repo: TestRepo,
    copy: tempfile::TempDir,
    mine: Mine,
}

impl Stage {
    /// With the task `x`, due at [`BEGINS`], and the held ones.
    pub fn new() -> Self {
        let repo = TestRepo::with_agent(
            &format!("{NOTE}{WORK}{END}"),
            "verify: [\"test -e two\"]\nhooks: {quiet: true}",
        );
        let head = |more: &str| format!("---\npriority: high\n{more}\n---\n{CLEAR}");
        let risky = "Delete the production database and mail all customers.\n\n\
                     ## Completion criteria\n- [ ] the mail is sent";
        repo.task("risky", risky);
        repo.task("low", &format!("---\npriority: low\n---\n{CLEAR}"));
        repo.task("blocked", &head("blockers: [\"a key is missing\"]"));
        repo.task("later", &head("not_before: 2027-01-01 00:00"));
        repo.task("x", &head(&format!("not_before: {} {BEGINS}", crate::support::DAY)));
        repo.draft("strange", CLEAR);
        repo.git(["add", "-A"]);
        repo.git(["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Come from elsewhere"]);
        repo.write("a.txt", "edited\n");
        repo.write("staged.txt", "staged\n");
        repo.git(["add", "staged.txt"]);
        repo.git(["branch", "other"]);
        repo.git(["status"]);
        repo.buildq(["sync"]).success();
        repo.settle();
        end_wakers(&repo);
        let _ = std::fs::remove_file(repo.git_dir().join("buildq/wake"));
        let copy = tempfile::Builder::new().prefix("c").tempdir_in(base_folder()).unwrap();
        copy_all(repo.root(), copy.path());
        let mine = Mine::look(&repo);
        Self { repo, copy, mine }
    }

    /// Everything is as it was, and the task is due.
    pub fn reset(&self) {
        self.repo.settle();
        end_wakers(&self.repo);
        for entry in std::fs::read_dir(self.repo.root()).unwrap().flatten() {
            let path = entry.path();
            let gone = match path.is_dir() {
                true => std::fs::remove_dir_all(&path),
                false => std::fs::remove_file(&path),
            };
            gone.unwrap();
        }
        copy_all(self.copy.path(), self.repo.root());
        self.repo.step(BEGINS);
    }

    /// What one fault may cost, and no more: one `sync` makes it good (I4), at most one attempt is
    /// lost (I6), and at its end the task is built.
    pub fn is_made_good(&self, context: &str) {
        let repo = &self.repo;
        repo.settle();
        Judge::of(repo, context).always().closed(&HELD);
        let said = repo.buildq(["sync"]);
        assert!(said.code == 0, "I4: the one sync fails: {said:?}\nin: {context}");
        Judge::at_rest(repo, context).closed(&HELD);
        assert!(repo.has("x", "started"), "I4: not begun\nin: {context}\n{}", repo.scene());
        if repo.last("x") == "failed" {
            repo.step(AGAIN);
            let _ = repo.buildq(["sync"]).success();
        }
        let judge = Judge::at_rest(repo, context);
        judge.closed(&HELD);
        let lost = judge.failures("x");
        assert!(lost <= 1, "I6: it cost {lost} attempts\nin: {context}\n{}", repo.scene());
        assert!(repo.last("x") == "succeeded", "in: {context}\n{}", repo.scene());
        assert_eq!(repo.file_at("build/x", "two"), "two\n", "{context}");
        self.mine.is_still(repo);
    }
}

/// Ends the processes that sleep.
pub fn end_wakers(repo: &TestRepo) {
    let wakers = || repo.processes().into_iter().filter(|process| process.is_waker());
    repo.wait_for(|_| {
        wakers().for_each(|waker| crate::support::kill(waker.pid));
        wakers().next().is_none()
    });
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    let done = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(done.success(), "{} could not be copied", from.display());
}
