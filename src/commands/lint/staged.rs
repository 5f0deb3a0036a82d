//! Lint of what the next commit changes, also as a pre-commit hook.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Look, committed_policy, judge, policy};
use crate::commands::{Exit, Scene, gather, print};
use crate::core::lint::{self, Sheet};
use crate::core::queue::{self, Content};
use crate::core::situation::Trust;
use crate::domain::config::{Config, Lint};
use crate::effects::drafts::{self, Staged};
use crate::effects::paths::Paths;
use crate::effects::repo::{QueueEntry, Repo};
use crate::effects::trust::{self, CONFIG, Manifest, Tips};
use crate::render;

/// In a larger queue a commit is not made to wait for comparisons with all the others.
const MOST_COMPARED: usize = 2000;
/// Set by `buildq init --lint`: a person wants it in this clone.
pub const WANTED: &str = "buildq.lint";

/// The hook: warns of findings in what is staged, and refuses the commit only where a person
/// has run `init --lint` here and trusts a configuration that says `lint: deny`.
pub fn before_commit(scene: &Scene) -> Result<Exit> {
    let repo = Repo::discover(&scene.dir)?;
    if repo.is_rebasing() || repo.work_dir().is_none() {
        return Ok(Exit::Done);
    }
    let config = committed_policy(&repo);
    let changed = drafts::staged(&repo, &scene.dir, &[&config.queue_dir, CONFIG])?;
    if changed.is_empty() {
        return Ok(Exit::Done);
    }
    let paths = gather::places(&repo)?;
    let findings = judge(sheets(&repo, &config, changed)?, &repo, &paths, scene);
    let [errors, warnings, _] = lint::count(&findings);
    // Notes are for a person to know, and nothing that could be mended.
    let refused = errors + warnings > 0 && denies(&repo, &paths, &config);
    let speaks = refused || (!config.hooks_quiet && !findings.is_empty());
    if speaks {
        print(&render::lint::in_hook(&lint::holding_first(findings), refused));
    }
    Ok(if refused { Exit::No } else { Exit::Done })
}

/// Everything that is staged, for `buildq lint --staged`.
pub fn look(repo: &Repo, scene: &Scene) -> Result<Look> {
    let config = committed_policy(repo);
    let changed = drafts::staged(repo, &scene.dir, &[&config.queue_dir, CONFIG])?;
    sheets(repo, &config, changed)
}

/// What arrives by clone or pull decides nothing: the policy that counts is the committed and
/// trusted one.
fn denies(repo: &Repo, paths: &Paths, config: &Config) -> bool {
    let trusted = |tips| {
        matches!(
            trust::judge(paths, &Manifest::at(repo, tips, config), &|_| false),
            Ok(Trust::Trusted)
        )
    };
    config.lint == Lint::Deny
        && paths.known
        && repo.local_setting(WANTED).is_some()
        && Tips::now(repo, config).is_some_and(trusted)
}

/// The queue as it will be once this is committed; what changes is picked out.
fn sheets(repo: &Repo, config: &Config, changed: Vec<Staged>) -> Result<Look> {
    let dir = &config.queue_dir;
    let before = repo.head().map(|head| repo.queue_entries(head, dir)).transpose()?;
    let mut files: BTreeMap<String, (QueueEntry, bool)> = before
        .unwrap_or_default()
        .into_iter()
        .map(|entry| (entry.path.clone(), (entry, false)))
        .collect();
    let mut findings = Vec::new();
    let mut applies = config.clone();
    let mut text = None;
    let mut old = Vec::new();
    for Staged { path, entry } in changed {
        match entry {
            Some(entry) if path == CONFIG => {
                let bytes = repo.blob(entry.blob).unwrap_or_default();
                let (new, told) = policy(&bytes);
                // The folder stays that in which changes were looked for.
                applies = new.map_or(applies, |new| Config { queue_dir: dir.clone(), ..new });
                findings = told;
                text = Some(bytes);
            }
            Some(entry) => old.extend(files.insert(path, (entry, true))),
            None => old.extend(files.remove(&path)),
        }
    }
    let compare = files.len() <= MOST_COMPARED;
    let sheet = |(path, (entry, picked)): (String, (QueueEntry, bool))| {
        let wanted = picked || (compare && queue::is_task(dir, &path));
        let content = if wanted { repo.content(&entry)? } else { Content::Bytes(Vec::new()) };
        Ok(Sheet { path, content, picked })
    };
    let sheets = files.into_iter().map(sheet).collect::<Result<Vec<_>>>()?;
    let before = |(entry, _): (QueueEntry, bool)| {
        Ok(Sheet { content: repo.content(&entry)?, path: entry.path, picked: false })
    };
    let before = Some(old.into_iter().map(before).collect::<Result<Vec<_>>>()?);
    Ok(Look { sheets, config: applies, findings, text, compare, before })
}
