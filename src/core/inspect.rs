//! The judgement of what a build has made: whatever in its difference a person should look at
//! before it is merged.
//!
//! It is a pure fold over the changes, one file at a time. What it finds is advice for a person,
//! who says `--yes-protected`; it never merges and never refuses by itself.

use std::collections::BTreeSet;

use serde::Serialize;

mod protected;
mod tests_lost;
mod tokens;

pub use protected::{Protected, Ward};
use tests_lost::Tests;
pub use tokens::tokens;

/// Larger files are told.
pub const LARGE: u64 = 1 << 20;
/// From this share of the files, or of the lines, deletions are told.
const SHARE: usize = 5;
/// Fewer deleted files are no share of anything.
const FEW_FILES: usize = 10;
/// Fewer deleted lines are no share of anything.
const FEW_LINES: usize = 500;
/// The longest quote, in letters.
const QUOTE: usize = 160;
/// So many of one kind are told one by one.
const EACH: usize = 50;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// A path before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub mode: Mode,
    /// In bytes.
    pub size: u64,
}

/// One changed path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// As it is now, or was.
    pub path: String,
    /// Where it was before, if it was renamed.
    pub from: Option<String>,
    /// What was there; `None` for a new one.
    pub old: Option<Entry>,
    /// What is there; `None` for a removed one.
    pub new: Option<Entry>,
    /// Added lines with their numbers; none of what is no text.
    pub added: Vec<(usize, String)>,
    /// Removed lines.
    pub removed: Vec<String>,
}

/// How much there was before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Files.
    pub files: usize,
    /// Lines of text.
    pub lines: usize,
}

/// What kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The value of a known secret: no flag lets it through.
    Leak,
    /// What looks like a secret.
    Secret,
    /// A path that `protected` names.
    Protected,
    /// The builder changed the text of its own task.
    OwnTask,
    /// A link that leads out of the tree.
    Link,
    /// A submodule points elsewhere.
    Submodule,
    /// A file can be run that could not be before.
    Executable,
    /// A test is gone, or empty.
    TestRemoved,
    /// A test is skipped.
    TestSkipped,
    /// Fewer asserts than before.
    AssertsRemoved,
    /// A large share of everything is deleted.
    Deletions,
    /// A large file.
    Large,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// From the top of the repository; empty for what is about the whole.
    pub path: String,
    /// Counted from 1, where a line is meant.
    pub line: Option<usize>,
    /// The words meant, secrets masked; may be empty.
    pub quote: String,
    /// Why it matters.
    pub why: String,
}

/// Takes in changes, and says what is to be looked at.
pub struct Inspector<'a> {
    protected: &'a Protected,
    own: &'a BTreeSet<String>,
    tests: Tests,
    deleted: Extent,
    found: Vec<Finding>,
}

impl<'a> Inspector<'a> {
    /// `own` are the paths of the task's own file, before and after.
    pub fn new(protected: &'a Protected, own: &'a BTreeSet<String>) -> Self {
        Self {
            protected,
            own,
            tests: Tests::default(),
            deleted: Extent::default(),
            found: Vec::new(),
        }
    }

    /// Takes in one change.
    pub fn see(&mut self, change: &Change) {
        if self.own.contains(&change.path) {
            return;
        }
        let paths = [Some(&change.path), change.from.as_ref()];
        for path in paths.into_iter().flatten().filter(|path| !self.own.contains(*path)) {
            if let Some(ward) = self.protected.ward(path) {
                let (line, quote) = change.added.first().cloned().unwrap_or_default();
                let line = (line > 0).then_some(line);
                let why = match change.new {
                    None => format!("removed; {}", ward.why()),
                    Some(_) => ward.why().to_owned(),
                };
                // A file of secrets is not quoted.
                let quote = if ward == Ward::Secrets { String::new() } else { quote };
                self.tell(Kind::Protected, (path, line), &quote, why);
                break;
            }
        }
        self.nature(change);
        self.secrets(change);
        self.tests.see(change, &mut self.found);
        if change.new.is_none() {
            self.deleted.files += 1;
        }
        self.deleted.lines += change.removed.len().saturating_sub(change.added.len());
    }

    /// Links, submodules, modes and sizes.
    fn nature(&mut self, change: &Change) {
        let path = (change.path.as_str(), None);
        let old = change.old.map(|old| old.mode);
        match change.new.map(|new| new.mode) {
            Some(Mode::Link) => {
                let target = change.added.first().map(|(_, text)| text.clone()).unwrap_or_default();
                if leaves(&change.path, &target) {
                    self.tell(Kind::Link, path, &target, "a link that leads out of the repository");
                }
            }
            Some(Mode::Submodule) => {
                let why = "the submodule points to another commit, whose content is not in this difference";
                self.tell(Kind::Submodule, path, "", why);
            }
            Some(Mode::Executable) if old == Some(Mode::File) => {
                self.tell(Kind::Executable, path, "", "it can be run now, and could not before");
            }
            Some(Mode::Executable)
                if old.is_none() && !change.added.first().is_some_and(is_script) =>
            {
                self.tell(Kind::Executable, path, "", "a new program that is no script");
            }
            None if old == Some(Mode::Submodule) => {
                self.tell(Kind::Submodule, path, "", "the submodule is gone");
            }
            _ => {}
        }
        if let Some(new) = change.new.filter(|new| new.size > LARGE && new.mode != Mode::Submodule)
        {
            let why = format!(
                "{:.1} MiB, which stay in the history for good",
                new.size as f64 / LARGE as f64
            );
            self.tell(Kind::Large, path, "", why);
        }
    }

