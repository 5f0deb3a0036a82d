//! What keeps the queue going, in this clone.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::core::ledger::Pause;
use crate::core::situation::{Situation, Trust};
use crate::core::trusted;
use crate::domain::config::STEPS;

/// What only this machine can tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// The branch whose task files count.
    pub queue_branch: String,
    /// The branch that is checked out here; `null` when HEAD is detached.
    pub head: Option<String>,
    /// Of git, in this clone.
    pub hooks: Hooks,
    /// A process sleeps until the next thing is due.
    pub awake: bool,
    /// When that is.
    pub wakes_at: Option<DateTime<Utc>>,
    /// The system's own timer; `null` when nobody looked.
    pub heartbeat: Option<Heartbeat>,
    /// When sync last worked here.
    pub last_sync: Option<DateTime<Utc>>,
    /// The walls around builders; `null` when nobody looked.
    pub sandbox: Option<Sandbox>,
    /// In bytes, where the workspaces go.
    pub disk_free: Option<u64>,
    /// The folder that this is about.
    pub workspaces: String,
    /// Notifiers that do not work, one sentence each.
    pub notify: Vec<String>,
}

/// The hooks of git.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hooks {
    /// Those that are not there, or not ours.
    pub missing: Vec<String>,
    /// Why somebody else looks after them, if so.
    pub managed: Option<String>,
    /// When a hook last ran and could not find buildq.
    pub failed_at: Option<DateTime<Utc>>,
    /// The queue has changed since, and no sync has looked.
    pub unnoticed_since: Option<DateTime<Utc>>,
}

/// The system's own timer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Heartbeat {
    /// What keeps time; `null` when none is installed.
    pub kind: Option<String>,
    /// Whether it will fire.
    pub active: bool,
}

/// The walls around builders.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sandbox {
    /// `bubblewrap`, `landlock` or `none`.
    pub level: String,
    /// Why it is not the best there could be.
    pub why: Option<String>,
    /// Nothing that a command starts can outlive it.
    pub own_processes: bool,
    /// Only the workspace and what is thrown away with it can be written.
    pub writes_held: bool,
    /// Of the home directory, toolchains alone can be read.
    pub home_hidden: bool,
    /// Sockets of the desktop, of agents and of services cannot be reached.
    pub sockets_hidden: bool,
    /// The version of Landlock in force; 0 where there is none.
    pub landlock: u32,
    /// Whether the network can be taken away; `null` where of it only TCP can.
    pub network: Option<bool>,
}

/// One builder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BuilderHealth {
    /// Its name.
    pub name: String,
    /// It builds tasks that name none.
    pub default: bool,
    /// Why it cannot start; `null` when it can.
    pub broken: Option<String>,
    /// It is paused, and why.
    pub paused: Option<Pause>,
}

/// What keeps the queue going.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// This clone; `null` when it has not been set up.
    pub here: Option<String>,
    /// The clone that starts builds; `null` when there is none yet.
    pub runner: Option<String>,
    /// This clone starts builds.
    pub runs_here: bool,
    /// Name of the base branch; `null` while it has no commit.
    pub base: Option<String>,
    /// Nothing starts until this is over.
    pub paused: Option<Pause>,
    /// `trusted`, `never`, `changed` or `broken`.
    pub config: &'static str,
    /// What changed, or what is wrong.
    pub config_detail: Option<String>,
    /// Every builder that is configured.
    pub builders: Vec<BuilderHealth>,
    /// Why nothing may run without a sandbox here, if so.
    pub no_sandbox: Option<String>,
    /// What could not be read of the calendars; that holds nothing.
    pub calendar_troubles: Vec<String>,
    /// Events of the ledger that did not hold where they stand.
    pub superseded: usize,
    /// What only this machine can tell.
    #[serde(flatten)]
    pub machine: Machine,
}

/// Of the clone where it is asked.
pub fn health(here: Situation, machine: Machine) -> Health {
    let Situation { ledger, seen, config, now, .. } = here;
    let (state, detail) = match &seen.trust {
        Trust::Trusted => ("trusted", None),
        Trust::Never => ("never", None),
        Trust::Changed(files) => ("changed", Some(trusted::tell(files))),
        Trust::Broken(why) => ("broken", Some(why.clone())),
    };
    let known = !seen.here.is_empty();
    let names = config.builders.keys().map(String::as_str);
    let names = names.chain((config.builder == STEPS).then_some(STEPS));
    let builder = |name: &str| BuilderHealth {
        name: name.to_owned(),
        default: name == config.builder,
        broken: seen.broken_builders.get(name).cloned(),
        paused: ledger.pause(Some(name), now).cloned(),
    };
    let mut builders: Vec<_> = names.map(builder).collect();
    builders.sort_by_key(|builder| !builder.default);
    builders.dedup_by(|a, b| a.name == b.name);
    Health {
        here: known.then(|| seen.here.clone()),
        runner: ledger.runner.clone(),
        runs_here: known && ledger.runner.as_ref().is_none_or(|runner| *runner == seen.here),
        base: seen.base.as_ref().map(|(name, _)| name.clone()),
        paused: ledger.pause(None, now).cloned(),
        config: state,
        config_detail: detail,
        builders,
        no_sandbox: seen.no_sandbox.clone(),
        calendar_troubles: seen.calendar_troubles.clone(),
        superseded: ledger.superseded.len(),
        machine,
    }
}
