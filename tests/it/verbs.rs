//! What people ask and say, end to end; merging has a file of its own.

use crate::support::{CLEAR, Said, TestRepo, WAITS};

#[test]
fn one_story_told_by_all() {
    let repo = TestRepo::with_agent("buildq progress 50 'half of it'; echo made > made", "");
    repo.task("hello", CLEAR);
    repo.wait_until("hello", "succeeded").settle();
    let git = repo.ask(["log", "--format=%s", "buildq"]);
    assert!(git.contains("started: hello attempt 1") && git.contains("succeeded: hello attempt 1"));
    repo.buildq(["log"]).success().stdout_has("hello");
    repo.buildq(["log", "hello", "--reverse"]).success().stdout_has("hello");
    repo.buildq(["status"]).success().stdout_has("hello").stdout_has("buildq review hello");
    repo.buildq(["status", "--brief"]).success().stdout_has("review");
    repo.buildq(["status", "--markdown"]).success().stdout_has("hello");
    repo.buildq(["show", "hello"]).success().stdout_has("attempt 1").stdout_has("build/hello");
    repo.buildq(["show", "hello", "--spec"])
        .success()
        .stdout_has("Write result.txt with the result.");
    repo.buildq(["output", "hello"]).success().stdout_has("agent");
    repo.buildq(["why", "hello"]).success().stdout_has("review");
    repo.buildq(["review"]).success().stdout_has("hello");
    repo.buildq(["report"]).success().stdout_has("hello");
    for words in [
        &["status", "--json"][..],
        &["why", "hello", "--json"],
        &["show", "hello", "--json"],
        &["log", "--json"],
        &["review", "--json"],
        &["report", "--format", "json"],
    ] {
        let said = repo.buildq(words.iter().copied()).success();
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&said.stdout);
        assert!(parsed.is_ok(), "{words:?}: {}", said.stdout);
    }
}

#[test]
fn a_running_build_is_told_with_its_percent() {
    let script = WAITS.replace("touch", "buildq progress 40 'OAuth works'; touch");
    let repo = TestRepo::with_agent(&script, "");
    repo.task("x", &format!("---\npriority: high\nestimate: 2h\n---\n{CLEAR}"));
    repo.wait_alive("x");
    repo.wait_for(|repo| repo.buildq(["status"]).stdout.contains("40%"));
    repo.buildq(["status", "--active"]).success().stdout_has("OAuth works").stdout_has("11:00");
    repo.task("y", CLEAR);
    repo.settle_but_builds();
    repo.buildq(["status", "--queue"]).success().stdout_has("y");
    repo.buildq(["why", "y"]).success().stdout_has("after `x`");
    // Who follows sees the end.
    let follower = repo
        .command(env!("CARGO_BIN_EXE_buildq"))
        .args(["output", "x", "--follow"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    repo.go();
    let output = follower.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("the builder ended: exit 0"));
    repo.wait_until("x", "succeeded").wait_until("y", "succeeded").settle();
    repo.buildq(["status", "--completed"]).success().stdout_has("x").stdout_has("y");
}

#[test]
fn why_finds_a_task_wherever_it_is() {
    let repo = TestRepo::new();
    repo.draft("draft", CLEAR);
    repo.buildq(["why", "draft"]).success().stdout_has("not committed yet");
    repo.git(["add", "queue/draft.md"]);
    repo.buildq(["why", "draft"]).success().stdout_has("staged");
    repo.git(["switch", "-q", "-c", "feature"]);
    repo.git(["commit", "-qm", "Add draft"]).stderr_has("only main counts");
    repo.git(["switch", "-q", "main"]);
    repo.buildq(["why", "draft"]).success().stdout_has("`feature`");
    repo.buildq(["why", "drafd"]).clear_refusal();
    repo.settle();
}

#[test]
fn nothing_a_builder_says_controls_the_terminal() {
    let script = "printf '\\033[2J\\033]0;owned\\007 red\\n'; buildq progress 10 \"$(printf 'a\\033[31mb')\"\n\
                  buildq done -m \"$(printf 'sum\\033[2Jmary')\"; echo made > made";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", &format!("---\npriority: high\ntitle: \"t\\e[31mitle\"\n---\n{CLEAR}"));
    repo.wait_until("x", "succeeded").settle();
    for words in [
        &["status"][..],
        &["status", "--markdown"],
        &["log", "-v"],
        &["show", "x"],
        &["review", "x"],
        &["review"],
        &["report"],
        &["why", "x"],
    ] {
        let said = repo.buildq(words.iter().copied()).success();
        assert!(!said.stdout.contains('\u{1b}'), "{words:?}: {:?}", said.stdout);
    }
    assert!(!repo.ask(["log", "--format=%B", "buildq"]).contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let repo = TestRepo::new();
    for n in 0..20 {
        repo.draft(&format!("task-{n}"), CLEAR);
    }
    repo.buildq(["pause"]).success();
    repo.git(["add", "."]);
    repo.git(["commit", "-qm", "Many"]);
    repo.settle();
    for verb in ["status", "log", "report", "status --json"] {
        let said = Said::of(repo.command("sh").args(["-c", &format!("buildq {verb} | true")]));
        assert!(!said.stderr.contains("panicked"), "{verb}: {}", said.stderr);
    }
}

