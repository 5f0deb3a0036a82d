//! The ground that attacks happen on: what is the user's and must stay as it is, and what to
//! look at to see whether it did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::support::{Said, TestRepo, files_below};

/// What a text of a stranger must never bring to a terminal.
const FORBIDDEN: &[char] = &[
    '\u{1b}', '\u{7}', '\u{8}', '\u{9b}', '\u{85}', '\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}',
    '\u{200b}', '\u{200e}', '\u{2028}',
];

/// What stands in a variable of the user's that no builder is given.
pub const UNLISTED: &str = "loot: an unlisted variable";

/// Parts of the git directory that are the user's alone.
const OF_GIT: &[&str] =
    &["HEAD", "config", "hooks/", "info/", "logs/HEAD", "index", "config.worktree", "modules/"];

/// Folders of the home that buildq itself writes to, and may.
const OWN: &[&str] = &[".local/state/buildq", ".cache/buildq", ".local/share/buildq"];

/// What stood where before the attack.
pub struct Ground {
    loot: PathBuf,
    mark: String,
    remote: PathBuf,
    service: UnixListener,
    before: State,
    shell: Child,
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[derive(Clone, Default, PartialEq)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    modes: BTreeMap<String, Vec<u8>>,
    refs: BTreeSet<String>,
    remote: String,
    trust: BTreeMap<String, Vec<u8>>,
}

impl Ground {
    /// Nothing has happened yet.
    pub fn new(repo: &TestRepo) -> Self {
        // A number that stands in no other command line of this machine.
        let mark = repo.root().file_name().unwrap().to_str().unwrap();
        let mark: u64 = mark.bytes().fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 99_999_999);
        let service = UnixListener::bind(repo.home().join("agent.sock")).unwrap();
        service.set_nonblocking(true).unwrap();
        Self {
            loot: repo.root().join("loot"),
            mark: format!("{mark:08}"),
            remote: repo.root().join("remote.git"),
            service,
            before: State::default(),
            // A shell that the user left open.
            shell: Command::new("sleep")
                .arg("600")
                .env_clear()
                .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
                .env("UNLISTED", UNLISTED)
                .current_dir("/")
                .spawn()
                .unwrap(),
        }
    }

    /// The folder that successful attacks write to.
    pub fn loot(&self) -> String {
        self.loot.display().to_string()
    }

