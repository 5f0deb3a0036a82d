//! Against real repositories: what users have, and what builders do.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::note::{Edit, commit_note};
use super::*;

/// A user's repository, and a place for workspaces beside it.
pub(crate) struct Bench {
    pub dir: tempfile::TempDir,
    pub task: TaskId,
}

impl Bench {
    pub fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap(), task: TaskId::new("hello").unwrap() };
        init(&bench.user());
        commit(&bench.user(), &[("a.txt", "one\n"), ("src/b.txt", "two\n")], "first");
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub fn user(&self) -> PathBuf {
        self.path("user")
    }

    pub fn folder(&self) -> PathBuf {
        self.path("spaces/hello-1")
    }

    pub fn base(&self) -> Oid {
        git(&self.user(), &["rev-parse", "HEAD"]).parse().unwrap()
    }

    pub fn make(&self) -> Made {
        self.make_with(&[]).unwrap()
    }

    pub fn make_with(&self, copy: &[String]) -> Result<Made> {
        make(&Order {
            user: &self.user().join(".git"),
            work_tree: Some(&self.user()),
            folder: &self.folder(),
            branch: "build/hello",
            base: self.base(),
            identity: ("opus", "opus@buildq"),
            copy,
            task: &self.task,
            attempt: Attempt(1),
            queue_file: Some("queue/hello.md"),
            spec: None,
        })
    }
}

pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let git = git_environment().into_iter().fold(Git::at(dir), |git, (k, v)| git.with(k, v));
    git.set("protocol.file.allow=always").run(args).unwrap()
}

pub(crate) fn init(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["config", "user.name", "Ada"]);
    git(dir, &["config", "user.email", "ada@x"]);
}

pub(crate) fn put(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn commit(dir: &Path, files: &[(&str, &str)], message: &str) {
    files.iter().for_each(|(path, text)| put(dir, path, text));
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "--allow-empty", "-m", message]);
}

/// Every file below a folder with its content.
fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => all.extend(snapshot(&path)),
            kind if kind.is_file() => all.push((path.clone(), fs::read(&path).unwrap())),
            _ => all.push((path, Vec::new())),
        }
    }
    all.sort();
    all
}

#[test]
fn a_workspace_shares_objects_and_nothing_else() {
    let bench = Bench::new();
    let user = bench.user();
    for tag in ["v0.9", "topic/sub"] {
        git(&user, &["tag", tag]);
    }
    git(&user, &["pack-refs", "--all"]);
    git(&user, &["tag", "-m", "one", "v1.0"]);
    git(&user, &["config", "commit.gpgSign", "true"]);
    git(&user, &["config", "core.hooksPath", "/evil"]);
    put(&user, ".git/info/exclude", "*.mine\n");
    let before = snapshot(&user);
    let made = bench.make();
    assert_eq!(snapshot(&user), before);
    assert_eq!(made.read_only, [user.join(".git/objects")]);
    assert_eq!(made.notes, [""; 0]);

    let folder = bench.folder();
    put(&folder, "x.mine", "");
    assert_eq!(git(&folder, &["status", "--porcelain", "-b"]), "## build/hello");
    assert_eq!(git(&folder, &["describe"]), "v1.0");
    let tags = ["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", "refs/tags"];
    assert_eq!(git(&folder, &tags), git(&user, &tags));
    assert_eq!(git(&folder, &["config", "user.email"]), "opus@buildq");
    assert_eq!(git(&folder, &["config", "commit.gpgSign"]), "false");
    assert_eq!(git(&folder, &["fsck"]), "");
    assert_eq!(git(&folder, &["remote"]), "");
    commit(&folder, &[("c.txt", "three\n")], "work");
    assert_eq!(snapshot(&user), before);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let marker = Marker::find(&folder.join("src")).unwrap().1;
    assert_eq!((marker.branch.as_str(), marker.base), ("build/hello", bench.base()));
}

