//! What waits for a person's review: the list, and one build in full.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::text;
use crate::core::inspect::{Finding, Kind};
use crate::core::overview::ticked;
use crate::domain::config::STEPS;
use crate::domain::event::Spent;
use crate::domain::id::{Attempt, Oid, TaskId};

/// One build in review.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Whose.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Which run.
    pub attempt: Attempt,
    /// When it was done.
    pub since: DateTime<Utc>,
    /// Ticked criteria.
    pub ticked: usize,
    /// All criteria.
    pub criteria: usize,
    /// Texts of those that are not ticked.
    pub unticked: Vec<String>,
    /// Its branch.
    pub branch: String,
    /// The branch that it would be merged into.
    pub base: String,
    /// Why its work cannot be looked at here, if so.
    pub trouble: Option<String>,
    /// What it would clash with.
    pub clashes: Vec<Clash>,
    /// Builds below it that are not merged yet.
    pub upon: Vec<TaskId>,
    /// Where a build at work has come to touch what it changed, one sentence each.
    pub crossings: Vec<String>,
    /// The task's text has changed since it was built.
    pub edited: bool,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}

/// A merge that needs a person.
#[derive(Clone, Debug, Serialize)]
pub struct Clash {
    /// A branch.
    pub with: String,
    /// Where.
    pub paths: Vec<String>,
}

/// One commit of a build.
#[derive(Clone, Debug, Serialize)]
pub struct CommitView {
    /// Its name.
    pub commit: Oid,
    /// Its first line.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
}

/// One build in full.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// What the list says of it.
    #[serde(flatten)]
    pub row: Row,
    /// What git here calls its work.
    pub name: String,
    /// The commit that would be merged.
    pub tip: Oid,
    /// The builder's own words.
    pub summary: String,
    /// From the run's start to its end.
    pub seconds: u64,
    /// Who built it.
    pub builder: String,
    /// What its agent says it has used.
    pub spent: Spent,
    /// Command, how it ended, whether it passed.
    pub checks: Vec<(String, String, bool)>,
    /// Newest first.
    pub commits: Vec<CommitView>,
    /// Path, lines added, lines removed.
    pub changes: Vec<(String, usize, usize)>,
    /// What to look at.
    pub deliverables: Vec<String>,
    /// What the builder would do next.
    pub next_steps: Vec<String>,
}

/// Changed files that are listed one by one.
const FILES: usize = 40;

/// All of them, and what to type next.
pub fn list(rows: &[Row], now: DateTime<Utc>) -> String {
    if rows.is_empty() {
        return "nothing waits for review\nhint: buildq status".into();
    }
    let mut lines = Vec::new();
    for row in rows {
        let (task, title) = (&row.task, text::safe(&row.title));
        lines.push(format!("{task}: {title} ({})", text::ago(row.since, now)));
        let mut facts = vec![criteria(row), merges(row)];
        facts.extend(upon(row));
        facts.extend(row.crossings.iter().map(|crossing| text::safe(crossing)));
        if row.edited {
            facts.push("edited since it was built".into());
        }
        if !row.findings.is_empty() {
            facts.push(format!("{} to look at", text::count(row.findings.len(), "thing")));
        }
        lines.push(format!("  {}", facts.join("; ")));
    }
    lines.push(format!("\nbuildq review {} shows one in full", rows[0].task));
    lines.join("\n")
}

fn criteria(row: &Row) -> String {
    ticked(row.ticked, row.criteria)
}

fn merges(row: &Row) -> String {
    if let Some(trouble) = &row.trouble {
        return text::safe(trouble.lines().next().unwrap_or_default());
    }
    if row.clashes.is_empty() {
        return "merges clean".into();
    }
    let clash = |clash: &Clash| {
        let first = clash.paths.first().map(|path| text::safe(path)).unwrap_or_default();
        let more = match clash.paths.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("clashes with {} in `{first}`{more}", clash.with)
    };
    row.clashes.iter().map(clash).collect::<Vec<_>>().join("; ")
}

fn upon(row: &Row) -> Option<String> {
    let names: Vec<_> = row.upon.iter().map(|id| format!("`{id}`")).collect();
    (!names.is_empty()).then(|| format!("stands upon {}: accept that first", names.join(" and ")))
}

