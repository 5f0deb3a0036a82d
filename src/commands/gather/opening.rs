//! Before a look: the repository around a directory, its local places, and its policy.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::domain::config::{self, Config};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::Oid;
use crate::effects::env;
use crate::effects::paths::{self, Paths};
use crate::effects::repo::Repo;
use crate::effects::trust::CONFIG;
use crate::effects::workspace::Marker;

/// The repository around a directory; a workspace is none.
pub fn discover(from: &Path) -> Result<Repo> {
    refuse_workspace(from)?;
    Repo::discover(from)
}

/// Builders report from a workspace with `progress`, `block` and `done`, and nothing else of
/// buildq works in one.
pub fn refuse_workspace(from: &Path) -> Result<()> {
    let from = &from.canonicalize().with_context(|| format!("`{}`", from.display()))?;
    if let Ok((_, marker)) = Marker::find(from) {
        if std::env::var_os(env::TRY).is_some() {
            bail!("you are trying `{}` out: buildq does not work in here\nhint: exit", marker.task);
        }
        bail!(
            "this is the workspace of `{0}`, where only `progress`, `block` and `done` work\n\
             hint: buildq block \"…\" asks a person",
            marker.task
        );
    }
    Ok(())
}

/// The repository around a directory and its local places, nothing read yet.
pub fn open(from: &Path) -> Result<(Repo, Paths)> {
    let repo = discover(from)?;
    let paths = places(&repo)?;
    Ok((repo, paths))
}

/// The local places of a repository.
pub fn places(repo: &Repo) -> Result<Paths> {
    let id = repo.local_setting("buildq.cloneId");
    let paths = Paths::discover(&repo.common_dir()?, id.as_deref(), &paths::host())?;
    Ok(match repo.setting("buildq.workspaces") {
        Some(folder) => paths.with_workspaces(folder.into()),
        None => paths,
    })
}

/// Reads the policy at a commit: defaults where there is none.
pub fn config_at(repo: &Repo, tip: Option<Oid>) -> (Config, Vec<Diagnostic>, Option<String>) {
    let Some(bytes) = tip.and_then(|tip| repo.file(tip, CONFIG)) else {
        return (Config::default(), Vec::new(), None);
    };
    match config::parse(CONFIG, &bytes) {
        Ok((config, warnings)) => (config, warnings, None),
        Err(errors) => {
            let first = errors.first().map(Diagnostic::sentence);
            (Config::default(), errors, first.or(Some("it cannot be read".into())))
        }
    }
}
