//! Fifty at once: each due build starts exactly once.

use std::process::Child;

use crate::support::{CLEAR, TestRepo};

const QUICK: &str = "echo $BUILDQ_TASK >> $OUT/record; echo made > $BUILDQ_TASK";

fn crowd(repo: &TestRepo, count: usize) -> Vec<Child> {
    let sync = |_| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        command.args(["sync", "--quiet"]).stdout(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    (0..count).map(sync).collect()
}

/// Every build has one start and one end, and never were there more at once than may be.
fn each_once(repo: &TestRepo, tasks: &[String], most: usize) {
    for task in tasks {
        assert_eq!(repo.story(task), ["started", "succeeded"], "{}", repo.scene());
    }
    let mut record: Vec<_> = repo.left("record").lines().map(str::to_owned).collect();
    record.sort();
    let mut expected = tasks.to_vec();
    expected.sort();
    assert_eq!(record, expected);
    let mut open = 0;
    for line in repo.ledger() {
        match line.split(':').next().unwrap_or_default() {
            "started" => open += 1,
            "succeeded" => open -= 1,
            _ => {}
        }
        assert!(open <= most, "{open} at once, {most} may:\n{}", repo.ledger().join("\n"));
    }
}

#[test]
fn fifty_syncs_start_one_build_once() {
    let repo = TestRepo::with_agent(QUICK, "");
    repo.buildq(["pause"]).success();
    repo.task("only", CLEAR);
    repo.settle();
    // The hook that would have synced is gone; the crowd finds it.
    repo.git(["config", "core.hooksPath", "/dev/null"]);
    repo.buildq(["resume"]).success();
    for mut child in crowd(&repo, 50) {
        assert!(child.wait().unwrap().success());
    }
    repo.wait_until("only", "succeeded").settle();
    each_once(&repo, &["only".into()], 1);
}

#[test]
fn fifty_syncs_while_tasks_are_committed_two_at_a_time() {
    let repo = TestRepo::with_agent(QUICK, "max_parallel: 2");
    let tasks: Vec<String> = (1..=6).map(|n| format!("task-{n}")).collect();
    let mut children = Vec::new();
    for task in &tasks {
        children.extend(crowd(&repo, 9));
        repo.task(task, CLEAR);
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    for task in &tasks {
        repo.wait_until(task, "succeeded");
    }
    repo.settle();
    each_once(&repo, &tasks, 2);
}

#[test]
fn hooks_that_fire_at_once_leave_no_task_behind() {
    let repo = TestRepo::with_agent(QUICK, "max_parallel: 3\nhooks: {quiet: true}");
    let tasks: Vec<String> = (1..=8).map(|n| format!("task-{n}")).collect();
    for task in &tasks {
        repo.task(task, CLEAR);
    }
    for task in &tasks {
        repo.wait_until(task, "succeeded");
    }
    repo.settle();
    each_once(&repo, &tasks, 3);
}
