//! What is the user's stays as it is, whatever a build does and whatever the user does.

use crate::support::{CLEAR, Mine, TestRepo, WAITS, runbook};

/// Staged, unstaged, untracked and stashed work, another branch, a tag, a hook, a note.
fn lived_in(repo: &TestRepo) {
    repo.write("stashed.txt", "stashed\n");
    repo.git(["add", "stashed.txt"]);
    repo.git(["stash", "-q"]);
    repo.git(["branch", "other"]);
    repo.git(["tag", "v1"]);
    repo.write("staged.txt", "staged\n");
    repo.git(["add", "staged.txt"]);
    repo.write("staged.txt", "staged, then edited\n");
    repo.write("a.txt", "edited\n");
    repo.write("untracked.txt", "untracked\n");
    repo.git(["status"]);
}

#[test]
fn a_build_touches_nothing_of_mine() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    lived_in(&repo);
    let mine = Mine::look(&repo);
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    mine.is_still(&repo);
    for words in [&["status"][..], &["log"], &["report"], &["show", "x"], &["review"], &["sync"]] {
        let _ = repo.buildq(words.iter().copied()).success();
        mine.is_still(&repo);
    }
}

#[test]
fn a_branch_that_is_checked_out_stays_where_it_is() {
    let script = "for n in 1 2 3; do echo $n > $n; git add $n; git commit -qm $n\n\
                  touch $OUT/at-$n; until test -e $OUT/go-$n; do sleep 0.05; done; done";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_for(|repo| repo.ask(["log", "-1", "--format=%s", "build/x", "--"]) == "1");
    repo.git(["checkout", "-q", "build/x"]);
    let mine = Mine::look(&repo);
    let stood = repo.ask(["rev-parse", "build/x"]);
    for n in 1..=3 {
        std::fs::write(repo.root().join(format!("go-{n}")), "").unwrap();
    }
    repo.wait_until("x", "succeeded").settle();
    mine.is_still(&repo);
    assert_eq!(repo.ask(["rev-parse", "build/x"]), stood);
    repo.buildq(["status"]).success().stdout_has("checked out");
    repo.git(["checkout", "-q", "main"]);
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(repo.file_at("build/x", "3"), "3\n", "it follows as soon as it may");
}

