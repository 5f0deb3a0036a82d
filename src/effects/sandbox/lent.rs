//! What an agent is lent for one run: a copy of its settings, thrown away afterwards, and its
//! login, kept in step with the person's own while it works.
//!
//! A file that is mounted into a sandbox cannot be replaced by renaming, which is how careful
//! programs write; and what a builder writes into a mounted file is the person's at once. So
//! both sides have a file of their own, and this process, outside, carries renewals from one to
//! the other. What comes out must be the same login with other tokens
//! ([`crate::core::login`]); a login that the person has renewed meanwhile goes in.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::super::agents::needs::Needs;
use super::super::files;
use super::home::Home;
use crate::core::login;

/// A login is never larger.
const MOST_LOGIN: u64 = 64 << 10;
/// Settings beyond this are left out.
const MOST_BYTES: u64 = 64 << 20;
const MOST_FILES: usize = 10_000;
/// Folders of settings are not nested deeper.
const DEEPEST: usize = 12;

const NOTE: &str = "logins.json";

/// What one agent has been lent.
#[derive(Clone, Debug)]
pub struct Lent {
    home: Home,
    logins: Vec<Loan>,
    settings: Vec<PathBuf>,
}

/// One login.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Loan {
    /// The person's own file.
    own: PathBuf,
    /// Where the agent's lies, below its home directory.
    below: PathBuf,
    renews: Vec<String>,
    /// What both said when they last were in step.
    agreed: String,
    /// What the agent left that is no renewal: said once.
    #[serde(skip)]
    refused: Option<String>,
}

/// What an exchange of logins did; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// The agent has renewed it, and the person's own is renewed.
    Renewed(PathBuf),
    /// What the agent left is no renewal, and is not taken.
    Refused(PathBuf),
}

impl Lent {
    /// Lends what an agent needs of the home directory `real`.
    pub fn lend(home: &Home, real: &Path, needs: &Needs) -> Result<Self> {
        let mut lent = Self { home: home.clone(), logins: Vec::new(), settings: Vec::new() };
        let mut room = Room { bytes: MOST_BYTES, files: MOST_FILES };
        for below in needs.settings {
            lent.settings.push(below.into());
            let from = own_place(real, below);
            copy(&from, &home.home().join(below), &mut room, 0)
                .with_context(|| format!("cannot copy `{}`", from.display()))?;
        }
        for (below, keys) in needs.pruned {
            lent.settings.push(below.into());
            if let Some(text) = small(&own_place(real, below)).and_then(|text| pruned(&text, keys))
            {
                write_new(&home.home(), Path::new(below), text.as_bytes())?;
            }
        }
        for login in needs.logins {
            let own = own_place(real, login.path);
            // Behind a link the file itself is renewed, and the link stays.
            let own = own.canonicalize().unwrap_or(own);
            let Some(agreed) = small(&own) else { continue };
            let below = PathBuf::from(login.path);
            write_new(&home.home(), &below, agreed.as_bytes())?;
            let renews = login.renews.iter().map(|name| (*name).to_owned()).collect();
            lent.logins.push(Loan { own, below, renews, agreed, refused: None });
        }
        // Of settings alone nothing has to come back.
        if !lent.logins.is_empty() {
            lent.note()?;
        }
        Ok(lent)
    }

    /// What an attempt whose supervisor died was lent.
    pub fn left(home: &Home) -> Option<Self> {
        let noted = fs::read(home.notes().join(NOTE)).ok()?;
        let logins = serde_json::from_slice(&noted).ok()?;
        Some(Self { home: home.clone(), logins, settings: Vec::new() })
    }

    /// Carries what was renewed on one side to the other. The person's own change wins.
    pub fn exchange(&mut self) -> Vec<Exchanged> {
        let (mut done, mut changed) = (Vec::new(), false);
        let home = self.home.home();
        for loan in &mut self.logins {
            let (Some(own), Some(theirs)) = (small(&loan.own), read_below(&home, &loan.below))
            else {
                continue;
            };
            if own != loan.agreed {
                // Written anew: the agent may be reading the old one.
                if theirs == own || write_new(&home, &loan.below, own.as_bytes()).is_ok() {
                    (loan.agreed, changed) = (own, true);
                }
            } else if theirs != loan.agreed && loan.refused.as_ref() != Some(&theirs) {
                let renews: Vec<_> = loan.renews.iter().map(String::as_str).collect();
                let sound = !renews.is_empty()
                    && login::is_refreshed(own.as_bytes(), theirs.as_bytes(), &renews);
                if sound && files::replace(&loan.own, theirs.as_bytes()).is_ok() {
                    done.push(Exchanged::Renewed(loan.own.clone()));
                    (loan.agreed, changed) = (theirs, true);
                } else {
                    done.push(Exchanged::Refused(loan.own.clone()));
                    loan.refused = Some(theirs);
                }
            }
        }
        if changed {
            let _ = self.note();
        }
        done
    }