#[test]
fn add_commits_its_file_alone() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.write("staged.txt", "staged");
    repo.git(["add", "staged.txt"]);
    repo.write("a.txt", "edited\n");
    let add = |name: &str| {
        repo.buildq([
            "add",
            &format!("--name={name}"),
            "--desc",
            "Write result.txt with the result.",
            "--criterion",
            "result.txt is there",
            "--priority",
            "high",
            "--label",
            "l",
            "--tech",
            "Rust",
            "--estimate",
            "2h",
        ])
    };
    add("Spotify playlist automation!").success().stdout_has("spotify-playlist-automation");
    assert_eq!(
        repo.ask(["show", "--name-only", "--format=", "HEAD"]),
        "queue/spotify-playlist-automation.md"
    );
    assert_eq!(repo.ask(["diff", "--cached", "--name-only"]), "staged.txt");
    assert_eq!(repo.ask(["diff", "--name-only"]), "a.txt");
    add("Spotify playlist automation!").success().stdout_has("spotify-playlist-automation-2");
    repo.wait_until("spotify-playlist-automation-2", "succeeded").settle();
    add("   ").clear_refusal();
    add("--help me").success();
    add("Ünïcode ¡ and / ../ dots").success();
    repo.settle();
    let task = repo.file_at("main", "queue/spotify-playlist-automation.md");
    assert!(task.contains("- [ ] result.txt is there") && task.contains("estimate: 2h"), "{task}");
}

#[test]
fn add_writes_to_the_queue_branch_from_another_one() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.git(["switch", "-q", "-c", "feature"]);
    repo.write("a.txt", "mine\n");
    let head = repo.ask(["rev-parse", "HEAD"]);
    repo.buildq([
        "add",
        "--name",
        "X",
        "--desc",
        "Write result.txt with the result.",
        "--criterion",
        "result.txt is there",
        "--priority",
        "high",
    ])
    .success();
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.ask(["rev-parse", "HEAD"]), head);
    assert_eq!(repo.ask(["status", "--porcelain"]), " M a.txt");
    assert_ne!(repo.file_at("main", "queue/x.md"), "");
}

#[test]
fn add_takes_a_batch_in_one_commit_or_not_at_all() {
    let repo = TestRepo::new();
    repo.buildq(["pause"]).success();
    let batch = repo.root().join("batch.yaml");
    std::fs::write(&batch, "- name: One\n  description: Write one.\n  criteria: [one is there]\n\
                            - name: Two\n  description: Write two.\n  criteria: [two is there]\n  depends_on: [one]\n").unwrap();
    let before = repo.ask(["rev-list", "--count", "main"]).parse::<u32>().unwrap();
    repo.buildq(["add", "--batch", batch.to_str().unwrap()]).success();
    assert_eq!(repo.ask(["rev-list", "--count", "main"]), (before + 1).to_string());
    assert_ne!(repo.file_at("main", "queue/two.md"), "");
    let lines = repo.root().join("batch.jsonl");
    std::fs::write(
        &lines,
        "{\"name\": \"Three\", \"description\": \"Write three.\"}\n{\"name\": 4, broken\n",
    )
    .unwrap();
    repo.buildq(["add", "--batch", lines.to_str().unwrap()]).clear_refusal();
    assert_eq!(repo.ask(["rev-list", "--count", "main"]), (before + 1).to_string());
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    repo.settle();
}

