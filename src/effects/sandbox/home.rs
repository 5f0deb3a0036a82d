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

/// Folders below the home directory that a build must be able to add to.
pub const LAYERED: &[Layer] = &[
    Layer { below: ".asdf/shims", depth: 0, files: Files::Linked },
    Layer { below: ".cargo/registry/cache", depth: 1, files: Files::Linked },
    // Written anew whenever the registry has news of a crate.
    Layer { below: ".cargo/registry/index", depth: 4, files: Files::Copied },
    Layer { below: ".cargo/registry/src", depth: 1, files: Files::Linked },
    Layer { below: ".local/bin", depth: 0, files: Files::Linked },
    Layer { below: ".local/lib", depth: 2, files: Files::Linked },
    Layer { below: ".nodenv/shims", depth: 0, files: Files::Linked },
    Layer { below: ".pyenv/shims", depth: 0, files: Files::Linked },
    Layer { below: ".rbenv/shims", depth: 0, files: Files::Linked },
];

/// One such folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Where it is.
    pub below: &'static str,
    /// How many levels of folders are made anew.
    depth: usize,
    /// How what is in them is seen.
    files: Files,
}

/// How what is there already is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    /// Through links: files, and the folders below the depth.
    Linked,
    /// As copies of small files.
    Copied,
}

/// A cache of Go's modules, which Go reads like a server's.
pub const GO_MODULES: &str = "go/pkg/mod/cache/download";

/// The home of those who hand work over, below the other.
const HANDOVER: &str = "handover";

/// More is not linked or copied: the rest is fetched again.
const MOST: usize = 20_000;
/// A larger file is not copied, in bytes.
const LARGEST_COPY: u64 = 4 << 20;

/// A throw-away home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// All that belongs to it; commands see the folders below alone.
    folder: PathBuf,
}

impl Home {
    /// The one of those who hand work over while a builder may be at work in the other.
    pub fn of_handover(workspace: &Path) -> Self {
        Self { folder: Self::of(workspace).folder.join(HANDOVER) }
    }

    /// The one that belongs to a workspace.
    pub fn of(workspace: &Path) -> Self {
        let name = workspace.file_name().unwrap_or_default().to_string_lossy();
        Self { folder: workspace.with_file_name(format!("{name}{}", workspace::remove::HOME)) }
    }

    /// Whether it is one of those who hand work over: they need none of the person's packages.
    pub fn is_bare(&self) -> bool {
        self.folder.ends_with(HANDOVER)
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

    /// The layered folders: beside the home, so that nobody inside can put a link in their place.
    pub fn layers(&self) -> PathBuf {
        self.folder.join("layers")
    }

    /// One of them.
    pub fn layer(&self, layer: &Layer) -> PathBuf {
        self.layers().join(layer.below.replace('/', ","))
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
        for folder in [self.tmp(), self.shared(), self.notes(), self.layers(), self.home()] {
            make(&folder)?;
        }
        let (Some(real), Some(backing)) = (real, backing) else { return Ok(()) };
        let mut left = MOST;
        for layer in LAYERED {
            let (from, to) = (real.join(layer.below), self.layer(layer));
            if from.is_dir() {
                let mut fill = Fill { files: layer.files, left: &mut left };
                fill.folder(&from, &backing.join(layer.below), (&to, layer.depth))
                    .with_context(|| format!("cannot fill `{}`", to.display()))?;
            }
        }
        Ok(())
    }

    /// Lets the layered folders be found where no file system of its own shows them. Only
    /// before anything runs in this home.
    pub fn link_layers(&self) {
        for layer in LAYERED {
            let at = self.home().join(layer.below);
            if self.layer(layer).is_dir() && at.parent().is_some_and(|at| make(at).is_ok()) {
                let _ = symlink(self.layer(layer), at);
            }
        }
    }

    /// Makes the way to a place where something will be shown plain folders, and the place
    /// itself no link: one that was put there would be followed out of the sandbox. Only while
    /// nothing runs in this home. Tells whether something was in the way.
    pub fn smooth(&self, top: &Path, below: &Path) -> bool {
        let mut so_far = top.to_owned();
        let mut was_rough = false;
        for part in below.components() {
            so_far.push(part);
            match fs::symlink_metadata(&so_far) {
                Ok(about)
                    if about.is_symlink() || (about.is_file() && so_far != top.join(below)) =>
                {
                    was_rough = true;
                    let _ = fs::remove_file(&so_far);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        was_rough
    }

    /// Puts a link where this path would be in the person's home directory `real`. Only before
    /// anything runs in this one.
    pub fn link(&self, real: &Path, path: &Path, target: &Path) {
        let Ok(below) = path.strip_prefix(real) else { return };
        let at = self.home().join(below);
        if at.parent().is_none_or(|parent| make(parent).is_err()) {
            return;
        }
        // What is there already, such as a layered folder, is the better of the two: what lies
        // beside that is linked one by one.
        let made = symlink(target, &at);
        let is_folder = fs::symlink_metadata(&at).is_ok_and(|about| about.is_dir());
        if made.is_err() && is_folder && !is_layered(below) {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.link(real, &entry.path(), &target.join(entry.file_name()));
            }
        }
    }
}

fn is_layered(below: &Path) -> bool {
    LAYERED.iter().any(|layer| below.starts_with(layer.below))
}

/// Filling a layered folder.
struct Fill<'l> {
    files: Files,
    left: &'l mut usize,
}

impl Fill<'_> {
    /// Makes `to` look like `from`: folders down to a depth, and what is in them.
    fn folder(
        &mut self,
        from: &Path,
        behind: &Path,
        (to, depth): (&Path, usize),
    ) -> io::Result<()> {
        make(to).map_err(io::Error::other)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            let (at, behind) = (to.join(&name), behind.join(&name));
            if kind.is_dir() && depth > 0 {
                self.folder(&entry.path(), &behind, (&at, depth - 1))?;
            } else if *self.left > 0 {
                *self.left -= 1;
                self.one(&entry, behind, &at)?;
            }
        }
        Ok(())
    }

