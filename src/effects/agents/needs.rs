//! What an agent needs of the person's home directory: a copy of its settings, and its login.
//!
//! Transcripts, histories and caches of other work stay out.

/// What one agent needs. All paths are below the home directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Files and folders that it gets a copy of.
    pub settings: &'static [&'static str],
    /// JSON files that it gets a copy of without these keys at their top: they tell of other
    /// projects.
    pub pruned: &'static [(&'static str, &'static [&'static str])],
    /// Files that hold its login.
    pub logins: &'static [Login],
}

/// A file that holds a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where it lies.
    pub path: &'static str,
    /// What the agent changes in it when it renews its tokens; empty: nothing ever comes back.
    pub renews: &'static [&'static str],
}

const NOTHING: Needs = Needs { settings: &[], pruned: &[], logins: &[] };

/// What is needed by the agent that a builder runs: one of [`super::KNOWN`], found as the
/// builder's name or as a program in its command.
pub fn of(builder: &str, command: &[String]) -> Needs {
    let base = |word: &String| {
        let name = std::path::Path::new(word).file_name();
        name.and_then(|name| name.to_str()).unwrap_or_default().to_owned()
    };
    // `env NAME=value agent …` runs an agent too, and a wrapper is known by the builder's name.
    let mut words = command.iter().map(base).take_while(|word| !word.starts_with('-'));
    let known = words.find(|word| super::KNOWN.contains(&word.as_str()));
    needs(known.as_deref().unwrap_or(builder))
}

fn needs(agent: &str) -> Needs {
    match agent {
        "claude" => CLAUDE,
        "codex" => CODEX,
        "gemini" => GEMINI,
        "aider" => AIDER,
        "opencode" => OPENCODE,
        "cursor-agent" => CURSOR,
        "goose" => GOOSE,
        _ => NOTHING,
    }
}

const CLAUDE: Needs = Needs {
    settings: &[
        ".claude/CLAUDE.md",
        ".claude/agents",
        ".claude/commands",
        ".claude/output-styles",
        ".claude/plugins",
        ".claude/rules",
        ".claude/settings.json",
        ".claude/skills",
    ],
    pruned: &[(".claude.json", &["projects", "history", "githubRepoPaths"])],
    logins: &[Login {
        path: ".claude/.credentials.json",
        renews: &["accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt"],
    }],
};

const CODEX: Needs = Needs {
    settings: &[
        ".codex/AGENTS.md",
        ".codex/config.toml",
        ".codex/prompts",
        ".codex/rules",
        ".codex/skills",
    ],
    pruned: &[],
    logins: &[Login {
        path: ".codex/auth.json",
        renews: &["id_token", "access_token", "refresh_token", "last_refresh"],
    }],
};

const GEMINI: Needs = Needs {
    settings: &[
        ".gemini/GEMINI.md",
        ".gemini/commands",
        ".gemini/extensions",
        ".gemini/google_accounts.json",
        ".gemini/installation_id",
        ".gemini/settings.json",
    ],
    pruned: &[],
    logins: &[
        Login {
            path: ".gemini/oauth_creds.json",
            renews: &["access_token", "id_token", "refresh_token", "expiry_date"],
        },
        Login { path: ".gemini/.env", renews: &[] },
    ],
};

const AIDER: Needs = Needs {
    settings: &[".aider.conf.yml", ".aider.model.metadata.json", ".aider.model.settings.yml"],
    pruned: &[],
    logins: &[Login { path: ".aider/oauth-keys.env", renews: &[] }],
};

const OPENCODE: Needs = Needs {
    settings: &[".config/opencode"],
    pruned: &[],
    logins: &[Login {
        path: ".local/share/opencode/auth.json",
        renews: &["access", "refresh", "expires"],
    }],
};

const CURSOR: Needs = Needs {
    settings: &[".cursor/cli-config.json", ".cursor/mcp.json", ".cursor/rules"],
    pruned: &[],
    logins: &[Login { path: ".config/cursor/auth.json", renews: &["accessToken", "refreshToken"] }],
};

const GOOSE: Needs = Needs {
    settings: &[".config/goose/config.yaml", ".config/goose/.goosehints", ".config/goose/recipes"],
    pruned: &[],
    logins: &[Login { path: ".config/goose/secrets.yaml", renews: &[] }],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_known_by_its_program_or_its_builders_name() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (builder, command, needs) in [
            ("night", "/home/me/bin/claude -p", CLAUDE),
            ("goose", "env GOOSE_MODE=auto goose run", GOOSE),
            ("claude", "./wrapper.sh", CLAUDE),
            ("night", "./wrapper.sh --agent codex", NOTHING),
        ] {
            assert_eq!(of(builder, &words(command)), needs, "{builder}: {command}");
        }
    }

    #[test]
    fn every_agent_says_what_it_needs_and_no_login_is_a_setting() {
        for agent in super::super::KNOWN {
            let needs = needs(agent);
            assert!(!needs.settings.is_empty() && !needs.logins.is_empty(), "{agent}");
            let pruned = needs.pruned.iter().map(|(path, _)| path);
            for path in needs.settings.iter().chain(pruned) {
                assert!(!path.starts_with('/') && !path.contains(".."), "{path}");
                let login = needs.logins.iter().find(|login| login.path.starts_with(path));
                assert_eq!(login, None, "{agent}: {path}");
            }
        }
    }
}
