//! What one command may see and change.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::path::{Path, PathBuf};

use super::cover::{self, Cover};
use super::home::{BACKING, GO_MODULES, Home, LAYERED};
use super::sight::Sight;
use super::{Level, visible};

/// Where a home directory is shown when the person's own path cannot be used.
const STRANGE_HOME: &str = "/home/buildq";

/// What every program may expect to be able to write to.
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// What one command may see and change. Whatever it does not name is not there.
#[derive(Clone, Debug)]
pub struct Walls<'a> {
    /// The folder that it works in.
    pub workspace: PathBuf,
    /// Whether it may change that folder.
    pub may_write: bool,
    /// Its throw-away home directory.
    pub home: Home,
    /// The person's own home directory: in its place stands the other.
    pub real_home: Option<PathBuf>,
    /// What it must be able to read besides the system, such as the user's object store and
    /// toolchains. What is not there is passed over.
    pub read_only: Vec<PathBuf>,
    /// What it must not see although it lies below something shown.
    pub hidden: Vec<PathBuf>,
    /// A lock that the sandbox itself, but nothing inside, holds until its first process
    /// dies. Free, it says that all others are killed too; a moment may pass until the
    /// kernel has done so, which [`super::super::sweep::end_all`] waits for.
    /// [`super::super::process::Invocation::keep_fd`] must be the same file.
    pub lock: Option<BorrowedFd<'a>>,
    /// Whether it may use the network.
    pub network: bool,
    /// This program, which confines itself and becomes the command; without it there is no
    /// Landlock and no bound on processes.
    pub own: Option<PathBuf>,
    /// Processes and threads it may have at once.
    pub processes: Option<u32>,
    /// It leads a session whose terminal was made for it alone.
    pub own_terminal: bool,
    /// What was found of the paths that are named here.
    pub(super) sight: Sight,
}

