//! `buildq completions`

use std::ffi::OsStr;

use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use super::gather::World;
use super::mouth::Pour;
use super::{Cli, Exit, Scene, print};
use crate::core::ledger::Phase;
use crate::effects::clock;
use crate::render::text;

/// Print what lets a shell complete commands, flags and the tasks of the repository you are in
///
///   bash: echo 'source <(buildq completions bash)' >> ~/.bashrc
///   zsh:  echo 'source <(buildq completions zsh)' >> ~/.zshrc
///   fish: buildq completions fish > ~/.config/fish/completions/buildq.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    shell: String,
}

/// The variable by which the shell's script asks for candidates.
const ASKED: &str = "BUILDQ_COMPLETE";

/// So many tasks are offered.
const MOST: usize = 500;

/// Prints the script of a shell; it calls this program again for every completion.
pub fn run(args: Args) -> Result<Exit> {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).context("this shell is not known")?;
    let mut script = Vec::new();
    shell.write_registration(ASKED, "buildq", "buildq", "buildq", &mut script)?;
    print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// Answers a shell that asks for candidates; `false` where none does.
pub fn answered() -> Result<bool> {
    let Some(name) = std::env::var(ASKED).ok().filter(|name| !name.is_empty()) else {
        return Ok(false);
    };
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&name) else {
        bail!("`{ASKED}` names no shell that is known here");
    };
    // The words of the line stand behind `--`.
    let words: Vec<_> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    if words.is_empty() {
        return Ok(false);
    }
    let mut said = Vec::new();
    let here = std::env::current_dir().ok();
    shell.write_complete(&mut command(), words, here.as_deref(), &mut said)?;
    // A shell reads this, and parts it by signs that a terminal would obey; ids are plain, and
    // titles were made so.
    let mut pour = Pour::new(false);
    if pour.write(&said).is_ok() {
        pour.finish();
    }
    Ok(true)
}

/// The command line, with the tasks of each verb that names one.
fn command() -> Command {
    Cli::command().mut_subcommands(|verb| {
        let name = verb.get_name().to_owned();
        let names_task = verb.get_positionals().any(|own| own.get_id() == "task");
        match names_task {
            true => verb.mut_arg("task", |own| {
                own.add(ArgValueCompleter::new(move |start: &OsStr| tasks(&name, start)))
            }),
            false => verb,
        }
    })
}

/// The tasks that a verb may want, each with its title. What cannot be read offers nothing.
fn tasks(verb: &str, start: &OsStr) -> Vec<CompletionCandidate> {
    let start = start.to_string_lossy();
    let scene = Scene { dir: ".".into(), now: clock::now() };
    let Ok(world) = scene.look() else { return Vec::new() };
    let built = world.ledger.builds.iter();
    let wanted = built.filter(|(_, build)| is_for(verb, &build.phase)).map(|(id, _)| id);
    let queued = world.queue.items.keys().filter(|_| takes_any(verb));
    let mut ids: Vec<_> =
        wanted.chain(queued).filter(|id| id.as_str().starts_with(&*start)).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter().take(MOST).map(|id| candidate(&world, id)).collect()
}

fn candidate(world: &World, id: &crate::domain::id::TaskId) -> CompletionCandidate {
    let task = world.queue.items.get(id).and_then(|item| item.task.as_ref());
    let title = task.map(|task| text::safe(&task.title).into());
    CompletionCandidate::new(id.as_str()).help(title)
}

/// Verbs for which a task need not have been built.
fn takes_any(verb: &str) -> bool {
    !matches!(verb, "accept" | "reject" | "review" | "try" | "answer" | "output" | "fail")
}

fn is_for(verb: &str, phase: &Phase) -> bool {
    match verb {
        "accept" | "reject" | "review" | "try" => matches!(phase, Phase::Review { .. }),
        "answer" => matches!(phase, Phase::Blocked { .. }),
        "fail" => matches!(phase, Phase::Building),
        _ => true,
    }
}
