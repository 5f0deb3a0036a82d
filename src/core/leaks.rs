//! Values of secrets in the work of a build: where they stand, and what a person is told. The
//! values themselves are never told.

use crate::domain::id::{Attempt, Oid, TaskId};
use crate::domain::masks::Masks;

/// A file above this is not looked through, and holds the build.
pub const LARGEST: u64 = 256 << 20;
/// So many are told one by one.
const TOLD: usize = 20;

/// One value in the work of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The variable, or the place, whose value it is; empty for what could not be looked through.
    pub name: String,
    /// The commit that brought it.
    pub commit: Oid,
    /// The file; `None` where it stands in the commit itself.
    pub path: Option<String>,
    /// Counted from 1; 0 for the path itself, and for what could not be looked through.
    pub line: usize,
}

/// In a file as one commit brought it. What the same file held before the build is no leak of it.
pub fn in_file(
    masks: &Masks,
    (commit, path): (Oid, &str),
    bytes: &[u8],
    before: &[u8],
) -> Vec<Leak> {
    let known = masks.sightings(before);
    let named = masks.sightings(path.as_bytes()).into_iter().map(|seen| (seen.name, 0));
    let inside = masks.sightings(bytes).into_iter().map(|seen| {
        let line = 1 + bytes[..seen.at].iter().filter(|byte| **byte == b'\n').count();
        (seen.name, line)
    });
    let fresh = inside.filter(|(name, _)| known.iter().all(|old| old.name != *name));
    let leak = |(name, line)| Leak { name, commit, path: Some(path.to_owned()), line };
    named.chain(fresh).map(leak).collect()
}

/// In what a commit says: its message, its author.
pub fn in_commit(masks: &Masks, commit: Oid, bytes: &[u8]) -> Vec<Leak> {
    let line = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let seen = masks.sightings(bytes).into_iter();
    seen.map(|seen| Leak { name: seen.name, commit, path: None, line: line(seen.at) }).collect()
}

/// What is too large to be looked through.
pub fn unread(commit: Oid, path: &str) -> Leak {
    Leak { name: String::new(), commit, path: Some(path.to_owned()), line: 0 }
}

impl Leak {
    /// Where and what, for people.
    pub fn sentence(&self, masks: &Masks) -> String {
        let commit = self.commit.short();
        // A path may itself be the value.
        let path = self.path.as_deref().map(|path| masks.mask(path));
        match (path, self.line) {
            (Some(path), 0) if self.name.is_empty() => {
                format!("`{path}` (commit {commit}) is too large to be looked through for secrets")
            }
            (Some(path), 0) => {
                format!("the name of `{path}` (commit {commit}) holds the value of `{}`", self.name)
            }
            (Some(path), line) => {
                format!("`{path}` line {line} (commit {commit}) holds the value of `{}`", self.name)
            }
            (None, _) => format!(
                "the message or the author of commit {commit} holds the value of `{}`",
                self.name
            ),
        }
    }
}

/// On one line: the first, and how many more.
pub fn reason(leaks: &[Leak], masks: &Masks) -> String {
    let first = leaks.first().map(|leak| leak.sentence(masks)).unwrap_or_default();
    match leaks.len().saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// All of them, and what a person can do.
pub fn told(leaks: &[Leak], masks: &Masks, (task, attempt): (&TaskId, Attempt)) -> String {
    let mut lines: Vec<_> = leaks.iter().take(TOLD).map(|leak| leak.sentence(masks)).collect();
    if leaks.len() > TOLD {
        lines.push(format!("and {} more", leaks.len() - TOLD));
    }
    lines.push(format!(
        "\nThe work is kept in refs/buildq/attempts/{task}/{attempt} and is on no branch. That ref is \
         not to be pushed.\n\
         Built anew, without it: buildq retry {task}\n\
         By hand, from the work: git switch -c clean-{task} refs/buildq/attempts/{task}/{attempt}, \
         take the value out of its history (git rebase -i), merge, then: buildq cancel {task}\n\
         If that value is no secret: git config buildq.notSecret NAME, then: buildq retry {task}"
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::masks::Secret;

    #[test]
    fn leaks_are_told_without_the_value() {
        let masks = Masks::new(&[Secret::given("API_KEY", "q8Zt-77aaxx")]);
        let commit = Oid([0x1a; 20]);
        let task = TaskId::new("hello").unwrap();
        let table = [
            (
                "a.py",
                "x\nkey = q8Zt-77aaxx\n",
                "",
                "`a.py` line 2 (commit 1a1a1a1) holds the value of `API_KEY`",
            ),
            ("a.py", "x\nkey = q8Zt-77aaxx\n", "q8Zt-77aaxx", ""),
            (
                "q8Zt-77aaxx.txt",
                "",
                "",
                "the name of `***.txt` (commit 1a1a1a1) holds the value of `API_KEY`",
            ),
            (
                "a.py",
                "key = cThadC03N2FheHg=",
                "",
                "`a.py` line 1 (commit 1a1a1a1) holds the value of `API_KEY`",
            ),
            (
                "a.py",
                "key = cThadC03N2FheHg",
                "",
                "`a.py` line 1 (commit 1a1a1a1) holds the value of `API_KEY`",
            ),
            ("a.py", "key = 99", "", ""),
        ];
        for (path, text, before, expected) in table {
            let found = in_file(&masks, (commit, path), text.as_bytes(), before.as_bytes());
            assert_eq!(reason(&found, &masks), expected, "{path} {text}");
            assert!(!told(&found, &masks, (&task, Attempt(1))).contains("q8Zt"));
        }
        let found = in_commit(&masks, commit, b"author q8Zt-77aaxx <a@b>\n\nq8Zt-77aaxx");
        let expected =
            "the message or the author of commit 1a1a1a1 holds the value of `API_KEY`, and 1 more";
        assert_eq!(reason(&found, &masks), expected);
    }
}
