//! Small grammars: inputs of the kind that is meant, with odd values in every place.

use super::mutate::Chance;
use super::words::{BLOCKS, CALENDAR, KINDS, RISKY, TRAILERS, VALUES};
use crate::domain::config;
use crate::domain::task;

/// A YAML mapping of dotted keys.
pub fn yaml(keys: &[&str], chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..chance.below(8) {
        let key = *chance.pick(keys);
        let value = chance.pick(VALUES);
        let parts: Vec<&str> = key.split('.').collect();
        match chance.below(6) {
            0 => {
                text += &format!(
                    "{}: {value}\n",
                    chance.pick(&["extra", "Titel", "prioritty", "a b", "", "? x"])
                )
            }
            _ if parts.len() == 1 => text += &format!("{key}: {value}\n"),
            1 => text += &format!("{}: {{{}: {}}}\n", parts[0], parts[1..].join(": {"), value),
            _ => {
                for (depth, part) in parts.iter().enumerate() {
                    text += &format!("{}{part}:", "  ".repeat(depth));
                    text += if depth + 1 == parts.len() { " " } else { "\n" };
                }
                text += &format!("{value}\n");
            }
        }
    }
    text
}

/// A task file with front matter.
pub fn task(chance: &mut Chance) -> Vec<u8> {
    let front = yaml(task::KEYS, chance);
    let end = chance.pick(&["---\n", "---\n", "---\n", "--- \n", "...\n", ""]);
    format!("---\n{front}{end}Write x.txt with a greeting.\n").into_bytes()
}

/// A policy.
pub fn config(chance: &mut Chance) -> Vec<u8> {
    yaml(config::KEYS, chance).into_bytes()
}

/// The body of a task.
pub fn body(chance: &mut Chance) -> Vec<u8> {
    let most = if chance.once_in(40) { 400 } else { 14 };
    (0..chance.below(most)).flat_map(|_| chance.pick(BLOCKS).bytes()).collect()
}

/// A text such as people write, more or less.
pub fn prose(chance: &mut Chance) -> Vec<u8> {
    let most = if chance.once_in(100) { 3000 } else { 60 };
    (0..chance.below(most)).flat_map(|_| chance.pick(RISKY).bytes()).collect()
}

/// A calendar.
pub fn calendar(chance: &mut Chance) -> Vec<u8> {
    let line = |chance: &mut Chance| format!("{}\r\n", chance.pick(CALENDAR));
    let mut text = String::from("BEGIN:VCALENDAR\r\n");
    for _ in 0..chance.below(5) {
        text += "BEGIN:VEVENT\r\nSUMMARY:M\r\n";
        text.extend((0..1 + chance.below(6)).map(|_| line(chance)));
        text += "END:VEVENT\r\n";
    }
    (text + "END:VCALENDAR\r\n").into_bytes()
}

/// Messages of a ledger, one after another, parted by the record separator.
pub fn events(chance: &mut Chance) -> Vec<u8> {
    let mut text = String::new();
    for number in 0..1 + chance.below(12) {
        let kind = *chance.pick(KINDS);
        text += &format!("{kind}: a\n\n{}", chance.pick(&["", "Said.\n\n", "---\nKey: value\n\n"]));
        text += &format!("Buildq-Event: {kind}\nBuildq-Id: {number}\n");
        // Most events have what they need, or none would be one.
        for key in ["Task: a", "Attempt: 1"] {
            text += &if chance.once_in(9) { String::new() } else { format!("Buildq-{key}\n") };
        }
        let needed = TRAILERS.iter().filter(|line| line.len() > 40 || line.starts_with("How"));
        let needed: Vec<&&str> = needed.collect();
        text.extend(
            needed.iter().filter(|_| !chance.once_in(12)).map(|line| format!("Buildq-{line}\n")),
        );
        text.extend((0..chance.below(7)).map(|_| format!("Buildq-{}\n", chance.pick(TRAILERS))));
        text.push('\u{1e}');
    }
    text.into_bytes()
}

/// Lines of anything, for whatever shows text.
pub fn lines(chance: &mut Chance) -> Vec<u8> {
    let mut all = prose(chance);
    all.extend(body(chance));
    all.extend((0..24).map(|_| chance.below(256) as u8));
    all
}
