//! One verb per file; each reads: gather, decide, act, render.

pub mod accept;
pub mod add;
pub mod adopt;
pub mod answer;
pub mod approve;
pub mod block;
pub mod cancel;
pub mod completions;
pub mod confine;
pub mod dashboard;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod done;
pub mod export;
pub mod fail;
pub mod gather;
pub mod gc;
pub mod heartbeat;
pub mod help;
pub mod hook;
pub mod import;
pub mod init;
pub mod lint;
pub mod inspect;
pub mod judgement;
pub mod judge;
pub mod leaks;
pub mod log;
pub mod man;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod mouth;
pub mod notify;
pub mod output;
pub mod pause;
pub mod progress;
pub mod reject;
pub mod report;
pub mod resume;
pub mod retry;
pub mod review;
pub mod say;
pub mod schema;
pub mod serve;
pub mod show;
pub mod spawn;
pub mod status;
pub mod steps;
pub mod supervise;
pub mod sync;
pub mod tell;
pub mod trust;
pub mod tryout;
pub mod uninstall;
pub mod waker;
pub mod watch;
pub mod why;
pub mod workspace;

use std::path::PathBuf;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};

pub use mouth::print;

/// A Git-native build queue: commit a task file, leave, and review a branch
///
/// A task is a file in the queue directory. Committing it is all there is to do: hooks notice,
/// `buildq sync` judges what may start, a builder works on a branch of its own, is checked and
/// retried, and what waits in the end is `build/<task>` for your review.
#[derive(Debug, Parser)]
#[command(name = "buildq", version, propagate_version = true, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// Act as if started in this directory
    #[arg(short = 'C', value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Init),
    Add(add::Args),
    Import(import::Args),
    Export(export::Args),
    Status(status::Args),
    Watch(watch::Args),
    Why(why::Args),
    Show(show::Args),
    Output(output::Args),
    Lint(lint::Args),
    Log(log::Args),
    Review(review::Args),
    Try(tryout::Args),
    Accept(accept::Args),
    Reject(reject::Args),
    Answer(answer::Args),
    Approve(approve::Args),
    Spawn(spawn::Args),
    Retry(retry::Args),
    Fail(fail::Args),
    Cancel(cancel::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Report(report::Args),
    Dashboard(dashboard::Args),
    Notify(notify::Args),
    Serve(serve::Args),
    Sync(sync::Args),
    Trust(trust::Args),
    Adopt(adopt::Args),
    Heartbeat(heartbeat::Heartbeat),
    Daemon(daemon::Args),
    Doctor(doctor::Args),
    Gc(gc::Args),
    Demo(demo::Args),
    Uninstall(uninstall::Uninstall),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[cfg(feature = "mcp")]
    Mcp(mcp::Args),
    Help(help::Args),
    Progress(progress::Args),
    Block(block::Args),
    Done(done::Args),
    #[command(hide = true)]
    Hook(hook::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
    #[command(hide = true)]
    Judge(judge::Args),
    #[command(hide = true)]
    Waker(waker::Args),
    #[command(hide = true)]
    Workspace(workspace::Args),
    #[command(hide = true)]
    Confine(confine::Args),
    #[command(hide = true)]
    Steps(steps::Args),
    #[command(hide = true)]
    Judgement(judgement::Args),
}

/// How a command that did its work ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exit {
    /// 0
    Done,
    /// 1: the answer is no.
    No,
    /// The code of what was run inside a workspace.
    Code(std::process::ExitCode),
}

impl From<std::process::ExitCode> for Exit {
    fn from(code: std::process::ExitCode) -> Self {
        Self::Code(code)
    }
}

/// Wrong usage or configuration: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// Where and when a command runs.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The directory it was started in, or the one it was given.
    pub dir: PathBuf,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
}

impl Scene {
    /// One look at everything.
    pub fn look(&self) -> Result<gather::World> {
        let (repo, paths) = gather::open(&self.dir)?;
        gather::World::look(repo, paths, self.now)
    }

    /// One look at everything but the tasks.
    pub fn look_around(&self) -> Result<gather::Around> {
        let (repo, paths) = gather::open(&self.dir)?;
        gather::Around::look(repo, paths, self.now)
    }
}

/// Carries one command out.
pub fn run(cli: Cli, now: DateTime<Utc>) -> Result<Exit> {
    let dir = cli.dir.unwrap_or_else(|| PathBuf::from("."));
    let scene = Scene { dir, now };
    match cli.verb {
        Verb::Init(args) => init::run(args, &scene),
        Verb::Add(args) => add::run(args, &scene),
        Verb::Import(args) => import::run(args, &scene),
        Verb::Export(args) => export::run(args, &scene),
        Verb::Status(args) => status::run(args, &scene),
        Verb::Watch(args) => watch::run(args, &scene),
        Verb::Why(args) => why::run(args, &scene),
        Verb::Show(args) => show::run(args, &scene),
        Verb::Output(args) => output::run(args, &scene),
        Verb::Lint(args) => lint::run(args, &scene),
        Verb::Log(args) => log::run(args, &scene),
        Verb::Review(args) => review::run(args, &scene),
        Verb::Try(args) => tryout::run(args, &scene),
        Verb::Accept(args) => accept::run(args, &scene),
        Verb::Reject(args) => reject::run(args, &scene),
        Verb::Answer(args) => answer::run(args, &scene),
        Verb::Approve(args) => approve::run(args, &scene),
        Verb::Spawn(args) => spawn::run(args, &scene),
        Verb::Retry(args) => retry::run(args, &scene),
        Verb::Fail(args) => fail::run(args, &scene),
        Verb::Cancel(args) => cancel::run(args, &scene),
        Verb::Pause(args) => pause::run(args, &scene),
        Verb::Resume(args) => resume::run(args, &scene),
        Verb::Report(args) => report::run(args, &scene),
        Verb::Dashboard(args) => dashboard::run(args, &scene),
        Verb::Notify(args) => notify::run(args, &scene),
        Verb::Serve(args) => serve::run(args, &scene),
        Verb::Sync(args) => sync::run(args, &scene),
        Verb::Trust(args) => trust::run(args, &scene),
        Verb::Adopt(args) => adopt::run(args, &scene),
        Verb::Heartbeat(args) => heartbeat::at(&args, &scene),
        Verb::Daemon(args) => daemon::run(args, &scene),
        Verb::Doctor(args) => doctor::run(args, &scene),
        Verb::Gc(args) => gc::run(args, &scene),
        Verb::Demo(args) => demo::run(args, &scene),
        Verb::Uninstall(args) => uninstall::run(args, &scene),
        Verb::Schema(args) => schema::run(args),
        Verb::Completions(args) => completions::run(args),
        Verb::Man(args) => man::run(args, &scene),
        #[cfg(feature = "mcp")]
        Verb::Mcp(args) => mcp::run(args, &scene),
        Verb::Help(args) => help::run(args),
        Verb::Progress(args) => progress::run(args).map(Exit::from),
        Verb::Block(args) => block::run(args).map(Exit::from),
        Verb::Done(args) => done::run(args).map(Exit::from),
        Verb::Hook(args) => hook::run(args, &scene),
        Verb::Supervise(args) => supervise::run(args, &scene),
        Verb::Judge(args) => judge::run(args, &scene),
        Verb::Waker(args) => waker::run(args, &scene),
        Verb::Workspace(args) => workspace::run(args).map(Exit::from),
        Verb::Confine(args) => confine::run(args),
        Verb::Judgement(args) => judgement::run(args, &scene),
        Verb::Steps(args) => steps::run(args).map(Exit::from),
    }
}
