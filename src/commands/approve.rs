//! `buildq approve`

use anyhow::{Context, Result, anyhow, bail};
use chrono::{DateTime, NaiveTime, Utc};
use serde::Serialize;

use super::gather::World;
use super::init::row;
use super::{Exit, Misuse, Scene, print, say, sync};
use crate::core::gates::{self, Gate, Round, Ruling};
use crate::core::judged::hear;
use crate::core::ledger::{Build, Ledger, Phase, Run};
use crate::core::queue::Item;
use crate::core::risk::{self, Risk};
use crate::core::window;
use crate::domain::config::Config;
use crate::domain::event::Kind;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::{Task, when};
use crate::effects::ledger::{Appended, Draft, append};
use crate::effects::signers;
use crate::effects::trust::Record;
use crate::render::text;

/// Let a held task start: one that is risky, of low priority, or not made in this clone
///
/// An approval is for the exact text as it is committed now, at its path, and for the kinds of
/// risk that are told with it: an edit, a move, or a kind found later voids it. It counts in
/// this clone; one that is signed (as git signs your commits, or with --sign) counts wherever
/// your key is an allowed signer's.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: TaskId,
    /// It ends then, e.g. 2026-02-07 or "2026-02-07 20:00"
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// A remark for the ledger
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
    /// Sign it with your SSH key
    #[arg(long, conflicts_with = "no_sign")]
    sign: bool,
    /// Do not sign it, though your commits are signed
    #[arg(long)]
    no_sign: bool,
    /// Say what it would let through, and record nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What an approval lets through.
#[derive(Debug, Serialize)]
struct Pass {
    task: TaskId,
    source: Oid,
    path: String,
    /// Kinds with the words that caused them.
    risks: Vec<Risk>,
    /// What else holds it for want of an approval: gate and reason.
    holds: Vec<(Gate, String)>,
    until: Option<DateTime<Utc>>,
    signed: bool,
    /// The event; `null` in a dry run.
    event: Option<String>,
}

/// Says what it lets through, records the approval in the ledger, and, as given here, in the
/// user's data folder.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    let task = &args.task;
    let Some(item) = world.queue.items.get(task) else {
        return Err(anyhow!("there is no task `{task}` in the queue{}", world.nearest(task)));
    };
    let held = |build: &Build| build.last().is_some_and(Run::holds_secret);
    let build = world.ledger.builds.get(task);
    let instead = match build.map(|build| &build.phase) {
        _ if build.is_some_and(held) => {
            Some(("is held: its work holds the value of a secret", "retry"))
        }
        Some(Phase::Review { .. }) => Some(("waits for review", "accept")),
        Some(Phase::Blocked { .. }) => Some(("asks a question", "answer")),
        Some(Phase::Escalated { .. }) => Some(("is out of retries", "retry")),
        _ => None,
    };
    if let Some((state, verb)) = instead {
        bail!("`{task}` {state}: an approval lets a task start\nhint: buildq {verb} {task}");
    }
    let mut pass = pass(&world, item, &args)?;
    if !args.json {
        show(&pass, &world);
    }
    if !args.dry_run {
        pass.event = Some(record(&world, &pass, &args.message)?);
    }
    let said = match (args.json, args.dry_run) {
        (true, _) => crate::render::text::json(&pass)?,
        (false, true) => "nothing is approved: that was a dry run".into(),
        (false, false) => format!("approved {task} as of {}", pass.source.short()),
    };
    if args.dry_run || args.json {
        print(&said);
        if !args.dry_run {
            sync::all_that_is_due((world.repo, world.paths), None)?;
        }
        return Ok(Exit::Done);
    }
    say::then_go_on(world, &said, task)
}

