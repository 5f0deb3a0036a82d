//! Values of secrets: masked wherever a build says them, and a branch that holds one is held.

use crate::support::{CLEAR, TestRepo, files_below};

const VALUE: &str = "q8Zt-77aaxx-91";
const BASE64: &str = "cThadC03N2FheHgtOTE=";

fn repo(script: &str) -> TestRepo {
    let repo = TestRepo::new().env("API_KEY", VALUE);
    repo.agent(script);
    repo.config(
        "builder: agent\nbuilders: {agent: {command: [agent], env: [API_KEY]}}\n\
         workspace: {copy: [.env]}\nretry: {max: 0}",
    );
    repo.write(".gitignore", ".env\n");
    repo.write(".env", "DB_PASSWORD=hunter2-and-more\nMODE=production\n");
    repo.git(["add", ".gitignore"]);
    repo.git(["commit", "-qm", "Ignore"]);
    repo
}

/// Everything that buildq itself has written: the ledger, and its local files.
fn written(repo: &TestRepo) -> String {
    let mut text = repo.git(["log", "--format=%an %ae %B", "buildq"]).stdout;
    let files = files_below(&repo.git_dir().join("buildq"));
    // Among them is a pipe, whose reading end never ends.
    for file in files.iter().filter(|file| file.is_file()) {
        text += &String::from_utf8_lossy(&std::fs::read(file).unwrap());
    }
    text
}

#[test]
fn what_a_builder_says_is_masked_in_logs_and_events() {
    let repo = repo(
        "printf 'key %s\\n' \"$API_KEY\"; printf q8Zt-77; sleep 0.3; printf 'aaxx-91\\n'\n\
         printf \"$API_KEY\" | base64; grep DB_ .env\n\
         buildq progress 40 \"with $API_KEY\" --deliverable \"see $API_KEY\" --next \"hunter2-and-more\"\n\
         buildq done -m \"used $API_KEY\"; git reset -q --soft HEAD~2 2>/dev/null\n\
         echo made > made; exit 3",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    let said = repo.buildq(["output", "x"]).success().stdout;
    assert!(said.contains("key ***\n***\n***\nDB_PASSWORD=***\n"), "{said}");
    let all = written(&repo);
    for secret in [VALUE, BASE64, "hunter2-and-more"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
    assert!(repo.event("x", "failed").contains("key ***"));
}

#[test]
fn a_question_with_a_secret_is_held_and_not_told() {
    let repo = repo(
        "echo made > made; git add made; git commit -qm made; buildq block \"Is it $API_KEY?\"",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "failed").settle();
    assert!(repo.event("x", "failed").contains("the message or the author of commit"));
    assert!(!written(&repo).contains(VALUE));
}

#[test]
fn a_branch_that_holds_a_secret_is_held_though_a_later_commit_removes_it() {
    let ways = [
        (
            "in a file",
            "printf 'a\\nb %s\\n' \"$API_KEY\" > f; git add f; git commit -qm f",
            "`f` line 2",
        ),
        (
            "removed again",
            "echo \"$API_KEY\" > f; git add f; git commit -qm f; git rm -q f; echo x > g; git add g; git commit -qm g",
            "`f` line 1",
        ),
        ("uncommitted", "printf '%s' \"$API_KEY\" | base64 > f", "`f` line 1"),
        (
            "in a message",
            "echo x > f; git add f; git commit -qm \"with $API_KEY\"",
            "the message or the author",
        ),
        (
            "as its author",
            "echo x > f; git add f; git commit -q --author \"$API_KEY <a@b>\" -m f",
            "the message or the author",
        ),
        ("in a copied file", "cp .env f; git add f; git commit -qm f", "`.env:DB_PASSWORD`"),
        (
            "by one that fails",
            "echo \"$API_KEY\" > f; git add f; git commit -qm f; exit 1",
            "`f` line 1",
        ),
    ];
    let repo = repo("exit 1");
    for (index, (what, script, place)) in ways.iter().enumerate() {
        let task = format!("way-{index}");
        repo.agent(script);
        repo.task(&task, CLEAR);
        repo.wait_until(&task, "failed").settle();
        let event = repo.event(&task, "failed");
        assert!(event.contains("Buildq-Fault: secret") && event.contains(place), "{what}: {event}");
        assert!(repo.buildq(["why", &task]).stdout.contains("escalated"), "{what}");
        let kept = repo.ask(["rev-parse", &format!("refs/buildq/attempts/{task}/1")]);
        let base = repo.ask(["rev-parse", "main"]);
        assert_ne!(kept, base, "{what}: the work is kept");
        let branch = repo.ask(["rev-parse", "-q", "--verify", &format!("refs/heads/build/{task}")]);
        assert!(branch.is_empty() || branch == base, "{what}: the branch moved");
        let refused = repo.buildq(["accept", &task]).code(1);
        assert!(refused.stderr.contains("its work is held"), "{what}: {}", refused.stderr);
        assert!(refused.stderr.contains("buildq.notSecret"), "{}", refused.stderr);
        repo.buildq(["why", &task]).stdout_has("its work is held").stdout_has("buildq retry");
        repo.buildq(["log", "--verbose"]).stdout_has("That ref is not to be pushed");
    }
    assert!(!written(&repo).contains(VALUE));
    // A clone reads the same from history alone, and points no branch either.
    let clone = repo.clone_to("other");
    clone.git(["fetch", "-q", "origin", "buildq:buildq", "refs/buildq/*:refs/buildq/*"]);
    clone.buildq(["why", "way-0"]).stdout_has("escalated");
    clone.buildq(["why", "way-0"]).stdout_has("its work is held");
}

#[test]
fn what_is_no_secret_here_holds_nothing() {
    let repo = repo("echo production > mode; echo \"$API_KEY\" > f");
    repo.git(["config", "buildq.notSecret", "API_KEY"]);
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "f"), format!("{VALUE}\n"));
}

#[test]
fn a_dead_attempt_that_holds_a_secret_is_held_too() {
    let repo = repo(
        "echo \"$API_KEY\" > f; git add f; git commit -qm f; touch $OUT/alive-$BUILDQ_TASK\n\
         until test -e $OUT/go; do sleep 0.05; done",
    );
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    let owner = repo.processes().into_iter().find(|one| one.is("supervise")).unwrap();
    crate::support::kill(owner.pid);
    repo.wait_for(|repo| !repo.processes().iter().any(|one| one.is("supervise")));
    let _ = repo.buildq(["sync"]);
    repo.wait_until("x", "failed").settle();
    assert!(repo.event("x", "failed").contains("`f` line 1"), "{}", repo.event("x", "failed"));
    repo.buildq(["why", "x"]).stdout_has("escalated");
    assert!(!repo.file_at("build/x", "f").contains(VALUE));
}
