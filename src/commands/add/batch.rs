//! Many tasks in one file: a YAML list (JSON is one too), or one JSON object per line.

use std::collections::BTreeMap;

use super::text::Draft;
use crate::domain::diagnostic::{Diagnostic, Findings, Source};
use crate::domain::id::TaskId;
use crate::domain::yaml::write::{flow, scalar};
use crate::domain::yaml::{self, Entry, Kind, Node};

/// Other words for a key, as people write them.
const ALIASES: [(&str, &str); 9] = [
    ("title", "name"),
    ("desc", "description"),
    ("body", "description"),
    ("criterion", "criteria"),
    ("completion_criteria", "criteria"),
    ("acceptance_criteria", "criteria"),
    ("label", "labels"),
    ("depends", "depends_on"),
    ("dependencies", "depends_on"),
];

/// Every entry, in order, or all that is wrong with the file.
pub fn read(file: &str, text: &str) -> Result<Vec<Draft>, Vec<Diagnostic>> {
    let source = Source::new(file, text);
    let mut found = Findings::new(&source);
    let entries = entries(&source, &mut found);
    let drafts: Vec<Draft> = entries.iter().filter_map(|node| draft(node, &mut found)).collect();
    if drafts.is_empty() && found.errors() == 0 {
        let hint = "write a list of tasks, or one JSON object per line";
        found.whole(Diagnostic::error(file, "there is no task in it").hint(hint));
    }
    if found.errors() > 0 { Err(found.into_list()) } else { Ok(drafts) }
}

fn entries(source: &Source, found: &mut Findings) -> Vec<Node> {
    let start = source.line_range(1).start;
    if source.text[start..].trim_start().starts_with('{') {
        return lines(source, found);
    }
    match yaml::parse(start..source.text.len(), found) {
        Some(Node { kind: Kind::List(items), .. }) => items,
        Some(Node { kind: Kind::Null, .. }) | None => Vec::new(),
        Some(node) => {
            found.error(&node.at, "this is no list of tasks", "begin each task with `- name: …`");
            Vec::new()
        }
    }
}

/// One JSON object per line; blank lines are passed over.
fn lines(source: &Source, found: &mut Findings) -> Vec<Node> {
    let count = source.text.lines().count();
    let ranges = (1..=count).map(|line| source.line_range(line));
    let written = ranges.filter(|range| !source.text[range.clone()].trim().is_empty());
    written.filter_map(|range| yaml::parse(range, found)).collect()
}

fn draft(node: &Node, found: &mut Findings) -> Option<Draft> {
    let Kind::Map(entries) = &node.kind else {
        found.error(&node.at, "this is no task", "write `name: …` and what else there is to say");
        return None;
    };
    let mut draft = Draft::default();
    for entry in entries {
        let plain = entry.key.to_lowercase().replace(['-', ' '], "_");
        let key = ALIASES.iter().find(|(other, _)| *other == plain).map_or(&*plain, |(_, key)| key);
        match key {
            "name" => draft.name = text(entry, found)?,
            "description" => draft.description = text(entry, found)?,
            "criteria" => draft.criteria = criteria(entry, found),
            _ if matches!(entry.value.kind, Kind::Null) => {}
            _ => draft.keys.push((scalar(key), value(&entry.value))),
        }
    }
    if draft.name.trim().is_empty() {
        found.error(&node.at, "this task has no name", "add `name: …`");
        return None;
    }
    Some(draft)
}

fn text(entry: &Entry, found: &mut Findings) -> Option<String> {
    match &entry.value.kind {
        Kind::Null => Some(String::new()),
        Kind::Text(text, _) => Some(text.clone()),
        _ => {
            let message = format!("`{}` must be a text", entry.key);
            found.error(&entry.value.at, message, "put it in quotes");
            None
        }
    }
}

fn criteria(entry: &Entry, found: &mut Findings) -> Vec<String> {
    let one = |node: &Node| match &node.kind {
        Kind::Text(text, _) => Ok(text.clone()),
        _ => Err(node.at.clone()),
    };
    let all: Vec<_> = match &entry.value.kind {
        Kind::Null => Vec::new(),
        Kind::List(items) => items.iter().map(one).collect(),
        _ => vec![one(&entry.value)],
    };
    let mut texts = Vec::new();
    for one in all {
        match one {
            Ok(text) => texts.push(text),
            Err(at) => found.error(&at, "a criterion must be a text", "put it in quotes"),
        }
    }
    texts
}