    fn secrets(&mut self, change: &Change) {
        for (line, text) in &change.added {
            for token in tokens(&change.path, text) {
                // A line that was moved or indented brings nothing new.
                if change.removed.iter().any(|old| old.contains(&token.text)) {
                    continue;
                }
                let why = format!("it looks like {}", token.what);
                self.tell(Kind::Secret, (&change.path, Some(*line)), &token.masked(text), why);
            }
        }
    }

    /// What looks like a secret in a commit that a later one has taken back: it stays in history.
    pub fn see_past(&mut self, commit: &str, path: &str, text: &str, before: &str) {
        for (index, line) in text.lines().enumerate() {
            for token in
                tokens(path, line).into_iter().filter(|token| !before.contains(&token.text))
            {
                let why = format!(
                    "it looks like {}; a later commit takes it out, yet commit {commit} keeps it",
                    token.what
                );
                self.tell(Kind::Secret, (path, Some(index + 1)), &token.masked(line), why);
            }
        }
    }

    fn tell(&mut self, kind: Kind, at: (&str, Option<usize>), quote: &str, why: impl Into<String>) {
        self.found.push(finding(kind, at, quote, why));
    }

    /// Whether [`Inspector::finish`] needs to know how much there was.
    pub fn wants_extent(&self) -> bool {
        self.deleted.files >= FEW_FILES || self.deleted.lines >= FEW_LINES
    }

    /// All that was found, the gravest first.
    pub fn finish(mut self, before: Extent) -> Vec<Finding> {
        let share = |part: usize, whole: usize| part * SHARE > whole;
        let gone = self.deleted;
        let many_files = gone.files >= FEW_FILES && share(gone.files, before.files);
        let many_lines = gone.lines >= FEW_LINES && share(gone.lines, before.lines);
        if many_files || many_lines {
            let why = format!(
                "it deletes {} of {} files and {} of {} lines",
                gone.files, before.files, gone.lines, before.lines
            );
            self.tell(Kind::Deletions, ("", None), "", why);
        }
        let Self { tests, mut found, .. } = self;
        tests.finish(&mut found);
        found.sort_by(|a, b| (a.kind, &a.path, a.line).cmp(&(b.kind, &b.path, b.line)));
        bounded(found)
    }
}

/// A finding with a quote of one bounded line.
fn finding(
    kind: Kind,
    (path, line): (&str, Option<usize>),
    quote: &str,
    why: impl Into<String>,
) -> Finding {
    let mut words: String = quote.trim().chars().take(QUOTE).collect();
    if words.len() < quote.trim().len() {
        words.push('…');
    }
    Finding { kind, path: path.to_owned(), line, quote: words, why: why.into() }
}

/// At most [`EACH`] of a kind, and how many more there are.
fn bounded(found: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::new();
    let mut more = 0;
    for (index, one) in found.iter().enumerate() {
        match told.iter().filter(|known| known.kind == one.kind).count() < EACH {
            true => told.push(one.clone()),
            false => more += 1,
        }
        if more > 0 && found.get(index + 1).is_none_or(|next| next.kind != one.kind) {
            told.push(finding(one.kind, ("", None), "", format!("{more} more of this kind")));
            more = 0;
        }
    }
    told
}

fn is_script((_, first): &(usize, String)) -> bool {
    first.starts_with("#!")
}