    /// Takes everything back: a last exchange, then nothing of it is left for what runs next.
    pub fn take_back(mut self) -> Vec<Exchanged> {
        let done = self.exchange();
        let home = self.home.home();
        for below in self.logins.iter().map(|loan| &loan.below).chain(&self.settings) {
            remove_below(&home, below);
        }
        let _ = fs::remove_file(self.home.notes().join(NOTE));
        done
    }

    fn note(&self) -> Result<()> {
        files::replace(&self.home.notes().join(NOTE), &serde_json::to_vec(&self.logins)?)
    }
}

/// Where a file of the home directory really lies: the folders that `XDG_*` names may be
/// elsewhere. Inside, they are always below the home directory.
fn own_place(real: &Path, below: &str) -> PathBuf {
    let named = [
        (".config/", "XDG_CONFIG_HOME"),
        (".local/share/", "XDG_DATA_HOME"),
        (".local/state/", "XDG_STATE_HOME"),
    ];
    let elsewhere = named.iter().find_map(|(head, name)| {
        let folder = std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())?;
        Some(folder.join(below.strip_prefix(head)?))
    });
    elsewhere.unwrap_or_else(|| real.join(below))
}

fn pruned(text: &str, keys: &[&str]) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_str(text).ok()?;
    let object = json.as_object_mut()?;
    keys.iter().for_each(|key| drop(object.remove(*key)));
    serde_json::to_string_pretty(&json).ok()
}

/// The text of a small file of the person's own.
fn small(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    // Claude's settings of all projects are one file.
    (about.len() <= MOST_BYTES).then(|| fs::read_to_string(path).ok())?
}

struct Room {
    bytes: u64,
    files: usize,
}

/// Copies a file or folder of the person's own, links followed: settings are often kept in a
/// repository elsewhere.
fn copy(from: &Path, to: &Path, room: &mut Room, depth: usize) -> Result<()> {
    let Ok(about) = fs::metadata(from) else { return Ok(()) };
    if about.is_dir() && depth < DEEPEST {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            // What others made of it is no setting, and large.
            if entry.file_name() != OsStr::new("node_modules") {
                copy(&entry.path(), &to.join(entry.file_name()), room, depth + 1)?;
            }
        }
    } else if about.is_file() && room.files > 0 && about.len() <= room.bytes {
        (room.files, room.bytes) = (room.files - 1, room.bytes - about.len());
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(from, to)?;
    }
    Ok(())
}

