//! `buildq mcp install`: the settings of agents, before, after, and after it is gone again.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::TestRepo;

const PROGRAM: &str = env!("CARGO_BIN_EXE_buildq");

/// As Claude Code does it: the entry comes into its own file and leaves it.
const CLAUDE: &str = "#!/bin/sh\necho \"$@\" >> \"$HOME/claude-calls\"\ncase \"$2\" in\n\
    add) printf '{\"theme\":\"dark\",\"mcpServers\":{\"buildq\":{\"type\":\"stdio\",\"command\":\"%s\",\"args\":[\"mcp\"]}}}' \"$7\" ;;\n\
    remove) printf '{\"theme\":\"dark\",\"mcpServers\":{}}' ;;\nesac > \"$HOME/.claude.json\"\n";
const CODEX: &str =
    "# my settings\nmodel = \"best\"   # the best\n\n[mcp_servers.other]\ncommand = 'x'\n";
const GEMINI: &str = "{\n    // mine\n    \"theme\": \"dark\",\n}\n";

fn at_home(repo: &TestRepo, path: &str) -> PathBuf {
    repo.home().join(path)
}

fn put(repo: &TestRepo, path: &str, text: &str) {
    let path = at_home(repo, path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(repo: &TestRepo, path: &str) -> String {
    fs::read_to_string(at_home(repo, path)).unwrap_or_default()
}

/// A person with five agents, of which three have settings already.
fn with_agents() -> TestRepo {
    let repo = TestRepo::bare_of_buildq();
    repo.program("claude", CLAUDE);
    put(&repo, ".claude.json", "{\"theme\":\"dark\"}");
    put(&repo, ".codex/config.toml", CODEX);
    put(&repo, ".gemini/settings.json", GEMINI);
    for agent in ["opencode", "cursor-agent", "goose", "aider"] {
        repo.program(agent, "#!/bin/sh\nexit 1\n");
    }
    repo
}

const FILES: [&str; 5] = [
    ".claude.json",
    ".codex/config.toml",
    ".gemini/settings.json",
    ".cursor/mcp.json",
    ".config/opencode/opencode.json",
];

fn all(repo: &TestRepo) -> Vec<String> {
    FILES.iter().map(|file| read(repo, file)).collect()
}

#[test]
fn agents_get_to_know_it_once_and_forget_it_again() {
    let repo = with_agents();
    let before = all(&repo);
    let said = repo.buildq(["mcp", "install", "--check"]).success().stdout;
    assert_eq!(all(&repo), before, "a check changes nothing");
    assert!(said.contains(&format!(
        "would run\n           claude mcp add --scope user buildq -- {PROGRAM} mcp"
    )));
    assert!(said.contains("config.toml\n           [mcp_servers.buildq]\n"), "{said}");
    assert!(said.contains("goose      to do: "), "{said}");
    assert!(said.contains("aider      passed over"), "{said}");

    let unasked = repo.buildq(["mcp", "install"]).code(1).stderr;
    assert!(unasked.contains("nobody is here to be asked"), "{unasked}");
    assert!(repo.buildq(["mcp", "install", "--check"]).success().stdout == said);
    repo.buildq(["mcp", "install", "--yes"])
        .success()
        .stdout_has("undo: buildq mcp install --uninstall");
    let codex = read(&repo, ".codex/config.toml");
    assert!(codex.starts_with(CODEX), "{codex}");
    assert!(codex.ends_with(&format!(
        "\n[mcp_servers.buildq]\ncommand = \"{PROGRAM}\"\nargs = [\"mcp\"]\n"
    )));
    let gemini = read(&repo, ".gemini/settings.json");
    assert!(gemini.contains("    // mine\n    \"theme\": \"dark\","), "{gemini}");
    let json: Value = serde_json::from_str(&read(&repo, ".cursor/mcp.json")).unwrap();
    assert_eq!(json, json!({"mcpServers": {"buildq": {"command": PROGRAM, "args": ["mcp"]}}}));
    let json: Value = serde_json::from_str(&read(&repo, FILES[4])).unwrap();
    assert_eq!(json["mcp"]["buildq"]["command"], json!([PROGRAM, "mcp"]));
    assert!(read(&repo, ".claude.json").contains(PROGRAM));

    let with = all(&repo);
    let said = repo.buildq(["mcp", "install", "--yes"]).success().stdout;
    assert_eq!(said.matches("knows it already").count(), 5, "{said}");
    assert_eq!(all(&repo), with, "twice changes nothing");
    assert_eq!(read(&repo, "claude-calls").lines().count(), 1);

    repo.buildq(["mcp", "install", "--uninstall", "--yes"]).success();
    assert_eq!(read(&repo, ".codex/config.toml"), CODEX);
    assert!(all(&repo).iter().all(|text| !text.contains("buildq")), "{:?}", all(&repo));
    assert!(read(&repo, ".gemini/settings.json").contains("// mine"));
    let said = repo.buildq(["mcp", "install", "--uninstall", "--yes"]).success().stdout;
    assert_eq!(said.matches("knows nothing of it").count(), 5, "{said}");
}

#[test]
fn a_file_that_cannot_be_read_stops_it_before_anything_is_changed() {
    for (file, text) in [
        (".gemini/settings.json", "{\"theme\": "),
        (".gemini/settings.json", "[]"),
        (".gemini/settings.json", "{\"mcpServers\": 4}"),
        (".codex/config.toml", "[mcp_servers\n"),
    ] {
        let repo = with_agents();
        put(&repo, file, text);
        let before = all(&repo);
        let said = repo.buildq(["mcp", "install", "--yes"]).code(1).stderr;
        assert!(said.contains(file) && said.contains("hint: mend it first"), "{said}");
        assert_eq!(all(&repo), before);
        assert_eq!(read(&repo, "claude-calls"), "");
    }
    let repo = with_agents();
    fs::write(at_home(&repo, ".codex/config.toml"), b"a = \"\xff\"\n").unwrap();
    repo.buildq(["mcp", "install", "--yes"]).code(1).stderr_has("config.toml");
    fs::remove_file(at_home(&repo, ".codex/config.toml")).unwrap();
    fs::create_dir(at_home(&repo, ".codex/config.toml")).unwrap();
    repo.buildq(["mcp", "install", "--yes"]).code(1).stderr_has("is no file of settings");
}

#[test]
fn links_rights_and_what_a_person_set_stay() {
    let repo = with_agents();
    put(&repo, "dotfiles/codex.toml", CODEX);
    let file = at_home(&repo, ".codex/config.toml");
    fs::remove_file(&file).unwrap();
    symlink("../dotfiles/codex.toml", &file).unwrap();
    let target = at_home(&repo, "dotfiles/codex.toml");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let own = "{\"mcpServers\": {\"buildq\": {\"trust\": true, \"command\": \"/old/buildq\", \"args\": [\"mcp\"]}}}\n";
    put(&repo, ".gemini/settings.json", own);
    put(
        &repo,
        ".cursor/mcp.json",
        "{\"mcpServers\": {\"buildq\": {\"url\": \"https://example.org\"}}}",
    );
    repo.buildq(["mcp", "install", "--yes"])
        .success()
        .stdout_has("left alone: its server `buildq`");
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert!(read(&repo, "dotfiles/codex.toml").contains(PROGRAM));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(read(&repo, ".gemini/settings.json"), own.replace("/old/buildq", PROGRAM));
    assert!(read(&repo, ".cursor/mcp.json").contains("example.org"));
}

#[test]
fn what_an_agents_own_command_says_is_passed_on() {
    let repo = TestRepo::bare_of_buildq();
    repo.buildq(["mcp", "install", "--yes"]).code(1).stdout_has("no coding agent was found");
    repo.program("claude", "#!/bin/sh\necho 'not signed in' >&2\nexit 1\n");
    let said = repo.buildq(["mcp", "install", "--yes"]).code(1).stderr;
    assert!(said.contains("failed: not signed in") && said.contains("hint: run it by hand"));
    repo.program("claude", "#!/bin/sh\nexit 0\n");
    repo.buildq(["mcp", "install", "--yes"]).code(1).stderr_has("does not show it");
    repo.program("claude", CLAUDE);
    repo.buildq(["mcp", "install", "--yes"]).success();
    fs::remove_file(repo.root().join("bin/claude")).unwrap();
    let said = repo.buildq(["mcp", "install", "--uninstall", "--yes"]).success().stdout;
    assert!(said.contains("to do: claude mcp remove --scope user buildq"), "{said}");
}

#[test]
fn turning_buildq_off_names_what_still_knows_it() {
    let repo = TestRepo::new();
    put(&repo, ".codex/config.toml", "");
    repo.buildq(["mcp", "install", "--yes"]).success();
    let said = repo.buildq(["uninstall", "--yes"]).success().stdout;
    assert!(said.contains("tools of codex, for your other repositories"), "{said}");
    assert!(said.contains("\n  buildq mcp install --uninstall\n"), "{said}");
    repo.buildq(["mcp", "install", "--uninstall", "--yes"]).success();
    let said = repo.buildq(["uninstall", "--yes"]).success().stdout;
    assert!(!said.contains("codex"), "{said}");
}
