//! Lists of other tools: whatever they say, each item becomes a sound file, and a second reading
//! finds nothing new.

use std::collections::{BTreeMap, BTreeSet};

use super::Target;
use super::grow;
use super::mutate::Chance;
use crate::core::bring::{self, Fate, Format, Here, Known, Page};
use crate::domain::id::TaskId;
use crate::domain::task;

/// A file is written, and read again, for each item, and there may be one in a dozen bytes: what
/// an input may take is meant for so many of them.
const LONGEST: usize = 16 << 10;

/// Lists in every format, read as each of them.
pub const LISTS: Target = Target {
    name: "lists",
    run: |bytes| {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned();
        let pages = [Page { name: "list.md".into(), text }];
        let told = bring::detect(&pages);
        for (_, format) in Format::ALL {
            // All of them where one is meant would say the same five times more.
            if told.is_none_or(|told| told == *format) || *format == Format::BuildQueue {
                brought(*format, &pages);
            }
        }
    },
    grow: list,
    corpus,
    words: WORDS,
    short: 1500,
};

const WORDS: &[&str] = &[
    "## Active Queue\n",
    "## Task Details\n",
    "### [ ] Item\n",
    "- [ ] ",
    "- [x] ",
    "✅ ",
    "| a | b |\n",
    "|---|---|\n",
    "**Priority:** High\n",
    "Status: Done\n",
    "**Depends on:** #1\n",
    "GATE: ",
    "[NOT READY]",
    "<!-- ",
    "-->",
    "```\n",
    "---\n",
    "id: BACK-1\n",
    "{\"id\":\"bd-1\",\"title\":\"a\",\"created_at\":\"\"}\n",
    "\"number\":1,",
    "\"uuid\":\"u\",",
    "due:2026-02-07 ",
    "(P1, ~2h)",
    "~~",
    "🔴",
    "1. ",
    "\t",
    "優先度：高\n",
    "Due: 7.2.2026\n",
    "\u{feff}",
    "title: a\n",
    "- **Completion Criteria:**\n  - a\n",
];

const QUEUE: &str = "# Build Queue\n\n## GATE: everything below needs a key\n1. Ask.\n\n## Active Queue\n\
    - [ ] Page - Priority: High - Added: 2026-02-07\n- [x] **Old** (~2h)\n\n## 3. Numbered\nText.\n\n| Task | Status |\n|---|---|\n| a | done |\n\n\
    ## Task Details\n### Page\n- **Description:** It.\n- **Completion Criteria:**\n  - [ ] a\n  - b\n- **Depends on:** Old, me\n";
const BACKLOG: &str = "---\nid: BACK-1\ntitle: >-\n  a\n  b\nstatus: To Do\nassignee: @a\nlabels: [a, 'b']\ndependencies:\n  - task-2\n\
    ---\n## Description\n<!-- X -->\nIt.\n\n## Acceptance Criteria\n- [x] #1 a\n";
const BEADS: &str = "{\"id\":\"bd-1\",\"title\":\"a\",\"description\":\"b\",\"status\":\"open\",\"priority\":0,\"issue_type\":\"bug\",\
    \"acceptance_criteria\":\"- a\",\"created_at\":\"2025-10-21T23:53:44Z\",\"dependencies\":[{\"depends_on_id\":\"bd-1\",\"type\":\"blocks\"}]}\n";
const TASKS: &str = "[{\"uuid\":\"1-2\",\"description\":\"a\",\"status\":\"pending\",\"due\":\"20260207T200000Z\",\"depends\":[\"x\"],\
    \"annotations\":[{\"entry\":\"\",\"description\":\"b\"}]}]";
const ISSUES: &str = "[{\"number\":1,\"title\":\"a\",\"state\":\"OPEN\",\"body\":\"Depends on #1\\n- [ ] a\",\"labels\":[{\"name\":\"P1\"}]}]";
const TODO: &str = "(A) 2026-02-07 Call +p @c due:2026-02-08\nx Done\n";

fn corpus() -> Vec<Vec<u8>> {
    [QUEUE, BACKLOG, BEADS, TASKS, ISSUES, TODO].map(|text| text.as_bytes().to_vec()).to_vec()
}

fn list(chance: &mut Chance) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..1 + chance.below(12) {
        match chance.below(3) {
            0 => text.extend(grow::prose(chance)),
            1 => text.extend(grow::body(chance)),
            _ => text.extend(chance.pick(WORDS).as_bytes()),
        }
        text.extend(chance.pick(&["", "\n", "\n\n", " "]).as_bytes());
    }
    text
}

fn brought(format: Format, pages: &[Page]) {
    let Ok(found) = bring::read(format, pages) else { return };
    let mut here = Here {
        dir: "queue",
        builders: BTreeSet::from(["opus".to_owned()]),
        known: BTreeMap::new(),
        ids: BTreeSet::new(),
    };
    let mut number = 0;
    let mut give = |_: &str| {
        number += 1;
        TaskId::new(&format!("t{number}")).unwrap()
    };
    let first = bring::place(format, &found.items, &here, &mut give);
    for one in &first {
        assert_eq!(one.fate, Fate::New, "{one:#?}");
        let parsed = task::parse(&one.path, &one.id, one.text.as_bytes());
        assert!(parsed.task.is_some(), "{:?}\n{}", parsed.diagnostics, one.text);
        let known = Known { id: one.id.clone(), text: one.text.clone().into(), room: one.room };
        let before = here.known.insert(one.source.clone(), known);
        assert_eq!(before, None, "two items of one source: {}", one.source);
    }
    let again = bring::place(format, &found.items, &here, &mut give);
    assert!(again.iter().all(|one| one.fate == Fate::Same), "{again:#?}");
}
