//! The waker in the foreground: woken by refs and by time, one per clone, and gone without a trace.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{BOUND, CLEAR, Process, TestRepo};

/// A daemon at work, and what it has said.
struct Daemon {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    fn start(repo: &TestRepo, words: &[&str]) -> Self {
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        let mut child = command.arg("daemon").args(words).stdout(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (out, lines) = (child.stdout.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            BufReader::new(out)
                .lines()
                .map_while(Result::ok)
                .for_each(|line| lines.lock().unwrap().push(line));
        });
        let daemon = Self { child, said };
        repo.wait_for(|_| daemon.has("awake"));
        daemon
    }

    fn has(&self, words: &str) -> bool {
        self.said.lock().unwrap().iter().any(|line| line.contains(words))
    }

    /// Asks it to end; its exit code.
    fn end(mut self, signal: Signal) -> i32 {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begun.elapsed() < BOUND, "it does not end: {:?}", self.said.lock().unwrap());
            std::thread::sleep(std::time::Duration::from_millis(15));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until nothing but the daemon is at work.
fn settle(repo: &TestRepo) {
    let at_rest = |process: &Process| process.is("daemon") || process.is_waker();
    repo.wait_for(|repo| repo.processes().iter().all(at_rest));
}

/// Commits without any hook.
fn commit_unheard(repo: &TestRepo, words: &[&str]) {
    let mut all = vec!["-c", "core.hooksPath=/dev/null", "commit", "-q"];
    all.extend(words);
    repo.git(all);
}

#[test]
fn a_commit_that_no_hook_saw_starts_a_build_at_once() {
    // Time runs as it does: the clock alone would have it look again after a minute.
    let repo = TestRepo::in_real_time();
    repo.agent("echo made > made");
    repo.agent_config("stall: {after: 4h}");
    repo.task("x", &format!("---\npriority: high\ndepends_on: [y]\n---\n{CLEAR}"));
    settle(&repo);
    assert!(!repo.has("x", "started"));
    let daemon = Daemon::start(&repo, &[]);
    // Its own first sync is over.
    repo.wait_for(|repo| repo.processes().iter().all(|process| process.is("daemon")));
    repo.write("queue/done/y.md", CLEAR);
    repo.git(["add", "."]);
    commit_unheard(&repo, &["-m", "Finish y by hand"]);
    repo.wait_until("x", "succeeded");
    repo.wait_for(|_| daemon.has("started: x attempt 1") && daemon.has("succeeded: x attempt 1"));
    // Packed refs tell as well as loose ones.
    repo.git(["pack-refs", "--all"]);
    repo.task("z", &format!("---\npriority: high\ndepends_on: [w]\n---\n{CLEAR}"));
    settle(&repo);
    repo.write("queue/done/w.md", CLEAR);
    repo.git(["add", "."]);
    commit_unheard(&repo, &["-m", "Finish w by hand"]);
    repo.wait_until("z", "succeeded");
    settle(&repo);
    assert_eq!(daemon.end(Signal::TERM), 0);
    repo.settle();
}

#[test]
fn it_wakes_when_something_is_due_and_takes_over_from_the_sleeper() {
    let repo = TestRepo::with_agent("echo made > made", "windows: {medium: \"22:00-06:00\"}");
    repo.task("x", &format!("---\npriority: medium\n---\n{CLEAR}"));
    repo.settle();
    repo.wait_for(|repo| repo.processes().iter().any(Process::is_waker));
    let daemon = Daemon::start(&repo, &["--json"]);
    repo.wait_for(|repo| !repo.processes().iter().any(Process::is_waker));
    repo.buildq(["daemon"]).clear_refusal().stderr_has("a daemon of this clone is at work already");
    repo.step("21:59");
    repo.buildq(["sync"]).success();
    assert!(!repo.has("x", "started"));
    repo.step("22:00");
    repo.wait_until("x", "succeeded");
    settle(&repo);
    assert!(!repo.processes().iter().any(Process::is_waker), "one is enough");
    repo.wait_for(|_| daemon.has("\"event\":\"succeeded\""));
    for line in daemon.said.lock().unwrap().iter() {
        let _: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    }
    // A clock that is set back by years strands it no more than the sleeper.
    repo.step("2016-02-07T09:00:00Z 60");
    repo.buildq(["sync"]).success();
    settle(&repo);
    assert_eq!(daemon.end(Signal::INT), 0);
    repo.step("2026-02-08T09:00:00Z");
    // Afterwards all is as it was before.
    repo.buildq(["sync"]).success();
    repo.settle();
}

#[test]
fn it_ends_with_its_clone() {
    let repo = TestRepo::new();
    let mut daemon = Daemon::start(&repo, &[]);
    repo.buildq(["uninstall", "--yes"]).success();
    repo.wait_for(|_| daemon.child.try_wait().unwrap().is_some());
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    repo.buildq(["daemon"]).clear_refusal().stderr_has("has not been set up");
    let other = TestRepo::bare_of_buildq();
    other.buildq(["daemon"]).clear_refusal();
}
