//! Issues of GitHub: what `gh issue list --json …` prints, or the API answers.

use super::fields::Key;
use super::json::{self, Object};
use super::words::one_line;
use super::{Item, State, page, values};

/// Keys that have a place of their own, and those that say nothing to a person.
const PLACED: &[&str] = &[
    "number",
    "title",
    "body",
    "state",
    "stateReason",
    "state_reason",
    "labels",
    "url",
    "html_url",
    "comments",
    "id",
    "closed",
];

/// The item of an issue.
pub fn item(object: &Object) -> Result<Item, String> {
    let (number, title) = (json::text(object, "number"), json::text(object, "title"));
    if title.trim().is_empty() {
        return Err("without a title".into());
    }
    if object.get("pull_request").is_some_and(|request| !request.is_null()) {
        return Err(format!("#{number} is a pull request"));
    }
    let url = ["url", "html_url"].iter().map(|key| json::text(object, key));
    let page_of = url.rev().find(|url| url.contains("/issues/")).unwrap_or_default();
    let mut item = Item { key: key(&page_of, &number), title: one_line(&title), ..Item::default() };
    item.aliases = vec![number.clone()];
    let state = json::text(object, "state").to_lowercase();
    if state == "closed" || json::text(object, "closed") == "true" {
        item.state = State::Done;
        let why = json::text(object, "stateReason") + &json::text(object, "state_reason");
        if !matches!(why.to_lowercase().as_str(), "" | "completed") {
            item.note("Closed as", &why);
        }
    }
    item.note("Link", &page_of);
    labels(&mut item, json::texts(object, "labels"));
    json::rest(&mut item, object, PLACED);
    let body = json::text(object, "body");
    references(&mut item, &body);
    page::body(&mut item, &body);
    comments(&mut item, object);
    Ok(item)
}

/// `owner/repo#12` where the address tells, else `#12`.
fn key(url: &str, number: &str) -> String {
    let parts: Vec<&str> = url.split('/').collect();
    match parts.iter().position(|part| *part == "issues") {
        Some(at) if at >= 2 => format!("{}/{}#{number}", parts[at - 2], parts[at - 1]),
        _ => format!("#{number}"),
    }
}

/// Labels stay labels; one for a priority or a state is that, too.
fn labels(item: &mut Item, labels: Vec<String>) {
    for label in &labels {
        let lower = label.to_lowercase();
        let named = lower.starts_with("prio") || lower.starts_with("p-");
        let bare = lower.len() == 2 && lower.starts_with('p');
        let words = ["urgent", "critical", "high priority", "low priority"];
        if named || bare || words.contains(&lower.as_str()) {
            let value = lower.rsplit([':', '/']).next().unwrap_or(&lower);
            item.priority = item.priority.or(values::priority(value));
        }
        if matches!(lower.as_str(), "blocked" | "on hold" | "wontfix" | "status: blocked") {
            item.blockers.push(format!("labelled `{label}`"));
        }
    }
    item.labels = labels;
}

/// `Blocked by #12`, `depends on owner/repo#12`, without a colon.
fn references(item: &mut Item, body: &str) {
    for line in body.lines() {
        let plain = one_line(line).trim_start_matches(['-', '*', ' ']).to_lowercase();
        let rest = ["blocked by ", "depends on "].iter().find_map(|word| plain.strip_prefix(word));
        if let Some(rest) = rest.filter(|rest| rest.contains('#')) {
            item.take("Depends on", Key::Depends, rest.trim_end_matches('.'));
        }
    }
}

fn comments(item: &mut Item, object: &Object) {
    let Some(all) = object.get("comments").and_then(serde_json::Value::as_array) else { return };
    for (index, comment) in all.iter().filter_map(serde_json::Value::as_object).enumerate() {
        let who = comment.get("author").or(comment.get("user")).map(json::plain);
        let heading = if index == 0 { "\n\n## Comments\n" } else { "" };
        let text = json::text(comment, "body").replace("\r\n", "\n").replace('\n', "\n> ");
        item.write(&format!("{heading}\n{}:\n> {text}", who.unwrap_or_default()));
    }
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
    fn an_issue_is_read() {
        let item = read(
            r###"{"number":12,"title":"Add login","state":"OPEN","url":"https://github.com/o/r/issues/12",
            "labels":[{"name":"priority: high"},{"name":"web"}],"assignees":[{"login":"ann"}],
            "milestone":{"title":"v1"},"createdAt":"2026-01-01T00:00:00Z",
            "body":"People want it.\r\n\r\n<!-- form -->\r\n## Acceptance criteria\r\n- [ ] It is\r\n- [x] It was\r\n\r\n## More\r\nDepends on #7\r\n",
            "comments":[{"author":{"login":"bob"},"body":"Yes.\nNow."}]}"###,
        )
        .unwrap();
        assert_eq!((item.key.as_str(), item.priority), ("o/r#12", Some(Priority::High)));
        assert_eq!(item.criteria, [("It is".to_owned(), false), ("It was".into(), true)]);
        assert_eq!((&item.depends_on[..], item.labels.len()), (&["#7".to_owned()][..], 2));
        assert!(item.text.starts_with("People want it.\n\n## More\n"), "{}", item.text);
        assert!(item.text.contains("bob:\n> Yes.\n> Now."), "{}", item.text);
        assert!(item.notes.contains(&("assignees".into(), "ann".into())));
        assert_eq!(item.lost, ["left behind: 1 HTML comment"]);
        let closed = read(
            r#"{"number":1,"title":"a","state":"closed","state_reason":"not_planned","body":null}"#,
        );
        assert_eq!(closed.unwrap().state, State::Done);
        assert!(read(r#"{"number":1,"title":"a","pull_request":{"url":"x"}}"#).is_err());
    }
}