#[test]
fn commits_of_mine_on_a_build_branch_stay() {
    let repo = TestRepo::with_agent("echo $BUILDQ_ATTEMPT > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.git(["checkout", "-q", "build/x"]);
    repo.write("mine", "mine\n");
    repo.git(["add", "mine"]);
    repo.git(["commit", "-qm", "Mine"]);
    let tip = repo.ask(["rev-parse", "HEAD"]);
    repo.git(["checkout", "-q", "main"]);
    repo.buildq(["reject", "x", "-m", "again"]).success();
    repo.settle();
    assert_eq!(repo.ask(["rev-parse", "build/x"]), tip, "{}", repo.scene());
    repo.buildq(["status"]).success().stdout_has("build/x");
}

#[test]
fn amend_rebase_and_gc_during_a_build() {
    let script = "echo 1 > 1; git add 1; git commit -qm 1; touch $OUT/alive-$BUILDQ_TASK\n\
                  until test -e $OUT/go; do sleep 0.05; done\n\
                  git log -p > /dev/null && git fsck --no-dangling >&2 && echo 2 > 2";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    // The base of the build is in no branch any more, and nothing but the attempt holds it.
    repo.git(["commit", "-q", "--amend", "-m", "Add x, amended"]);
    repo.write("b.txt", "b\n");
    repo.git(["add", "b.txt"]);
    repo.git(["commit", "-qm", "B"]);
    repo.git(["rebase", "-q", "--force-rebase", "HEAD~2"]);
    repo.git(["reflog", "expire", "--expire=now", "--all"]);
    repo.git(["gc", "-q", "--prune=now"]);
    let mine = Mine::look(&repo);
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    mine.is_still(&repo);
    assert_eq!(repo.story("x"), ["started", "succeeded"], "{}", repo.scene());
    repo.git(["gc", "-q", "--prune=now"]);
    assert_eq!(repo.file_at("build/x", "1"), "1\n");
    assert_eq!(repo.file_at("build/x", "2"), "2\n");
    repo.git(["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn the_hook_keeps_still_during_a_rebase() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.buildq(["pause"]).success();
    for n in 1..4 {
        repo.task(&format!("x{n}"), CLEAR);
    }
    repo.settle();
    let said = repo.git(["rebase", "-q", "--force-rebase", "HEAD~3"]);
    assert!(said.stderr.matches("buildq:").count() <= 3, "{}", said.stderr);
    repo.buildq(["resume"]).success();
    repo.wait_for(|repo| (1..4).all(|n| repo.last(&format!("x{n}")) == "succeeded")).settle();
}

#[test]
fn signing_hooks_templates_and_excludes_of_mine_do_no_harm() {
    let repo = TestRepo::with_agent(
        "echo junk > junk.mine; echo made $BUILDQ_ATTEMPT > made; git add made && git commit -qm made",
        "",
    );
    let hooks = repo.home().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    repo.git(["config", "--global", "core.excludesFile", "~/excludes"]);
    std::fs::write(repo.home().join("excludes"), "*.mine\n").unwrap();
    repo.git(["config", "--global", "commit.gpgSign", "true"]);
    repo.git(["config", "--global", "gpg.program", "false"]);
    repo.git(["config", "--global", "commit.template", "~/none"]);
    repo.git(["config", "--global", "core.fsmonitor", "false"]);
    repo.git(["config", "--global", "diff.external", "false"]);
    repo.draft("x", CLEAR);
    repo.git(["add", "queue/x.md"]);
    repo.git(["commit", "-q", "--no-gpg-sign", "-m", "Add x"]);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "made"), "made 1\n");
    assert_eq!(repo.file_at("build/x", "junk.mine"), "", "my excludes hold");

    // A hooks folder of everybody's own would fail every commit: none of ours runs it.
    for name in ["pre-commit", "commit-msg", "post-commit", "reference-transaction"] {
        let path = repo.program(
            name,
            &format!("#!/bin/sh\ntouch {}/fired-{name}\nexit 1\n", repo.root().display()),
        );
        std::fs::rename(path, hooks.join(name)).unwrap();
    }
    let mine = Mine::look(&repo);
    repo.git(["config", "--global", "core.hooksPath", "~/hooks"]);
    repo.buildq(["reject", "x", "-m", "Once more."]).success();
    repo.wait_for(|repo| repo.count("x", "succeeded") == 2).settle();
    mine.is_still(&repo);
    for name in ["pre-commit", "commit-msg", "post-commit", "reference-transaction"] {
        assert!(!repo.root().join(format!("fired-{name}")).exists(), "{name} was run");
    }
}

#[test]
fn foreign_hooks_go_on_working() {
    let repo = TestRepo::bare_of_buildq();
    repo.git(["config", "buildq.sandbox", "off"]);
    let hook = repo.dir().join(".git/hooks/post-commit");
    let own = "#!/bin/sh\necho mine >> \"$(git rev-parse --show-toplevel)/../fired\"\n";
    let path = repo.program("post-commit", own);
    std::fs::rename(path, &hook).unwrap();
    repo.init();
    repo.runbook("x", "echo made > made");
    repo.wait_until("x", "succeeded").settle();
    assert!(repo.left("fired").lines().count() >= 2, "mine still runs");
    repo.buildq(["uninstall", "--yes"]).success();
    assert_eq!(std::fs::read_to_string(&hook).unwrap(), own, "and is mine again");
}

#[test]
fn a_commit_without_a_task_hears_nothing() {
    let repo = TestRepo::new();
    repo.runbook("x", "echo made > made");
    repo.wait_until("x", "succeeded").settle();
    repo.write("a.txt", "changed\n");
    repo.git(["add", "a.txt"]);
    repo.git(["commit", "-qm", "Something else"]).stderr("");
    repo.buildq(["status", "--completed"]).success().stdout_has("x").stdout_lacks("Health");
}

#[test]
fn a_commit_is_never_failed_by_the_hook() {
    let repo = TestRepo::new();
    std::fs::write(repo.dir().join(".git/buildq/seen.json"), "{broken").unwrap();
    repo.write("buildq.yaml", "max_parallel: [");
    repo.git(["add", "buildq.yaml"]);
    repo.git(["commit", "-qm", "Break it"]).stderr_has("buildq:");
    repo.settle();
    std::fs::remove_dir_all(repo.dir().join(".git/buildq")).unwrap();
    std::fs::write(repo.dir().join(".git/buildq"), "a file in the way").unwrap();
    repo.draft("x", &runbook("true"));
    repo.git(["add", "."]);
    repo.git(["commit", "-qm", "Add x"]);
    repo.settle();
    std::fs::remove_file(repo.dir().join(".git/buildq")).unwrap();
}

#[test]
fn work_in_a_linked_work_tree_counts_too() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let side = repo.root().join("side");
    repo.git(["worktree", "add", "-q", "-b", "side", side.to_str().unwrap()]);
    let mine = Mine::look(&repo);
    let buildq = env!("CARGO_BIN_EXE_buildq");
    let words = [
        "add",
        "--name",
        "From beside",
        "--desc",
        "Write result.txt with the result.",
        "--criterion",
        "result.txt is there",
        "--priority",
        "high",
    ];
    let mut command = repo.command(buildq);
    crate::support::Said::of(command.current_dir(&side).args(words)).success();
    repo.wait_until("from-beside", "succeeded").settle();
    assert_eq!(repo.file_at("build/from-beside", "made"), "made\n");
    assert_eq!(repo.ask(["-C", side.to_str().unwrap(), "status", "--porcelain"]), "");
    let _ = mine;
}