#[test]
fn spawn_skips_the_clock_and_nothing_else() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task(
        "tonight",
        &format!("---\npriority: medium\nnot_before: 2026-02-08 10:00\n---\n{CLEAR}"),
    );
    repo.settle();
    repo.buildq(["spawn", "tonight"]).success();
    repo.wait_until("tonight", "succeeded").settle();
    repo.task("low", &format!("---\npriority: low\n---\n{CLEAR}"));
    repo.buildq(["spawn", "low"]).success();
    repo.wait_until("low", "succeeded").settle();
    repo.task(
        "blocked",
        &format!("---\npriority: medium\nblockers: [the key is missing]\n---\n{CLEAR}"),
    );
    repo.settle();
    let said = repo.buildq(["spawn", "blocked"]);
    assert!(format!("{said:?}").contains("the key is missing"), "{said:?}");
    assert!(!repo.has("blocked", "started"));
    repo.buildq(["spawn", "nowhere"]).clear_refusal();
}

#[test]
fn spawn_builds_a_text_of_its_own() {
    let repo = TestRepo::with_agent("echo $BUILDQ_TASK > made", "retry: {max: 1, delay: 5m}");
    repo.buildq(["spawn", "--label", "Quick fix", "--task", CLEAR]).success();
    repo.wait_until("quick-fix", "succeeded").settle();
    assert_eq!(repo.file_at("build/quick-fix", "made"), "quick-fix\n");
    assert_eq!(repo.file_at("main", "queue/quick-fix.md"), "", "it has no file in the queue");
    assert_ne!(repo.ask(["ls-tree", "--name-only", "buildq", "specs/"]), "");
    repo.agent("test $BUILDQ_ATTEMPT = 2 && echo made > made");
    repo.buildq(["spawn", "--label", "second", "--task", CLEAR]).success();
    repo.wait_until("second", "failed").settle();
    repo.step("09:05");
    repo.wait_until("second", "succeeded").settle();
    repo.buildq(["sync"]).success();
    assert_eq!(repo.story("second").last().unwrap(), "succeeded");
}

#[test]
fn uninstall_leaves_nothing_running_and_loses_nothing() {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("x", CLEAR);
    repo.wait_alive("x");
    let hooks = repo.git_dir().join("hooks");
    repo.buildq(["uninstall", "--yes"]).success().stdout_has("git");
    repo.wait_for(|repo| repo.processes().is_empty());
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "begun"), "begun\n");
    for name in ["post-commit", "post-merge", "post-rewrite", "post-applypatch"] {
        assert!(!hooks.join(name).exists(), "{name} is left");
    }
    assert!(!repo.git_dir().join("buildq").exists(), "local state is left");
    assert!(
        repo.ask(["config", "--get-regexp", "^buildq\\."])
            .lines()
            .all(|line| line.starts_with("buildq.sandbox"))
    );
    assert_ne!(repo.ask(["rev-parse", "-q", "--verify", "buildq"]), "");
    repo.task("y", CLEAR);
    assert!(repo.processes().is_empty());
    // And on again: the ledger goes on where it was.
    repo.go();
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success();
    repo.buildq(["adopt"]).success();
    repo.buildq(["sync"]).success();
    repo.settle();
    assert!(!repo.buildq(["status"]).success().stdout.is_empty());
}

#[test]
fn init_is_repeatable_and_commits_its_files_alone() {
    let repo = TestRepo::bare_of_buildq();
    repo.write("staged.txt", "staged");
    repo.git(["add", "staged.txt"]);
    repo.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    assert_eq!(
        repo.ask(["show", "--name-only", "--format=", "HEAD"]),
        "buildq.yaml\nqueue/README.md"
    );
    assert_eq!(repo.ask(["diff", "--cached", "--name-only"]), "staged.txt");
    let (head, config) = (repo.ask(["rev-parse", "HEAD"]), repo.read(".git/config"));
    let hook = repo.read(".git/hooks/post-commit");
    repo.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    assert_eq!(repo.ask(["rev-parse", "HEAD"]), head);
    assert_eq!(repo.read(".git/config"), config);
    assert_eq!(repo.read(".git/hooks/post-commit"), hook);
    repo.settle();
}

#[test]
fn the_days_report_is_stored_once_and_comes_back_byte_by_byte() {
    let repo = TestRepo::with_agent("echo made > made", "").at("20:00");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.step("23:00");
    repo.wait_for(|repo| !repo.file_at("buildq", "reports/2026-02-07.md").is_empty()).settle();
    let stored = repo.file_at("buildq", "reports/2026-02-07.md");
    let again = repo.buildq(["report", "--date", "2026-02-07"]).success().stdout;
    assert_eq!(stored, again);
    repo.step("23:30");
    repo.buildq(["sync"]).success();
    repo.settle();
    let count = repo.ledger().iter().filter(|line| line.starts_with("reported")).count();
    assert_eq!(count, 1, "{:?}", repo.ledger());
}
