//! The line that names an item, and all that people put into that line.

use super::fields::{self, Key};
use super::fill;
use super::words::{cut, is_picture, one_line, slug, trimmed, unstressed};
use super::{Item, State, rows, values};

/// A longer title is cut at its first sentence.
const LONGEST_TITLE: usize = 120;

/// No more of a line is looked at for what it names, in bytes.
const LONGEST_LINE: usize = 2000;

/// Between the parts of such a line.
const BETWEEN: &[&str] = &[" - ", " — ", " – ", " | ", " · ", " • "];

/// Reads `[x] **Title** (P1, ~2h) - Added: 2026-02-07 - Priority: High #tag`.
pub fn item(line: &str) -> Item {
    if line.len() > LONGEST_LINE {
        let mut item = self::item(cut(line, LONGEST_LINE));
        item.write(line);
        return item;
    }
    let mut item = Item::default();
    let (mark, rest) = rows::boxed(line);
    if matches!(mark, Some(rows::Box::Done | rows::Box::Dropped)) {
        item.state = State::Done;
    }
    if mark == Some(rows::Box::Dropped) {
        item.note("Status", "dropped");
    }
    let mut rest = one_line(rest);
    if rest.starts_with("~~") && rest[2..].contains("~~") {
        item.state = State::Done;
        rest = rest.replace("~~", "");
    }
    let (number, named) = numbered(&rest);
    item.aliases.extend(number);
    let title = named.to_owned();
    let title = groups(&mut item, &title);
    let title = tags(&mut item, &title);
    named_parts(&mut item, &title);
    if item.title.is_empty() {
        item.title = one_line(cut(&rest, 100));
    }
    if item.depends_on.is_empty() && item.blockers.is_empty() {
        waits(&mut item, &rest);
    }
    if item.priority.is_none() {
        item.priority = values::sign(&rest);
    }
    item.key = slug(&item.title);
    item
}

/// `1. Title`, `Task 3: Title`, `Batch FS - Title`, `[ID-7] Title`: the number and the title.
pub fn numbered(text: &str) -> (Option<String>, &str) {
    let text = trimmed(text);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if (1..=5).contains(&digits) {
        let rest = &text[digits..];
        for end in [". ", ") ", ": ", " - ", " – ", " — ", "."] {
            if let Some(title) = rest.strip_prefix(end)
                && !(end == "." && title.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
                && !title.trim().is_empty()
            {
                return (Some(text[..digits].to_owned()), trimmed(title));
            }
        }
    }
    if let Some((name, title)) = code(text) {
        return (Some(name.to_owned()), trimmed(title));
    }
    named(text).unwrap_or((None, text))
}

/// `[ID-7] Title`, `ID-7: Title`, `#7 Title`
fn code(text: &str) -> Option<(&str, &str)> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (name, rest) = match bare.or_else(|| text.strip_prefix('#')?.split_once(' ')) {
        Some(pair) => pair,
        None => text.split_once([':', ' ']).filter(|(name, _)| name.contains('-'))?,
    };
    let (letters, digits) = name.rsplit_once('-').unwrap_or(("", name));
    let plain = letters.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && letters.len() <= 12
        && letters.chars().next().is_none_or(|c| c.is_ascii_uppercase())
        && (1..=6).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let title = rest.trim_start_matches([':', '-', '–', '—', ' ']);
    (plain && !title.is_empty()).then_some((name, title))
}

/// Words that come before a number.
const COUNTED: &[&str] = &[
    "task",
    "build",
    "item",
    "batch",
    "step",
    "feature",
    "story",
    "ticket",
    "issue",
    "project",
    "bug",
    "todo",
    "job",
    "epic",
    "aufgabe",
    "tarea",
    "tarefa",
    "tâche",
    "任务",
    "задача",
];

