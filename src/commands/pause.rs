//! `buildq pause`

use anyhow::{Result, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::gather::World;
use super::{Exit, Scene, print, say};
use crate::core::ledger::{Build, Run};
use crate::core::window;
use crate::domain::event::{Failed, Fault, Kind, Usage};
use crate::domain::id::TaskId;
use crate::domain::span_of_time;
use crate::domain::task::When;
use crate::effects::ledger::{Appended, Draft, append};

/// Start nothing until `buildq resume`; running builds go on unless `--now`
///
/// The pause stands in the ledger: it survives a reboot.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When it ends by itself: `07:00`, `2026-02-07 07:00` or a span such as `2h`
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// End running builds too; their work is kept and they go on from it later
    #[arg(long)]
    now: bool,
    /// Why, for the ledger
    #[arg(short, long, default_value = "by hand", hide_default_value = true)]
    message: String,
}

/// Records the pause, and with `--now` the end of what runs.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let until = args.until.as_deref();
    let until = until.map(|text| moment(text, world.config.timezone, scene.now)).transpose()?;
    let draft = Draft::new(Kind::Paused { until, builder: None, reason: args.message });
    if let Appended::No(why) = append(&world.pen(), &mut |_| Ok(Ok(draft.clone())))? {
        return Err(anyhow!(why));
    }
    let clock = until.map(|at| at.with_timezone(&world.config.timezone).format(" until %F %H:%M"));
    let clock = clock.map(|text| text.to_string()).unwrap_or_default();
    print(&format!("paused{clock}; buildq resume ends it"));
    if args.now {
        for task in stop_all(&world, "paused", scene.now)? {
            print(&format!("ended the builder of {task}; its work is kept"));
        }
    }
    say::then_sync(world, "")
}

/// Ends every running attempt of this queue; each goes on from its work later.
pub fn stop_all(world: &World, reason: &str, now: DateTime<Utc>) -> Result<Vec<TaskId>> {
    let running = world.ledger.builds.iter().filter(|(_, build)| build.running().is_some());
    let mut stopped = Vec::new();
    for (task, _) in running {
        let kind = |build: &Build| match build.running() {
            Some(run) => Ok(Kind::Failed(stop(world, task, run, reason, now))),
            None => bail!("`{task}` has ended by itself"),
        };
        if say::append_for(world, task, "", &kind).is_ok() {
            stopped.push(task.clone());
        }
    }
    Ok(stopped)
}

fn stop(world: &World, task: &TaskId, run: &Run, reason: &str, now: DateTime<Utc>) -> Failed {
    Failed {
        task: task.clone(),
        attempt: run.number(),
        fault: Fault::Person,
        reason: reason.to_owned(),
        tip: world.attempt_tip(task, run),
        base: None,
        usage: Usage { duration: (now - run.at).to_std().unwrap_or_default(), ..Usage::default() },
        checks: Vec::new(),
        resumes: None,
    }
}

/// A moment to come: a clock time is its next occurrence.
fn moment(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if let Ok(time) = chrono::NaiveTime::parse_from_str(text, "%H:%M") {
        let today = now.with_timezone(&zone).date_naive();
        let days = [today, today + TimeDelta::days(1)];
        let at = days.map(|day| window::resolve(When::Civil(day.and_time(time)), zone));
        return Ok(if at[0] > now { at[0] } else { at[1] });
    }
    for pattern in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(civil) = chrono::NaiveDateTime::parse_from_str(text, pattern) {
            return Ok(window::resolve(When::Civil(civil), zone));
        }
    }
    match span_of_time::parse(text) {
        Ok(span) => Ok(now + TimeDelta::from_std(span)?),
        Err(_) => Err(super::Misuse(format!(
            "`{text}` is no time\nhint: `07:00`, `2026-02-07 07:00` or `2h`"
        ))
        .into()),
    }
}
