//! The checks: each with its own time limit; one that fails is tried on the base as well, so
//! that a builder is not blamed for what was broken before.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use super::begin::Begun;
use super::finish::End;
use super::site::Site;
use super::watch::Watch;
use super::{ended, stopped};
use crate::domain::config::Check;
use crate::domain::event::{CheckResult, Fault};
use crate::domain::id::Oid;
use crate::effects::files;
use crate::effects::process::Finished;
use crate::effects::workspace;

/// Every check of an attempt: of the policy, then of the task.
pub fn of(begun: &Begun) -> impl Iterator<Item = &Check> {
    begun.world.config.verify.iter().chain(&begun.task.verify)
}

/// Runs every check; the first that fails ends it.
pub fn run(begun: &Begun, site: &Site, watch: &mut Watch, end: End) -> Result<End> {
    let mut end = end;
    for check in of(begun) {
        let command = shell_words::join(&check.argv);
        site.note(&format!("check: {command}"));
        let done = site.run(&check.argv, check.timeout, watch)?;
        if let Some(stop) = stopped(&done) {
            return Ok(end.turned(stop));
        }
        let result = result(check, &done);
        site.note(&format!("check ended: {}", result.ended));
        let passed = result.passed;
        end.checks.push(result);
        if !passed {
            return Ok(match fails_on_base(begun, site, watch, check)? {
                true => {
                    let name = begun.world.base_branch();
                    let why = format!("`{command}` fails on {name} too");
                    end.turned(End::base(why, begun.base_tip()))
                }
                false => {
                    let why = format!("`{command}` fails: {}", ended(&done.ended));
                    end.turned(End::failed(Fault::Task, why))
                }
            });
        }
    }
    Ok(end)
}

/// A check and its end, as it is recorded.
pub fn result(check: &Check, done: &Finished) -> CheckResult {
    CheckResult {
        command: shell_words::join(&check.argv),
        passed: done.is_success(),
        ended: ended(&done.ended),
        duration: done.duration,
    }
}

/// Whether a check fails on the tip of the base branch as well; asked once per commit. A task's
/// own check may name what only the task makes: only configured ones are tried.
fn fails_on_base(begun: &Begun, site: &Site, watch: &mut Watch, check: &Check) -> Result<bool> {
    if !begun.world.config.verify.contains(check) {
        return Ok(false);
    }
    let base = begun.base_tip();
    let mut known = Verdicts::load(begun);
    if let Some(fails) = known.get(base, check) {
        return Ok(fails);
    }
    site.note("the same check on the base:");
    let folder = site.beside(base)?;
    let done = prepare_and_run(begun, site, watch, (&folder, check));
    let _ = workspace::remove(&folder);
    let done = done?;
    if stopped(&done).is_some() {
        return Ok(false);
    }
    site.note(&format!("on the base: {}", ended(&done.ended)));
    known.put(base, check, !done.is_success());
    Ok(!done.is_success())
}

fn prepare_and_run(
    begun: &Begun,
    site: &Site,
    watch: &mut Watch,
    (folder, check): (&PathBuf, &Check),
) -> Result<Finished> {
    for setup in &begun.world.config.workspace_setup {
        let done = site.run_in(folder, &setup.argv, setup.timeout, watch)?;
        if !done.is_success() {
            return Ok(done);
        }
    }
    site.run_in(folder, &check.argv, check.timeout, watch)
}

/// What checks said of commits of the base; disposable.
struct Verdicts {
    file: PathBuf,
    known: BTreeMap<String, bool>,
}

impl Verdicts {
    fn load(begun: &Begun) -> Self {
        let file = begun.world.paths.local.join("cache").join("base-checks.json");
        let known = std::fs::read(&file).ok().and_then(|b| serde_json::from_slice(&b).ok());
        Self { file, known: known.unwrap_or_default() }
    }

    fn key(base: Oid, check: &Check) -> String {
        format!("{base} {}", shell_words::join(&check.argv))
    }

    fn get(&self, base: Oid, check: &Check) -> Option<bool> {
        self.known.get(&Self::key(base, check)).copied()
    }

    fn put(&mut self, base: Oid, check: &Check, fails: bool) {
        self.known.retain(|key, _| key.starts_with(&base.to_string()));
        self.known.insert(Self::key(base, check), fails);
        if let Ok(bytes) = serde_json::to_vec(&self.known) {
            let _ = self.file.parent().map(std::fs::create_dir_all);
            let _ = files::replace_cache(&self.file, &bytes);
        }
    }
}