impl Walls<'_> {
    /// A workspace with its throw-away home, the system and the network, and nothing else.
    pub fn around(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
            may_write: true,
            home: Home::of(workspace),
            real_home: std::env::var_os("HOME").map(PathBuf::from),
            read_only: Vec::new(),
            hidden: Vec::new(),
            lock: None,
            network: true,
            own: None,
            processes: None,
            own_terminal: false,
            sight: Sight::default(),
        }
    }

    /// Where commands see their home directory.
    pub fn home_seen(&self, level: &Level) -> PathBuf {
        match level {
            Level::Bubblewrap { .. } => {
                self.replaced_home().unwrap_or(STRANGE_HOME.as_ref()).into()
            }
            Level::Landlock { .. } | Level::None { .. } => self.home.home(),
        }
    }

    /// The person's home, if it is one in whose place another can stand: a home such as `/`
    /// cannot be covered without covering the system.
    fn replaced_home(&self) -> Option<&Path> {
        let home = self.real_home.as_deref()?;
        (visible::is_narrow(&self.sight, home, None) && home.is_dir()).then_some(home)
    }

    /// Makes the throw-away home if it is not there yet.
    pub fn furnish(&self, level: &Level) -> anyhow::Result<()> {
        let real = self.replaced_home();
        let backing = match level {
            Level::Bubblewrap { .. } => Some(Path::new(BACKING)),
            Level::Landlock { .. } => real,
            Level::None { .. } => return Ok(()),
        };
        let new = !self.home.exists();
        self.home.make(real, backing.filter(|_| !self.home.is_bare()))?;
        let was_rough = level.is_whole() && self.smooth();
        if let Some(real) = real.filter(|_| new) {
            self.link_into_home(level, real);
        }
        if new || was_rough {
            self.sight.forget();
        }
        Ok(())
    }

    fn link_into_home(&self, level: &Level, real: &Path) {
        if level.is_whole() {
            let real = self.sight.real_or_same(real);
            let below = self.links().into_iter().filter(|(at, _)| at.starts_with(&real));
            below.for_each(|(at, target)| self.home.link(&real, &at, &target));
        } else {
            self.home.link_layers();
            self.read_only.iter().for_each(|path| self.home.link(real, path, path));
        }
    }

    /// What a command before has put in the way of what will be shown below writable folders.
    /// Tells whether there was any.
    fn smooth(&self) -> bool {
        let home = self.replaced_home().map(|home| self.sight.real_or_same(home));
        let tops = [
            (home.unwrap_or_else(|| STRANGE_HOME.into()), self.home.home()),
            ("/tmp".into(), self.home.tmp()),
            ("/var/tmp".into(), self.home.tmp()),
        ];
        let mut was_rough = false;
        for (path, _) in self.covers() {
            for (top, own) in &tops {
                if let Ok(below) = path.strip_prefix(top) {
                    was_rough |= self.home.smooth(own, below);
                }
            }
        }
        was_rough
    }

    /// The command line that runs `argv` behind these walls.
    pub fn enter(&self, level: &Level, argv: &[OsString]) -> Vec<OsString> {
        let line = match level {
            Level::Bubblewrap { bwrap, landlock } => {
                let mut line = self.bubblewrap(bwrap);
                line.extend(self.confined(level, *landlock, argv));
                line
            }
            Level::Landlock { abi, .. } => self.confined(level, *abi, argv),
            Level::None { .. } => self.confined(level, 0, argv),
        };
        // What runs now may change whatever it can reach.
        self.sight.forget();
        line
    }

    fn bubblewrap(&self, bwrap: &Path) -> Vec<OsString> {
        let mut line = vec![bwrap.as_os_str().to_owned()];
        let mut add = |words: &[&OsStr]| line.extend(words.iter().map(OsString::from));
        for flag in ["--die-with-parent", "--unshare-pid", "--unshare-ipc"] {
            add(&[flag.as_ref()]);
        }
        // What has the person's terminal could type into it (TIOCSTI). One that was made for the
        // command leads to nobody else, and without it there are no jobs.
        if !self.own_terminal {
            add(&["--new-session".as_ref()]);
        }
        // Other users get a user namespace of their own and lose what it gives; root would
        // keep its privileges, and could make the file system writable again.
        if rustix::process::geteuid().is_root() {
            add(&["--unshare-user-try", "--cap-drop", "ALL"].map(OsStr::new));
        }
        if !self.network {
            add(&["--unshare-net".as_ref()]);
        }
        add(&["--dev", "/dev", "--proc", "/proc"].map(OsStr::new));
        let covers = self.covers();
        for (at, target) in self.links() {
            if !covers.iter().any(|(path, cover)| *cover != Cover::Empty && at.starts_with(path)) {
                add(&["--symlink".as_ref(), target.as_os_str(), at.as_os_str()]);
            }
        }
        for (path, cover) in &covers {
            let path = path.as_os_str();
            match cover {
                Cover::Writable(from) => add(&["--bind".as_ref(), from.as_os_str(), path]),
                Cover::ReadOnly(from) => add(&["--ro-bind".as_ref(), from.as_os_str(), path]),
                Cover::Empty if Path::new(path).is_dir() => add(&["--tmpfs".as_ref(), path]),
                Cover::Empty => add(&["--ro-bind".as_ref(), "/dev/null".as_ref(), path]),
            }
        }
        // Nothing that lies in memory may be written to: a build could fill it.
        let empty = covers.iter().filter(|(path, cover)| *cover == Cover::Empty && path.is_dir());
        for path in empty.map(|(path, _)| path.as_path()).chain(["/dev", "/"].map(Path::new)) {
            add(&["--remount-ro".as_ref(), path.as_os_str()]);
        }
        add(&["--chdir".as_ref(), self.sight.real_or_same(&self.workspace).as_os_str()]);
        if let Some(lock) = self.lock {
            add(&["--sync-fd".as_ref(), lock.as_raw_fd().to_string().as_ref()]);
        }
        add(&["--".as_ref()]);
        line
    }

    /// This program with all that it needs to know to confine itself, and then the command.
    fn confined(&self, level: &Level, landlock: u32, argv: &[OsString]) -> Vec<OsString> {
        let Some(own) = &self.own else { return argv.to_vec() };
        let mut line: Vec<OsString> = vec![own.into(), "confine".into()];
        if let Some(most) = self.processes {
            line.extend(["--processes".into(), most.to_string().into()]);
        }
        if matches!(level, Level::Bubblewrap { .. }) {
            line.push("--own-users".into());
        }
        if landlock > 0 {
            line.push("--landlock".into());
            let rule = |word: &str, path: &Path| [word.into(), path.into()];
            match level {
                Level::Bubblewrap { .. } => {
                    line.extend(rule("--read", Path::new("/")));
                    let own = ["/tmp", "/var/tmp", "/dev", "/proc"].map(PathBuf::from);
                    let own = own.into_iter().chain([self.home_seen(level)]);
                    own.for_each(|path| line.extend(rule("--write", &path)));
                }
                _ => {
                    self.readable().iter().for_each(|path| line.extend(rule("--read", path)));
                    let own = [self.home.home(), self.home.tmp(), self.home.layers()].into_iter();
                    let own = own.chain(DEVICES.iter().map(PathBuf::from));
                    own.for_each(|path| line.extend(rule("--write", &path)));
                    if !self.network {
                        line.push("--no-network".into());
                    }
                }
            }
            let word = if self.may_write { "--write" } else { "--read" };
            line.extend(rule(word, &self.sight.real_or_same(&self.workspace)));
        }
        line.push("--".into());
        line.extend_from_slice(argv);
        line
    }

    /// What is laid over what, folders before what they hold, all of it existing and named
    /// by its canonical path (bubblewrap cannot lay anything over a link).
    fn covers(&self) -> Vec<(PathBuf, Cover)> {
        let mut covers = Vec::new();
        let layered = self.layered();
        for path in visible::system(&self.sight).iter().chain(&self.read_only).chain(&self.own) {
            let real = self.unplanted(path);
            // What a layered folder holds is seen through its links.
            if let Some(real) = real.filter(|real| !layered.iter().any(|l| real.starts_with(l))) {
                covers.push((real.clone(), Cover::ReadOnly(real)));
            }
        }
        let writable = |from: PathBuf, at: &str| (PathBuf::from(at), Cover::Writable(from));
        covers.push(writable(self.home.tmp(), "/tmp"));
        covers.push(writable(self.home.tmp(), "/var/tmp"));
        covers.push(writable(self.home.shared(), "/dev/shm"));
        match self.replaced_home() {
            None => covers.push(writable(self.home.home(), STRANGE_HOME)),
            Some(real) => {
                covers.push((self.sight.real_or_same(real), Cover::Writable(self.home.home())));
                let behind = LAYERED.iter().map(|layer| layer.below).chain([GO_MODULES]);
                let there = behind.filter(|below| real.join(below).is_dir());
                covers.extend(there.map(|below| {
                    (Path::new(BACKING).join(below), Cover::ReadOnly(real.join(below)))
                }));
                let layers = LAYERED.iter().map(|layer| (layer, self.home.layer(layer)));
                let made = layers.filter(|(_, made)| made.is_dir());
                covers.extend(made.map(|(layer, made)| {
                    (self.sight.real_or_same(&real.join(layer.below)), Cover::Writable(made))
                }));
            }
        }
        let hidden = self.secrets().into_iter().filter_map(|path| self.unplanted(&path));
        covers.extend(hidden.map(|path| (path, Cover::Empty)));
        let workspace = self.sight.real_or_same(&self.workspace);
        covers.push(match self.may_write {
            true => (workspace.clone(), Cover::Writable(workspace)),
            false => (workspace.clone(), Cover::ReadOnly(workspace)),
        });
        cover::in_order(covers)
    }

    /// The person's own folders that builds see through links.
    fn layered(&self) -> Vec<PathBuf> {
        let real = self.replaced_home().into_iter();
        let folders = real.flat_map(|real| LAYERED.iter().map(|layer| real.join(layer.below)));
        folders.filter_map(|folder| self.sight.real(&folder)).collect()
    }

    /// Those of some paths that cannot be read inside.
    pub(super) fn hides(&self, mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let covers = self.covers();
        paths.retain(|path| {
            let path = self.sight.real_or_same(path);
            let over = covers.iter().rev().find(|(covered, _)| path.starts_with(covered));
            !over.is_some_and(|(covered, cover)| match cover {
                Cover::ReadOnly(from) => from == covered,
                Cover::Writable(from) => self.sight.real_or_same(from) == *covered,
                Cover::Empty => false,
            })
        });
        paths
    }

    /// What is hidden although it lies below something shown.
    fn secrets(&self) -> Vec<PathBuf> {
        let mut hidden = visible::of_administrators();
        let (sight, home) = (&self.sight, self.real_home.as_deref());
        hidden.extend(visible::never(sight, home, &self.read_only));
        let narrow = |path: &&PathBuf| visible::is_narrow(sight, path, home);
        hidden.extend(self.hidden.iter().filter(narrow).cloned());
        hidden
    }

    /// For a sandbox that can only allow: all that may be read, without what is hidden.
    fn readable(&self) -> Vec<PathBuf> {
        let mut paths = visible::system(&self.sight);
        paths.push("/proc".into());
        paths
            .extend(self.read_only.iter().chain(&self.own).filter_map(|path| self.unplanted(path)));
        if let Some(real) = self.replaced_home() {
            paths.extend(LAYERED.iter().map(|layer| real.join(layer.below)));
            paths.push(real.join(GO_MODULES));
        }
        let named = self.secrets().into_iter().chain(self.real_home.clone());
        let hidden: Vec<_> = named.map(|path| self.sight.real_or_same(&path)).collect();
        let real = paths.iter().filter_map(|path| self.sight.real(path));
        let mut found: Vec<_> = real.flat_map(|path| visible::without(path, &hidden)).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The canonical path of what is there. A builder may have put a link there that leads
    /// out of its workspace: that is passed over.
    fn unplanted(&self, path: &Path) -> Option<PathBuf> {
        let real = self.sight.real(path)?;
        let workspace = self.sight.real_or_same(&self.workspace);
        let inside = path.starts_with(&self.workspace) || path.starts_with(&workspace);
        (!inside || real.starts_with(&workspace)).then_some(real)
    }

    /// Every link on the way to something shown, with where it leads.
    fn links(&self) -> BTreeMap<PathBuf, PathBuf> {
        let top = fs::read_dir("/").into_iter().flatten().flatten().map(|entry| entry.path());
        let own = [self.workspace.clone()].into_iter().chain(self.real_home.clone());
        let mut found = BTreeMap::new();
        for path in top.chain(own).chain(self.read_only.iter().cloned()) {
            self.links_on(&path, &mut found);
        }
        found
    }

    /// Collects the links that are met on the way along a path.
    fn links_on(&self, path: &Path, found: &mut BTreeMap<PathBuf, PathBuf>) {
        let mut so_far = PathBuf::new();
        for part in path.components() {
            so_far.push(part);
            if let Some(target) = self.sight.link(&so_far) {
                found.insert(so_far.clone(), target);
                so_far = self.sight.real_or_same(&so_far);
            }
        }
    }
}
