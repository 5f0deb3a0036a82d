//! The repository, through libgit2: the only room that names git2. Plain owned values leave it.

mod brought;
mod difference;
mod history;
mod made;
mod merge;
mod objects;
mod origins;
mod packed;
mod past;
mod refs;
mod tree;

use std::cell::RefCell;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::domain::id::Oid;
use crate::effects::sys;

pub use history::{Commit, Shape, TreeChange};
pub use merge::Merged;
pub use objects::{Person, QueueEntry, Stamp};
pub use origins::FileOrigin;
pub use refs::{Refs, Swap};
pub use tree::{Entry, LINK, SUBMODULE};

/// One open repository.
pub struct Repo {
    git: git2::Repository,
    refs: packed::RefFiles,
    /// Git's configuration as it was when it was first asked.
    settings: RefCell<Option<git2::Config>>,
    /// What could not be read, though it may be there, and why.
    unread: RefCell<Option<String>>,
    /// What lies at paths that were looked at.
    known: tree::Known,
}

fn plain(oid: git2::Oid) -> Oid {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(oid.as_bytes());
    Oid(bytes)
}

fn raw(oid: Oid) -> Result<git2::Oid> {
    git2::Oid::from_bytes(&oid.0).with_context(|| format!("`{oid}` is no object id"))
}

impl Repo {
    fn of(git: git2::Repository) -> Self {
        // libgit2 asks for it when it first looks at objects or refs, and never again.
        sys::sync_what_is_written();
        Self {
            refs: packed::RefFiles::of(git.commondir()),
            git,
            settings: RefCell::new(None),
            unread: RefCell::new(None),
            known: tree::Known::default(),
        }
    }

    /// The repository around a directory, as git itself would find it (`GIT_DIR` counts).
    pub fn discover(from: &Path) -> Result<Self> {
        let git = match std::env::var_os("GIT_DIR") {
            Some(_) => git2::Repository::open_from_env(),
            None => git2::Repository::discover(from),
        };
        Ok(Self::of(git.map_err(|e| explain(from, &e))?))
    }

    /// The repository of exactly this git directory.
    pub fn at(git_dir: &Path) -> Result<Self> {
        let git = git2::Repository::open_ext(
            git_dir,
            git2::RepositoryOpenFlags::NO_SEARCH,
            std::iter::empty::<&Path>(),
        );
        Ok(Self::of(git.map_err(|e| explain(git_dir, &e))?))
    }

    /// What is there; `None` where it is not. Where that cannot be told, since it cannot be read,
    /// [`Repo::must_be_read`] fails from then on.
    fn there<T>(&self, what: impl Display, found: Result<T, git2::Error>) -> Option<T> {
        use git2::ErrorCode::{InvalidSpec, NotFound, UnbornBranch};
        let found = found.map_err(|error| match error.code() {
            NotFound | InvalidSpec | UnbornBranch => {}
            _ => {
                drop(self.unread.replace(Some(format!("cannot read {what}: {}", error.message()))))
            }
        });
        found.ok()
    }

    /// Something beside the repository could not be read, and counts as not being there: see
    /// [`Repo::must_be_read`].
    pub fn could_not_read(&self, what: impl Display, error: &std::io::Error) {
        drop(self.unread.replace(Some(format!("cannot read {what}: {error}"))));
    }

    /// Whether all that was asked for could be read so far.
    pub fn is_read(&self) -> bool {
        self.unread.borrow().is_none()
    }

    /// Fails, once, if anything could not be read of which this has said that it is not there:
    /// asked before every decision, since a gate may hang on what seems to be missing.
    pub fn must_be_read(&self) -> Result<()> {
        match self.unread.take() {
            None => Ok(()),
            Some(why) => bail!("{why}\nhint: git fsck, and a look at the disk"),
        }
    }

    /// The git directory that all work trees share, canonical.
    pub fn common_dir(&self) -> Result<PathBuf> {
        let dir = self.git.commondir();
        dir.canonicalize().with_context(|| format!("`{}`", dir.display()))
    }

    /// The git directory of this very work tree.
    pub fn git_dir(&self) -> &Path {
        self.git.path()
    }

