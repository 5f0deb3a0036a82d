//! What commands of a build can reach, with bubblewrap, with Landlock alone, and without walls.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{CLEAR, TestRepo, sandbox_works};

/// The walls that a test is run behind.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Walls {
    Bubblewrap,
    Landlock,
    Off,
}

impl Walls {
    /// A repository with these walls; nothing, said aloud, where they do not work.
    fn up(self) -> Option<TestRepo> {
        let there = match self {
            Self::Bubblewrap => sandbox_works(),
            Self::Landlock => landlock_works(),
            Self::Off => true,
        };
        if !there {
            return None;
        }
        let repo = TestRepo::new();
        match self {
            Self::Bubblewrap => drop(repo.git(["config", "buildq.sandbox", "require"])),
            Self::Landlock => {
                repo.git(["config", "--unset", "buildq.sandbox"]);
                let says = "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1";
                repo.program("bwrap", &format!("#!/bin/sh\n{says}\n"));
            }
            Self::Off => {}
        }
        Some(repo)
    }
}

/// Landlock renames between folders from its second version on.
fn landlock_works() -> bool {
    let done = Command::new(env!("CARGO_BIN_EXE_buildq"))
        .args(["confine", "--landlock", "--read", "/", "--", "true"])
        .stderr(Stdio::null())
        .status();
    let works = done.is_ok_and(|status| status.success());
    if !works {
        let mut said = std::io::stderr();
        let _ = writeln!(said, "SKIPPED: this kernel has no Landlock; behind it nothing is tested");
    }
    works
}

const WALLS: [Walls; 2] = [Walls::Bubblewrap, Walls::Landlock];

