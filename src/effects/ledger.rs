//! Reading the ledger branch, and the one function that appends to it.

pub mod audit;
mod cache;
pub mod chapters;
pub mod reports;

use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use super::locks::Lock;
use super::paths::Paths;
use super::repo::{Commit, Person, Repo, Stamp, Swap};
use super::signers;
use crate::core::ledger::{Lean, Ledger, refusal};
use crate::domain::event::{Event, FORMAT, Kind, Recorded};
use crate::domain::id::Oid;
use crate::domain::masks::Masks;
use crate::domain::trailers::Trailers;

/// The ledger branch.
pub const BRANCH: &str = "buildq";
/// The ledger branch, as a ref.
pub const REF: &str = "refs/heads/buildq";
/// Appends that find somebody else was first give up after this many rounds.
const ROUNDS: usize = 500;
/// A cache is written anew once this many events are not in it.
const STALE: usize = 32;

/// An event to be, decided at one tip of the ledger.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What happened.
    pub kind: Kind,
    /// Free text for people.
    pub body: String,
    /// Files to put into the ledger's tree: path and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// Whether the commit is signed with the person's own key.
    pub signed: bool,
    /// The attempt that speaks, by the id of its `started`; `None` for whoever speaks of the one
    /// that the ledger has.
    pub run: Option<String>,
}

impl Draft {
    /// An event without text or files.
    pub fn new(kind: Kind) -> Self {
        Self { kind, body: String::new(), files: Vec::new(), signed: false, run: None }
    }

    /// The same with text.
    pub fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }
}

/// Who writes, and about what queue.
pub struct Pen<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its local places.
    pub paths: &'a Paths,
    /// Who caused it.
    pub author: Person,
    /// Tip of the queue branch.
    pub queue: Option<Oid>,
    /// The time.
    pub now: DateTime<Utc>,
    /// What no event says.
    pub masks: &'a Masks,
}

/// What became of an append.
#[derive(Debug)]
pub enum Appended {
    /// It stands; the ledger as it is with it, and the event's id.
    Yes(Box<Ledger>, String),
    /// At the newest tip it was no longer to be written, and why.
    No(String),
}

/// The tip of the ledger: of the local branch, else of the one remote that has it.
pub fn tip(repo: &Repo) -> Option<Oid> {
    repo.reference(REF).or_else(|| {
        let remotes = repo.references("refs/remotes/").unwrap_or_default();
        let is_ledger = |name: &str| name.split('/').count() == 4 && name.ends_with("/buildq");
        let mut found = remotes.into_iter().filter(|(name, _)| is_ledger(name));
        match (found.next(), found.next()) {
            (Some((_, oid)), None) => Some(oid),
            _ => None,
        }
    })
}

/// Replays the ledger, with the help of the cache.
pub fn read(repo: &Repo, paths: &Paths) -> Result<Ledger> {
    let tip = tip(repo);
    repo.must_be_read()?;
    let Some(tip) = tip else { return Ok(Ledger::default()) };
    let cached = cache::load(paths);
    let known = cached.as_ref().and_then(|ledger| ledger.tip);
    if known == Some(tip) {
        return Ok(cached.unwrap_or_default());
    }
    let fresh = known.map(|known| repo.past(tip, Some(known), told)).transpose()?.flatten();
    let (mut ledger, commits) = match (cached, fresh) {
        (Some(ledger), Some(commits)) => (ledger, commits),
        _ => (Ledger::default(), whole(repo, tip)?),
    };
    let count = commits.len();
    apply(&mut ledger, commits);
    if count >= STALE {
        cache::store(paths, &ledger);
    }
    Ok(ledger)
}

/// The small part of the ledger that a look without tasks needs, where it is known at this tip and
/// is enough at that time.
pub fn lean(repo: &Repo, paths: &Paths, now: DateTime<Utc>) -> Option<Ledger> {
    let lean = cache::load_lean(paths).filter(|lean| lean.is_enough(now))?;
    (lean.ledger.tip.is_some() && lean.ledger.tip == tip(repo)).then_some(lean.ledger)
}

/// Keeps that part of a whole ledger.
pub fn keep_lean(paths: &Paths, whole: &Ledger) {
    cache::store_lean(paths, &Lean::of(whole));
}

/// The last `count` events, the newest first; `None` where a merge came since.
pub fn newest(repo: &Repo, count: usize) -> Result<Option<Vec<Recorded>>> {
    let (mut found, mut next) = (Vec::new(), tip(repo));
    repo.must_be_read()?;
    while let Some(oid) = next.filter(|_| found.len() < count) {
        let commit = repo.commit(oid)?;
        if commit.parents.len() > 1 {
            return Ok(None);
        }
        next = commit.parents.first().copied();
        found.extend(recorded(commit));
    }
    Ok(Some(found))
}

/// Every event in the ledger's order.
pub fn events(repo: &Repo) -> Result<Vec<Recorded>> {
    let tip = tip(repo);
    repo.must_be_read()?;
    let Some(tip) = tip else { return Ok(Vec::new()) };
    Ok(whole(repo, tip)?.into_iter().filter_map(|told| told.recorded).collect())
}

/// Those after a commit of the ledger, where the history still leads to it; else every one.
pub fn events_since(repo: &Repo, known: Option<Oid>) -> Result<Vec<Recorded>> {
    let Some(tip) = tip(repo) else { return Ok(Vec::new()) };
    match known.map(|known| repo.past(tip, Some(known), told)).transpose()?.flatten() {
        Some(commits) => Ok(commits.into_iter().filter_map(|told| told.recorded).collect()),
        None => events(repo),
    }
}

/// What one commit of the ledger says.
struct Told {
    commit: Oid,
    parents: Vec<Oid>,
    recorded: Option<Recorded>,
    /// The version of the format, where it is a root.
    format: Option<u32>,
}