/// Opens the folder that a path below the agent's home lies in, and never a link on the way:
/// whoever works there may have put one.
fn folder_below(home: &Path, below: &Path, make: bool) -> Result<OwnedFd> {
    const FOLDER: OFlags =
        OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    let mut folder = rustix::fs::open(home, FOLDER, Mode::empty())?;
    for part in below.parent().into_iter().flat_map(Path::components) {
        let Component::Normal(name) = part else { anyhow::bail!("no plain path") };
        if make {
            match rustix::fs::mkdirat(&folder, name, Mode::RWXU) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        folder = rustix::fs::openat(&folder, name, FOLDER, Mode::empty())?;
    }
    Ok(folder)
}

fn read_below(home: &Path, below: &Path) -> Option<String> {
    let folder = folder_below(home, below, false).ok()?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&folder, below.file_name()?, flags, Mode::empty()).ok()?;
    let file = File::from(file);
    let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
    if about.len() > MOST_LOGIN {
        return None;
    }
    let mut text = String::new();
    file.take(MOST_LOGIN).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Writes a file below the agent's home whole, under another name first.
fn write_new(home: &Path, below: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_below(home, below, true)?;
    let name = below.file_name().context("a file without a name")?;
    let mut new = name.to_owned();
    new.push(".buildq-new");
    let _ = rustix::fs::unlinkat(&folder, &new, AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&folder, &new, flags, Mode::RUSR | Mode::WUSR)?;
    File::from(file).write_all(bytes)?;
    rustix::fs::renameat(&folder, &new, &folder, name)?;
    Ok(())
}

/// Best effort: it lies in a home that is thrown away.
fn remove_below(home: &Path, below: &Path) {
    let Ok(folder) = folder_below(home, below, false) else { return };
    let Some(name) = below.file_name() else { return };
    if rustix::fs::unlinkat(&folder, name, AtFlags::empty()).is_err() {
        let _ = super::super::workspace::remove::remove_below(&folder, name);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::agents::needs;
    use super::*;

    const LOGIN: &str = r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1}}"#;

    fn place() -> (tempfile::TempDir, PathBuf, Home) {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("me");
        fs::create_dir_all(real.join(".claude/projects")).unwrap();
        fs::write(real.join(".claude/projects/old"), "secret talk").unwrap();
        fs::write(real.join(".claude/settings.json"), "{}").unwrap();
        fs::write(real.join(".claude/.credentials.json"), LOGIN).unwrap();
        fs::write(real.join(".claude.json"), r#"{"projects":{"/x":1},"userID":"u"}"#).unwrap();
        let home = Home::of(&dir.path().join("x-1"));
        home.make(None, None).unwrap();
        (dir, real, home)
    }

    fn lend(home: &Home, real: &Path) -> Lent {
        Lent::lend(home, real, &needs::of("claude", &[])).unwrap()
    }

    #[test]
    fn settings_are_a_copy_and_other_work_stays_out() {
        let (_dir, real, home) = place();
        let lent = lend(&home, &real);
        let inside = home.home();
        assert_eq!(fs::read_to_string(inside.join(".claude/.credentials.json")).unwrap(), LOGIN);
        assert!(!inside.join(".claude/projects").exists());
        let json = fs::read_to_string(inside.join(".claude.json")).unwrap();
        assert!(json.contains("userID") && !json.contains("projects"), "{json}");
        fs::write(inside.join(".claude/settings.json"), r#"{"hooks":"evil"}"#).unwrap();
        fs::write(inside.join(".claude/CLAUDE.md"), "evil").unwrap();
        assert!(lent.take_back().is_empty());
        assert_eq!(fs::read_to_string(real.join(".claude/settings.json")).unwrap(), "{}");
        assert!(!real.join(".claude/CLAUDE.md").exists());
        for gone in [".claude/.credentials.json", ".claude/settings.json", ".claude.json"] {
            assert!(!inside.join(gone).exists(), "{gone}");
        }
        assert!(Lent::left(&home).is_none());
        let nothing = Lent::lend(&home, &real, &needs::of("tool", &[])).unwrap();
        assert!(Lent::left(&home).is_none() && nothing.take_back().is_empty());
    }

    #[test]
    fn a_renewed_login_crosses_in_both_directions() {
        let (_dir, real, home) = place();
        let (own, inside) =
            [&real, &home.home()].map(|h| h.join(".claude/.credentials.json")).into();
        let mut lent = lend(&home, &real);
        assert!(lent.exchange().is_empty());
        let newer = LOGIN.replace("\"a\"", "\"b\"");
        fs::write(&inside, &newer).unwrap();
        assert_eq!(lent.exchange(), [Exchanged::Renewed(own.clone())]);
        assert_eq!(fs::read_to_string(&own).unwrap(), newer);
        let newest = LOGIN.replace("\"a\"", "\"c\"");
        fs::write(&own, &newest).unwrap();
        assert!(lent.exchange().is_empty());
        assert_eq!(fs::read_to_string(&inside).unwrap(), newest);

        // Whoever buries it knows what was agreed.
        fs::write(&inside, LOGIN.replace("\"a\"", "\"d\"")).unwrap();
        let left = Lent::left(&home).unwrap().take_back();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn what_is_no_renewal_is_not_taken() {
        let (_dir, real, home) = place();
        let inside = home.home().join(".claude/.credentials.json");
        let mut lent = lend(&home, &real);
        let evil = LOGIN.replace("\"expiresAt\":1", "\"expiresAt\":1,\"apiKeyHelper\":\"sh\"");
        fs::write(&inside, evil).unwrap();
        assert!(matches!(lent.exchange()[..], [Exchanged::Refused(_)]));
        for planted in ["/etc/passwd", "/dev/zero"] {
            fs::remove_file(&inside).unwrap();
            std::os::unix::fs::symlink(planted, &inside).unwrap();
            assert!(lent.exchange().is_empty());
        }
        fs::remove_file(&inside).unwrap();
        super::super::super::sys::mkfifo(&inside).unwrap();
        assert!(lent.exchange().is_empty());
        let own = real.join(".claude/.credentials.json");
        assert_eq!(fs::read_to_string(&own).unwrap(), LOGIN);

        // A folder that is a link leads the host nowhere.
        let bait = real.join("bait");
        fs::create_dir(&bait).unwrap();
        fs::rename(home.home().join(".claude"), home.home().join("moved")).unwrap();
        std::os::unix::fs::symlink(&bait, home.home().join(".claude")).unwrap();
        fs::write(&own, LOGIN.replace("\"a\"", "\"e\"")).unwrap();
        lent.exchange();
        lent.take_back();
        assert_eq!(fs::read_dir(&bait).unwrap().count(), 0);
    }
}
