//! The sandbox: what walls work on this machine, and what they hold.
//!
//! Two kinds: bubblewrap, with a file system and processes of its own, and Landlock inside it;
//! or Landlock alone, where namespaces are forbidden.

mod complaint;
mod cover;
pub mod home;
pub mod inside;
pub mod landlock;
pub mod lent;
mod sight;
mod visible;
mod walls;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::env;
use super::process::{self, Ended, Invocation};
pub use walls::Walls;

/// How long the trial run may take.
const TRIAL: Duration = Duration::from_secs(10);

/// What the user wants: `buildq.sandbox` in git config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// The best sandbox that works.
    #[default]
    Auto,
    /// Bubblewrap, or nothing runs.
    Require,
    /// No sandbox.
    Off,
}

impl FromStr for Setting {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" | "" => Ok(Self::Auto),
            "require" => Ok(Self::Require),
            "off" => Ok(Self::Off),
            _ => bail!("`buildq.sandbox` is `{text}`: use `auto`, `require` or `off`"),
        }
    }
}

/// The sandbox that works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// This bubblewrap, and inside it Landlock of this version; 0 where there is none.
    Bubblewrap {
        /// The program.
        bwrap: PathBuf,
        /// The version of Landlock.
        landlock: u32,
    },
    /// Landlock alone.
    Landlock {
        /// Its version.
        abi: u32,
        /// For people: why there is no bubblewrap.
        why: String,
    },
    /// None.
    None {
        /// For people: why.
        why: String,
    },
}

/// What a level holds, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// `bubblewrap`, `landlock` or `none`.
    pub level: &'static str,
    /// Why it is not the best there could be.
    pub why: Option<String>,
    /// Nothing that a command starts can outlive it.
    pub own_processes: bool,
    /// Only the workspace and what is thrown away with it can be written.
    pub writes_held: bool,
    /// Of the home directory, toolchains alone can be read.
    pub home_hidden: bool,
    /// Sockets of the desktop, of agents and of services cannot be reached.
    pub sockets_hidden: bool,
    /// The version of Landlock in force; 0 where there is none.
    pub landlock: u32,
    /// The network can be taken away; `None` where only a part of it can: TCP.
    pub network: Option<bool>,
}

impl Level {
    /// Whether walls hold what runs, of either kind.
    pub fn holds(&self) -> bool {
        !matches!(self, Self::None { .. })
    }

    /// Whether it is bubblewrap: with nothing less is an agent let loose.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Bubblewrap { .. })
    }

    /// Why it is not the best there could be, if so.
    pub fn shortfall(&self) -> Option<&str> {
        match self {
            Self::Bubblewrap { .. } => None,
            Self::Landlock { why, .. } | Self::None { why } => Some(why),
        }
    }

    /// What it holds, part by part.
    pub fn parts(&self) -> Parts {
        let (level, landlock) = match self {
            Self::Bubblewrap { landlock, .. } => ("bubblewrap", *landlock),
            Self::Landlock { abi, .. } => ("landlock", *abi),
            Self::None { .. } => ("none", 0),
        };
        let whole = self.is_whole();
        Parts {
            level,
            why: self.shortfall().map(str::to_owned),
            own_processes: whole,
            writes_held: self.holds(),
            home_hidden: self.holds(),
            sockets_hidden: whole,
            landlock,
            network: if whole { Some(true) } else { (landlock < landlock::TCP).then_some(false) },
        }
    }
}

/// Finds out what works. That bubblewrap worked is kept in the file `cache` until the machine
/// boots or bubblewrap changes; that it did not is found out each time, since somebody may be
/// mending it.
pub fn probe(cache: &Path) -> Level {
    let abi = landlock::abi();
    let lesser = |why: String| match abi {
        0 => Level::None { why },
        abi => Level::Landlock { abi, why },
    };
    if !cfg!(target_os = "linux") {
        return Level::None { why: "this system has no namespaces".to_owned() };
    }
    let Some(bwrap) = which::which("bwrap").ok().and_then(|path| path.canonicalize().ok()) else {
        return lesser(complaint::NOT_INSTALLED.to_owned());
    };
    let whole = Level::Bubblewrap { bwrap: bwrap.clone(), landlock: abi };
    let key = key(&bwrap);
    if key.is_some() && fs::read_to_string(cache).ok() == key {
        return whole;
    }
    if let Err(error) = try_out(&whole) {
        return lesser(format!("{error:#}"));
    }
    if let Some(key) = key {
        // Next time it is tried out again, that is all.
        let _ = keep(cache, &key);
    }
    whole
}

/// What the answer depends on: this boot, this user, this bubblewrap, these walls.
fn key(bwrap: &Path) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let file = fs::metadata(bwrap).ok()?;
    let user = rustix::process::geteuid().as_raw();
    let time = format!("{}.{}", file.mtime(), file.mtime_nsec());
    Some(format!("walls 2\n{}\n{user}\n{}\n{time}\n", boot.trim(), bwrap.display()))
}

fn keep(cache: &Path, key: &str) -> Result<()> {
    let folder = cache.parent().context("a cache file without a folder")?;
    super::paths::make_private_dir(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key.as_bytes())?;
    file.persist(cache)?;
    Ok(())
}

/// Runs a command in a sandbox of exactly the kind that builders get; it must be able to
/// write its workspace and nothing beside it.
fn try_out(level: &Level) -> Result<()> {
    let dir = tempfile::tempdir().context("cannot make a temporary folder")?;
    let [workspace, beside] = ["workspace", "beside"].map(|name| dir.path().join(name));
    fs::create_dir(&workspace)?;
    fs::create_dir(&beside)?;
    let lock = tempfile::tempfile()?;
    let mut walls = Walls::around(&workspace);
    walls.read_only.push(beside.clone());
    walls.lock = Some(lock.as_fd());
    walls.furnish(level)?;
    let script = ": > inside && ! (: > \"$0/outside\") 2>/dev/null";
    let argv: Vec<OsString> =
        vec!["/bin/sh".into(), "-c".into(), script.into(), beside.clone().into()];
    let environment = env::scrubbed(std::env::vars_os());
    let mut trial = Invocation::new(walls.enter(level, &argv), dir.path(), environment);
    (trial.own_tree, trial.timeout, trial.keep_fd) = (false, TRIAL, Some(&lock));
    let mut said = Vec::new();
    let finished = process::run(&trial, &mut |bytes| said.extend_from_slice(bytes), &mut || None)?;
    let said = String::from_utf8_lossy(&said);
    match (finished.ended, said.lines().next()) {
        (Ended::Exit(0), _) if workspace.join("inside").exists() => Ok(()),
        (Ended::Timeout, _) => bail!("`bwrap` hangs"),
        (_, Some(line)) => bail!("{}", complaint::explain(line, &complaint::Forbids::here())),
        (ended, None) => bail!("`bwrap` fails: {ended:?}"),
    }
}

#[cfg(all(test, target_os = "linux"))]
#[path = "sandbox/tests.rs"]
mod tests;
