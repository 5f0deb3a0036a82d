//! One look at the file system before a command is shown a part of it: each path is looked at once.
//!
//! What is shown is named by some hundred paths that share their folders, and every question
//! about one of them begins with where it really lies. What runs may change that, so a look is
//! forgotten before anything does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Beyond so many links in a row the system is asked, which tells a circle from a long way.
const MOST_LINKS: u32 = 32;

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// What is at the path itself.
    at: RefCell<HashMap<PathBuf, At>>,
    /// Where the path really lies, if anywhere.
    real: RefCell<HashMap<PathBuf, Option<PathBuf>>>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A link, and where it leads.
    Link(PathBuf),
    /// Something else.
    Other,
    /// Nothing that can be seen.
    Nothing,
}

impl Sight {
    /// The canonical path of what is there, as `canonicalize` tells it; of links in a row it may
    /// follow some more than the system would.
    pub fn real(&self, path: &Path) -> Option<PathBuf> {
        self.follow(path, MOST_LINKS)
    }

    /// The same, or the path itself where nothing is there.
    pub fn real_or_same(&self, path: &Path) -> PathBuf {
        self.real(path).unwrap_or_else(|| path.to_owned())
    }

    /// Whether something is there: behind a link, what it leads to.
    pub fn is_there(&self, path: &Path) -> bool {
        self.real(path).is_some()
    }

    /// Where a link leads, as it says itself; `None` when it is none.
    pub fn link(&self, path: &Path) -> Option<PathBuf> {
        match self.at(path) {
            At::Link(target) => Some(target),
            At::Other | At::Nothing => None,
        }
    }

    /// From here on everything is looked at anew.
    pub fn forget(&self) {
        self.at.borrow_mut().clear();
        self.real.borrow_mut().clear();
    }

    fn follow(&self, path: &Path, links: u32) -> Option<PathBuf> {
        let (true, Some(folder), Some(name)) = (is_plain(path), path.parent(), path.file_name())
        else {
            return path.canonicalize().ok();
        };
        if let Some(known) = self.real.borrow().get(path) {
            return known.clone();
        }
        let real = match links {
            0 => path.canonicalize().ok(),
            _ => self.step(folder, name, links),
        };
        self.real.borrow_mut().insert(path.to_owned(), real.clone());
        real
    }

    fn step(&self, folder: &Path, name: &OsStr, links: u32) -> Option<PathBuf> {
        let folder = self.follow(folder, links)?;
        let path = folder.join(name);
        match self.at(&path) {
            At::Link(target) => self.follow(&folder.join(target), links - 1),
            At::Other => Some(path),
            At::Nothing => None,
        }
    }

    fn at(&self, path: &Path) -> At {
        // To the map a path with a slash at its end, behind the link, is the link's own.
        let plain = is_plain(path);
        if let Some(known) = self.at.borrow().get(path).filter(|_| plain) {
            return known.clone();
        }
        let found = match fs::read_link(path) {
            Ok(target) => At::Link(target),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => At::Other,
            Err(_) => At::Nothing,
        };
        if plain {
            self.at.borrow_mut().insert(path.to_owned(), found.clone());
        }
        found
    }
}

/// Whether a path names one folder after the other from the top: then each part can be looked
/// at by itself. What else a path may hold, the system knows best.
fn is_plain(path: &Path) -> bool {
    let below = path.as_os_str().as_bytes().strip_prefix(b"/");
    below.is_some_and(|below| {
        below.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn it_finds_what_the_system_finds() {
        let dir = tempfile::tempdir().unwrap();
        // Not canonical itself where the temporary folder is not.
        let top = dir.path();
        fs::create_dir_all(top.join("a/b/c")).unwrap();
        fs::write(top.join("a/file"), "").unwrap();
        for (at, target) in [
            ("near", Path::new("a")),
            ("a/up", Path::new("../a/b")),
            ("a/slash", Path::new("b/")),
            ("a/dot", Path::new("./b/.")),
            ("a/self", Path::new(".")),
            ("far", &top.join("near/b")),
            ("chain", Path::new("far/c")),
            ("to-file", Path::new("near/file")),
            ("file-slash", Path::new("near/file/")),
            ("through-file", Path::new("a/file/x")),
            ("over-file", Path::new("a/file/../b")),
            ("gone", Path::new("nowhere/at/all")),
            ("loop", Path::new("pool")),
            ("pool", Path::new("loop")),
            ("inward", Path::new("inward/x")),
        ] {
            symlink(target, top.join(at)).unwrap();
        }
        symlink("a", top.join("row0")).unwrap();
        for number in 1..36 {
            symlink(format!("row{}", number - 1), top.join(format!("row{number}"))).unwrap();
        }
        let sight = Sight::default();
        let below = ["", "b", "b/c", "b/..", "b/../b/c", "file", "file/", "file/.", "x/y", "up/c"];
        let mut found = 0;
        for entry in fs::read_dir(top).unwrap().chain(fs::read_dir(top.join("a")).unwrap()) {
            let entry = entry.unwrap().path();
            let paths = below.iter().map(|below| entry.join(below));
            for path in paths.chain([entry.clone(), entry.join("b/./c"), entry.join("b//c")]) {
                let real = path.canonicalize().ok();
                // The second answer is from memory.
                for _ in 0..2 {
                    assert_eq!(sight.real(&path), real, "{}", path.display());
                }
                assert_eq!(sight.is_there(&path), path.exists(), "{}", path.display());
                assert_eq!(sight.link(&path), fs::read_link(&path).ok(), "{}", path.display());
                found += usize::from(real.is_some());
            }
        }
        assert!(found > 100, "{found}");
        for path in ["/", "/usr", "/proc/self/cwd", "/etc/resolv.conf", "src", ".", "", "/gone/x"] {
            let path = Path::new(path);
            assert_eq!(sight.real(path), path.canonicalize().ok(), "{}", path.display());
        }
    }

    #[test]
    fn it_keeps_what_it_saw_until_it_forgets() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let [old, new, link] = ["old", "new", "link"].map(|name| top.join(name));
        fs::create_dir(&old).unwrap();
        symlink(&old, &link).unwrap();
        let sight = Sight::default();
        assert_eq!((sight.real(&link), sight.is_there(&new)), (Some(old.clone()), false));
        fs::remove_file(&link).unwrap();
        fs::create_dir(&new).unwrap();
        symlink(&new, &link).unwrap();
        assert_eq!((sight.real(&link), sight.is_there(&new)), (Some(old), false));
        sight.forget();
        assert_eq!((sight.real(&link), sight.link(&link)), (Some(new.clone()), Some(new)));
    }
}
