//! Where coding agents keep the settings that name their servers, and how those are written.
//!
//! Places and forms follow the agents' own pages on servers of the Model Context Protocol (Claude
//! Code, Codex, Gemini CLI, Cursor, OpenCode), as of autumn 2026.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::env;
use super::process::{Ended, Invocation, pipe_to};
use crate::core::registration::Dialect;

/// Larger settings are not read, in bytes.
const LARGEST: u64 = 64 << 20;
/// An agent's own command has this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much of what it says is kept, in bytes.
const MOST: u64 = 64 << 10;

/// The settings of one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// How servers are written in it.
    pub dialect: Dialect,
    /// Whether the agent alone may write it, by its own command.
    pub by_command: bool,
}

/// The settings of an agent of [`super::agents::KNOWN`]; `None` where it knows no such servers, or
/// its file is none that we can write.
pub fn settings(agent: &str) -> Result<Option<Settings>> {
    let home = etcetera::home_dir().context("your home folder is unknown: set `HOME`")?;
    let under = |variable: &str, otherwise: &str| {
        let set = std::env::var_os(variable).map(PathBuf::from);
        set.filter(|path| path.is_absolute()).unwrap_or_else(|| home.join(otherwise))
    };
    let of = |file: PathBuf, dialect| Settings { file, dialect, by_command: false };
    Ok(match agent {
        // Every session of Claude Code that runs keeps its state in this file and rewrites it.
        "claude" => {
            let file = under(env::CLAUDE_HOME, "").join(".claude.json");
            Some(Settings { by_command: true, ..of(file, Dialect::Servers) })
        }
        "codex" => Some(of(under(env::CODEX_HOME, ".codex").join("config.toml"), Dialect::Tables)),
        "gemini" => Some(of(home.join(".gemini/settings.json"), Dialect::Servers)),
        "cursor-agent" => Some(of(home.join(".cursor/mcp.json"), Dialect::Servers)),
        "opencode" => {
            let folder = under(env::CONFIG_HOME, ".config").join("opencode");
            let commented = folder.join("opencode.jsonc");
            let plain = folder.join("opencode.json");
            let file = if commented.exists() && !plain.exists() { commented } else { plain };
            Some(of(file, Dialect::Words))
        }
        _ => None,
    })
}

impl Settings {
    /// Whether the agent has been here: its folder is there, though its program may be elsewhere.
    pub fn has_been_here(&self) -> bool {
        // Claude's file lies in the home folder itself.
        !self.by_command && self.file.parent().is_some_and(Path::is_dir)
    }

    /// What they say; empty where there are none. An error names the file.
    pub fn read(&self) -> Result<String> {
        let shown = || format!("cannot read `{}`", self.file.display());
        let about = match fs::metadata(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
            about => about.with_context(shown)?,
        };
        if !about.is_file() || about.len() > LARGEST {
            bail!("`{}` is no file of settings", self.file.display());
        }
        fs::read_to_string(&self.file).with_context(shown)
    }

    /// Puts new ones in place in one step, with the rights of the old ones; a link stays a link.
    pub fn write(&self, text: &str) -> Result<()> {
        let file = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let shown = || format!("cannot write `{}`", file.display());
        let folder = file.parent().with_context(shown)?;
        fs::create_dir_all(folder).with_context(shown)?;
        let mut new = tempfile::NamedTempFile::new_in(folder).with_context(shown)?;
        new.write_all(text.as_bytes()).with_context(shown)?;
        if let Ok(about) = fs::metadata(&file) {
            new.as_file().set_permissions(about.permissions()).with_context(shown)?;
        }
        new.as_file().sync_all().with_context(shown)?;
        new.persist(&file).map_err(|error| error.error).with_context(shown)?;
        Ok(())
    }
}

/// Runs an agent's own command in the home folder; an error has its last words.
pub fn run(words: &[String]) -> Result<()> {
    let home = etcetera::home_dir().context("your home folder is unknown: set `HOME`")?;
    let argv = words.iter().map(Into::into).collect();
    let mut invocation = Invocation::new(argv, &home, std::env::vars_os().collect());
    invocation.timeout = PATIENCE;
    // What else works in the home folder is none of ours.
    invocation.own_tree = false;
    invocation.beside = true;
    let mut said = Vec::new();
    let mut sink = |bytes: &[u8]| {
        said.extend_from_slice(bytes);
        Ok(())
    };
    let (finished, errors) = pipe_to(&invocation, &mut sink, MOST)?;
    if finished.ended == Ended::Exit(0) {
        return Ok(());
    }
    let words = shell_words::join(words);
    let said = String::from_utf8_lossy(&said);
    let last = errors.lines().chain(said.lines()).rfind(|line| !line.trim().is_empty());
    bail!("`{words}` failed: {}\nhint: run it by hand", last.unwrap_or("it said nothing").trim())
}