/// The file that a builder leaves in its workspace.
fn found(repo: &TestRepo, task: &str) -> String {
    repo.file_at(&format!("build/{task}"), "found")
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn of_the_person_nothing_is_seen_but_tools() {
    for walls in WALLS {
        let Some(repo) = walls.up() else { continue };
        let home = repo.home();
        for secret in [
            ".ssh/id_ed25519",
            ".npmrc",
            ".cargo/credentials.toml",
            ".claude/settings.json",
            "diary",
        ] {
            put(&home.join(secret), "SECRET\n");
        }
        put(&home.join(".cargo/bin/tool"), "a tool\n");
        put(&home.join(".config/shown/file"), "shown\n");
        repo.git(["config", "--add", "buildq.sandboxRead", "~/.config/shown"]);
        repo.write(".env", "SECRET=1\n");
        let beside = repo.root().join("beside");
        fs::write(&beside, "SECRET\n").unwrap();
        // A name that other tests do not have: Landlock hides what lies there, not the folder.
        let common = std::env::temp_dir().join(format!("buildq-isolation-{}", std::process::id()));
        fs::write(&common, "SECRET\n").unwrap();
        let script = format!(
            "#!/bin/sh\ncat > /dev/null\n\
             for file in {home}/.ssh/id_ed25519 {home}/.npmrc {home}/.cargo/credentials.toml \
               {home}/.claude/settings.json {home}/diary {home}/.gitconfig {repo}/.env {beside} {common} \
               {repo}/.git/config ~/.ssh/id_ed25519 ~/.gitconfig ~/diary; do \
               cat $file >/dev/null 2>&1 && echo \"read $file\" >> found; done\n\
             for file in {home}/made {home}/.cargo/bin/made {repo}/made {repo}/.git/made {beside}.made /etc/made; do \
               (echo x > $file) 2>/dev/null && test ! -e ~/made && echo \"wrote $file\" >> found; rm -f ~/made; done\n\
             cat ~/.cargo/bin/tool ~/.config/shown/file >> found\n\
             env | grep -e MY_TOKEN -e SSH_AUTH -e DBUS -e RUNTIME >> found\n\
             echo kept > ~/kept; cat ~/kept >> found; echo kept > ${{TMPDIR:-/tmp}}/kept; \
             cat ${{TMPDIR:-/tmp}}/kept >> found; mv ${{TMPDIR:-/tmp}}/kept here; cat here > /dev/null\n\
             cat /proc/$PPID/environ > /dev/null 2>&1 && echo 'read its parent' >> found; true\n",
            home = home.display(),
            repo = repo.dir().display(),
            beside = beside.display(),
            common = common.display(),
        );
        repo.program("agent", &script);
        repo.agent_config("");
        let repo = repo
            .env("MY_TOKEN", "SECRET")
            .env("SSH_AUTH_SOCK", "/nowhere")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
            .env("XDG_RUNTIME_DIR", "/nowhere");
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        let found = found(&repo, "x");
        fs::remove_file(&common).unwrap();
        assert_eq!(found, "a tool\nshown\nkept\nkept\n", "{walls:?}");
        assert!(!home.join("kept").exists() && !home.join("made").exists());
        let state = home.join(".local/state/buildq");
        let left: Vec<PathBuf> = crate::support::files_below(&state);
        assert!(left.iter().all(|path| path.ends_with(".buildq-workspaces")), "{left:?}");
    }
}

#[test]
fn checks_setup_and_the_trial_of_a_merge_are_walled_in_too() {
    for walls in WALLS {
        let Some(repo) = walls.up() else { continue };
        put(&repo.home().join("diary"), "SECRET\n");
        let diary = repo.home().join("diary");
        let spy = format!(
            "#!/bin/sh\ncat {0} && exit 1; (echo x > {0}.made) 2>/dev/null; true\n",
            diary.display()
        );
        repo.program("spy", &spy);
        repo.program("agent", "#!/bin/sh\necho made > made\n");
        repo.agent_config("verify: [spy]\nworkspace: {setup: [spy]}");
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        repo.buildq(["accept", "x"]).success();
        assert!(!repo.home().join("diary.made").exists());
        repo.settle();
    }
}

#[test]
fn an_agent_is_lent_its_settings_and_plants_nothing_for_the_next_session() {
    for walls in WALLS {
        let Some(repo) = walls.up() else { continue };
        let home = repo.home();
        let login = r#"{"claudeAiOauth":{"accessToken":"old","refreshToken":"r","expiresAt":1}}"#;
        put(&home.join(".claude/.credentials.json"), login);
        put(&home.join(".claude/settings.json"), "{\"model\":\"mine\"}");
        put(&home.join(".claude/projects/other/talk.jsonl"), "SECRET");
        put(&home.join(".claude.json"), r#"{"userID":"me","projects":{"/other":"SECRET"}}"#);
        let script = "#!/bin/sh\ncat > /dev/null; cd ~\n\
            grep -q old .claude/.credentials.json && grep -q mine .claude/settings.json && \
              grep -q userID .claude.json && echo lent > $OLDPWD/found\n\
            grep -r SECRET . && echo secret >> $OLDPWD/found\n\
            echo '{\"hooks\":{\"Stop\":\"evil\"}}' > .claude/settings.json; echo evil > .claude/CLAUDE.md\n\
            mkdir -p .claude/commands .claude/skills; echo evil > .claude/commands/evil.md\n\
            echo '{\"mcpServers\":{\"evil\":{}}}' > .claude.json\n\
            echo 'evil() { :; }' > .bashrc; echo evil > .gitconfig\n\
            sed s/old/new/ .claude/.credentials.json > .claude/next && mv .claude/next .claude/.credentials.json\n\
            test -e $OLDPWD/second && echo '{\"evil\":1}' > .claude/.credentials.json; true\n";
        repo.program("claude", script);
        let config = "builder: night\nbuilders: {night: {command: [claude, -p]}}\n\
                      verify: [\"sh -c 'test ! -e ~/.claude/.credentials.json'\"]";
        repo.config(config);
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        assert_eq!(found(&repo, "x"), "lent\n", "{walls:?}");
        let read = |path: &str| fs::read_to_string(home.join(path)).unwrap_or_default();
        let renewed = login.replace("old", "new");
        assert_eq!(read(".claude/.credentials.json"), renewed);
        assert_eq!(read(".claude/settings.json"), "{\"model\":\"mine\"}");
        assert!(!read(".claude.json").contains("evil"));
        for planted in [".claude/CLAUDE.md", ".claude/commands", ".bashrc"] {
            assert!(!home.join(planted).exists(), "{walls:?} {planted}");
        }
        assert!(!read(".gitconfig").contains("evil"));

        // What is no renewal of the same login does not come back.
        repo.program(
            "claude",
            "#!/bin/sh\ncat > /dev/null; echo made > made; echo '{\"evil\":1}' > ~/.claude/.credentials.json\n",
        );
        repo.task("y", CLEAR);
        repo.wait_until("y", "succeeded").settle();
        assert_eq!(read(".claude/.credentials.json"), renewed);
        repo.buildq(["output", "y"]).stdout_has("credentials.json` is not taken over").success();
    }
}

/// The processes whose last word is this.
fn ending_in(mark: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.trim_end_matches('\0').ends_with(mark)).collect()
}

#[test]
fn nothing_outlives_an_attempt_however_it_hides() {
    for walls in [Walls::Bubblewrap, Walls::Landlock, Walls::Off] {
        let Some(repo) = walls.up() else { continue };
        let mark = format!("8640{}", std::process::id());
        // Its own session, a parent that has gone, no descriptors, another folder, another
        // environment, deaf to everything that can be ignored.
        let stray = "trap '' TERM HUP INT; touch stray; cd /; exec env -i /bin/sleep MARK";
        let script = format!(
            "(setsid sh -c \"$(printf '%s' \"{stray}\")\" <&- >&- 2>&- &)\n\
             until test -e stray; do sleep 0.01; done; echo made > made"
        )
        .replace("MARK", &mark);
        repo.program("agent", &format!("#!/bin/sh\n{script}\n"));
        repo.agent_config("");
        repo.task("x", CLEAR);
        repo.wait_until("x", "succeeded").settle();
        assert_eq!(ending_in(&mark), Vec::<String>::new(), "{walls:?}");
    }
}
