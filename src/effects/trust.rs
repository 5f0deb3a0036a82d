//! What a person has trusted on this machine: kept in the user's data folder, outside every
//! repository. Losing it closes gates, and never opens one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files;
use super::paths::Paths;
use super::repo::{Entry, Repo};
use crate::core::mentions;
use crate::core::situation::Trust;
use crate::core::trusted::{Change, Shift};
use crate::domain::config::{Calendar, Check, Config};
use crate::domain::id::Oid;

/// Behind the name of a file of the base that has another content on the queue branch.
const OF_BASE: &str = " (base)";
/// The configuration's file.
pub const CONFIG: &str = "buildq.yaml";

/// Everything that decides what is run, as it stands: the configuration, the templates, and
/// each tracked file that a command of the configuration names, with the links on the way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// By path.
    pub entries: BTreeMap<String, Entry>,
    /// Paths that a command may mean, there or not, and those that it leads to, all on the base
    /// branch: whoever watches for a change looks at these.
    #[serde(skip)]
    pub named: BTreeSet<String>,
    /// The same of the queue branch, where calendars' commands are taken from.
    #[serde(skip)]
    pub beside: BTreeSet<String>,
    /// Files that checks of single tasks name, as a person has trusted them.
    #[serde(default)]
    pub of_tasks: BTreeMap<String, Entry>,
}

/// The commits at which it is looked.
#[derive(Clone, Copy, Debug)]
pub struct Tips {
    /// Of the queue branch, where configuration and templates count.
    pub queue: Oid,
    /// Of the base branch, whose files a workspace is made of.
    pub base: Oid,
}

impl Tips {
    /// As they stand now; a base that has no commit is the queue itself.
    pub fn now(repo: &Repo, config: &Config) -> Option<Self> {
        let name = repo.queue_branch();
        let queue = repo.branch(&name)?;
        let base = repo.setting("buildq.base").or_else(|| config.base.clone()).unwrap_or(name);
        Some(Self { queue, base: repo.branch(&base).unwrap_or(queue) })
    }
}

impl Manifest {
    /// As it stands at these commits.
    pub fn at(repo: &Repo, tips: Tips, config: &Config) -> Self {
        let mut manifest = Self::default();
        manifest.entries.extend(repo.lead(tips.queue, CONFIG).entries);
        manifest.entries.extend(repo.below(tips.queue, &templates(config)));
        let calendars = config.calendars.iter().filter_map(Calendar::command);
        let notifiers = config.notify.values().flat_map(|notifier| notifier.commands());
        for argv in calendars.map(|check| &check.argv).chain(notifiers) {
            let paths = mentions::mentions(argv);
            let found = found(repo, tips.queue, &paths);
            manifest.beside.extend(paths.into_iter().chain(found.keys().cloned()));
            manifest.entries.extend(found);
        }
        let (found, named) = named(repo, tips.base, config);
        manifest.named = named;
        for (path, entry) in found {
            match manifest.entries.get(&path) {
                // Another branch has another file of that name, and it is that one which runs.
                Some(other) if *other != entry => {
                    manifest.entries.insert(format!("{path}{OF_BASE}"), entry);
                }
                _ => _ = manifest.entries.insert(path, entry),
            }
        }
        manifest
    }

    /// Whether the same stands in both.
    pub fn is(&self, other: &Self) -> bool {
        self.entries == other.entries
    }

    /// What differs now; `there` tells whether a path is still in the repository.
    pub fn changed(&self, now: &Self, there: &dyn Fn(&str) -> bool) -> Vec<Change> {
        let paths: BTreeSet<_> = self.entries.keys().chain(now.entries.keys()).collect();
        let other_words = self.entries.get(CONFIG) != now.entries.get(CONFIG);
        let named = |path: &str| now.named.contains(path) || now.beside.contains(path);
        let change = |path: &String| {
            let shift = match (self.entries.get(path), now.entries.get(path)) {
                (Some(then), Some(now)) if then == now => return None,
                (Some(_), Some(_)) => Shift::Changed,
                (None, _) if other_words && named(path) => Shift::Named,
                (None, _) => Shift::New,
                (Some(_), None) if there(path.trim_end_matches(OF_BASE)) => Shift::Unnamed,
                (Some(_), None) => Shift::Gone,
            };
            Some(Change { shift, path: path.clone() })
        };
        paths.into_iter().filter_map(change).collect()
    }
}

/// The folder of the templates.
pub fn templates(config: &Config) -> String {
    format!("{}/templates", config.queue_dir)
}

/// What the commands of the configuration name at a commit, and every path that they may mean.
fn named(repo: &Repo, base: Oid, config: &Config) -> (BTreeMap<String, Entry>, BTreeSet<String>) {
    let (mut found, mut meant) = (BTreeMap::new(), BTreeSet::new());
    for builder in config.builders.values() {
        let mut paths = mentions::mentions(&builder.command);
        paths.extend(mentions::implicit(&builder.command));
        paths.extend(on_path(repo, &builder.command));
        found.extend(self::found(repo, base, &paths));
        meant.extend(paths);
    }
    for check in config.verify.iter().chain(&config.workspace_setup) {
        let paths = mentions::mentions(&check.argv);
        found.extend(self::found(repo, base, &paths));
        meant.extend(paths);
    }
    // What a hook looks at with every commit is kept short: words that look like files.
    meant.retain(|path| path.contains(['/', '.']));
    // What a link or a folder of the command leads to is no word of it.
    meant.extend(found.keys().cloned());
    (found, meant)
}

