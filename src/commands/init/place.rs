//! Putting things in place: files and their commit, hooks, settings, trust.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::policy::{Seed, config_text, readme_text};
use super::told::{Step, Trusting};
use crate::commands::gather::{self, World};
use crate::commands::lint::WANTED as LINT_WANTED;
use crate::core::situation::Trust;
use crate::domain::config::{self, Config};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::event::Kind;
use crate::effects::commit::{self, Commission};
use crate::effects::git::Git;
use crate::effects::hooks::{self, HooksPath, Place};
use crate::effects::ledger::{Draft, append};
use crate::effects::machine;
use crate::effects::paths::Paths;
use crate::effects::repo::Entry;
use crate::effects::repo::Repo;
use crate::effects::trust::{self, CONFIG, Manifest, Record, Tips};

/// The files, and the policy as it stands once they are there.
pub struct Placed {
    /// What was done.
    pub steps: Vec<Step>,
    /// The text of `buildq.yaml`.
    pub policy: Vec<u8>,
}

impl Placed {
    /// Whether the configuration is new.
    pub fn wrote_policy(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Wrote(path) if path == CONFIG))
    }

    /// The policy, or what is wrong with it.
    pub fn config(&self) -> Result<Config, String> {
        let first = |errors: Vec<Diagnostic>| errors.first().map(Diagnostic::one_line);
        match config::parse(CONFIG, &self.policy) {
            Ok((config, _)) => Ok(config),
            Err(errors) => Err(first(errors).unwrap_or_default()),
        }
    }
}

/// Writes a file unless something is there; what is there then comes back.
fn put(top: &Path, path: &str, text: &str) -> Result<(Step, Vec<u8>)> {
    let full = top.join(path);
    let write = || -> std::io::Result<bool> {
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(&full) {
            Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    let new = write().with_context(|| format!("cannot write `{}`", full.display()))?;
    let there = fs::read(&full).with_context(|| format!("cannot read `{}`", full.display()))?;
    let path = path.to_owned();
    Ok((if new { Step::Wrote(path) } else { Step::Kept(path) }, there))
}

/// The files: in the work tree that has the branch checked out, else in the commit alone.
pub fn files(repo: &Repo, branch: &str, seed: &Seed, no_commit: bool) -> Result<(Placed, Files)> {
    let tip = repo.branch(branch);
    let top = repo.checked_out_at(branch);
    if top.is_none() && no_commit {
        bail!(
            "`{branch}` is checked out nowhere, so that there is no place for files that are not \
             committed\nhint: git switch {branch}, or leave `--no-commit` out"
        );
    }
    let readme = format!("{}/README.md", seed.queue);
    let wanted = [(CONFIG.to_owned(), config_text(seed)), (readme, readme_text(seed.queue))];
    let lacks = |path: &str| tip.and_then(|tip| repo.file(tip, path)).is_none();
    if !no_commit && wanted.iter().any(|(path, _)| lacks(path)) {
        // Before anything is written, so that a refusal leaves nothing lying about.
        commit::must_know_person(repo)?;
    }
    let mut placed = Placed { steps: Vec::new(), policy: Vec::new() };
    let mut missing = Vec::new();
    for (path, text) in wanted {
        let committed = tip.and_then(|tip| repo.file(tip, &path));
        let is_policy = path == CONFIG;
        let (step, bytes) = match (committed, &top) {
            (Some(bytes), _) => (Step::Kept(path), bytes),
            (None, Some(top)) => {
                let (step, bytes) = put(top, &path, &text)?;
                missing.push((path, bytes.clone()));
                (step, bytes)
            }
            (None, None) => {
                missing.push((path.clone(), text.clone().into_bytes()));
                (Step::Wrote(path), text.into_bytes())
            }
        };
        placed.steps.push(step);
        if is_policy {
            placed.policy = bytes;
        }
    }
    Ok((placed, Files(missing)))
}

/// Files that the branch does not have yet.
pub struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    /// One more, or a new text of one that the branch has.
    pub fn add(&mut self, path: &str, text: &str) {
        self.0.push((path.to_owned(), text.as_bytes().to_vec()));
    }

    /// Commits them alone; with `no_commit` it says how to.
    pub fn commit(self, world: &Site, no_commit: bool) -> Result<Option<Step>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        if no_commit {
            let paths = self.0.into_iter().map(|(path, _)| path).collect();
            return Ok(Some(Step::Uncommitted(paths)));
        }
        let message = "Set up buildq\n\nThe policy, and a word on how tasks are written.\n";
        let order =
            Commission { branch: world.branch, files: &self.0, message, now: world.scene.now };
        let commit = commit::commit_files(world.repo, &order)?;
        Record::Commits.add(world.paths, &[commit.to_string()])?;
        let branch = world.branch.to_owned();
        Ok(Some(Step::Committed { short: commit.short(), branch, files: self.0.len() }))
    }
}

