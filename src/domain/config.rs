//! `buildq.yaml`: the policy of one repository.

mod argv;
mod calendar;
mod limits;
mod judge;
mod asking;
mod keep;
pub mod keys;
pub mod notify;
mod protected;
mod read;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use argv::{checks, some_span};
pub use asking::{Asking, Named};
pub use calendar::Calendar;
pub use judge::Judge;
pub use keep::Keep;
#[cfg(test)]
pub use keys::KEYS;
pub use limits::Limits;
pub use notify::{Notifier, Notifiers};
pub use read::{globs, parse};
pub use window::{Days, Span, Window};

pub(super) use argv::double_quoted;

/// The builder that needs no agent: it runs the task's own `sh` blocks.
pub const STEPS: &str = "steps";

/// A builder that says nothing else is ended after this long.
pub const BUILDER_TIMEOUT: Duration = Duration::from_secs(8 * 3600);

/// A command that is run in a workspace: argv, never a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// It is ended and counts as failed after this long.
    pub timeout: Duration,
}

/// How a builder is given its prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptBy {
    /// A regular file as its standard input.
    #[default]
    Stdin,
    /// The path of a file as its last argument (`BUILDQ_PROMPT` names it in any case).
    File,
    /// The text as its last argument.
    Arg,
}

/// A command that does the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Builder {
    /// Program and arguments; never empty.
    pub command: Vec<String>,
    /// How it is told what to do.
    pub prompt: PromptBy,
    /// Names of variables it gets beside the fixed allow-list.
    pub env: Vec<String>,
    /// It is ended and counts as failed after this long.
    pub timeout: Duration,
    /// Whether it may use the network; `None`: as everything in the sandbox.
    pub network: Option<bool>,
}

/// Where a retry after a failure starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RetryFrom {
    /// From the tip of the base branch, as if nothing had been tried.
    #[default]
    Base,
    /// From the work so far.
    Branch,
}

/// Whether a build may stand upon one that waits for review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Depends {
    /// Yes: its checks have passed.
    #[default]
    Review,
    /// No: it must be merged.
    Merged,
}

/// What a finding in a staged task file does to the commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lint {
    /// It is said.
    #[default]
    Warn,
    /// An error or a warning refuses the commit.
    Deny,
}

/// Everything that `buildq.yaml` says, with defaults where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// Branch that builds start from and are merged into; default: the queue branch.
    pub base: Option<String>,
    /// Directory of the task files, from the top of the repository, without slashes at its ends.
    pub queue_dir: String,
    /// How many builds may run at once.
    pub max_parallel: usize,
    /// How many builds may wait for review before nothing more starts by itself.
    pub max_review: usize,
    /// How much builds may use.
    pub limits: Limits,
    /// By name; `steps` is always there.
    pub builders: BTreeMap<String, Builder>,
    /// The one that builds tasks that name none.
    pub builder: String,
    /// Checks after every build.
    pub verify: Vec<Check>,
    /// Whether uncommitted work of a builder that ended well is committed for it.
    pub commit_leftovers: bool,
    /// Retries after the first attempt.
    pub retry_max: u32,
    /// From a failure to the next attempt.
    pub retry_delay: Duration,
    /// Where that attempt starts.
    pub retry_from: RetryFrom,
    /// No sign of life for this long is a stall; for twice as long, its end.
    pub stall_after: Duration,
    /// When `high` may start.
    pub window_high: Window,
    /// When `medium` may start.
    pub window_medium: Window,
    /// When `low` may start.
    pub window_low: Window,
    /// Whose busy times hold every start.
    pub calendars: Vec<Calendar>,
    /// Of every wall-clock time in tasks and configuration.
    pub timezone: Tz,
    /// What a dependency must have reached.
    pub depends: Depends,
    /// Globs of ignored files that each workspace gets a copy of.
    pub workspace_copy: Vec<String>,
    /// Commands that make a fresh workspace ready.
    pub workspace_setup: Vec<Check>,
    /// Whether what runs in the sandbox may use the network.
    pub sandbox_network: bool,
    /// Where one day's report ends and the next begins.
    pub report_at: NaiveTime,
    /// When the digest of a night is stored and sent; `None` where none is wanted.
    pub morning: Option<NaiveTime>,
    /// What build branches begin with, e.g. `build/`.
    pub branch_prefix: String,
    /// Whether the branch `buildq-status` is kept.
    pub status_branch: bool,
    /// Whether the hooks print nothing.
    pub hooks_quiet: bool,
    /// What lint's findings do to a commit, where `buildq init --lint` was run.
    pub lint: Lint,
    /// What ended builds may leave on this machine.
    pub keep: Keep,
    /// Globs of paths that a person looks at before they are merged: added to the default, or taken
    /// out of it with `!`.
    pub protected: Vec<String>,
    /// Who gives a second opinion on a task before it first starts.
    pub judge: Option<Judge>,
    /// What a person wants to be asked about, and what not.
    pub risk: Asking,
    /// Who is told of what happens.
    pub notify: Notifiers,
}

impl Default for Config {
    fn default() -> Self {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self {
            base: None,
            queue_dir: "queue".into(),
            max_parallel: 1,
            max_review: 10,
            limits: Limits::default(),
            builders: BTreeMap::new(),
            builder: STEPS.into(),
            verify: Vec::new(),
            commit_leftovers: true,
            retry_max: 3,
            retry_delay: Duration::from_secs(5 * 60),
            retry_from: RetryFrom::Base,
            stall_after: Duration::from_secs(4 * 3600),
            window_high: Window::Always,
            window_medium: Window::within(vec![Span { days: Days::ALL, from: at(22), to: at(6) }]),
            window_low: Window::Never,
            calendars: Vec::new(),
            timezone: Tz::UTC,
            depends: Depends::Review,
            workspace_copy: Vec::new(),
            workspace_setup: Vec::new(),
            sandbox_network: true,
            report_at: at(23),
            branch_prefix: "build/".into(),
            status_branch: true,
            hooks_quiet: false,
            lint: Lint::Warn,
            keep: Keep::default(),
            protected: Vec::new(),
            judge: None,
            risk: Asking::default(),
            notify: Notifiers::new(),
            morning: None,
        }
    }
}
