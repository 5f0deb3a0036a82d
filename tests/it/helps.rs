//! What helps at the keyboard: completion in a real shell, manual pages, topics.

use crate::support::{CLEAR, Said, TestRepo};

/// What bash offers for a line whose last word is being typed.
fn offered(repo: &TestRepo, words: &[&str]) -> String {
    let line: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.last().unwrap();
    let script = format!(
        "source <(buildq completions bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\nCOMP_TYPE=9\n\
         _clap_complete_buildq buildq '{last}' '' 2>/dev/null\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        line.join(" "),
        words.len() - 1,
    );
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_buildq")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut bash = repo.command("bash");
    let said = Said::of(bash.env("PATH", path).arg("-c").arg(script));
    said.success().stdout
}

#[test]
fn bash_completes_verbs_flags_and_tasks() {
    let repo = TestRepo::new();
    repo.buildq(["pause"]).success();
    repo.task("parse-input", CLEAR);
    repo.task("print-output", CLEAR);
    assert!(offered(&repo, &["buildq", "impo"]).contains("import"));
    assert!(offered(&repo, &["buildq", "import", "--ch"]).contains("--check"));
    let some = offered(&repo, &["buildq", "show", "pa"]);
    assert!(some.contains("parse-input") && !some.contains("print-output"), "{some}");
    let all = offered(&repo, &["buildq", "why", "p"]);
    assert!(all.contains("parse-input") && all.contains("print-output"), "{all}");
    for verb in ["accept", "try"] {
        let none = offered(&repo, &["buildq", verb, "p"]);
        assert!(!none.contains("parse-input"), "nothing waits for review: {none}");
    }
    repo.buildq(["completions", "tcsh"]).code(2);
}

#[test]
fn manual_pages_and_topics() {
    let repo = TestRepo::bare_of_buildq();
    repo.buildq(["man"]).success().stdout_has(".TH");
    repo.buildq(["man", "--out", "man1"]).success().stdout_has("pages into");
    for page in ["buildq.1", "buildq-import.1", "buildq-add.1"] {
        assert!(repo.read(&format!("man1/{page}")).contains(".SH NAME"), "{page}");
    }
    assert!(!repo.path("man1/buildq-hook.1").exists(), "what is hidden has no page");
    repo.buildq(["help", "gates"]).success().stdout_has("A fault never opens a gate");
    repo.buildq(["help", "import"]).success().stdout_has("--check");
    repo.buildq(["help"]).success().stdout_has("Topics: tasks, gates");
    repo.buildq(["help", "gate"]).code(2).stderr_has("hint: buildq help gates");
}
