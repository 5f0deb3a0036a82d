//! Putting a fault into one system call, and seeing which calls there are: with `strace`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Said, TestRepo};

/// Calls that change something: files, their names, locks, processes.
const WRITING: &str = "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,\
    unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,ftruncate,chmod,fchmod,\
    fchmodat,utimensat,flock,mknodat,mknod,copy_file_range,sendfile,dup2,pipe2,clone,clone3,vfork,\
    fork";

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed instead.
    Kill,
    /// It fails with this error.
    Error(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "KILL",
            Self::Error(name) => name,
        })
    }
}

/// One call of a process: the `nth` of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The name of the call.
    pub call: String,
    /// Counted from 1 among those of this name.
    pub nth: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.call, self.nth)
    }
}

/// Whether processes may be traced here; said aloud, so that nobody takes a skip for a pass.
pub fn works() -> bool {
    let inject = ["-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"];
    let done = Command::new("strace").args(inject).stderr(Stdio::null()).status();
    let works = done.is_ok_and(|status| status.success());
    if !works {
        eprintln!(
            "SKIPPED: strace does not work here; faults of single system calls are not tested"
        );
    }
    works
}

/// Runs buildq with a fault at one point; whether anything was struck is told beside what it said.
pub fn struck(repo: &TestRepo, words: &[&str], (fault, point): (Fault, &Point)) -> (Said, bool) {
    let log = repo.root().join("struck");
    let mut command = traced(repo, &log);
    command.args(["-e", &format!("trace={}", point.call), "-e", &inject(fault, point)]);
    let said = Said::of(command.arg(env!("CARGO_BIN_EXE_buildq")).args(words));
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    (said, is_struck(&log))
}

/// Where a command itself calls upon the system, in its order.
#[derive(Debug, Default)]
pub struct Points {
    /// What changes something.
    pub writes: Vec<Point>,
    /// What opens a file of the test's own, to read it.
    pub reads: Vec<Point>,
}

/// Every point of a command, which runs to its end.
pub fn census(repo: &TestRepo, words: &[&str]) -> Points {
    let log = repo.root().join("census");
    let mut command = traced(repo, &log);
    command.args(["-y", "-s", "0", "-e", &format!("trace={WRITING}")]);
    let _ = Said::of(command.arg(env!("CARGO_BIN_EXE_buildq")).args(words));
    let text = std::fs::read_to_string(&log).unwrap();
    points(&text, &repo.root().display().to_string())
}

/// Of the first process in a log of strace.
fn points(log: &str, own_files: &str) -> Points {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Points::default();
    let own = log.split_whitespace().next().unwrap_or_default();
    for line in log.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let Some((name, rest)) = call.split_once('(') else { continue };
        if pid != own || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let nth = counts.entry(name.to_owned()).or_default();
        *nth += 1;
        let point = Point { call: name.to_owned(), nth: *nth };
        let reads = name == "openat" && rest.contains("O_RDONLY") && !rest.contains("O_CREAT");
        match reads {
            false => found.writes.push(point),
            true if rest.contains(own_files) && !rest.contains("ENOENT") => found.reads.push(point),
            true => {}
        }
    }
    found
}

/// Traces a command alone: whatever it starts goes on untraced once it is another program.
fn traced(repo: &TestRepo, log: &Path) -> Command {
    let mut command = repo.command("strace");
    command.args(["-f", "-qq", "-b", "execve", "-e", "signal=none", "-o"]).arg(log);
    command
}

/// A script in the place of a program, which puts a fault into the program.
pub struct Shim<'a> {
    repo: &'a TestRepo,
}

impl<'a> Shim<'a> {
    /// Before git on PATH, for every git that buildq itself runs.
    pub fn of_git(repo: &'a TestRepo, at: (Fault, &Point)) -> Self {
        let git = Said::of(repo.command("sh").args(["-c", "command -v git"])).success().stdout;
        let script = script(repo, at, "test -z \"$BUILDQ_ATTEMPT\"", git.trim());
        repo.program("git", &script);
        std::fs::write(repo.root().join("strike"), "").unwrap();
        Self { repo }
    }

    /// Where a running buildq believes itself to be, for the helper that it starts in a workspace
    /// and for that one's git.
    pub fn of_helper(repo: &'a TestRepo, at: (Fault, &Point), own: &Path) -> Self {
        let buildq = env!("CARGO_BIN_EXE_buildq");
        let new = repo.program("new", &script(repo, at, "test \"$1\" = workspace", buildq));
        std::fs::write(repo.root().join("strike"), "").unwrap();
        std::fs::rename(new, own).unwrap();
        Self { repo }
    }

    /// All is as it was; how many processes were struck.
    pub fn take_away(self) -> usize {
        std::fs::remove_file(self.repo.root().join("strike")).unwrap();
        let _ = std::fs::remove_file(self.repo.root().join("bin/git"));
        let entries = std::fs::read_dir(self.repo.root()).unwrap().flatten();
        let logs = entries.filter(|e| e.file_name().to_string_lossy().starts_with("struck-"));
        logs.filter(|log| is_struck(&std::fs::read_to_string(log.path()).unwrap_or_default()))
            .count()
    }
}

fn script(repo: &TestRepo, (fault, point): (Fault, &Point), when: &str, real: &str) -> String {
    let (call, out, inject) = (&point.call, repo.root().display(), inject(fault, point));
    format!(
        "#!/bin/sh\n{{ test -e {out}/strike && {when}; }} || exec {real} \"$@\"\n\
         exec strace -f -qq -o {out}/struck-$$ -e signal=none -e trace={call} -e {inject} {real} \"$@\"\n"
    )
}

fn inject(fault: Fault, point: &Point) -> String {
    let what = match fault {
        Fault::Kill => "signal=KILL".to_owned(),
        Fault::Error(name) => format!("error={name}"),
    };
    format!("inject={}:{what}:when={}", point.call, point.nth)
}

/// A call that failed on purpose is marked; one in which its process was killed has no result.
fn is_struck(log: &str) -> bool {
    log.lines().any(|line| line.ends_with("(INJECTED)") || line.ends_with("= ?"))
}

#[test]
fn a_process_that_was_struck_is_told_from_one_that_was_not() {
    assert!(!is_struck("7 fsync(3) = 0\n7 fsync(3) = -1 EIO (Input/output error)\n"));
    assert!(is_struck("7 fsync(3) = -1 EIO (Input/output error) (INJECTED)\n7 fsync(3) = 0\n"));
    assert!(is_struck("7 write(1, \"a\", 1) = ?\n"));
}

#[test]
fn points_are_counted_by_name() {
    let log = "7 openat(AT_FDCWD, \"a\", O_RDONLY|O_CLOEXEC) = 3\n\
               7 openat(AT_FDCWD</x>, \"b\", O_WRONLY|O_CREAT, 0600) = 3\n\
               8 write(1, \"\"..., 3) = 3\n\
               7 write(3</b>, \"\"..., 3) = 3\n\
               7 openat(AT_FDCWD</x>, \"/x/c\", O_RDONLY) = 3\n7 +++ exited with 0 +++\n";
    let points = points(log, "/x");
    let told = |points: &[Point]| points.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&points.writes), ["openat#2", "write#1"]);
    assert_eq!(told(&points.reads), ["openat#3"]);
}
