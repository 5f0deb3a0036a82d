//! Refs: reading, and the compare-and-swap that every decision hangs on.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::packed::Found;
use super::{Repo, plain, raw, valid_branch};
use crate::domain::id::Oid;
use crate::effects::clock;
use crate::effects::locks::Lock;

/// A ref that is locked is tried again for this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A lock file of one of our own refs that stays the same for so long has lost its owner: a
/// write takes milliseconds.
const STALE: Duration = Duration::from_secs(3);
/// A file that was written so many seconds ago, or less, may be replaced within the same tick.
const YOUNG: i64 = 3;

/// What became of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The ref stands where it should.
    Done,
    /// Somebody else was first: what was decided is void.
    Lost,
}

/// Branches, and where buildq has put them, as they stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs(BTreeMap<String, Oid>);

impl Refs {
    /// Where a ref pointed.
    pub fn get(&self, name: &str) -> Option<Oid> {
        self.0.get(name).copied()
    }

    /// The first ref, by name, that begins so.
    pub fn first_below(&self, prefix: &str) -> Option<&str> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let (name, _) = self.0.range::<str, _>(from).next()?;
        name.starts_with(prefix).then_some(name.as_str())
    }
}

impl Repo {
    /// Every branch at once: asking for thousands of names one by one takes seconds. Of the other
    /// refs, which may be very many, there are only those that note where buildq has put branches.
    pub fn all_branches(&self) -> Result<Refs> {
        let mut refs = self.references("refs/heads/")?;
        refs.extend(self.references("refs/buildq/branches/")?);
        Ok(Refs(refs.into_iter().collect()))
    }

    /// Of one branch the same: itself, what may be in its way, and the ref that notes where buildq
    /// has put it.
    pub fn branches_around(&self, branch: &str, note: &str) -> Result<Refs> {
        let name = format!("refs/heads/{branch}");
        let mut refs = self.references(&format!("{name}/"))?;
        let folders =
            branch.match_indices('/').map(|(end, _)| format!("refs/heads/{}", &branch[..end]));
        let names = folders.chain([name.clone(), note.to_owned()]);
        refs.extend(names.filter_map(|name| self.reference(&name).map(|oid| (name, oid))));
        Ok(Refs(refs.into_iter().collect()))
    }

