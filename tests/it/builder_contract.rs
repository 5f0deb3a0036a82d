//! What a builder may rely on.

use std::collections::BTreeMap;

use crate::support::{CLEAR, TestRepo, sandbox_works};

fn environment(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_environment_is_clean_and_says_what_there_is_to_know() {
    let script = "env > $OUT/env; git config user.name > $OUT/me; git branch --show-current > $OUT/branch\n\
                  pwd -P > $OUT/pwd; git status --porcelain > $OUT/status; command -v buildq > $OUT/which\n\
                  cat \"$BUILDQ_PROMPT\" > $OUT/prompt; cat \"$BUILDQ_SPEC\" > $OUT/spec; ls \"$BUILDQ_QUEUE_FILE\"\n\
                  git rev-parse HEAD > $OUT/head; echo made > made";
    let repo = TestRepo::new().env("SECRET_TOKEN", "hush").env("GIVEN_TOKEN", "given-1234");
    let repo = repo.env("GIT_DIR", "").env("BUILDQ_TASK", "other");
    drop(repo);
    let repo = TestRepo::new().env("SECRET_TOKEN", "hush").env("GIVEN_TOKEN", "given-1234");
    repo.agent(script);
    repo.config("builder: agent\nbuilders: {agent: {command: [agent], env: [GIVEN_TOKEN]}}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let env = environment(&repo.left("env"));
    let get = |name: &str| env.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(get("BUILDQ_TASK"), "x");
    assert_eq!(get("BUILDQ_ATTEMPT"), "1");
    assert_eq!(get("BUILDQ_BRANCH"), "build/x");
    assert_eq!(get("BUILDQ_BASE"), repo.ask(["rev-parse", "main"]));
    assert_eq!(get("BUILDQ_BASE"), repo.left("head").trim());
    assert_eq!(get("BUILDQ_WORKSPACE"), repo.left("pwd").trim());
    assert_eq!(get("BUILDQ_QUEUE_FILE"), "queue/x.md");
    assert_eq!(get("GIVEN_TOKEN"), "given-1234");
    assert_eq!(get("SECRET_TOKEN"), "");
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_AUTHOR_DATE", "GIT_WORK_TREE", "GIT_EXEC_PATH"] {
        assert!(!env.contains_key(name), "{name} leaks");
    }
    assert_eq!(repo.left("branch"), "build/x\n");
    assert_eq!(repo.left("status"), "");
    assert_eq!(repo.left("me"), "agent\n");
    assert_eq!(repo.left("prompt"), repo.prompt(1), "stdin is the prompt");
    assert!(repo.left("spec").contains("Write result.txt with the result."));
    let which = repo.left("which");
    let own = std::path::Path::new(which.trim()).canonicalize().unwrap();
    assert_eq!(own, std::path::Path::new(env!("CARGO_BIN_EXE_buildq")).canonicalize().unwrap());
    assert!(!repo.left("pwd").starts_with(repo.dir().to_str().unwrap()));
    let author = repo.ask(["log", "-1", "--format=%an", "refs/buildq/attempts/x/1~1"]);
    assert_eq!(author, "agent");
}

#[test]
fn settings_that_a_builder_makes_for_all_its_git_are_its_own() {
    let script = "git config --global user.name Eve; git config --global alias.st status\n\
                  git config user.email eve@example.org; git st > /dev/null; echo made > made\n\
                  git add made; git commit -qm made";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let kind = std::fs::metadata("/dev/null").unwrap().file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&kind), "it was replaced by a file");
    let global = std::fs::read_to_string(repo.home().join(".gitconfig")).unwrap();
    assert!(!global.contains("Eve"), "{global}");
    assert_eq!(repo.event("x", "failed"), "");
}

#[test]
fn prompts_come_by_file_and_argument_too() {
    let repo = TestRepo::new();
    repo.agent("[ -t 0 ] && echo terminal > $OUT/tty; for last; do :; done; printf '%s' \"$last\" > $OUT/last; echo made > made");
    repo.config("builder: agent\nbuilders: {agent: {command: [agent, one two], prompt: arg}}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert!(repo.left("last").contains("Write result.txt with the result."));
    assert_eq!(repo.prompt(1), "", "and nothing on stdin");
    repo.agent("for last; do :; done; cat \"$last\" > $OUT/last; echo made > made");
    repo.config("builder: agent\nbuilders: {agent: {command: [agent], prompt: file}}");
    repo.task("y", CLEAR);
    repo.wait_until("y", "succeeded").settle();
    assert!(repo.left("last").contains("Write result.txt with the result."));
}

#[test]
fn the_exit_code_decides() {
    let repo = TestRepo::with_agent("echo made > made; exit $(cat $OUT/code)", "retry: {max: 0}");
    for (code, ends) in [("0", "succeeded"), ("1", "escalated"), ("77", "escalated")] {
        std::fs::write(repo.root().join("code"), code).unwrap();
        let task = format!("code-{code}");
        repo.task(&task, CLEAR);
        repo.wait_until(&task, ends).settle();
        if code != "0" {
            assert!(repo.event(&task, "failed").contains(&format!("exit {code}")));
        }
    }
    repo.agent("echo made > made; kill -TERM $$");
    repo.task("signal", CLEAR);
    repo.wait_until("signal", "escalated").settle();
    assert!(repo.event("signal", "failed").contains("signal 15"));
}

#[test]
fn progress_is_commits_and_reaches_the_ledger() {
    let script = "echo work > work\n\
        buildq progress 40 'OAuth works' --deliverable https://example.org/x --next 'ask Eve' || exit 9\n\
        git status --porcelain > $OUT/status\n\
        buildq progress --done 'result.txt is there' || exit 9\n\
        buildq done -m 'All of it works.\n\nLook at work first.' || exit 9";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.left("status"), "?? work\n", "a report sweeps nothing in");
    let log = repo.ask(["log", "--reverse", "--format=%s", "main..build/x"]);
    assert!(log.starts_with("OAuth works\n"), "{log}");
    let event = repo.event("x", "succeeded");
    assert!(event.contains("All of it works.") && event.contains("Look at work first."), "{event}");
    assert!(event.contains("Buildq-Criteria: 1/1"), "{event}");
    assert!(event.contains("https://example.org/x") && event.contains("ask Eve"), "{event}");
    assert_eq!(repo.file_at("build/x", "work"), "work\n");
    assert!(repo.file_at("build/x", "queue/done/x.md").contains("- [x] result.txt is there"));
    repo.buildq(["show", "x"]).success().stdout_has("All of it works.").stdout_has("ask Eve");
    repo.buildq(["review", "x"]).success().stdout_has("https://example.org/x");
}

