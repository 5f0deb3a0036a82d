//! The task file of an item, read again by our own parser before anybody writes it.

use super::words::{cut, one_line};
use super::{Format, Item};
use crate::domain::id::TaskId;
use crate::domain::span_of_time;
use crate::domain::task::{self, Priority};
use crate::domain::yaml::write::{flow, scalar};

/// The longest text that comes over, in bytes: a task file holds 1 MiB.
const LARGEST_TEXT: usize = 700 << 10;
/// Of each list in the front matter, at most so many entries of at most so many bytes.
const MOST_WORDS: usize = 60;
const LONGEST_WORD: usize = 300;
/// Criteria of one item, and the bytes of each.
const MOST_CRITERIA: usize = 400;
const LONGEST_CRITERION: usize = 400;

/// Where an item comes from, as `source:` has it: the same in every reading.
pub fn source_of(format: Format, item: &Item) -> String {
    format!("{}:{}", format.name(), cut(&one_line(&item.key), LONGEST_WORD))
}

/// What the file says beside the item's own words.
pub struct Sheet<'a> {
    /// The item.
    pub item: &'a Item,
    /// Its file's name.
    pub id: &'a TaskId,
    /// See [`source_of`].
    pub source: &'a str,
    /// What comes first, by id.
    pub depends_on: &'a [TaskId],
    /// A configured builder.
    pub builder: Option<&'a str>,
}

/// The text of the file, and what of it had to be cut; `Err` says why no sound one can be made.
pub fn write(sheet: &Sheet) -> Result<(String, Vec<String>), String> {
    let mut cuts = Vec::new();
    let item = fitting(sheet.item, &mut cuts);
    let front = front(sheet, &item);
    let bodies = [body(&item, false), body(&item, true)];
    let mut why = String::new();
    for body in bodies {
        let text = format!("{front}{body}");
        match sound(&text, sheet, &item) {
            Ok(()) => return Ok((text, cuts)),
            Err(fault) => why = fault,
        }
    }
    Err(why)
}

/// The item within the bounds of a task file.
fn fitting(item: &Item, cuts: &mut Vec<String>) -> Item {
    let mut item = item.clone();
    if item.text.len() > LARGEST_TEXT {
        cuts.push(format!("text beyond {} KiB", LARGEST_TEXT >> 10));
        item.text = cut(&item.text, LARGEST_TEXT).to_owned();
    }
    let text = item.text.replace('\0', "\u{fffd}");
    item.text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (name, list) in
        [("tech", &mut item.tech), ("labels", &mut item.labels), ("blockers", &mut item.blockers)]
    {
        *list = list.iter().map(|word| cut(&one_line(word), LONGEST_WORD).to_owned()).collect();
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|word| seen.insert(word.clone()));
        if list.len() > MOST_WORDS {
            cuts.push(format!("{} {name}", list.len() - MOST_WORDS));
            list.truncate(MOST_WORDS);
        }
    }
    for blocker in &mut item.blockers {
        // Ticked and struck-out entries hold nothing: those signs are words here.
        if blocker.starts_with(['[', '~']) {
            *blocker = format!("as written: {blocker}");
        }
    }
    if item.criteria.len() > MOST_CRITERIA {
        cuts.push(format!("{} criteria", item.criteria.len() - MOST_CRITERIA));
        item.criteria.truncate(MOST_CRITERIA);
    }
    for (text, _) in &mut item.criteria {
        let whole = one_line(text);
        if whole.len() > LONGEST_CRITERION {
            cuts.push(format!("the end of the criterion `{}`", cut(&whole, 40)));
        }
        *text = cut(&whole, LONGEST_CRITERION).to_owned();
    }
    let before = item.criteria.len();
    item.criteria.retain(|(text, _)| !is_blank(text));
    if item.criteria.len() < before {
        cuts.push(format!("{} criteria without a word", before - item.criteria.len()));
    }
    item.notes.truncate(MOST_WORDS);
    item
}

/// Whether a criterion says nothing once it is read: an entity may stand for a blank.
fn is_blank(text: &str) -> bool {
    let Some(id) = TaskId::new("t").ok().filter(|_| text.contains('&')) else { return false };
    let page = format!("## Completion criteria\n- [ ] {text}\n");
    let task = crate::domain::task::parse("t.md", &id, page.as_bytes()).task;
    task.is_none_or(|task| task.criteria.is_empty())
}