/// Where `init` is at work.
pub struct Site<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its local places.
    pub paths: &'a Paths,
    /// The branch whose task files count.
    pub branch: &'a str,
    /// Where and when it was called.
    pub scene: &'a crate::commands::Scene,
}

/// Local git settings; those that are so already are left alone.
pub fn settings(repo: &Repo, branch: &str, id: &str, lints: bool) -> Result<Step> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut changed = Vec::new();
    let lint = lints.then_some((LINT_WANTED, "true"));
    let others =
        [("buildq.queueBranch", branch), ("buildq.cloneId", id), ("buildq.path", path.as_str())];
    for (key, value) in others.into_iter().chain(lint) {
        let key = key.to_owned();
        if repo.local_setting(&key).is_some_and(|now| now == value) {
            continue;
        }
        repo.set_local(&key, value)?;
        let shown = if key == "buildq.path" { "(your PATH, for builders)" } else { value };
        changed.push((key, shown.to_owned()));
    }
    Ok(Step::Settings(changed))
}

/// Installs the hooks, or says what their owner has to add.
pub fn install_hooks(place: &Place, repo: &Repo, exe: &Path, lints: bool) -> Result<Step> {
    let bare = repo.is_bare();
    Ok(match place {
        Place::Own(folder) => {
            let mut installed = hooks::install(folder, bare, exe)?;
            if lints {
                installed.push(hooks::install_lint(folder, exe)?);
            }
            Step::Hooks(installed)
        }
        Place::Managed { why, .. } => {
            let mut snippet = hooks::snippet(exe, bare)?;
            if lints {
                snippet += &hooks::lint_snippet(exe)?;
            }
            Step::Managed { why: why.clone(), snippet }
        }
    })
}

/// Where git looks for hooks, and who looks after them.
pub fn hooks_place(repo: &Repo, paths: &Paths) -> Result<Place> {
    let Some(value) = repo.setting("core.hooksPath") else {
        return Ok(hooks::place(&paths.common, None));
    };
    let top: PathBuf = repo.work_dir().unwrap_or(&paths.common).to_owned();
    // Our git runs with a `core.hooksPath` of its own, whose scope is `command`.
    let git = Git::at(&top);
    let all = git.run(["config", "--show-scope", "--get-all", "core.hooksPath"])?;
    let mut theirs = all.lines().filter_map(|line| line.split_once('\t'));
    let scope = theirs.rfind(|(scope, _)| *scope != "command");
    let scope = scope.map_or("local", |(scope, _)| scope).to_owned();
    let resolved = top.join(expand(&value));
    Ok(hooks::place(&paths.common, Some(HooksPath { value: &value, scope: &scope, resolved })))
}

/// `~/hooks` as git understands it.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// What `init` wrote itself is trusted; what was there before is a person's to look at.
pub fn trust_first(world: &World, placed: &Placed) -> Result<Trusting> {
    let config = match placed.config() {
        Ok(config) => config,
        Err(why) => return Ok(Trusting::Broken(why)),
    };
    // As it will be once everything is committed.
    let tip = world.queue.tip;
    let base = world.seen.base.as_ref().map(|(_, tip)| *tip);
    let tips = tip.map(|queue| Tips { queue, base: base.unwrap_or(queue) });
    let mut manifest =
        tips.map(|tips| Manifest::at(&world.repo, tips, &config)).unwrap_or_default();
    let templates = format!("{}/", trust::templates(&config));
    let object = world.repo.write_blob(&placed.policy)?;
    manifest.entries.insert(CONFIG.to_owned(), Entry { mode: 0o100_644, object });
    let templated = manifest.entries.keys().any(|path| path.starts_with(&templates));
    match trust::judge(&world.paths, &manifest, &|_| false)? {
        Trust::Trusted => Ok(Trusting::Before),
        _ if placed.wrote_policy() && !templated => {
            trust::trust(&world.paths, &manifest)?;
            Ok(Trusting::Now)
        }
        _ => Ok(Trusting::Not),
    }
}