/// A value on one line, in YAML.
fn value(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".into(),
        Kind::Text(text, _) => scalar(text),
        Kind::List(items) => match items.iter().map(plain).collect::<Option<Vec<_>>>() {
            Some(texts) => flow(texts),
            None => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        },
        Kind::Map(entries) => {
            let pair = |entry: &Entry| format!("{}: {}", scalar(&entry.key), value(&entry.value));
            format!("{{{}}}", entries.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

fn plain(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text, _) => Some(text),
        _ => None,
    }
}

/// Lets `depends_on` name other entries as they are called: each becomes the id it was given.
pub fn point(draft: &mut Draft, ids: &BTreeMap<TaskId, TaskId>) {
    for (key, value) in &mut draft.keys {
        if key != "depends_on" {
            continue;
        }
        let known = |word: &str| {
            let id = TaskId::suggest(word)?;
            ids.get(&id).map(|id| id.to_string())
        };
        let source = Source::new("", value);
        let mut found = Findings::new(&source);
        let words = match yaml::parse(0..value.len(), &mut found).map(|node| node.kind) {
            Some(Kind::List(items)) => items.iter().filter_map(plain).map(str::to_owned).collect(),
            Some(Kind::Text(text, _)) => vec![text],
            _ => continue,
        };
        *value = flow(words.into_iter().map(|word| known(&word).unwrap_or(word)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        read("f", text).unwrap().into_iter().map(|draft| draft.name).collect()
    }

    #[test]
    fn lists_and_lines_are_read() {
        assert_eq!(names("- name: a\n- title: \"b: c\"\n"), ["a", "b: c"]);
        assert_eq!(names("[{\"name\": \"a\"}, {\"name\": \"b\"}]"), ["a", "b"]);
        assert_eq!(
            names("{\"name\": \"a\"}\n\n{\"name\": \"b\", \"tech\": [\"C\"]}\n"),
            ["a", "b"]
        );
    }

    #[test]
    fn an_entry_says_what_flags_would() {
        let text = "- name: a\n  desc: |\n    One.\n\n    Two.\n  criteria: [x, \"y: z\"]\n  \
                    priority: high\n  Depends-On: b\n  verify: [{run: make, timeout: 5m}, \"x: y\"]\n";
        let draft = read("f", text).unwrap().remove(0);
        assert_eq!(draft.description, "One.\n\nTwo.\n");
        assert_eq!(draft.criteria, ["x", "y: z"]);
        let keys: Vec<_> = draft.keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            keys,
            ["priority=high", "depends_on=b", "verify=[{run: make, timeout: 5m}, \"x: y\"]"]
        );
    }

    #[test]
    fn each_slip_is_told_with_its_place() {
        for (text, line, said) in [
            ("- name: a\n- desc: b\n", Some(2), "this task has no name"),
            ("- name: a\n- b\n", Some(2), "this is no task"),
            ("- name: [a]\n", Some(1), "`name` must be a text"),
            ("name: a\n", Some(1), "this is no list of tasks"),
            ("- name: a\n  criteria: [{a: b}]\n", Some(2), "a criterion must be a text"),
            ("{\"name\": \"a\"}\n{\"name\": \n", Some(2), ""),
            ("", None, "there is no task in it"),
        ] {
            let errors = read("f", text).unwrap_err();
            assert_eq!(errors[0].place.as_ref().map(|place| place.line), line, "{errors:#?}");
            assert!(errors[0].message.contains(said), "{errors:#?}");
        }
    }

    #[test]
    fn entries_depend_on_each_other_by_name() {
        let id = |text: &str| TaskId::new(text).unwrap();
        let mut draft = Draft::default();
        draft.many("depends_on", &["Parse input".into(), "old".into()]);
        point(&mut draft, &BTreeMap::from([(id("parse-input"), id("parse-input-2"))]));
        assert_eq!(draft.keys[0].1, "[parse-input-2, old]");
    }
}
