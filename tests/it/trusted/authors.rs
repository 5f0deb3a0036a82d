//! Whose words a task is: a builder's are nobody's, whoever brought them; a stranger's wait for a
//! person; a key that is allowed speaks for its owner.

use super::{Way, change, files, ran, sync_to_the_end};
use crate::support::{CLEAR, TestRepo};

/// A builder that plants a task of its own beside its work.
const PLANTS: &str = "echo $BUILDQ_TASK >> $OUT/ran; echo made > made-$BUILDQ_TASK; mkdir -p docs\n\
    test $BUILDQ_TASK = x || exit 0\n\
    for place in queue/evil.md docs/later.md; do printf -- '---\\npriority: high\\n---\\nWrite a \
    file for %s.\\n\\n## Completion criteria\\n- [ ] the file is there\\n' $place > $place; done";

#[track_caller]
fn held(repo: &TestRepo, task: &str, words: &str) {
    sync_to_the_end(repo);
    assert!(!repo.has(task, "started"), "{task} started\n{}", repo.scene());
    let why = repo.buildq(["why", task]).success().stdout;
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains(words), "{task}: {why}");
}

#[test]
fn a_task_that_a_builder_wrote_is_held_however_it_came() {
    let ways: [&[&[&str]]; 5] = [
        &[&["buildq", "accept", "x", "--yes-protected"]],
        &[&["buildq", "accept", "x", "--squash", "--yes-protected"]],
        &[&["git", "merge", "-q", "--no-ff", "-m", "Merge it", "build/x"]],
        &[&["git", "merge", "-q", "--squash", "build/x"], &["git", "commit", "-qm", "All at once"]],
        &[&["git", "checkout", "-q", "build/x", "--", "."], &["git", "commit", "-qm", "Mine"]],
    ];
    for way in ways {
        let repo = TestRepo::with_agent(PLANTS, "");
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        for words in way {
            match words[0] {
                "git" => _ = repo.git(&words[1..]),
                _ => _ = repo.buildq(&words[1..]).success(),
            }
            repo.settle();
        }
        held(&repo, "evil", "the builder of x/1 wrote it, not a person");
        // A file that was none of the queue becomes one by a person's own move.
        repo.git(["mv", "docs/later.md", "queue/later.md"]);
        repo.git(["commit", "-qm", "Queue it"]);
        held(&repo, "later", "the builder of x/1 wrote it, not a person");
        assert_eq!(ran(&repo), "x\n", "{way:?}");
        repo.buildq(["approve", "evil"]).success().stdout_has("the builder of x/1 wrote it");
        repo.wait_until("evil", "succeeded").settle();
        assert_eq!(ran(&repo), "x\nevil\n", "{way:?}");
    }
}

#[test]
fn a_text_that_stood_before_the_attempt_stays_the_persons() {
    let script = "if [ $BUILDQ_ATTEMPT = 1 ]; then sed -i 's/- \\[ \\]/- [x]/' queue/x.md; git \
        commit -qam tick; sed -i 's/- \\[x\\]/- [ ]/' queue/x.md; git commit -qam untick; exit 3; fi\n\
        echo made > made";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    repo.step("09:10");
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_merge_or_a_rebase_that_mixes_texts_is_nobodys() {
    for words in [&["pull", "-q", "--no-rebase", "--no-edit"][..], &["pull", "-q", "--rebase"]] {
        let repo = TestRepo::with_agent("echo ran >> $OUT/ran; echo made > made", "").at("09:00");
        let text = |first: &str, last: &str| {
            format!(
                "---\npriority: medium\n---\nWrite a file {first}.\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n\n## Completion criteria\n- [ ] the file is there{last}\n"
            )
        };
        repo.task("x", &text("here", ""));
        repo.settle();
        let other = repo.root().join("other").to_str().unwrap().to_owned();
        repo.git(["clone", "-q", ".", &other]);
        std::fs::write(format!("{other}/queue/x.md"), text("there", "") + "\n").unwrap();
        repo.git(["-C", &other, "commit", "-qam", "Theirs"]);
        repo.task("x", &text("here", " today"));
        repo.settle();
        let pull: Vec<&str> = words.iter().copied().chain([other.as_str(), "main"]).collect();
        repo.git(pull);
        assert!(
            repo.read("queue/x.md").contains("there.") && repo.read("queue/x.md").contains("today")
        );
        repo.step("23:00");
        let why = if words.contains(&"--rebase") {
            "was not made in this clone"
        } else {
            "has merged several changes of it"
        };
        held(&repo, "x", why);
        repo.buildq(["approve", "x"]).success();
        repo.wait_until("x", "succeeded").settle();
    }
}

#[test]
fn an_amended_commit_stays_the_persons() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("x", &format!("---\npriority: medium\n---\n{CLEAR}"));
    repo.settle();
    repo.git(["commit", "-q", "--amend", "-m", "Better said"]);
    repo.write("b.txt", "b\n");
    repo.git(["add", "b.txt"]);
    repo.git(["commit", "-qm", "More"]);
    repo.git(["rebase", "-q", "--no-ff", "HEAD~2"]);
    repo.step("23:00");
    repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn where_history_ends_nobody_knows_who_wrote_it() {
    let from = TestRepo::bare_of_buildq();
    from.write("queue/x.md", format!("---\npriority: high\n---\n{CLEAR}\n"));
    from.git(["add", "."]);
    from.git(["commit", "-qm", "A task"]);
    from.write("b.txt", "b\n");
    from.git(["add", "."]);
    from.git(["commit", "-qm", "More"]);
    let repo = TestRepo::unborn();
    repo.git(["fetch", "-q", "--depth=1", &format!("file://{}", from.dir().display()), "main"]);
    repo.git(["reset", "-q", "--hard", "FETCH_HEAD"]);
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.init();
    repo.agent("echo ran >> $OUT/ran; echo made > made");
    repo.agent_config("");
    held(&repo, "x", "history ends at");
    assert_eq!(ran(&repo), "");
}

/// A key of somebody's, and their line for the file of allowed signers.
fn key(repo: &TestRepo, name: &str) -> (String, String) {
    let path = repo.root().join(name).to_str().unwrap().to_owned();
    let made = repo
        .command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &path])
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(format!("{path}.pub")).unwrap();
    (path, format!("{name}@example.org {public}"))
}

