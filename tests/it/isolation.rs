//! What commands of a build can reach, with bubblewrap, with Landlock alone, and without walls.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use crate::support::{CLEAR, TestRepo, Walls};

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
        // What waits for review keeps its workspace, and nothing else.
        repo.buildq(["gc", "--drop", "x-1"]).success();
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

/// The reason of the last failure.
fn failure(repo: &TestRepo, task: &str) -> String {
    repo.wait_until(task, "escalated").settle();
    repo.event(task, "failed").lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_fork_bomb_is_bounded() {
    for walls in [Walls::Bubblewrap, Walls::Landlock, Walls::Off] {
        let Some(repo) = walls.up() else { continue };
        let mark = format!("8641{}", std::process::id());
        // It would stop by itself at some five hundred: the machine is everybody's.
        let bomb = format!(
            "bomb() {{ test $1 -gt 7 || {{ bomb $(($1 + 1)) & bomb $(($1 + 1)) & }}; sleep {mark}; }}; bomb 0"
        );
        repo.program("agent", &format!("#!/bin/sh\n{bomb}\n"));
        repo.agent_config("retry: {max: 0}\nlimits: {processes: 60}");
        repo.task("x", CLEAR);
        let why = failure(&repo, "x");
        let told = why.contains("processes and threads, the limit is 60");
        // Where the kernel refuses it more, a bomb may end by that before anybody looks.
        assert!(told || why.ends_with("the builder failed: exit 2"), "{walls:?}: {why}");
        assert_eq!(ending_in(&mark), Vec::<String>::new(), "{walls:?}");
    }
}

#[test]
fn what_uses_too_much_memory_is_ended() {
    for walls in [Walls::Bubblewrap, Walls::Off] {
        let Some(repo) = walls.up() else { continue };
        // `tail` keeps the one endless line; two of them pass the limit only together.
        let hog = "(head -c 40000000 /dev/zero; sleep 600) | tail -c 40000000 & ";
        repo.program("agent", &format!("#!/bin/sh\n{hog}{hog}wait\n"));
        repo.agent_config("retry: {max: 0}\nlimits: {memory: 64MB}");
        repo.task("x", CLEAR);
        let why = failure(&repo, "x");
        assert!(why.contains("of memory, the limit is 61.0 MiB"), "{walls:?}: {why}");
    }
}

#[test]
fn a_flood_of_output_is_bounded_and_harms_nobody() {
    let Some(repo) = Walls::Bubblewrap.up() else { return };
    repo.program(
        "agent",
        "#!/bin/sh\necho first; yes flood | head -c 20000000; echo last; echo made > made\n",
    );
    repo.agent_config("limits: {output: 2 MiB}");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    let mut logs = crate::support::files_below(&repo.path(".git/buildq/logs/x-1"));
    logs.retain(|file| file.extension().is_some_and(|end| end == "log"));
    let bytes: u64 = logs.iter().map(|log| fs::metadata(log).unwrap().len()).sum();
    assert!((2 << 20..=3 << 20).contains(&bytes), "{bytes}");
    let said = fs::read_to_string(&logs[0]).unwrap();
    assert!(said.contains("first\n"), "the beginning stays");
    assert!(fs::read_to_string(logs.last().unwrap()).unwrap().contains("last\n"));
}

#[test]
fn the_network_is_taken_away_where_the_policy_says_so() {
    for walls in WALLS {
        let Some(repo) = walls.up() else { continue };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        // A socket without a path: of the desktop, for example.
        let name = format!("buildq-isolation-{}-{port}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let hidden = UnixListener::bind_addr(&address).unwrap();
        hidden.set_nonblocking(true).unwrap();
        let knock = format!(
            "import socket, sys\n\
             for family, address in ((socket.AF_INET, ('127.0.0.1', {port})), \
               (socket.AF_UNIX, '\\0{name}')):\n  \
               s = socket.socket(family)\n  \
               try:\n    s.connect(address); print(family.name)\n  \
               except OSError: pass\n"
        );
        repo.program(
            "agent",
            &format!("#!/bin/sh\necho made > made; /usr/bin/python3 - > found <<'E'\n{knock}E\n"),
        );
        if !Path::new("/usr/bin/python3").exists() {
            let mut said = std::io::stderr();
            let _ = writeln!(said, "SKIPPED: no python3 knocks at sockets");
            return;
        }
        let reached = |task: &str, config: &str| {
            repo.agent_config(config);
            repo.task(task, CLEAR);
            repo.wait_until(task, "succeeded").settle();
            found(&repo, task)
        };
        assert_eq!(reached("on", ""), "AF_INET\n", "{walls:?}");
        assert!(listener.accept().is_ok());
        assert_eq!(reached("off", "sandbox: {network: false}"), "", "{walls:?}");
        assert!(listener.accept().is_err() && hidden.accept().is_err());
    }
}

#[test]
fn a_builder_may_have_the_network_alone() {
    let Some(repo) = Walls::Bubblewrap.up() else { return };
    let count = "#!/bin/sh\ngrep -c : /proc/net/dev > found; test $(cat found) WANTED 1\n";
    repo.program("agent", &count.replace("WANTED", "-gt"));
    repo.program("alone", "#!/bin/sh\ntest $(grep -c : /proc/net/dev) -eq 1\n");
    let others = fs::read_to_string("/proc/net/dev").unwrap().matches(':').count();
    if others < 2 {
        let mut said = std::io::stderr();
        let _ = writeln!(said, "SKIPPED: this machine has no network to be taken away");
        return;
    }
    repo.config(
        "builder: agent\nbuilders: {agent: {command: [agent], network: true}}\n\
         sandbox: {network: false}\nverify: [alone]\nworkspace: {setup: [alone]}",
    );
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn the_lesser_walls_are_told_and_are_not_enough_where_the_best_are_required() {
    let Some(repo) = Walls::Landlock.up() else { return };
    let status = repo.buildq(["status", "--json"]).success();
    let json: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let walls = &json["health"]["sandbox"];
    assert_eq!((&walls["level"], &walls["own_processes"]), (&"landlock".into(), &false.into()));
    assert!(walls["why"].as_str().unwrap().contains("setting up uid map"), "{walls}");
    repo.buildq(["status"]).stdout_has("sandbox landlock alone (").success();
    repo.git(["config", "buildq.sandbox", "require"]);
    repo.program("agent", "#!/bin/sh\necho made > made\n");
    repo.agent_config("");
    repo.task("x", CLEAR);
    repo.settle();
    repo.buildq(["why", "x"]).stdout_has("no sandbox here: `bwrap` fails");
    assert_eq!(repo.story("x"), Vec::<String>::new());
}

#[test]
fn no_tracked_file_loosens_the_walls() {
    let repo = TestRepo::new();
    repo.git(["config", "--unset", "buildq.sandbox"]);
    repo.write(".gitsettings", "[buildq]\n\tsandbox = off\n");
    repo.git(["config", "include.path", "../.gitsettings"]);
    repo.program("agent", "#!/bin/sh\necho made > made\n");
    repo.agent_config("");
    repo.task("x", CLEAR);
    repo.settle();
    let why = repo.buildq(["why", "x"]);
    why.stdout_says("`buildq.sandbox` stands in").stdout_says("a file of the work tree");
    repo.write(".gitsettings", "[buildq]\n\tsandboxRead = ~/.ssh\n");
    repo.buildq(["why", "x"]).stdout_says("`buildq.sandboxRead` stands in");
    assert_eq!(repo.story("x"), Vec::<String>::new());
}

#[test]
fn a_link_in_the_throw_away_home_leads_the_host_nowhere() {
    let Some(repo) = Walls::Bubblewrap.up() else { return };
    let bait = repo.home().join("bait");
    fs::create_dir(&bait).unwrap();
    fs::create_dir_all(repo.home().join(".local/bin")).unwrap();
    // As bubblewrap sees the outside while it puts things in place.
    let script = "#!/bin/sh\necho made > made; cd ~; mv .local moved\n\
                  ln -s /oldroot/HOME/bait .local; ln -s HOME/bait other\n";
    repo.program("agent", &script.replace("HOME", repo.home().to_str().unwrap()));
    repo.agent_config("verify: [\"sh -c 'echo x > ~/.local/bin/x; echo y > ~/y'\"]");
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(fs::read_dir(&bait).unwrap().count(), 0);
    assert!(!repo.home().join(".local/bin/x").exists());
}

#[test]
fn nothing_starts_on_a_disk_that_is_too_full() {
    let repo = TestRepo::with_agent("echo made > made", "limits: {free_disk: 900000 GB}");
    repo.task("x", CLEAR);
    repo.settle();
    repo.buildq(["why", "x"]).stdout_says("`limits.free_disk` is").success();
    assert_eq!(repo.story("x"), Vec::<String>::new());
    let plan = repo.buildq(["sync", "--check"]).success();
    plan.stdout_has("hold x: capacity: ").stdout_has("next look at 2026-02-07 09:10 UTC");
    repo.agent_config("limits: {free_disk: 1 KiB}");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn what_a_command_names_and_will_not_find_is_said() {
    let Some(repo) = Walls::Bubblewrap.up() else { return };
    let script = repo.home().join("night.sh");
    put(&script, "echo made > made\n");
    let path = script.display();
    repo.config(&format!(
        "builder: a\nbuilders: {{a: {{command: [sh, {path}]}}}}\nretry: {{max: 0}}"
    ));
    repo.task("x", CLEAR);
    repo.wait_until("x", "escalated").settle();
    let remedy = format!("git config --add buildq.sandboxRead {path}");
    repo.buildq(["output", "x"]).stdout_has("is hidden in the sandbox").stdout_has(&remedy);
    repo.git(["config", "--add", "buildq.sandboxRead", script.to_str().unwrap()]);
    repo.buildq(["retry", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
}
