//! Taskwarrior: what `task export` prints.

use super::fields::Key;
use super::json::{self, Object};
use super::words::one_line;
use super::{Item, State};

/// Keys that have a place of their own, and those that are reckoned from others.
const PLACED: &[&str] = &[
    "uuid",
    "id",
    "description",
    "status",
    "priority",
    "tags",
    "project",
    "due",
    "wait",
    "scheduled",
    "depends",
    "annotations",
    "estimate",
    "est",
    "urgency",
    "mask",
    "imask",
];

/// The item of a task.
pub fn item(object: &Object) -> Result<Item, String> {
    let (uuid, title) = (json::text(object, "uuid"), json::text(object, "description"));
    let status = json::text(object, "status");
    if title.trim().is_empty() {
        return Err("without a description".into());
    }
    if status == "deleted" {
        return Err(format!("`{}` was deleted there", one_line(&title)));
    }
    let key = if uuid.is_empty() { super::words::slug(&title) } else { uuid.clone() };
    let mut item = Item { key, title: one_line(&title), ..Item::default() };
    item.aliases.extend(uuid.split('-').next().map(str::to_owned).filter(|short| short.len() == 8));
    let number = json::text(object, "id");
    item.aliases.extend(Some(number).filter(|number| !matches!(number.as_str(), "" | "0")));
    match status.as_str() {
        "completed" => item.state = State::Done,
        "recurring" => item.blockers.push("it comes again and again there".into()),
        "pending" | "waiting" | "" => {}
        other => item.note("status", other),
    }
    item.take("priority", Key::Priority, &json::text(object, "priority"));
    item.take("due", Key::Due, &json::text(object, "due"));
    item.take("wait", Key::NotBefore, &json::text(object, "wait"));
    item.take("scheduled", Key::NotBefore, &json::text(object, "scheduled"));
    for key in ["estimate", "est"] {
        item.take(key, Key::Estimate, &json::text(object, key));
    }
    item.labels = json::texts(object, "tags");
    item.labels.extend(Some(json::text(object, "project")).filter(|project| !project.is_empty()));
    item.depends_on = json::texts(object, "depends");
    let notes = object.get("annotations").and_then(serde_json::Value::as_array);
    for note in notes.into_iter().flatten() {
        let at = note.as_object().map(|note| json::text(note, "entry")).unwrap_or_default();
        let at = super::values::moment(&at).unwrap_or(at);
        let text = note.as_object().map(|note| json::text(note, "description"));
        let text = one_line(&text.unwrap_or_else(|| json::plain(note)));
        item.write(&format!("- {at}: {text}"));
    }
    json::rest(&mut item, object, PLACED);
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    fn read(text: &str) -> Result<Item, String> {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        item(value.as_object().unwrap())
    }

    #[test]
    fn a_task_is_read() {
        let item = read(
            r#"{"id":3,"uuid":"1234abcd-0000-0000-0000-000000000000","description":"Call Ann",
            "status":"pending","priority":"H","tags":["home"],"project":"family.visit",
            "due":"20260207T200000Z","wait":"20260201T000000Z","depends":"aaaa1111-0,bbbb2222-0",
            "entry":"20260101T080000Z","urgency":9.1,"annotations":[{"entry":"20260102T080000Z","description":"twice"}]}"#,
        )
        .unwrap();
        assert_eq!(
            (item.priority, item.due.as_deref()),
            (Some(Priority::High), Some("2026-02-07T20:00:00+00:00"))
        );
        assert_eq!(item.not_before.as_deref(), Some("2026-02-01T00:00:00+00:00"));
        assert_eq!((item.labels.len(), item.depends_on.len()), (2, 2));
        assert_eq!(item.aliases, ["1234abcd", "3"]);
        assert_eq!(item.text, "- 2026-01-02T08:00:00+00:00: twice\n");
        assert_eq!(item.notes, [("entry".to_owned(), "20260101T080000Z".to_owned())]);
        assert!(read(r#"{"uuid":"x","description":"a","status":"deleted"}"#).is_err());
        let done = read(r#"{"uuid":"x","description":"a","status":"completed"}"#).unwrap();
        assert_eq!(done.state, State::Done);
    }
}
