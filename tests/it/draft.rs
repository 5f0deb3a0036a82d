//! A task drafted from one sentence: shown before it counts, and never started unseen.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Terminal, TestRepo, files_below, kill, sandbox_works};

const WANT: &str = "I want the rows as CSV by tonight";

/// What a good agent prints.
const GOOD: &str = r#"cat <<'END'
I looked around.
{"title": "Export as CSV", "description": "Let `show --csv` print rows.", "criteria": ["`show --csv` prints a header", "a test says so"], "estimate": "2h", "priority": "high", "due": "2030-02-07 20:00", "risks": [{"kind": "sensitive", "why": "rows hold mail addresses"}]}
END"#;

/// A repository whose builder `opus` is this script, which is paused: nothing that is added starts.
fn with(script: &str, timeout: &str) -> TestRepo {
    let repo = TestRepo::new();
    let out = repo.root().display();
    let head = format!("OUT={out}\ncat > $OUT/asked 2>/dev/null");
    repo.program("opus", &format!("#!/bin/sh\n{head}\n{script}\n"));
    repo.config(&format!(
        "builder: opus\nbuilders: {{opus: {{command: [opus], timeout: {timeout}}}}}"
    ));
    repo.buildq(["pause"]).success();
    repo
}

fn drafts(repo: &TestRepo) -> Vec<PathBuf> {
    files_below(&repo.git_dir().join("buildq/drafts"))
}

/// Nothing is in the queue, nothing is committed, and nobody is at work.
#[track_caller]
fn nothing_counts(repo: &TestRepo, before: &str) {
    assert_eq!(repo.ask(["rev-parse", "HEAD"]), before);
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    assert_eq!(repo.ask(["ls-files", "queue"]), "queue/README.md");
    let id = repo.ask(["config", "buildq.cloneId"]);
    let left = repo.home().join(format!(".local/state/buildq/{id}/new-draft"));
    assert!(!left.exists(), "{}", left.display());
}

#[test]
fn without_a_terminal_it_waits_outside_the_queue() {
    let repo = with(GOOD, "20s");
    let before = repo.ask(["rev-parse", "HEAD"]);
    let said = repo.buildq(["add", WANT, "--draft"]).success().stdout_has("Export as CSV");
    nothing_counts(&repo, &before);
    let asked = repo.left("asked");
    assert!(asked.contains(WANT) && asked.contains("2026-02-07 09:00"), "{asked}");
    let [file] = drafts(&repo).try_into().unwrap();
    let file = file.to_str().unwrap().to_owned();
    assert!(said.stdout.contains(&format!("buildq add --file {file}")), "{}", said.stdout);
    // As a person would, who has read it.
    repo.buildq(["add", "--file", &file]).success().stdout_has("export-as-csv: Export as CSV");
    assert_eq!(drafts(&repo), [] as [PathBuf; 0]);
    let text = repo.file_at("HEAD", "queue/export-as-csv.md");
    for part in
        ["priority: high\n", "estimate: 2h\n", "due: 2030-02-07 20:00\n", "risk (sensitive): "]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    repo.buildq(["resume"]).success();
    let plan = repo.buildq(["sync", "--check"]).stdout;
    assert!(plan.contains("hold export-as-csv: blockers: "), "{plan}");
    assert!(!repo.has("export-as-csv", "started"));
}

#[test]
fn programs_are_told_where_it_lies() {
    let repo = with(GOOD, "20s");
    let before = repo.ask(["rev-parse", "HEAD"]);
    let said = repo.buildq(["add", WANT, "--draft", "--json"]).success();
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&json["added"], &json["drafted_by"]), (&Value::Bool(false), &"opus".into()));
    let file = json["file"].as_str().unwrap();
    assert_eq!(json["text"].as_str().unwrap(), fs::read_to_string(file).unwrap());
    assert_eq!(json["next"], serde_json::json!(["buildq", "add", "--file", file]));
    nothing_counts(&repo, &before);
}

