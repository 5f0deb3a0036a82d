//! Bubblewrap, where it works.
//!
//! Inside, the whole file system is read-only but for the workspace and what is named
//! writable; the temporary folders are new and empty; processes see only their own kind and
//! die with the sandbox; no privilege of root is left.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::env;
use super::process::{self, Ended, Invocation};

/// How long the trial run may take.
const TRIAL: Duration = Duration::from_secs(10);

/// Folders that others share or where sessions keep their sockets: new and empty inside.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp"];

/// Sockets of services that would do anything, outside, for whoever may speak to them.
const WAYS_OUT: &[&str] = &[
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
];

/// What the user wants: `buildq.sandbox` in git config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// A sandbox where one works.
    #[default]
    Auto,
    /// A sandbox, or nothing runs.
    Require,
    /// No sandbox.
    Off,
}

impl FromStr for Setting {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" | "" => Ok(Self::Auto),
            "require" => Ok(Self::Require),
            "off" => Ok(Self::Off),
            _ => bail!("`buildq.sandbox` is `{text}`: use `auto`, `require` or `off`"),
        }
    }
}

impl Setting {}

/// The sandbox that works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// This bubblewrap.
    Bubblewrap(PathBuf),
    /// None.
    None {
        /// For people: why.
        why: String,
    },
}

/// Looks for bubblewrap and tries it out. That it worked is kept in the file `cache` until
/// the machine boots or bubblewrap changes; that it did not is found out each time, since
/// somebody may be mending it.
pub fn probe(cache: &Path) -> Level {
    let none = |why: String| Level::None { why };
    if !cfg!(target_os = "linux") {
        return none("this system has no namespaces".to_owned());
    }
    let Some(bwrap) = which::which("bwrap").ok().and_then(|path| path.canonicalize().ok()) else {
        return none("`bwrap` is not installed".to_owned());
    };
    let key = key(&bwrap);
    if key.is_some() && fs::read_to_string(cache).ok() == key {
        return Level::Bubblewrap(bwrap);
    }
    if let Err(error) = try_out(&bwrap) {
        return none(format!("{error:#}"));
    }
    if let Some(key) = key {
        // Next time it is tried out again, that is all.
        let _ = keep(cache, &key);
    }
    Level::Bubblewrap(bwrap)
}

/// What the answer depends on: this boot, this user, this bubblewrap.
fn key(bwrap: &Path) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let file = fs::metadata(bwrap).ok()?;
    let user = rustix::process::geteuid().as_raw();
    let time = format!("{}.{}", file.mtime(), file.mtime_nsec());
    Some(format!("{}\n{user}\n{}\n{time}\n", boot.trim(), bwrap.display()))
}

fn keep(cache: &Path, key: &str) -> Result<()> {
    let folder = cache.parent().context("a cache file without a folder")?;
    super::paths::make_private_dir(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key.as_bytes())?;
    file.persist(cache)?;
    Ok(())
}

/// Runs a command in a sandbox of exactly the kind that builders get; it must be able to
/// write its workspace and nothing beside it.
fn try_out(bwrap: &Path) -> Result<()> {
    let dir = tempfile::tempdir().context("cannot make a temporary folder")?;
    let [workspace, beside] = ["workspace", "beside"].map(|name| dir.path().join(name));
    fs::create_dir(&workspace)?;
    fs::create_dir(&beside)?;
    let lock = tempfile::tempfile()?;
    let mut walls = Walls::around(&workspace);
    walls.read_only.push(beside.clone());
    walls.lock = Some(lock.as_fd());
    let script = ": > inside && ! (: > \"$0/outside\") 2>/dev/null";
    let argv: Vec<OsString> =
        vec!["/bin/sh".into(), "-c".into(), script.into(), beside.clone().into()];
    let environment = env::scrubbed(std::env::vars_os());
    let mut trial = Invocation::new(walls.wrap(bwrap, &argv), dir.path(), environment);
    (trial.own_tree, trial.timeout, trial.keep_fd) = (false, TRIAL, Some(&lock));
    let mut said = Vec::new();
    let finished = process::run(&trial, &mut |bytes| said.extend_from_slice(bytes), &mut || None)?;
    let said = String::from_utf8_lossy(&said);
    match (finished.ended, said.lines().next()) {
        (Ended::Exit(0), _) if workspace.join("inside").exists() => Ok(()),
        (Ended::Timeout, _) => bail!("`bwrap` hangs"),
        (_, Some(line)) => bail!("`bwrap` fails: {}", line.trim_start_matches("bwrap: ")),
        (ended, None) => bail!("`bwrap` fails: {ended:?}"),
    }
}

