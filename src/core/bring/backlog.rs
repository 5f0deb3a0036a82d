//! Backlog.md: one file for each task, with front matter that is not always YAML.

use super::fields::Key;
use super::{Found, Item, Page, State, page, values};

/// Keys that have a place of their own, and those that say nothing to a person.
const PLACED: &[&str] =
    &["id", "title", "status", "priority", "labels", "dependencies", "type", "ordinal", "due_date"];

/// Whether a text begins with the front matter of such a task.
pub fn is_one(text: &str) -> bool {
    let (front, _) = front(text);
    let has = |key: &str| front.iter().any(|(name, _)| name == key);
    has("id") && (has("status") || has("created_date"))
}

/// Reads the files; each is one task.
pub fn read(pages: &[Page]) -> Found {
    let mut found = Found::default();
    for page in pages {
        match item(page) {
            Some(item) => found.items.push(item),
            None => found.left.push(format!("{}: no task file of Backlog.md", page.name)),
        }
    }
    found
}

fn item(page: &Page) -> Option<Item> {
    let (front, body) = front(&page.text);
    let one = |key: &str| {
        let values = front.iter().find(|(name, _)| name == key).map(|(_, values)| values);
        values.and_then(|values| values.first()).map(String::as_str).unwrap_or_default()
    };
    let all = |key: &str| {
        let found = front.iter().filter(|(name, _)| name == key);
        found.flat_map(|(_, values)| values.clone()).collect::<Vec<_>>()
    };
    let id = one("id").to_uppercase();
    let title = one("title");
    let mut item = Item {
        key: id.clone(),
        title: if title.is_empty() { id.clone() } else { title.to_owned() },
        ..Item::default()
    };
    if id.is_empty() {
        return None;
    }
    let number = id.rsplit('-').next().unwrap_or(&id);
    // Drafts are counted on their own.
    if !id.starts_with("DRAFT") {
        item.aliases = vec![number.to_owned(), format!("task-{number}")];
    }
    item.stands(one("status"));
    item.take("Priority", Key::Priority, one("priority"));
    item.take("Due", Key::Due, one("due_date"));
    item.labels = all("labels");
    item.labels.extend(all("type"));
    item.depends_on = all("dependencies");
    for (name, values) in front.iter().filter(|(name, _)| !PLACED.contains(&name.as_str())) {
        item.note(name, &values.join(", "));
    }
    let folder = page.name.to_lowercase();
    if id.starts_with("DRAFT") || folder.contains("drafts/") {
        item.blockers.push("a draft".into());
    }
    if folder.contains("archive/") {
        item.state = State::Done;
        item.note("Status", "archived");
    }
    let marked = |line: &&str| {
        let line = line.trim();
        line.starts_with("<!-- ") && (line.ends_with(":BEGIN -->") || line.ends_with(":END -->"))
    };
    let plain: Vec<&str> = body.lines().filter(|line| !marked(line)).collect();
    page::body(&mut item, &plain.join("\n"));
    for (text, _) in &mut item.criteria {
        *text = unnumbered(text).to_owned();
    }
    // An estimate of its own has no key here; people write it into the text.
    item.estimate = item.estimate.or_else(|| values::estimate(one("estimate")));
    Some(item)
}

/// `#1 It works` is `It works`.
fn unnumbered(text: &str) -> &str {
    match text.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
        Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => rest.trim(),
        _ => text,
    }
}

/// The keys between two `---` and the text below. Lenient: `assignee: @ann` is no YAML.
fn front(text: &str) -> (Vec<(String, Vec<String>)>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut keys: Vec<(String, Vec<String>)> = Vec::new();
    let mut at = 0;
    let mut folded = false;
    for (index, line) in text.split_inclusive('\n').take(500).enumerate() {
        let plain = line.trim_end();
        at += line.len();
        match (index, plain) {
            (0, "---") => continue,
            (0, _) => return (Vec::new(), text),
            (_, "---") => return (keys, &text[at..]),
            _ => {}
        }
        let inner = plain.starts_with([' ', '\t', '-']);
        match (plain.split_once(':'), keys.last_mut(), inner) {
            (Some((name, value)), _, false) => {
                folded = matches!(value.trim(), ">" | ">-" | "|" | "|-");
                let value = if folded { "" } else { value.trim() };
                keys.push((name.trim().to_lowercase(), listed(value)));
            }
            (_, Some((_, values)), true) => {
                let value = plain.trim().strip_prefix("- ").unwrap_or(plain.trim());
                match (folded, values.last_mut()) {
                    (true, Some(last)) => *last = format!("{last} {value}"),
                    _ => values.extend(Some(unquoted(value)).filter(|value| !value.is_empty())),
                }
            }
            _ => {}
        }
    }
    (Vec::new(), text)
}

/// `[a, "b, c"]`, or one value; nothing is no value.
fn listed(value: &str) -> Vec<String> {
    let Some(inside) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Some(unquoted(value)).filter(|value| !value.is_empty()).into_iter().collect();
    };
    let (mut values, mut quote) = (vec![String::new()], None::<char>);
    for c in inside.chars() {
        match quote {
            None if c == ',' => values.push(String::new()),
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => values.last_mut().into_iter().for_each(|value| value.push(c)),
        }
    }
    let trimmed = values.iter().map(|value| value.trim().to_owned());
    trimmed.filter(|value| !value.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return match quote {
                '\'' => inside.replace("''", "'"),
                _ => inside.replace("\\\"", "\""),
            };
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    const TASK: &str = "---\nid: BACK-3.1\ntitle: >-\n  Fix the reading\n  of names\nstatus: Won't Do\n\
        assignee: @ann\ncreated_date: '2025-06-04'\nlabels: [\"cli\", bug]\ndependencies:\n  - task-2\n\
        priority: high\nordinal: 5\n---\n\n## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nRead `a: b`.\n\
        <!-- SECTION:DESCRIPTION:END -->\n\n## Acceptance Criteria\n<!-- AC:BEGIN -->\n- [x] #1 It reads\n\
        - [ ] #2 It writes\n<!-- AC:END -->\n\n## Implementation Notes\n\nDone so.\n";

    #[test]
    fn a_task_file_is_read() {
        assert!(is_one(TASK));
        let page = Page { name: "backlog/tasks/back-3.1.md".into(), text: TASK.into() };
        let item = read(&[page]).items.remove(0);
        assert_eq!(
            (item.key.as_str(), item.title.as_str()),
            ("BACK-3.1", "Fix the reading of names")
        );
        assert_eq!((item.state, item.priority), (State::Done, Some(Priority::High)));
        assert_eq!(
            (&item.labels[..], &item.depends_on[..]),
            (&["cli".to_owned(), "bug".into()][..], &["task-2".to_owned()][..])
        );
        assert_eq!(item.criteria, [("It reads".to_owned(), true), ("It writes".into(), false)]);
        assert_eq!(item.text, "Read `a: b`.\n\n## Implementation Notes\n\nDone so.");
        let notes: Vec<_> = item.notes.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(notes, ["Status=Won't Do", "assignee=@ann", "created_date=2025-06-04"]);
    }

    #[test]
    fn drafts_wait_and_other_pages_are_told() {
        let page = |name: &str, text: &str| Page { name: name.into(), text: text.into() };
        let found = read(&[
            page("drafts/draft-1.md", "---\nid: DRAFT-1\ntitle: a\nstatus: To Do\n---\n"),
            page("docs/a.md", "# About\n"),
        ]);
        assert_eq!(found.items[0].blockers, ["a draft"]);
        assert_eq!(found.left, ["docs/a.md: no task file of Backlog.md"]);
    }
}
