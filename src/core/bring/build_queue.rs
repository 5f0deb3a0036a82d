//! `BUILD_QUEUE.md`: lists by state, and the details of each item below a heading of its own.

use super::words::slug;
use super::{Found, Page, fold, page};

/// Whether a page is one, by its name or by its own words.
pub fn is_one(name: &str, text: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).replace(['_', ' '], "-");
    let head = text.lines().take(200).map(str::to_lowercase);
    let says = |line: String| {
        line.starts_with('#') && (line.contains("build queue") || line.contains("task details"))
    };
    name.contains("build-queue") || name.contains("buildqueue") || head.into_iter().any(says)
}

/// Reads the pages.
pub fn read(pages: &[Page]) -> Found {
    let mut all = Found::default();
    for one in pages {
        let mut found = page::read(&one.text, &one.name);
        found.items = fold::fold(found.items);
        named(&mut found, &one.name);
        all.items.append(&mut found.items);
        all.left.append(&mut found.left);
    }
    all
}

/// Puts the page before each key, and keeps what else an item may be called.
pub fn named(found: &mut Found, page: &str) {
    for item in &mut found.items {
        item.aliases.push(item.key.clone());
        item.aliases.push(slug(&item.title));
        item.key = format!("{page}#{}", item.key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Item, State};
    use super::*;
    use crate::domain::task::Priority;

    fn found(text: &str) -> Found {
        let page = Page { name: "BUILD_QUEUE.md".into(), text: text.into() };
        super::super::read(Format::BuildQueue, &[page]).unwrap()
    }

    /// `x Title !h 45m ?blocker =criterion` in a line.
    fn told(item: &Item) -> String {
        let mut told = String::from(if item.state == State::Done { "x " } else { "" });
        told += &item.title;
        told += match item.priority {
            Some(Priority::High) => " !h",
            Some(Priority::Medium) => " !m",
            Some(Priority::Low) => " !l",
            None => "",
        };
        if let Some(span) = item.estimate {
            told += &format!(" {}m", span.as_secs() / 60);
        }
        item.blockers.iter().for_each(|blocker| told += &format!(" ?{blocker}"));
        for (text, done) in &item.criteria {
            told += &format!(" {}{text}", if *done { "#" } else { "=" });
        }
        told
    }

    #[track_caller]
    fn check(text: &str, wanted: &[&str]) -> Found {
        let found = found(text);
        assert_eq!(found.items.iter().map(told).collect::<Vec<_>>(), wanted, "{text}");
        found
    }

    #[test]
    fn a_list_and_its_details_are_one() {
        let text = "# Build Queue - Robot Builds\n\n*Last updated: 2026-02-06*\n\n\
            ## 🔴 Priority (Building Now)\n*Currently being built*\n\n*(No active builds)*\n\n\
            ## 🟡 Active Queue (Next Up)\n- [ ] Pay Page - Added: 2026-02-07 - Priority: High\n\n\
            ## 🟢 Completed (Last 7 Days)\n- [x] Old Page - Completed: 2026-02-06 - Duration: ~30 minutes\n\n\
            ## 📋 Task Details\n\n### Pay Page\n- **Description:** Take money.\n\
            - **Completion Criteria:**\n  - Form works\n  - [x] Receipt is sent\n\
            - **Tech Stack:** Python, Stripe\n- **Estimated Time:** 45 minutes\n- **Model:** Opus (revenue)\n\n\
            ## 📋 Task Details (Archived)\n\n### Echo\n- **Description:** Say it.\n\
            - **Completion Criteria:** All said\n\n---\n\n## Template: Add New Build Item\n\n\
            ```markdown\n- **[Project Name]**\n```\n";
        let found = check(
            text,
            &["Pay Page !h 45m =Form works #Receipt is sent", "x Old Page", "x Echo =All said"],
        );
        let item = &found.items[0];
        assert_eq!(
            (item.text.as_str(), item.builder.as_deref()),
            ("Take money.", Some("Opus (revenue)"))
        );
        assert_eq!(item.tech, ["Python", "Stripe"]);
        assert_eq!(found.left.len(), 3, "{:?}", found.left);
    }

    #[test]
    fn headings_are_items_with_their_parts() {
        let text = "# Queue\n\nHow to.\n\n## How this works\n- Claim it.\n\n## Un-done batches\n\n> Pick FS.\n\n---\n\n\
            ## Batch FS - the stub contract\n\n**Goal.** Three loose ends\nof one kind.\n\n- **One.** Say it.\n\n\
            ### Files this batch edits\n- `a.go`\n\n---\n\n## Batch NX `[NOT READY]` — prints more\n\n\
            **Depends on:** Batch FS\n\n**Goal.** Less.\n";
        let found = check(text, &["the stub contract", "prints more ?marked `NOT READY`"]);
        let item = &found.items[0];
        assert!(item.text.starts_with("Three loose ends\nof one kind."), "{}", item.text);
        assert!(item.text.ends_with("### Files this batch edits\n- `a.go`"), "{}", item.text);
        assert_eq!(found.items[1].depends_on, ["Batch FS"]);
    }

    #[test]
    fn numbered_headings_a_gate_and_a_list_of_what_is_done() {
        let text = "# Baby — Build Queue\n\n## 🔑 GATE: everything below needs a key\n1. Make one.\n\n\
            ## 1. ⭐ Early start\nStart it.\n- Switch it\n  ```js\n  - [ ] no\n  ```\n\n## 2. Stable URL\nA tunnel.\n\n\
            ---\n## ✅ Done (verified)\n- Core proven: it works.\n\n## See OTHER.md — more\nLoop.\n";
        let gate = "🔑 GATE: everything below needs a key";
        let found = check(
            text,
            &[
                &format!("Early start ?{gate}"),
                &format!("Stable URL ?{gate}"),
                "x Core proven: it works.",
            ],
        );
        assert_eq!(found.items[0].aliases[0], "1");
        assert!(found.items[0].text.contains("- [ ] no"));
        assert!(found.left.iter().any(|left| left.contains("See OTHER.md")), "{:?}", found.left);
    }

    #[test]
    fn bare_lists_tables_and_other_languages() {
        check("# Build Queue\n\n1. Choose it\n2. Draw it\n", &["Choose it", "Draw it"]);
        check(
            "# Build queue\n\n| Task | Status | Priority |\n|---|---|---|\n| Add a | done | P1 |\n| Add b | | low |\n",
            &["x Add a !h", "Add b !l"],
        );
        check(
            "# Warteschlange\n\n## Offen\n\n### Anmeldung bauen\n**Beschreibung:** Eine Anmeldung.\n\
             **Priorität:** hoch\n**Aufwand:** 2 Stunden\n**Akzeptanzkriterien:**\n- Sie geht\n\n\
             ## Erledigt\n- Start\n",
            &["Anmeldung bauen !h 120m =Sie geht", "x Start"],
        );
        check("# 任务\n\n## 待办\n- [ ] 登录页面\n\n## 已完成\n- 首页\n", &["登录页面", "x 首页"]);
        check(
            "## High Priority\n- ☐ Add a\n- ✅ Add b\n\n## Someday\n- [ ] Add c\n",
            &["Add a !h", "x Add b !h", "Add c !l"],
        );
        check(
            "## Add a\nStatus: ✅ Done\n\nText.\n\n## Add b\nStatus: Blocked (legal)\nPriority: P0\n",
            &["x Add a", "Add b !h ?marked `Blocked (legal)`"],
        );
    }

    #[test]
    fn entries_with_fields_and_boxes_below() {
        let text = "## Queue\n\n- **Landing Page** (label: web)\n  - **Goal:** Sell it.\n  - **Deliverables:**\n\
            \x20   - [ ] Page\n    - [x] Copy\n  - **Priority:** low\n\n  More words.\n\n\
            - [ ] Second\n  - [ ] part\n- [~] Third\n";
        let found = check(text, &["Landing Page !l =Page #Copy", "Second =part", "Third"]);
        assert_eq!(found.items[0].text, "Sell it.\n\nMore words.");
        assert_eq!(found.items[0].labels, ["web"]);
        assert_eq!(found.items[2].notes[0].1, "in progress");
    }
}