/// What one command may see and change.
#[derive(Clone, Debug)]
pub struct Walls<'a> {
    /// The folder that it works in and may change.
    pub workspace: PathBuf,
    /// What it must be able to read even below a temporary folder, and never change, such
    /// as the user's object store. What is not there is passed over.
    pub read_only: Vec<PathBuf>,
    /// What it may change besides, such as an agent's own state. What is not there is
    /// passed over.
    pub writable: Vec<PathBuf>,
    /// What it must not see, besides the temporary folders, the user's session and the
    /// sockets of services that would do anything.
    pub hidden: Vec<PathBuf>,
    /// A lock that the sandbox itself, but nothing inside, holds until its first process
    /// dies. Free, it says that all others are killed too; a moment may pass until the
    /// kernel has done so, which [`super::sweep::end_all`] waits for.
    /// [`Invocation::keep_fd`] must be the same file.
    pub lock: Option<BorrowedFd<'a>>,
    /// Whether it may use the network.
    pub network: bool,
}

/// What is laid over one path. The order counts where two are for the same path: the
/// stricter comes last, and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cover {
    Writable,
    ReadOnly,
    Empty,
}

impl Walls<'_> {
    /// A workspace, with the network and nothing else.
    pub fn around(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
            read_only: Vec::new(),
            writable: Vec::new(),
            hidden: Vec::new(),
            lock: None,
            network: true,
        }
    }

    /// Lets these folders be read even where they lie below a temporary one; others can be
    /// anyway. Meant for those on PATH and for the home directory.
    pub fn let_read(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let below = |folder: &PathBuf| {
            folder.canonicalize().is_ok_and(|real| {
                TEMPORARY
                    .iter()
                    .any(|covered| real.starts_with(covered) && real != Path::new(covered))
            })
        };
        self.read_only.extend(folders.into_iter().filter(below));
    }

    /// The command line that runs `argv` behind these walls.
    pub fn wrap(&self, bwrap: &Path, argv: &[OsString]) -> Vec<OsString> {
        let mut line = vec![bwrap.as_os_str().to_owned()];
        let mut add = |words: &[&OsStr]| line.extend(words.iter().map(OsString::from));
        for flag in ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--new-session"] {
            add(&[flag.as_ref()]);
        }
        // Other users get a user namespace of their own and lose what it gives; root would
        // keep its privileges, and could make the file system writable again.
        if rustix::process::geteuid().is_root() {
            add(&["--unshare-user-try", "--cap-drop", "ALL"].map(OsStr::new));
        }
        if !self.network {
            add(&["--unshare-net".as_ref()]);
        }
        add(&["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"].map(OsStr::new));
        for (path, cover) in self.covers() {
            let path = path.as_os_str();
            match cover {
                Cover::Writable => add(&["--bind".as_ref(), path, path]),
                Cover::ReadOnly => add(&["--ro-bind".as_ref(), path, path]),
                Cover::Empty if Path::new(path).is_dir() => add(&["--tmpfs".as_ref(), path]),
                Cover::Empty => add(&["--ro-bind".as_ref(), "/dev/null".as_ref(), path]),
            }
        }
        add(&["--chdir".as_ref(), canonical(&self.workspace).as_os_str()]);
        if let Some(lock) = self.lock {
            add(&["--sync-fd".as_ref(), lock.as_raw_fd().to_string().as_ref()]);
        }
        add(&["--".as_ref()]);
        line.extend_from_slice(argv);
        line
    }

    /// What is laid over what, folders before what they hold, all of it existing and named
    /// by its canonical path (bubblewrap cannot lay anything over a link).
    fn covers(&self) -> Vec<(PathBuf, Cover)> {
        let workspace = canonical(&self.workspace);
        let session = format!("/run/user/{}", rustix::process::geteuid().as_raw());
        let own = TEMPORARY.iter().chain(WAYS_OUT).copied().chain([session.as_str()]);
        let hidden = own.map(Path::new).chain(self.hidden.iter().map(PathBuf::as_path));
        let mut covers: Vec<_> = hidden
            .map(|path| (path, Cover::Empty))
            .chain(self.read_only.iter().map(|path| (path.as_path(), Cover::ReadOnly)))
            .chain(self.writable.iter().map(|path| (path.as_path(), Cover::Writable)))
            .filter_map(|(path, cover)| {
                let real = path.canonicalize().ok()?;
                // A builder may have put a link there that leads out of its workspace.
                let planted =
                    in_any(path, [&self.workspace, &workspace]) && !real.starts_with(&workspace);
                (!planted).then_some((real, cover))
            })
            .collect();
        covers.push((workspace, Cover::Writable));
        covers.sort();
        covers
    }
}

