//! Lists in JSON: an array, one object for each line, or an object around an array.

use serde_json::{Map, Value};

use super::words::{cut, one_line};
use super::{Format, Found, Item, Page};

/// One object of a list.
pub type Object = Map<String, Value>;

/// So much of a text tells what it is.
const HEAD: usize = 64 << 10;

/// What a JSON list is, by the keys of its first objects.
pub fn format(text: &str) -> Option<Format> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with(['{', '[']).then_some(())?;
    let head = cut(text, HEAD);
    let has = |key: &str| head.contains(&format!("\"{key}\""));
    if has("uuid") && has("description") && has("status") {
        Some(Format::Taskwarrior)
    } else if has("title") && has("number") {
        Some(Format::Github)
    } else if has("title") && has("id") && (has("issue_type") || has("created_at")) {
        Some(Format::Beads)
    } else {
        None
    }
}

/// Reads each object by `item`: an item, or words on why it is none.
pub fn read(pages: &[Page], item: fn(&Object) -> Result<Item, String>) -> Result<Found, String> {
    let mut found = Found::default();
    for page in pages {
        let values = values(page, &mut found)?;
        for (index, value) in values.into_iter().enumerate() {
            let told = |why: String| format!("{}, entry {}: {why}", page.name, index + 1);
            match value.as_object().ok_or_else(|| "no object".to_owned()).and_then(item) {
                Ok(item) => found.items.push(item),
                Err(why) => found.left.push(told(why)),
            }
        }
    }
    Ok(found)
}

fn values(page: &Page, found: &mut Found) -> Result<Vec<Value>, String> {
    let text = page.text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(values)) => return Ok(values),
        Ok(Value::Object(mut object)) => {
            let inner = ["issues", "items", "tasks", "data"].iter().find_map(|key| {
                object.get_mut(*key).and_then(Value::as_array_mut).map(std::mem::take)
            });
            return Ok(inner.unwrap_or_else(|| vec![Value::Object(object)]));
        }
        Ok(_) => return Err("it holds neither objects nor a list of them".into()),
        Err(_) => {}
    }
    let mut values = Vec::new();
    let mut first = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_end_matches(',');
        if matches!(line, "" | "[" | "]") {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(value) => values.push(value),
            Err(error) => {
                let told = format!("{}:{}: no JSON: {error}", page.name, index + 1);
                first.get_or_insert_with(|| told.clone());
                if found.left.len() <= super::MOST_TOLD {
                    found.left.push(told);
                }
            }
        }
    }
    match (values.is_empty(), first) {
        (true, Some(why)) => Err(why),
        _ => Ok(values),
    }
}

/// A text; numbers and truth values are as good.
pub fn text(object: &Object, key: &str) -> String {
    object.get(key).map(plain).unwrap_or_default()
}

/// A value in a line: a name or a login where it is an object.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let texts = values.iter().map(plain).filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join(", ")
        }
        Value::Object(object) => {
            let names = ["name", "login", "title", "text", "description", "body", "id"];
            let named = names.iter().filter_map(|key| object.get(*key)).find(|v| v.is_string());
            named.map(plain).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// Texts of a list, or the words of one text with commas.
pub fn texts(object: &Object, key: &str) -> Vec<String> {
    match object.get(key) {
        Some(Value::Array(values)) => {
            values.iter().map(plain).map(|text| one_line(&text)).filter(|t| !t.is_empty()).collect()
        }
        Some(Value::String(text)) => super::fill::words_of(text),
        _ => Vec::new(),
    }
}

/// What no key of ours has a place for stays as text; what cannot stand in a line is told.
pub fn rest(item: &mut Item, object: &Object, known: &[&str]) {
    for (key, value) in object.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
        let text = plain(value);
        if !text.is_empty() && text.len() <= 1000 {
            item.note(key, &text);
        } else if !matches!(value, Value::Null) && value != &Value::Array(Vec::new()) {
            let size = text.len();
            if size > 0 || value.as_object().is_some_and(|inner| !inner.is_empty()) {
                item.lost.push(format!("left behind: `{}`", cut(key, 60)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Found, String> {
        let item = |object: &Object| match text_of(object) {
            title if title.is_empty() => Err("no title".to_owned()),
            title => Ok(Item { title, ..Item::default() }),
        };
        read(&[Page { name: "f".into(), text: text.into() }], item)
    }

    fn text_of(object: &Object) -> String {
        text(object, "title")
    }

    #[test]
    fn lists_in_many_wrappings() {
        for (text, items, left) in [
            ("[{\"title\":\"a\"},{\"title\":1}]", 2, 0),
            ("{\"title\":\"a\"}\n{\"title\":\"b\"},\n\nnoise\n", 2, 1),
            ("{\"issues\":[{\"title\":\"a\"}]}", 1, 0),
            ("{\"title\":\"a\"}", 1, 0),
            ("[1, {\"x\":2}]", 0, 2),
            ("", 0, 0),
        ] {
            let found = found(text).unwrap();
            assert_eq!((found.items.len(), found.left.len()), (items, left), "{text}");
        }
        for text in ["noise", "\"a\"", &"[".repeat(100_000), "{\"a\":"] {
            assert!(found(text).is_err());
        }
    }
}
