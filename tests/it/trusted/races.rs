//! Changes that come at the worst moment.

use std::io::{Read, Write};
use std::process::Stdio;

use super::{Way, change, files, ran, sync_to_the_end};
use crate::support::{CLEAR, TestRepo, WAITS};

/// `buildq trust` on a terminal, which util-linux makes: what is typed comes from a pipe.
fn asked_on_a_terminal(repo: &TestRepo) -> std::process::Child {
    let mut command = repo.command("script");
    let trust = format!("{} trust", env!("CARGO_BIN_EXE_buildq"));
    command.args(["-q", "-f", "-e", "-c", &trust, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn what_is_trusted_is_what_was_shown_though_the_branch_moves_meanwhile() {
    let repo = TestRepo::with_agent("true", "");
    let command = |word: &str| {
        format!(
            "timezone: UTC\nbuilder: b\nbuilders: {{b: {{command: [sh, -c, \"echo {word} >> OUT/ran; echo made > made\"]}}}}\n"
        )
    };
    change(&repo, &files(&[("buildq.yaml", &command("shown"))]), Way::Own);
    repo.settle();
    repo.task("x", CLEAR);
    repo.settle();
    let mut asked = asked_on_a_terminal(&repo);
    let mut typed = asked.stdin.take().unwrap();
    let mut answer = asked.stdout.take().unwrap();
    let mut said = String::new();
    while !said.contains("[y/N]") {
        let mut bytes = [0; 4096];
        let count = answer.read(&mut bytes).unwrap();
        assert_ne!(count, 0, "{said}");
        said += &String::from_utf8_lossy(&bytes[..count]);
    }
    assert!(said.contains("echo shown"), "{said}");
    change(&repo, &files(&[("buildq.yaml", &command("bad"))]), Way::Pulled);
    typed.write_all(b"y\n").unwrap();
    answer.read_to_string(&mut said).unwrap();
    assert!(asked.wait().unwrap().success(), "{said}");
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false), "{said}");
    let shown = repo.buildq(["trust", "--yes"]).success();
    shown.stdout_has("echo shown").stdout_has("echo bad");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "bad\n");
}

#[test]
fn a_no_trusts_nothing() {
    let repo = TestRepo::with_agent("echo bad >> $OUT/ran; echo made > made", "");
    let policy = format!("{}\nretry: {{max: 1}}\n", repo.read("buildq.yaml"));
    change(&repo, &files(&[("buildq.yaml", &policy)]), Way::Own);
    repo.settle();
    repo.task("x", CLEAR);
    for word in ["n\n", "\n", "yess\n", "\u{4}"] {
        let mut asked = asked_on_a_terminal(&repo);
        asked.stdin.as_mut().unwrap().write_all(word.as_bytes()).unwrap();
        let done = asked.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(1), "{word:?}: {said}");
        assert!(said.contains("nothing is trusted anew"), "{word:?}: {said}");
    }
    sync_to_the_end(&repo);
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false));
}

#[test]
fn a_change_between_plan_and_start_starts_nothing() {
    let repo = TestRepo::with_agent("echo bad >> $OUT/ran; echo made > made", "");
    repo.buildq(["pause", "-m", "Wait"]).success();
    repo.task("x", CLEAR);
    repo.settle();
    let policy = format!("{}\nretry: {{max: 1}}\n", repo.read("buildq.yaml"));
    change(&repo, &files(&[("buildq.yaml", &policy)]), Way::Pulled);
    repo.settle();
    repo.buildq(["resume"]).success();
    repo.settle();
    // What a sync that had planned before the change would have done.
    let git = repo.git_dir();
    let start = || {
        let supervise = ["supervise", "--repo", git.to_str().unwrap(), "--attempt", "1", "--", "x"];
        repo.buildq(supervise).success();
        repo.settle();
    };
    start();
    assert_eq!((ran(&repo).as_str(), repo.has("x", "started")), ("", false), "{}", repo.scene());
    // The same start, once nothing speaks against it.
    repo.buildq(["pause", "-m", "Wait"]).success();
    repo.buildq(["trust", "--yes"]).success();
    let resumed = repo.buildq(["resume"]);
    let _ = resumed.success();
    start();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "bad\n");
}

#[test]
fn what_was_trusted_at_the_start_is_what_runs_to_the_end() {
    let check = |word: &str| format!("#!/bin/sh\necho {word} >> OUT/ran\n");
    let repo = TestRepo::new();
    change(&repo, &files(&[("check.sh", &check("good"))]), Way::Own);
    repo.agent(WAITS);
    repo.agent_config("verify: [./check.sh]");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    change(&repo, &files(&[("check.sh", &check("bad"))]), Way::Pulled);
    let out = repo.root().display();
    let more = format!(
        "{}\nworkspace: {{setup: [\"sh -c 'echo bad >> {out}/ran'\"]}}\n",
        repo.read("buildq.yaml")
    );
    let more = more
        .replace("verify: [./check.sh]", &format!("verify: [\"sh -c 'echo bad >> {out}/ran'\"]"));
    change(&repo, &files(&[("buildq.yaml", &more)]), Way::Pulled);
    repo.go();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(ran(&repo), "good\n");
}
