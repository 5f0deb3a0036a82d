//! What the text of a task alone says of it: whether it is clear, and what it risks.
//!
//! Reading a text is the dearest step of planning, and its result never changes; so it is looked
//! up where it is known, by the very text that it was made from.

use serde::{Deserialize, Serialize};

use super::clear::{self, Ruling};
use super::language::reading::Reading;
use super::model::{self, Found};
use super::queue::Item;
use super::risk;
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
        let Heard { unclear, risks, waits } = hear(task);
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

/// What a text says, whatever blob holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Why it cannot be built without asking.
    pub unclear: Option<String>,
    /// What a person should know of before it starts.
    pub risks: Vec<risk::Risk>,
    /// The words by which it says itself that it is not to be started yet.
    pub waits: Option<String>,
}

/// Reads a task by the rules and by the model: either may hold it. Of a task with steps the rules
/// read the very commands that are run, so the model is not asked to guess.
pub fn hear(task: &Task) -> Heard {
    let reading = Reading::of(task);
    with_features(task, &reading, |found, ruling, mut risks, waits| {
        let opinion = model::opinion(task, found);
        let guess = task.steps.is_empty() && risks.is_empty() && waits.is_none();
        if guess && opinion.ask >= 0.0 {
            let kind = opinion.kind;
            risks.extend(model::words(&reading, task).map(|words| risk::Risk { kind, words }));
        }
        let unclear = match ruling {
            Ruling::Clear => None,
            Ruling::Unclear(reason) => Some(reason),
            Ruling::Weighed { reason, .. } => (opinion.unclear >= 0.0).then_some(reason),
        };
        Heard { unclear, risks, waits }
    })
}

/// Hands what the rules make of a task to a closure.
fn with_features<T>(
    task: &Task,
    reading: &Reading,
    then: impl FnOnce(&Found, Ruling, Vec<risk::Risk>, Option<String>) -> T,
) -> T {
    let evidence = risk::evidence(reading, task);
    let risks = risk::strong(&evidence);
    let waits = risk::waits_in(reading);
    let ruling = clear::ruling(reading, task, waits.as_deref());
    let (unclear, numbers) = match &ruling {
        Ruling::Clear => (false, Vec::new()),
        Ruling::Unclear(_) => (true, Vec::new()),
        Ruling::Weighed { holds, numbers, .. } => (*holds, numbers.clone()),
    };
    let found = Found {
        reading,
        evidence: &evidence,
        frame: risk::frame(reading),
        asks: !risks.is_empty(),
        waits: waits.is_some(),
        unclear,
        numbers: &numbers,
    };
    then(&found, ruling, risks, waits)
}

/// Every feature of a task that the model weighs, as `part:name` with its size.
pub fn features(task: &Task) -> Vec<(String, f32)> {
    let reading = Reading::of(task);
    let mut all = Vec::new();
    model::Words::of(task)
        .each(|part, word, size| all.push((format!("{}:{word}", part.name()), size)));
    with_features(task, &reading, |found, _, _, _| {
        model::findings(found, |name, size| all.push((format!("rule:{name}"), size)));
    });
    all
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
