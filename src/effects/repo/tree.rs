//! What lies at a path of a commit's tree, symbolic links followed as a checkout would.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Repo, plain, raw};
use crate::domain::id::Oid;

/// More links on the way to one file are a circle.
const LINKS: usize = 40;

/// A symbolic link.
pub const LINK: u32 = 0o120_000;
/// A commit of a submodule.
pub const SUBMODULE: u32 = 0o160_000;
const FOLDER: u32 = 0o040_000;

/// An object of a tree with what kind of file it makes. Written as `100755 <object>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Entry {
    /// As git writes it: `0o100644`, `0o100755`, [`LINK`], [`SUBMODULE`].
    pub mode: u32,
    /// Its content.
    pub object: Oid,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06o} {}", self.mode, self.object)
    }
}

impl From<Entry> for String {
    fn from(entry: Entry) -> Self {
        entry.to_string()
    }
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no entry of a tree");
        let (mode, object) = text.split_once(' ').ok_or_else(wrong)?;
        let mode = u32::from_str_radix(mode, 8).map_err(|_| wrong())?;
        Ok(Self { mode, object: object.parse().map_err(|_| wrong())? })
    }
}

impl TryFrom<String> for Entry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What a path leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Led {
    /// Every link on the way, and the file or submodule at its end.
    pub entries: Vec<(String, Entry)>,
    /// A folder is at its end, and where that is.
    pub folder: Option<String>,
}

/// So many paths are remembered at once.
const KNOWN: usize = 1024;

/// What lies at paths of commits, as it was found before.
pub type Known = RefCell<HashMap<(Oid, String), Option<Entry>>>;

impl Repo {
    /// What lies at a path of a commit's tree, looked for once: a commit never changes, and the tree
    /// of a queue that lies in one folder may have megabytes.
    pub(super) fn look_up(&self, commit: Oid, path: &str) -> Result<Option<Entry>, git2::Error> {
        let key = (commit, path.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(*known);
        }
        let tree = self.git.find_commit(git2::Oid::from_bytes(&commit.0)?)?.tree()?;
        let found = match tree.get_path(Path::new(path)) {
            Ok(found) => {
                let mode = u32::try_from(found.filemode()).unwrap_or_default();
                Some(Entry { mode, object: plain(found.id()) })
            }
            // That an object is not here may change; that a tree has no such name does not.
            Err(error) if error.class() == git2::ErrorClass::Tree => None,
            Err(error) => return Err(error),
        };
        let mut known = self.known.borrow_mut();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(key, found);
        Ok(found)
    }

