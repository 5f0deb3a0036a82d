//! The end of an attempt: its last commit, and the one event that decides it.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::begin::Begun;
use super::site::{Site, TAIL};
use crate::commands::gather::{attempt_ref, builder_person};
use crate::commands::{mouth, sync};
use crate::core::leaks::{self, Leak};
use crate::core::progress::Progress;
use crate::core::queue;
use crate::domain::config::STEPS;
use crate::domain::event::{CheckResult, Failed, Fault, Kind, Succeeded, Usage};
use crate::domain::id::Oid;
use crate::domain::task;
use crate::domain::trailers::one_line;
use crate::effects::ledger::{Appended, Draft, Pen, append};
use crate::effects::repo::{Person, Repo, Stamp, Swap};
use crate::effects::{clock, workspace};
use crate::render::text;

/// How an attempt ended, before it is recorded.
pub struct End {
    verdict: Verdict,
    /// Every check that was run.
    pub checks: Vec<CheckResult>,
    /// What it used.
    pub usage: Usage,
    /// When the builder can work again.
    pub resumes: Option<DateTime<Utc>>,
}

enum Verdict {
    /// The builder is content; the checks have not spoken yet, or have passed.
    Candidate(Oid),
    Failed(Fault, String),
    /// The work holds the value of a secret.
    Leaks(Vec<Leak>),
    /// The checks, or the setup, fail on this commit of the base too.
    Base(String, Oid),
    Blocked(String),
    /// The ledger says how it ended.
    Silent(String),
    /// The task file is gone.
    Gone(String),
}

impl End {
    fn of(verdict: Verdict) -> Self {
        Self { verdict, checks: Vec::new(), usage: Usage::default(), resumes: None }
    }

    /// The builder is content with this commit.
    pub fn candidate(head: Oid) -> Self {
        Self::of(Verdict::Candidate(head))
    }

    /// It did not end well.
    pub fn failed(fault: Fault, why: String) -> Self {
        Self::of(Verdict::Failed(fault, why))
    }

    /// The work is not to be seen by anybody.
    pub fn leaks(leaks: Vec<Leak>) -> Self {
        Self::of(Verdict::Leaks(leaks))
    }

    /// The base is unfit.
    pub fn base(why: String, base: Oid) -> Self {
        Self::of(Verdict::Base(why, base))
    }

    /// The builder asks a person.
    pub fn blocked(question: String) -> Self {
        Self::of(Verdict::Blocked(question))
    }

    /// Nothing is left to record.
    pub fn silent(why: String) -> Self {
        Self::of(Verdict::Silent(why))
    }

    /// The task has left the queue.
    pub fn gone(why: String) -> Self {
        Self::of(Verdict::Gone(why))
    }

    /// The same measurements with another verdict.
    pub fn turned(self, other: Self) -> Self {
        Self { verdict: other.verdict, ..self }
    }

    /// However it ended: work that holds the value of a secret is for a person.
    fn held_for(self, leaks: Vec<Leak>) -> Self {
        match self.verdict {
            Verdict::Silent(_) | Verdict::Gone(_) => self,
            _ if leaks.is_empty() => self,
            _ => self.turned(Self::leaks(leaks)),
        }
    }

    /// Whether the checks are to be run.
    pub fn is_candidate(&self) -> bool {
        matches!(self.verdict, Verdict::Candidate(_))
    }
}

/// Uncommitted work of a builder that did not end well is kept too.
pub fn rescue(site: &Site, end: End) -> End {
    if end.is_candidate() {
        return end;
    }
    let taken = site.take(true);
    if let Err(error) = taken {
        site.note(&format!("the work could not be taken over: {error:#}"));
        site.note(&format!("what is not committed stays in {}", site.folder().display()));
        site.keep_folder();
        // What is committed needs no room there.
        match site.take(false) {
            Ok(taken) => return end.held_for(taken.leaks),
            Err(error) => site.note(&format!("nor could its commits: {error:#}")),
        }
        return end;
    }
    end.held_for(taken.map(|taken| taken.leaks).unwrap_or_default())
}