fn named(text: &str) -> Option<(Option<String>, &str)> {
    let (word, rest) = text.split_once(' ')?;
    if !COUNTED.contains(&word.to_lowercase().as_str()) {
        return None;
    }
    let end = rest.find([' ', ':']).unwrap_or(rest.len());
    let name = rest[..end].trim_start_matches('#');
    let after = rest[end..].trim_start();
    let counts = (1..=8).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "._-".contains(c));
    let title = after.trim_start_matches([':', '-', '–', '—', ' ', '.']);
    let parted = title.len() < after.len() || after.starts_with(['`', '[', '(']);
    (counts && parted && !title.is_empty()).then(|| (Some(format!("{word} {name}")), title))
}

/// `(P1)`, `[2h]`, `(label: web)`, `` `[NOT READY]` ``: taken out where they say something.
fn groups(item: &mut Item, text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['(', '[']) {
        let close = if rest[at..].starts_with('(') { ')' } else { ']' };
        let Some(length) = rest[at..].find(close) else { break };
        let inside = &rest[at + 1..at + length];
        let after = &rest[at + length + 1..];
        kept += &rest[..at];
        let link = close == ']' && after.starts_with('(');
        if !link && says(item, inside) {
            if kept.ends_with('`') && after.starts_with('`') {
                kept.pop();
                rest = &after[1..];
            } else {
                rest = after;
            }
            continue;
        }
        if let (true, Some(end)) = (link, after.find(')')) {
            kept += inside;
            item.note("Link", &after[1..end]);
            rest = &after[end + 1..];
            continue;
        }
        kept += &rest[at..=at + length];
        rest = after;
    }
    kept + rest
}

/// Whether a part of the line says something of its own, which is then taken.
fn says(item: &mut Item, part: &str) -> bool {
    let parts: Vec<&str> = part.split([',', ';']).map(trimmed).collect();
    let known = |part: &&str| fields::field(part).is_some() || meaning(part).is_some();
    if part.len() > 120 || parts.is_empty() || !parts.iter().all(known) {
        return match fields::field(part) {
            Some(field) if field.key != Key::Text => {
                item.take(field.name, field.key, field.value);
                true
            }
            _ => false,
        };
    }
    for part in parts {
        match (fields::field(part), meaning(part)) {
            (Some(field), _) => item.take(field.name, field.key, field.value),
            (None, Some((name, key))) => item.take(name, key, part),
            (None, None) => {}
        }
    }
    true
}

/// What a bare word says: `P1`, `high`, `~2h`, `blocked`.
fn meaning(part: &str) -> Option<(&'static str, Key)> {
    let plain = trimmed(part).trim_matches(['`', '*']);
    let lower = plain.to_lowercase();
    let word = lower.trim_end_matches(" priority").trim_end_matches(" prio");
    let letter = word.len() == 1;
    let short = word.chars().count() <= 9 && !word.contains(' ') && !letter;
    if short && values::priority(word).is_some() && !word.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(("Priority", Key::Priority));
    }
    if values::estimate(plain).is_some() {
        return Some(("Estimate", Key::Estimate));
    }
    let whole = ["blocked", "not ready", "on hold", "done", "in progress", "wip", "complete"];
    whole.contains(&lower.as_str()).then_some(("Status", Key::Status))
}

/// `@person`, `#tag`, `due:2026-02-07`, `📅 2026-02-07`, `+project`.
fn tags(item: &mut Item, text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let words: Vec<&str> = text.split(' ').collect();
    let mut skip = 0;
    for (index, word) in words.iter().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let plain = |rest: &str| {
            let mut chars = rest.chars();
            chars.next().is_some_and(char::is_alphabetic)
                && chars.all(|c| c.is_alphanumeric() || "-_/.".contains(c))
        };
        let calendar = matches!(word.trim_end_matches('\u{fe0f}'), "📅" | "🗓" | "⏰");
        let next = words.get(index + 1).copied().unwrap_or_default();
        let finished = matches!(*word, "✅" | "➕") && values::moment(next).is_some();
        match (word.split_once(':'), word.chars().next()) {
            (Some(("due", day)), _) if values::moment(day).is_some() => {
                item.take("Due", Key::Due, day);
            }
            (Some(("t", day)), _) if values::moment(day).is_some() => {
                item.take("Not before", Key::NotBefore, day);
            }
            (_, Some('#' | '+')) if plain(&word[1..]) => item.labels.push(word[1..].to_owned()),
            (_, Some('@')) if plain(&word[1..]) => item.note("Assigned", word),
            _ if calendar && values::moment(next).is_some() => {
                item.take("Due", Key::Due, next);
                skip = 1;
            }
            _ if finished => {
                item.note(if *word == "✅" { "Completed" } else { "Added" }, next);
                skip = 1;
            }
            _ => kept.push(word),
        }
    }
    kept.join(" ")
}