#[test]
fn nothing_but_reports_works_inside_a_workspace() {
    let verbs = "status\nsync\nlog\nreport\nwhy x\nshow x\nreview\naccept x\nreject x -m no\ncancel x\n\
        retry x\nfail x\npause\nresume\napprove x\nadopt\ntrust --yes\ninit --yes\nuninstall --yes\nspawn x\n\
        add --name y\nheartbeat status\nanswer x y\noutput x\ndemo";
    let script = "while read -r words; do buildq $words > $OUT/said 2>&1 < /dev/null; echo \"$? $words\" >> $OUT/codes\n\
        head -1 $OUT/said >> $OUT/words; done < $OUT/verbs; echo made > made";
    let repo = TestRepo::with_agent(script, "");
    std::fs::write(repo.root().join("verbs"), format!("{verbs}\n")).unwrap();
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let codes = repo.left("codes");
    assert_eq!(codes.lines().count(), verbs.lines().count());
    let allowed: Vec<_> = codes.lines().filter(|line| line.starts_with("0 ")).collect();
    assert!(allowed.is_empty(), "allowed inside a workspace: {allowed:?}\n{}", repo.left("words"));
    assert_eq!(repo.story("x"), ["started", "succeeded"]);
}

#[test]
fn reports_outside_a_workspace_are_refused() {
    let repo = TestRepo::new();
    for words in [&["progress", "40"][..], &["block", "why"], &["done", "-m", "all"], &["steps"]] {
        repo.buildq(words.iter().copied()).clear_refusal();
    }
}

#[test]
fn a_limit_in_time_ends_the_whole_tree() {
    let repo = TestRepo::new();
    repo.agent("echo made > made; (trap '' TERM; sleep 300) & setsid sleep 301 & sleep 302");
    repo.config(
        "builder: agent\nbuilders: {agent: {command: [agent], timeout: 1s}}\nretry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    assert!(repo.event("x", "failed").contains("timeout"), "{}", repo.event("x", "failed"));
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "made"), "made\n");
}

#[test]
fn strays_do_not_outlive_their_build() {
    let repo =
        TestRepo::with_agent("setsid sh -c 'sleep 300' & (sleep 301 &) ; echo made > made", "");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn the_values_of_secrets_do_not_reach_the_ledger() {
    let repo = TestRepo::new().env("GIVEN_TOKEN", "given-123456");
    repo.agent("echo \"token $GIVEN_TOKEN\"; exit 1");
    repo.config(
        "builder: agent\nbuilders: {agent: {command: [agent], env: [GIVEN_TOKEN]}}\nretry: {max: 0}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    let event = repo.event("x", "failed");
    assert!(event.contains("token ***") && !event.contains("given-123456"), "{event}");
}

#[test]
fn behind_walls_only_the_workspace_can_be_written() {
    if !sandbox_works() {
        return;
    }
    let repo = TestRepo::new();
    repo.git(["config", "buildq.sandbox", "require"]);
    let script = "#!/bin/sh\n\
        for path in ROOT/out HOME_/out REPO/out REPO/.git/out REPO/.git/refs/heads/evil; do\n\
        (echo x > $path) 2>/dev/null && echo \"wrote $path\" >> found; done\n\
        git --git-dir REPO/.git branch evil 2>/dev/null && echo 'made a branch' >> found\n\
        ls /proc | grep -c '^[0-9]' > processes; env > environment; cat > prompt; test -f /dev/stdin && echo file > stdin\n\
        git log --oneline > history; buildq progress 50 'half' || echo 'no progress' >> found; touch found";
    let script = script
        .replace("ROOT", repo.root().to_str().unwrap())
        .replace("HOME_", repo.home().to_str().unwrap())
        .replace("REPO", repo.dir().to_str().unwrap());
    repo.program("agent", &script);
    repo.agent_config("");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    // Below a temporary folder a write may succeed inside, in a folder that is gone with it.
    let found = repo.file_at("build/x", "found");
    let real = |line: &&str| {
        line.strip_prefix("wrote ").is_none_or(|path| std::path::Path::new(path).exists())
    };
    assert_eq!(found.lines().filter(real).collect::<Vec<_>>(), Vec::<&str>::new(), "{found}");
    assert!(repo.file_at("build/x", "prompt").contains("Write result.txt with the result."));
    assert!(repo.file_at("build/x", "history").contains("Add x"));
    let processes: u32 = repo.file_at("build/x", "processes").trim().parse().unwrap();
    assert!(processes < 10, "it sees {processes} processes");
    assert_eq!(repo.ask(["branch", "--list", "evil"]), "");
    assert_eq!(repo.file_at("build/x", "stdin"), "file\n");
}