    /// The top of this work tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.git.workdir()
    }

    /// The main work tree, also when seen from a linked one; `None` for a bare repository.
    pub fn main_work_dir(&self) -> Option<PathBuf> {
        if !self.git.is_worktree() {
            return self.work_dir().map(Path::to_owned);
        }
        let main = Self::at(self.git.commondir()).ok()?;
        main.work_dir().map(Path::to_owned)
    }

    /// Whether there is no work tree.
    pub fn is_bare(&self) -> bool {
        self.git.is_bare()
    }

    /// Whether a rebase is under way in this work tree.
    pub fn is_rebasing(&self) -> bool {
        // `git am` uses `rebase-apply` as well, and its hook is one of ours.
        let marks = ["rebase-merge", "rebase-apply/rebasing"];
        marks.iter().any(|name| self.git_dir().join(name).exists())
    }

    /// A value of git's configuration, whatever file it stands in.
    pub fn setting(&self, key: &str) -> Option<String> {
        let mut settings = self.settings.borrow_mut();
        if settings.is_none() {
            let read = self.git.config().and_then(|mut config| config.snapshot());
            *settings = self.there("git's configuration", read);
        }
        settings.as_ref()?.get_str(key).ok().map(str::to_owned)
    }

    /// Every value of git's configuration, of all files in their order, but for what buildq sets
    /// for itself alone.
    pub fn settings(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut all = Vec::new();
        let config = self.git.config()?.snapshot()?;
        config.entries(None)?.for_each(|entry| {
            if entry.level() != git2::ConfigLevel::App {
                all.push((
                    String::from_utf8_lossy(entry.name_bytes()).into_owned(),
                    entry.value_bytes().to_vec(),
                ));
            }
        })?;
        Ok(all)
    }

    /// A value of this repository's own configuration file alone.
    pub fn local_setting(&self, key: &str) -> Option<String> {
        let config = self.git.config();
        let local = config.and_then(|config| config.open_level(git2::ConfigLevel::Local));
        let read = local.and_then(|mut local| local.snapshot());
        self.there("git's configuration", read)?.get_str(key).ok().map(str::to_owned)
    }

    /// Writes a value into this repository's own configuration file.
    pub fn set_local(&self, key: &str, value: &str) -> Result<()> {
        self.settings.take();
        let mut config = self.git.config()?.open_level(git2::ConfigLevel::Local)?;
        config.set_str(key, value).with_context(|| format!("git config {key}"))
    }

    /// Takes every `buildq.*` value out of this repository's own configuration file.
    pub fn forget_settings(&self) -> Result<()> {
        self.settings.take();
        let mut config = self.git.config()?.open_level(git2::ConfigLevel::Local)?;
        let mut names = Vec::new();
        config.entries(Some("^buildq\\."))?.for_each(|entry| {
            names.extend(entry.name().ok().map(str::to_owned));
        })?;
        for name in names {
            config.remove(&name)?;
        }
        Ok(())
    }

    /// Whether git knows who the person at this machine is.
    pub fn knows_person(&self) -> bool {
        ["user.name", "user.email"]
            .iter()
            .all(|key| self.setting(key).is_some_and(|value| !value.trim().is_empty()))
    }

    /// Who the person at this machine is, for git.
    pub fn person(&self) -> Person {
        let name = self.setting("user.name").filter(|name| !name.trim().is_empty());
        let email = self.setting("user.email").filter(|email| !email.trim().is_empty());
        Person {
            name: name.unwrap_or_else(|| "somebody".into()),
            email: email.unwrap_or_else(|| "somebody@localhost".into()),
        }
    }

    /// The branch whose task files count: the local setting, else what the remote calls its
    /// head, else the branch that is checked out here.
    pub fn queue_branch(&self) -> String {
        if let Some(branch) = self.setting("buildq.queueBranch") {
            return branch;
        }
        let remote = self.symbolic("refs/remotes/origin/HEAD");
        let name = remote.and_then(|name| Some(name.strip_prefix("refs/remotes/origin/")?.into()));
        if let Some(name) = name.filter(|name: &String| self.branch(name).is_some()) {
            return name;
        }
        let usual = ["main", "master"].iter().find(|name| self.branch(name).is_some());
        let head = self
            .head_branch()
            .filter(|name| *name != "buildq" && !name.starts_with("build/") && usual.is_none());
        head.or(usual.map(|name| (*name).to_owned())).unwrap_or_else(|| "main".into())
    }
}

/// What libgit2 cannot open gets one clear error.
fn explain(path: &Path, error: &git2::Error) -> anyhow::Error {
    let message = error.message();
    let shown = path.display();
    if message.contains("refstorage") {
        anyhow!("`{shown}` uses the reftable format, which buildq cannot read yet")
            .context("hint: git refs migrate --ref-format=files")
    } else if message.contains("objectformat") || message.contains("object format") {
        anyhow!("`{shown}` uses SHA-256, which buildq cannot read yet")
    } else if error.code() == git2::ErrorCode::NotFound {
        anyhow!("`{shown}` is not in a git repository\nhint: git init")
    } else if error.code() == git2::ErrorCode::Owner {
        anyhow!(
            "`{shown}` belongs to another user\nhint: git config --global --add safe.directory '{shown}'"
        )
    } else {
        anyhow!("cannot open the repository at `{shown}`: {message}")
    }
}

/// Refuses names that are not branches.
fn valid_branch(name: &str) -> Result<()> {
    if git2::Branch::name_is_valid(name).unwrap_or(false) {
        return Ok(());
    }
    bail!("`{name}` cannot be the name of a branch")
}