    /// Follows a path of a commit's tree. One that is not there, or leaves the tree, leads to
    /// the links on the way alone.
    pub fn lead(&self, commit: Oid, path: &str) -> Led {
        let mut led = Led::default();
        let mut open: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = open.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." if done.pop().is_none() => return led,
                ".." => continue,
                _ => {}
            }
            done.push(part);
            let here = done.join("/");
            let Ok(Some(entry)) = self.look_up(commit, &here) else { return led };
            match entry.mode {
                FOLDER => {}
                LINK => {
                    led.entries.push((here, entry));
                    done.pop();
                    links += 1;
                    let target = self.blob(entry.object).unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    if links > LINKS || target.starts_with('/') {
                        return led;
                    }
                    target.split('/').rev().for_each(|part| open.push_front(part.to_owned()));
                }
                SUBMODULE => {
                    led.entries.push((here, entry));
                    return led;
                }
                _ => {
                    if open.is_empty() {
                        led.entries.push((here, entry));
                    }
                    return led;
                }
            }
        }
        led.folder = Some(done.join("/"));
        led
    }

    /// Every file below a folder of a commit's tree.
    pub fn below(&self, commit: Oid, folder: &str) -> Vec<(String, Entry)> {
        let tree = self.entry(commit, folder).and_then(|oid| raw(oid).ok());
        let Some(tree) = tree.and_then(|oid| self.git.find_tree(oid).ok()) else {
            return self.lead(commit, folder).entries;
        };
        let mut found = Vec::new();
        let _ = tree.walk(git2::TreeWalkMode::PreOrder, |inside, entry| {
            if entry.kind() != Some(git2::ObjectType::Tree) {
                let name = String::from_utf8_lossy(entry.name_bytes());
                let mode = u32::try_from(entry.filemode()).unwrap_or_default();
                let entry = Entry { mode, object: plain(entry.id()) };
                found.push((format!("{folder}/{inside}{name}"), entry));
            }
            git2::TreeWalkResult::Ok
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::git::Git;

    #[test]
    fn links_are_followed_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q", "-b", "main"]).unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/run.sh"), "true\n").unwrap();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, at(name)).unwrap();
        link("real", "tools");
        link("tools/run.sh", "check");
        link("/etc/passwd", "out");
        link("../../x", "up");
        link("circle", "circle");
        let person = ["-c", "user.name=A", "-c", "user.email=a@b.c"];
        git.run(["add", "."]).unwrap();
        git.run(person.iter().chain(&["commit", "-qm", "x"])).unwrap();
        let repo = Repo::at(&dir.path().join(".git")).unwrap();
        let tip = repo.branch("main").unwrap();
        for (path, told, folder) in [
            ("real/run.sh", "real/run.sh", None),
            ("tools/run.sh", "tools real/run.sh", None),
            ("check", "check tools real/run.sh", None),
            ("./real/../check", "check tools real/run.sh", None),
            ("out", "out", None),
            ("up", "up", None),
            ("real", "", Some("real")),
            ("tools", "tools", Some("real")),
            ("real/run.sh/x", "", None),
            ("nowhere", "", None),
        ] {
            let led = repo.lead(tip, path);
            let names: Vec<_> = led.entries.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!((names.join(" ").as_str(), led.folder.as_deref()), (told, folder), "{path}");
        }
        assert_eq!(repo.lead(tip, "circle").entries.len(), LINKS + 1);
        let below = repo.below(tip, "real");
        assert_eq!(below.len(), 1);
        let text = below[0].1.to_string();
        assert!(text.starts_with("100644 "), "{text}");
        assert_eq!(text.parse(), Ok(below[0].1));
        assert!("x".parse::<Entry>().is_err());
    }

    #[test]
    fn a_path_is_looked_for_once_but_for_what_was_not_here() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q", "-b", "main"]).unwrap();
        std::fs::create_dir(dir.path().join("real")).unwrap();
        std::fs::write(dir.path().join("real/run.sh"), "true\n").unwrap();
        git.run(["add", "."]).unwrap();
        git.run(["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"]).unwrap();
        let folder = git.run(["rev-parse", "main:real"]).unwrap();
        let object = dir.path().join(".git/objects").join(&folder[..2]).join(&folder[2..]);
        let aside = dir.path().join("aside");
        std::fs::rename(&object, &aside).unwrap();
        let repo = Repo::at(&dir.path().join(".git")).unwrap();
        let tip = repo.branch("main").unwrap();
        let found = || (repo.entry(tip, "real/run.sh").is_some(), repo.entry(tip, "real/none"));
        assert_eq!(found(), (false, None));
        assert!(repo.must_be_read().is_err(), "it cannot be told what is there");
        std::fs::rename(&aside, &object).unwrap();
        assert_eq!(found(), (true, None));
        assert!(repo.must_be_read().is_ok());
        std::fs::remove_file(&object).unwrap();
        assert_eq!(found(), (true, None), "known by now");
        assert_eq!(repo.lead(tip, "real/run.sh").entries.len(), 1);
        for n in 0..2 * KNOWN {
            assert_eq!(repo.entry(tip, &format!("file-{n}")), None);
        }
        assert!(repo.known.borrow().len() <= KNOWN);
    }
}
