//! A whole history at once, in the ledger's order: one core reads objects while another one makes
//! sense of them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use rustc_hash::FxHashSet;

use super::history::moment;
use super::{Commit, Repo, plain, raw};
use crate::domain::id::Oid;

/// So many commits are handed over at once.
const BATCH: usize = 256;
/// So many batches may wait to be understood.
const AHEAD: usize = 16;

type Batch = Vec<(Oid, Vec<u8>)>;

/// One step of the walk: first parent, then the rest of the second, then the commit itself.
enum Step {
    Visit(Oid),
    Emit(usize),
}

impl Repo {
    /// What `tell` makes of every commit from `tip` down to the root, or to `known` and all that is
    /// before it: first parent, then the rest of the second, so that what was published first
    /// never moves. `None` where `known` is not on the one line that leads to the tip.
    pub fn past<T: Send>(
        &self,
        tip: Oid,
        known: Option<Oid>,
        tell: impl Fn(Commit) -> T + Sync,
    ) -> Result<Option<Vec<T>>> {
        if self.git.is_shallow() {
            // Only libgit2 knows where such a history ends.
            return self.past_of_a_part(tip, known, tell);
        }
        let _bare = Unguarded::begin();
        thread::scope(|scope| {
            let (to, from) = sync_channel(AHEAD);
            let told = thread::Builder::new().spawn_scoped(scope, || understand(from, &tell));
            let told = told.context("no thread can be started")?;
            let walked = self.walk(tip, known, to);
            let told = told.join().map_err(|_| anyhow!("a commit cannot be understood"))?;
            // What could not be read says more than what was missing because of it.
            let Some(order) = walked? else { return Ok(None) };
            let mut told: Vec<Option<T>> = told?.into_iter().map(Some).collect();
            Ok(Some(order.into_iter().filter_map(|at| told.get_mut(at)?.take()).collect()))
        })
    }

    /// Reads the commits, each once; answers the order in which they count, by the order in which
    /// they were read.
    fn walk(
        &self,
        tip: Oid,
        known: Option<Oid>,
        to: SyncSender<Batch>,
    ) -> Result<Option<Vec<usize>>> {
        let odb = self.git.odb()?;
        let (mut seen, mut order) = (FxHashSet::default(), Vec::new());
        let (mut stack, mut batch) = (vec![Step::Visit(tip)], Vec::with_capacity(BATCH));
        let mut read = 0;
        let mut met = known.is_none();
        while let Some(step) = stack.pop() {
            let oid = match step {
                Step::Emit(at) => {
                    order.push(at);
                    continue;
                }
                Step::Visit(oid) if Some(oid) == known => {
                    met = true;
                    continue;
                }
                Step::Visit(oid) if !seen.insert(oid) => continue,
                Step::Visit(oid) => oid,
            };
            let object = odb.read(raw(oid)?).context("the ledger is not whole")?;
            if object.kind() != git2::ObjectType::Commit {
                bail!("the ledger is not whole: `{oid}` is no commit");
            }
            let parents = parents(object.data());
            if known.is_some() && parents.len() != 1 {
                return Ok(None);
            }
            stack.push(Step::Emit(read));
            stack.extend(parents.into_iter().rev().map(Step::Visit));
            read += 1;
            batch.push((oid, object.data().to_vec()));
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                // Whoever listens no more has found a fault, and says so.
                if to.send(full).is_err() {
                    return Ok(Some(Vec::new()));
                }
            }
        }
        let _ = to.send(batch);
        Ok(met.then_some(order))
    }

    fn past_of_a_part<T>(
        &self,
        tip: Oid,
        known: Option<Oid>,
        tell: impl Fn(Commit) -> T,
    ) -> Result<Option<Vec<T>>> {
        let (mut found, mut next) = (Vec::new(), Some(tip));
        while let Some(oid) = next.filter(|oid| Some(*oid) != known) {
            let commit = self.commit(oid).context("the ledger is not whole")?;
            if commit.parents.len() > 1 {
                bail!(
                    "the ledger was merged, and this clone is shallow\nhint: git fetch --unshallow"
                );
            }
            next = commit.parents.first().copied();
            found.push(tell(commit));
        }
        found.reverse();
        Ok((next == known).then_some(found))
    }
}

/// Objects are read past libgit2's cache, which would keep all of them, and are held against their
/// names by whoever understands them, on another core.
struct Unguarded;

impl Unguarded {
    fn begin() -> Self {
        git2::opts::strict_hash_verification(false);
        git2::opts::enable_caching(false);
        Self
    }
}

impl Drop for Unguarded {
    fn drop(&mut self) {
        git2::opts::strict_hash_verification(true);
        git2::opts::enable_caching(true);
    }
}

fn understand<T>(from: Receiver<Batch>, tell: impl Fn(Commit) -> T) -> Result<Vec<T>> {
    let mut told = Vec::new();
    for (oid, text) in from.into_iter().flatten() {
        let named = git2::Oid::hash_object(git2::ObjectType::Commit, &text)?;
        if plain(named) != oid {
            bail!("the ledger is not whole: `{oid}` is damaged\nhint: git fsck");
        }
        told.push(tell(commit(oid, text)));
    }
    Ok(told)
}

