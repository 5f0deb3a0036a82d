//! Reading calendars: files, and commands that print one.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::files;
use super::paths::Paths;
use super::process::{self, Ended, Invocation};
use super::repo::{Entry, LINK, Repo};
use super::{env, trust};
use crate::core::calendar::{self, Busy, LARGEST, Reading};
use crate::domain::config::{Calendar, Check, Config};
use crate::domain::diagnostic::quoted;
use crate::domain::id::Oid;

/// What was read is as good as new for so long.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// More time for one calendar's text is a sign of ill will.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all calendars say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The times at which nothing starts.
    pub busy: Vec<Busy>,
    /// What could not be read or followed, one sentence each.
    pub troubles: Vec<String>,
}

/// Whose calendars, and when.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its local places.
    pub paths: &'a Paths,
    /// The policy that names them, and the commit that it stands in.
    pub config: &'a Config,
    /// See `config`.
    pub tip: Option<Oid>,
    /// Whether commands of the policy may be run.
    pub trusted: bool,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
}

/// Disposable: what was read last.
#[derive(Serialize, Deserialize)]
struct Cache {
    /// Everything that the answer depends on.
    key: String,
    at: DateTime<Utc>,
    seen: Seen,
}

/// Reads every calendar, unless that was done a moment ago.
pub fn look(desk: Desk) -> Seen {
    if desk.config.calendars.is_empty() {
        return Seen::default();
    }
    let key = key(desk);
    if let Some(seen) = remembered(desk, &key) {
        return seen;
    }
    let mut seen = Seen::default();
    for calendar in &desk.config.calendars {
        let name = quoted(&name(calendar));
        match read(desk, calendar) {
            Ok(None) => {}
            Ok(Some(reading)) => {
                seen.busy.extend(reading.busy);
                let notes = reading.notes.into_iter().map(|note| format!("{name}: {note}"));
                seen.troubles.extend(notes);
            }
            Err(error) => {
                let why =
                    format!("the calendar {name} cannot be read and holds nothing: {error:#}");
                seen.troubles.push(why);
            }
        }
    }
    let cache = Cache { key, at: desk.now, seen };
    if let Ok(bytes) = serde_json::to_vec(&cache) {
        let _ = files::replace_cache(&file(desk.paths), &bytes);
    }
    cache.seen
}

/// Calendars in files that cannot be opened here: what the policy calls each, and why.
pub fn unreadable(repo: &Repo, config: &Config) -> Vec<(String, String)> {
    let trouble = |calendar: &Calendar| {
        let Calendar::File(path) = calendar else { return None };
        let read = place(repo, path).and_then(|place| from_file(&place));
        Some((path.clone(), format!("{:#}", read.err()?)))
    };
    config.calendars.iter().filter_map(trouble).collect()
}

/// What was read last, for whom a commit waits: nothing is read now.
pub fn glance(desk: Desk) -> Seen {
    if desk.config.calendars.is_empty() {
        return Seen::default();
    }
    remembered(desk, &key(desk)).unwrap_or_default()
}

fn file(paths: &Paths) -> PathBuf {
    paths.local.join("cache").join("calendar.json")
}

fn remembered(desk: Desk, key: &str) -> Option<Seen> {
    let cache: Cache = serde_json::from_slice(&fs::read(file(desk.paths)).ok()?).ok()?;
    let age = desk.now - cache.at;
    let fresh = age >= TimeDelta::zero() && age < FRESH;
    (fresh && cache.key == key).then_some(cache.seen)
}

/// The calendars, the state of their files, and whether commands may be run.
fn key(desk: Desk) -> String {
    let state = |calendar: &Calendar| {
        let Calendar::File(path) = calendar else { return String::new() };
        let meta = place(desk.repo, path).ok().and_then(|path| fs::metadata(path).ok());
        meta.map_or_else(String::new, |meta| {
            let changed = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            format!("{} {}", meta.len(), changed.unwrap_or_default().as_nanos())
        })
    };
    let calendars = &desk.config.calendars;
    let states: Vec<_> = calendars.iter().map(state).collect();
    let tracked = tracked(desk, calendars.iter());
    format!("{calendars:?} {states:?} {tracked:?} {} {}", desk.config.timezone, desk.trusted)
}

