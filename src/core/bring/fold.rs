//! One item told twice on a page: its line in a list, and its details below a heading.

use std::collections::BTreeMap;

use super::{Item, State};

/// Puts the second telling of an item into the first; the order stays.
pub fn fold(items: Vec<Item>) -> Vec<Item> {
    let mut folded: Vec<Item> = Vec::with_capacity(items.len());
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        match known.get(&item.key) {
            Some(index) if is_more(&folded[*index], &item) => join(&mut folded[*index], item),
            _ => {
                known.insert(item.key.clone(), folded.len());
                folded.push(item);
            }
        }
    }
    folded
}

/// Whether one of the two is but a line, and the other what is said of it elsewhere.
fn is_more(first: &Item, second: &Item) -> bool {
    is_bare(first) || is_bare(second) || is_line(first) != is_line(second)
}

fn is_line(item: &Item) -> bool {
    item.criteria.is_empty() && item.text.trim().lines().count() <= 1
}

fn is_bare(item: &Item) -> bool {
    item.text.is_empty() && item.criteria.is_empty()
}

fn join(first: &mut Item, mut second: Item) {
    if is_bare(first) && is_bare(&second) {
        // Nobody can tell whether it is to be done twice.
        second.lost.push("left behind: the same line once more".into());
    }
    if first.text.is_empty() {
        first.text = second.text;
    } else if !second.text.trim().is_empty() {
        first.text = format!("{}\n\n{}", first.text.trim_end(), second.text);
    }
    first.criteria.append(&mut second.criteria);
    first.priority = first.priority.or(second.priority);
    first.estimate = first.estimate.or(second.estimate);
    first.due = first.due.take().or(second.due);
    first.not_before = first.not_before.take().or(second.not_before);
    first.builder = first.builder.take().or(second.builder);
    for (into, from) in [
        (&mut first.tech, second.tech),
        (&mut first.labels, second.labels),
        (&mut first.depends_on, second.depends_on),
        (&mut first.blockers, second.blockers),
        (&mut first.aliases, second.aliases),
        (&mut first.lost, second.lost),
    ] {
        for word in from {
            if !into.contains(&word) {
                into.push(word);
            }
        }
    }
    for (name, value) in second.notes {
        first.note(&name, &value);
    }
    if second.state == State::Done {
        first.state = State::Done;
    }
}