#[test]
fn a_half_made_workspace_is_made_again() {
    let bench = Bench::new();
    bench.make();
    put(&bench.folder(), "junk", "");
    fs::remove_file(bench.folder().join(".git/HEAD")).unwrap();
    bench.make();
    assert_eq!(git(&bench.folder(), &["status", "--porcelain"]), "");
    assert!(!bench.folder().join("junk").exists());
}

#[test]
fn line_ends_and_filters_are_the_users() {
    let bench = Bench::new();
    let user = bench.user();
    git(&user, &["config", "core.autocrlf", "true"]);
    git(&user, &["config", "filter.up.smudge", "tr a-z A-Z"]);
    git(&user, &["config", "filter.up.clean", "tr A-Z a-z"]);
    put(&user, ".git/info/attributes", "src/* filter=up\n");
    bench.make();
    let folder = bench.folder();
    assert_eq!(fs::read_to_string(folder.join("a.txt")).unwrap(), "one\r\n");
    assert_eq!(fs::read_to_string(folder.join("src/b.txt")).unwrap(), "TWO\r\n");
    assert_eq!(git(&folder, &["status", "--porcelain"]), "");
}

#[test]
fn borrowed_stores_are_all_named() {
    let bench = Bench::new();
    let (first, second) = (bench.path("first"), bench.path("second"));
    fs::rename(bench.user(), &first).unwrap();
    git(&bench.path(""), &["clone", "-q", "--shared", "first", "second"]);
    init(&second);
    commit(&second, &[("s.txt", "s\n")], "second");
    git(&bench.path(""), &["clone", "-q", "--shared", "second", "user"]);
    init(&bench.user());
    commit(&bench.user(), &[("t.txt", "t\n")], "third");
    let made = bench.make();
    let objects =
        [&bench.user(), &second, &first].map(|repository| repository.join(".git/objects"));
    assert_eq!(made.read_only, objects);
    assert_eq!(git(&bench.folder(), &["log", "--format=%s"]), "third\nsecond\nfirst");
}

#[test]
fn a_shallow_clone_stays_one() {
    let bench = Bench::new();
    commit(&bench.user(), &[("a.txt", "more\n")], "second");
    fs::rename(bench.user(), bench.path("origin")).unwrap();
    let url = format!("file://{}", bench.path("origin").display());
    git(&bench.path(""), &["clone", "-q", "--depth=1", &url, "user"]);
    bench.make();
    assert_eq!(git(&bench.folder(), &["log", "--format=%s"]), "second");
    assert_eq!(git(&bench.folder(), &["fsck"]), "");
}

