//! Where everything local lives.

use std::fs::{self, DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use etcetera::base_strategy::{BaseStrategy as _, choose_base_strategy};
use sha2::{Digest as _, Sha256};

use crate::domain::id::{Attempt, TaskId};

/// The local places of one clone. Nothing here exists until somebody needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The common git directory, canonical.
    pub common: PathBuf,
    /// `<common>/buildq`: locks, logs, caches; disposable but for running builds.
    pub local: PathBuf,
    /// The user's data folder of this clone: its id, trust, commits and approvals made here.
    pub data: PathBuf,
    /// The folder that holds the workspaces of this clone's attempts.
    pub workspaces: PathBuf,
    /// The id in the data folder, or empty.
    pub clone_id: String,
    /// Whether git config names the same id: this very clone was set up here by this user,
    /// and is no copy of one.
    pub known: bool,
    /// The machine's name up to the first dot.
    pub host: String,
    state: PathBuf,
}

impl Paths {
    /// Finds the places of the repository with this common git directory.
    /// `config_clone_id` is the value of `buildq.cloneId` in its git config.
    pub fn discover(common_dir: &Path, config_clone_id: Option<&str>, host: &str) -> Result<Self> {
        let home = choose_base_strategy().context("your home folder is unknown: set `HOME`")?;
        let state = home.state_dir().unwrap_or_else(|| home.home_dir().join(".local/state"));
        Self::below(common_dir, config_clone_id, host, [home.data_dir(), state])
    }

    fn below(
        common_dir: &Path,
        config_clone_id: Option<&str>,
        host: &str,
        [data, state]: [PathBuf; 2],
    ) -> Result<Self> {
        let common = fs::canonicalize(common_dir)
            .with_context(|| format!("cannot find the git directory `{}`", common_dir.display()))?;
        let digest = Sha256::digest(common.as_os_str().as_bytes());
        let data = data.join("buildq/clones").join(hex(&digest[..8]));
        let clone_id = read_id(&data.join("id")).unwrap_or_default();
        Ok(Self {
            local: common.join("buildq"),
            known: !clone_id.is_empty() && config_clone_id == Some(clone_id.as_str()),
            state: state.join("buildq"),
            workspaces: state.join("buildq").join(&clone_id),
            host: host.to_owned(),
            common,
            data,
            clone_id,
        })
    }

    /// The same places, with the workspaces in a folder that the user chose, maybe for several
    /// clones: each has its own below it.
    pub fn with_workspaces(mut self, folder: PathBuf) -> Self {
        self.workspaces = folder.join(&self.clone_id);
        self.state = folder;
        self
    }

    /// Gives this clone an id if it has none, and returns it, to be stored in git config as
    /// `buildq.cloneId`. Of several callers at once all get the same.
    pub fn establish(&mut self) -> Result<String> {
        let file = self.data.join("id");
        if self.clone_id.is_empty() {
            make_private_dir(&self.data)?;
            self.clone_id = write_id(&self.data, &file)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        self.workspaces = self.state.join(&self.clone_id);
        self.known = true;
        Ok(self.clone_id.clone())
    }

    /// The name of this clone in the ledger: `<host>/<first 4 of the clone id>`.
    pub fn runner(&self) -> String {
        format!("{}/{}", self.host, self.clone_id.get(..4).unwrap_or("none"))
    }

    /// The lock file of this name.
    pub fn lock(&self, name: &str) -> PathBuf {
        self.local.join(format!("{name}.lock"))
    }

    /// The lock that the supervisor of this attempt holds while anything of it may live.
    pub fn attempt_lock(&self, task: &TaskId, attempt: Attempt) -> PathBuf {
        self.local.join(format!("builds/{task}-{attempt}.lock"))
    }

    /// The lock that is held while somebody tries this attempt out.
    pub fn try_lock(&self, task: &TaskId, attempt: Attempt) -> PathBuf {
        self.local.join(format!("tries/{task}-{attempt}.lock"))
    }

    /// Where the output of all attempts lies, a folder each.
    pub fn outputs(&self) -> PathBuf {
        self.local.join("logs")
    }

    /// The names of all of them that are there, held or free.
    pub fn attempt_locks(&self) -> std::collections::BTreeSet<std::ffi::OsString> {
        let entries = std::fs::read_dir(self.local.join("builds")).into_iter().flatten();
        entries.flatten().map(|entry| entry.file_name()).collect()
    }

    /// The folder of this attempt's output.
    pub fn output(&self, task: &TaskId, attempt: Attempt) -> PathBuf {
        self.outputs().join(format!("{task}-{attempt}"))
    }

    /// There once a builder may have been in the workspace of this attempt: out of its reach,
    /// unlike the mark in the workspace itself.
    pub fn handed(&self, task: &TaskId, attempt: Attempt) -> PathBuf {
        self.output(task, attempt).join("handed")
    }

    /// The workspace of this attempt.
    pub fn workspace(&self, task: &TaskId, attempt: Attempt) -> PathBuf {
        self.workspaces.join(format!("{task}-{attempt}"))
    }
}

/// The machine's name up to the first dot, letters, digits and `-` only.
pub fn host() -> String {
    host_from(&rustix::system::uname().nodename().to_string_lossy())
}

fn host_from(node: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = node.split('.').next().unwrap_or_default().chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "host".to_owned() } else { name.to_owned() }
}

