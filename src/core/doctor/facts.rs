//! What was seen, as plain data.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::core::situation::Trust;

/// Everything that the findings are made from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The version of git on PATH, or why there is none.
    pub git: Result<(u32, u32, u32), String>,
    /// This clone, once it has been set up.
    pub here: Option<String>,
    /// The clone that starts builds.
    pub runner: Option<String>,
    /// Why nothing starts, while all is paused.
    pub paused: Option<String>,
    /// Of git, in this clone.
    pub hooks: HookFacts,
    /// What wakes it.
    pub waking: Waking,
    /// Of the configuration.
    pub trust: Trust,
    /// How many calendars are named, and what cannot be read of them.
    pub calendars: (usize, Vec<String>),
    /// How many are told of what happens, and who of them cannot be, one sentence each.
    pub notifiers: (usize, Vec<String>),
    /// What is odd in `buildq.yaml`, one line each.
    pub findings: Vec<String>,
    /// Around builders.
    pub sandbox: Walls,
    /// Everything that may build.
    pub builders: Vec<Tool>,
    /// Folders that must not lie on another machine.
    pub places: Vec<Place>,
    /// Of the folder of workspaces.
    pub disk: Disk,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
    /// When the newest event of the ledger was written.
    pub newest: Option<DateTime<Utc>>,
    /// Of all times in the configuration.
    pub zone: Tz,
    /// Of this machine.
    pub machine_zone: Option<String>,
    /// Whether the machine sleeps by itself.
    pub sleep: Sleep,
    /// What ended builds have left.
    pub left: Left,
    /// The ledger itself.
    pub ledger: LedgerFacts,
}

/// The hooks of git.
#[derive(Clone, Debug, Default)]
pub struct HookFacts {
    /// Those that are not there, or not ours.
    pub missing: Vec<String>,
    /// Those that git does not run, since they are not executable.
    pub dead: Vec<String>,
    /// Why somebody else looks after them, if so.
    pub managed: Option<String>,
    /// When a hook last ran and could not find buildq.
    pub failed_at: Option<DateTime<Utc>>,
    /// Whether the last commit made here that changed the queue was noticed by the hook; `None`
    /// when there was none since the hook came.
    pub reached: Option<bool>,
    /// Hooks that stand in git's configuration and run beside ours.
    pub configured: Vec<String>,
}

/// What wakes it.
#[derive(Clone, Debug, Default)]
pub struct Waking {
    /// This clone starts builds.
    pub runs_here: bool,
    /// A process sleeps until the next thing is due.
    pub awake: bool,
    /// When that is.
    pub due: Option<DateTime<Utc>>,
    /// Timers of the system.
    pub heartbeats: Vec<Beat>,
}

/// One timer of the system.
#[derive(Clone, Debug)]
pub struct Beat {
    /// What keeps time.
    pub kind: String,
    /// Whether it will fire.
    pub active: bool,
    /// What its owner should know, such as lingering.
    pub hint: Option<String>,
}

/// The walls around what runs.
#[derive(Clone, Debug, Default)]
pub struct Walls {
    /// `auto`, `require` or `off`,
    pub setting: String,
    /// or why it is none of them.
    pub wrong: Option<String>,
    /// What is in effect, e.g. `bubblewrap`; `none` where nothing is.
    pub level: String,
    /// Why there is none, or not all.
    pub why: Option<String>,
    /// Single parts that are in effect or missing, for people.
    pub parts: Vec<String>,
}

/// One builder.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its name in the configuration.
    pub name: String,
    /// The first word of its command.
    pub program: String,
    /// An agent that is known to answer `--version`.
    pub known: bool,
    /// It builds what names none.
    pub default: bool,
    /// To `--version`.
    pub answer: Answer,
    /// Why it is paused, if so.
    pub paused: Option<String>,
}

/// What a program answered to `--version` inside the walls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its first line.
    Said(String),
    /// It ended otherwise.
    Failed(String),
    /// Nothing in time.
    Silent,
    /// It is not there.
    Missing,
    /// It was not asked, and why.
    Unasked(String),
}

/// A folder.
#[derive(Clone, Debug)]
pub struct Place {
    /// As it stands in a sentence.
    pub what: String,
    /// The kind of network file system that it lies on.
    pub network: Option<String>,
}

/// The disk of the workspaces.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// In bytes.
    pub free: Option<u64>,
    /// Below this nothing starts.
    pub needed: Option<u64>,
    /// Where.
    pub folder: String,
    /// Bytes of logs and workspaces.
    pub left: u64,
    /// What `keep.disk` allows.
    pub allowed: u64,
}

/// Whether the machine sleeps by itself.
#[derive(Clone, Debug, Default)]
pub struct Sleep {
    /// Builds can hold it off.
    pub inhibits: bool,
    /// After how long, and why, if it is known to.
    pub after: Option<String>,
    /// It runs on its battery now.
    pub battery: bool,
    /// Its settings could be read.
    pub known: bool,
}

/// What ended builds have left.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// How many things `buildq gc` would clear away.
    pub litter: usize,
    /// Workspaces whose work could not be taken over.
    pub kept: Vec<String>,
}

/// The root commit of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// There is no ledger yet.
    #[default]
    None,
    /// The one that every ledger begins with.
    Ours,
    /// Another commit.
    Other(String),
}

/// The ledger itself.
#[derive(Clone, Debug, Default)]
pub struct LedgerFacts {
    /// Why it cannot be read, if so.
    pub trouble: Option<String>,
    /// Its root.
    pub root: Root,
    /// Events that were understood.
    pub events: usize,
    /// Commits that are no events of buildq.
    pub strangers: usize,
    /// Events of kinds that a newer buildq writes.
    pub unknown: usize,
    /// Events that did not hold where they stand.
    pub superseded: usize,
    /// Remotes whose ledger and this one both have what the other lacks.
    pub parted: Vec<String>,
    /// Remotes that have events which are not here.
    pub behind: Vec<String>,
    /// It once stood at a commit that it does not descend from.
    pub rewound: bool,
    /// Attempts of this clone whose work is named and in no ref.
    pub lost: Vec<String>,
    /// What git says of objects that are missing.
    pub broken: Option<String>,
    /// The cache differs from what a replay gives.
    pub stale_cache: bool,
}
