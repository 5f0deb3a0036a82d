//! How what would run differs from what a person has trusted.

use std::fmt::Write as _;

/// What has become of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shift {
    /// It is another one now.
    Changed,
    /// It was not there before.
    New,
    /// A command of the changed configuration names it, as none did before.
    Named,
    /// It is not there any more.
    Gone,
    /// It is still there, and no command names it any more.
    Unnamed,
}

/// A file that is not as it was trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What has become of it.
    pub shift: Shift,
    /// From the top of the repository.
    pub path: String,
}

impl Change {
    /// A file that is another one now.
    #[cfg(test)]
    pub fn of(path: &str) -> Self {
        Self { shift: Shift::Changed, path: path.to_owned() }
    }
}

/// All of it, without an end: "`buildq.yaml` has changed, `tools/x` is newly named".
pub fn tell(changes: &[Change]) -> String {
    let mut said = String::new();
    let mut sorted: Vec<_> = changes.iter().collect();
    sorted.sort();
    for group in sorted.chunk_by(|a, b| a.shift == b.shift) {
        let paths: Vec<_> = group.iter().map(|change| format!("`{}`", change.path)).collect();
        let (one, many) = match group[0].shift {
            Shift::Changed => ("has changed", "have changed"),
            Shift::New => ("is new", "are new"),
            Shift::Named => ("is newly named", "are newly named"),
            Shift::Gone => ("is gone", "are gone"),
            Shift::Unnamed => ("is no longer named", "are no longer named"),
        };
        let gap = if said.is_empty() { "" } else { ", " };
        let verb = if paths.len() == 1 { one } else { many };
        let _ = write!(said, "{gap}{} {verb}", paths.join(", "));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_change_has_its_word() {
        use Shift::{Changed, Gone, Named, New, Unnamed};
        for (changes, said) in [
            (&[("a", Changed)][..], "`a` has changed"),
            (&[("b", Changed), ("a", Changed)], "`a`, `b` have changed"),
            (
                &[("old.sh", Unnamed), ("new.sh", Named), ("buildq.yaml", Changed)],
                "`buildq.yaml` has changed, `new.sh` is newly named, `old.sh` is no longer named",
            ),
            (&[("t", New), ("x", Gone), ("y", Gone)], "`t` is new, `x`, `y` are gone"),
        ] {
            let change =
                |(path, shift): &(&str, Shift)| Change { shift: *shift, ..Change::of(path) };
            assert_eq!(tell(&changes.iter().map(change).collect::<Vec<_>>()), said);
        }
    }
}