/// The title and what stands behind it.
fn named_parts(item: &mut Item, text: &str) {
    let text = text.trim();
    let bold = text.strip_prefix("**").and_then(|rest| rest.split_once("**"));
    let (title, rest) = match bold {
        Some((title, rest)) if !title.trim().is_empty() => {
            (title.to_owned(), rest.trim_start_matches([':', '-', '–', '—', ' ', '.']).to_owned())
        }
        _ => split(item, text),
    };
    let title = unstressed(title.trim_end_matches(':'));
    let edge = |c: char| c.is_whitespace() || is_picture(c);
    let title = title.trim_matches(|c: char| edge(c) || matches!(c, '-' | '–' | '—' | ':'));
    let bare = title.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    let title = bare.filter(|bare| !bare.contains('`')).unwrap_or(title);
    let rest = match bold {
        Some(_) => split_rest(item, &rest),
        None => rest,
    };
    if title.len() <= LONGEST_TITLE {
        item.title = one_line(title);
    } else {
        item.title = shortened(title);
        item.write(title);
    }
    if !rest.is_empty() {
        item.write(&rest);
    }
}

/// Parts that are fields are taken; the others are the title, or text where that grows long.
fn split(item: &mut Item, text: &str) -> (String, String) {
    let mut title = String::new();
    let mut rest = String::new();
    for (between, part) in parts(text) {
        let title_is_there = !title.trim().is_empty();
        if title_is_there && takes(item, part) {
            continue;
        }
        let into = match title_is_there && title.len() + part.len() > 90 || !rest.is_empty() {
            true => &mut rest,
            false => &mut title,
        };
        if !into.is_empty() {
            *into += between;
        }
        *into += part;
    }
    (title, rest.trim().to_owned())
}

fn split_rest(item: &mut Item, text: &str) -> String {
    let mut rest = String::new();
    for (between, part) in parts(text) {
        if !takes(item, part) {
            if !rest.is_empty() {
                rest += between;
            }
            rest += part;
        }
    }
    rest.trim().to_owned()
}

fn takes(item: &mut Item, part: &str) -> bool {
    if let Some(field) = fields::field(part) {
        item.take(field.name, field.key, field.value);
        return true;
    }
    match meaning(part) {
        Some((name, key)) => {
            item.take(name, key, part);
            true
        }
        None => false,
    }
}

/// A sentence of the line that says what comes first: it stays in the text, and nothing starts that
/// waited before.
fn waits(item: &mut Item, text: &str) {
    for sentence in text.split([';', '(', ')']).flat_map(|part| part.split(". ")) {
        let sentence = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
        for (phrase, name, key) in [
            ("depends on", "Depends on", Key::Depends),
            ("blocked by", "Blocked by", Key::Blockers),
            ("blocked on", "Blocked on", Key::Blockers),
        ] {
            let head =
                sentence.get(..phrase.len()).filter(|head| head.eq_ignore_ascii_case(phrase));
            let value = head.map(|_| sentence[phrase.len()..].trim_matches([':', ' ', '.', '*']));
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                item.take(name, key, value);
            }
        }
    }
}

/// The parts of a line, each with what stands before it.
fn parts(text: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    let (mut rest, mut before) = (text, "");
    loop {
        let found = BETWEEN.iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min();
        match found {
            Some((at, mark)) if parts.len() < 50 => {
                parts.push((before, &rest[..at]));
                (rest, before) = (&rest[at + mark.len()..], mark);
            }
            _ => break,
        }
    }
    parts.push((before, rest));
    parts
}

