//! Workspaces: private repositories in which builders work.
//!
//! A workspace borrows the objects of the user's repository and shares nothing else with it:
//! no refs, no config, no hooks, no index. It is laid out by hand, file by file, so that a
//! crash leaves a folder that can be deleted and made again, and never a trace in the user's
//! repository.

pub mod copy;
pub mod leftovers;
pub mod marker;
pub mod note;
pub mod outgoing;
pub mod pipes;
pub mod remove;
pub mod settings;
pub mod spared;
pub mod submodules;
pub mod trouble;
pub mod walk;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::git::{Git, complaint};
use crate::effects::repo::Repo;

pub use marker::Marker;
pub use remove::{is_kept, keep, remove, remove_home};
pub use walk::{disk_use, newest_change};

use settings::Settings;

/// Git follows alternates of alternates this far.
const ALTERNATES_DEPTH: usize = 5;

/// What a workspace is to be.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Common git directory of the user's repository.
    pub user: &'a Path,
    /// The user's main work tree, for ignored files; a bare repository has none.
    pub work_tree: Option<&'a Path>,
    /// Where it is made: the last part alone is made new, its parent is ours.
    pub folder: &'a Path,
    /// The branch that is checked out, e.g. `build/hello`.
    pub branch: &'a str,
    /// The commit it starts from.
    pub base: Oid,
    /// Name and address of its commits.
    pub identity: (&'a str, &'a str),
    /// Globs, from the top of the work tree, of ignored files that come along.
    pub copy: &'a [String],
    /// The task that is built.
    pub task: &'a TaskId,
    /// Which run of it.
    pub attempt: Attempt,
    /// Path of the task's file in the tree; `None` for a spec given on the command line.
    pub queue_file: Option<&'a str>,
    /// The file that holds exactly the spec that is built.
    pub spec: Option<&'a Path>,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The workspace.
    pub folder: PathBuf,
    /// Stores outside it that it reads: a sandbox shows them, read-only.
    pub read_only: Vec<PathBuf>,
    /// Ignored files and folders that came along, from its top; never to be committed.
    pub copied: Vec<String>,
    /// What a person should know: lower case, one line each.
    pub notes: Vec<String>,
}