    /// Hands over the files in which all refs stand, byte by byte: what is the same says the same.
    /// The file of packed refs, which git replaces and never changes, is told by its identity.
    /// The status page is left out: it tells of everything else, and decides nothing.
    pub fn files_of_references(&self, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        let common = self.git.commondir();
        take(&identity_or_content(&common.join("packed-refs")));
        let mut folders = vec![common.join("refs")];
        while let Some(folder) = folders.pop() {
            let mut entries = std::fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false if entry.file_name() == "buildq-status" => {}
                    false => {
                        take(entry.path().as_os_str().as_encoded_bytes());
                        take(&std::fs::read(entry.path()).unwrap_or_default());
                    }
                }
            }
        }
        Ok(())
    }

    /// What all work trees have checked out or are rebasing, byte by byte.
    pub fn files_of_heads(&self) -> Vec<u8> {
        let common = self.git.commondir();
        let trees = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
        let mut folders: Vec<_> = trees.map(|entry| entry.path()).collect();
        folders.sort();
        folders.insert(0, common.to_owned());
        let names = ["HEAD", "rebase-merge/head-name", "rebase-apply/head-name", "gitdir"];
        let files = folders.iter().flat_map(|folder| names.map(|name| folder.join(name)));
        let one = |file: std::path::PathBuf| std::fs::read(file).unwrap_or_else(|_| b"-".to_vec());
        files.map(one).collect::<Vec<_>>().join(&0)
    }

    /// Where a ref points, peeled of symbolic refs; `None` when there is none.
    pub fn reference(&self, name: &str) -> Option<Oid> {
        if self.is_shared(name)
            && let Found::Known(found) = self.refs.get(name)
        {
            return found;
        }
        self.there(format_args!("`{name}`"), self.git.refname_to_id(name)).map(plain)
    }

    /// Whether it is, or would be, a ref that all work trees share, under its own name.
    fn is_shared(&self, name: &str) -> bool {
        let places = ["refs/heads/", "refs/remotes/", "refs/buildq/"];
        places.iter().any(|place| name.starts_with(place))
            && git2::Reference::is_valid_name(name)
            && self.git.namespace_bytes().is_none()
    }

    /// The tip of a local branch.
    pub fn branch(&self, name: &str) -> Option<Oid> {
        self.reference(&format!("refs/heads/{name}"))
    }

    /// What a symbolic ref names.
    pub fn symbolic(&self, name: &str) -> Option<String> {
        let reference = self.there(format_args!("`{name}`"), self.git.find_reference(name))?;
        reference.symbolic_target().ok()?.map(str::to_owned)
    }

    /// The branch that is checked out here, born or not; `None` when HEAD is detached.
    pub fn head_branch(&self) -> Option<String> {
        self.symbolic("HEAD")?.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The commit that is checked out here.
    pub fn head(&self) -> Option<Oid> {
        self.reference("HEAD")
    }

    /// Refs below a prefix, with where they point, by name.
    pub fn references(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let folder = prefix.ends_with('/') && self.is_shared(&format!("{prefix}any"));
        if folder && let Found::Known(found) = self.refs.below(prefix) {
            return Ok(found.into_iter().collect());
        }
        let mut found = Vec::new();
        for reference in self.git.references_glob(&format!("{prefix}*"))? {
            let reference = reference?;
            if let (Ok(name), Some(oid)) = (reference.name(), reference.target()) {
                found.push((name.to_owned(), plain(oid)));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Moves a ref from `old` (`None`: it must not exist) to `new`, if it still stands there.
    /// A held lock is waited for; the caller decides what being second means.
    pub fn swap(&self, name: &str, old: Option<Oid>, new: Oid, message: &str) -> Result<Swap> {
        self.swap_patiently(name, old, (new, message), is_ours(name))
    }

    /// Removes one of buildq's own refs.
    pub fn forget(&self, name: &str) -> Result<()> {
        match self.git.find_reference(name) {
            Ok(mut reference) => Ok(reference.delete()?),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves or makes the branch of a build from a known value.
    pub fn swap_branch(&self, name: &str, old: Option<Oid>, new: Oid) -> Result<Swap> {
        valid_branch(name)?;
        self.swap_patiently(&format!("refs/heads/{name}"), old, (new, "buildq"), true)
    }

    /// Whoever is killed while it writes a ref leaves the ref's lock file behind, for ever.
    /// Where buildq alone writes, one that stays the same for [`STALE`] is such a one.
    fn swap_patiently(
        &self,
        name: &str,
        old: Option<Oid>,
        (new, message): (Oid, &str),
        ours: bool,
    ) -> Result<Swap> {
        self.must_be_read()?;
        let expected = match old {
            Some(old) => raw(old)?,
            None => git2::Oid::ZERO_SHA1,
        };
        let path = self.git.commondir().join(format!("{name}.lock"));
        let (begun, mut held) = (clock::tick(), (clock::tick(), identity(&path)));
        while begun.elapsed() < PATIENCE {
            let done =
                self.git.reference_matching(name, raw(new)?, old.is_some(), expected, message);
            let Err(error) = done else { return Ok(Swap::Done) };
            match error.code() {
                git2::ErrorCode::Modified | git2::ErrorCode::NotFound => return Ok(Swap::Lost),
                git2::ErrorCode::Exists => return Ok(Swap::Lost),
                git2::ErrorCode::Locked => pause(),
                _ => return Err(error).with_context(|| format!("cannot write `{name}`")),
            }
            let now = identity(&path);
            if now != held.1 {
                held = (clock::tick(), now);
            } else if ours && held.0.elapsed() > STALE {
                self.remove_stale(&path, now)?;
            }
        }
        anyhow::bail!(
            "`{name}` stays locked\nhint: if no git command runs, remove `{}`",
            path.display()
        )
    }

    /// Frees those of these refs, which nobody but buildq writes, of lock files that the killed have
    /// left: they are in the way of git's own housekeeping. Waits until it is sure of one, and
    /// not at all where there is none.
    pub fn free_of_stale_locks(&self, names: &[String]) -> Result<()> {
        let lock = |name: &String| self.git.commondir().join(format!("{name}.lock"));
        let locks = names.iter().map(lock).filter_map(|path| Some((identity(&path)?, path)));
        let mut held: Vec<_> = locks.collect();
        let begun = clock::tick();
        while !held.is_empty() && begun.elapsed() <= STALE {
            pause();
            held.retain(|(seen, path)| identity(path) == Some(*seen));
        }
        held.into_iter().try_for_each(|(seen, path)| self.remove_stale(&path, Some(seen)))
    }

    /// Of several that found the same lock file stale, one removes it; the others find that it
    /// is no longer the same.
    fn remove_stale(&self, path: &Path, seen: Option<(u64, i64, i64)>) -> Result<()> {
        let turn = self.git.commondir().join("buildq/stale-refs.lock");
        let Some(_turn) = Lock::take(&turn, PATIENCE)? else { return Ok(()) };
        if seen.is_some() && identity(path) == seen {
            let removed = std::fs::remove_file(path);
            removed.with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
        Ok(())
    }

    /// The work tree that has a branch checked out, or is rebasing it.
    pub fn checked_out_at(&self, branch: &str) -> Option<std::path::PathBuf> {
        let common = self.git.commondir();
        let wanted = format!("refs/heads/{branch}");
        let holds = |dir: &Path| {
            let head = std::fs::read_to_string(dir.join("HEAD")).unwrap_or_default();
            let rebases = ["rebase-merge/head-name", "rebase-apply/head-name"].iter().any(|file| {
                std::fs::read_to_string(dir.join(file)).is_ok_and(|name| name.trim() == wanted)
            });
            rebases || head.trim().strip_prefix("ref: ") == Some(wanted.as_str())
        };
        if !self.is_bare_common() && holds(common) {
            return self.main_work_dir();
        }
        let trees = std::fs::read_dir(common.join("worktrees")).ok()?;
        let tree = trees.flatten().map(|entry| entry.path()).find(|dir| holds(dir))?;
        let link = std::fs::read_to_string(tree.join("gitdir")).ok()?;
        // With `worktree.useRelativePaths` it is relative to where it stands.
        tree.join(link.trim()).parent().map(Path::to_owned)
    }

    fn is_bare_common(&self) -> bool {
        self.main_work_dir().is_none()
    }
}

/// What tells a file that is only ever replaced from the next of its name: what git itself goes by.
/// Within one tick of the file system's clock two may look the same, so a young one is read.
fn identity_or_content(path: &Path) -> Vec<u8> {
    let Ok(file) = std::fs::metadata(path) else { return Vec::new() };
    let now = clock::now().timestamp();
    if file.mtime().max(file.ctime()) + YOUNG > now {
        return std::fs::read(path).unwrap_or_default();
    }
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    let places = [file.dev(), file.ino(), file.size()].map(u64::to_le_bytes);
    times.map(i64::to_le_bytes).into_iter().chain(places).flatten().collect()
}

/// Refs that nobody but buildq writes.
fn is_ours(name: &str) -> bool {
    let names = ["refs/heads/buildq", "refs/heads/buildq-status"];
    name.starts_with("refs/buildq/") || names.contains(&name)
}

/// Tells one lock file from the next of the same name.
fn identity(path: &Path) -> Option<(u64, i64, i64)> {
    let file = std::fs::symlink_metadata(path).ok()?;
    Some((file.ino(), file.mtime(), file.mtime_nsec()))
}

/// Lets whoever holds a lock finish: a few milliseconds, different for each process.
fn pause() {
    let own = u64::from(std::process::id()) % 7;
    std::thread::sleep(Duration::from_millis(5 + 2 * own));
}
