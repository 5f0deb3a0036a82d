//! Beads: one issue for each line of JSON.

use std::time::Duration;

use super::fields::Key;
use super::json::{self, Object};
use super::{Item, State, page};

/// Keys that have a place of their own.
const PLACED: &[&str] = &[
    "id",
    "title",
    "description",
    "design",
    "notes",
    "acceptance_criteria",
    "status",
    "priority",
    "issue_type",
    "labels",
    "dependencies",
    "estimated_minutes",
    "due_at",
    "defer_until",
    "comments",
    "content_hash",
];

/// The item of an issue.
pub fn item(object: &Object) -> Result<Item, String> {
    let (id, title) = (json::text(object, "id"), json::text(object, "title"));
    let status = json::text(object, "status");
    if id.trim().is_empty() || title.trim().is_empty() {
        return Err("without an id or a title".into());
    }
    if status == "tombstone" {
        return Err(format!("`{id}` was deleted there"));
    }
    let mut item = Item { key: id, title, ..Item::default() };
    item.stands(&status);
    let priority = object.get("priority").and_then(serde_json::Value::as_i64);
    if let Some(priority) = priority {
        item.take("Priority", Key::Priority, &format!("P{}", priority.clamp(0, 5)));
        if matches!(priority, 0 | 4) {
            item.note("Priority", &format!("P{priority}"));
        }
    }
    let minutes = object.get("estimated_minutes").and_then(serde_json::Value::as_u64);
    let minutes = minutes.filter(|minutes| (1..=500_000).contains(minutes));
    item.estimate = minutes.map(|minutes| Duration::from_secs(minutes * 60));
    item.take("due_at", Key::Due, &json::text(object, "due_at"));
    item.take("defer_until", Key::NotBefore, &json::text(object, "defer_until"));
    item.labels = json::texts(object, "labels");
    let kind = json::text(object, "issue_type");
    item.labels.extend(Some(kind).filter(|kind| !matches!(kind.as_str(), "" | "task")));
    dependencies(&mut item, object);
    json::rest(&mut item, object, PLACED);
    let state = item.state;
    page::body(&mut item, &json::text(object, "description"));
    for (key, heading) in [("design", "Design"), ("notes", "Notes")] {
        let text = json::text(object, key);
        if !text.trim().is_empty() {
            item.write(&format!("\n\n## {heading}\n{}", text.trim()));
        }
    }
    comments(&mut item, object);
    page::criteria(&mut item, &json::text(object, "acceptance_criteria"));
    item.state = if status == "closed" { State::Done } else { state };
    Ok(item)
}

fn dependencies(item: &mut Item, object: &Object) {
    let all = object.get("dependencies").and_then(serde_json::Value::as_array);
    for dependency in all.into_iter().flatten() {
        let Some(object) = dependency.as_object() else {
            item.depends_on.push(json::plain(dependency));
            continue;
        };
        let on = json::text(object, "depends_on_id");
        match json::text(object, "type").as_str() {
            "" | "blocks" | "conditional-blocks" | "waits-for" => item.depends_on.push(on),
            kind => item.note(kind, &on),
        }
    }
}

fn comments(item: &mut Item, object: &Object) {
    let all = object.get("comments").and_then(serde_json::Value::as_array);
    for (index, comment) in all.into_iter().flatten().enumerate() {
        let heading = if index == 0 { "\n\n## Comments\n" } else { "" };
        let who =
            comment.as_object().map(|object| json::text(object, "author")).unwrap_or_default();
        let text = comment.as_object().map(|object| json::text(object, "text"));
        let text = super::words::one_line(&text.unwrap_or_else(|| json::plain(comment)));
        item.write(&format!("{heading}- {who}: {text}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    #[test]
    fn an_issue_is_read() {
        let text = r#"{"id":"bd-22","title":"Check hooks","description":"Look.","design":"1. a",
            "acceptance_criteria":"- installed\n- [x] tested","status":"open","priority":0,
            "issue_type":"bug","labels":["x"],"estimated_minutes":90,"created_at":"2025-10-21T23:53:44Z",
            "dependencies":[{"issue_id":"bd-22","depends_on_id":"bd-1","type":"blocks"},
            {"issue_id":"bd-22","depends_on_id":"bd-9","type":"parent-child"}],"mystery":{"a":[1]}}"#;
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let item = item(value.as_object().unwrap()).unwrap();
        assert_eq!((item.key.as_str(), item.priority), ("bd-22", Some(Priority::High)));
        assert_eq!(item.text.trim(), "Look.\n\n## Design\n1. a");
        assert_eq!(item.criteria, [("installed".to_owned(), false), ("tested".into(), true)]);
        assert_eq!(
            (&item.labels[..], item.estimate.unwrap().as_secs()),
            (&["x".to_owned(), "bug".into()][..], 5400)
        );
        assert_eq!(item.depends_on, ["bd-1"]);
        assert!(item.notes.contains(&("parent-child".into(), "bd-9".into())), "{:?}", item.notes);
        assert_eq!(item.lost, ["left behind: `mystery`"]);
    }
}