/// What a builder and the setup before it name at a commit: what runs with the builder's keys,
/// or before anything is checked.
pub fn at_start(
    repo: &Repo,
    at: Oid,
    builder: &[String],
    setup: &[Check],
) -> BTreeMap<String, Entry> {
    let mut paths = mentions::mentions(builder);
    paths.extend(mentions::implicit(builder));
    paths.extend(on_path(repo, builder));
    setup.iter().for_each(|check| paths.extend(mentions::mentions(&check.argv)));
    found(repo, at, &paths)
}

/// What checks name at a commit.
pub fn of_checks(repo: &Repo, at: Oid, checks: &[Check]) -> BTreeMap<String, Entry> {
    let paths = checks.iter().flat_map(|check| mentions::mentions(&check.argv)).collect();
    found(repo, at, &paths)
}

/// The files that such paths lead to. A folder that a command names holds the work itself
/// (`npm test` has a `test/`), unless the command names a file in it.
fn found(repo: &Repo, at: Oid, paths: &BTreeSet<String>) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut folders = Vec::new();
    for path in paths {
        let led = repo.lead(at, path);
        found.extend(led.entries);
        folders.extend(led.folder);
    }
    for folder in folders {
        let inside = paths.iter().map(|path| repo.lead(at, &format!("{folder}/{path}")));
        found.extend(inside.filter(|led| led.folder.is_none()).flat_map(|led| led.entries));
    }
    found
}

/// Where a program without a slash in its name may lie in the repository itself: a folder of
/// the PATH for builders that is relative, or below the work tree.
fn on_path(repo: &Repo, command: &[String]) -> Vec<String> {
    let Some(program) = command.first().filter(|name| !name.contains('/')) else {
        return Vec::new();
    };
    let top = repo.main_work_dir();
    let path = repo.local_setting("buildq.path").unwrap_or_default();
    let below = |folder: std::path::PathBuf| {
        let inside = match folder.is_absolute() {
            true => folder.strip_prefix(top.as_ref()?).ok()?.to_owned(),
            false => folder,
        };
        mentions::plain(inside.join(program).to_str()?)
    };
    std::env::split_paths(&path).filter_map(below).collect()
}

fn file(paths: &Paths) -> std::path::PathBuf {
    paths.data.join("trusted.json")
}

/// Every file of this room: what changes in them changes what counts.
pub fn files(paths: &Paths) -> Vec<std::path::PathBuf> {
    let records = [Record::Commits, Record::Approvals, Record::Verdicts];
    records.iter().map(|record| record.path(paths)).chain([file(paths)]).collect()
}

/// What was trusted last, if anything ever was; an error where that cannot be read.
pub fn trusted(paths: &Paths) -> io::Result<Option<Manifest>> {
    Ok(if_there(fs::read(file(paths)))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Trusts exactly this.
pub fn trust(paths: &Paths, manifest: &Manifest) -> Result<()> {
    files::replace(&file(paths), &serde_json::to_vec_pretty(manifest)?)
}

/// Whether what stands now is what was trusted; `there` as for [`Manifest::changed`].
pub fn judge(paths: &Paths, now: &Manifest, there: &dyn Fn(&str) -> bool) -> io::Result<Trust> {
    Ok(match trusted(paths)? {
        None => Trust::Never,
        Some(then) if then.is(now) => Trust::Trusted,
        Some(then) => Trust::Changed(then.changed(now, there)),
    })
}

/// A list of words that only grows: one line each, in the user's data folder.
#[derive(Clone, Copy, Debug)]
pub enum Record {
    /// Commits that were made in this clone, as its own hook saw them.
    Commits,
    /// Approvals that were given in this clone: event, task and blob of each.
    Approvals,
    /// Verdicts of judges that were given in this clone: event, task and blob of each.
    Verdicts,
}

impl Record {
    fn path(self, paths: &Paths) -> std::path::PathBuf {
        paths.data.join(match self {
            Self::Commits => "commits",
            Self::Approvals => "approvals",
            Self::Verdicts => "verdicts",
        })
    }

    /// Adds words.
    pub fn add(self, paths: &Paths, words: &[String]) -> Result<()> {
        let path = self.path(paths);
        let mut lines = words.join("\n");
        lines.push('\n');
        append(&path, &lines).with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// All of them; an error where they cannot be read.
    pub fn all(self, paths: &Paths) -> io::Result<BTreeSet<String>> {
        let text = if_there(fs::read_to_string(self.path(paths)))?.unwrap_or_default();
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// One write with `O_APPEND`: lines of several writers do not mix.
fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(lines.as_bytes())
}
