//! The home directory of one attempt: empty at first, thrown away with its workspace.
//!
//! It lies on disk beside the workspace, with a temporary folder of its own, so that nothing
//! a build writes there eats memory. Caches of packages that the person has already are seen
//! through links, file by file: a build adds to its own copy of the folder and can change
//! nothing that another build, or the person, will ever read.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::super::workspace;

/// Where a sandbox with a file system of its own shows what [`LAYERED`] names.
pub const BACKING: &str = "/run/buildq/home";

/// Folders below the home directory that a build must be able to add to, and how deep the
/// links to what is there already begin.
pub const LAYERED: &[(&str, usize)] = &[
    (".cargo/registry/cache", 1),
    (".cargo/registry/index", 1),
    (".cargo/registry/src", 1),
    (".local/bin", 0),
    (".local/lib", 2),
];

/// A cache of Go's modules, which Go reads like a server's.
pub const GO_MODULES: &str = "go/pkg/mod/cache/download";

/// More links than this are not made: the rest is fetched again.
const MOST_LINKS: usize = 20_000;

/// A throw-away home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// All that belongs to it; commands see the folders below alone.
    folder: PathBuf,
}

impl Home {
    /// The one that belongs to a workspace.
    pub fn of(workspace: &Path) -> Self {
        let name = workspace.file_name().unwrap_or_default().to_string_lossy();
        Self { folder: workspace.with_file_name(format!("{name}{}", workspace::remove::HOME)) }
    }

    /// What becomes the home directory.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// What becomes the temporary folder.
    pub fn tmp(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// What becomes the place for memory that programs share.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("shared")
    }

    /// What buildq itself notes of it: out of reach of what runs.
    pub fn notes(&self) -> PathBuf {
        self.folder.join("notes")
    }

    /// Whether it was made.
    pub fn exists(&self) -> bool {
        self.home().is_dir()
    }

    /// Makes what is not there yet. `real` is the person's own home directory; `backing` is
    /// where commands will find its [`LAYERED`] folders.
    pub fn make(&self, real: Option<&Path>, backing: Option<&Path>) -> Result<()> {
        if self.exists() {
            return Ok(());
        }
        for folder in [self.tmp(), self.shared(), self.notes(), self.home()] {
            make(&folder)?;
        }
        let (Some(real), Some(backing)) = (real, backing) else { return Ok(()) };
        let mut left = MOST_LINKS;
        for (below, depth) in LAYERED {
            let (from, to) = (real.join(below), self.home().join(below));
            if from.is_dir() {
                layer(&from, &backing.join(below), (&to, *depth), &mut left)
                    .with_context(|| format!("cannot fill `{}`", to.display()))?;
            }
        }
        Ok(())
    }

    /// Puts a link where this path would be in the person's home directory `real`. Only before
    /// anything runs in this one.
    pub fn link(&self, real: &Path, path: &Path, target: &Path) {
        let Ok(below) = path.strip_prefix(real) else { return };
        let at = self.home().join(below);
        if at.parent().is_some_and(|parent| make(parent).is_ok()) {
            // What is there already, such as a layered folder, is the better of the two.
            let _ = symlink(target, at);
        }
    }
}

/// Makes `to` look like `from`: folders down to a depth, links to what is in them below.
fn layer(
    from: &Path,
    backing: &Path,
    (to, depth): (&Path, usize),
    left: &mut usize,
) -> io::Result<()> {
    make(to).map_err(io::Error::other)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let (at, behind) = (to.join(&name), backing.join(&name));
        if kind.is_dir() && depth > 0 {
            layer(&entry.path(), &behind, (&at, depth - 1), left)?;
            continue;
        }
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        // A relative link would lead astray from where its folder is shown.
        let target = match kind.is_symlink() {
            true => entry.path().canonicalize().unwrap_or(behind),
            false => behind,
        };
        symlink(target, at)?;
    }
    Ok(())
}

fn make(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make the folder `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_through_links_and_never_changed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let real = root.join("me");
        let crates = real.join(".cargo/registry/cache/index");
        fs::create_dir_all(&crates).unwrap();
        fs::write(crates.join("a.crate"), "a").unwrap();
        fs::create_dir_all(real.join(".local/bin")).unwrap();
        fs::create_dir_all(real.join(".ssh")).unwrap();
        fs::write(real.join("tool"), "tool").unwrap();
        symlink("../../tool", real.join(".local/bin/tool")).unwrap();

        let home = Home::of(&root.join("greet-1"));
        home.make(Some(&real), Some(&real)).unwrap();
        let cache = home.home().join(".cargo/registry/cache/index");
        assert_eq!(fs::read_to_string(cache.join("a.crate")).unwrap(), "a");
        fs::write(cache.join("b.crate"), "b").unwrap();
        assert!(!crates.join("b.crate").exists());
        assert_eq!(fs::read_to_string(home.home().join(".local/bin/tool")).unwrap(), "tool");
        assert!(!home.home().join(".ssh").exists());

        home.link(&real, &real.join("tool"), &real.join("tool"));
        assert_eq!(fs::read_to_string(home.home().join("tool")).unwrap(), "tool");
        home.link(&real, &root.join("elsewhere"), &real);
        assert_eq!(home.folder, root.join("greet-1.home"));
    }
}
