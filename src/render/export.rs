//! A queue for other tools: CSV, a `BUILD_QUEUE.md`, issues of GitHub.

use super::text;
use crate::core::export::Exported;

/// A table by RFC 4180, with a head; lists stand in one cell, one entry on each line.
pub fn csv(tasks: &[Exported]) -> Result<String, csv::Error> {
    let end = csv::Terminator::CRLF;
    let mut table = csv::WriterBuilder::new().terminator(end).from_writer(Vec::new());
    table.write_record([
        "id",
        "title",
        "state",
        "priority",
        "estimate",
        "due",
        "not_before",
        "tech",
        "labels",
        "depends_on",
        "blockers",
        "builder",
        "criteria_done",
        "criteria",
        "description",
    ])?;
    for task in tasks {
        let ids: Vec<&str> = task.depends_on.iter().map(|id| id.as_str()).collect();
        let done = task.criteria.iter().filter(|own| own.done).count();
        let criteria: Vec<String> = task.criteria.iter().map(boxed).collect();
        table.write_record([
            task.id.as_str(),
            &task.title,
            &task.state,
            task.priority(),
            task.estimate.as_deref().unwrap_or_default(),
            task.due.as_deref().unwrap_or_default(),
            task.not_before.as_deref().unwrap_or_default(),
            &task.tech.join("\n"),
            &task.labels.join("\n"),
            &ids.join("\n"),
            &task.blockers.join("\n"),
            task.builder.as_deref().unwrap_or_default(),
            &format!("{done}/{}", task.criteria.len()),
            &criteria.join("\n"),
            &task.description,
        ])?;
    }
    let bytes = table.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn boxed(own: &crate::core::export::Outcome) -> String {
    format!("[{}] {}", if own.done { 'x' } else { ' ' }, own.text)
}

/// A `BUILD_QUEUE.md` that `buildq import` reads back: each task below a heading with its id.
pub fn build_queue(tasks: &[Exported]) -> String {
    let mut page = String::from("# Build Queue\n");
    for (done, heading) in [(false, "Task Details"), (true, "Task Details (Completed)")] {
        let mut some = tasks.iter().filter(|task| task.done == done).peekable();
        if some.peek().is_some() {
            page += &format!("\n## {heading}\n");
        }
        some.for_each(|task| page += &section(task));
    }
    page
}

fn section(task: &Exported) -> String {
    let mut page = format!("\n### {}\n- **Title:** {}\n", task.id, task.title);
    page += &format!("- **Priority:** {}\n", task.priority());
    for (name, value) in [
        ("Estimated Time", &task.estimate),
        ("Due", &task.due),
        ("Not before", &task.not_before),
        ("Builder", &task.builder),
    ] {
        page.extend(value.iter().map(|value| format!("- **{name}:** {value}\n")));
    }
    let ids: Vec<String> = task.depends_on.iter().map(ToString::to_string).collect();
    for (name, words) in
        [("Tech Stack", &task.tech), ("Labels", &task.labels), ("Depends on", &ids)]
    {
        if !words.is_empty() {
            page += &format!("- **{name}:** {}\n", words.join(", "));
        }
    }
    if !task.blockers.is_empty() {
        page += "- **Blockers:**\n";
        page.extend(task.blockers.iter().map(|blocker| format!("  - {blocker}\n")));
    }
    if !task.description.is_empty() {
        page += &format!("\n{}\n", below(&task.description));
    }
    if !task.criteria.is_empty() {
        page += "\n**Completion Criteria:**\n";
        page.extend(task.criteria.iter().map(|own| format!("- {}\n", boxed(own))));
    }
    page
}

/// A text whose headings stay below the heading that it stands under.
fn below(text: &str) -> String {
    let mut fenced = false;
    let line = |line: &str| {
        fenced ^= line.trim_start().starts_with("```");
        let level = line.chars().take_while(|c| *c == '#').count();
        let heading = !fenced && (1..=6).contains(&level) && line[level..].starts_with(' ');
        match heading {
            true => format!("{}{}", "#".repeat((level + 3).min(6)), &line[level..]),
            false => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// One JSON object for each task that is not done: the body of a request that creates an issue.
pub fn github(tasks: &[Exported]) -> String {
    let mut lines = String::new();
    for task in tasks.iter().filter(|task| !task.done) {
        let mut body = task.description.clone();
        if !task.criteria.is_empty() {
            body += "\n\n## Completion criteria\n";
            body.extend(task.criteria.iter().map(|own| format!("- {}\n", boxed(own))));
        }
        for (name, value) in
            [("Estimate", &task.estimate), ("Due", &task.due), ("Not before", &task.not_before)]
        {
            body.extend(value.iter().map(|value| format!("\n{name}: {value}\n")));
        }
        for blocker in &task.blockers {
            body += &format!("\nBlocked: {blocker}\n");
        }
        if !task.depends_on.is_empty() {
            let ids: Vec<String> = task.depends_on.iter().map(ToString::to_string).collect();
            body += &format!("\nDepends on: {}\n", ids.join(", "));
        }
        let priority = format!("priority: {}", task.priority());
        let labels = task.labels.iter().chain(&task.tech).cloned().chain([priority]);
        let issue = serde_json::json!({
            "title": text::safe(&task.title),
            "body": body.trim(),
            "labels": labels.collect::<Vec<_>>(),
        });
        lines += &format!("{issue}\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::bring::{self, Format, Page, State};
    use crate::core::export::Outcome;
    use crate::domain::id::TaskId;
    use crate::domain::task::Priority;

    fn prose() -> impl Strategy<Value = String> {
        "[A-Z][a-z]{2,8}( [a-zäß,;.'&>-]{1,9}[a-z]){1,6}"
    }

    fn words() -> impl Strategy<Value = Vec<String>> {
        let word = prop::sample::select(vec!["Python", "C++", "a b", "web/ui", "Grüße", "C#"]);
        prop::collection::btree_set(word, 0..3)
            .prop_map(|words| words.into_iter().map(str::to_owned).collect())
    }

    fn task() -> impl Strategy<Value = Exported> {
        let plain = "[A-Z][a-z]{2,8}( [a-z]{3,9}){2,5}";
        let times = prop::sample::select(vec![None, Some("2026-02-07 20:00:00")]);
        let text =
            prop::collection::vec(prop_oneof![Just(String::new()), plain.prop_map(|s| s)], 0..4);
        let priority = prop::sample::select(vec![Priority::High, Priority::Medium, Priority::Low]);
        let criteria = prop::collection::vec((prose(), any::<bool>()), 0..4);
        let estimate = prop::sample::select(vec![None, Some("45m"), Some("1h 30m"), Some("2d")]);
        let lists = (words(), words(), prop::collection::btree_set(plain, 0..3));
        ((prose(), priority, estimate, times.clone(), times), lists, text, criteria, any::<bool>())
            .prop_map(
                |(
                    (title, priority, estimate, due, not_before),
                    (tech, labels, blockers),
                    text,
                    criteria,
                    done,
                )| {
                    let mut seen = std::collections::BTreeSet::new();
                    Exported {
                        id: TaskId::new("x").unwrap(),
                        title,
                        state: "queued".into(),
                        done,
                        priority,
                        estimate: estimate.map(str::to_owned),
                        due: due.map(str::to_owned),
                        not_before: not_before.map(str::to_owned),
                        tech,
                        labels,
                        depends_on: Vec::new(),
                        blockers: if done { Vec::new() } else { blockers.into_iter().collect() },
                        builder: Some("opus".into()),
                        description: one_blank(&text.join("\n")),
                        criteria: criteria
                            .into_iter()
                            .filter(|(text, _)| seen.insert(text.clone()))
                            .map(|(text, done)| Outcome { text, done })
                            .collect(),
                    }
                },
            )
    }

    fn one_blank(text: &str) -> String {
        let mut text = text.to_owned();
        while text.contains("\n\n\n") {
            text = text.replace("\n\n\n", "\n\n");
        }
        text.trim().to_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// What a build queue can say comes back as it was.
        #[test]
        fn a_build_queue_is_read_back(tasks in prop::collection::vec(task(), 1..6)) {
            let mut tasks = tasks;
            for (number, task) in tasks.iter_mut().enumerate() {
                task.id = TaskId::new(&format!("t{number}")).unwrap();
            }
            for number in 1..tasks.len() {
                tasks[number].depends_on = vec![tasks[number - 1].id.clone()];
            }
            let text = build_queue(&tasks);
            let page = Page { name: "BUILD_QUEUE.md".into(), text: text.clone() };
            let found = bring::read(Format::BuildQueue, &[page]).unwrap();
            let sorted = tasks.iter().filter(|t| !t.done).chain(tasks.iter().filter(|t| t.done));
            prop_assert_eq!(found.items.len(), tasks.len(), "{}", text);
            for (task, item) in sorted.zip(&found.items) {
                let text = |words: &[TaskId]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
                prop_assert_eq!(&item.title, &task.title);
                prop_assert_eq!(&item.text, &task.description);
                prop_assert_eq!(item.priority, Some(task.priority));
                prop_assert_eq!(item.estimate.map(crate::domain::span_of_time::show), task.estimate.clone());
                prop_assert_eq!(item.due.is_some(), task.due.is_some());
                prop_assert_eq!(item.not_before.is_some(), task.not_before.is_some());
                prop_assert_eq!(&item.tech, &task.tech);
                prop_assert_eq!(&item.labels, &task.labels);
                prop_assert_eq!(&item.depends_on, &text(&task.depends_on));
                prop_assert_eq!(&item.blockers, &task.blockers);
                prop_assert_eq!(&item.builder, &task.builder);
                prop_assert_eq!(item.state == State::Done, task.done);
                let criteria = task.criteria.iter().map(|own| (own.text.clone(), own.done));
                prop_assert_eq!(&item.criteria, &criteria.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn tables_and_issues_are_well_formed() {
        let task = crate::domain::task::parse(
            "x.md",
            &TaskId::new("x").unwrap(),
            b"---\ntitle: \"a, \\\"b\\\"\"\nlabels: [web]\nestimate: 90m\n---\nTwo\n\nlines.\n\n## Done when\n- [x] it, is\n",
        );
        let task = Exported::of(&TaskId::new("x").unwrap(), &task.task.unwrap(), ("queued", false));
        let table = csv(std::slice::from_ref(&task)).unwrap();
        assert!(table.ends_with("x,\"a, \"\"b\"\"\",queued,medium,1h 30m,,,,web,,,,1/1,\"[x] it, is\",\"Two\n\nlines.\"\r\n"), "{table}");
        let issue: serde_json::Value = serde_json::from_str(github(&[task]).trim()).unwrap();
        assert_eq!(issue["labels"], serde_json::json!(["web", "priority: medium"]));
        assert_eq!(
            issue["body"],
            "Two\n\nlines.\n\n## Completion criteria\n- [x] it, is\n\nEstimate: 1h 30m"
        );
    }
}