    fn one(&self, entry: &fs::DirEntry, behind: PathBuf, at: &Path) -> io::Result<()> {
        let kind = entry.file_type()?;
        match self.files {
            Files::Linked => {
                // A relative link would lead astray from where its folder is shown.
                let target = match kind.is_symlink() {
                    true => entry.path().canonicalize().unwrap_or(behind),
                    false => behind,
                };
                symlink(target, at)
            }
            Files::Copied if kind.is_file() && entry.metadata()?.len() <= LARGEST_COPY => {
                fs::copy(entry.path(), at).map(drop)
            }
            Files::Copied => Ok(()),
        }
    }
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
        home.link_layers();
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

    #[test]
    fn beside_a_layered_folder_the_rest_of_a_toolchain_is_linked() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let real = root.join("me");
        for folder in [".pyenv/shims", ".pyenv/bin"] {
            fs::create_dir_all(real.join(folder)).unwrap();
        }
        fs::write(real.join(".pyenv/shims/pip"), "pip").unwrap();
        let home = Home::of(&root.join("greet-1"));
        home.make(Some(&real), Some(&real)).unwrap();
        home.link_layers();
        home.link(&real, &real.join(".pyenv"), &real.join(".pyenv"));
        let seen = home.home().join(".pyenv");
        assert_eq!(fs::read_to_string(seen.join("shims/pip")).unwrap(), "pip");
        assert_eq!(fs::read_link(seen.join("bin")).unwrap(), real.join(".pyenv/bin"));
        fs::write(seen.join("shims/.lock"), "").unwrap();
        assert_eq!(fs::read_dir(real.join(".pyenv/shims")).unwrap().count(), 1);
    }

    #[test]
    fn links_on_the_way_to_what_is_shown_go() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(&dir.path().join("greet-1"));
        home.make(None, None).unwrap();
        let bait = dir.path().join("bait");
        fs::create_dir(&bait).unwrap();
        fs::create_dir(home.home().join("kept")).unwrap();
        symlink(&bait, home.home().join(".local")).unwrap();
        fs::write(home.home().join("file"), "").unwrap();
        for (below, rough) in [(".local/state/x", true), ("kept/state", false), ("file/x", true)] {
            for rough in [rough, false] {
                assert_eq!(home.smooth(&home.home(), Path::new(below)), rough, "{below}");
            }
        }
        let left: Vec<_> =
            fs::read_dir(home.home()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["kept"]);
        assert!(bait.exists());
    }
}
