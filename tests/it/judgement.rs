//! How well the gates `clear` and `risk` judge the labelled tasks of this repository.

use serde_json::Value;

use crate::support::TestRepo;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tasks.jsonl");

fn share(table: &Value, question: &str, what: &str) -> f64 {
    table[question][what]["share"].as_f64().expect("a share")
}

#[test]
fn the_table_meets_at_least_the_lower_figures() {
    let repo = TestRepo::new();
    let table = repo.buildq(["judgement", DATA, "--json"]).success().stdout;
    let table: Value = serde_json::from_str(&table).expect("JSON");
    assert_eq!(table["approve"]["counts"]["n"], 138);
    for (question, what, least) in [
        ("approve", "recall", 0.85),
        ("approve", "precision", 0.65),
        ("unclear", "recall", 0.80),
        ("unclear", "precision", 0.60),
    ] {
        let reached = share(&table, question, what);
        assert!(reached >= least, "{question}: {what} {reached}, at least {least}");
    }
    for kind in table["kinds"].as_array().expect("kinds") {
        let name = kind["kind"].as_str().expect("a name");
        if ["financial", "destructive", "production"].contains(&name) {
            assert_eq!(kind["missed"], 0, "{name}");
        }
    }
}

#[test]
fn the_table_tells_counts_intervals_and_every_miss() {
    let repo = TestRepo::new();
    let page = repo.buildq(["judgement", DATA]).success();
    page.stdout_has("recall")
        .stdout_has("steveyegge/beads")
        .stdout_has("financial")
        .stdout_has("missed:");
}

#[test]
fn a_bad_line_is_told_with_file_line_and_remedy() {
    let repo = TestRepo::new();
    repo.write("rows.jsonl", "{\"id\":\"a\",\"title\":\"T\"}\n{\"id\":\"b\"}\n");
    let said = repo.buildq(["judgement", "rows.jsonl"]);
    said.stderr_has("rows.jsonl:2").stderr_has("missing field `title`").stderr_has("hint:");
    repo.write("rows.jsonl", "{\"id\":\"a\",\"title\":\"Deploy it to production\"}\n");
    repo.buildq(["judgement", "rows.jsonl"]).success().stdout_has("production: \"Deploy it\"");
}

#[test]
fn what_the_owner_names_is_asked_about_and_quoted() {
    let repo = TestRepo::new();
    repo.config(
        "risk:\n  allow:\n    phrases: [the newsletter]\n  ask:\n    paths: [\"infra/**\"]\n",
    );
    let text = "Rename `a` to `b` in infra/main.tf.\n\n## Completion criteria\n- [ ] infra/main.tf has `b`";
    repo.task("ours", text);
    repo.buildq(["why", "ours"]).stdout_has("`risk.ask` names the path `infra/**`");
    repo.task("staff", "Send the newsletter to all staff members, as in docs/letter.md.");
    repo.buildq(["why", "staff"]).stdout_lacks("external:");
    repo.task(
        "mail",
        "Email all customers the text of docs/letter.md, then delete all inactive users.",
    );
    let why = repo.buildq(["why", "mail", "--json"]).success().stdout;
    let why: Value = serde_json::from_str(&why).expect("JSON");
    let risk = why["gates"].as_array().expect("gates").iter().find(|g| g["gate"] == "risk");
    let asks = risk.expect("the gate")["hold"]["asks"].as_array().expect("asks").clone();
    let kinds: Vec<&str> = asks.iter().filter_map(|ask| ask["kind"].as_str()).collect();
    assert_eq!(kinds, ["external", "destructive"], "{asks:?}");
    assert_eq!(asks[1]["words"], "delete all inactive users");
}
