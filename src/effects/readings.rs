//! What was read of task files before: a cache, by the very text of each.
//!
//! It is never trusted beyond its key. The key holds the program itself, so that another version
//! with other rules reads everything anew, and the file is sealed: one that was cut short or has
//! lost a bit is no cache at all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use super::paths::Paths;
use super::program::{self, Mark};
use crate::core::judged::Judged;
use crate::domain::id::Oid;
use crate::domain::task::Task;

/// Grows with every change of what is written.
const FORMAT: u32 = 2;

/// One task file, and what was made of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reading {
    /// From the top of the repository.
    pub path: String,
    /// The text that was read.
    pub blob: Oid,
    /// The task; `None` where there was something to remark on.
    pub task: Option<Task>,
    /// What its words say.
    pub judged: Judged,
}

/// The same, as it is written.
#[derive(Clone, Debug, Serialize)]
pub struct Kept<'a> {
    /// From the top of the repository.
    pub path: &'a str,
    /// The text that was read.
    pub blob: Oid,
    /// The task; `None` where there was something to remark on.
    pub task: Option<&'a Task>,
    /// What its words say.
    pub judged: &'a Judged,
}

/// What made the readings: their format, and the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Key(u32, Mark);

impl Key {
    fn now() -> Option<Self> {
        Some(Self(FORMAT, program::mark()?))
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.local.join("cache").join("readings")
}

/// All readings of this program, by the path that is taken out of each; none where there is any
/// doubt.
pub fn load(paths: &Paths) -> HashMap<String, Reading> {
    let readings = Key::now().and_then(|key| load_from(&file(paths), &key)).unwrap_or_default();
    readings.into_iter().map(|mut one| (std::mem::take(&mut one.path), one)).collect()
}

fn load_from(file: &Path, key: &Key) -> Option<Vec<Reading>> {
    let content = files::sealed(file)?;
    let (made_by, rest): (Key, _) = postcard::take_from_bytes(&content).ok()?;
    (made_by == *key).then(|| postcard::from_bytes(rest).ok()).flatten()
}

/// Keeps these readings; a cache that cannot be written is no fault.
pub fn store(paths: &Paths, readings: &[Kept]) {
    if let Some(key) = Key::now() {
        store_to(&file(paths), &key, readings);
    }
}

fn store_to(file: &Path, key: &Key, readings: &[Kept]) {
    let start = postcard::to_extend(key, Vec::new());
    if let Ok(content) = start.and_then(|start| postcard::to_extend(readings, start)) {
        let _ = files::replace_sealed(file, content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn reading() -> Reading {
        let text = "---\ntitle: T\ndue: 2026-02-07 20:00\nestimate: 4h\nverify: [make]\n---\nDeploy it.\n\
                    ## Done when\n- [ ] `a` is\n\n  ```sh\n  true\n  ```\n";
        let task = parse("queue/t.md", &TaskId::new("t").unwrap(), text.as_bytes()).task.unwrap();
        let blob = Oid([7; 20]);
        let judged = Judged::read(blob, &task);
        Reading { path: "queue/t.md".into(), blob, judged, task: Some(task) }
    }

    #[test]
    fn what_is_kept_comes_back_and_nothing_that_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("readings");
        let key = Key(FORMAT, program::mark().unwrap());
        let other = Mark::default();
        let mut known = reading();
        let Reading { path, blob, task, judged } = &known;
        store_to(&file, &key, &[Kept { path, blob: *blob, task: task.as_ref(), judged }]);
        // Where a box is ticked is asked of the text itself.
        let task = known.task.as_mut().unwrap();
        task.criteria.iter_mut().for_each(|criterion| criterion.tick = None);
        assert_eq!(load_from(&file, &key), Some(vec![known]));
        assert_eq!(load_from(&file, &Key(FORMAT, other)), None, "another program");
        assert_eq!(load_from(&file, &Key(FORMAT + 1, key.1)), None, "another format");
        let whole = std::fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&file, &bytes).unwrap();
            assert_eq!(load_from(&file, &key), None, "a bit at {at}");
            std::fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(load_from(&file, &key), None, "cut at {at}");
        }
        assert_eq!(load_from(&dir.path().join("none"), &key), None);
    }
}