fn told(mut commit: Commit) -> Told {
    let is_root = commit.parents.is_empty();
    let format = || Trailers::split(&commit.message).0.get("Format")?.parse().ok();
    let format = is_root.then(format).flatten();
    let (id, parents) = (commit.id, std::mem::take(&mut commit.parents));
    Told { commit: id, parents, format, recorded: recorded(commit) }
}

fn apply(ledger: &mut Ledger, commits: Vec<Told>) {
    for told in commits {
        match told.recorded {
            Some(recorded) => ledger.take(recorded),
            None => ledger.tip = Some(told.commit),
        }
    }
}

fn recorded(commit: Commit) -> Option<Recorded> {
    Some(Recorded {
        commit: commit.id,
        at: commit.at,
        subject: commit.message.lines().next().unwrap_or_default().to_owned(),
        event: Event::parse(&commit.message)?,
        author: commit.author,
    })
}

/// The whole ledger: what was published first never moves.
fn whole(repo: &Repo, tip: Oid) -> Result<Vec<Told>> {
    let commits = repo.past(tip, None, told)?.unwrap_or_default();
    check_root(commits.first().and_then(|root| root.format))?;
    Ok(commits)
}

fn check_root(format: Option<u32>) -> Result<()> {
    match format {
        Some(format) if format <= FORMAT => Ok(()),
        Some(format) => bail!(
            "the ledger has format {format}; this buildq knows {FORMAT}\nhint: install a newer buildq"
        ),
        None => bail!(
            "the branch `{BRANCH}` is not a ledger of buildq\n\
             hint: give it another name: git branch -m {BRANCH} {BRANCH}-old"
        ),
    }
}

/// Appends what `decide` makes of the newest ledger. It is asked again whenever somebody else
/// was first, so what it says always holds at the very place where the event then stands.
pub fn append(
    pen: &Pen,
    decide: &mut dyn FnMut(&Ledger) -> Result<Result<Draft, String>>,
) -> Result<Appended> {
    // The compare-and-swap makes it correct; the lock only makes it fair.
    let _turn = Lock::take(&pen.paths.lock("ledger"), Duration::from_secs(5))?;
    for _ in 0..ROUNDS {
        let old = pen.repo.reference(REF);
        let ledger = read(pen.repo, pen.paths)?;
        let draft = match decide(&ledger)? {
            Ok(draft) => draft,
            Err(why) => return Ok(Appended::No(why)),
        };
        let run = draft.run.or_else(|| spoken_of(&ledger, &draft.kind));
        if let Some(why) = refusal(&ledger, &draft.kind, run.as_deref()) {
            return Ok(Appended::No(why));
        }
        let parent = match ledger.tip {
            Some(tip) => tip,
            None => root(pen.repo)?,
        };
        let mut kind = draft.kind;
        kind.texts_mut().into_iter().for_each(|text| *text = pen.masks.mask(text));
        let body = pen.masks.mask(&draft.body);
        let id = ulid::Ulid::new().to_string();
        let event = Event { id, kind, queue: pen.queue, run, body };
        let tree = tree(pen.repo, parent, &draft.files)?;
        let stamp = Stamp { author: pen.author.clone(), committer: runner(pen.paths), at: pen.now };
        let message = event.message();
        let commit = match draft.signed {
            true => signers::write_commit(pen.paths, (tree, parent), &stamp, &message)?,
            false => pen.repo.write_commit(tree, &[parent], &stamp, &message)?,
        };
        if pen.repo.swap(REF, old, commit, &event.kind.subject())? == Swap::Done {
            // A prune between the two writes may have taken the object: write it again.
            if !pen.repo.has(commit) && !draft.signed {
                pen.repo.write_commit(tree, &[parent], &stamp, &message)?;
            }
            let mut ledger = ledger;
            apply(&mut ledger, vec![told(pen.repo.commit(commit)?)]);
            return Ok(Appended::Yes(Box::new(ledger), event.id));
        }
    }
    bail!("the ledger moved on {ROUNDS} times while one event was written")
}

/// The run that an event about the ledger's own attempt speaks of.
fn spoken_of(ledger: &Ledger, kind: &Kind) -> Option<String> {
    let is_begin = matches!(kind, Kind::Started(_));
    let attempt = kind.attempt().filter(|_| !is_begin)?;
    let run = ledger.builds.get(kind.task()?)?.last().filter(|run| run.number() == attempt)?;
    Some(run.id.clone()).filter(|id| !id.is_empty())
}

/// The root commit, byte-identical everywhere.
fn root(repo: &Repo) -> Result<Oid> {
    let nobody = Person { name: "buildq".into(), email: "buildq@localhost".into() };
    let stamp = Stamp { author: nobody.clone(), committer: nobody, at: DateTime::UNIX_EPOCH };
    let message = format!(
        "The ledger of this repository's builds\n\nOne event per commit.\n\nBuildq-Format: {FORMAT}\n"
    );
    repo.write_commit(repo.empty_tree()?, &[], &stamp, &message)
}

fn tree(repo: &Repo, parent: Oid, files: &[(String, Vec<u8>)]) -> Result<Oid> {
    let tree = repo.tree_of(parent)?;
    if files.is_empty() {
        return Ok(tree);
    }
    let blob =
        |(path, bytes): &(String, Vec<u8>)| Ok((path.clone(), Some(repo.write_blob(bytes)?)));
    repo.edit_tree(tree, &files.iter().map(blob).collect::<Result<Vec<_>>>()?)
}

fn runner(paths: &Paths) -> Person {
    Person { name: format!("buildq on {}", paths.runner()), email: "buildq@localhost".into() }
}
