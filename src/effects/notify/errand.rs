//! Commands of notifiers: like those of calendars they see the tracked files that they name, as a
//! person has trusted them, and nothing of the work tree.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Until, last_words};
use crate::domain::config::Check;
use crate::domain::id::Oid;
use crate::effects::process::{self, Ended, Invocation};
use crate::effects::repo::{LINK, Repo};
use crate::effects::{env, trust};

/// More output than this ends a command.
const MOST: u64 = 1 << 20;

/// The tracked files that commands name, and what they hold.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<(String, u32, Vec<u8>)>);

impl Files {
    /// As they stand at a commit.
    pub fn named(repo: &Repo, tip: Option<Oid>, commands: &[&Vec<String>]) -> Self {
        let Some(tip) = tip else { return Self::default() };
        let check = |argv: &&Vec<String>| Check { argv: argv.to_vec(), timeout: Duration::ZERO };
        let checks: Vec<_> = commands.iter().map(check).collect();
        let found = trust::of_checks(repo, tip, &checks).into_iter();
        let bytes = |(path, entry): (String, crate::effects::repo::Entry)| {
            Some((path, entry.mode, repo.blob(entry.object)?))
        };
        Self(found.filter_map(bytes).collect())
    }

    fn lay_out(&self, folder: &Path) -> Result<()> {
        for (path, mode, bytes) in &self.0 {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().unwrap_or(folder))?;
            if *mode == LINK {
                std::os::unix::fs::symlink(OsString::from_vec(bytes.clone()), &place)?;
                continue;
            }
            fs::write(&place, bytes)?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

/// Runs a command to its end, with this on its standard input; what it printed, or how it failed.
pub(super) fn run(
    argv: &[String],
    files: &Files,
    input: Option<&str>,
    until: Until,
) -> Result<String, String> {
    attempt(argv, files, input, until).unwrap_or_else(|error| Err(format!("{error:#}")))
}

fn attempt(
    argv: &[String],
    files: &Files,
    input: Option<&str>,
    until: Until,
) -> Result<Result<String, String>> {
    let folder = tempfile::tempdir().context("cannot make a folder for it")?;
    let work = folder.path().join("files");
    fs::create_dir(&work)?;
    files.lay_out(&work)?;
    let words = argv.iter().map(Into::into).collect();
    let mut call = Invocation::new(words, &work, env::scrubbed(std::env::vars_os()));
    if let Some(input) = input {
        let place = folder.path().join("notice.json");
        fs::write(&place, format!("{input}\n"))?;
        call.stdin = Some(place);
    }
    call.timeout = until.left();
    call.grace = Duration::from_secs(1);
    // Other notifiers' commands run in other threads.
    call.beside = true;
    let mut said = Vec::new();
    let mut sink = |more: &[u8]| {
        said.extend_from_slice(more);
        Ok(())
    };
    let (done, complaint) = process::pipe_to(&call, &mut sink, MOST)?;
    let name = argv.first().map(String::as_str).unwrap_or_default();
    let last = last_words(&complaint);
    Ok(match done.ended {
        Ended::Exit(0) => Ok(String::from_utf8_lossy(&said).into_owned()),
        Ended::Exit(code) => Err(format!("`{name}`: exit {code}{last}")),
        Ended::Signal(signal) => Err(format!("`{name}`: signal {signal}{last}")),
        Ended::Timeout => Err(format!("`{name}`: {}", until.too_long())),
        Ended::Stopped(why) | Ended::Exceeded(why) | Ended::Missing(why) => Err(why),
    })
}