fn front(sheet: &Sheet, item: &Item) -> String {
    let mut keys = vec![("title", scalar(cut(&one_line(&item.title), LONGEST_WORD)))];
    let priority = item.priority.map(|priority| match priority {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    });
    keys.extend(priority.map(|priority| ("priority", priority.to_owned())));
    let estimate = item.estimate.map(span_of_time::show);
    keys.extend(estimate.map(|estimate| ("estimate", scalar(&estimate))));
    keys.extend(item.due.as_ref().map(|due| ("due", due.clone())));
    keys.extend(item.not_before.as_ref().map(|day| ("not_before", day.clone())));
    for (key, words) in [("tech", &item.tech), ("labels", &item.labels)] {
        if !words.is_empty() {
            keys.push((key, flow(words)));
        }
    }
    if !sheet.depends_on.is_empty() {
        keys.push(("depends_on", flow(sheet.depends_on.iter().map(TaskId::as_str))));
    }
    if !item.blockers.is_empty() {
        keys.push(("blockers", flow(&item.blockers)));
    }
    keys.extend(sheet.builder.map(|builder| ("builder", scalar(builder))));
    keys.push(("source", scalar(sheet.source)));
    let lines: String = keys.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    format!("---\n{lines}---\n")
}

/// The text, the facts and the criteria; quoted, nothing in the text can hide what follows it.
fn body(item: &Item, quoted: bool) -> String {
    let mut body = String::new();
    for line in item.text.trim().lines() {
        body += if quoted { "> " } else { "" };
        body += line;
        body.push('\n');
    }
    if !item.notes.is_empty() {
        body += if body.is_empty() { "" } else { "\n" };
        body += "## As it stood\n";
        let notes = item.notes.iter();
        body.extend(
            notes.map(|(name, value)| format!("- {}: {}\n", one_line(name), cut(value, 2000))),
        );
    }
    if !item.criteria.is_empty() {
        body += if body.is_empty() { "" } else { "\n" };
        body += "## Completion criteria\n";
        let mark = |done: &bool| if *done { 'x' } else { ' ' };
        let criteria = item.criteria.iter();
        body.extend(criteria.map(|(text, done)| format!("- [{}] {text}\n", mark(done))));
    }
    body
}

/// Whether our own parser finds in the file all that was put into it.
fn sound(text: &str, sheet: &Sheet, item: &Item) -> Result<(), String> {
    let parsed = task::parse("task.md", sheet.id, text.as_bytes());
    let Some(task) = parsed.task else {
        return Err(parsed.diagnostics.first().map(|one| one.message.clone()).unwrap_or_default());
    };
    let ticks = |done: bool| item.criteria.iter().filter(|(_, own)| *own == done).count();
    let read = |done: bool| task.criteria.iter().filter(|own| own.done == done).count();
    let whole = [
        ("title", task.titled),
        ("depends_on", task.depends_on.len() == sheet.depends_on.len()),
        ("blockers", task.blockers.len() == item.blockers.len()),
        ("criteria", read(false) >= ticks(false) && read(true) >= ticks(true)),
        ("priority", task.priority == item.priority.unwrap_or_default()),
        ("due", task.due.is_some() == item.due.is_some()),
    ];
    match whole.iter().find(|(_, whole)| !whole) {
        Some((key, _)) => Err(format!("its `{key}` cannot be written so that it is read back")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(item: &Item) -> String {
        let id = TaskId::new("x").unwrap();
        let sheet =
            Sheet { item, id: &id, source: "todo:a.md#x", depends_on: &[], builder: Some("opus") };
        write(&sheet).unwrap().0
    }

    #[test]
    fn all_that_is_known_stands_in_the_file() {
        let item = Item {
            title: "Fix: a #1 \"thing\"".into(),
            text: "Do it.".into(),
            criteria: vec![("it is".into(), false), ("it was".into(), true)],
            priority: Some(Priority::High),
            estimate: Some(std::time::Duration::from_secs(5400)),
            due: Some("2026-02-07 20:00".into()),
            labels: vec!["a, b".into()],
            blockers: vec!["~~key~~".into()],
            notes: vec![("Added".into(), "2026-02-01".into())],
            ..Item::default()
        };
        assert_eq!(
            written(&item),
            "---\ntitle: \"Fix: a #1 \\\"thing\\\"\"\npriority: high\nestimate: \"1h 30m\"\n\
             due: 2026-02-07 20:00\nlabels: [\"a, b\"]\nblockers: [\"as written: ~~key~~\"]\n\
             builder: opus\nsource: \"todo:a.md#x\"\n---\nDo it.\n\n## As it stood\n\
             - Added: 2026-02-01\n\n## Completion criteria\n- [ ] it is\n- [x] it was\n"
        );
    }

    #[test]
    fn a_criterion_that_is_a_blank_is_none() {
        for (text, blank) in
            [("&nbsp;", true), ("&#160; &nbsp;", true), ("a &amp; b", false), ("", false)]
        {
            assert_eq!(is_blank(text), blank, "{text}");
        }
    }

    #[test]
    fn text_that_would_hide_the_criteria_is_quoted() {
        for text in ["```\nopen", "<!-- open", "<script>", "~~~~"] {
            let item = Item {
                title: "x".into(),
                text: text.into(),
                criteria: vec![("it is".into(), false)],
                ..Item::default()
            };
            let file = written(&item);
            let task =
                task::parse("x.md", &TaskId::new("x").unwrap(), file.as_bytes()).task.unwrap();
            assert_eq!(task.criteria.len(), 1, "{file}");
        }
    }
}
