//! Reports that were made before: a cache, by their span and the policy. One counts only where all
//! that the ledger has since then was written after its span; another history has none.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{cache, tip, told};
use crate::core::report::{Report, Span};
use crate::domain::config::Config;
use crate::domain::id::Oid;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;

/// So many are kept.
const MOST: usize = 16;
/// One that tells of more tasks is not kept: it would be read no faster than made.
const LARGE: usize = 20_000;

/// What a report is made of, apart from history: its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    span: Span,
    policy: [u8; 32],
}

impl Key {
    /// Of a span under a policy.
    pub fn of(span: Span, config: &Config) -> Self {
        Self { span, policy: Sha256::digest(format!("{config:?}")).into() }
    }

    fn name(&self) -> String {
        let span = [self.span.since, self.span.until].map(|at| at.timestamp_micros());
        format!("{:x}-{:x}", span[0], span[1])
    }
}

/// The history that a report was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The ledger's tip.
    pub tip: Oid,
    /// Where the queue branch stood by the last event of the span.
    pub told: Option<Oid>,
    /// Where it stood at the end of the span.
    pub queue: Option<Oid>,
}

/// The report, if it was made before and a new one would be the same. `queue` tells where the queue
/// branch stood at the end of the span, by where its last event says that it stood.
pub fn load(
    repo: &Repo,
    paths: &Paths,
    key: &Key,
    queue: &dyn Fn(Option<Oid>) -> Option<Oid>,
) -> Result<Option<Report>> {
    let known = cache::load_report::<(Key, Made, Report)>(paths, &key.name());
    let known = known.filter(|(of, made, _)| of == key && queue(made.told) == made.queue);
    let Some((_, Made { tip: then, .. }, report)) = known else { return Ok(None) };
    let Some(tip) = tip(repo) else { return Ok(None) };
    let since = if then == tip { Some(Vec::new()) } else { repo.past(tip, Some(then), told)? };
    let is_later = |at| at >= key.span.until;
    let same = since.is_some_and(|commits| {
        commits.iter().filter_map(|told| told.recorded.as_ref()).all(|event| is_later(event.at))
    });
    Ok(same.then_some(report))
}

/// Keeps a report that was made of this history, and no more than [`MOST`] in all.
pub fn store(paths: &Paths, key: &Key, made: Made, report: &Report) {
    if report.queue.len() > LARGE {
        return;
    }
    let _ = cache::store_report(paths, &key.name(), &(key, made, report));
    let found = fs::read_dir(paths.local.join("cache/reports")).into_iter().flatten().flatten();
    let dated = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut found: Vec<(_, PathBuf)> = found.filter_map(dated).collect();
    found.sort();
    let over = found.len().saturating_sub(MOST);
    found.into_iter().take(over).for_each(|(_, file)| _ = fs::remove_file(file));
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::core::report::{Past, Stood, report};
    use crate::effects::git::Git;
    use crate::effects::ledger::cache::tests::grow;
    use crate::effects::ledger::{REF, events, root};

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    #[test]
    fn one_counts_while_all_that_came_since_is_later() {
        let dir = tempfile::tempdir().unwrap();
        Git::at(dir.path()).run(["init", "-q"]).unwrap();
        let common = dir.path().join(".git");
        let (repo, paths) =
            (Repo::at(&common).unwrap(), Paths::discover(&common, None, "mini").unwrap());
        let begin = root(&repo).unwrap();
        // Events of the minutes 0 to 29, then of the minutes 0 to 2 once more: a wrong clock.
        let first = grow(&repo, &[begin], "first", 30);
        let wrong = grow(&repo, &[first], "wrong", 3);
        let other = grow(&repo, &[begin], "other", 30);
        let merged = grow(&repo, &[first, other], "merged", 1);
        let go = |tip| repo.swap(REF, repo.reference(REF), tip, "test").unwrap();
        let config = Config::default();
        let made = Made { tip: first, told: None, queue: Some(begin) };
        let load = |key: &Key| load(&repo, &paths, key, &|_| Some(begin)).unwrap();
        let write =
            |span| report(Past::of(events(&repo).unwrap(), span), Stood::default(), &config);
        for (until, lasts) in [(1, false), (2, false), (3, false), (25, false), (-5, true)] {
            let span = Span { since: minute(until - 10), until: minute(until) };
            let key = Key::of(span, &config);
            go(first);
            let report = write(span);
            store(&paths, &key, made, &report);
            assert_eq!(load(&key), Some(report.clone()), "{until}");
            let another = Config { branch_prefix: "other/".into(), ..config.clone() };
            assert_eq!(load(&Key::of(span, &another)), None);
            let moved = super::load(&repo, &paths, &key, &|_| Some(other)).unwrap();
            assert_eq!(moved, None, "the queue stood elsewhere");
            go(wrong);
            assert_eq!(load(&key).is_some(), lasts, "{until}");
            for tip in [other, merged, begin] {
                go(tip);
                assert_eq!(load(&key), None, "{until} at {tip}");
            }
            go(first);
            let file = paths.local.join("cache/reports").join(key.name());
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&file, bytes).unwrap();
            assert_eq!(load(&key), None, "damaged");
        }
        for n in 0..2 * MOST {
            let span = Span { since: minute(0), until: minute(i64::try_from(n).unwrap()) };
            store(&paths, &Key::of(span, &config), made, &write(span));
        }
        assert_eq!(fs::read_dir(paths.local.join("cache/reports")).unwrap().count(), MOST);
    }
}
