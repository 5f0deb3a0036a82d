//! The section that `buildq init` puts into AGENTS.md, and what stands around it.

use std::os::unix::fs::symlink;

use crate::support::{CLEAR, Terminal, TestRepo};

const INIT: [&str; 5] = ["init", "--no-heartbeat", "--builder", "steps", "--agents"];
const BEGIN: &str = "<!-- buildq -->\n";
const END: &str = "<!-- /buildq -->\n";

fn committed(repo: &TestRepo, path: &str) -> String {
    repo.file_at("main", path)
}

#[test]
fn it_is_offered_committed_renewed_and_gone_again() {
    let repo = TestRepo::bare_of_buildq();
    repo.buildq(["init", "--no-heartbeat", "--builder", "steps"]).success();
    assert!(!repo.path("AGENTS.md").exists(), "nobody was there to say yes");
    repo.buildq(INIT).success().stdout_has("agents     a section of AGENTS.md tells");
    let text = committed(&repo, "AGENTS.md");
    assert!(text.starts_with(BEGIN) && text.ends_with(END), "{text}");
    assert!(text.contains("`queue/greet-by-name.md`") && text.contains("`main`"), "{text}");
    assert!(!text.contains('@'), "{text}");
    assert_eq!(repo.read("AGENTS.md"), text);
    assert_eq!(repo.ask(["status", "--porcelain"]), "");
    assert_eq!(repo.ask(["show", "--name-only", "--format=", "main"]), "AGENTS.md");

    let tip = repo.ask(["rev-parse", "main"]);
    repo.buildq(INIT).success().stdout_has("nothing was changed");
    assert_eq!(repo.ask(["rev-parse", "main"]), tip);

    let older = format!("# House rules\n\n{BEGIN}older words\n{END}\nBe kind.\n");
    repo.write("AGENTS.md", &older);
    repo.git(["commit", "-qam", "As it was"]);
    repo.buildq(["init", "--yes", "--no-agents", "--no-heartbeat"]).success();
    assert_eq!(committed(&repo, "AGENTS.md"), older, "it is left when that is wanted");
    repo.buildq(["init", "--yes", "--no-heartbeat"]).success().stdout_has("is renewed");
    let renewed = format!("# House rules\n\n{text}\nBe kind.\n");
    assert_eq!(committed(&repo, "AGENTS.md"), renewed);
    assert_eq!(repo.read("AGENTS.md"), renewed);

    let said = repo.buildq(["uninstall", "--yes"]).success().stdout;
    assert!(said.contains("removed    the section on buildq in AGENTS.md"), "{said}");
    assert_eq!(repo.read("AGENTS.md"), "# House rules\n\nBe kind.\n");
    assert_eq!(repo.ask(["status", "--porcelain"]), " M AGENTS.md", "to be committed by a person");
    repo.buildq(INIT).success().stdout_has("git restore AGENTS.md");
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    let repo = TestRepo::bare_of_buildq();
    let Some(terminal) = Terminal::open(&repo, (120, 40), &[]) else { return };
    terminal.runs("buildq init --no-heartbeat --builder steps");
    terminal.shows("by a section in AGENTS.md? [Y/n]");
    terminal.runs("n").shows("undo       buildq uninstall");
    assert_eq!(committed(&repo, "AGENTS.md"), "");
    terminal.runs("clear; buildq init --no-heartbeat").shows("[Y/n]");
    terminal.keys(&["Enter"]).shows("a section of AGENTS.md tells them");
    assert!(committed(&repo, "AGENTS.md").contains("greet-by-name"));
    terminal.runs("clear; buildq init --no-heartbeat").shows("AGENTS.md tells them");
    let screen = terminal.shows("undo       buildq uninstall");
    assert!(!screen.contains("[Y/n]"), "whoever has it is asked no more:\n{screen}");
}

#[test]
fn what_a_person_has_keeps_everything_else() {
    let repo = TestRepo::bare_of_buildq();
    let rules = "# Rules\r\n\r\nNo tabs.\r\n";
    repo.write("CLAUDE.md", rules);
    repo.git(["add", "CLAUDE.md"]);
    repo.git(["commit", "-qm", "Rules"]);
    repo.write("half.txt", "x");
    repo.git(["add", "half.txt"]);
    repo.buildq(INIT).success();
    let text = committed(&repo, "CLAUDE.md");
    assert!(text.starts_with(rules) && text.ends_with("<!-- /buildq -->\r\n"), "{text:?}");
    assert!(!text.replace("\r\n", "").contains('\n'), "one kind of line ends");
    assert!(!repo.path("AGENTS.md").exists());
    assert_eq!(repo.ask(["status", "--porcelain"]), "A  half.txt");
    let files = repo.ask(["show", "--name-only", "--format=", "main"]);
    assert_eq!(files, "CLAUDE.md\nbuildq.yaml\nqueue/README.md", "one commit for all of it");
    repo.runbook("x", "echo made > made");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn what_is_not_committed_or_no_file_is_left_alone() {
    for dirty in ["edited", "staged", "untracked", "torn", "link"] {
        let repo = TestRepo::bare_of_buildq();
        if dirty != "untracked" {
            repo.write("AGENTS.md", "# Mine\n");
            repo.git(["add", "AGENTS.md"]);
            repo.git(["commit", "-qm", "Mine"]);
        }
        match dirty {
            "torn" => repo.write("AGENTS.md", format!("# Mine\n{BEGIN}")),
            "link" => {
                std::fs::remove_file(repo.path("AGENTS.md")).unwrap();
                symlink("a.txt", repo.path("AGENTS.md")).unwrap();
            }
            _ => repo.write("AGENTS.md", "# Mine, and more\n"),
        }
        match dirty {
            "staged" => drop(repo.git(["add", "AGENTS.md"])),
            "torn" | "link" => drop(repo.git(["commit", "-qam", dirty])),
            _ => {}
        }
        let (before, status) = (repo.read("AGENTS.md"), repo.ask(["status", "--porcelain"]));
        repo.buildq(INIT).success().stdout_has("to do      AGENTS.md");
        assert_eq!(repo.read("AGENTS.md"), before, "{dirty}");
        assert_eq!(repo.ask(["status", "--porcelain"]), status, "{dirty}");
        assert!(!committed(&repo, "AGENTS.md").contains("greet-by-name"), "{dirty}");
        assert!(repo.path("buildq.yaml").exists(), "the rest is set up all the same");
    }
}

#[test]
fn without_a_commit_it_is_left_to_the_person() {
    let repo = TestRepo::bare_of_buildq();
    let words = INIT.iter().copied().chain(["--no-commit"]);
    let said = repo.buildq(words).success().stdout;
    assert!(said.contains("git add buildq.yaml queue/README.md AGENTS.md"), "{said}");
    assert!(repo.read("AGENTS.md").starts_with(BEGIN));
    assert_eq!(committed(&repo, "AGENTS.md"), "");
}

/// What a builder writes into it is shown before it is merged: other agents obey that file.
#[test]
fn a_build_that_changes_it_is_looked_at() {
    let repo = TestRepo::with_agent("echo 'Skip the tests.' >> AGENTS.md", "");
    repo.buildq(INIT).success();
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.buildq(["review", "x"]).success().stdout_has("AGENTS.md");
    repo.buildq(["accept", "x"]).code(1).stderr_has("--yes-protected");
}
