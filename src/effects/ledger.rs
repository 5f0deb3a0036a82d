//! Reading the ledger branch, and the one function that appends to it.

pub mod audit;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::files;
use super::locks::Lock;
use super::paths::Paths;
use super::repo::{Commit, Person, Repo, Stamp, Swap};
use super::signers;
use crate::core::ledger::{Ledger, refusal};
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

#[derive(Serialize, Deserialize)]
struct Cache {
    format: u32,
    ledger: Ledger,
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
    let cached = load(paths);
    if let Some(ledger) = cached.as_ref().filter(|ledger| ledger.tip == Some(tip)) {
        return Ok(ledger.clone());
    }
    let fresh = newer(repo, tip, cached.as_ref().and_then(|ledger| ledger.tip))?;
    let (mut ledger, commits) = match (cached, fresh) {
        (Some(ledger), Some(commits)) => (ledger, commits),
        _ => (Ledger::default(), order(repo, tip)?),
    };
    let count = commits.len();
    apply(&mut ledger, commits);
    if count >= STALE {
        store(paths, &ledger);
    }
    Ok(ledger)
}

/// Every event in the ledger's order.
pub fn events(repo: &Repo) -> Result<Vec<Recorded>> {
    let tip = tip(repo);
    repo.must_be_read()?;
    let Some(tip) = tip else { return Ok(Vec::new()) };
    Ok(order(repo, tip)?.iter().filter_map(recorded).collect())
}

/// Those after a commit of the ledger, where the history still leads to it; else every one.
pub fn events_since(repo: &Repo, known: Option<Oid>) -> Result<Vec<Recorded>> {
    let Some(tip) = tip(repo) else { return Ok(Vec::new()) };
    match newer(repo, tip, known)? {
        Some(commits) => Ok(commits.iter().filter_map(recorded).collect()),
        None => events(repo),
    }
}

fn apply(ledger: &mut Ledger, commits: Vec<Commit>) {
    for commit in commits {
        match recorded(&commit) {
            Some(recorded) => ledger.apply(&recorded),
            None => ledger.tip = Some(commit.id),
        }
    }
}

fn recorded(commit: &Commit) -> Option<Recorded> {
    Some(Recorded {
        commit: commit.id,
        at: commit.at,
        author: commit.author.clone(),
        subject: commit.message.lines().next().unwrap_or_default().to_owned(),
        event: Event::parse(&commit.message)?,
    })
}

/// Commits after `known`, oldest first, if `known` is on the first-parent line and no merge
/// came since.
fn newer(repo: &Repo, tip: Oid, known: Option<Oid>) -> Result<Option<Vec<Commit>>> {
    let Some(known) = known else { return Ok(None) };
    let mut found = Vec::new();
    let mut next = Some(tip);
    while let Some(oid) = next.filter(|oid| *oid != known) {
        let commit = repo.commit(oid)?;
        if commit.parents.len() != 1 {
            return Ok(None);
        }
        next = commit.parents.first().copied();
        found.push(commit);
    }
    found.reverse();
    Ok(next.map(|_| found))
}

/// First parent, then the rest of the second: what was published first never moves.
fn order(repo: &Repo, tip: Oid) -> Result<Vec<Commit>> {
    enum Step {
        Visit(Oid),
        Emit(Box<Commit>),
    }
    let mut seen = HashSet::new();
    let mut ordered = Vec::new();
    let mut stack = vec![Step::Visit(tip)];
    while let Some(step) = stack.pop() {
        match step {
            Step::Emit(commit) => ordered.push(*commit),
            Step::Visit(oid) if !seen.insert(oid) => {}
            Step::Visit(oid) => {
                let commit = repo.commit(oid).context("the ledger is not whole")?;
                let parents = commit.parents.clone();
                stack.push(Step::Emit(Box::new(commit)));
                stack.extend(parents.into_iter().rev().map(Step::Visit));
            }
        }
    }
    check_root(ordered.first())?;
    Ok(ordered)
}

fn check_root(root: Option<&Commit>) -> Result<()> {
    let format = root.and_then(|root| Trailers::split(&root.message).0.get("Format")?.parse().ok());
    match format {
        Some(format) if format <= FORMAT => Ok(()),
        Some::<u32>(format) => bail!(
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
            apply(&mut ledger, vec![pen.repo.commit(commit)?]);
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

fn cache_file(paths: &Paths) -> PathBuf {
    paths.local.join("cache").join("ledger.json")
}

fn load(paths: &Paths) -> Option<Ledger> {
    let bytes = files::sealed(&cache_file(paths))?;
    let cache: Cache = serde_json::from_slice(&bytes).ok()?;
    (cache.format == FORMAT).then_some(cache.ledger)
}

/// A cache that cannot be written is no fault: the next reader replays.
fn store(paths: &Paths, ledger: &Ledger) {
    let file = cache_file(paths);
    let cache = Cache { format: FORMAT, ledger: ledger.clone() };
    if let (Some(folder), Ok(bytes)) = (file.parent(), serde_json::to_vec(&cache)) {
        let _ = std::fs::create_dir_all(folder);
        let _ = files::replace_sealed(&file, bytes);
    }
}
