//! Everything that a decision depends on: what is wanted, what is known, what was seen.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::calendar::Busy;
use super::judged::Judged;
#[cfg(doc)]
use super::ledger::Approval;
use super::ledger::Ledger;
#[cfg(doc)]
use super::ledger::{Approval, Judgement};
use super::queue::Queue;
use super::trusted::Change;
use crate::domain::config::Config;
use crate::domain::event::Merge;
use crate::domain::id::{Oid, TaskId};

/// Whether the configuration may be acted upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// As it stands.
    Trusted,
    /// Nobody has ever trusted it here.
    #[default]
    Never,
    /// These files are not as they were.
    Changed(Vec<Change>),
    /// It has an error.
    Broken(String),
}

/// Why a text does not count as a person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Its last change was neither made here nor signed by an allowed signer.
    Elsewhere,
    /// A merge made it of several changes.
    Merged,
    /// The history of this clone ends there: who changed it last is not known.
    Cut,
    /// The builder of an attempt wrote it first, whoever brought it here.
    Built {
        /// The attempt, as `x/1`.
        attempt: String,
    },
    /// Whether a builder wrote it cannot be told, since the work of an attempt is not whole.
    Untold {
        /// The attempt, as `x/1`.
        attempt: String,
    },
}

/// Where a task's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Why it does not count as this person's; `None` when it does: made in this clone, or
    /// signed by an allowed signer.
    pub doubt: Option<Doubt>,
    /// That commit.
    pub commit: Oid,
    /// Its author, as free text.
    pub author: String,
    /// When the file first came into the queue.
    pub added: DateTime<Utc>,
}

/// What stands at `build/<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branch {
    /// Nothing, or what buildq wrote last: it may follow the attempt.
    Ours,
    /// A work tree has it checked out, and the attempt has more: it stays behind.
    CheckedOut,
    /// Commits that buildq did not make, or a ref that blocks the name.
    InTheWay(String),
}

/// The work of a build, seen in the base branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where the base branch stands.
    pub commit: Oid,
    /// How it came there.
    pub how: Merge,
    /// The finished task file differs from the branch's.
    pub edited: bool,
}

/// What only a look at the world can tell.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// `<host>/<short clone id>` of this clone; empty when it has not been set up.
    pub here: String,
    /// Of the configuration.
    pub trust: Trust,
    /// By task; a task that is missing here has an unknown origin.
    pub origins: BTreeMap<TaskId, Origin>,
    /// Files that a task's own checks name, and that are not as they were when a person stood
    /// behind the task.
    pub strange: BTreeMap<TaskId, Vec<String>>,
    /// Files that the builder or the setup of a task run, as an earlier build has changed them
    /// where the next attempt would start.
    pub altered: BTreeMap<TaskId, Vec<String>>,
    /// Approvals that were given in this clone or are signed by an allowed signer, as
    /// [`Approval::record`] writes them.
    pub approvals: BTreeSet<String>,
    /// What their texts say, by task, where it is known.
    pub judged: BTreeMap<TaskId, Judged>,
    /// Verdicts that were given in this clone, as [`Judgement::record`] writes them.
    pub verdicts: BTreeSet<String>,
    /// The task that a judge is at work on here.
    pub judging: Option<TaskId>,
    /// Ledger commits of approvals with a signature that is no allowed signer's.
    pub strangers: BTreeSet<Oid>,
    /// Why no signature counts here, though a file of allowed signers is named.
    pub no_signers: Option<String>,
    /// Tasks whose running attempt is proven alive by its lock.
    pub alive: BTreeSet<TaskId>,
    /// Tasks of which an attempt that does not run, for the ledger, is locked here: its builder may
    /// live yet, or it is just to begin.
    pub ending: BTreeSet<TaskId>,
    /// Where the refs of last attempts stand, beyond what the ledger tells.
    pub tips: BTreeMap<TaskId, Oid>,
    /// Name and tip of the base branch; `None` while it has no commit.
    pub base: Option<(String, Oid)>,
    /// Work that has come into the base branch.
    pub arrived: BTreeMap<TaskId, Arrival>,
    /// For tasks that stand upon several builds in review: their clean merge, or who clashes.
    pub merged: BTreeMap<TaskId, Result<Oid, String>>,
    /// What builds that run, are being ended, or wait for review have changed, from the top of
    /// the repository, without the queue's own files; only while something runs.
    pub changed: BTreeMap<TaskId, Vec<String>>,
    /// By task; one without a build that is missing here has a free name.
    pub branches: BTreeMap<TaskId, Branch>,
    /// Tasks whose checks failed on a base that has since changed in the queue alone.
    pub same_base: BTreeSet<TaskId>,
    /// Builders that cannot be started, and why.
    pub broken_builders: BTreeMap<String, String>,
    /// When the calendars' owner is busy.
    pub busy: Vec<Busy>,
    /// What could not be read of the calendars, one sentence each.
    pub calendar_troubles: Vec<String>,
    /// Why nothing may run without a sandbox here, if so.
    pub no_sandbox: Option<String>,
    /// Bytes that are free where workspaces go, as far as anybody can tell.
    pub room: Option<u64>,
}

/// Everything that a ruling depends on.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// What there is to do.
    pub queue: &'a Queue,
    /// What has been done.
    pub ledger: &'a Ledger,
    /// What the world looks like.
    pub seen: &'a Observations,
    /// What is wanted.
    pub config: &'a Config,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
    /// A task that a person wants started at once.
    pub forced: Option<&'a TaskId>,
}