/// One build: what is missing first, then what was done, how to look at it, and what to type.
pub fn one(detail: &Detail, now: DateTime<Utc>) -> String {
    let row = &detail.row;
    let (task, age) = (&row.task, text::ago(row.since, now));
    let mut lines = vec![format!("{task}: {}", row.title)];
    if !row.findings.is_empty() {
        lines.push("\nlook at this first (accept asks for --yes-protected):".into());
        lines.extend(row.findings.iter().flat_map(finding));
    }
    if !row.unticked.is_empty() {
        lines.push(format!("\nnot ticked ({}):", criteria(row)));
        lines.extend(row.unticked.iter().map(|text| format!("  [ ] {text}")));
    }
    if row.edited {
        lines.push(
            "\nthe task's text has changed since it was built; the edit is not in here".into(),
        );
        lines.push(format!("  buildq retry {task} builds the new text"));
    }
    let took = text::span(Duration::from_secs(detail.seconds));
    let spent = text::spent(&detail.spent).map_or_else(String::new, |spent| format!(", {spent}"));
    let (attempt, builder) = (row.attempt, &detail.builder);
    lines.push(format!("\nattempt {attempt} by {builder}, {age}, after {took}{spent}"));
    if row.unticked.is_empty() {
        lines.push(criteria(row));
    }
    lines.push(merges(row));
    lines.extend(upon(row));
    lines.extend(row.crossings.iter().cloned());
    let mut section = |title: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.push(format!("\n{title}"));
            lines.extend(entries.into_iter().map(|entry| format!("  {entry}")));
        }
    };
    section("summary", detail.summary.trim().lines().map(str::to_owned).collect());
    let check = |(command, ended, passed): &(String, String, bool)| {
        let word = if *passed { "passed" } else { ended.as_str() };
        format!("{command}: {word}")
    };
    section("checks", detail.checks.iter().map(check).collect());
    let commit = |one: &CommitView| format!("{} {}", one.commit.short(), one.subject);
    section("commits", detail.commits.iter().map(commit).collect());
    section("changes", changes(detail));
    section("deliverables", detail.deliverables.clone());
    section("next steps", detail.next_steps.clone());
    let (base, name, branch) = (&row.base, &detail.name, &row.branch);
    let look = [
        format!("git diff {base}...{name}"),
        format!("buildq try {task}"),
        format!("git switch {branch}"),
        format!("git worktree add ../{task} {branch}"),
    ];
    section("look at it", look.to_vec());
    section("decide", decide(detail));
    text::safe_lines(&lines.join("\n"))
}

/// What can be typed about it; a command that would be refused is not offered.
fn decide(detail: &Detail) -> Vec<String> {
    let (row, task) = (&detail.row, &detail.row.task);
    let clashes = row.clashes.iter().any(|clash| clash.with == row.base);
    let mut lines = match (clashes, row.upon.first()) {
        (true, _) => vec![format!(
            "git switch {} && git merge {}, mend the clash, commit, then: buildq accept {task}",
            row.branch, row.base
        )],
        (false, Some(below)) => vec![format!("buildq accept {below}, then: buildq accept {task}")],
        (false, None) => vec![format!("buildq accept {task}")],
    };
    lines.push(match detail.builder == STEPS {
        true => format!("edit the task's `sh` blocks, commit, then: buildq retry {task}"),
        false => format!("buildq reject {task} -m \"what should be different\""),
    });
    lines
}

/// What a person should look at, each on a line or two.
pub fn findings(found: &[Finding]) -> String {
    text::safe_lines(&found.iter().flat_map(finding).collect::<Vec<_>>().join("\n"))
}

fn finding(one: &Finding) -> Vec<String> {
    let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
    let mut lines = match (one.kind, one.path.as_str()) {
        // Its sentence names the place.
        (Kind::Leak, _) | (_, "") => vec![format!("  ! {}", one.why)],
        (_, path) => vec![format!("  ! {}{line}: {}", text::safe(path), one.why)],
    };
    if !one.quote.is_empty() {
        lines.push(format!("      {}", text::safe(&one.quote)));
    }
    lines
}

fn changes(detail: &Detail) -> Vec<String> {
    let all = &detail.changes;
    let one =
        |(path, added, removed): &(String, usize, usize)| format!("{path} +{added} -{removed}");
    let mut lines: Vec<_> = all.iter().take(FILES).map(one).collect();
    if all.len() > FILES {
        lines.push(format!("and {} more", text::count(all.len() - FILES, "file")));
    }
    let (added, removed) = all.iter().fold((0, 0), |sum, one| (sum.0 + one.1, sum.1 + one.2));
    if all.len() > 1 {
        lines.push(format!("{}, +{added} -{removed}", text::count(all.len(), "file")));
    }
    lines
}

/// What can be done with the build before the reader, by its key.
pub fn keys(task: &TaskId, left: usize) -> String {
    let left = if left == 1 { "the last".into() } else { format!("{left} left") };
    format!("\n{task} ({left}): s summary, d diff, t try, a accept, r reject, n skip, q quit > ")
}

