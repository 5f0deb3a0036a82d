//! What `buildq schema` prints, held by a validator against the files that there are.

use std::fs;

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{TestRepo, files_below};

fn schema(repo: &TestRepo, of: &str) -> Validator {
    let said = repo.buildq(["schema", of]).success();
    let schema: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// What is wrong with a file, as an editor would say it; `None` where it is no YAML at all.
fn wrong(schema: &Validator, yaml: &str) -> Option<Vec<String>> {
    let value: Value = serde_yaml::from_str(yaml).ok()?;
    Some(schema.iter_errors(&value).map(|one| format!("{}: {one}", one.instance_path())).collect())
}

#[track_caller]
fn passes(schema: &Validator, yaml: &str) {
    assert_eq!(wrong(schema, yaml), Some(Vec::new()), "{yaml}");
}

fn front(text: &str) -> &str {
    let mut parts = text.strip_prefix("---\n").unwrap_or_default().split("---\n");
    parts.next().unwrap_or_default()
}

#[test]
fn it_needs_no_repository_and_names_its_two_files() {
    let repo = TestRepo::bare_of_buildq();
    let plain = repo.buildq(["schema"]).success();
    repo.buildq(["schema", "config"]).success().stdout(&plain.stdout);
    repo.buildq(["schema", "tasks"]).code(2).stderr_has("task");
    repo.buildq(["schema", "task"]).success().stdout_has("builds that touch the same");
}

#[test]
fn what_init_and_the_readme_show_passes() {
    let repo = TestRepo::new();
    let (config, task) = (schema(&repo, "config"), schema(&repo, "task"));
    passes(&config, &repo.read("buildq.yaml"));
    let readme = include_str!("../../README.md");
    let mut seen = 0;
    for block in readme.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let of_task = block.starts_with("title:");
        passes(if of_task { &task } else { &config }, block);
        seen += 1;
    }
    for block in readme.split("```markdown\n").skip(1).filter(|block| block.starts_with("---\n")) {
        passes(&task, front(block));
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
    passes(&task, front(include_str!("../../templates/task.md")));
}

#[test]
fn what_is_committed_as_a_task_passes() {
    let repo = TestRepo::new();
    repo.buildq(["pause"]).success();
    // The labelled tasks of the corpus, as `add` writes them.
    let rows = include_str!("../data/tasks.jsonl").lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let risk = row["risk"].as_array().unwrap().clone();
        let text = serde_json::json!({"name": row["title"], "desc": row["description"],
            "criteria": row["criteria"], "labels": risk, "priority": "High", "due": "2030-02-07"});
        format!("{text}\n")
    });
    repo.write("rows.jsonl", rows.collect::<String>());
    repo.buildq(["add", "--batch", "rows.jsonl", "--no-commit"]).success();
    let task = schema(&repo, "task");
    let files = files_below(&repo.path("queue"));
    let mut seen = 0;
    for file in files.iter().filter(|file| !file.ends_with("README.md")) {
        passes(&task, front(&fs::read_to_string(file).unwrap()));
        seen += 1;
    }
    assert!(seen >= 138, "{seen}");
}

/// Whatever an editor would mark, buildq says something about, in these files of others too.
#[test]
fn what_is_marked_is_refused() {
    let repo = TestRepo::new();
    let (config, task) = (schema(&repo, "config"), schema(&repo, "task"));
    let mut marked = 0;
    for (text, refused) in [
        ("max_parallel: many", true),
        ("retry: {dealy: 5m}", true),
        ("windows: {high: at night}", true),
        ("notify: {desk: {desktop: true}}", true),
        ("notify: {desk: {desktop: true, speech: true, on: all}}", true),
        ("builders: {opus: {}}", true),
        ("builder: opus", false),
        ("verify: cargo test | tee log", false),
        ("{}", false),
    ] {
        let found = wrong(&config, text).unwrap();
        assert_eq!(!found.is_empty(), refused, "{text}: {found:?}");
        marked += found.len();
    }
    assert!(marked >= 6, "{marked}");
    for (key, mark) in [
        ("priority: urgent", true),
        ("Depends-On: [One]", true),
        ("depends on: []", false),
        ("prioritty: high", true),
        ("due: someday", true),
        ("verify: [{run: make, timeout: 5}]", true),
        ("not_before: 2030-02-07T10:00:00Z", false),
    ] {
        let found = wrong(&task, key).unwrap();
        assert_eq!(!found.is_empty(), mark, "{key}: {found:?}");
        repo.draft("one", &format!("---\n{key}\n---\nWrite `a.txt`.\n\n- [ ] `a.txt` is there"));
        let said = repo.buildq(["lint", "queue/one.md", "--json"]).stdout;
        let told = said.contains("\"error\"") || said.contains("unknown-key");
        assert_eq!(told, mark, "{key}: {said}");
    }
}
