//! The test's own language: a fresh repository, a clock that stands still, commands with their
//! answers, and waiting for a condition instead of sleeping.
//!
//! ```ignore
//! let repo = TestRepo::new().at("22:00");
//! repo.task("hello", "Write hello.txt.\n\n## Completion criteria\n- [ ] it is there");
//! repo.wait_for(|repo| repo.phase("hello") == "review");
//! repo.buildq(["log"]).stdout_has("hello").success();
//! ```

pub mod browser;
pub mod chance;
mod mine;
mod processes;
mod said;
mod terminal;
pub mod servers;
mod served;
mod walls;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use mine::Mine;
pub use processes::{Process, kill, lives, of_folder, stop};
pub use said::Said;
pub use served::Served;
pub use terminal::Terminal;
pub use walls::{Walls, sandbox_works};

/// No wait lasts longer.
pub const BOUND: Duration = Duration::from_secs(30);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(15);
/// The day on which every test takes place; no window is open at nine in the morning.
pub const DAY: &str = "2026-02-07";

/// A repository of its own below a folder of its own, with a home of its own.
pub struct TestRepo {
    root: tempfile::TempDir,
    dir: PathBuf,
    program: PathBuf,
    extra: Vec<(String, String)>,
    held: bool,
}

impl TestRepo {
    /// A repository with one commit, set up for the built-in builder, in UTC, without a sandbox:
    /// most tests are not about it, and it costs time.
    pub fn new() -> Self {
        Self::unborn().made_ready()
    }

    /// The same, with time running as it does.
    pub fn in_real_time() -> Self {
        let mut repo = Self::unborn();
        repo.held = false;
        repo.made_ready()
    }

    fn made_ready(self) -> Self {
        self.first_commit();
        self.git(["config", "buildq.sandbox", "off"]);
        self.init();
        self
    }

    /// The same with these lines in `buildq.yaml`; a stand-in builder is `sh -c …`.
    pub fn with(config: &str) -> Self {
        let repo = Self::new();
        repo.config(config);
        repo
    }

    /// A repository with one commit that has never heard of buildq.
    pub fn bare_of_buildq() -> Self {
        let repo = Self::unborn();
        repo.first_commit();
        repo
    }

    fn first_commit(&self) {
        self.write("a.txt", "first\n");
        self.git(["add", "."]);
        self.git(["commit", "-qm", "First"]);
    }