/// How a walk ended.
pub fn walked(accepted: usize, rejected: usize, rest: usize) -> String {
    let verb = if rest == 1 { "waits" } else { "wait" };
    match (accepted, rejected, rest) {
        (0, 0, 0) => "nothing waits for review".into(),
        (accepted, rejected, 0) => {
            format!("{accepted} accepted, {rejected} rejected; nothing waits any more")
        }
        (accepted, rejected, rest) => {
            format!("{accepted} accepted, {rejected} rejected; {rest} still {verb} for review")
        }
    }
}

/// A command of the checks begins.
pub fn running(word: &str, command: &str) -> String {
    format!("{word}: {}", text::safe(command))
}

/// It has ended.
pub fn ran(word: &str, ended: &str, took: Duration) -> String {
    let ended = if ended == "exit 0" { "passed" } else { ended };
    format!("{word} {} after {}", text::safe(ended), text::span(took))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            task: TaskId::new("hello").unwrap(),
            title: "Say hello\u{1b}[2J".into(),
            attempt: Attempt(1),
            since: DateTime::UNIX_EPOCH,
            ticked: 1,
            criteria: 2,
            unticked: vec!["it is loud".into()],
            branch: "build/hello".into(),
            base: "main".into(),
            trouble: None,
            clashes: Vec::new(),
            upon: Vec::new(),
            crossings: Vec::new(),
            edited: false,
            findings: Vec::new(),
        }
    }

    #[test]
    fn the_list_says_how_each_would_merge() {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(2);
        let clash = |with: &str, paths: &[&str]| Clash {
            with: with.into(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        let clashes = vec![clash("main", &["a.txt"]), clash("build/y", &["b.txt", "c.txt"])];
        let upon = vec![TaskId::new("y").unwrap()];
        let rows = [row(), Row { clashes, upon, criteria: 1, unticked: vec![], ..row() }];
        assert_eq!(
            list(&rows, now),
            "hello: Say hello\u{fffd}[2J (2h ago)\n  1 of 2 criteria ticked; merges clean\n\
             hello: Say hello\u{fffd}[2J (2h ago)\n  1 of 1 criterion ticked; clashes with main in \
             `a.txt`; clashes with build/y in `b.txt` and 1 more; stands upon `y`: accept that first\n\
             \nbuildq review hello shows one in full"
        );
        assert!(list(&[], now).starts_with("nothing waits"));
    }

    #[test]
    fn a_walk_ends_with_what_became_of_it() {
        assert_eq!(walked(0, 0, 0), "nothing waits for review");
        assert_eq!(walked(2, 1, 0), "2 accepted, 1 rejected; nothing waits any more");
        assert_eq!(walked(0, 0, 1), "0 accepted, 0 rejected; 1 still waits for review");
        assert!(keys(&row().task, 1).starts_with("\nhello (the last): s summary"));
    }

    #[test]
    fn what_is_missing_comes_first() {
        let detail = Detail {
            row: row(),
            name: "build/hello".into(),
            tip: Oid([1; 20]),
            summary: "Did it.\nTwice.".into(),
            seconds: 65,
            builder: "steps".into(),
            spent: Spent { tokens_in: Some(12_345), tokens_out: Some(450), cost: None },
            checks: vec![("cargo test".into(), "exit 0".into(), true)],
            commits: Vec::new(),
            changes: vec![("a.txt".into(), 1, 0)],
            deliverables: Vec::new(),
            next_steps: Vec::new(),
        };
        let text = one(&detail, DateTime::UNIX_EPOCH);
        assert!(text.starts_with("hello: Say hello\u{fffd}[2J\n\nnot ticked (1 of 2 criteria ticked):\n  [ ] it is loud\n"));
        assert!(text.contains("\nsummary\n  Did it.\n  Twice.\n"), "{text}");
        let decides = |detail: &Detail, expected: [&str; 2]| {
            let text = one(detail, DateTime::UNIX_EPOCH);
            let tail = format!("\ndecide\n  {}\n  {}\n", expected[0], expected[1]);
            assert!(text.ends_with(&tail), "{text}");
        };
        let retry = "edit the task's `sh` blocks, commit, then: buildq retry hello";
        decides(&detail, ["buildq accept hello", retry]);
        let reject = "buildq reject hello -m \"what should be different\"";
        let agent = Detail { builder: "opus".into(), ..detail.clone() };
        decides(&agent, ["buildq accept hello", reject]);
        let with = |with: &str| vec![Clash { with: with.into(), paths: vec!["a.txt".into()] }];
        let on = |clashes, upon| Detail { row: Row { clashes, upon, ..row() }, ..agent.clone() };
        let merge = "git switch build/hello && git merge main, mend the clash, commit, then: \
                     buildq accept hello";
        decides(&on(with("main"), vec![]), [merge, reject]);
        decides(&on(with("build/y"), vec![]), ["buildq accept hello", reject]);
        let below = "buildq accept y, then: buildq accept hello";
        decides(&on(vec![], vec![TaskId::new("y").unwrap()]), [below, reject]);
    }
}
