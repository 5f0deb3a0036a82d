//! The file that tells a workspace from any other repository, and whose it is.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::{Order, write};
use crate::domain::id::{Attempt, Oid, TaskId};
use crate::effects::env;

/// Below the workspace's top.
pub const FILE: &str = ".git/buildq-workspace";
/// What the builder was told, below the workspace's top.
pub const PROMPT: &str = ".git/buildq/prompt.md";
/// It is a few hundred bytes; what is larger is not ours.
const MAX_BYTES: u64 = 1 << 20;

/// What a workspace knows of itself. A builder can rewrite it: it is for commands inside the
/// workspace, and nothing on the host believes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The task that is built.
    pub task: TaskId,
    /// Which run of it.
    pub attempt: Attempt,
    /// The branch it was made with.
    pub branch: String,
    /// The commit it was made at.
    pub base: Oid,
    /// Path of the task's file in the tree.
    #[serde(default)]
    pub queue_file: Option<String>,
    /// The file that holds exactly the spec that is built.
    #[serde(default)]
    pub spec: Option<PathBuf>,
    /// Paths that came along and are never committed.
    #[serde(default)]
    pub copied: Vec<String>,
}

impl Marker {
    pub(super) fn of(order: &Order, copied: &[String]) -> Self {
        Self {
            task: order.task.clone(),
            attempt: order.attempt,
            branch: order.branch.to_owned(),
            base: order.base,
            queue_file: order.queue_file.map(str::to_owned),
            spec: order.spec.map(Path::to_owned),
            copied: copied.to_vec(),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        write(&folder.join(FILE), &serde_json::to_vec(self)?)
    }

    /// The workspace that a directory lies in: its top, and what it says.
    pub fn find(from: &Path) -> Result<(PathBuf, Self)> {
        for folder in from.ancestors() {
            if folder.join(FILE).exists() {
                return Ok((folder.to_owned(), Self::read(folder)?));
            }
        }
        bail!(
            "`{}` is not inside a workspace of buildq\n\
             hint: builders call this in the workspace they are started in; people see how a \
             build is doing with `buildq status`",
            from.display()
        )
    }

    /// Whether this process is one of a build, as far as it can tell: it has the environment of
    /// one, or works in a workspace. Walls hold a builder; this only tells it what to do instead.
    pub fn is_here() -> bool {
        let named =
            [env::WORKSPACE, env::TOKEN].iter().any(|name| std::env::var_os(name).is_some());
        let here = std::env::current_dir().unwrap_or_default();
        named || here.ancestors().any(|folder| folder.join(FILE).exists())
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        // Without blocking: a builder may have put a FIFO in its place.
        let mut options = fs::OpenOptions::new();
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = options.read(true).custom_flags(nonblock).open(&path);
        let file = file.with_context(|| format!("cannot read `{}`", path.display()))?;
        if !file.metadata()?.is_file() {
            bail!("`{}` is not a file", path.display());
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        serde_json::from_slice(&bytes).with_context(|| format!("cannot read `{}`", path.display()))
    }
}