fn in_any<'a>(path: &Path, folders: impl IntoIterator<Item = &'a PathBuf>) -> bool {
    folders.into_iter().any(|folder| path.starts_with(folder))
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::super::clock;
    use super::super::locks::Lock;
    use super::super::process::Finished;
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    struct Place {
        _dir: tempfile::TempDir,
        bwrap: PathBuf,
        root: PathBuf,
    }

    impl Place {
        /// A workspace and an object store below /tmp; nothing where no sandbox works.
        fn new() -> Option<Self> {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            for name in ["workspace", "objects", "home"] {
                fs::create_dir(root.join(name)).unwrap();
            }
            fs::write(root.join("objects/one"), "an object\n").unwrap();
            match probe(&root.join("cache")) {
                Level::Bubblewrap(bwrap) => Some(Self { _dir: dir, bwrap, root }),
                Level::None { why } => {
                    let mut said = std::io::stderr();
                    let _ = writeln!(said, "skipped, no sandbox works here: {why}");
                    None
                }
            }
        }

        fn walls(&self) -> Walls<'static> {
            let mut walls = Walls::around(&self.root.join("workspace"));
            walls.read_only.push(self.root.join("objects"));
            walls
        }

        fn invocation<'a>(&self, walls: &Walls, script: &str) -> Invocation<'a> {
            let argv = ["sh", "-c", script].map(OsString::from);
            let mut argv = argv.to_vec();
            argv.push(self.root.clone().into());
            let environment = env::scrubbed(std::env::vars_os());
            let wrapped = walls.wrap(&self.bwrap, &argv);
            let mut invocation = Invocation::new(wrapped, &self.root, environment);
            (invocation.own_tree, invocation.timeout) = (false, LONG);
            invocation.token = format!("walls-{}", self.root.display());
            invocation
        }

        fn run(&self, walls: &Walls, script: &str) -> (Finished, String) {
            let mut out = Vec::new();
            let invocation = self.invocation(walls, script);
            let finished =
                process::run(&invocation, &mut |bytes| out.extend(bytes), &mut || None).unwrap();
            (finished, String::from_utf8(out).unwrap())
        }
    }

    #[test]
    fn settings_are_words() {
        for (text, setting) in
            [("auto", Setting::Auto), ("Require\n", Setting::Require), ("off", Setting::Off)]
        {
            assert_eq!(text.parse::<Setting>().unwrap(), setting);
        }
        assert!("yes".parse::<Setting>().is_err());
    }

    #[test]
    fn only_the_workspace_can_be_changed() {
        let Some(place) = Place::new() else { return };
        let mut walls = place.walls();
        let own = place.root.join("own");
        fs::create_dir(&own).unwrap();
        walls.writable = vec![own.clone(), place.root.join("not-there")];
        let script = "pwd; cat $0/objects/one; exec 2>/dev/null; \
             echo x > made; echo x > $0/own/made; echo x > /tmp/made; \
             echo x > $0/home/new; echo x > $0/new; \
             for path in $0/objects/one $0/objects/new / /usr /etc; do \
               if [ -d $path ]; then path=$path/buildq-test; fi; \
               (echo x > $path) && echo changed $path; done; \
             mount -o remount,rw / && echo remounted; \
             mount -o remount,bind,rw $0/objects && echo remounted; \
             umount $0/objects && echo unmounted; true";
        let (finished, out) = place.run(&walls, script);
        let expected = format!("{}\nan object\n", walls.workspace.display());
        assert_eq!((finished.ended, out), (Ended::Exit(0), expected));
        assert!(walls.workspace.join("made").exists() && own.join("made").exists());
        for path in ["/tmp/made".into(), place.root.join("home/new"), place.root.join("new")] {
            assert!(!Path::exists(&path));
        }
    }

    #[test]
    fn nothing_of_the_outside_is_seen() {
        let Some(place) = Place::new() else { return };
        let mut walls = place.walls();
        let secret = walls.workspace.join("secret");
        fs::write(&secret, "x").unwrap();
        std::os::unix::fs::symlink("/etc", walls.workspace.join("planted")).unwrap();
        walls.hidden = vec![secret, place.root.join("objects")];
        walls.writable = vec![walls.workspace.join("planted")];
        let (_, out) = place.run(
            &walls,
            "cat secret 2>/dev/null; ls $0/objects /var/tmp | grep -v :; kill -0 2 && echo 2; \
             kill -0 9999 2>/dev/null && echo 9999; ls -d /proc/[0-9]* | wc -l | tr -d ' ' ; \
             (: > /etc/buildq-test) 2>/dev/null || echo refused",
        );
        let out: Vec<_> = out.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(out.first(), Some(&"2"), "{out:?}");
        assert!(out[1].parse::<u32>().unwrap() < 10, "{out:?}");
        assert_eq!(&out[2..], ["refused"]);
    }

    #[test]
    fn the_network_can_be_taken_away() {
        let Some(place) = Place::new() else { return };
        let mut walls = place.walls();
        let count = "grep -c : /proc/net/dev";
        walls.network = false;
        assert_eq!(place.run(&walls, count).1, "1\n");
        walls.network = true;
        let outside = Command::new("sh").args(["-c", count]).output().unwrap().stdout;
        assert_eq!(place.run(&walls, count).1.as_bytes(), outside);
    }

    #[test]
    fn the_sandbox_holds_the_lock_and_the_builder_does_not() {
        let Some(place) = Place::new() else { return };
        let path = place.root.join("attempt.lock");
        let lock = Lock::try_take(&path).unwrap().unwrap();
        let mut walls = place.walls();
        walls.lock = Some(lock.file().as_fd());
        let mut invocation =
            place.invocation(&walls, "readlink /proc/self/fd/*; setsid sleep 600 & sleep 600");
        invocation.keep_fd = Some(lock.file());
        let mut out = Vec::new();
        let mut looks = 0;
        invocation.grace = Duration::from_millis(50);
        let mut watch = || {
            looks += 1;
            (looks > 1).then(|| "enough".to_owned())
        };
        let finished =
            process::run(&invocation, &mut |bytes| out.extend(bytes), &mut watch).unwrap();
        assert_eq!(finished.ended, Ended::Stopped("enough".to_owned()));
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("pipe:") && !out.contains("attempt.lock"), "{out}");
        assert!(!Lock::is_free(&path), "this process still holds it");
        assert!(super::super::sweep::living(&invocation.token, &place.root).is_empty());
        drop(lock);
        super::super::locks::wait_until_free(&path);
    }

    #[test]
    fn a_builder_inside_may_say_goodbye() {
        let Some(place) = Place::new() else { return };
        let script = "trap 'echo bye; exit 3' TERM; setsid sleep 600 & echo hi; sleep 600 & wait";
        let mut invocation = place.invocation(&place.walls(), script);
        (invocation.timeout, invocation.grace) = (Duration::from_millis(500), LONG);
        let mut out = Vec::new();
        let finished =
            process::run(&invocation, &mut |bytes| out.extend(bytes), &mut || None).unwrap();
        assert_eq!((finished.ended, &out[..]), (Ended::Timeout, &b"hi\nbye\n"[..]));
        assert!(finished.duration < LONG);
    }

    #[test]
    fn what_was_found_out_is_kept_until_something_changes() {
        let Some(place) = Place::new() else { return };
        let cache = place.root.join("cache");
        assert_eq!(fs::read_to_string(&cache).ok(), key(&place.bwrap));
        fs::write(&cache, "another boot").unwrap();
        assert_eq!(probe(&cache), Level::Bubblewrap(place.bwrap.clone()));
        assert_eq!(fs::read_to_string(&cache).ok(), key(&place.bwrap));
    }

    #[test]
    fn a_sandbox_that_does_not_work_tells_why() {
        let dir = tempfile::tempdir().unwrap();
        let broken = dir.path().join("bwrap");
        for (script, why) in [
            ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "setting up uid"),
            // It would let everything through.
            ("while [ $1 != -- ]; do shift; done; shift; exec \"$@\"", "`bwrap` fails"),
        ] {
            fs::write(&broken, format!("#!/bin/sh\n{script}\n")).unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&broken, executable).unwrap();
            assert!(try_out(&broken).unwrap_err().to_string().contains(why));
        }
    }

    #[test]
    #[ignore = "the child of another test"]
    fn child_that_supervises() {
        let Some(root) = std::env::var_os("BUILDQ_TEST_DIR").map(PathBuf::from) else { return };
        process::adopt_orphans().unwrap();
        let Level::Bubblewrap(bwrap) = probe(&root.join("cache")) else { return };
        let place = Place { _dir: tempfile::tempdir().unwrap(), bwrap, root };
        let busy = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
        let (finished, _) = place.run(&place.walls(), &format!("sh -c '{busy}'"));
        assert!(finished.cpu.unwrap() > Duration::from_millis(5), "{finished:?}");

        let lock = Lock::try_take(&place.root.join("attempt.lock")).unwrap().unwrap();
        let mut walls = place.walls();
        walls.lock = Some(lock.file().as_fd());
        let script = "trap '' TERM HUP; setsid sh -c 'echo > stray; sleep 600' & \
            echo > started; sleep 600; sleep 600";
        let mut invocation = place.invocation(&walls, script);
        invocation.keep_fd = Some(lock.file());
        process::run(&invocation, &mut |_| (), &mut || None).unwrap();
    }

    #[test]
    fn everything_inside_dies_with_the_supervisor() {
        let Some(place) = Place::new() else { return };
        let mut supervisor = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
            .arg("effects::sandbox::tests::child_that_supervises")
            .env("BUILDQ_TEST_DIR", &place.root)
            .spawn()
            .unwrap();
        let workspace = place.root.join("workspace");
        let begun = clock::tick();
        let mut until = |what: &str, condition: &mut dyn FnMut() -> bool| {
            while !condition() {
                assert!(begun.elapsed() < LONG, "never: {what}");
                assert!(supervisor.try_wait().unwrap().is_none());
                thread::yield_now();
            }
        };
        until("started", &mut || {
            workspace.join("started").exists() && workspace.join("stray").exists()
        });
        let (path, token) =
            (place.root.join("attempt.lock"), format!("walls-{}", place.root.display()));
        assert!(!Lock::is_free(&path));
        let living = || super::super::sweep::living(&token, &place.root);
        assert!(living().len() >= 4);
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&supervisor),
            rustix::process::Signal::KILL,
        )
        .unwrap();
        while !Lock::is_free(&path) || !living().is_empty() {
            assert!(begun.elapsed() < LONG);
            thread::yield_now();
        }
        supervisor.wait().unwrap();
    }
}