/// What every git inside a workspace is run with, the builder's own too: the settings of the
/// person at this machine (signing, hooks, templates, credentials) stay out.
pub fn git_environment() -> Vec<(OsString, OsString)> {
    // Below no folder: `git config --global` renames a new file over the one that is named, and
    // would, as root, put it in the place of the null device.
    [("GIT_CONFIG_GLOBAL", "/dev/null/none"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_ADVICE", "0")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec()
}

/// Git inside a workspace: with [`git_environment`], without signing and outside helpers.
pub fn git_inside(folder: &Path) -> Git {
    let git = git_environment()
        .into_iter()
        .fold(Git::at(folder), |git, (name, value)| git.with(name, value));
    // A workspace that a builder has broken is no part of a repository around it.
    let git = match folder.parent() {
        Some(around) => git.with("GIT_CEILING_DIRECTORIES", around),
        None => git,
    };
    git.set("commit.gpgSign=false").set("core.safecrlf=false").set("diff.external=")
}

/// The stores of the user's repository that every workspace of it borrows from: what a sandbox
/// has to show of it, read-only.
pub fn borrowed(user: &Path) -> Result<Vec<PathBuf>> {
    let source = canonical(user)?;
    let mut found = stores(&source.join("objects"))?;
    add_if_there(&mut found, &source.join("lfs"));
    add_if_there(&mut found, &source.join("modules"));
    Ok(found)
}

/// Makes a workspace; one that is already there (after a crash) is removed first.
pub fn make(order: &Order) -> Result<Made> {
    prepare_parent(order.folder)?;
    remove(order.folder)?;
    let source = canonical(order.user)?;
    let folder = order.folder;
    new_folder(folder)?;
    let mut made = Made { folder: folder.to_owned(), ..Made::default() };

    let settings = Settings::read(&Git::bare(&source))?;
    let private = Private {
        source: &source,
        git_dir: folder.join(".git"),
        head: Head::Branch(order.branch),
        commit: order.base,
        identity: order.identity,
        settings: &settings,
    };
    made.read_only = private.lay_out(&mut made.notes)?;
    check_out(folder, &private, order.base, &mut made.notes)?;
    submodules::bring(folder, &private, order.work_tree, &mut made)?;
    add_if_there(&mut made.read_only, &source.join("lfs"));
    add_if_there(&mut made.read_only, &source.join("modules"));

    if let Some(work_tree) = order.work_tree {
        copy::bring(work_tree, folder, order.copy, &mut made)?;
    }
    write(&private.git_dir.join("info/exclude"), &excludes(&source, &settings, &made.copied))?;
    Marker::of(order, &made.copied).write(folder)?;
    Ok(made)
}

/// Where HEAD of a private repository points.
pub(crate) enum Head<'a> {
    /// A branch of this name, made at the commit.
    Branch(&'a str),
    /// The commit itself, with the work tree in this folder: a submodule.
    Detached(&'a Path),
}

/// One private repository: the workspace's own, or that of a submodule in it.
pub(crate) struct Private<'a> {
    /// The git directory whose objects it borrows.
    pub source: &'a Path,
    /// Where its own git directory is made.
    pub git_dir: PathBuf,
    /// What is checked out.
    pub head: Head<'a>,
    /// The commit that is checked out.
    pub commit: Oid,
    /// Name and address of its commits.
    pub identity: (&'a str, &'a str),
    /// The effective settings of the source.
    pub settings: &'a Settings,
}

impl Private<'_> {
    /// Writes the git directory; the stores it borrows from come back.
    pub fn lay_out(&self, notes: &mut Vec<String>) -> Result<Vec<PathBuf>> {
        let dir = &self.git_dir;
        for part in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "hooks"] {
            new_folders(&dir.join(part))?;
        }
        new_folders(&dir.join("buildq"))?;
        let stores = stores(&self.source.join("objects"))?;
        write(&dir.join("objects/info/alternates"), &alternates(&stores)?)?;
        match self.head {
            Head::Branch(branch) => {
                let name = format!("refs/heads/{branch}");
                let file = dir.join(&name);
                file.parent().map_or(Ok(()), new_folders)?;
                write(&file, format!("{}\n", self.commit).as_bytes())?;
                write(&dir.join("HEAD"), format!("ref: {name}\n").as_bytes())?;
            }
            Head::Detached(_) => write(&dir.join("HEAD"), format!("{}\n", self.commit).as_bytes())?,
        }
        write(&dir.join("config"), &self.config(notes))?;
        for (from, to) in [("shallow", "shallow"), ("info/attributes", "info/attributes")] {
            if let Some(bytes) = settings::small_file(&self.source.join(from)) {
                write(&dir.join(to), &bytes)?;
            }
        }
        if let Some(bytes) = self.settings.attributes() {
            write(&dir.join("buildq/attributes"), &bytes)?;
        }
        write(&dir.join("packed-refs"), &self.tags())?;
        Ok(stores)
    }

    /// The source's tags, as packed refs: versions are often made by `git describe`.
    fn tags(&self) -> Vec<u8> {
        let found = Repo::at(self.source).and_then(|repo| repo.references("refs/tags/"));
        let found = found.unwrap_or_default().into_iter();
        found.flat_map(|(name, oid)| format!("{oid} {name}\n").into_bytes()).collect()
    }

    fn config(&self, notes: &mut Vec<String>) -> Vec<u8> {
        let dir = &self.git_dir;
        let mut config = settings::Config::default();
        let version = if self.settings.is_partial() { "1" } else { "0" };
        config.set("core.repositoryformatversion", version);
        config.set("core.bare", "false");
        config.set("core.logallrefupdates", "true");
        self.settings.copy_to(&mut config, notes);
        if let Head::Detached(work_tree) = self.head {
            config.set("core.worktree", &work_tree.to_string_lossy());
        }
        config.set("user.name", self.identity.0);
        config.set("user.email", self.identity.1);
        config.set("core.hookspath", &dir.join("hooks").to_string_lossy());
        config.set("core.attributesfile", &dir.join("buildq/attributes").to_string_lossy());
        config.set("core.excludesfile", "/dev/null");
        for (key, value) in [
            ("core.fsmonitor", "false"),
            ("core.editor", "true"),
            ("core.pager", "cat"),
            ("commit.gpgsign", "false"),
            ("tag.gpgsign", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("advice.detachedhead", "false"),
            ("advice.addembeddedrepo", "false"),
        ] {
            config.set(key, value);
        }
        config.into_bytes()
    }
}

/// Fills the work tree, with the user's filters. Git LFS takes its files from the user's store;
/// what is not there stays a pointer: nothing is fetched, whatever the branch's settings say.
fn check_out(folder: &Path, private: &Private, base: Oid, notes: &mut Vec<String>) -> Result<()> {
    let git = git_inside(folder).with("GIT_LFS_SKIP_DOWNLOAD_ERRORS", "1").set(NO_LFS_SERVER);
    let (code, _, said) =
        git.try_run(["read-tree", "--reset", "-u", "--end-of-options", &base.to_string()])?;
    if code == 0 {
        if said.contains("Error downloading object") {
            notes.push(
                "some files of Git LFS are not in the local store and stay pointers: \
                 `git lfs fetch` brings them"
                    .to_owned(),
            );
        }
        return settings::own_lfs_files(&private.git_dir.join("lfs/objects"));
    }
    let short = base.short();
    let said = complaint(said.as_bytes());
    if !private.settings.is_partial() {
        bail!("cannot check out {short}: {said}");
    }
    bail!(
        "this is a partial clone, and files of {short} are not here yet: {said}\n\
         hint: fetch them with `git diff --shortstat {EMPTY_TREE} {base}`"
    )
}

/// A place where no file of Git LFS is found, at once.
const NO_LFS_SERVER: &str = "lfs.url=file:///nonexistent";

/// The tree without anything in it.
pub(crate) const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// An object store and all that it borrows from, each once.
fn stores(objects: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![canonical(objects)?];
    let mut level = found.clone();
    for _ in 0..ALTERNATES_DEPTH {
        let mut next = Vec::new();
        for store in &level {
            let listed = fs::read(store.join("info/alternates")).unwrap_or_default();
            for line in listed.split(|&byte| byte == b'\n') {
                if line.is_empty() || line.starts_with(b"#") {
                    continue;
                }
                let path = store.join(std::ffi::OsStr::from_bytes(line));
                // One that is gone is no error of git's either.
                if let Ok(path) = path.canonicalize()
                    && !found.contains(&path)
                {
                    found.push(path.clone());
                    next.push(path);
                }
            }
        }
        level = next;
    }
    Ok(found)
}

fn alternates(stores: &[PathBuf]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for store in stores {
        let bytes = store.as_os_str().as_bytes();
        if bytes.contains(&b'\n') {
            bail!("`{}` has a line break in its path: git cannot borrow from it", store.display());
        }
        text.extend_from_slice(bytes);
        text.push(b'\n');
    }
    Ok(text)
}

/// Excludes from all commits what lies untracked now. For the inside of a workspace.
pub fn settle(folder: &Path) -> Result<()> {
    pipes::remove(folder);
    let listed = git_inside(folder).bytes(["ls-files", "-z", "--others", "--exclude-standard"])?;
    let mut text = b"\n# made by the setup: never committed\n".to_vec();
    let paths = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    // A line break in a name cannot be written there.
    paths.filter(|path| !path.contains(&b'\n')).for_each(|path| exclude(&mut text, path));
    let file = folder.join(".git/info/exclude");
    let mut old = fs::read(&file).unwrap_or_default();
    old.extend(text);
    write(&file, &old)
}

/// One exact path, from the top, as a pattern.
fn exclude(text: &mut Vec<u8>, path: &[u8]) {
    text.push(b'/');
    for byte in path {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\' | b' ') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'\n');
}

/// What the workspace ignores: all that the user ignores, and every copied path.
fn excludes(source: &Path, settings: &Settings, copied: &[String]) -> Vec<u8> {
    let mut text = settings.excludes().unwrap_or_default();
    text.push(b'\n');
    text.extend(settings::small_file(&source.join("info/exclude")).unwrap_or_default());
    text.extend_from_slice(b"\n# copied into this workspace: never committed\n");
    copied.iter().for_each(|path| exclude(&mut text, path.as_bytes()));
    text
}

fn add_if_there(list: &mut Vec<PathBuf>, path: &Path) {
    if let Ok(path) = path.canonicalize()
        && !list.contains(&path)
    {
        list.push(path);
    }
}

/// The folder of all workspaces carries a sign of ours: only below it is anything removed.
fn prepare_parent(folder: &Path) -> Result<()> {
    let parent = folder.parent().with_context(|| format!("`{}` is no place", folder.display()))?;
    new_folders(parent)?;
    let sign = parent.join(remove::SIGN);
    if !sign.exists() {
        write(&sign, b"buildq makes and removes the folders beside this file\n")?;
    }
    Ok(())
}

pub(crate) fn canonical(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("cannot find `{}`", path.display()))
}

fn new_folder(path: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().mode(0o700).create(path);
    made.with_context(|| format!("cannot make `{}`", path.display()))
}

pub(crate) fn new_folders(path: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make `{}`", path.display()))
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let open = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(path)
    };
    let written: io::Result<()> = open().and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
#[path = "workspace/tests.rs"]
pub(crate) mod tests;
