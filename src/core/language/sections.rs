//! What part of a task a heading or label opens.

use super::reading::Section;

/// Words of headings and labels, in lower case, by the section that they open; the first list
/// that has one of a heading's words or phrases decides.
const SECTIONS: &[(Section, &str)] = &[
    (
        Section::Excluded,
        "non-goal, non-goals, nongoals, out of scope, not in scope, out-of-scope, won't do, wont do, excluded, exclusions, \
         not included, future, future work, later, follow-ups, follow-up, followups, deferred, not doing, do not, don't, \
         not now, nice to have, alternatives considered, rejected, anti-goals, never, what not to do",
    ),
    (
        Section::Open,
        "decisions to make, decisions, decision criteria, investigation needed, analysis needed, open issues, open points, open questions, open question, questions, decision needed, decisions needed, options, why not ready, to decide, unresolved, unknowns, tbd, to be decided, \
         undecided, needs decision",
    ),
    (
        Section::Waiting,
        "blocker, blockers, blocked by, blocked on, waiting on, waiting for, awaiting, on hold, blocked until",
    ),
    (
        Section::Files,
        "files, file, files to create, files to modify, files to change, files to touch, affected files, file to modify, \
         related files, key files, touches, files this batch creates/edits, where, code, location, paths",
    ),
    (
        Section::Tech,
        "tech, tech stack, stack, tools, technologies, technology, libraries, resources, skills",
    ),
    (
        Section::Meta,
        "priority, status, estimate, estimated, estimated time, estimated effort, effort, added, completed, created, category, \
         model, owner, assignee, assigned, due, deadline, target, target date, eta, start, started, build tonight, build tomorrow, \
         build sunday, tags, labels, type, difficulty, points, story points, updated, reporter, milestone, sprint, complexity, size, date, id, epic, \
         severity, area, component, version, estimate time, time estimate, duration, agent, value, score, confidence, branch, revenue impact, roi",
    ),
    (
        Section::Background,
        "why, impact, benefit, benefits, background, context, problem, problem statement, motivation, rationale, current, \
         current state, current behavior, current behaviour, currently, steps to reproduce, reproduction, reproduce, repro, \
         observed, observed behavior, actual, actual behavior, what happens, what happened, evidence, related, references, see also, \
         history, example, examples, symptom, symptoms, root cause, analysis, use case, use cases, user story, \
         environment, logs, success metrics, metrics, note, notes, watch item, depends on, dependencies, dependency, prior art, \
         findings, discussion, discovered, comments, learnings, reason, summary of the incident, links, reference, risk, risks, assumptions, trade-offs, \
         tradeoffs, considerations, what is, done so far, progress, resolution, overview of the problem, what we have, today, result so far",
    ),
];

/// The section that a heading or label opens; the task itself where none is known.
pub fn section(label: &str) -> Section {
    let plain = label.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let plain = plain.split(['(', '[', '`']).next().unwrap_or_default();
    let plain = plain.trim_matches(|c: char| !c.is_alphanumeric());
    let whole = |list: &str| list.split(", ").any(|entry| entry == plain);
    if let Some((section, _)) = SECTIONS.iter().find(|(_, list)| whole(list)) {
        return *section;
    }
    let words = plain.split_whitespace().count();
    let part = |list: &str| {
        let has = |entry: &str| entry.contains(' ') && plain.contains(entry);
        list.split(", ").any(has)
    };
    let found = SECTIONS.iter().find(|(_, list)| words <= 8 && part(list));
    if let Some((section, _)) = found {
        return *section;
    }
    match plain.split([' ', ':']).next().unwrap_or_default() {
        "why" | "background" | "problem" | "context" | "current" | "motivation" => {
            Section::Background
        }
        "files" => Section::Files,
        "non-goals" | "excluded" => Section::Excluded,
        _ => Section::Task,
    }
}

/// Whether a label is one of the known ones, so that it counts without bold letters.
pub fn is_known(label: &str) -> bool {
    let known = [
        "what",
        "goal",
        "goals",
        "description",
        "task",
        "tasks",
        "scope",
        "plan",
        "approach",
        "todo",
        "steps",
        "requirements",
        "change",
        "changes",
        "mission",
        "output",
        "need",
        "needs",
        "pattern",
        "delivers",
        "concept",
        "objective",
        "deliverables",
        "action",
        "fix",
        "solution",
        "proposal",
        "expected",
        "implementation",
        "how",
    ];
    let plain = label.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    known.contains(&plain.as_str()) || section(label) != Section::Task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_open_sections() {
        for (label, expected) in [
            ("Non-goals", Section::Excluded),
            ("🚫 Out of scope (for now)", Section::Excluded),
            ("Why this matters", Section::Background),
            ("Steps to reproduce", Section::Background),
            ("Files to create", Section::Files),
            ("Open questions", Section::Open),
            ("Estimated Time", Section::Meta),
            ("What", Section::Task),
            ("Step 1: Rename", Section::Task),
        ] {
            assert_eq!(section(label), expected, "{label}");
        }
    }
}