fn pass(world: &World, item: &Item, args: &Args) -> Result<Pass> {
    let task = &args.task;
    let Some(parsed) = &item.task else {
        let why = item.error().map(|error| error.one_line()).unwrap_or_default();
        bail!("`{task}` cannot be read: {why}\nhint: mend `{}` and commit it", item.path);
    };
    let signed = (args.sign || signers::signs(&world.repo)) && !args.no_sign;
    if signed && !signers::can_sign(&world.repo) {
        bail!(
            "git has no SSH key to sign with\n\
             hint: git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub"
        );
    }
    let risks = risks(&world.config, parsed);
    // Kinds of risk are told with their words; a task that says itself to wait is held too.
    let asks = |gate: Gate| match gate {
        Gate::Trust | Gate::Approval | Gate::Judge => true,
        Gate::Risk => risks.is_empty(),
        _ => false,
    };
    let here = world.situation(None);
    let rulings = gates::rule(here, item, &Round::of(here)).into_iter();
    let held = rulings.filter(|ruling| asks(ruling.gate));
    let holds = held.filter_map(|Ruling { gate, hold }| {
        let hold = hold?;
        let opens = gate == Gate::Judge || hold.remedy.starts_with("buildq approve");
        opens.then_some((gate, hold.reason))
    });
    Ok(Pass {
        task: task.clone(),
        source: item.blob,
        path: item.path.clone(),
        holds: holds.collect(),
        risks,
        until: args.until.as_ref().map(|text| moment(world, text)).transpose()?,
        signed,
        event: None,
    })
}

fn moment(world: &World, text: &str) -> Result<DateTime<Utc>> {
    // Of a day all of it counts.
    let end = NaiveTime::from_hms_opt(23, 59, 0).unwrap_or_default();
    let until = when(text, end).map(|when| window::resolve(when, world.config.timezone));
    let Some(until) = until else {
        let hint = "write `2026-02-07 20:00` or `2026-02-07`";
        return Err(Misuse(format!("`{text}` is no date\nhint: {hint}")).into());
    };
    if until <= world.now {
        return Err(Misuse(format!("`{text}` is over already\nhint: name a time to come")).into());
    }
    Ok(until)
}

fn show(pass: &Pass, world: &World) {
    for risk in &pass.risks {
        print(&row("risk", &format!("{}: \"{}\"", risk.kind.name(), text::safe(&risk.words))));
    }
    for (gate, reason) in &pass.holds {
        print(&row(gate.name(), &text::safe(reason)));
    }
    if pass.risks.is_empty() && pass.holds.is_empty() {
        print(&row("nothing", "no gate waits for an approval of it"));
    }
    if let Some(until) = pass.until {
        let there = until.with_timezone(&world.config.timezone);
        print(&row("until", &there.format("%F %H:%M").to_string()));
    }
}

/// The kinds of risk of a task, each once.
pub fn kinds(config: &Config, task: &Task) -> Vec<String> {
    names(&risks(config, task))
}

/// What the gate asks about, as far as it is of a kind.
fn risks(config: &Config, task: &Task) -> Vec<Risk> {
    let asks = risk::asks(task, (hear(task).risks, None), &config.risk);
    let of_kind = |ask: risk::Ask| Some(Risk { kind: ask.kind?, words: ask.words });
    asks.into_iter().filter_map(of_kind).collect()
}

fn names(risks: &[Risk]) -> Vec<String> {
    let mut kinds: Vec<_> = risks.iter().map(|risk| risk.kind.name().to_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The event's id.
fn record(world: &World, pass: &Pass, message: &str) -> Result<String> {
    let kind = Kind::Approved {
        task: pass.task.clone(),
        source: pass.source,
        path: Some(pass.path.clone()),
        risks: Some(names(&pass.risks)),
        until: pass.until,
    };
    let draft = Draft { signed: pass.signed, ..Draft::new(kind).body(message) };
    match append(&world.pen(), &mut |_| Ok(Ok(draft.clone())))? {
        Appended::Yes(ledger, id) => {
            remember(world, &ledger, &id)?;
            Ok(id)
        }
        Appended::No(why) => Err(anyhow!("{why}\nhint: buildq show {}", pass.task)),
    }
}

/// Notes outside the repository that this approval was given here, as it stands in the ledger.
pub fn remember(world: &World, ledger: &Ledger, event: &str) -> Result<()> {
    let mut given = ledger.approvals.iter().rev();
    let given = given.find(|approval| approval.id == event).context("the approval is not there")?;
    Record::Approvals.add(&world.paths, &[given.record()])
}
