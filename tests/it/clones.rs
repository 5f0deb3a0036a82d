//! History is the state: without local files, or in a clone, the facts are the same.

use crate::support::{CLEAR, TestRepo, kill};

/// One merged, one in review, one escalated, one held, one waiting.
fn a_day() -> TestRepo {
    let script = "case $BUILDQ_TASK in bad|later) echo oops; exit 1;; esac\n\
                  buildq progress 60 'half way'; echo $BUILDQ_TASK > $BUILDQ_TASK";
    let repo = TestRepo::with_agent(script, "retry: {max: 1, delay: 5m}");
    repo.task("good", CLEAR);
    repo.wait_until("good", "succeeded").settle();
    repo.git(["merge", "-q", "--no-edit", "build/good"]);
    repo.wait_until("good", "merged").settle();
    repo.step("09:10");
    repo.task("bad", CLEAR);
    repo.wait_until("bad", "failed").settle();
    repo.step("09:20");
    repo.wait_until("bad", "escalated").settle();
    repo.task("fine", CLEAR);
    repo.wait_until("fine", "succeeded").settle();
    repo.task("later", CLEAR);
    repo.wait_until("later", "failed").settle();
    repo.task("risky", "Drop the production database.\n\n## Completion criteria\n- [ ] it is gone");
    repo.settle();
    repo
}

fn told(repo: &TestRepo, words: &[&str]) -> String {
    repo.buildq(words.iter().copied()).success().stdout
}

fn end_waker(repo: &TestRepo) {
    repo.settle();
    repo.wait_for(|repo| {
        repo.processes().iter().for_each(|process| kill(process.pid));
        repo.processes().is_empty()
    });
}

/// The parts of `status --json` that are facts of the queue, not of this clone's health.
fn facts(repo: &TestRepo) -> serde_json::Value {
    let mut json: serde_json::Value =
        serde_json::from_str(&told(repo, &["status", "--json"])).unwrap();
    json.as_object_mut().unwrap().remove("health");
    let needs = json["needs_you"].as_array_mut().unwrap();
    needs.retain(|need| !need["task"].is_null());
    json
}

const SAME: &[&[&str]] = &[
    &["log"],
    &["log", "--verbose"],
    &["log", "--json"],
    &["log", "bad"],
    &["report", "--date", "2026-02-07"],
    &["report", "--date", "2026-02-07", "--format", "json"],
    &["report", "--since", "2026-02-07 08:00", "--until", "2026-02-07 12:00", "--format", "text"],
];

#[test]
fn without_the_local_folder_the_facts_are_the_same() {
    let repo = a_day();
    end_waker(&repo);
    let before: Vec<_> = SAME.iter().map(|words| told(&repo, words)).collect();
    assert!(before[0].contains("good") && before[0].contains("bad"), "{}", before[0]);
    let status = facts(&repo);
    let shown = ["good", "bad", "fine"].map(|task| told(&repo, &["show", task]));
    std::fs::remove_dir_all(repo.dir().join(".git/buildq")).unwrap();
    let after: Vec<_> = SAME.iter().map(|words| told(&repo, words)).collect();
    for ((words, before), after) in SAME.iter().zip(&before).zip(&after) {
        assert_eq!(before, after, "{words:?}");
    }
    assert_eq!(facts(&repo), status);
    assert_eq!(["good", "bad", "fine"].map(|task| told(&repo, &["show", task])), shown);
    let ledger = repo.ledger();
    repo.buildq(["sync"]).success().stdout("nothing is due\n");
    assert_eq!(repo.ledger(), ledger, "nothing happens anew");
    repo.step("09:30");
    repo.wait_until("later", "escalated").settle();
}

#[test]
fn a_clone_tells_the_same_and_runs_nothing() {
    let repo = a_day();
    let clone = repo.clone_to("clone");
    for branch in ["buildq", "build/fine", "build/bad", "build/good", "build/later"] {
        clone.git(["branch", "-q", branch, &format!("origin/{branch}")]);
    }
    for words in SAME {
        assert_eq!(told(&repo, words), told(&clone, words), "{words:?}");
    }
    let ledger = clone.ledger();
    clone.buildq(["sync"]).success().stdout_has("buildq init");
    clone.buildq(["why", "later"]).success().stdout_has("runs this queue");
    clone.buildq(["status"]).success().stdout_has("bad").stdout_has("fine");
    assert_eq!(clone.ledger(), ledger, "a clone that was never set up writes nothing");
    let phases = |repo: &TestRepo| {
        let json = facts(repo);
        let text = json.to_string();
        ["good", "bad", "fine"].map(|task| text.contains(&format!("\"{task}\"")))
    };
    assert_eq!(phases(&repo), phases(&clone));

    // Set up, it still is not the runner, and what came with the clone is not trusted.
    clone.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    clone.step("12:00");
    clone.buildq(["sync"]).success();
    clone.settle();
    assert_eq!(clone.ledger(), ledger, "{:?}", clone.ledger());
    clone.buildq(["why", "later"]).success().stdout_has("runs this queue").stdout_has("adopt");
    clone.task("mine", CLEAR).stderr_has("runs this queue");
    clone.settle();
    assert!(!clone.has("mine", "started"));
}

#[test]
fn a_clone_takes_the_queue_over_when_it_is_told_to() {
    let repo = a_day();
    end_waker(&repo);
    let clone = repo.clone_to("clone");
    clone.git(["config", "buildq.sandbox", "off"]);
    clone.git(["branch", "-q", "buildq", "origin/buildq"]);
    clone.agent("echo made > made-by-the-clone");
    clone.buildq(["init", "--yes", "--no-heartbeat"]).success();
    clone.buildq(["adopt"]).success();
    clone.step("09:30");
    clone.buildq(["sync", "--check"]).success().stdout_has("trust");
    clone.buildq(["trust", "--yes"]).success();
    clone.settle();
    assert!(clone.count("later", "started") == 1, "a task that came with the clone needs approval");
    clone.buildq(["approve", "later"]).success();
    clone.wait_until("later", "succeeded").settle();
    assert_eq!(clone.file_at("build/later", "made-by-the-clone"), "made\n");
}
