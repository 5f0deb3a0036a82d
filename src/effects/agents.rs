//! Coding agents: which are installed, and how each is run where nobody can answer it.
//!
//! The flags follow the agents' own pages on non-interactive use (Claude Code "CLI reference"
//! and "Permission modes", Codex "Non-interactive mode" and "Sandbox", Gemini CLI "Headless
//! mode" and "Trusted folders", aider "Scripting", OpenCode "Permissions", Cursor "Headless",
//! goose "Permission modes"), as of autumn 2026.

pub mod needs;

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::domain::config::PromptBy;

/// The agents that have a preset, in the order in which `init` prefers them.
pub const KNOWN: [&str; 7] =
    ["claude", "codex", "gemini", "aider", "opencode", "cursor-agent", "goose"];

/// An agent that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// One of [`KNOWN`].
    pub name: &'static str,
    /// Where it was found.
    pub exe: PathBuf,
}

/// How an agent is run as a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Program and arguments.
    pub command: Vec<String>,
    /// How it is told what to do.
    pub prompt: PromptBy,
    /// Variables that may hold its key; passed on when set.
    pub env: Vec<&'static str>,
    /// One sentence for people: what it may do.
    pub rights: &'static str,
    /// Whether those rights end at the workspace: true in a sandbox, and for agents whose
    /// own limited mode works where nobody can answer.
    pub bounded: bool,
}

/// The known agents on this search path, in order of preference.
pub fn find(path: &OsStr) -> Vec<Agent> {
    let look = |name: &'static str| {
        let exe = which::which_in_global(name, Some(path)).ok()?.next()?;
        Some(Agent { name, exe })
    };
    KNOWN.into_iter().filter_map(look).collect()
}

/// Without a sandbox each gets its own limited mode where it has one; inside ours, which is
/// the wall, it need not hold itself back. `None` for a name that is not [`KNOWN`].
pub fn preset(name: &str, sandboxed: bool) -> Option<Preset> {
    let preset = match name {
        "claude" => claude(sandboxed),
        "codex" => codex(sandboxed),
        "gemini" => gemini(sandboxed),
        "aider" => aider(),
        "opencode" => opencode(sandboxed),
        "cursor-agent" => cursor(sandboxed),
        "goose" => goose(sandboxed),
        _ => return None,
    };
    Some(preset)
}

const IN_SANDBOX: &str = "may run any command and use the network, and write to its workspace alone: the sandbox holds it";

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|word| (*word).to_owned()).collect()
}

