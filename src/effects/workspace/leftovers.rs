//! All that lies uncommitted in a workspace, made into a tree, with care for what builders
//! leave behind: huge files, repositories within the repository, pipes, unfinished merges.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, FileTimes};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::git_inside;
use crate::effects::files;
use crate::effects::git::Git;

/// Files above this are left out, if nobody says otherwise: 50 MiB.
pub const MAX_FILE: u64 = 50 << 20;
/// So many files are tried one by one where adding them together fails.
const ONE_BY_ONE: usize = 1000;

/// As git lists it: bytes, from the top of the tree.
type RawPath = Vec<u8>;

/// What is to stay out.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Files above this many bytes.
    pub max_file: u64,
    /// Paths from the top that are never committed, with all below them.
    pub exclude: &'a [String],
}

/// The work tree as a tree object. The index it was made in takes the real one's place with
/// [`Staged::settle`], once there is a commit.
#[derive(Debug)]
pub struct Staged {
    /// The tree.
    pub tree: String,
    /// How many paths it took up.
    pub paths: usize,
    /// What was left out, each with the reason.
    pub left_out: Vec<String>,
    /// Whether there is any submodule.
    pub has_links: bool,
    index: PathBuf,
    real: PathBuf,
}

impl Staged {
    /// Makes the index say what the commit says. One that cannot be replaced is no loss: the
    /// commit stands.
    pub fn settle(self) {
        _ = fs::remove_file(self.real.with_extension("lock"));
        _ = fs::rename(&self.index, &self.real);
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.index);
    }
}

/// Takes up everything under the workspace's excludes, in an index of its own: a lock that a
/// killed git left on the real one, or a broken one, is no obstacle.
pub fn stage(folder: &Path, rule: &Rule) -> Result<Staged> {
    let real = folder.join(".git/index");
    let index = folder.join(".git").join(files::new_name("buildq-index"));
    let git = git_inside(folder).with("GIT_INDEX_FILE", &index).with("GIT_LITERAL_PATHSPECS", "1");
    let (tree, left_out) = (String::new(), Vec::new());
    let mut staged = Staged { tree, paths: 0, left_out, has_links: false, index, real };
    let (listed, said) = borrow_index(&git, &staged, rule)?;
    staged.left_out.extend(unseen(&said)?);
    let listed = entries(&listed);
    staged.has_links = !listed.links.is_empty();
    let sorted = sort((folder, rule), listed, &mut staged.left_out);
    if !sorted.gone.is_empty() {
        let gone = joined(&sorted.gone);
        git.feed(["update-index", "-z", "--force-remove", "--stdin"], &gone)?;
    }
    add(&git, &sorted.present, &mut staged)?;
    staged.paths += sorted.gone.len();
    staged.tree = git.run(["write-tree"]).context("cannot write the leftovers as a tree")?;
    Ok(staged)
}

/// Copies the real index, its date too: git tells by it which entries it must look at again. The
/// answer is what git lists of it and of the work tree: one process tells all.
fn borrow_index(git: &Git, staged: &Staged, rule: &Rule) -> Result<(Vec<u8>, String)> {
    const LIST: [&str; 8] = ["ls-files", "-t", "-s", "-o", "-m", "-d", "--exclude-standard", "-z"];
    let copy = || -> io::Result<()> {
        let about = fs::symlink_metadata(&staged.real)?;
        if !about.is_file() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        fs::copy(&staged.real, &staged.index)?;
        let file = fs::OpenOptions::new().write(true).open(&staged.index)?;
        file.set_times(FileTimes::new().set_modified(about.modified()?))
    };
    let list = || reset_excluded(git, rule).and_then(|()| git.bytes_and_complaint(LIST));
    if let Some(listed) = copy().ok().and_then(|()| list().ok()) {
        return Ok(listed);
    }
    _ = fs::remove_file(&staged.index);
    git.run(["read-tree", "HEAD"]).context("cannot make an index from HEAD")?;
    list()
}

/// Folders that git could not look into: it says so and goes on. One that is forbidden is left out;
/// in any other there may be work that would be lost in silence.
pub(in crate::effects) fn unseen(said: &str) -> Result<Vec<String>> {
    let folder = |line: &str| line.contains("could not open directory");
    let forbidden = |line: &&str| line.ends_with("Permission denied");
    let (forbidden, broken): (Vec<_>, Vec<_>) =
        said.lines().filter(|line| folder(line)).partition(forbidden);
    match broken.first() {
        Some(line) => bail!("the workspace cannot be looked through: {line}"),
        None => Ok(forbidden.into_iter().map(str::to_owned).collect()),
    }
}

