//! Task files of the simulated queue, and what is true of each by the way it was made.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::core::judged::Judged;
use crate::core::queue::Item;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task;

/// The tasks that there are.
pub const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// What a task file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    /// Nothing speaks against it; in several wordings.
    High(u8),
    /// It waits for the night.
    Medium,
    /// It waits for a person.
    Low,
    /// A person wants to be asked.
    Risky,
    /// It says too little.
    Unclear,
    /// Something stands in its way.
    Blocked,
    /// This other one comes first.
    Upon(u8),
    /// Both of the others come first.
    UponBoth,
    /// Not before noon of the second day.
    Later,
    /// It cannot be read.
    Broken,
    /// Another builder builds it.
    Agent,
}

/// All of them.
pub const TEXTS: [Text; 17] = [
    Text::High(0),
    Text::High(1),
    Text::High(2),
    Text::Medium,
    Text::Low,
    Text::Risky,
    Text::Unclear,
    Text::Blocked,
    Text::Upon(0),
    Text::Upon(1),
    Text::Upon(2),
    Text::Upon(3),
    Text::UponBoth,
    Text::Later,
    Text::Broken,
    Text::Agent,
    Text::High(3),
];

/// One of [`NAMES`].
pub fn id(index: usize) -> TaskId {
    TaskId::new(NAMES[index % NAMES.len()]).unwrap()
}

impl Text {
    /// What comes first.
    pub fn upon(self) -> Vec<TaskId> {
        match self {
            Self::Upon(other) => vec![id(other.into())],
            Self::UponBoth => vec![id(0), id(1)],
            _ => Vec::new(),
        }
    }

    /// Whether nothing ever lets it start as it stands.
    pub fn never(self) -> bool {
        matches!(self, Self::Blocked | Self::Broken)
    }

    /// The builder that it names.
    pub fn builder(self) -> &'static str {
        if matches!(self, Self::Agent | Self::Unclear) { "agent" } else { "steps" }
    }

    /// The blob of this text under this name.
    pub fn blob(self, task: &TaskId) -> Oid {
        let text = TEXTS.iter().position(|text| *text == self).unwrap();
        let name = NAMES.iter().position(|name| *name == task.as_str()).unwrap();
        super::world::number(0xb10b_0000 + (text * 16 + name) as u64)
    }

    fn front(self) -> String {
        match self {
            Self::Medium => "priority: medium".into(),
            Self::Low => "priority: low".into(),
            Self::Blocked => "priority: high\nblockers: [the key is missing]".into(),
            Self::Upon(_) | Self::UponBoth => {
                let upon: Vec<_> = self.upon().iter().map(TaskId::to_string).collect();
                format!("priority: high\ndepends_on: [{}]", upon.join(", "))
            }
            Self::Later => "priority: high\nnot_before: 2026-02-08 12:00".into(),
            Self::Broken => "priority: [".into(),
            Self::Agent | Self::Unclear => "priority: high\nbuilder: agent".into(),
            _ => "priority: high".into(),
        }
    }

    /// The item of the queue, and what its text says; read once.
    pub fn item(self, task: &TaskId) -> (Item, Option<Judged>) {
        type Read = BTreeMap<(Text, TaskId), (Item, Option<Judged>)>;
        thread_local!(static READ: RefCell<Read> = const { RefCell::new(BTreeMap::new()) });
        READ.with_borrow_mut(|read| {
            let read = read.entry((self, task.clone())).or_insert_with(|| self.read(task));
            read.clone()
        })
    }

    fn read(self, task: &TaskId) -> (Item, Option<Judged>) {
        let words = match self {
            Self::High(n) => format!("Write {task}.txt with greeting number {n}."),
            Self::Risky => "Deploy the API to production.".into(),
            Self::Unclear => "Make it better.".into(),
            other => format!("Write {task}.txt with a greeting, {other:?}."),
        };
        let front = self.front();
        // A script could be looked at: that would be clear enough.
        let steps = match self {
            Self::Unclear => String::new(),
            _ => format!("\n```sh\necho hi > {task}.txt\n```\n"),
        };
        let text = format!("---\n{front}\n---\n{words}\n{steps}");
        let path = format!("queue/{task}.md");
        let parsed = task::parse(&path, task, text.as_bytes());
        let blob = self.blob(task);
        let judged = parsed.task.as_ref().map(|task| Judged::read(blob, task));
        let (task, diagnostics) = (parsed.task, parsed.diagnostics);
        (Item { id: id_of(&path), path, blob, task, diagnostics }, judged)
    }
}

fn id_of(path: &str) -> TaskId {
    TaskId::new(path.trim_start_matches("queue/").trim_end_matches(".md")).unwrap()
}

/// The texts are what they are taken for: else the judge would judge by other rules.
#[test]
fn texts_are_what_they_are_taken_for() {
    for text in TEXTS {
        let (item, judged) = text.item(&id(0));
        assert_eq!(item.task.is_none(), text == Text::Broken, "{text:?}");
        let Some(judged) = judged else { continue };
        assert_eq!(judged.unclear.is_some(), text == Text::Unclear, "{text:?}: {judged:?}");
        assert_eq!(!judged.risks.is_empty(), text == Text::Risky, "{text:?}: {judged:?}");
    }
}
