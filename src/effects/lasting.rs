//! The last plan that had nothing to do, and everything that it was made of: a cache.
//!
//! It is used only while all of that is the same, byte by byte, and it never starts anything: at
//! its worst it says once more that nothing is due.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::paths::Paths;
use super::repo::Repo;
use super::{files, program, trust};

/// Grows with every change of what is written.
const FORMAT: u32 = 2;

/// A plan without anything to do, as far as anybody asks for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lasting {
    /// The `now` that it was made with; of an earlier moment it says nothing.
    pub made: DateTime<Utc>,
    /// The first moment that it names: from then on it says nothing.
    pub first: Option<DateTime<Utc>>,
    /// How many tasks the queue has.
    pub tasks: usize,
    /// What holds each of them, as a page.
    pub holds: String,
    /// What a sync that finds nothing to do says.
    pub nothing: String,
}

/// How all files and refs stood that a plan is made of.
///
/// It is taken before the first of them is read for a plan, and once more before that is kept:
/// what changes in between, such as a commit that its own hook makes known a moment after a sync
/// has seen it, would else be held against a plan that knows nothing of it, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    files: [u8; 32],
    heads: Vec<u8>,
}

impl Standing {
    /// As it is now; `None` where it cannot be told.
    pub fn now(repo: &Repo, paths: &Paths) -> Option<Self> {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(&postcard::to_stdvec(&(FORMAT, program::mark()?)).ok()?);
        repo.files_of_references(&mut add).ok()?;
        for (name, value) in repo.settings().ok()? {
            add(name.as_bytes());
            add(&value);
        }
        for file in trust::files(paths).into_iter().chain([paths.common.join("shallow")]) {
            add(&fs::read(file).unwrap_or_default());
        }
        for place in [repo.main_work_dir().as_deref(), Some(paths.common.as_path())] {
            add(place.map(|place| place.as_os_str().as_encoded_bytes()).unwrap_or_default());
        }
        Some(Self { files: hash.finalize().into(), heads: repo.files_of_heads() })
    }

    /// Whether all but what is checked out is the same.
    pub fn has_files_of(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

/// What a plan is made of, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds([u8; 32]);

impl Grounds {
    /// Of all that lies in files and refs, and of what else the caller has seen, as text.
    pub fn of(standing: &Standing, seen: &str) -> Self {
        Self(Sha256::new().chain_update(standing.files).chain_update(seen).finalize().into())
    }

    /// The same and what is checked out.
    pub fn with_heads(&self, standing: &Standing) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(&standing.heads).finalize().into())
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.local.join("cache").join("lasting")
}

/// The plan that was made on these grounds and still says what one made now would say.
pub fn load(paths: &Paths, grounds: &Grounds, now: DateTime<Utc>) -> Option<Lasting> {
    load_from(&file(paths), grounds, now)
}

fn load_from(file: &Path, grounds: &Grounds, now: DateTime<Utc>) -> Option<Lasting> {
    let content = files::sealed(file)?;
    let (made_on, rest): (Grounds, _) = postcard::take_from_bytes(&content).ok()?;
    let lasting: Lasting = (made_on == *grounds).then(|| postcard::from_bytes(rest).ok())??;
    let in_time = lasting.made <= now && lasting.first.is_none_or(|first| now < first);
    in_time.then_some(lasting)
}

/// Keeps a plan; one that cannot be kept is made again.
pub fn store(paths: &Paths, grounds: &Grounds, lasting: &Lasting) {
    store_to(&file(paths), grounds, lasting);
}

fn store_to(file: &Path, grounds: &Grounds, lasting: &Lasting) {
    if let Ok(content) = postcard::to_stdvec(&(grounds, lasting)) {
        let _ = files::replace_sealed(file, content);
    }
}

fn view_file(paths: &Paths) -> PathBuf {
    paths.local.join("cache").join("view")
}

/// What was kept of an overview on these grounds, while the plan that it tells of still stands.
pub fn load_view<T: DeserializeOwned>(
    paths: &Paths,
    grounds: &Grounds,
    now: DateTime<Utc>,
) -> Option<T> {
    let kept = load_from(&view_file(paths), grounds, now)?;
    serde_json::from_str(&kept.holds).ok()
}

/// Keeps it for as long as a plan stands.
pub fn store_view(paths: &Paths, grounds: &Grounds, plan: &Lasting, view: &impl Serialize) {
    if let Ok(holds) = serde_json::to_string(view) {
        let view = Lasting { holds, nothing: String::new(), ..plan.clone() };
        store_to(&view_file(paths), grounds, &view);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap_or_default()
    }

    #[test]
    fn a_plan_is_used_on_its_own_grounds_in_its_own_time_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("lasting");
        let grounds = Grounds([7; 32]);
        let (holds, nothing) = ("hold a: window: opens 23:00".into(), "nothing is due".into());
        let lasting = Lasting { made: at(0), first: Some(at(9)), tasks: 1, holds, nothing };
        store_to(&file, &grounds, &lasting);
        for (minute, stands) in [(-1, false), (0, true), (8, true), (9, false), (10, false)] {
            let found = load_from(&file, &grounds, at(minute));
            assert_eq!(found, stands.then(|| lasting.clone()), "{minute}");
        }
        assert_eq!(load_from(&file, &Grounds([8; 32]), at(1)), None);
        let whole = fs::read(&file).unwrap();
        for cut in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[cut] ^= 1 << (cut % 8);
            fs::write(&file, &bytes).unwrap();
            assert_eq!(load_from(&file, &grounds, at(1)), None, "a bit at {cut}");
            fs::write(&file, &whole[..cut]).unwrap();
            assert_eq!(load_from(&file, &grounds, at(1)), None, "cut at {cut}");
        }
    }
}