/// What may never be committed may have been staged by force.
fn reset_excluded(git: &Git, rule: &Rule) -> Result<()> {
    if !rule.exclude.is_empty() {
        let args = ["reset", "-q", "HEAD", "--"].into_iter();
        git.try_run(args.chain(rule.exclude.iter().map(String::as_str)))?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Sorted {
    present: BTreeSet<Vec<u8>>,
    gone: BTreeSet<Vec<u8>>,
}

fn sort((folder, rule): (&Path, &Rule), listed: Listed, left_out: &mut Vec<String>) -> Sorted {
    let mut sorted = Sorted::default();
    let mut reasons = BTreeMap::new();
    for path in listed.changed {
        if rule.exclude.iter().any(|excluded| is_below(&path, excluded.as_bytes())) {
            continue;
        }
        match judge(folder, &path, rule.max_file, &listed.links) {
            Verdict::Take => _ = sorted.present.insert(path),
            Verdict::Gone => _ = sorted.gone.insert(path),
            Verdict::Leave(why) => _ = reasons.insert(path, why),
        }
    }
    for (path, why) in reasons {
        left_out.push(format!("{} ({why})", String::from_utf8_lossy(&path)));
    }
    sorted
}

/// What stands out in an index and in the work tree that belongs to it.
#[derive(Debug, Default)]
struct Listed {
    /// The gitlinks.
    links: HashSet<RawPath>,
    /// What is not as the index has it: changed, gone, new, or of an unfinished merge.
    changed: BTreeSet<RawPath>,
}

/// Reads `ls-files -t -s -o -m -d -z`: `? path` of what is new, else a letter, mode, name and
/// stage, and behind a tab the path; `H` and `S` stand before what is just an entry.
fn entries(listed: &[u8]) -> Listed {
    let mut found = Listed::default();
    for entry in listed.split(|&byte| byte == 0) {
        if let Some(path) = entry.strip_prefix(b"? ") {
            found.changed.insert(path.to_vec());
            continue;
        }
        let Some(tab) = entry.iter().position(|&byte| byte == b'\t') else { continue };
        let (about, path) = (&entry[..tab], &entry[tab + 1..]);
        let is_entry = about.starts_with(b"H ") || about.starts_with(b"S ");
        if about.get(2..).is_some_and(|about| about.starts_with(b"160000")) {
            found.links.insert(path.to_vec());
        }
        if !is_entry || !about.ends_with(b" 0") {
            found.changed.insert(path.to_vec());
        }
    }
    found
}

enum Verdict {
    Take,
    Gone,
    Leave(String),
}

fn judge(folder: &Path, path: &[u8], max_file: u64, links: &HashSet<Vec<u8>>) -> Verdict {
    if path.ends_with(b"/") {
        return Verdict::Leave("a repository of its own".to_owned());
    }
    let relative = Path::new(std::ffi::OsStr::from_bytes(path));
    if behind_link(folder, relative) {
        return Verdict::Gone;
    }
    let full = folder.join(relative);
    let Ok(about) = fs::symlink_metadata(&full) else { return Verdict::Gone };
    if about.is_symlink() {
        return Verdict::Take;
    }
    if about.is_dir() {
        return if links.contains(path) { Verdict::Take } else { Verdict::Gone };
    }
    if !about.is_file() {
        return Verdict::Leave("neither a file nor a link".to_owned());
    }
    if about.len() > max_file {
        return Verdict::Leave(format!("{} MiB", about.len() >> 20));
    }
    match fs::File::open(&full) {
        Ok(_) => Verdict::Take,
        Err(error) => Verdict::Leave(error.kind().to_string()),
    }
}

/// Whether a folder on the way is not, or no longer, a folder.
fn behind_link(folder: &Path, path: &Path) -> bool {
    let above = path.ancestors().skip(1).filter(|part| *part != Path::new(""));
    above
        .into_iter()
        .any(|part| fs::symlink_metadata(folder.join(part)).is_ok_and(|about| !about.is_dir()))
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn add(git: &Git, present: &BTreeSet<Vec<u8>>, staged: &mut Staged) -> Result<()> {
    let args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
    let together = git.feed(args, &joined(present));
    if together.is_ok() {
        staged.paths += present.len();
        return Ok(());
    }
    if present.len() > ONE_BY_ONE {
        together.context("cannot add the leftovers")?;
    }
    for path in present {
        match git.feed(args, path) {
            Ok(_) => staged.paths += 1,
            // A name that git has no room for; all else is no fault of the file's, and what is not
            // taken up would be lost in silence.
            Err(error) if format!("{error:#}").contains("nvalid path") => {
                let path = String::from_utf8_lossy(path);
                staged.left_out.push(format!("{path} ({error:#})"));
            }
            error => drop(error.context("cannot add the leftovers")?),
        }
    }
    Ok(())
}

fn joined(paths: &BTreeSet<Vec<u8>>) -> Vec<u8> {
    paths.iter().flat_map(|path| path.iter().chain(&[0])).copied().collect()
}

/// Commits that an unfinished merge, cherry-pick or rebase is about, by its name. As further
/// parents of the leftovers' commit they are kept: what a rebase has not replayed yet is
/// reachable from nowhere else.
pub fn unfinished(folder: &Path) -> Option<(&'static str, Vec<String>)> {
    let git = folder.join(".git");
    let oids = |path: &str| -> Vec<String> {
        let text = fs::read_to_string(git.join(path)).unwrap_or_default();
        let oids = text.lines().filter(|line| line.parse::<crate::domain::id::Oid>().is_ok());
        oids.take(16).map(str::to_owned).collect()
    };
    for (what, path) in [
        ("rebase", "rebase-merge/orig-head"),
        ("rebase", "rebase-apply/orig-head"),
        ("merge", "MERGE_HEAD"),
    ] {
        let found = oids(path);
        if !found.is_empty() {
            return Some((what, found));
        }
    }
    None
}