/// Records the end, once; refused, the ledger has decided otherwise and the work is kept anyway.
/// Where it waits for review now, tells the commit and the bytes of its workspace.
pub fn record(begun: &Begun, site: &Site, end: End, took: Duration) -> Result<Option<(Oid, u64)>> {
    let bytes = workspace::disk_use(site.folder());
    let usage = Usage { duration: took, disk: Some(bytes), ..end.usage.clone() };
    let head = begun.world.repo.reference(&attempt_ref(&begun.start.task, begun.start.attempt));
    let head = head.unwrap_or(begun.start.base);
    let facts = site.progress(head)?;
    let tail = site.tail(TAIL);
    if let Verdict::Silent(why) = &end.verdict {
        site.note(why);
    }
    let end = End { usage, ..end };
    let draft = match end.verdict {
        Verdict::Candidate(work) => succeeded(begun, site, work, (&facts, end))?,
        _ => other(begun, end, head, tail),
    };
    let mut waits = None;
    if let Some(draft) = draft {
        let tip = match &draft.kind {
            Kind::Succeeded(done) => Some(done.tip),
            _ => None,
        };
        let written = write(begun, draft)?;
        waits = tip.filter(|_| written).map(|tip| (tip, bytes));
    }
    follow(begun)?;
    Ok(waits)
}

/// The same for an attempt that never had a workspace.
pub fn record_without_site(begun: &Begun, end: End, took: Duration) -> Result<()> {
    let usage = Usage { duration: took, ..Usage::default() };
    let draft = other(begun, End { usage, ..end }, begun.start.base, String::new());
    draft.map_or(Ok(()), |draft| write(begun, draft).map(drop))
}

/// Whether the ledger has taken it.
fn write(begun: &Begun, draft: Draft) -> Result<bool> {
    let world = &begun.world;
    let name = begun.start.builder.clone();
    let author = Person { name, email: "buildq@localhost".into() };
    let queue = world.repo.branch(&world.queue_branch);
    let (repo, paths, now) = (&world.repo, &world.paths, clock::now());
    let pen = Pen { repo, paths, author, queue, now, masks: world.masks() };
    let draft = Draft { run: Some(begun.run.clone()), ..draft };
    match append(&pen, &mut |_| Ok(Ok(draft.clone())))? {
        Appended::Yes(..) => Ok(true),
        Appended::No(why) => {
            mouth::complain(&format!("buildq: {why}"));
            Ok(false)
        }
    }
}

/// `build/<task>` follows to the last commit.
fn follow(begun: &Begun) -> Result<()> {
    let world = &begun.world;
    let build = world.ledger.builds.get(&begun.start.task);
    match build.and_then(|build| build.last()) {
        Some(run) => sync::point_branch(world, &begun.start.task, run),
        None => Ok(()),
    }
}

fn other(begun: &Begun, end: End, head: Oid, mut tail: String) -> Option<Draft> {
    let (task, attempt) = (begun.start.task.clone(), begun.start.attempt);
    let tip = (head != begun.start.base).then_some(head);
    let (fault, reason, base) = match end.verdict {
        Verdict::Silent(_) | Verdict::Candidate(_) => return None,
        Verdict::Blocked(question) => {
            let asked = one_line(&question, 200);
            let (tip, spent) = (head, end.usage.spent);
            let kind = Kind::Blocked { task, attempt, tip, question: asked, spent };
            return Some(Draft::new(kind).body(question));
        }
        Verdict::Gone(reason) => {
            let source = Some(begun.start.source);
            return Some(Draft::new(Kind::Cancelled { task, reason, source }));
        }
        Verdict::Failed(fault, reason) => (fault, reason, None),
        Verdict::Leaks(found) => {
            let masks = begun.world.masks();
            tail = leaks::told(&found, masks, (&task, attempt));
            (Fault::Secret, leaks::reason(&found, masks), None)
        }
        Verdict::Base(reason, base) => (Fault::Base, reason, Some(base)),
    };
    let (usage, checks, resumes) = (end.usage, end.checks, end.resumes);
    let failed = Failed { task, attempt, fault, reason, tip, base, usage, checks, resumes };
    Some(Draft::new(Kind::Failed(failed)).body(tail))
}