/// The first clone that is set up runs the queue; another one is told who does.
pub fn first_runner(world: &World) -> Result<Option<Step>> {
    let runner = world.paths.runner();
    if let Some(other) = world.ledger.runner.clone() {
        return Ok((other != runner).then_some(Step::Watches { runner: other }));
    }
    append(&world.pen(), &mut |ledger| {
        Ok(match &ledger.runner {
            Some(other) => Err(format!("`{other}` runs it")),
            None => Ok(Draft::new(Kind::Runner { runner: runner.clone() })),
        })
    })?;
    Ok(None)
}

/// Refuses, before anything is written, what would not work afterwards.
pub fn preflight(repo: &Repo, paths: &Paths, branch: &str) -> Result<()> {
    for (what, folder, hint) in [
        ("this repository", &paths.common, "clone it to a disk of this machine"),
        (
            "the folder for workspaces",
            &paths.workspaces,
            "git config buildq.workspaces FOLDER names one on a disk of this machine",
        ),
    ] {
        stays_here((what, folder), machine::network(folder), hint)?;
    }
    crate::effects::ledger::read(repo, paths)?;
    let tip = repo.branch(branch);
    let (config, _, _) = gather::config_at(repo, tip);
    let prefix = &config.branch_prefix;
    if branch == crate::effects::ledger::BRANCH || branch.starts_with(prefix.as_str()) {
        bail!(
            "`{branch}` is a branch of buildq's own and cannot hold the queue\n\
             hint: buildq init --branch main"
        );
    }
    let parent = prefix.trim_end_matches('/');
    if prefix.ends_with('/') && repo.branch(parent).is_some() {
        bail!(
            "the branch `{parent}` leaves no room for `{prefix}<task>`\n\
             hint: git branch -m {parent} {parent}-old, or set `branch.prefix` in {CONFIG}"
        );
    }
    Ok(())
}

/// Every promise hangs on locks, and another machine's are none.
fn stays_here((what, folder): (&str, &Path), kind: Option<&str>, hint: &str) -> Result<()> {
    let Some(kind) = kind else { return Ok(()) };
    bail!(
        "{what}, `{}`, lies on {kind}: locks cannot be relied on there, so buildq does not run\n\
         hint: {hint}",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::super::choice::Choice;
    use super::*;
    use crate::domain::config::STEPS;

    #[test]
    fn a_network_file_system_is_refused_with_a_way_on() {
        let place = ("the folder for workspaces", Path::new("/far"));
        assert!(stays_here(place, None, "x").is_ok());
        let said = stays_here(place, Some("NFS"), "name another").unwrap_err().to_string();
        assert_eq!(
            said,
            "the folder for workspaces, `/far`, lies on NFS: locks cannot be relied on there, so \
             buildq does not run\nhint: name another"
        );
    }

    #[test]
    fn a_second_run_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q", "-b", "main"]).unwrap();
        let repo = Repo::at(&dir.path().join(".git")).unwrap();
        let choice = Choice { name: STEPS.into(), preset: None, passed: Vec::new() };
        let seed = Seed {
            choice: &choice,
            verify: &[],
            setup: &[],
            timezone: "UTC",
            queue: "jobs",
            desktop: false,
        };
        let (placed, missing) = files(&repo, "main", &seed, true).unwrap();
        assert!(placed.wrote_policy());
        assert_eq!(placed.config().unwrap(), Config::default());
        assert_eq!(missing.0.len(), 2);
        fs::write(dir.path().join("buildq.yaml"), "builder: [").unwrap();
        let (placed, missing) = files(&repo, "main", &seed, true).unwrap();
        assert!(!placed.wrote_policy());
        assert_eq!(missing.0[0].1, b"builder: [", "what is there is committed as it is");
        assert!(placed.config().unwrap_err().starts_with("buildq.yaml:1:"));
        assert!(files(&repo, "other", &seed, true).is_err());
    }
}
