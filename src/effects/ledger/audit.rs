//! Whether the ledger is sound: looked at from its root to its tip, past the cache.

use anyhow::Result;

use super::{REF, Told, apply, cache, check_root, tip, told};
use crate::core::doctor::{LedgerFacts, Root};
use crate::core::ledger::Ledger;
use crate::domain::event::Kind;
use crate::domain::id::Oid;
use crate::effects::git::Git;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;

/// The root commit of every ledger of this format.
const ROOT: &str = "c0044bf";
/// So many earlier places of the branch are looked at.
const PLACES: usize = 100;

/// Looks at everything. `prefix` is what build branches begin with.
pub fn audit(repo: &Repo, paths: &Paths, prefix: &str) -> LedgerFacts {
    let Some(tip) = tip(repo) else { return LedgerFacts::default() };
    match look(repo, paths, tip, prefix) {
        Ok(facts) => facts,
        Err(error) => {
            let trouble = Some(format!("{error:#}").replace('\n', "; "));
            LedgerFacts { trouble, root: Root::Other(String::new()), ..LedgerFacts::default() }
        }
    }
}

fn look(repo: &Repo, paths: &Paths, tip: Oid, prefix: &str) -> Result<LedgerFacts> {
    let commits = repo.past(tip, None, told)?.unwrap_or_default();
    check_root(commits.first().and_then(|root| root.format))?;
    let mut facts = LedgerFacts { root: root_of(&commits), ..LedgerFacts::default() };
    for commit in commits.iter().filter(|commit| !commit.parents.is_empty()) {
        match &commit.recorded {
            Some(recorded) => {
                facts.events += 1;
                let newer = matches!(recorded.event.kind, Kind::Unknown { .. });
                facts.unknown += usize::from(newer);
            }
            // A merge of two ledgers says nothing itself.
            None => facts.strangers += usize::from(commit.parents.len() == 1),
        }
    }
    let mut ledger = Ledger::default();
    apply(&mut ledger, commits);
    facts.superseded = ledger.superseded.len();
    facts.stale_cache =
        cache::load(paths).is_some_and(|cached| cached.tip == ledger.tip && cached != ledger);
    facts.lost = lost(repo, paths, &ledger);
    (facts.parted, facts.behind) = remotes(repo, tip)?;
    let git = Git::bare(&paths.common);
    facts.rewound = rewound(repo, &git, tip);
    facts.broken = missing(&git, prefix)?;
    Ok(facts)
}

fn root_of(commits: &[Told]) -> Root {
    match commits.first() {
        None => Root::None,
        Some(root) if root.commit.to_string().starts_with(ROOT) => Root::Ours,
        Some(root) => Root::Other(root.commit.short().to_string()),
    }
}

/// Attempts of this clone whose end names a commit that is not here.
fn lost(repo: &Repo, paths: &Paths, ledger: &Ledger) -> Vec<String> {
    let here = paths.runner();
    let mut lost = Vec::new();
    for (task, build) in &ledger.builds {
        let ours = build.attempts.iter().filter(|run| run.started.runner == here);
        let gone = ours.filter(|run| run.end.is_some() && !repo.has(run.tip()));
        lost.extend(gone.map(|run| format!("{task} attempt {}", run.number())));
    }
    lost
}

/// Remotes, as last fetched, that have parted from this ledger, and those that are ahead of it.
fn remotes(repo: &Repo, tip: Oid) -> Result<(Vec<String>, Vec<String>)> {
    let (mut parted, mut behind) = (Vec::new(), Vec::new());
    for (name, theirs) in repo.references("refs/remotes/")? {
        let Some(remote) =
            name.strip_prefix("refs/remotes/").and_then(|name| name.strip_suffix("/buildq"))
        else {
            continue;
        };
        if theirs == tip || repo.is_ancestor(theirs, tip) {
            continue;
        }
        match repo.is_ancestor(tip, theirs) {
            true => behind.push(remote.to_owned()),
            false => parted.push(remote.to_owned()),
        }
    }
    Ok((parted, behind))
}

/// Whether the branch once stood where it does not come from, as far as git remembers.
fn rewound(repo: &Repo, git: &Git, tip: Oid) -> bool {
    let words = ["log", "-g", &format!("-{PLACES}"), "--format=%H", REF, "--"];
    let Ok((0, places, _)) = git.try_run(words) else { return false };
    let before = places.lines().filter_map(|line| line.parse::<Oid>().ok());
    before.into_iter().any(|place| place != tip && !repo.is_ancestor(place, tip))
}

/// What git says of objects that buildq's own refs lead to and that are not there. What the
/// person's branches lead to as well is not looked at.
fn missing(git: &Git, prefix: &str) -> Result<Option<String>> {
    let (code, _, said) = git.try_run([
        "rev-list",
        "--quiet",
        "--objects",
        "--glob=refs/buildq/*",
        REF,
        "--not",
        "--exclude=buildq",
        &format!("--exclude={prefix}*"),
        "--branches",
        "--",
    ])?;
    Ok((code != 0).then(|| said.trim().replace('\n', "; ")))
}

#[cfg(test)]
mod tests {
    use super::super::cache::store;
    use super::super::root;
    use super::*;

    #[test]
    fn the_root_is_the_same_everywhere() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let repo = Repo::at(&dir.path().join(".git")).unwrap();
        assert!(root(&repo).unwrap().to_string().starts_with(ROOT));
    }

    #[test]
    fn a_cache_that_tells_another_story_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let common = dir.path().join(".git");
        let repo = Repo::at(&common).unwrap();
        let paths = Paths::discover(&common, None, "mini").unwrap();
        assert_eq!(audit(&repo, &paths, "build/").root, Root::None);
        let tip = root(&repo).unwrap();
        repo.swap(REF, None, tip, "test").unwrap();
        let facts = audit(&repo, &paths, "build/");
        assert_eq!((facts.root, facts.stale_cache), (Root::Ours, false));
        let right = Ledger { tip: Some(tip), ..Ledger::default() };
        store(&paths, &right);
        assert!(!audit(&repo, &paths, "build/").stale_cache);
        store(&paths, &Ledger { runner: Some("there/1".into()), ..right });
        assert!(audit(&repo, &paths, "build/").stale_cache);
    }
}
