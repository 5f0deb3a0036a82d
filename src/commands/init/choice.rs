//! Who builds, and how the work is checked: what `init` proposes.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, bail};

use crate::core::detect;
use crate::domain::config::STEPS;
use crate::effects::agents::{self, Agent, Preset};
use crate::effects::repo::Repo;
use crate::effects::trust::CONFIG;

/// The builder that is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name in `buildq.yaml`.
    pub name: String,
    /// How it is run; `None` for the built-in one.
    pub preset: Option<Preset>,
    /// In words: who was found and not chosen, and why.
    pub passed: Vec<String>,
}

/// The first agent whose rights have an end; the built-in builder where there is none. A name
/// that was asked for is taken as it is.
pub fn choose(agents: &[Agent], asked: Option<&str>, sandboxed: bool) -> Result<Choice> {
    let found = |name: &str| agents.iter().any(|agent| agent.name == name);
    let choice = |name: &str, passed| {
        let preset = agents::preset(name, sandboxed);
        Ok(Choice { name: name.to_owned(), preset, passed })
    };
    match asked {
        Some(STEPS) => return choice(STEPS, Vec::new()),
        Some(name) if found(name) => return choice(name, Vec::new()),
        Some(name) if agents::KNOWN.contains(&name) => {
            bail!("`{name}` is not on PATH\nhint: install it, or leave `--builder` out")
        }
        Some(name) => bail!(
            "no builder `{name}` is known\nhint: known are {} and {STEPS}; add any other command \
             to {CONFIG} by hand",
            agents::KNOWN.join(", ")
        ),
        None => {}
    }
    let mut passed = Vec::new();
    for agent in agents {
        match agents::preset(agent.name, sandboxed) {
            Some(preset) if preset.bounded => return choice(agent.name, passed),
            Some(preset) => passed.push(format!(
                "{name} is installed too, but without a sandbox it {rights}; \
                 `--builder {name}` takes it all the same",
                name = agent.name,
                rights = preset.rights
            )),
            None => {}
        }
    }
    choice(STEPS, passed)
}

/// What the repository's own files say of its checks.
pub fn propose(repo: &Repo, branch: &str) -> detect::Proposal {
    let tip = repo.branch(branch);
    let names = match (repo.work_dir(), tip) {
        (Some(top), _) => fs::read_dir(top).into_iter().flatten().flatten().collect::<Vec<_>>(),
        (None, _) => Vec::new(),
    };
    let mut files: BTreeSet<String> =
        names.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.extend(tip.map(|tip| repo.top_names(tip)).unwrap_or_default());
    let read = |name: &str| {
        let there = repo.work_dir().and_then(|top| fs::read_to_string(top.join(name)).ok());
        let committed = || {
            let bytes = repo.file(tip?, name)?;
            String::from_utf8(bytes).ok()
        };
        there.or_else(committed)
    };
    let (package, pyproject, makefile) =
        (read("package.json"), read("pyproject.toml"), read("Makefile"));
    detect::propose(
        &files,
        detect::Texts {
            package_json: package.as_deref(),
            pyproject: pyproject.as_deref(),
            makefile: makefile.as_deref(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents(names: &[&'static str]) -> Vec<Agent> {
        names.iter().map(|name| Agent { name, exe: format!("/bin/{name}").into() }).collect()
    }

    #[test]
    fn the_first_agent_with_bounds_is_chosen() {
        for (found, asked, sandboxed, chosen) in [
            (&["claude", "codex"][..], None, true, Ok("claude")),
            (&["opencode", "codex"], None, true, Ok("opencode")),
            (&["opencode", "codex"], None, false, Ok("opencode, then codex")),
            (&["goose"], None, false, Ok("goose, then steps")),
            (&["goose"], Some("goose"), false, Ok("goose")),
            (&[], None, false, Ok("steps")),
            (&["claude"], Some("steps"), true, Ok("steps")),
            (&["claude"], Some("codex"), true, Err("not on PATH")),
            (&["claude"], Some("vim"), true, Err("known are claude, codex")),
        ] {
            match (choose(&agents(found), asked, sandboxed), chosen) {
                (Ok(choice), Ok(chosen)) => {
                    let name = chosen.rsplit(' ').next().unwrap();
                    assert_eq!(choice.name, name, "{found:?}");
                    assert_eq!(choice.preset.is_none(), name == STEPS);
                    assert_eq!(choice.passed.len(), chosen.matches("then").count());
                }
                (Err(error), Err(said)) => {
                    assert!(error.to_string().contains(said), "{error}");
                }
                (got, chosen) => panic!("{got:?} instead of {chosen:?}"),
            }
        }
    }
}
