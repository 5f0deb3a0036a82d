//! The examination: what is well is said, what is not is told with its remedy, and mended if it is
//! safe to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{CLEAR, TestRepo, files_below, kill, sandbox_works};

/// The findings that are not well, as `level check: what was found`.
fn told(repo: &TestRepo) -> Vec<String> {
    let said = repo.buildq(["doctor", "--json"]);
    let json: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    let worst = json["worst"].as_str().unwrap();
    assert_eq!(said.code, i32::from(worst == "problem"), "{said:?}");
    let findings = json["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    // Of the machine that the tests run on nobody knows whether it sleeps or has a timer.
    let foreign = ["sleep", "git", "heartbeat", "disk"];
    findings
        .filter(|finding| finding["level"] != "ok")
        .filter(|finding| !foreign.contains(&finding["check"].as_str().unwrap()))
        .map(|f| format!("{} {}: {}", text(f, "level"), text(f, "check"), text(f, "found")))
        .collect()
}

#[track_caller]
fn tells(repo: &TestRepo, part: &str) {
    let told = told(repo);
    assert!(told.iter().any(|line| line.contains(part)), "{part}\n{told:#?}");
}

/// Waits until nothing is at work any more.
fn settle(repo: &TestRepo) {
    repo.wait_for(|repo| repo.processes().iter().all(|process| process.is_waker()));
}

/// What a repository without a sandbox, as most tests have it, is told.
const OFF: &str = "warning sandbox: off, by `buildq.sandbox`: builders may do all that you may";

#[test]
fn a_fresh_clone_is_well() {
    let repo = TestRepo::new();
    assert_eq!(told(&repo), [OFF]);
    let said = repo.buildq(["doctor"]).success();
    said.stdout_has("ok       hooks      in place").stdout_has("`steps`: buildq ");
}

#[test]
fn a_build_later_it_still_is() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("one", CLEAR);
    repo.wait_until("one", "succeeded");
    settle(&repo);
    repo.wait_for(|repo| told(repo) == [OFF]);
    repo.buildq(["doctor"]).stdout_has("events, sound").success();
}

#[test]
fn hooks_that_are_gone_or_cannot_run_are_mended() {
    let repo = TestRepo::new();
    let hook = |name: &str| repo.path(&format!(".git/hooks/{name}"));
    fs::remove_file(hook("post-merge")).unwrap();
    fs::set_permissions(hook("post-commit"), fs::Permissions::from_mode(0o644)).unwrap();
    tells(&repo, "problem hooks: not in place: post-merge");
    tells(&repo, "problem hooks: not executable, so git does not run them: post-commit");
    let said = repo.buildq(["doctor", "--fix"]).success();
    said.stdout_has("fixed    made the hook post-commit executable")
        .stdout_has("fixed    installed the hook post-merge");
    assert_eq!(told(&repo), [OFF]);
    // A hook that somebody took away is back, and a commit is noticed again.
    repo.runbook("one", "echo made > made");
    repo.wait_until("one", "succeeded");
}

#[test]
fn a_commit_that_no_hook_saw_is_told() {
    let repo = TestRepo::in_real_time();
    repo.runbook("one", "echo made > made");
    repo.wait_until("one", "succeeded");
    repo.wait_for(|repo| told(repo) == [OFF]);
    repo.buildq(["doctor"]).stdout_has("in place, and the last commit reached them").success();
    // As a program does that brings a git of its own, or one that turns hooks off.
    repo.draft("two", "Write a file with the result.");
    repo.git(["add", "queue"]);
    repo.git(["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Add two"]);
    tells(&repo, "problem hooks: the last commit here that changed the queue was not noticed");
    repo.buildq(["sync"]).success();
}