/// The first sentence, or as many whole words as fit.
fn shortened(title: &str) -> String {
    let first = [". ", ": ", "; ", " — ", " – "].iter().filter_map(|end| title.find(end)).min();
    let first = first.filter(|at| (15..=LONGEST_TITLE).contains(at));
    let whole = first.map_or_else(|| cut(title, 100), |at| &title[..at]);
    match (first, whole.rfind(' ')) {
        (None, Some(at)) if at > 20 => one_line(&whole[..at]),
        _ => one_line(whole),
    }
}

/// Whether a line is a remark that there is nothing, `*(No active builds)*`.
pub fn is_placeholder(text: &str) -> bool {
    let plain = text.trim().trim_matches(['*', '_', '(', ')', '.', ' ', '-']).to_lowercase();
    fill::is_nothing(&plain)
        || ["no active", "no items", "no tasks", "no builds", "nothing ", "empty", "none "]
            .iter()
            .any(|begin| plain.starts_with(begin))
            && plain.len() < 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    #[test]
    fn a_line_says_many_things() {
        let line = "Stripe Integration - Added: 2026-02-07 - Priority: High - Category: Revenue";
        let read = item(line);
        assert_eq!((&*read.title, &*read.key), ("Stripe Integration", "stripe-integration"));
        assert_eq!((read.priority, &read.labels[0][..]), (Some(Priority::High), "Revenue"));
        assert_eq!(read.notes, [("Added".to_owned(), "2026-02-07".to_owned())]);
    }

    #[test]
    fn titles_are_found_in_many_lines() {
        for (line, title, priority, minutes) in [
            ("[x] **Mission** - ready", "Mission", None, None),
            ("Add login (P1, ~2h)", "Add login", Some(Priority::High), Some(120)),
            ("[P2] Add login [30m]", "Add login", Some(Priority::Medium), Some(30)),
            ("🔴 Fix crash", "Fix crash", Some(Priority::High), None),
            ("~~Old thing~~", "Old thing", None, None),
            (
                "3. ⭐ GRANULAR (user-requested) — hide it",
                "GRANULAR (user-requested) — hide it",
                None,
                None,
            ),
            ("Task 3: Add login", "Add login", None, None),
            ("Batch FS - the stub", "the stub", None, None),
            ("[ID-7] Add login", "Add login", None, None),
            ("[Add login](https://a.b/1)", "Add login", None, None),
            ("Golf Coaching - Landing Page", "Golf Coaching - Landing Page", None, None),
            ("Buy milk @ann #home due:2026-02-07", "Buy milk", None, None),
            ("Add `a - b` to c", "Add `a - b` to c", None, None),
        ] {
            let read = item(line);
            assert_eq!(read.title, title, "{line}");
            assert_eq!(read.priority, priority, "{line}");
            assert_eq!(read.estimate.map(|e| e.as_secs() / 60), minutes, "{line}");
        }
    }

    #[test]
    fn a_sentence_says_what_comes_first() {
        let read = item("**Add CSV** (P0) - [READY] Write it, tested. Depends on: Slow mode");
        assert_eq!(read.depends_on, ["Slow mode"]);
        let read = item("**Add CSV** - Write it. Blocked by the missing key; later");
        assert_eq!(read.blockers, ["the missing key"]);
        assert_eq!(item("Say what it depends on").depends_on, [""; 0]);
    }

    #[test]
    fn marks_hold_an_item() {
        let read = item("Batch NX `[NOT READY]` — it prints");
        assert_eq!(read.title, "it prints");
        assert_eq!(read.blockers, ["marked `NOT READY`"]);
        assert_eq!(read.aliases, ["Batch NX"]);
        let long = format!("Do this first. {}", "word ".repeat(40));
        let read = item(&long);
        assert_eq!(
            read.title,
            "Do this first. word word word word word word word word word word word word word word word word word"
        );
        assert!(read.text.len() > 150);
    }
}