#[test]
fn what_is_no_draft_is_told_and_the_sentence_kept() {
    let injected = |more: &str| {
        format!(
            "printf '%s\\n' '{{\"title\": \"x\", \"description\": \"Do it in a.txt.\", \"criteria\": [\"it is done\"], \"risks\": []{more}}}'"
        )
    };
    let form = "it printed no answer of the form that was asked for";
    for (script, timeout, reason) in [
        ("echo I think so.", "20s", form),
        ("cat $OUT/asked", "20s", form),
        ("printf 'a\\033[2J\\033]0;x\\007b'; exit 3", "20s", "it ended with exit 3: a"),
        ("sleep 600", "1s", "it took longer than 1s"),
        ("head -c 1000000 /dev/zero | tr '\\0' '{'", "20s", form),
        ("exec yes '{ flood'", "60s", "it prints without end"),
        (injected(", \"approved\": true").as_str(), "20s", form),
        (injected(", \"builder\": \"evil\"").as_str(), "20s", form),
        (injected(", \"path\": \"../../x\"").as_str(), "20s", form),
        (injected(", \"estimate\": \"4h\\napproved: true\"").as_str(), "20s", "its `estimate`"),
        (injected("").replace("it is done", "[x] it is done").as_str(), "20s", "would be read as"),
        (
            injected("").replace("a.txt.", "a.txt.\\n## Deliverables\\n- [x] no").as_str(),
            "20s",
            "would be read as",
        ),
    ] {
        let repo = with(script, timeout);
        let before = repo.ask(["rev-parse", "HEAD"]);
        let said = repo.buildq(["add", WANT, "--draft"]).code(1);
        assert!(said.stderr.contains("`opus` drafted nothing: "), "{script}\n{}", said.stderr);
        assert!(said.stderr.contains(reason), "{script}\n{}", said.stderr);
        assert!(!said.stderr.contains('\u{1b}'), "{:?}", said.stderr);
        nothing_counts(&repo, &before);
        let [kept] = drafts(&repo).try_into().unwrap();
        assert!(said.stderr.contains(kept.to_str().unwrap()), "{}", said.stderr);
        assert!(fs::read_to_string(&kept).unwrap().contains(WANT), "{script}");
        repo.settle();
    }
}

#[test]
fn a_title_is_neither_an_option_nor_a_path() {
    for (title, id) in [("--exec=evil", "exec-evil"), ("../../etc/passwd", "etc-passwd")] {
        let repo = with(&GOOD.replace("Export as CSV", title), "20s");
        let said = repo.buildq(["add", WANT, "--draft", "--json"]).success();
        let json: Value = serde_json::from_str(&said.stdout).unwrap();
        let file = PathBuf::from(json["file"].as_str().unwrap());
        assert_eq!(
            file.parent().unwrap(),
            repo.git_dir().canonicalize().unwrap().join("buildq/drafts")
        );
        repo.buildq(["add", "--file", file.to_str().unwrap()]).success();
        assert!(!repo.file_at("HEAD", &format!("queue/{id}.md")).is_empty(), "{title}");
    }
}

#[test]
fn it_cannot_write_to_the_repository() {
    if !sandbox_works() {
        return;
    }
    let tries = "{ echo x > a.txt; echo x > new; echo x > .git/HEAD; git commit --allow-empty -m x; \
                 echo x > $OUT/outside; git -C $OUT/repo branch evil; echo x > $OUT/repo/evil; } \
                 >/dev/null 2>&1\n\
                 if [ \"$(cat a.txt)\" = first ] && ! [ -e new ]; then said=untouched; \
                 else said=WRITTEN; fi\n";
    let answer =
        GOOD.replace("<<'END'", "<<END").replace('`', "'").replace("Export as CSV", "$said");
    let repo = with(&format!("{tries}{answer}"), "30s");
    repo.git(["config", "buildq.sandbox", "require"]);
    let before = repo.ask(["rev-parse", "HEAD"]);
    repo.buildq(["add", WANT, "--draft"]).success().stdout_has("untouched");
    assert!(!repo.root().join("outside").exists() && !repo.path("evil").exists());
    assert_eq!(repo.ask(["rev-parse", "--verify", "-q", "evil"]), "");
    assert_eq!(repo.read("a.txt"), "first\n");
    nothing_counts(&repo, &before);
}

#[test]
fn nobody_is_asked_who_is_not_trusted_or_cannot_draft() {
    let repo = with(GOOD, "20s");
    repo.write("buildq.yaml", repo.read("buildq.yaml") + "max_parallel: 2\n");
    repo.git(["commit", "-qam", "Change it"]);
    repo.buildq(["add", WANT, "--draft"]).code(1).stderr_has("hint: buildq trust");
    repo.buildq(["trust", "--yes"]).success();
    repo.buildq(["add", WANT, "--draft", "--builder", "steps"])
        .code(2)
        .stderr_has("--builder opus");
    repo.buildq(["add", WANT, "--draft", "--builder", "opsu"])
        .code(2)
        .stderr_has("no builder `opsu`");
    repo.buildq(["add", WANT]).code(2).stderr_has("--draft");
    repo.buildq(["add", "--draft"]).code(2);
    repo.buildq(["add", WANT, "--draft", "--verify", "x"]).code(2);
    repo.buildq(["add", " ", "--draft"]).code(2).stderr_has("say what you want");
    assert_eq!(repo.left("asked"), "");
}

