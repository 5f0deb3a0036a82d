//! `buildq lint`, and the hook that runs it before a commit.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::support::{CLEAR, Said, TestRepo, runbook};

const LATER: &str = "---\npriority: low\n---\n";

fn good() -> String {
    format!("{LATER}{}", runbook("echo made > made"))
}

/// Set up with the hook, and with this policy trusted.
fn linted(policy: &str) -> TestRepo {
    let repo = TestRepo::with(policy);
    repo.buildq(["init", "--yes", "--no-heartbeat", "--lint"]).success();
    repo
}

fn commit(repo: &TestRepo, args: &[&str]) -> Said {
    let said = repo.try_git(["commit", "-qm", "Try"].iter().chain(args));
    repo.settle_but_builds();
    said
}

#[test]
fn findings_name_file_line_and_column() {
    let repo = TestRepo::new();
    repo.draft("good", &good());
    repo.buildq(["lint"]).success().stdout("nothing to say in 2 files\n");
    repo.write("queue/bad.md", format!("---\npriority: urgent\n---\n{}", runbook("true")));
    let told = repo.buildq(["lint"]).code(1).stdout;
    assert_eq!(
        told,
        "error[bad-value]: `priority`: `urgent` is not one of `high`, `medium`, `low`
 --> queue/bad.md:2:11
  |
2 | priority: urgent
  |           ^^^^^^
hint: use `high`, `medium` or `low`

1 error in 3 files
"
    );
    let json = repo.buildq(["lint", "--json"]).code(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let found = &json["findings"][0];
    assert_eq!(found["line"], 2);
    assert_eq!((&found["column"], &found["end"]["column"]), (&11.into(), &17.into()));
    assert_eq!(found["code"], "bad-value");
    repo.buildq(["lint", "queue/good.md"]).success();
    repo.buildq(["-C", "queue", "lint", "bad.md"]).code(1).stdout_has("queue/bad.md:2:11");
}

#[test]
fn files_are_compared_with_the_rest_of_the_queue() {
    let repo = TestRepo::new();
    let text = |title: &str, needs: &str| {
        format!("---\ntitle: {title}\n{needs}\n---\n{}", runbook(&format!("echo '{title}'")))
    };
    repo.write("queue/on.md", text("Enable the audit log", "depends_on: [on-2]"));
    repo.write("queue/off.md", text("Disable the audit log", "depends_on: [done-one]"));
    repo.write("queue/done/done-one.md", good());
    let said = repo.buildq(["lint", "queue/off.md"]).success();
    said.stdout_has("warning[contradiction]: `Disable the audit log` contradicts")
        .stdout_has(" --> queue/on.md:2:8")
        .stdout_lacks("unknown-dependency");
    repo.buildq(["lint", "queue/on.md"]).success().stdout_has("depends on `on-2`");
    repo.buildq(["lint", "queue/off.md", "--deny"]).code(1);
    repo.buildq(["lint", "a.txt"]).code(2).stderr_has("is not below `queue/`");
    repo.buildq(["lint", "queue/none.md"]).code(1).stderr_has("queue/none.md");
}

#[test]
fn standard_input_and_the_policy_are_files_too() {
    let repo = TestRepo::new();
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    command.args(["lint", "--name", "queue/x.md", "-"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let text = format!("---\nprioriy: high\n---\n{}", runbook("true"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = Said::from("lint -".into(), child.wait_with_output().unwrap());
    said.success().stdout_has("queue/x.md:2:1").stdout_has("did you mean `priority`?");
    repo.write("buildq.yaml", "lint: denied\n");
    repo.buildq(["lint"]).code(1).stdout_has("buildq.yaml:1:7");
    repo.buildq(["lint", "buildq.yaml"]).code(1).stdout_has("`lint`: `denied`");
}

#[test]
fn the_hook_warns_of_what_is_staged_and_of_nothing_else() {
    let repo = linted("builder: steps");
    // The index is read, not the work tree: a good file is staged, then spoilt without staging.
    let path = repo.draft("x", &good());
    repo.git(["add", &path]);
    repo.write(&path, "---\npriority: urgent\n---\n");
    commit(&repo, &[]).success().stderr_lacks("urgent");
    // And the other way round.
    repo.git(["add", &path]);
    repo.write(&path, good());
    commit(&repo, &[]).success().stderr_has("priority: urgent").stderr_has("1 error");
    // `commit -a` has an index of its own, and so has a commit of one path.
    repo.write(&path, "---\npriority: soon\n---\n");
    commit(&repo, &["-a"]).success().stderr_has("priority: soon");
    repo.write(&path, "---\npriority: never\n---\n");
    commit(&repo, &["queue/x.md"]).success().stderr_has("priority: never");
    // A file that was wrong before is not spoken of.
    repo.write("a.txt", "second\n");
    commit(&repo, &["-a"]).success().stderr("");
    // A rename is a change, also to a bad name.
    repo.git(["mv", "queue/x.md", "queue/X y.md"]);
    commit(&repo, &[]).success().stderr_has("git mv -- 'queue/X y.md' queue/x-y.md");
    repo.git(["rm", "-q", "queue/X y.md"]);
    commit(&repo, &[]).success();
}

#[test]
fn the_first_commit_is_linted_too() {
    let repo = TestRepo::unborn();
    repo.git(["config", "buildq.sandbox", "off"]);
    repo.buildq(["init", "--yes", "--no-heartbeat", "--lint", "--builder", "steps", "--no-commit"])
        .success();
    let path = repo.draft("x", "---\npriority: urgent\n---\n");
    repo.git(["add", &path]);
    repo.git(["commit", "-qm", "First"]).stderr_has("priority: urgent");
    repo.settle();
}

#[test]
fn deny_refuses_where_it_was_chosen_and_trusted() {
    let repo = linted("builder: steps\nlint: deny");
    let path = repo.draft("x", "---\npriority: urgent\n---\n");
    repo.git(["add", &path]);
    let said = commit(&repo, &[]).code(1);
    said.stderr_has("not committed, since buildq.yaml says `lint: deny`").stderr_has("--no-verify");
    commit(&repo, &["--no-verify"]).success();
    // Risk is a note: nothing that could be mended.
    let path =
        repo.draft("y", &format!("{LATER}Deploy the site to production.\n\n{}", runbook("true")));
    repo.git(["add", &path]);
    commit(&repo, &[]).success().stderr_has("note[risk]");
    // It counts only while the configuration that says so is trusted here.
    repo.write("buildq.yaml", "builder: steps\nlint: deny\ntimezone: UTC\n# changed\n");
    commit(&repo, &["buildq.yaml"]).success();
    let path = repo.draft("z", "---\npriority: urgent\n---\n");
    repo.git(["add", &path]);
    commit(&repo, &[]).success().stderr_has("priority: urgent").stderr_lacks("not committed");
}

#[test]
fn deny_that_arrives_by_clone_refuses_nothing() {
    let origin = linted("builder: steps\nlint: deny");
    let clone = origin.clone_to("clone");
    clone.git(["config", "buildq.sandbox", "off"]);
    let bad = "---\npriority: urgent\n---\n";
    // Set up, but without lint: not even a warning.
    clone.buildq(["init", "--yes", "--no-heartbeat"]).success();
    clone.buildq(["trust", "--yes"]).success();
    let path = clone.draft("x", bad);
    clone.git(["add", &path]);
    commit(&clone, &[]).success().stderr_lacks("error[bad-value]");
    // A tracked hook that calls it: nobody has chosen it here.
    let hook = "#!/bin/sh\nbuildq hook pre-commit </dev/null\n";
    clone.write(".git/hooks/pre-commit", hook);
    let file = clone.path(".git/hooks/pre-commit");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = clone.draft("y", bad);
    clone.git(["add", &path]);
    commit(&clone, &[]).success().stderr_has("error[bad-value]");
}

#[test]
fn a_foreign_hook_stays_and_only_ours_goes() {
    let repo = TestRepo::new();
    let hook = repo.path(".git/hooks/pre-commit");
    let theirs = "#!/bin/sh\nset -e\necho theirs >> ran\ntest ! -e stop\n";
    std::fs::write(&hook, theirs).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.buildq(["init", "--yes", "--no-heartbeat", "--lint"]).success().stdout_has("pre-commit");
    let text = repo.read(".git/hooks/pre-commit");
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success().stdout_has("nothing was changed");
    assert_eq!(repo.read(".git/hooks/pre-commit"), text, "once chosen it stays, and nothing twice");
    repo.draft("x", "---\npriority: urgent\n---\n");
    repo.git(["add", "queue"]);
    commit(&repo, &[]).success().stderr_has("priority: urgent");
    assert_eq!(repo.read("ran"), "theirs\n");
    repo.write("stop", "");
    commit(&repo, &["--allow-empty"]).code(1);
    repo.buildq(["uninstall", "--yes"]).success();
    assert_eq!(repo.read(".git/hooks/pre-commit"), theirs);
}

#[test]
fn no_fault_of_the_hook_fails_a_commit() {
    let repo = linted("builder: steps\nlint: deny");
    let path = repo.draft("x", "---\npriority: urgent\n---\n");
    repo.git(["add", &path]);
    for program in ["#!/bin/sh\nexit 101\n", "#!/bin/sh\nkill -9 $$\n", "#!/bin/sh\nexit 2\n"] {
        repo.program("buildq", program);
        repo.git(["commit", "-q", "--allow-empty", "-m", "Try"]);
    }
    std::fs::remove_file(repo.root().join("bin/buildq")).unwrap();
    repo.settle();
}

#[test]
fn a_managed_hooks_folder_gets_the_line_to_add() {
    let repo = TestRepo::new();
    repo.git(["config", "core.hooksPath", ".husky"]);
    let said = repo.buildq(["init", "--yes", "--no-heartbeat", "--lint"]).success();
    let line = said.stdout.lines().find_map(|line| line.trim().strip_prefix("pre-commit: "));
    let line = line.unwrap().to_owned();
    repo.write(".husky/pre-commit", format!("#!/bin/sh\n{line}\necho after >> ran\n"));
    let hook = repo.path(".husky/pre-commit");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.config("lint: deny");
    let path = repo.draft("x", "---\npriority: urgent\n---\n");
    repo.git(["add", &path]);
    commit(&repo, &[]).code(1).stderr_has("not committed");
    repo.git(["rm", "-qf", &path]);
    repo.draft("y", CLEAR);
    commit(&repo, &["--allow-empty"]).success();
    assert_eq!(repo.read("ran"), "after\nafter\n", "once for the configuration, once for the last");
}

#[test]
fn nothing_in_a_file_controls_the_terminal() {
    let repo = TestRepo::new();
    repo.write("queue/a.md", "---\npriority: \"\\e[2J\u{1b}[31m\"\n---\n\u{1b}]0;x\u{7} TBD\n");
    repo.write("queue/\u{1b}[2J.md", "x");
    for args in [&["lint"][..], &["lint", "--json"]] {
        let said = repo.buildq(args.iter().copied()).code(1);
        assert!(!said.stdout.contains(['\u{1b}', '\u{7}']), "{:?}", said.stdout);
    }
}

#[test]
fn the_readme_shows_what_one_gets() {
    let readme = include_str!("../../README.md");
    let sample = readme.split("```console\n$ cat queue/tidy.md\n").nth(1).unwrap();
    let sample = sample.split("```").next().unwrap();
    let (file, output) = sample.split_once("$ buildq lint queue/tidy.md\n").unwrap();
    let repo = TestRepo::new();
    repo.write("queue/tidy.md", file);
    let said = repo.buildq(["lint", "queue/tidy.md"]);
    assert_eq!(said.code, 1);
    said.stdout(output);
}

#[test]
fn a_queue_that_is_mostly_high_refuses_what_adds_to_it_alone() {
    let repo = linted("builder: steps\nlint: deny");
    repo.buildq(["pause", "-m", "until all is in place"]).success();
    let text = |n: u32, criterion: &str| {
        format!(
            "---\npriority: high\n---\nWrite `f-{n}.txt` for case {n}.\n\n## Completion criteria\n\
             - [ ] {criterion}\n\n  ```sh\n  echo {n} > f-{n}.txt\n  ```"
        )
    };
    for n in 1..=4 {
        let path = repo.draft(&format!("t{n}"), &text(n, &format!("`f-{n}.txt` is there")));
        repo.git(["add", &path]);
        commit(&repo, &["--no-verify"]).success();
    }
    repo.buildq(["lint"]).success().stdout_has("4 of 4 tasks are of priority high");
    repo.draft("t1", &text(1, "`f-1.txt` says 1"));
    commit(&repo, &["-a"]).success().stderr_lacks("of priority high");
    let path = repo.draft("t5", &text(5, "`f-5.txt` is there"));
    repo.git(["add", &path]);
    commit(&repo, &[]).code(1).stderr_has("5 of 5 tasks are of priority high");
    commit(&repo, &["--no-verify"]).success();
    repo.settle();
    for task in ["t1", "t2"] {
        repo.buildq(["cancel", task]).success();
    }
    repo.buildq(["lint"]).success().stdout_lacks("of priority high");
}