/// Somebody else's task, signed with this key, pulled.
fn pulled_signed(repo: &TestRepo, task: &str, key: &str) {
    let other = repo.root().join(format!("of-{task}")).to_str().unwrap().to_owned();
    repo.git(["clone", "-q", ".", &other]);
    std::fs::write(
        format!("{other}/queue/{task}.md"),
        format!("---\npriority: high\n---\n{CLEAR}\n"),
    )
    .unwrap();
    repo.git(["-C", &other, "add", "."]);
    let signing = format!("user.signingkey={key}");
    repo.git([
        "-C",
        &other,
        "-c",
        "gpg.format=ssh",
        "-c",
        &signing,
        "commit",
        "-q",
        "-S",
        "-m",
        task,
    ]);
    repo.git(["pull", "-q", "--ff-only", &other, "main"]);
    repo.settle();
}

#[test]
fn a_task_signed_by_an_allowed_signer_counts_and_no_other() {
    let repo =
        TestRepo::with_agent("echo $BUILDQ_TASK >> $OUT/ran; echo made > made-$BUILDQ_TASK", "");
    let (eve, _) = key(&repo, "eve");
    let (bob, line) = key(&repo, "bob");
    let signers = repo.root().join("signers");
    pulled_signed(&repo, "one", &bob);
    held(&repo, "one", "was not made in this clone");
    std::fs::write(&signers, &line).unwrap();
    // A tracked file could be given another key by any commit.
    change(&repo, &files(&[("keys/signers", &line)]), Way::Own);
    repo.git(["config", "buildq.allowedSigners", repo.path("keys/signers").to_str().unwrap()]);
    held(&repo, "one", "lies in the work tree, where a commit could add a key");
    // Programs of the settings' own have no say.
    repo.git(["config", "gpg.ssh.program", "true"]);
    repo.git(["config", "gpg.program", "true"]);
    repo.git(["config", "buildq.allowedSigners", signers.to_str().unwrap()]);
    pulled_signed(&repo, "evil", &eve);
    held(&repo, "evil", "was not made in this clone");
    repo.wait_until("one", "succeeded").settle();
    // A key counts within its time, at the commit's date.
    let timed = |valid: &str| line.replacen("@example.org ", &format!("@example.org {valid} "), 1);
    std::fs::write(&signers, timed("valid-before=\"20260101\"")).unwrap();
    pulled_signed(&repo, "late", &bob);
    held(&repo, "late", "was not made in this clone");
    std::fs::write(&signers, timed("valid-before=\"20990101\"")).unwrap();
    repo.buildq(["sync"]).success();
    repo.wait_until("late", "succeeded").settle();
    assert_eq!(ran(&repo), "one\nlate\n");
}

#[test]
fn a_signed_approval_counts_where_its_key_is_allowed() {
    let mine = TestRepo::with_agent("true", "");
    let (bob, line) = key(&mine, "bob");
    mine.git(["config", "user.signingkey", &bob]);
    for (task, price) in [("a", "10"), ("b", "20")] {
        mine.task(task, &format!("Charge the customer's credit card {price} euros through Stripe and write the invoice.\n\n## Completion criteria\n- [ ] the card is charged"));
        mine.settle();
    }
    mine.buildq(["approve", "a", "--sign"])
        .clear_refusal()
        .stderr_has("git has no SSH key to sign with");
    mine.git(["config", "gpg.format", "ssh"]);
    mine.git(["config", "commit.gpgsign", "true"]);
    mine.buildq(["pause", "-m", "Not here"]).success();
    mine.buildq(["approve", "a"]).success();
    mine.buildq(["approve", "b", "--no-sign"]).success();
    mine.settle();
    let there = mine.clone_to("there");
    there.git(["fetch", "-q", "origin", "buildq:buildq"]);
    there.git(["config", "buildq.sandbox", "off"]);
    there.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    there.agent("echo $BUILDQ_TASK >> $OUT/ran; echo made > made-$BUILDQ_TASK");
    there.buildq(["trust", "--yes"]).success();
    there.buildq(["adopt"]).success();
    there.buildq(["resume"]).success();
    held(&there, "a", "signed by a key that is no allowed signer's: does not count here");
    held(&there, "b", "approved by Ada on another machine, unsigned: does not count here");
    let signers = there.root().join("signers");
    std::fs::write(&signers, &line).unwrap();
    there.git(["config", "buildq.allowedSigners", signers.to_str().unwrap()]);
    there.buildq(["sync"]).success();
    there.wait_until("a", "succeeded").settle();
    held(&there, "b", "unsigned: does not count here");
    assert_eq!(ran(&there), "a\n");
}