fn succeeded(
    begun: &Begun,
    site: &Site,
    work: Oid,
    (facts, end): (&Progress, End),
) -> Result<Option<Draft>> {
    let ticked = ticked(begun, work, facts);
    let tip = last_commit(begun, work, &ticked)?;
    let name = attempt_ref(&begun.start.task, begun.start.attempt);
    let old = begun.world.repo.reference(&name);
    if begun.world.repo.swap(&name, old, tip, "buildq: the attempt is done")? == Swap::Lost {
        anyhow::bail!("`{name}` was moved by somebody else");
    }
    let parsed = task::parse(&begun.start.path, &begun.start.task, &ticked).task;
    let criteria = parsed.map(|task| task.criteria).unwrap_or_default();
    let unticked: Vec<_> = criteria.iter().filter(|c| !c.done).map(|c| c.text.clone()).collect();
    let summary = match &facts.summary {
        Some(summary) => summary.clone(),
        None if begun.start.builder == STEPS => {
            format!(
                "{} of the task ran without an error.",
                text::count(begun.task.steps.len(), "step")
            )
        }
        None => last_words(&site.tail(TAIL)),
    };
    let kind = Kind::Succeeded(Succeeded {
        task: begun.start.task.clone(),
        attempt: begun.start.attempt,
        tip,
        work,
        criteria: (criteria.len() - unticked.len(), criteria.len()),
        unticked,
        usage: end.usage,
        checks: end.checks,
        deliverables: facts.deliverables.clone(),
        next_steps: facts.next_steps.clone(),
    });
    Ok(Some(Draft::new(kind).body(summary)))
}

/// The task's text as the builder left it, with what it reported as done ticked too.
fn ticked(begun: &Begun, work: Oid, facts: &Progress) -> Vec<u8> {
    let path = &begun.start.path;
    let bytes = begun.world.repo.file(work, path).unwrap_or_else(|| begun.spec.clone());
    let Some(parsed) = task::parse(path, &begun.start.task, &bytes).task else { return bytes };
    let done = |c: &&task::Criterion| !c.done && facts.done.contains(&c.text);
    task::tick_all(&bytes, parsed.criteria.iter().filter(done))
}

/// The commit that moves the task file to `done/`; made here, from objects alone.
fn last_commit(begun: &Begun, work: Oid, ticked: &[u8]) -> Result<Oid> {
    let (world, start) = (&begun.world, &begun.start);
    let repo = &world.repo;
    let dir = &world.config.queue_dir;
    let taken = |path: &str| repo.entry(work, path).is_some();
    let from = match start.path.starts_with("specs/") {
        true => format!("{dir}/{}.md", start.task),
        false => start.path.clone(),
    };
    let to = queue::done_path(dir, &from, &start.task, &taken);
    let blob = repo.write_blob(ticked)?;
    let tree = repo.edit_tree(repo.tree_of(work)?, &[(from, None), (to, Some(blob))])?;
    let stamp = Stamp { author: builder_person(), committer: builder_person(), at: clock::now() };
    let title = one_line(&begun.task.title, 60);
    let message = format!(
        "Finish {title}\n\nThe task is done and its file moves to `{dir}/done/`.\n\n\
         Buildq-Task: {}\nBuildq-Attempt: {}\n",
        start.task, start.attempt
    );
    commit(repo, tree, work, &stamp, &message)
}

fn commit(repo: &Repo, tree: Oid, parent: Oid, stamp: &Stamp, message: &str) -> Result<Oid> {
    repo.write_commit(tree, &[parent], stamp, message)
}

/// What a builder said last: the result of an agent's last JSON line, else its last lines.
fn last_words(tail: &str) -> String {
    let own = |line: &&str| !line.starts_with("buildq: ") && !line.trim().is_empty();
    let lines: Vec<&str> = tail.lines().filter(own).collect();
    let result = lines.last().and_then(|line| {
        let json: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(json.get("result")?.as_str()?.to_owned())
    });
    result.unwrap_or_else(|| lines[lines.len().saturating_sub(5)..].join("\n"))
}
