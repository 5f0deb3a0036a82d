//! Which commits were made in this very work tree of late: by the log that git keeps of HEAD.

use std::io::{Read as _, Seek as _, SeekFrom};

use super::Repo;
use crate::domain::id::Oid;

/// So much of the log's end is read, in bytes.
const TAIL: u64 = 16 << 10;
/// So long a hook may come after its commit, in seconds.
const LATE: i64 = 60;
/// What moves HEAD without making anything.
const MOVES: [&str; 8] =
    ["pull", "merge", "fetch", "clone", "reset", "checkout", "switch", "rebase"];

impl Repo {
    /// Commits made here within a minute before HEAD came to stand where it does, newest first;
    /// HEAD alone where git keeps no log of it.
    ///
    /// A hook runs after its commit and is not told which that was. By then somebody may have
    /// committed on top of it, which makes two, or pulled, and then HEAD is somebody else's.
    pub fn made_of_late(&self) -> Vec<Oid> {
        match self.end_of_log() {
            Some(log) => made(&log),
            None => self.head().into_iter().collect(),
        }
    }

    fn end_of_log(&self) -> Option<String> {
        let mut file = std::fs::File::open(self.git_dir().join("logs/HEAD")).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|log| !log.is_empty())
    }
}

/// One line of the log: where HEAD came to stand, when, and by what.
fn entry(line: &str) -> Option<(Oid, i64, &str)> {
    let (who, what) = line.split_once('\t')?;
    let new = who.split(' ').nth(1)?.parse().ok()?;
    let at = who.rsplit(' ').nth(1)?.parse().ok()?;
    Some((new, at, what.split([' ', ':']).next()?))
}

fn made(log: &str) -> Vec<Oid> {
    let mut entries = log.lines().rev().filter_map(entry);
    let Some((newest, at, what)) = entries.next() else { return Vec::new() };
    let newest = Some(newest).filter(|_| !MOVES.contains(&what));
    let late = entries.take_while(|(_, then, _)| at - then <= LATE);
    let earlier = late.filter(|(_, _, what)| *what == "commit").map(|(new, _, _)| new);
    newest.into_iter().chain(earlier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_late_is_told_from_what_came() {
        for (lines, expected) in [
            ("1 100 commit: a", "1"),
            ("1 100 commit (initial): a", "1"),
            ("1 100 commit: a|2 101 commit: b|3 101 commit (amend): c", "3 2 1"),
            ("1 100 commit: a|2 101 pull: Fast-forward", "1"),
            ("1 100 commit: a|2 101 merge other: Fast-forward|3 102 commit (merge): c", "3 1"),
            ("1 100 cherry-pick: a", "1"),
            ("1 100 cherry-pick: a|2 100 commit: b", "2"),
            ("1 100 commit: a|2 161 commit: b", "2"),
            ("1 100 checkout: moving from a to commit", ""),
            ("", ""),
        ] {
            let line = |line: &str| {
                let mut words = line.splitn(3, ' ');
                let (new, at) = (words.next()?.repeat(40), words.next()?);
                let what = words.next()?;
                Some(format!("{} {new} Ada Doe <a@b> {at} +0100\t{what}\n", "0".repeat(40)))
            };
            let log: String = lines.split('|').filter_map(line).collect();
            let told: Vec<_> =
                made(&log).iter().map(|oid| oid.to_string()[..1].to_owned()).collect();
            assert_eq!(told.join(" "), expected, "{lines}");
        }
        assert_eq!(made("half a line <a@b> 1 +0100\n"), []);
    }
}