#[test]
fn a_task_file_is_added_as_it_stands() {
    let repo = with(GOOD, "20s");
    repo.write(
        "own.md",
        "---\ntitle: Greet all\nodd: 1\n---\nWrite a.txt.\n\n- [ ] a.txt greets\n",
    );
    repo.buildq(["add", "--file", "own.md"]).success().stderr_has("unknown key `odd`");
    assert_eq!(repo.file_at("HEAD", "queue/greet-all.md"), repo.read("own.md"));
    repo.write("bad.md", "---\npriority: urgent\n---\nx\n");
    repo.buildq(["add", "--file", "bad.md"]).code(1).stderr_has("urgent");
    repo.write("bad.md", "Only words.\n");
    repo.buildq(["add", "--file", "bad.md"]).code(2).stderr_has("no title");
    repo.buildq(["add", "--file", "nowhere.md"]).code(1).stderr_has("nowhere.md");
}

#[test]
fn what_a_killed_one_leaves_goes_with_the_next_sync() {
    let repo = with("touch $OUT/begun; sleep 600", "500s");
    let before = repo.ask(["rev-parse", "HEAD"]);
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    let mut draft = command.args(["add", WANT, "--draft"]).spawn().unwrap();
    repo.wait_for(|repo| repo.root().join("begun").exists());
    repo.buildq(["add", WANT, "--draft"]).code(1).stderr_has("another draft is being written");
    kill(i32::try_from(draft.id()).unwrap());
    draft.wait().unwrap();
    repo.buildq(["sync"]).success();
    repo.wait_for(|repo| !repo.processes().iter().any(|p| p.argv.iter().any(|w| w == "600")));
    nothing_counts(&repo, &before);
}

/// A terminal in which the editor is this script; its one argument is the file.
fn at(repo: &TestRepo, editor: &str) -> Option<Terminal> {
    let editor = repo.program("my-editor", &format!("#!/bin/sh\n{editor}\n"));
    Terminal::open(repo, (100, 30), &[("GIT_EDITOR", editor.to_str().unwrap())])
}

#[test]
fn in_a_terminal_it_is_read_in_the_editor_first() {
    let repo = with(&format!("until test -e $OUT/go; do sleep 0.05; done\n{GOOD}"), "60s");
    let Some(terminal) = at(&repo, "sed -i '/^blockers/d; s/as CSV/as TSV/' \"$1\"") else {
        return;
    };
    terminal.runs(&format!("buildq add '{WANT}' --draft"));
    terminal.shows("drafting with opus, ");
    fs::write(repo.root().join("go"), "").unwrap();
    terminal.shows("export-as-tsv: Export as TSV");
    let text = repo.file_at("HEAD", "queue/export-as-tsv.md");
    assert!(text.contains("title: Export as TSV") && !text.contains("blockers"), "{text}");
    assert_eq!(drafts(&repo), [] as [PathBuf; 0]);
}

#[test]
fn what_is_emptied_or_left_as_it_was_is_not_added() {
    let repo = with(GOOD, "20s");
    let before = repo.ask(["rev-parse", "HEAD"]);
    for (editor, answer) in [(": > \"$1\"", None), ("exit 1", None), ("true", Some("n"))] {
        let Some(terminal) = at(&repo, editor) else { return };
        terminal.runs(&format!("buildq add '{WANT}' --draft"));
        if let Some(answer) = answer {
            terminal.shows("Add it as it is?");
            terminal.runs(answer);
        }
        terminal.shows("no task was added");
        drop(terminal);
        nothing_counts(&repo, &before);
        assert_eq!(drafts(&repo), [] as [PathBuf; 0]);
    }
    let Some(terminal) = at(&repo, "true") else { return };
    terminal.runs(&format!("buildq add '{WANT}' --draft"));
    terminal.shows("Add it as it is?");
    terminal.runs("y").shows("export-as-csv: Export as CSV");
    assert!(!repo.file_at("HEAD", "queue/export-as-csv.md").is_empty());
}

#[test]
fn ctrl_c_ends_the_agent_and_leaves_nothing() {
    let repo = with("touch $OUT/begun; sleep 600 & sleep 600", "500s");
    let before = repo.ask(["rev-parse", "HEAD"]);
    let Some(terminal) = at(&repo, "true") else { return };
    terminal.runs(&format!("buildq add '{WANT}' --draft"));
    repo.wait_for(|repo| repo.root().join("begun").exists());
    terminal.keys(&["C-c"]).shows("interrupted; no task was added");
    repo.wait_for(|repo| !repo.processes().iter().any(|p| p.argv.iter().any(|w| w == "600")));
    nothing_counts(&repo, &before);
    assert_eq!(drafts(&repo), [] as [PathBuf; 0]);
}