/// `bypassPermissions` refuses to run as root, so that the whole set of tools is allowed by
/// name instead. The list stands before other flags, since it takes all words up to the next.
fn claude(sandboxed: bool) -> Preset {
    let tools = if sandboxed {
        "Bash,Edit,Write,NotebookEdit,WebFetch,WebSearch"
    } else {
        "Edit,Write,NotebookEdit,Bash(git add:*),Bash(git commit:*),Bash(git status:*),\
         Bash(git diff:*),Bash(git log:*),Bash(buildq progress:*),Bash(buildq block:*),\
         Bash(buildq done:*)"
    };
    Preset {
        command: words(&[
            "claude",
            "-p",
            "--allowedTools",
            tools,
            "--permission-mode",
            "acceptEdits",
            "--output-format",
            "stream-json",
            "--verbose",
        ]),
        prompt: PromptBy::Stdin,
        env: vec![
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_MODEL",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ],
        rights: if sandboxed {
            IN_SANDBOX
        } else {
            "may read files, edit its workspace, commit and report; everything else, tests too, is refused (claude's `acceptEdits`)"
        },
        bounded: true,
    }
}

/// Its own sandbox cannot be nested in ours, so it is off there.
fn codex(sandboxed: bool) -> Preset {
    let mode = if sandboxed { "danger-full-access" } else { "workspace-write" };
    Preset {
        command: words(&["codex", "exec", "--sandbox", mode, "--color", "never", "-"]),
        prompt: PromptBy::Stdin,
        env: vec!["CODEX_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"],
        rights: if sandboxed {
            IN_SANDBOX
        } else {
            "may run commands without network that write to its workspace, but not to `.git`: what it leaves is committed for it (codex's `workspace-write`)"
        },
        bounded: true,
    }
}

/// Without `--skip-trust` a folder it has never seen ends it at once, whatever the mode.
fn gemini(sandboxed: bool) -> Preset {
    let mode = if sandboxed { "yolo" } else { "auto_edit" };
    Preset {
        command: words(&[
            "gemini",
            "--skip-trust",
            "--approval-mode",
            mode,
            "--output-format",
            "stream-json",
        ]),
        prompt: PromptBy::Stdin,
        env: vec![
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_CLOUD_LOCATION",
            "GOOGLE_GENAI_USE_VERTEXAI",
        ],
        rights: if sandboxed {
            IN_SANDBOX
        } else {
            "may read and edit files of its workspace; commands are refused, what it leaves is committed for it (gemini's `auto_edit`)"
        },
        bounded: true,
    }
}

/// It runs no command of its own accord: even `--yes-always` leaves suggested ones undone.
fn aider() -> Preset {
    Preset {
        command: words(&[
            "aider",
            "--yes-always",
            "--no-suggest-shell-commands",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-detect-urls",
            "--no-pretty",
            "--no-fancy-input",
            "--message-file",
        ]),
        prompt: PromptBy::File,
        env: vec![
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "OPENAI_API_BASE",
            "GEMINI_API_KEY",
            "DEEPSEEK_API_KEY",
            "OPENROUTER_API_KEY",
            "AIDER_MODEL",
        ],
        rights: "edits and commits files of its workspace; it runs no commands",
        bounded: true,
    }
}

/// Its limits stand in configuration files, none on the command line.
fn opencode(sandboxed: bool) -> Preset {
    let command: &[&str] =
        if sandboxed { &["opencode", "run", "--auto"] } else { &["opencode", "run"] };
    Preset {
        command: words(command),
        prompt: PromptBy::Stdin,
        env: vec!["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_CONFIG"],
        rights: if sandboxed {
            IN_SANDBOX
        } else {
            "may run any command as you, but for what your opencode.json denies or asks about"
        },
        bounded: sandboxed,
    }
}

/// Without `--force` it only proposes what it would change.
fn cursor(sandboxed: bool) -> Preset {
    let own = if sandboxed { "disabled" } else { "enabled" };
    Preset {
        command: words(&[
            "cursor-agent",
            "-p",
            "--force",
            "--trust",
            "--sandbox",
            own,
            "--output-format",
            "stream-json",
        ]),
        prompt: PromptBy::Stdin,
        env: vec!["CURSOR_API_KEY"],
        rights: if sandboxed {
            IN_SANDBOX
        } else {
            "may run any command as you, within cursor's own sandbox where that works"
        },
        bounded: sandboxed,
    }
}

/// It has no limited mode that goes on where nobody answers; the mode is stated because the
/// user's own setting may be one that asks.
fn goose(sandboxed: bool) -> Preset {
    Preset {
        command: words(&["env", "GOOSE_MODE=auto", "goose", "run", "--no-session", "-i", "-"]),
        prompt: PromptBy::Stdin,
        env: vec![
            "GOOSE_PROVIDER",
            "GOOSE_MODEL",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "GOOGLE_API_KEY",
            "OPENROUTER_API_KEY",
        ],
        rights: if sandboxed { IN_SANDBOX } else { "may run any command as you" },
        bounded: sandboxed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn agents_are_found_in_order_of_preference() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["goose", "codex", "gemini"] {
            let exe = dir.path().join(name);
            std::fs::write(&exe, "#!/bin/sh\n").unwrap();
            let mode = if name == "gemini" { 0o644 } else { 0o755 };
            std::fs::set_permissions(&exe, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let found = find(dir.path().as_os_str());
        let names: Vec<_> = found.iter().map(|agent| agent.name).collect();
        assert_eq!(names, ["codex", "goose"], "what cannot be run is not there");
        assert_eq!(found[0].exe, dir.path().join("codex"));
        assert_eq!(find(OsStr::new("")), []);
    }

    #[test]
    fn every_known_agent_has_a_preset() {
        for name in KNOWN {
            for sandboxed in [true, false] {
                let preset = preset(name, sandboxed).unwrap();
                assert!(preset.command.iter().any(|word| word == name), "{name}");
                assert!(preset.bounded || !sandboxed, "{name}");
                assert!(!preset.env.is_empty(), "{name}");
            }
        }
        assert_eq!(preset("vim", true), None);
    }

    #[test]
    fn without_a_sandbox_nobody_is_let_loose_unsaid() {
        for name in KNOWN {
            let preset = preset(name, false).unwrap();
            let line = preset.command.join(" ");
            for loose in ["danger", "bypass", "yolo", "--auto", "Bash,"] {
                assert!(!line.contains(loose), "{line}");
            }
            assert_eq!(preset.bounded, !preset.rights.contains("any command as you"), "{name}");
        }
    }
}
