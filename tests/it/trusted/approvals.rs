//! An approval is of one text, at one path, for the risks that were told, and for its time.

use super::{Way, change, files, ran, sync_to_the_end};
use crate::support::{CLEAR, TestRepo};

const RISKY: &str = "---\npriority: low\n---\nCharge the customer's credit card through Stripe and \
    write the invoice.\n\n## Completion criteria\n- [ ] the card is charged\n";

fn repo() -> TestRepo {
    TestRepo::with_agent("echo $BUILDQ_TASK >> $OUT/ran; echo made > made-$BUILDQ_TASK", "")
}

/// Approved while nothing can start.
fn approved(more: &[&str]) -> TestRepo {
    let repo = repo();
    repo.task("x", RISKY);
    repo.settle();
    repo.buildq(["pause", "-m", "Wait"]).success();
    let words: Vec<&str> = ["approve", "x"].iter().chain(more).copied().collect();
    repo.buildq(words).success().stdout_has("approved x as of ");
    repo.settle();
    repo
}

#[track_caller]
fn held(repo: &TestRepo, task: &str, words: &str) {
    repo.buildq(["resume"]).success();
    sync_to_the_end(repo);
    assert_eq!((ran(repo).as_str(), repo.has(task, "started")), ("", false), "{}", repo.scene());
    let why = repo.buildq(["why", task]).success().stdout;
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains(words), "{why}");
}

#[test]
fn an_approval_says_first_what_it_lets_through() {
    let repo = repo();
    let text = RISKY.to_owned();
    change(&repo, &files(&[("queue/x.md", &text)]), Way::Pulled);
    repo.settle();
    let dry = repo.buildq(["approve", "x", "--dry-run"]).success();
    dry.stdout_has("financial: \"")
        .stdout_has("priority low")
        .stdout_has("was not made in this clone")
        .stdout_has("nothing is approved: that was a dry run");
    assert!(!repo.has("x", "approved"));
    let json = repo.buildq(["approve", "x", "--json", "--until", "2026-02-08"]).success().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["path"], "queue/x.md");
    assert_eq!(json["risks"][0]["kind"], "financial");
    assert_eq!(json["until"], "2026-02-08T23:59:00Z");
    repo.wait_until("x", "succeeded").settle();
    let event = repo.event("x", "approved");
    for line in
        ["Buildq-Path: queue/x.md", "Buildq-Risk: financial", "Buildq-Until: 2026-02-08T23:59"]
    {
        assert!(event.contains(line), "{event}");
    }
}

#[test]
fn an_edit_voids_an_approval_in_whatever_way_it_comes() {
    for way in super::WAYS {
        let repo = approved(&[]);
        let edited = RISKY.replace("invoice", "refund");
        change(&repo, &files(&[("queue/x.md", &edited)]), way);
        held(&repo, "x", ", edited since");
        repo.buildq(["approve", "x"]).success();
        repo.wait_until("x", "succeeded").settle();
        assert_eq!(ran(&repo), "x\n", "{way:?}");
    }
}

#[test]
fn a_changed_verify_of_a_task_is_an_edit() {
    let repo = approved(&[]);
    let out = repo.root().display();
    let check = format!("low\nverify: [\"sh -c 'echo bad >> {out}/ran'\"]");
    change(&repo, &files(&[("queue/x.md", &RISKY.replace("low", &check))]), Way::Pulled);
    held(&repo, "x", ", edited since");
    repo.buildq(["approve", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "x\nbad\n");
}

#[test]
fn a_move_voids_an_approval() {
    let repo = approved(&[]);
    std::fs::create_dir_all(repo.path("queue/later")).unwrap();
    repo.git(["mv", "queue/x.md", "queue/later/x.md"]);
    repo.git(["commit", "-qm", "Move it"]);
    held(&repo, "x", "approved as `queue/x.md`, moved since");
    repo.buildq(["approve", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn an_approval_ends() {
    let repo = approved(&["--until", "2026-02-07 10:00"]);
    repo.step("10:00");
    held(&repo, "x", "the approval ended 2026-02-07 10:00");
    for bad in ["yesterday", "2026-02-07 09:00"] {
        repo.buildq(["approve", "x", "--until", bad]).clear_refusal().code(2);
    }
    repo.buildq(["approve", "x", "--until", "2026-02-07 11:00"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn another_text_in_the_ledgers_tree_is_not_built() {
    let repo = repo();
    repo.buildq(["spawn", "--label", "own", "--task", CLEAR]).success();
    repo.wait_until("own", "succeeded").settle();
    let begun = repo.count("own", "started");
    let blob = repo.event("own", "approved");
    let blob =
        blob.lines().find_map(|line| line.strip_prefix("Buildq-Source: ")).unwrap().to_owned();
    repo.buildq(["cancel", "own"]).success();
    repo.settle();
    // The same name in the ledger's tree, with a check of the attacker's.
    let bad = format!(
        "---\npriority: high\nverify: [\"sh -c 'echo bad >> {}/ran'\"]\n---\n{CLEAR}\n",
        repo.root().display()
    );
    repo.write("../evil", &bad);
    let evil = repo.ask(["hash-object", "-w", "../evil"]);
    let index = repo.root().join("index").to_str().unwrap().to_owned();
    let git = |words: &[&str]| {
        let done = repo.command("git").env("GIT_INDEX_FILE", &index).args(words).output().unwrap();
        assert!(done.status.success(), "{words:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    git(&["read-tree", "buildq"]);
    git(&["update-index", "--add", "--cacheinfo", &format!("100644,{evil},specs/{blob}")]);
    let tree = git(&["write-tree"]);
    let forged = "retried: own: again\n\nBuildq-Event: retried\nBuildq-Id: 01ARZ3NDEKTSV4RRFFQ69G5FAV\nBuildq-Task: own\nBuildq-Reason: again\n";
    let tip = git(&["commit-tree", &tree, "-p", "buildq", "-m", forged]);
    repo.git(["update-ref", "refs/heads/buildq", &tip]);
    sync_to_the_end(&repo);
    assert!(!ran(&repo).contains("bad"), "{}", repo.scene());
    assert_eq!(repo.count("own", "started"), begun, "{}", repo.scene());
}
