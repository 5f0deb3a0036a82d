//! The difference of a build is judged: what a person should look at is shown, and asked about.

use crate::support::{CLEAR, TestRepo};

fn built(script: &str, config: &str) -> TestRepo {
    let repo = TestRepo::with_agent(script, config);
    repo.write("tests/test_a.py", "def test_a():\n    assert f() == 1\n");
    repo.git(["add", "."]);
    repo.git(["commit", "-qm", "A test"]);
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo
}

#[test]
fn what_should_be_looked_at_is_shown_and_asked_about() {
    let repo = built(
        "mkdir -p .github/workflows; echo 'on: push' > .github/workflows/ci.yml\n\
         printf 'protected: [\"!.github/**\"]\\n' > buildq.yaml; echo obey > CLAUDE.md\n\
         git rm -q tests/test_a.py; ln -s /etc/passwd link; echo other > queue/y.md",
        "",
    );
    let paths = [
        ".github/workflows/ci.yml:1",
        "buildq.yaml:",
        "CLAUDE.md:1",
        "tests/test_a.py",
        "link",
        "queue/y.md:1",
    ];
    let shown = repo.buildq(["review", "x"]).success().stdout;
    let (head, rest) = shown.split_once("not ticked").unwrap();
    for path in paths {
        assert!(head.contains(&format!("! {path}")), "{path}: {shown}");
    }
    assert!(!rest.contains("! "), "{rest}");
    repo.buildq(["review"]).stdout_has("6 things to look at");
    let json = repo.buildq(["review", "x", "--json"]).success().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 6, "{json}");

    let main = repo.ask(["rev-parse", "main"]);
    let refused = repo.buildq(["accept", "x"]).code(1);
    assert!(refused.stderr.contains("! CLAUDE.md:1"), "{}", refused.stderr);
    assert!(refused.stderr.contains("buildq accept x --yes-protected"), "{}", refused.stderr);
    let dry = repo.buildq(["accept", "x", "--dry-run", "--json"]).code(1).stdout;
    let dry: serde_json::Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["would_merge"], &dry["needs"]), (&false.into(), &"--yes-protected".into()));
    repo.buildq(["accept", "x", "--dry-run", "--yes-protected"])
        .success()
        .stdout_has("would be merged");
    assert_eq!(repo.ask(["rev-parse", "main"]), main, "nothing is merged yet");
    repo.buildq(["accept", "x", "--yes-protected"]).success().stdout_has("merged x into main");
    assert!(repo.event("x", "merged").contains("Merged with --yes-protected"));
}

#[test]
fn an_ordinary_build_is_asked_about_nothing() {
    let repo =
        built("echo made > made; buildq progress 10 begun; mkdir -p src; echo x > src/a.rs", "");
    repo.buildq(["review"]).stdout_lacks("to look at");
    repo.buildq(["accept", "x"]).success();
}

#[test]
fn only_the_policy_of_the_base_decides_what_is_protected() {
    let config = "protected: [\"made/**\", \"!Dockerfile\"]";
    let repo = built("mkdir made; echo x > made/a; echo FROM x > Dockerfile", config);
    let shown = repo.buildq(["review", "x"]).success().stdout;
    assert!(shown.contains("! made/a:1: `protected` in"), "{shown}");
    assert!(!shown.contains("! Dockerfile"), "{shown}");
    // What nobody has trusted takes nothing out of the default.
    repo.write("buildq.yaml", format!("{}\n# changed\n", repo.read("buildq.yaml")));
    repo.git(["commit", "-qam", "Change the policy"]);
    repo.buildq(["review", "x"]).success().stdout_has("! Dockerfile:1");
}

#[test]
fn a_builds_own_difference_counts_wherever_it_stands() {
    let repo = TestRepo::with_agent(
        "test $BUILDQ_TASK = below && { echo obey > AGENTS.md; exit; }; echo made > made",
        "",
    );
    repo.task("below", CLEAR);
    repo.wait_until("below", "succeeded").settle();
    let upon = CLEAR.replace("Write", "---\npriority: high\ndepends_on: [below]\n---\nWrite");
    repo.task("upon", &upon);
    repo.wait_until("upon", "succeeded").settle();
    // The base moves on, and a person takes it into the branch.
    repo.write("Dockerfile", "FROM x\n");
    repo.git(["add", "Dockerfile"]);
    repo.git(["commit", "-qm", "Deploy"]);
    repo.buildq(["review", "below"]).stdout_has("! AGENTS.md");
    repo.buildq(["review", "upon"]).success().stdout_lacks("look at this first");
    repo.git(["switch", "-q", "build/upon"]);
    repo.git(["merge", "-q", "--no-edit", "main"]);
    repo.buildq(["review", "upon"]).success().stdout_lacks("look at this first");
    repo.write(".env", "A=1\n");
    repo.git(["add", "-f", ".env"]);
    repo.git(["commit", "-qm", "By hand"]);
    repo.buildq(["review", "upon"]).success().stdout_has("! .env:1");
}

#[test]
fn what_looks_like_a_secret_is_found_though_a_later_commit_takes_it_out() {
    let repo = built(
        "printf 'k = \"AKIA%s\"\\n' QYLPMN5HXQ2LMPZ7 > a.py; git add a.py; git commit -qm one\n\
         echo 'k = 1' > a.py; git add a.py; git commit -qm two",
        "",
    );
    let shown = repo.buildq(["review", "x"]).success().stdout;
    assert!(shown.contains("! a.py:1: it looks like an AWS access key; a later commit"), "{shown}");
    assert!(!shown.contains("QYLPMN5"), "{shown}");
    repo.buildq(["accept", "x"]).code(1);
}

#[test]
fn the_value_of_a_secret_is_let_through_by_no_flag() {
    let repo = TestRepo::new().env("API_KEY", "q8Zt-77aaxx-91");
    repo.agent("echo made > made");
    repo.config("builder: agent\nbuilders: {agent: {command: [agent], env: [API_KEY]}}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    repo.git(["switch", "-q", "build/x"]);
    repo.write("made", "q8Zt-77aaxx-91\n");
    repo.git(["commit", "-qam", "By hand"]);
    repo.git(["switch", "-q", "main"]);
    let refused = repo.buildq(["accept", "x", "--yes-protected"]).code(1);
    assert!(refused.stderr.contains("`made` line 1"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("q8Zt"), "{}", refused.stderr);
}