#[test]
fn hooks_elsewhere_are_no_problem_while_they_reach_it() {
    let repo = TestRepo::in_real_time();
    let folder = repo.root().join("husky");
    fs::create_dir(&folder).unwrap();
    repo.git(["config", "core.hooksPath", folder.to_str().unwrap()]);
    repo.task("one", "---\npriority: low\n---\nWrite a file with the result.");
    tells(&repo, "problem hooks: the last commit here that changed the queue was not noticed");
    let script = "#!/bin/sh\nbuildq hook post-commit \"$@\" </dev/null || :\n";
    fs::write(folder.join("post-commit"), script).unwrap();
    fs::set_permissions(folder.join("post-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.task("two", "---\npriority: low\n---\nWrite a file with the result.");
    repo.wait_for(|repo| told(repo) == [OFF]);
    repo.buildq(["doctor"]).stdout_has("reached, though `core.hooksPath` is").success();
}

#[test]
fn a_waker_that_died_is_woken() {
    let repo = TestRepo::new();
    repo.task(
        "one",
        "---\nnot_before: 2026-02-09 10:00\npriority: high\n---\nWrite a file with the result.",
    );
    let waker = |repo: &TestRepo| repo.processes().into_iter().find(|p| p.is_waker());
    repo.wait_for(|repo| waker(repo).is_some());
    settle(&repo);
    kill(waker(&repo).unwrap().pid);
    repo.wait_for(|repo| waker(repo).is_none());
    tells(&repo, "UTC, and nobody waits for it");
    repo.buildq(["doctor", "--fix"]).stdout_has("fixed    woke the waker").success();
    repo.wait_for(|repo| waker(repo).is_some());
}

#[test]
fn an_agent_is_asked_inside_the_walls() {
    if !sandbox_works() {
        return;
    }
    let repo = TestRepo::with_agent("true", "");
    repo.git(["config", "buildq.sandbox", "auto"]);
    let outside = repo.root().join("touched");
    let script = |rest: &str| {
        format!(
            "#!/bin/sh\ntouch {} 2>/dev/null\n[ \"$1\" = --version ] || exit 9\n{rest}\n",
            outside.display()
        )
    };
    let agent = "builder: opus\nbuilders: {opus: {command: [claude, -p]}}";
    repo.config(agent);
    tells(&repo, "problem builder: `opus`: `claude` is not on PATH");
    repo.program("claude", &script("echo 2.1.0; echo more"));
    assert_eq!(told(&repo), [] as [&str; 0]);
    repo.buildq(["doctor"]).stdout_has("`opus`: 2.1.0, builds what names none").success();
    assert!(!outside.exists(), "it ran outside the walls");
    repo.program("claude", &script("echo no login >&2; exit 3"));
    tells(&repo, "`claude --version` fails inside the walls: exit 3: no login");
    repo.program("claude", &script("trap '' TERM; while :; do sleep 1; done"));
    tells(&repo, "`claude --version` does not answer inside the walls");
    // An untrusted configuration runs nothing at all.
    repo.program("claude", &format!("#!/bin/sh\ntouch {}\n", outside.display()));
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.write("buildq.yaml", format!("timezone: UTC\n{agent}\nmax_parallel: 2\n"));
    repo.git(["commit", "-qam", "Change it"]);
    tells(
        &repo,
        "problem trust: `buildq.yaml` has changed since it was trusted here: nothing starts",
    );
    assert!(!outside.exists(), "what is not trusted was run");
}

#[test]
fn a_ledger_that_is_not_whole_or_not_ours_is_told() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("one", CLEAR);
    repo.wait_until("one", "succeeded");
    settle(&repo);
    let tip = repo.ask(["rev-parse", "buildq"]);
    // Somebody commits there by hand, then takes it back.
    let tree = repo.ask(["rev-parse", "buildq^{tree}"]);
    let hand = repo.ask(["commit-tree", "-p", &tip, "-m", "by hand", &tree]);
    repo.git(["update-ref", "--create-reflog", "refs/heads/buildq", &hand]);
    tells(&repo, "warning ledger: 1 of its commits are no events of buildq");
    repo.git(["update-ref", "refs/heads/buildq", &tip]);
    tells(&repo, "warning ledger: it once stood at a commit that it does not descend from");
    // A remote that has gone another way, or further.
    repo.git(["update-ref", "refs/remotes/origin/buildq", &hand]);
    tells(&repo, "warning ledger: `origin` has events that are not here");
    let before = repo.ask(["rev-parse", "buildq~1"]);
    let other = repo.ask(["commit-tree", "-p", &before, "-m", "other", &tree]);
    repo.git(["update-ref", "refs/remotes/origin/buildq", &other]);
    tells(&repo, "problem ledger: here and at `origin` it has parted ways");
    repo.git(["update-ref", "-d", "refs/remotes/origin/buildq"]);
    // A blob of the build is gone.
    let blob = repo.ask(["rev-parse", "refs/buildq/attempts/one/1:made"]);
    let object = repo.path(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    for pack in fs::read_dir(repo.path(".git/objects/pack")).into_iter().flatten().flatten() {
        let aside = repo.root().join(pack.file_name());
        fs::rename(pack.path(), &aside).unwrap();
        if aside.extension().is_some_and(|end| end == "pack") {
            let script = format!("git unpack-objects -q < {}", aside.display());
            repo.command("sh").args(["-c", &script]).status().unwrap();
        }
    }
    fs::remove_file(&object).unwrap();
    tells(&repo, "problem ledger: objects of builds are missing");
    // A branch of that name that was never a ledger.
    repo.git(["update-ref", "refs/heads/buildq", "HEAD"]);
    repo.buildq(["doctor"]).code(1).stdout_has("is not a ledger of buildq");
}

#[test]
fn what_cannot_be_opened_is_the_one_finding() {
    let repo = TestRepo::bare_of_buildq();
    tells(&repo, "problem clone: it has not been set up");
    let dir = repo.root().join("reftable");
    let made = repo.try_git(["init", "-q", "--ref-format=reftable", dir.to_str().unwrap()]);
    if made.code == 0 {
        let said = repo.buildq(["-C", dir.to_str().unwrap(), "doctor"]).code(1);
        said.stdout_has("problem  repository").stdout_has("reftable");
    }
    let dir = repo.root().join("sha256");
    repo.git(["init", "-q", "--object-format=sha256", dir.to_str().unwrap()]);
    let said = repo.buildq(["-C", dir.to_str().unwrap(), "doctor"]).code(1);
    said.stdout_has("problem  repository").stdout_has("SHA-256");
}

#[test]
fn what_lies_about_is_cleared_away() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("one", CLEAR);
    repo.wait_until("one", "succeeded");
    settle(&repo);
    let id = repo.ask(["config", "buildq.cloneId"]);
    let left = repo.home().join(format!(".local/state/buildq/{id}/one-1-base"));
    fs::create_dir(&left).unwrap();
    repo.buildq(["doctor"]).stdout_has("one thing lies about").success();
    repo.buildq(["doctor", "--fix"]).stdout_has("fixed    cleared away: 1 thing").success();
    assert!(!left.exists());
    repo.buildq(["status"]).stdout_has("one").success();
}

/// What lies where workspaces and data of clones are.
fn traces(repo: &TestRepo) -> Vec<String> {
    let below = |path: &str| files_below(&repo.home().join(path));
    let files = below(".local/state/buildq").into_iter().chain(below(".local/share/buildq"));
    files.map(|file| file.display().to_string()).collect()
}

#[test]
fn live_goes_all_the_way_and_leaves_nothing() {
    let repo = TestRepo::in_real_time();
    if sandbox_works() {
        repo.git(["config", "buildq.sandbox", "require"]);
    }
    let (before, refs) = (traces(&repo), repo.ask(["for-each-ref"]));
    let said = repo.buildq(["doctor", "--live"]).success();
    for stage in [
        "`git commit` is through its hook",
        "the builder `steps` is at work",
        "the branch holds what was asked for",
    ] {
        assert!(said.stdout.contains(stage), "{stage}\n{}", said.stdout);
    }
    assert_eq!((traces(&repo), repo.ask(["for-each-ref"])), (before, refs));
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    repo.wait_for(|repo| repo.processes().iter().all(|process| process.is_waker()));
}

#[test]
fn live_runs_the_real_agent_and_says_what_does_not_work() {
    let repo = TestRepo::in_real_time();
    // Does as it is told, by a file of the repository that the command names.
    let does = "#!/bin/sh\nline=$(sed -n 's/.*exactly one line: `\\(.*\\)`\\. .*/\\1/p')\necho \"$line\" > doctor-live.txt\n";
    repo.write("tools/agent.sh", does);
    repo.git(["add", "tools"]);
    repo.git(["commit", "-qm", "Add an agent"]);
    repo.config("builder: opus\nbuilders: {opus: {command: [sh, tools/agent.sh]}}");
    repo.buildq(["doctor", "--live"]).code(2).stderr_has("add --yes");
    repo.buildq(["doctor", "--live", "--yes"])
        .stdout_has("the branch holds what was asked for")
        .success();
    for (script, said) in [
        ("echo other > doctor-live.txt", "`doctor-live.txt` holds `other` instead of"),
        ("echo x > else", "`doctor-live.txt`, which was asked for, is not on `build/doctor-live`"),
        ("exit 7", "it did not come to review: the builder failed: exit 7"),
    ] {
        repo.write("tools/agent.sh", format!("#!/bin/sh\n{script}\n"));
        repo.git(["commit", "-qam", "Change the agent"]);
        repo.buildq(["trust", "--yes"]).success();
        let before = traces(&repo);
        repo.buildq(["doctor", "--live", "--yes"])
            .code(1)
            .stdout_has("problem  live")
            .stdout_has(said);
        assert_eq!(traces(&repo), before);
    }
    // What is not trusted is not run, not even elsewhere.
    repo.write("tools/agent.sh", "#!/bin/sh\nexit 8\n");
    repo.git(["commit", "-qam", "Change the agent again"]);
    repo.buildq(["doctor", "--live", "--yes"]).code(1).stdout_has("not run: the configuration");
}

#[test]
fn live_cleans_up_when_it_is_interrupted_and_after_one_that_was_killed() {
    let repo = TestRepo::in_real_time();
    repo.program("agent", "#!/bin/sh\n[ \"$1\" = --version ] && exit\ntouch $0.begun; sleep 600\n");
    repo.config("builder: opus\nbuilders: {opus: {command: [agent]}}");
    let before = traces(&repo);
    let live = || {
        let _ = fs::remove_file(repo.root().join("bin/agent.begun"));
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        let child = command.args(["doctor", "--live", "--yes"]).stdout(std::process::Stdio::null());
        let child = child.stderr(std::process::Stdio::null()).spawn().unwrap();
        repo.wait_for(|repo| repo.root().join("bin/agent.begun").exists());
        child
    };
    let mut child = live();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(traces(&repo), before);
    let mut child = live();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ne!(traces(&repo), before);
    // The next one sees to it, before it does its own.
    repo.program("agent", "#!/bin/sh\nexit 1\n");
    repo.buildq(["doctor", "--live", "--yes"]).code(1).stdout_has("it did not come to review");
    assert_eq!(traces(&repo), before);
    repo.wait_for(|repo| repo.processes().iter().all(|process| process.is_waker()));
}