/// Whether a link at this path leads out of the tree, wherever that lies.
fn leaves(path: &str, target: &str) -> bool {
    if target.starts_with('/') || target.is_empty() {
        return true;
    }
    let mut depth = path.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    target.split('/').any(|part| part.eq_ignore_ascii_case(".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+` and `-` lines below a head of path, modes and sizes: `old -> new`.
    fn change(path: &str, kind: &str, lines: &str) -> Change {
        let entry = |word: &str| match word {
            "none" => None,
            "file" => Some(Entry { mode: Mode::File, size: 10 }),
            "exec" => Some(Entry { mode: Mode::Executable, size: 10 }),
            "link" => Some(Entry { mode: Mode::Link, size: 10 }),
            "sub" => Some(Entry { mode: Mode::Submodule, size: 0 }),
            "big" => Some(Entry { mode: Mode::File, size: 3 << 20 }),
            other => panic!("{other}"),
        };
        let (old, new) = kind.split_once(" -> ").unwrap();
        let mut change =
            Change { path: path.into(), old: entry(old), new: entry(new), ..Change::default() };
        for line in lines.lines() {
            match line.split_at(1) {
                ("+", text) => change.added.push((change.added.len() + 1, text.into())),
                (_, text) => change.removed.push(text.into()),
            }
        }
        change
    }

    fn inspect(changes: &[Change], extent: Extent) -> String {
        let protected =
            Protected::new("queue", &["infra/**".into(), "!Dockerfile".into()], true, None);
        let own = BTreeSet::from(["queue/x.md".to_owned(), "queue/done/x.md".to_owned()]);
        let mut inspector = Inspector::new(&protected, &own);
        changes.iter().for_each(|change| inspector.see(change));
        let show = |one: Finding| {
            let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{:?} {}{line} [{}]", one.kind, one.path, one.quote)
        };
        inspector.finish(extent).into_iter().map(show).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_a_person_should_look_at_is_found_and_nothing_else() {
        let table = [
            (
                ".github/workflows/ci.yml",
                "none -> file",
                "+on: push",
                "Protected .github/workflows/ci.yml:1 [on: push]",
            ),
            (
                ".GitHub/workflows/ci.yml",
                "file -> none",
                "-on: push",
                "Protected .GitHub/workflows/ci.yml []",
            ),
            ("infra/a.txt", "none -> file", "+x", "Protected infra/a.txt:1 [x]"),
            ("Dockerfile", "none -> file", "+FROM x", ""),
            ("src/main.rs", "file -> file", "+fn main() {}\n-fn main() { }", ""),
            ("queue/x.md", "file -> none", "-title", ""),
            ("queue/done/x.md", "none -> file", "+title", ""),
            ("queue/y.md", "none -> file", "+title: y", "Protected queue/y.md:1 [title: y]"),
            ("sub/.env", "none -> file", "+A=1", "Protected sub/.env:1 []"),
            ("sub/.env.example", "none -> file", "+A=1", ""),
            ("CLAUDE.md", "none -> file", "+run it", "Protected CLAUDE.md:1 [run it]"),
            ("link", "none -> link", "+../outside", "Link link [../outside]"),
            ("a/b/link", "none -> link", "+../../c", ""),
            ("a/link", "none -> link", "+../.git/hooks", "Link a/link [../.git/hooks]"),
            ("lib", "sub -> sub", "", "Submodule lib []"),
            ("run", "file -> exec", "", "Executable run []"),
            ("run.sh", "none -> exec", "+#!/bin/sh", ""),
            ("tool", "none -> exec", "", "Executable tool []"),
            ("data.bin", "none -> big", "", "Large data.bin []"),
            ("a.py", "file -> file", "+k = 'AKIAIOSFODNN7XQ2LMPZ'", "Secret a.py:1 [k = 'AKIA…']"),
            (
                "a.py",
                "file -> file",
                "+  k = 'AKIAIOSFODNN7XQ2LMPZ'\n-k = 'AKIAIOSFODNN7XQ2LMPZ'",
                "",
            ),
            ("a.py", "file -> file", "+k = 'AKIAIOSFODNN7EXAMPLE'", ""),
            (
                "tests/test_a.py",
                "file -> none",
                "-assert f() == 1",
                "TestRemoved tests/test_a.py []",
            ),
            (
                "tests/test_a.py",
                "file -> file",
                "+@pytest.mark.skip\n+def",
                "TestSkipped tests/test_a.py:1 [@pytest.mark.skip]",
            ),
            (
                "tests/test_a.py",
                "file -> file",
                "+pass\n-assert f() == 1",
                "AssertsRemoved tests/test_a.py []",
            ),
            ("tests/test_a.py", "file -> file", "+assert f() == 2\n-assert f() == 1", ""),
        ];
        for (path, kind, lines, expected) in table {
            let found = inspect(&[change(path, kind, lines)], Extent { files: 100, lines: 9000 });
            assert_eq!(found, expected, "{path} {kind} {lines}");
        }
    }

    #[test]
    fn deletions_are_told_from_a_share_on() {
        let changes = |files: usize, lines: usize| -> Vec<Change> {
            let text = "-x\n".repeat(lines);
            (0..files).map(|n| change(&format!("f{n}"), "file -> none", &text)).collect()
        };
        let extent = |files, lines| Extent { files, lines };
        assert_eq!(inspect(&changes(10, 1), extent(49, 9000)), "Deletions  []");
        assert_eq!(inspect(&changes(10, 1), extent(50, 9000)), "");
        assert_eq!(inspect(&changes(9, 1), extent(10, 9000)), "");
        assert_eq!(inspect(&changes(1, 500), extent(900, 2000)), "Deletions  []");
    }

    #[test]
    fn many_of_a_kind_are_counted() {
        let changes: Vec<_> =
            (0..60).map(|n| change(&format!("l{n}"), "none -> link", "+/etc")).collect();
        let found = inspect(&changes, Extent { files: 1000, lines: 1000 });
        assert_eq!(found.lines().count(), EACH + 1, "{found}");
    }
}