fn name(calendar: &Calendar) -> String {
    match calendar {
        Calendar::File(path) => path.clone(),
        Calendar::Command(check) => check.argv.join(" "),
    }
}

/// `None` for a command that nobody has trusted here.
fn read(desk: Desk, calendar: &Calendar) -> Result<Option<Reading>> {
    let bytes = match calendar {
        Calendar::File(path) => from_file(&place(desk.repo, path)?)?,
        Calendar::Command(_) if !desk.trusted => return Ok(None),
        Calendar::Command(check) => from_command(desk, calendar, check)?,
    };
    let (answer, answered) = mpsc::channel();
    let (tz, now) = (desk.config.timezone, desk.now);
    // A thread of its own: whatever a stranger's text does to the parser ends there.
    std::thread::Builder::new().spawn(move || {
        let text = String::from_utf8_lossy(&bytes);
        let _ = answer.send(calendar::read(&text, tz, now));
    })?;
    match answered.recv_timeout(PATIENCE) {
        Ok(reading) => reading.map(Some).map_err(|why| anyhow!(why)),
        Err(mpsc::RecvTimeoutError::Timeout) => bail!("it takes too long to understand"),
        Err(mpsc::RecvTimeoutError::Disconnected) => bail!("it cannot be understood"),
    }
}

/// Where a calendar's file lies.
fn place(repo: &Repo, path: &str) -> Result<PathBuf> {
    if let Some(rest) = path.strip_prefix("~/") {
        return Ok(etcetera::home_dir().context("your home folder is unknown")?.join(rest));
    }
    if Path::new(path).is_absolute() {
        return Ok(PathBuf::from(path));
    }
    let top = repo.main_work_dir().context("there is no work tree: write an absolute path")?;
    Ok(top.join(path))
}

fn from_file(path: &Path) -> Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    // Opening a FIFO must not wait for somebody who writes.
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
    let file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow!("there is no such file"),
        _ => error.into(),
    })?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        bail!("it is no regular file");
    }
    let mut bytes = Vec::new();
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The command runs in a folder that holds nothing but the tracked files it names, as they were
/// trusted: what lies in the work tree may be another branch's.
fn from_command(desk: Desk, calendar: &Calendar, check: &Check) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a folder for it")?;
    for (path, entry) in tracked(desk, [calendar].into_iter()) {
        let place = folder.path().join(&path);
        let bytes = desk.repo.blob(entry.object);
        let bytes = bytes.with_context(|| format!("`{path}` is not here"))?;
        fs::create_dir_all(place.parent().unwrap_or(folder.path()))?;
        if entry.mode == LINK {
            std::os::unix::fs::symlink(std::ffi::OsString::from_vec(bytes), &place)?;
            continue;
        }
        fs::write(&place, bytes)?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o700))?;
    }
    let argv = check.argv.iter().map(Into::into).collect();
    let environment = env::scrubbed(std::env::vars_os());
    let mut call = Invocation::new(argv, folder.path(), environment);
    call.timeout = check.timeout;
    call.grace = Duration::from_secs(1);
    let mut bytes = Vec::new();
    let mut sink = |more: &[u8]| {
        bytes.extend_from_slice(more);
        Ok(())
    };
    let (done, complaint) = process::pipe_to(&call, &mut sink, LARGEST as u64)?;
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.map_or_else(String::new, |line| format!(": {}", quoted(line)));
    match done.ended {
        Ended::Exit(0) => Ok(bytes),
        Ended::Exit(code) => bail!("exit {code}{last}"),
        Ended::Signal(signal) => bail!("signal {signal}{last}"),
        Ended::Timeout => bail!("it took longer than {}s", check.timeout.as_secs()),
        Ended::Stopped(why) | Ended::Exceeded(why) | Ended::Missing(why) => bail!(why),
    }
}

/// The tracked files that commands among these calendars name, and what they hold.
fn tracked<'c>(
    desk: Desk,
    calendars: impl Iterator<Item = &'c Calendar>,
) -> BTreeMap<String, Entry> {
    let Some(tip) = desk.tip else { return BTreeMap::new() };
    let commands = calendars.filter_map(Calendar::command);
    commands
        .flat_map(|check| trust::of_checks(desk.repo, tip, std::slice::from_ref(check)))
        .collect()
}