    /// A repository without a commit.
    pub fn unborn() -> Self {
        let root = tempfile::Builder::new().prefix("t").tempdir_in(base_folder()).unwrap();
        let dir = root.path().join("repo");
        for folder in ["home", "bin", "repo"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let program = PathBuf::from(env!("CARGO_BIN_EXE_buildq"));
        let repo = Self { root, dir, program, extra: Vec::new(), held: true };
        repo.step("09:00");
        let home = repo.root.path().join("home");
        let global = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n\
                      [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
        fs::write(home.join(".gitconfig"), global).unwrap();
        repo.git(["init", "-q", "."]);
        repo
    }

    /// A repository whose builder is this script, with these further lines of configuration.
    /// `$OUT` is a folder of the test's own; each prompt is put there.
    pub fn with_agent(script: &str, config: &str) -> Self {
        let repo = Self::new();
        repo.agent(script);
        repo.agent_config(config);
        repo
    }

    /// Replaces the script of the builder `agent`.
    pub fn agent(&self, script: &str) {
        let out = self.root().display();
        let head = format!("#!/bin/sh\nOUT={out}\ncat > $OUT/prompt-$BUILDQ_ATTEMPT 2>/dev/null\n");
        self.program("agent", &format!("{head}{script}\n"));
    }

    /// A configuration whose builder is `agent`.
    pub fn agent_config(&self, more: &str) {
        let agent = "builder: agent\nbuilders: {agent: {command: [agent]}}";
        self.config(&format!("{agent}\n{more}"));
    }

    /// What the agent of an attempt was told.
    pub fn prompt(&self, attempt: u32) -> String {
        self.left(&format!("prompt-{attempt}"))
    }

    /// What a builder left in `$OUT`; empty if nothing.
    pub fn left(&self, name: &str) -> String {
        fs::read_to_string(self.root().join(name)).unwrap_or_default()
    }

    /// Lets builders go on that wait for this ([`WAITS`]).
    pub fn go(&self) {
        fs::write(self.root().join("go"), "").unwrap();
    }

    /// Waits until the builder of a task that [`WAITS`] is at work.
    #[track_caller]
    pub fn wait_alive(&self, task: &str) -> &Self {
        let file = self.root().join(format!("alive-{task}"));
        self.wait_for(|_| file.exists())
    }

    /// `buildq init` for the built-in builder, in UTC.
    pub fn init(&self) {
        self.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
        let text = self.read("buildq.yaml");
        if !text.contains("timezone: UTC") {
            let line = text.lines().find(|line| line.starts_with("timezone:")).unwrap().to_owned();
            self.config_text(&text.replace(&line, "timezone: UTC"));
        }
    }

    /// Replaces `buildq.yaml`, in UTC, commits and trusts it.
    pub fn config(&self, yaml: &str) {
        self.config_text(&format!("timezone: UTC\n{yaml}\n"));
    }

    fn config_text(&self, text: &str) {
        self.write("buildq.yaml", text);
        self.git(["add", "buildq.yaml"]);
        self.git(["commit", "-qm", "Configure buildq"]);
        self.buildq(["trust", "--yes"]).success();
    }

    /// It is this time of [`DAY`], or this RFC 3339 time, instead of 09:00, for every process.
    pub fn at(self, time: &str) -> Self {
        self.step(time);
        self
    }

    /// Moves the clock; who sleeps by it notices. Behind an RFC 3339 time may stand for how many
    /// seconds the machine has been awake: then the clock is set, and has not run.
    pub fn step(&self, time: &str) {
        let text = if time.contains('T') { time.into() } else { format!("{DAY}T{time}:00Z") };
        let new = self.root.path().join("clock.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.clock()).unwrap();
    }

    fn clock(&self) -> PathBuf {
        self.root.path().join("clock")
    }

    /// Sets a variable for every command from here on.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.into(), value.into()));
        self
    }

    /// Another clone of this repository, by another person on another machine's disk.
    pub fn clone_to(&self, name: &str) -> Self {
        let root = tempfile::Builder::new().prefix(name).tempdir_in(base_folder()).unwrap();
        for folder in ["home", "bin"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let config = self.home().join(".gitconfig");
        fs::copy(config, root.path().join("home/.gitconfig")).unwrap();
        let dir = root.path().join("repo");
        let (program, extra) = (self.program.clone(), self.extra.clone());
        let clone = Self { root, dir, program, extra, held: self.held };
        let from = self.dir.to_str().unwrap();
        let to = clone.dir.to_str().unwrap().to_owned();
        fs::create_dir(&clone.dir).unwrap();
        fs::copy(self.clock(), clone.clock()).unwrap();
        clone.git(["clone", "-q", from, &to]);
        clone
    }

    /// The work tree.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What everything of this test lies in.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The user's home.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path in the work tree.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file of the work tree.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the work tree.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Puts a program in front of everything else on PATH.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.root.path().join("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Writes a task file without committing it; `text` without front matter gets priority high.
    pub fn draft(&self, id: &str, text: &str) -> String {
        let head = if text.starts_with("---") { "" } else { "---\npriority: high\n---\n" };
        let path = format!("queue/{id}.md");
        self.write(&path, format!("{head}{text}\n"));
        path
    }

    /// Commits a task file; the answer is what git and its hook said.
    pub fn task(&self, id: &str, text: &str) -> Said {
        let path = self.draft(id, text);
        self.git(["add", &path]);
        self.git(["commit", "-qm", &format!("Add {id}")])
    }

    /// Commits a runbook: a task that the built-in builder carries out.
    pub fn runbook(&self, id: &str, script: &str) -> Said {
        self.task(id, &runbook(script))
    }

    /// A command with this test's environment and nothing else.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let home = self.home();
        let here = self.program.parent().unwrap();
        let path = [self.root.path().join("bin"), here.to_owned()];
        let path = path.into_iter().chain(system_path());
        command.env_clear().current_dir(&self.dir).stdin(Stdio::null());
        command.env("PATH", std::env::join_paths(path).unwrap());
        command.env("HOME", &home).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.env("TMPDIR", self.root.path());
        if self.held {
            command.env("BUILDQ_TEST_CLOCK", self.clock());
        }
        command.envs(self.extra.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs git, which must succeed. Its commits are made at the test's time.
    #[track_caller]
    pub fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Said {
        self.try_git(args).success()
    }

    /// Runs git, which may fail.
    #[must_use]
    pub fn try_git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Said {
        let mut command = self.command("git");
        if self.held {
            let clock = fs::read_to_string(self.clock()).unwrap();
            let now = clock.split_whitespace().next().unwrap();
            command.env("GIT_AUTHOR_DATE", now).env("GIT_COMMITTER_DATE", now);
        }
        Said::of(command.args(args))
    }

    /// Runs buildq.
    #[must_use]
    pub fn buildq<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Said {
        Said::of(self.command(&self.program).args(args))
    }

    /// What git answers, or nothing where it fails.
    pub fn ask<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        let said = self.try_git(args);
        if said.code == 0 { said.stdout.trim_end().to_owned() } else { String::new() }
    }

    /// A file at a commit or branch; empty where there is none.
    pub fn file_at(&self, at: &str, path: &str) -> String {
        let said = self.try_git(["show", &format!("{at}:{path}")]);
        if said.code == 0 { said.stdout } else { String::new() }
    }

    /// Subjects of the ledger, oldest first, without the root.
    pub fn ledger(&self) -> Vec<String> {
        let said = self.try_git(["log", "--reverse", "--format=%s", "buildq", "--"]);
        if said.code != 0 {
            return Vec::new();
        }
        said.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    /// The kinds (`started`, `failed` …) of the events of one task, oldest first; without
    /// `progressed`, since it hangs on the moment of a look whether there is one.
    pub fn story(&self, task: &str) -> Vec<String> {
        let of_task = "%(trailers:key=Buildq-Task,valueonly,separator=%x20)";
        let kind = "%(trailers:key=Buildq-Event,valueonly,separator=%x20)";
        let format = format!("--format={of_task}\t{kind}");
        let said = self.try_git(["log", "--reverse", &format, "buildq", "--"]);
        let lines = said.stdout.lines().filter_map(|line| line.split_once('\t'));
        let told = lines.filter(|(of, kind)| *of == task && *kind != "progressed");
        told.map(|(_, kind)| kind.to_owned()).collect()
    }

    /// The body of the newest event of this kind of a task, trailers and all.
    pub fn event(&self, task: &str, kind: &str) -> String {
        let subject = format!("^{kind}: {task}");
        self.ask(["log", "-1", "-E", "--grep", &subject, "--format=%B", "buildq", "--"])
    }

    /// The state that the last event of a task left it in, as far as one word tells.
    pub fn last(&self, task: &str) -> String {
        self.story(task).pop().unwrap_or_default()
    }

    /// Whether this kind of event stands in the story of a task.
    pub fn has(&self, task: &str, kind: &str) -> bool {
        self.count(task, kind) > 0
    }

    /// How often it stands there.
    pub fn count(&self, task: &str, kind: &str) -> usize {
        self.story(task).iter().filter(|event| *event == kind).count()
    }

    /// Looks again and again until it is so, for at most [`BOUND`].
    #[track_caller]
    pub fn wait_for(&self, mut condition: impl FnMut(&Self) -> bool) -> &Self {
        let begun = Instant::now();
        while !condition(self) {
            if begun.elapsed() > BOUND {
                panic!("it did not come true within {BOUND:?}\n{}", self.scene());
            }
            std::thread::sleep(LOOK);
        }
        self
    }

    /// Waits until the last event of a task is of this kind.
    #[track_caller]
    pub fn wait_until(&self, task: &str, kind: &str) -> &Self {
        let begun = Instant::now();
        while self.last(task) != kind {
            if begun.elapsed() > BOUND {
                panic!("{task} was not `{kind}` within {BOUND:?}\n{}", self.scene());
            }
            std::thread::sleep(LOOK);
        }
        self
    }

    /// Waits until nothing of buildq runs but the waker.
    #[track_caller]
    pub fn settle(&self) -> &Self {
        self.wait_for(|repo| repo.processes().iter().all(Process::is_waker))
    }

    /// Waits until no sync and no hook runs; builds may.
    #[track_caller]
    pub fn settle_but_builds(&self) -> &Self {
        let passing = |process: &Process| process.is("sync") || process.is("hook");
        self.wait_for(|repo| !repo.processes().iter().any(passing))
    }

    /// Every process of this test.
    pub fn processes(&self) -> Vec<Process> {
        of_folder(self.root.path())
    }

    /// The git directory.
    pub fn git_dir(&self) -> PathBuf {
        self.dir.join(self.ask(["rev-parse", "--git-common-dir"]))
    }

    /// Everything that helps to understand a failure.
    pub fn scene(&self) -> String {
        let mut text = String::from("── ledger\n");
        text += &self.ask(["log", "--reverse", "--format=%h %ci %s%n%w(0,8,8)%b", "buildq", "--"]);
        text += "\n── plan\n";
        let plan = self.buildq(["sync", "--check"]);
        text += &format!("{}{}", plan.stdout, plan.stderr);
        text += "\n── processes\n";
        for process in self.processes() {
            text += &format!("{process}\n");
        }
        for file in files_below(&self.dir.join(".git/buildq")) {
            if file.extension().is_some_and(|end| end == "log") {
                let log =
                    String::from_utf8_lossy(&fs::read(&file).unwrap_or_default()).into_owned();
                text += &format!("── {}\n{log}\n", file.display());
            }
        }
        text
    }
}

impl Drop for TestRepo {
    /// Nothing but a waker may live on, and that ends here.
    fn drop(&mut self) {
        let begun = Instant::now();
        let mut left = self.processes();
        while !std::thread::panicking()
            && !left.iter().all(Process::is_waker)
            && begun.elapsed() < BOUND
        {
            std::thread::sleep(LOOK);
            left = self.processes();
        }
        let strays: Vec<_> = left.iter().filter(|process| !process.is_waker()).cloned().collect();
        let end = Instant::now();
        while !left.is_empty() && end.elapsed() < BOUND {
            left.iter().for_each(|process| kill(process.pid));
            std::thread::sleep(LOOK);
            left = self.processes();
        }
        if !strays.is_empty() && !std::thread::panicking() {
            let strays: Vec<_> = strays.iter().map(ToString::to_string).collect();
            panic!("processes were left:\n{}", strays.join("\n"));
        }
    }
}

/// A builder that commits something and lives until the test lets it go on.
pub const WAITS: &str = "echo begun > begun; git add begun; git commit -qm begun\n\
     touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done\necho made > made";

/// A text that passes every gate.
pub const CLEAR: &str =
    "Write result.txt with the result.\n\n## Completion criteria\n- [ ] result.txt is there";

/// The text of a task that the built-in builder carries out.
pub fn runbook(script: &str) -> String {
    let script = script.trim_end().replace('\n', "\n  ");
    format!(
        "Carry out the step that stands below the criterion.\n\n## Completion criteria\n\
         - [ ] the step has run and its result is there\n\n  ```sh\n  {script}\n  ```"
    )
}

/// All files below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(_) => found.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    found.sort();
    found
}

/// Neither in a work tree nor below a temporary folder, which the sandbox hides.
pub fn base_folder() -> PathBuf {
    let chosen = std::env::var_os("BUILDQ_TEST_DIR").map(PathBuf::from);
    let cache = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let folder = chosen.or_else(cache).unwrap_or_else(std::env::temp_dir).join("buildq-tests");
    match fs::create_dir_all(&folder) {
        Ok(()) => folder.canonicalize().unwrap(),
        Err(_) => std::env::temp_dir().canonicalize().unwrap(),
    }
}

/// The folders that git, sh and bubblewrap are in, and no agent's.
fn system_path() -> Vec<PathBuf> {
    let known = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/opt/homebrew/bin"];
    known.iter().map(PathBuf::from).filter(|path| path.is_dir()).collect()
}