    /// Branches, a tag, a stash, a remote; secrets and settings in the home.
    pub fn live_in(&self, repo: &TestRepo) {
        repo.write("a.txt", "stashed\n");
        repo.git(["stash", "-q"]);
        repo.git(["branch", "other"]);
        repo.git(["tag", "v1"]);
        repo.git(["clone", "-q", "--bare", ".", self.remote.to_str().unwrap()]);
        repo.git(["remote", "add", "origin", self.remote.to_str().unwrap()]);
        let home = repo.home();
        for (name, text) in [
            (".ssh/id_ed25519", "loot: a private key\n"),
            (".aws/credentials", "loot: a cloud's key\n"),
            (".netrc", "loot: a password\n"),
            (".config/gh/hosts.yml", "loot: a token\n"),
            (".gnupg/secret", "loot: another key\n"),
            (".claude/settings.json", "{}\n"),
            (".claude.json", "{}\n"),
            (".codex/config.toml", "\n"),
            (".bashrc", "\n"),
        ] {
            let path = home.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // A home that is a repository itself, with the workspaces somewhere below it.
        let around = ["-C", home.to_str().unwrap()];
        repo.git([&around[..], &["init", "-q"]].concat());
        repo.git([&around[..], &["add", ".bashrc"]].concat());
        repo.git([&around[..], &["commit", "-qm", "Dotfiles"]].concat());
        let private = home.join("private");
        repo.git(["init", "-q", private.to_str().unwrap()]);
        fs::write(private.join("loot"), "loot: a private file\n").unwrap();
        let at = ["-C", private.to_str().unwrap()];
        repo.git([&at[..], &["add", "loot"]].concat());
        repo.git([&at[..], &["commit", "-qm", "loot: a private commit"]].concat());
    }

    /// The victim's places, as shell variables.
    pub fn places(&self, repo: &TestRepo) -> String {
        let held = repo.ask(["rev-parse", "main:queue/held.md"]);
        let base = repo.ask(["rev-parse", "main"]);
        format!(
            "REPO='{}' HOST_HOME='{}' LOOT='{}' MARK='{}' REMOTE='{}' HELD={held} BASE={base}\n\
             mkdir -p \"$LOOT\" 2> /dev/null; export REPO HOST_HOME LOOT MARK REMOTE HELD BASE",
            repo.dir().display(),
            repo.home().display(),
            self.loot.display(),
            self.mark,
            self.remote.display(),
        )
    }

    /// From here on nothing of the user's may change.
    pub fn remember(&mut self, repo: &TestRepo) {
        self.before = self.state(repo);
    }

    /// An event that only a person of this clone may write.
    pub fn forged(&self, repo: &TestRepo, told: &mut Vec<String>) {
        if repo.has("held", "approved") {
            told.push("the held task was approved".into());
        }
    }

    /// The user has pulled: refs and the work tree follow, trust does not.
    pub fn allow_pull(&mut self, repo: &TestRepo) {
        let now = self.state(repo);
        for (before, now) in
            [(&mut self.before.files, now.files), (&mut self.before.modes, now.modes)]
        {
            before.retain(|name, _| of_home(name));
            before.extend(now.into_iter().filter(|(name, _)| !of_home(name)));
        }
        self.before.refs = now.refs;
    }

    fn state(&self, repo: &TestRepo) -> State {
        let mut state = State::default();
        let mut add = |root: &Path, head: &str| {
            for path in files_below(root) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap_or("?").to_owned();
                let of_git = head == "repo" && name.starts_with(".git/");
                let part = name.strip_prefix(".git/").unwrap_or(&name);
                let own = head == "home" && OWN.iter().any(|own| name.starts_with(own));
                let (bytes, mode) = match fs::symlink_metadata(&path) {
                    Ok(about) if about.is_file() => {
                        (fs::read(&path).unwrap_or_default(), about.permissions().mode())
                    }
                    _ => (b"no plain file".to_vec(), 0),
                };
                if own
                    && ["/approvals", "/commits", "/trusted.json"]
                        .iter()
                        .any(|end| name.ends_with(end))
                {
                    state.trust.insert(name, bytes);
                } else if !own && (!of_git || OF_GIT.iter().any(|mine| part.starts_with(mine))) {
                    state.files.insert(format!("{head}/{name}"), bytes);
                    state
                        .modes
                        .insert(format!("the mode of {head}/{name}"), mode.to_be_bytes().to_vec());
                }
            }
        };
        add(repo.dir(), "repo");
        add(&repo.home(), "home");
        let refs = repo.ask(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let own = ["refs/heads/build/", "refs/heads/buildq", "refs/buildq/"];
        let mine = refs.lines().filter(|line| !own.iter().any(|own| line.starts_with(own)));
        state.refs = mine.map(str::to_owned).collect();
        let remote = self.remote.to_str().unwrap();
        state.remote =
            repo.ask(["--git-dir", remote, "for-each-ref", "--format=%(refname) %(objectname)"]);
        state
    }

    /// What an attack has achieved, by what is to be seen.
    pub fn violations(&self, repo: &TestRepo) -> Vec<String> {
        let mut told = Vec::new();
        let now = self.state(repo);
        differences(&self.before.files, &now.files, &mut told);
        differences(&self.before.modes, &now.modes, &mut told);
        differences(&self.before.trust, &now.trust, &mut told);
        if now.refs != self.before.refs {
            told.push(format!(
                "refs of the user's moved: {:?}",
                now.refs.symmetric_difference(&self.before.refs)
            ));
        }
        if now.remote != self.before.remote {
            told.push("something was pushed".into());
        }
        if self.loot.exists() && files_below(&self.loot).iter().any(|file| !file.is_dir()) {
            told.push(format!("loot: {:?}", files_below(&self.loot)));
        }
        if self.service.accept().is_ok() {
            told.push("a service of the user's was reached".into());
        }
        let left = living(&self.mark);
        if !left.is_empty() {
            left.iter().for_each(|pid| crate::support::kill(*pid));
            told.push(format!("it left {} processes", left.len()));
        }
        self.ledger_is_sound(repo, &mut told);
        told
    }

    /// No event that nobody who may has written, and no secret in what was kept.
    fn ledger_is_sound(&self, repo: &TestRepo, told: &mut Vec<String>) {
        if repo.has("held", "started") {
            told.push("the held task was started".into());
        }
        let why = repo.buildq(["why", "held", "--json"]);
        let why: serde_json::Value = serde_json::from_str(&why.stdout).unwrap_or_default();
        let holds = |gate: &serde_json::Value| {
            let asks = ["trust", "risk", "clear"].iter().any(|name| gate["gate"] == *name);
            asks && !gate["hold"].is_null()
        };
        if !why["gates"].as_array().is_some_and(|gates| gates.iter().any(holds)) {
            told.push(format!("the held task is no longer held: {why}"));
        }
        let log = repo.ask(["log", "--format=%B", "buildq", "--"]);
        if log.contains("loot: ") {
            told.push("a secret stands in the ledger".into());
        }
        let work = repo.ask(["for-each-ref", "--format=%(refname)", "refs/buildq/attempts"]);
        for name in work.lines() {
            let diff = repo.ask([
                "log",
                "-p",
                "--text",
                "--format=%an %ae %s %b",
                name,
                "^main",
                "--",
                "found",
                "loot",
                "key-link",
            ]);
            if diff.contains("loot: ") {
                told.push(format!("a secret stands in `{name}`"));
            }
        }
        let logs = files_below(&repo.git_dir().join("buildq"));
        let size: u64 =
            logs.iter().filter_map(|path| fs::metadata(path).ok()).map(|about| about.len()).sum();
        if size > 24 << 20 {
            told.push(format!("{size} bytes of logs"));
        }
    }

    /// Every page and every answer shows hostile text as text.
    pub fn look_everywhere(&self, repo: &TestRepo, told: &mut Vec<String>) {
        let ids = repo.ask(["ls-tree", "-r", "--name-only", "main", "queue/"]);
        let ids: BTreeSet<_> = ids
            .lines()
            .filter_map(|path| path.rsplit('/').next()?.strip_suffix(".md"))
            .filter(|id| {
                id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
            .filter(|id| !id.starts_with('-') && !id.starts_with("many-"))
            .map(str::to_owned)
            .chain(["x".to_owned()])
            .collect();
        let mut all: Vec<Vec<&str>> = [
            &["status"][..],
            &["log"],
            &["report"],
            &["review"],
            &["sync", "--check"],
            &["status", "--markdown"],
        ]
        .iter()
        .map(|words| words.to_vec())
        .collect();
        for id in &ids {
            all.extend(["why", "show", "output", "review"].map(|verb| vec![verb, id.as_str()]));
        }
        for words in all {
            let said = repo.buildq(words.iter().copied());
            spoken_safely(&words.join(" "), &said, told);
        }
    }
}

/// Hostile text has reached the terminal as text alone.
pub fn spoken_safely(what: &str, said: &Said, told: &mut Vec<String>) {
    for text in [&said.stdout, &said.stderr] {
        let odd = |c: &char| FORBIDDEN.contains(c) || (c.is_control() && !matches!(c, '\n' | '\t'));
        if let Some(odd) = text.chars().find(odd) {
            let line = text.lines().find(|line| line.contains(odd)).unwrap_or_default();
            told.push(format!("`{what}` says {odd:?}: {line:?}"));
        }
        if text.contains("panicked") {
            told.push(format!("`{what}` panicked: {text}"));
        }
        if text.contains("loot: ") && !text.contains("loot: a session") {
            told.push(format!("`{what}` tells a secret"));
        }
    }
}

/// Whether this is a file of the user's home, or the mode of one.
fn of_home(name: &str) -> bool {
    name.trim_start_matches("the mode of ").starts_with("home/")
}

fn differences(
    before: &BTreeMap<String, Vec<u8>>,
    now: &BTreeMap<String, Vec<u8>>,
    told: &mut Vec<String>,
) {
    for name in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        if before.get(name) != now.get(name) {
            told.push(format!("`{name}` has changed"));
        }
    }
}

/// Living processes with this word in their command line.
fn living(mark: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let holds = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.windows(mark.len()).any(|window| window == mark.as_bytes())
            && crate::support::lives(*pid)
    };
    pids.filter(holds).collect()
}