/// Makes a folder that only this user can look into, and its parents.
pub fn make_private_dir(dir: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the folder `{}`", dir.display()))
}

fn read_id(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let id = text.trim_end();
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (id.len() == 16 && id.bytes().all(digit)).then(|| id.to_owned())
}

/// Puts a new id in place whole and on disk, or takes the one that came first. What is no
/// id is replaced.
fn write_id(dir: &Path, file: &Path) -> Result<String> {
    let mut random = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let id = hex(&random);
    let mut new = tempfile::NamedTempFile::new_in(dir)?;
    writeln!(new, "{id}")?;
    new.as_file().sync_all()?;
    if let Err(error) = new.persist_noclobber(file) {
        if let Some(first) = read_id(file) {
            return Ok(first);
        }
        error.file.persist(file)?;
    }
    File::open(dir)?.sync_all()?;
    Ok(id)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn paths(root: &Path, id: Option<&str>) -> Paths {
        let homes = [root.join("data"), root.join("state")];
        Paths::below(&root.join("repo/.git"), id, "mini", homes).unwrap()
    }

    #[test]
    fn a_clone_is_known_once_its_id_stands_in_both_places() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("repo/.git")).unwrap();
        let mut new = paths(&root, None);
        assert!(!new.known && new.clone_id.is_empty());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "looking makes nothing");

        let id = new.establish().unwrap();
        assert_eq!(id.len(), 16);
        assert_eq!(new.establish().unwrap(), id);
        assert_eq!(new.workspaces, root.join("state/buildq").join(&id));
        assert_eq!(new.runner(), format!("mini/{}", &id[..4]));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&new.data), mode(&new.data.join("id"))), (0o700, 0o600));

        assert_eq!(paths(&root, Some(&id)), new);
        assert!(!paths(&root, None).known);
        assert!(!paths(&root, Some("0123456789abcdef")).known);
        assert!(!paths(&root, Some("")).known);
        let moved = paths(&root, Some(&id)).with_workspaces("/w".into());
        let task = TaskId::new("hello").unwrap();
        assert_eq!(moved.workspace(&task, Attempt(2)), Path::new("/w").join(&id).join("hello-2"));
        assert_eq!(moved.output(&task, Attempt(2)), root.join("repo/.git/buildq/logs/hello-2"));
    }

    #[test]
    fn a_copied_repository_is_another_clone() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("repo/.git")).unwrap();
        let id = paths(root, None).establish().unwrap();
        fs::create_dir_all(root.join("copy")).unwrap();
        let homes = [root.join("data"), root.join("state")];
        let copy = Paths::below(&root.join("copy"), Some(&id), "mini", homes).unwrap();
        assert!(!copy.known && copy.clone_id.is_empty());
    }

    #[test]
    fn a_broken_id_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("repo/.git")).unwrap();
        let mut paths_here = paths(dir.path(), None);
        fs::create_dir_all(&paths_here.data).unwrap();
        fs::write(paths_here.data.join("id"), "../../etc").unwrap();
        let id = paths_here.establish().unwrap();
        assert!(paths(dir.path(), Some(&id)).known);
    }

    #[test]
    fn host_names_are_plain() {
        for (node, host) in [
            ("mini.local", "mini"),
            ("Ann's Mac", "Ann-s-Mac"),
            ("", "host"),
            ("...", "host"),
            ("a/b", "a-b"),
        ] {
            assert_eq!(host_from(node), host);
        }
    }
}