/// The parents that a commit's text names.
fn parents(text: &[u8]) -> Vec<Oid> {
    let lines = header(text).split(|byte| *byte == b'\n');
    lines.filter_map(|line| hex(line.strip_prefix(b"parent ")?)).collect()
}

/// All before the first empty line.
fn header(text: &[u8]) -> &[u8] {
    let end = text.windows(2).position(|two| two == b"\n\n");
    &text[..end.unwrap_or(text.len())]
}

fn hex(digits: &[u8]) -> Option<Oid> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A commit from its text, as libgit2 would tell it.
fn commit(id: Oid, mut text: Vec<u8>) -> Commit {
    let head = header(&text);
    let line =
        |name: &[u8]| head.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name));
    let author = line(b"author ").map(name_of).unwrap_or_default();
    let at = moment(line(b"committer ").and_then(seconds_of).unwrap_or_default());
    let parents = parents(&text);
    let begin = (header(&text).len() + 2).min(text.len());
    text.drain(..begin);
    let message = String::from_utf8(text)
        .unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned());
    // Line breaks before the text are none of it.
    let message = match message.starts_with('\n') {
        true => message.trim_start_matches('\n').to_owned(),
        false => message,
    };
    Commit { id, parents, at, author, message }
}

/// `Ada` of `Ada <ada@example.org> 1700000000 +0000`.
fn name_of(person: &[u8]) -> String {
    let end = person.iter().position(|byte| *byte == b'<').unwrap_or(person.len());
    String::from_utf8_lossy(&person[..end]).trim().to_owned()
}

/// The number behind the last `>`.
fn seconds_of(person: &[u8]) -> Option<i64> {
    let end = person.iter().rposition(|byte| *byte == b'>')?;
    let rest = std::str::from_utf8(&person[end + 1..]).ok()?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::git::Git;
    use crate::effects::repo::{Person, Stamp};

    /// A repository with these commits: the parents of each by their places, and its message.
    fn repository(dir: &std::path::Path, commits: &[(&[usize], &str)]) -> (Repo, Vec<Oid>) {
        let git = Git::at(dir);
        git.run(["init", "-q", "--bare", "."]).unwrap();
        let repo = Repo::at(dir).unwrap();
        let tree = repo.empty_tree().unwrap();
        let mut made: Vec<Oid> = Vec::new();
        for (parents, message) in commits {
            let person = Person { name: "Ada Ö".into(), email: "a@b.c".into() };
            let at = moment(1_700_000_000 + i64::try_from(made.len()).unwrap());
            let stamp = Stamp { author: person.clone(), committer: person, at };
            let parents: Vec<Oid> = parents.iter().map(|at| made[*at]).collect();
            made.push(repo.write_commit(tree, &parents, &stamp, message).unwrap());
        }
        (repo, made)
    }

    #[test]
    fn it_is_told_in_the_order_of_the_ledger_and_as_libgit2_tells_it() {
        let history: [(&[usize], &str); 6] = [
            (&[], "0"),
            (&[0], "1\n\nbody\n"),
            (&[0], "\n\n2"),
            (&[1, 2], "3"),
            (&[2], ""),
            (&[3, 4], "5\n\n---\nKey: value\n"),
        ];
        let dir = tempfile::tempdir().unwrap();
        let (repo, made) = repository(dir.path(), &history);
        let past = |tip: usize, known: Option<usize>| {
            let told = repo.past(made[tip], known.map(|at| made[at]), |commit| commit).unwrap();
            let place = |commit: &Commit| made.iter().position(|oid| *oid == commit.id).unwrap();
            told.map(|told| {
                for commit in &told {
                    assert_eq!(*commit, repo.commit(commit.id).unwrap());
                }
                told.iter().map(place).collect::<Vec<_>>()
            })
        };
        for (tip, known, order) in [
            (0, None, Some(vec![0])),
            (3, None, Some(vec![0, 1, 2, 3])),
            (5, None, Some(vec![0, 1, 2, 3, 4, 5])),
            (1, Some(0), Some(vec![1])),
            (4, Some(0), Some(vec![2, 4])),
            (1, Some(1), Some(vec![])),
            // A merge came since, or it is not before the tip at all.
            (5, Some(0), None),
            (1, Some(2), None),
        ] {
            assert_eq!(past(tip, known), order, "{tip} from {known:?}");
        }
    }

    #[test]
    fn a_commit_that_is_not_what_its_name_says_is_a_fault() {
        let dir = tempfile::tempdir().unwrap();
        let (repo, made) = repository(dir.path(), &[(&[], "0"), (&[0], "1"), (&[0], "2")]);
        let file = |oid: Oid| {
            let name = oid.to_string();
            dir.path().join("objects").join(&name[..2]).join(&name[2..])
        };
        std::fs::remove_file(file(made[1])).unwrap();
        std::fs::copy(file(made[2]), file(made[1])).unwrap();
        let error = repo.past(made[1], None, |commit| commit).unwrap_err();
        assert!(format!("{error:#}").contains("not whole"), "{error:#}");
    }
}
