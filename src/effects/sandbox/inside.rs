//! The one place through which everything runs that is not buildq's own: setup, builder, judge,
//! leftovers, checks, and the trial of a merge.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::limits::Bounds;
use super::super::process::{self, Invocation};
use super::super::{env, workspace};
use super::home::{BACKING, GO_MODULES, Home};
use super::{Level, Walls, visible};

/// Where Go looks for modules that are not in the person's own cache.
const GO_PROXY: &str = "https://proxy.golang.org,direct";

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It builds: its workspace is its own.
    Builder,
    /// It gets ready or checks: as a builder, and without an agent's login.
    Check,
    /// It hands over what was built, maybe while a builder is at work: nothing that a builder
    /// can reach is shared with it but the workspace.
    Handover,
    /// It reads and judges: it may change nothing but its throw-away home.
    Judge,
}

/// Everything around the commands of one workspace.
#[derive(Clone, Debug)]
pub struct Inside<'a> {
    /// What walls there are.
    pub level: Level,
    /// The workspace.
    pub folder: PathBuf,
    /// The stores that it borrows from.
    pub read_only: Vec<PathBuf>,
    /// The user's repository, whatever it lies below.
    pub hidden: Vec<PathBuf>,
    /// What the person lets be read besides: `buildq.sandboxRead`.
    pub let_read: Vec<PathBuf>,
    /// The environment, from an allow-list; `HOME` and what leads into it are set anew.
    pub env: Vec<(OsString, OsString)>,
    /// The lock that the sandbox holds on to.
    pub lock: Option<&'a File>,
    /// By what the processes are found again.
    pub token: String,
    /// Whether the network may be used.
    pub network: bool,
    /// How much may be used.
    pub bounds: Bounds,
    /// Commands get a terminal that was made for them: see [`process::Hands`].
    pub own_terminal: bool,
}

impl<'a> Inside<'a> {
    /// Commands of this workspace with this environment, the network and no bounds.
    pub fn new(level: Level, folder: &Path, env: Vec<(OsString, OsString)>) -> Self {
        Self {
            level,
            folder: folder.to_owned(),
            read_only: Vec::new(),
            hidden: Vec::new(),
            let_read: Vec::new(),
            env,
            lock: None,
            token: String::new(),
            network: true,
            bounds: Bounds::default(),
            own_terminal: false,
        }
    }

    /// The same around another workspace.
    pub fn at(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self.clone() }
    }

    /// The throw-away home of this workspace.
    pub fn home(&self) -> Home {
        Home::of(&self.folder)
    }

    /// How a command is run. Where its program is not found, the call says so when it runs.
    pub fn call(&self, argv: &[String], role: Role) -> Result<Invocation<'a>> {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let program = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
        let found = process::find(program, &self.folder, &self.env);
        let Some(found) = found else {
            // Behind walls it would be told by the walls' own exit code alone.
            return Ok(self.invocation(argv, self.env.clone()));
        };
        let walls = self.walls(role, &found);
        walls.furnish(&self.level)?;
        let env = self.environment(&walls);
        let mut call = self.invocation(walls.enter(&self.level, &argv), env);
        if self.level.is_whole() {
            (call.own_tree, call.keep_fd) = (false, self.lock);
        }
        Ok(call)
    }

    /// Files that a command names, as far as they are there and it will not find them.
    pub fn unseen(&self, argv: &[String]) -> Vec<PathBuf> {
        if !self.level.holds() {
            return Vec::new();
        }
        let named = argv.iter().skip(1).map(PathBuf::from).filter(|path| path.is_absolute());
        let there: Vec<_> = named.filter(|path| path.exists()).collect();
        match there.is_empty() {
            true => there,
            false => self.walls(Role::Builder, Path::new("")).hides(there),
        }
    }

    fn invocation(&self, argv: Vec<OsString>, env: Vec<(OsString, OsString)>) -> Invocation<'a> {
        let mut call = Invocation::new(argv, &self.folder, env);
        call.token.clone_from(&self.token);
        call.bounds = self.bounds.clone();
        call
    }

    fn walls(&self, role: Role, program: &Path) -> Walls<'a> {
        let mut walls = Walls::around(&self.folder);
        let home = walls.real_home.clone();
        if role == Role::Handover {
            walls.home = Home::of_handover(&self.folder);
        }
        walls.may_write = role != Role::Judge;
        walls.read_only.clone_from(&self.read_only);
        let (sight, home) = (&walls.sight, home.as_deref());
        walls.read_only.extend(visible::toolchains(sight, home, &self.env));
        walls.read_only.extend(visible::program(sight, program, home));
        let narrow = |path: &&PathBuf| visible::is_narrow(sight, path, home);
        walls.read_only.extend(self.let_read.iter().filter(narrow).cloned());
        walls.hidden.clone_from(&self.hidden);
        walls.lock = self.lock.map(|lock| lock.as_fd());
        walls.network = self.network;
        walls.own = super::super::detach::this_program().ok();
        walls.processes = self.bounds.processes;
        walls.own_terminal = self.own_terminal;
        walls
    }

    /// What leads into the home directory leads into the throw-away one.
    fn environment(&self, walls: &Walls) -> Vec<(OsString, OsString)> {
        let mut all = self.env.clone();
        if !self.level.holds() {
            return all;
        }
        let real = walls.real_home.as_deref();
        let home = walls.home_seen(&self.level);
        let mut set = |name: &str, value: Option<OsString>| {
            all.retain(|(known, _)| known != name);
            all.extend(value.map(|value| (name.into(), value)));
        };
        for name in env::HOMES {
            set(name, None);
        }
        set("HOME", Some(home.into()));
        set("GOPATH", None);
        let rustup = real.map(|real| real.join(".rustup")).filter(|path| path.is_dir());
        if let Some(rustup) = rustup.filter(|_| !self.level.is_whole()) {
            set("RUSTUP_HOME", Some(rustup.into()));
        }
        let modules = real.map(|real| real.join(GO_MODULES)).filter(|path| path.is_dir());
        if let Some(modules) = modules {
            let seen = match self.level.is_whole() {
                true => Path::new(BACKING).join(GO_MODULES),
                false => modules,
            };
            set("GOPROXY", Some(format!("file://{},{GO_PROXY}", seen.display()).into()));
        }
        if !self.level.is_whole() {
            set("TMPDIR", Some(walls.home.tmp().into()));
        }
        all
    }
}

/// What every command of a workspace is given: the allowed variables, the PATH recorded at
/// `init` led by this program's own folder, git's settings for workspaces, and `own`.
pub fn environment(
    recorded: Option<OsString>,
    own: impl IntoIterator<Item = (&'static str, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mut all = env::for_builders(std::env::vars_os());
    let program = super::super::detach::this_program().ok();
    let beside = program.as_deref().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
    let path = recorded.or_else(|| std::env::var_os(env::PATH)).unwrap_or_default();
    let folders = std::iter::once(beside).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).map(|path| (OsString::from(env::PATH), path));
    let own = own.into_iter().map(|(name, value)| (OsString::from(name), value));
    for (name, value) in path.into_iter().chain(workspace::git_environment()).chain(own) {
        all.retain(|(known, _)| *known != name);
        all.push((name, value));
    }
    all
}
