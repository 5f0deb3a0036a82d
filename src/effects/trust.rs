//! What a person has trusted on this machine: kept in the user's data folder, outside every
//! repository. Losing it closes gates, and never opens one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files;
use super::paths::Paths;
use super::repo::Repo;
use crate::core::situation::Trust;
use crate::domain::config::{Calendar, Config};
use crate::domain::id::Oid;

/// Everything that decides what is run: path and object of the configuration, of the
/// templates, and of each tracked file that a command names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest(pub BTreeMap<String, Oid>);

impl Manifest {
    /// As it stands at a commit.
    pub fn at(repo: &Repo, commit: Oid, config: &Config) -> Self {
        let files = vec![CONFIG.to_owned(), format!("{}/templates", config.queue_dir)];
        let builders = config.builders.values().flat_map(|builder| &builder.command);
        let checks = config.verify.iter().chain(&config.workspace_setup);
        let calendars = config.calendars.iter().filter_map(|calendar| match calendar {
            Calendar::Command(check) => Some(check),
            Calendar::File(_) => None,
        });
        let words = builders.chain(checks.chain(calendars).flat_map(|check| &check.argv));
        let named = words.filter_map(|word| named(repo, commit, word));
        let own = files.into_iter().filter_map(|path| {
            let entry = repo.entry(commit, &path)?;
            Some((path, entry))
        });
        Self(own.chain(named).collect())
    }

    /// Paths that differ.
    fn changed(&self, now: &Self) -> Vec<String> {
        let paths: BTreeSet<_> = self.0.keys().chain(now.0.keys()).collect();
        let differs = |path: &&&String| self.0.get(**path) != now.0.get(**path);
        paths.iter().filter(differs).map(|path| (**path).clone()).collect()
    }
}

/// The tracked file that a word of a command names, and its object.
pub fn named(repo: &Repo, commit: Oid, word: &str) -> Option<(String, Oid)> {
    let path = word.trim_start_matches("./");
    let plain = !path.is_empty() && !path.starts_with(['/', '-']) && path != ".";
    let entry = plain.then(|| repo.entry(commit, path)).flatten()?;
    // A folder that a command names holds the work itself: `npm test` has a `test/`.
    repo.is_blob(entry).then(|| (path.to_owned(), entry))
}

/// The configuration's file.
pub const CONFIG: &str = "buildq.yaml";

fn file(paths: &Paths) -> std::path::PathBuf {
    paths.data.join("trusted.json")
}

/// What was trusted last, if anything ever was.
pub fn trusted(paths: &Paths) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(file(paths)).ok()?).ok()
}

/// Trusts exactly this.
pub fn trust(paths: &Paths, manifest: &Manifest) -> Result<()> {
    files::replace(&file(paths), &serde_json::to_vec_pretty(manifest)?)
}

/// Whether what stands now is what was trusted.
pub fn judge(paths: &Paths, now: &Manifest) -> Trust {
    match trusted(paths) {
        None => Trust::Never,
        Some(then) if then == *now => Trust::Trusted,
        Some(then) => Trust::Changed(then.changed(now)),
    }
}

/// A list of words that only grows: one line each, in the user's data folder.
#[derive(Clone, Copy, Debug)]
pub enum Record {
    /// Commits that were made in this clone, as its own hook saw them.
    Commits,
    /// Approvals that were given in this clone: event, task and blob of each.
    Approvals,
}

impl Record {
    fn path(self, paths: &Paths) -> std::path::PathBuf {
        paths.data.join(match self {
            Self::Commits => "commits",
            Self::Approvals => "approvals",
        })
    }

    /// Adds words.
    pub fn add(self, paths: &Paths, words: &[String]) -> Result<()> {
        let path = self.path(paths);
        let mut lines = words.join("\n");
        lines.push('\n');
        append(&path, &lines).with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// All of them.
    pub fn all(self, paths: &Paths) -> BTreeSet<String> {
        let text = fs::read_to_string(self.path(paths)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// One write with `O_APPEND`: lines of several writers do not mix.
fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(lines.as_bytes())
}