#[test]
fn a_partial_clone_says_what_to_fetch() {
    let bench = Bench::new();
    fs::rename(bench.user(), bench.path("origin")).unwrap();
    git(&bench.path("origin"), &["config", "uploadpack.allowFilter", "true"]);
    git(&bench.path("origin"), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", bench.path("origin").display());
    let clone = ["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "user"];
    git(&bench.path(""), &clone);
    let error = format!("{:#}", bench.make_with(&[]).unwrap_err());
    assert!(error.contains("partial clone"), "{error}");
    let (_, hint) = error.split_once("hint: fetch them with `").unwrap();
    let args = hint.trim_end_matches('`').strip_prefix("git ").unwrap().to_owned();
    let fetched = std::process::Command::new("git")
        .current_dir(bench.user())
        .args(args.split(' '))
        .output()
        .unwrap();
    assert!(fetched.status.success());
    bench.make();
    assert_eq!(git(&bench.folder(), &["status", "--porcelain"]), "");
}

#[test]
fn submodules_come_from_local_clones() {
    let bench = Bench::new();
    for name in ["lib", "inner", "gone"] {
        init(&bench.path(name));
        commit(&bench.path(name), &[("f.txt", name)], name);
    }
    let add = |at: &Path, from: &str, to: &str| {
        git(at, &["submodule", "--quiet", "add", &bench.path(from).to_string_lossy(), to]);
        git(at, &["commit", "-q", "-m", "submodule"]);
    };
    add(&bench.path("lib"), "inner", "deep");
    add(&bench.user(), "lib", "vendor/lib");
    add(&bench.user(), "gone", "gone");
    git(&bench.user(), &["submodule", "--quiet", "update", "--init", "--recursive"]);
    fs::remove_dir_all(bench.user().join(".git/modules/gone")).unwrap();
    let made = bench.make();
    let folder = bench.folder();
    assert_eq!(made.notes, ["submodule `gone` has no local clone: left empty"]);
    assert_eq!(fs::read_to_string(folder.join("vendor/lib/f.txt")).unwrap(), "lib");
    assert_eq!(fs::read_to_string(folder.join("vendor/lib/deep/f.txt")).unwrap(), "inner");
    assert_eq!(git(&folder, &["status", "--porcelain"]), "");
    let status = git(&folder, &["submodule", "status", "--recursive"]);
    assert_eq!(status.lines().filter(|line| line.starts_with(' ')).count(), 2, "{status}");
    assert!(made.read_only.contains(&bench.user().join(".git/modules")));
    commit(&folder.join("vendor/lib"), &[("g.txt", "x")], "inside");
    assert_eq!(git(&folder, &["status", "--porcelain"]), " M vendor/lib");
}

#[test]
fn ignored_files_come_along_and_nothing_else() {
    let bench = Bench::new();
    let user = bench.user();
    let ignore = [(".gitignore", ".env*\nlocal/\nnode_modules/\n*.tmp\n"), ("t.tmp", "tracked")];
    commit(&user, &ignore, "ignore");
    git(&user, &["add", "-f", "t.tmp"]);
    git(&user, &["commit", "-q", "-m", "tracked all the same"]);
    for file in [".env", ".env.test", "local/a/key.pem", "local/b.txt", "node_modules/m/x.js"] {
        put(&user, file, file);
    }
    put(&user, "untracked.txt", "");
    put(&bench.path(""), "secret", "s");
    fs::set_permissions(user.join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("x.js", user.join("node_modules/m/link")).unwrap();
    symlink(bench.path("secret"), user.join("local/out.pem")).unwrap();
    symlink("../../secret", user.join("node_modules/out")).unwrap();
    let globs = [".env*", "local/**/*.pem", "node_modules", "*.tmp", "untracked.txt", "src"];
    let made = bench.make_with(&globs.map(str::to_owned)).unwrap();
    let mut copied = made.copied.clone();
    copied.sort();
    assert_eq!(copied, [".env", ".env.test", "local/a/key.pem", "local/out.pem", "node_modules"]);
    let folder = bench.folder();
    assert_eq!(fs::metadata(folder.join(".env")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(folder.join("node_modules/m/link").is_symlink());
    for absent in ["node_modules/out", "local/out.pem", "local/b.txt", "untracked.txt"] {
        assert!(folder.join(absent).symlink_metadata().is_err(), "{absent}");
    }
    assert_eq!(made.notes.len(), 2, "{:?}", made.notes);
    fs::remove_file(folder.join(".gitignore")).unwrap();
    assert_eq!(git(&folder, &["status", "--porcelain"]), " D .gitignore");
}

#[test]
fn removal_copes_with_what_builders_leave() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    put(&bench.path(""), "kept/file", "x");
    symlink(bench.path("kept"), folder.join("link")).unwrap();
    put(&folder, "cache/mod/file", "x");
    let sealed = folder.join("cache/mod");
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(folder.join("cache"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut deep =
        rustix::fs::open(&folder, rustix::fs::OFlags::DIRECTORY, rustix::fs::Mode::empty())
            .unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&deep, "d", rustix::fs::Mode::RWXU).unwrap();
        let below = rustix::fs::OFlags::DIRECTORY;
        deep = rustix::fs::openat(&deep, "d", below, rustix::fs::Mode::empty()).unwrap();
    }
    drop(deep);
    remove(&folder).unwrap();
    assert!(!folder.exists());
    assert!(bench.path("kept/file").exists());
    remove(&folder).unwrap();

    symlink(bench.path("kept"), &folder).unwrap();
    assert!(remove(&folder).is_err());
    assert!(remove(&bench.path("kept")).is_err());
    assert!(bench.path("kept/file").exists());
}

#[test]
fn a_change_is_a_sign_of_life_and_the_future_is_not() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    let set = |path: &str, at: std::time::SystemTime| {
        let file = fs::OpenOptions::new().write(true).open(folder.join(path)).unwrap();
        file.set_modified(at).unwrap();
    };
    let now = std::time::SystemTime::now();
    set("a.txt", now + std::time::Duration::from_secs(100_000));
    let newest = newest_change(&folder).unwrap();
    assert!(newest < now + std::time::Duration::from_secs(600));
    put(&folder, "src/new.txt", &"x".repeat(100_000));
    assert!(newest_change(&folder).unwrap() >= newest);
    assert!(disk_use(&folder) > 100_000);
    assert_eq!(newest_change(&bench.path("nowhere")), None);
}

#[test]
fn a_note_sweeps_nothing_in() {
    let bench = Bench::new();
    let list = "# T\n- [ ] one\n- [ ] two\n";
    commit(&bench.user(), &[("queue/hello.md", list)], "task");
    bench.make();
    let folder = bench.folder();
    put(&folder, "queue/hello.md", &list.replace("# T", "# Edited"));
    put(&folder, "a.txt", "staged\n");
    git(&folder, &["add", "a.txt"]);
    put(&folder, "src/b.txt", "edited\n");
    let change = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.contains("[ ] one").then(|| text.replace("[ ] one", "[x] one").into_bytes())
    };
    let edit = Edit { path: "queue/hello.md", change: &change };
    commit_note(&folder, "one is done\n", Some(&edit)).unwrap();
    let shown = git(&folder, &["show", "--format=%s %an", "--name-only"]);
    assert_eq!(shown, "one is done opus\n\nqueue/hello.md");
    let status = git(&folder, &["status", "--porcelain"]);
    assert_eq!(status, "M  a.txt\n M queue/hello.md\n M src/b.txt");
    let own = fs::read_to_string(folder.join("queue/hello.md")).unwrap();
    assert_eq!(own, "# Edited\n- [x] one\n- [ ] two\n");

    git(&folder, &["checkout", "-q", "--detach"]);
    let commit = commit_note(&folder, "detached\n", None).unwrap();
    assert_eq!(git(&folder, &["rev-parse", "HEAD"]), commit);
    git(&folder, &["symbolic-ref", "HEAD", "refs/heads/fresh"]);
    commit_note(&folder, "unborn\n", None).unwrap();
    assert_eq!(git(&folder, &["log", "--format=%s", "fresh"]), "unborn");
    put(&folder, ".git/refs/heads/fresh", "garbage\n");
    let error = commit_note(&folder, "broken\n", None).unwrap_err().to_string();
    assert!(error.starts_with("HEAD of this workspace names no commit"), "{error}");
}

#[test]
fn files_of_lfs_are_copied_where_they_were_linked() {
    let bench = Bench::new();
    put(&bench.path(""), "store/aa/object", "one");
    let own = bench.path("own/aa");
    fs::create_dir_all(&own).unwrap();
    fs::hard_link(bench.path("store/aa/object"), own.join("object")).unwrap();
    settings::own_lfs_files(&bench.path("own")).unwrap();
    fs::write(own.join("object"), "two").unwrap();
    assert_eq!(fs::read_to_string(bench.path("store/aa/object")).unwrap(), "one");
}

#[test]
fn settings_of_the_whole_machine_cannot_be_written() {
    use std::os::unix::fs::FileTypeExt as _;
    let bench = Bench::new();
    bench.make();
    let git = git_inside(&bench.folder());
    let done = git.try_run(["config", "--global", "alias.st", "!touch /x"]).unwrap();
    assert_ne!(done.0, 0, "{done:?}");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(git.run(["log", "-1", "--format=%s"]).unwrap(), "first");
}
