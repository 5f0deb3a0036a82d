//! What the text of a task alone says of it: whether it is clear, and what it risks.
//!
//! Reading a text is the dearest step of planning, and its result never changes; so it is looked
//! up where it is known, by the very text that it was made from.

use serde::{Deserialize, Serialize};

use super::language::reading::Reading;
use super::queue::Item;
use super::{clear, risk};
use crate::domain::id::Oid;
use crate::domain::task::Task;

/// The reading of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The text that was read; of another nothing is known.
    pub blob: Oid,
    /// Why it cannot be built without asking.
    pub unclear: Option<String>,
    /// What a person should know of before it starts.
    pub risks: Vec<risk::Risk>,
    /// The words by which it says itself that it is not to be started yet.
    pub waits: Option<String>,
}

impl Judged {
    /// Reads a task.
    pub fn read(blob: Oid, task: &Task) -> Self {
        let reading = Reading::of(task);
        let (risks, waits) = (risk::risks_in(&reading, task), risk::waits_in(&reading));
        let unclear = clear::unclear_in(&reading, task, waits.as_deref());
        Self { blob, unclear, risks, waits }
    }

    /// The known reading of an item, if it is of this very text; else a new one.
    pub fn of(known: Option<&Self>, item: &Item, task: &Task) -> Self {
        match known.filter(|known| known.blob == item.blob) {
            Some(known) => known.clone(),
            None => Self::read(item.blob, task),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    #[test]
    fn a_reading_of_another_text_is_not_used() {
        let id = TaskId::new("t").unwrap();
        let task = parse("t.md", &id, b"Deploy the API to production.").task.unwrap();
        let item = Item {
            id,
            path: "queue/t.md".into(),
            blob: Oid([1; 20]),
            task: None,
            diagnostics: Vec::new(),
        };
        let stale = Judged { blob: Oid([2; 20]), unclear: None, risks: Vec::new(), waits: None };
        let fresh = Judged::of(Some(&stale), &item, &task);
        assert!(!fresh.risks.is_empty());
        let known = Judged { blob: Oid([1; 20]), ..stale };
        assert!(Judged::of(Some(&known), &item, &task).risks.is_empty());
    }
}
