//! A to-do list in Markdown, and the lines of a `todo.txt`.

use super::build_queue::named;
use super::fields::Key;
use super::{Found, Item, Page, State, fold, inline, page, rows, values};

/// Whether a text without a telling name is such a list.
pub fn is_one(text: &str) -> bool {
    let (rows, _) = rows::rows(text);
    rows.iter().take(500).any(|row| matches!(row.kind, rows::Kind::Item(..)))
}

/// Whether a file of a folder is called as such lists are.
pub fn is_named(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    ["todo", "to-do", "task", "backlog"].iter().any(|word| name.starts_with(word))
}

/// Reads the pages.
pub fn read(pages: &[Page]) -> Found {
    let mut all = Found::default();
    for one in pages {
        let mut found = match is_plain(&one.text) {
            true => lines(&one.text),
            false => page::read(&one.text, &one.name),
        };
        found.items = fold::fold(found.items);
        named(&mut found, &one.name);
        all.items.append(&mut found.items);
        all.left.append(&mut found.left);
    }
    all
}

/// Neither headings nor bullets: each line is an item.
fn is_plain(text: &str) -> bool {
    let (rows, _) = rows::rows(text);
    !rows.is_empty()
        && rows.iter().all(|row| matches!(row.kind, rows::Kind::Text(_) | rows::Kind::Blank))
}

fn lines(text: &str) -> Found {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Found { items: lines.map(line).collect(), ..Found::default() }
}

/// `x 2026-02-07 2026-02-01 (A) Call +project @phone due:2026-02-08`
fn line(line: &str) -> Item {
    let mut facts = Item::default();
    let mut rest = line;
    if let Some(after) = rest.strip_prefix("x ") {
        (facts.state, rest) = (State::Done, after);
    }
    let mut dates = Vec::new();
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let letter = word.len() == 3 && word.starts_with('(') && word.ends_with(')');
        let day = word.len() == 10 && values::moment(word).is_some();
        match (letter && values::priority(word).is_some(), day) {
            (true, _) => facts.take("Priority", Key::Priority, word.trim_matches(['(', ')'])),
            (_, true) => dates.push(word),
            _ => break,
        }
        rest = after.trim_start();
    }
    let mut item = inline::item(rest);
    let names: &[&str] =
        if facts.state == State::Done { &["Completed", "Added"] } else { &["Added"] };
    for (name, day) in names.iter().zip(dates) {
        item.note(name, day);
    }
    item.priority = facts.priority.or(item.priority);
    if facts.state == State::Done {
        item.state = State::Done;
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    fn found(text: &str) -> Vec<Item> {
        read(&[Page { name: "todo.md".into(), text: text.into() }]).items
    }

    #[test]
    fn lists_of_every_kind_are_read() {
        for (text, titles) in [
            ("- [ ] a\n- [x] b\n", &["a", "b"][..]),
            ("# TODO\n\n* one\n* two\n", &["one", "two"]),
            ("# Home\n## Kitchen\n- [ ] paint\n\n## Garden\n- [ ] dig\n", &["paint", "dig"]),
            ("(A) Call\nx 2026-02-07 Old +p\nPlain line\n", &["Call", "Old", "Plain line"]),
            ("---\ntags: [todo]\n---\n- [ ] a\n", &["a"]),
            ("# Plan\n\nSome words.\n\n- [ ] a\n", &["a"]),
            (
                "# Ideas\n\n## Add dark mode\nPeople want it.\n\n## Add login\nThey do.\n",
                &["Add dark mode", "Add login"],
            ),
        ] {
            let items = found(text);
            assert_eq!(
                items.iter().map(|i| i.title.as_str()).collect::<Vec<_>>(),
                titles,
                "{text}"
            );
        }
    }

    #[test]
    fn a_sentence_ends_a_list_of_names_and_a_name_goes_on_with_it() {
        for (lines, depends_on, text) in [
            (
                "Theme core\nWrite export.sh, which prints it as CSV.",
                "Theme core",
                "Write export.sh",
            ),
            ("Theme core\nLogin core", "Theme core Login core", ""),
            ("Theme core and\nthe login that the other one has made.", "Theme core and the", ""),
        ] {
            let page =
                format!("# Queue\n\n## Export\n\n**Dependencies:** {lines}\n\n- [ ] it prints\n");
            let item = &found(&page)[0];
            assert!(item.depends_on.join("|").starts_with(depends_on), "{lines}: {item:#?}");
            assert!(item.text.contains(text), "{lines}: {item:#?}");
        }
    }

    #[test]
    fn a_line_and_its_details_are_one_item() {
        let items = found(
            "# Queue\n\n- **Dark mode** - soon, says Ann\n\n# Task details\n\n## Dark mode\n\n\
             Write it.\n\n- [ ] it is dark\n",
        );
        assert_eq!(items.len(), 1, "{items:#?}");
        assert!(items[0].text.contains("soon, says Ann") && items[0].text.contains("Write it."));
        assert_eq!(items[0].criteria.len(), 1);
        assert_eq!(found("- **Fix** - the one\n- **Fix** - the other\n").len(), 2);
    }

    #[test]
    fn a_line_that_comes_again_is_told_of() {
        let items = found("- [ ] a\n- [ ] b\n- [ ] a\n- [ ] a\n");
        let lost: Vec<_> = items.iter().map(|it| (it.title.as_str(), it.lost.len())).collect();
        assert_eq!(lost, [("a", 1), ("b", 0)]);
    }

    #[test]
    fn a_line_of_todo_txt() {
        let items = found("x (B) 2026-02-07 2026-02-01 Call mum +family due:2026-02-08\n");
        let item = &items[0];
        assert_eq!((item.title.as_str(), item.state), ("Call mum", State::Done));
        assert_eq!(
            (item.priority, item.due.as_deref()),
            (Some(Priority::Medium), Some("2026-02-08"))
        );
        assert_eq!(item.labels, ["family"]);
        assert_eq!(item.notes[0], ("Completed".to_owned(), "2026-02-07".to_owned()));
    }
}
