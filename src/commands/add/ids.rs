//! Ids that are in use, and new ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::commands::gather::World;
use crate::domain::id::{MAX_ID, TaskId};

/// Folders in folders of the queue are looked into this far.
const DEEPEST: usize = 8;

/// Every id in use, in lower case: some file systems know no other.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    ids: BTreeSet<String>,
    /// The last number that was given to each name: of thousands of one name each is found at once.
    numbers: BTreeMap<String, usize>,
}

impl Taken {
    /// In the queue, in `done/`, in the ledger, among the branches, on disk.
    pub fn look(world: &World) -> Self {
        let mut taken = BTreeSet::new();
        let known = world.queue.items.keys().chain(world.queue.done.keys());
        let known = known.chain(world.ledger.builds.keys());
        let known = known.chain(world.ledger.approvals.iter().map(|approval| &approval.task));
        taken.extend(known.map(TaskId::to_string));
        taken.extend(world.queue.nameless.iter().filter_map(|file| stem(Path::new(&file.file))));
        let prefix = format!("refs/heads/{}", world.config.branch_prefix);
        let branches = world.repo.references(&prefix).unwrap_or_default();
        taken.extend(
            branches
                .iter()
                .filter_map(|(name, _)| Some(name.strip_prefix(&prefix)?.to_lowercase())),
        );
        let here = world.repo.work_dir().map(Path::to_owned);
        for top in here.into_iter().chain(world.repo.checked_out_at(&world.queue_branch)) {
            on_disk(&top.join(&world.config.queue_dir), 0, &mut taken);
        }
        Self { ids: taken, ..Self::default() }
    }

    /// The id for a name, with `-2`, `-3` … where it is in use; from now on it is.
    pub fn give(&mut self, name: &str) -> TaskId {
        let plain = TaskId::suggest(name).unwrap_or_else(unnamed);
        let mut id = plain.clone();
        let first = self.numbers.get(plain.as_str()).map_or(2, |last| last + 1);
        for number in first.. {
            if self.ids.insert(id.to_string()) {
                break;
            }
            self.numbers.insert(plain.to_string(), number);
            let end = format!("-{number}");
            let start = &plain.as_str()[..plain.as_str().len().min(MAX_ID - end.len())];
            id = TaskId::suggest(&format!("{}{end}", start.trim_end_matches('-'))).unwrap_or(id);
        }
        id
    }
}

/// For names without any letter or digit that an id can hold.
fn unnamed() -> TaskId {
    match TaskId::new("task") {
        Ok(id) => id,
        Err(_) => unreachable!("`task` is an id"),
    }
}

fn on_disk(folder: &Path, depth: usize, taken: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEEPEST => on_disk(&path, depth + 1, taken),
            _ => taken.extend(stem(&path)),
        }
    }
}

fn stem(path: &Path) -> Option<String> {
    let end = path.extension()?.to_str()?.to_lowercase();
    let task = matches!(end.as_str(), "md" | "yaml" | "yml");
    task.then(|| path.file_stem()?.to_str().map(str::to_lowercase)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_twice() {
        let mut taken =
            Taken { ids: ["greet".to_owned(), "greet-2".into()].into(), ..Taken::default() };
        let long = "x".repeat(70);
        for (name, id) in [
            ("Greet!", "greet-3"),
            ("greet", "greet-4"),
            ("Greet 9", "greet-9"),
            ("音楽", "yin-le"),
            ("???", "task"),
            ("…", "task-2"),
            (&long, &long[..64]),
            (&long, &format!("{}-2", &long[..62])),
        ] {
            assert_eq!(taken.give(name).as_str(), id, "{name}");
        }
    }

    #[test]
    fn what_lies_on_disk_counts() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("done/old")).unwrap();
        for file in ["A.md", "b.yaml", "done/old/c.yml", "notes.txt"] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        let mut taken = BTreeSet::new();
        on_disk(dir.path(), 0, &mut taken);
        assert_eq!(taken.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
