//! buildq: a Git-native autonomous build queue.
//!
//! The modules, in the order in which a newcomer should read them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod domain;
mod core;
mod effects;
mod render;
mod commands;
#[cfg(test)]
#[path = "../tests/faults/pure/mod.rs"]
mod faults;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let now = effects::clock::now();
    // Every commit waits for its hook: it goes past the parser of all the other commands.
    let done = match commands::hook::Args::of_shim(std::env::args_os().skip(1)) {
        Some(args) => commands::hook::run(args, &commands::Scene { dir: ".".into(), now }),
        None => match commands::completions::answered() {
            Ok(true) => return ExitCode::SUCCESS,
            Err(error) => Err(error),
            Ok(false) => match commands::Cli::try_parse() {
                Ok(cli) => commands::run(cli, now),
                Err(error) => return ExitCode::from(commands::mouth::usage(&error)),
            },
        },
    };
    match done {
        Ok(commands::Exit::Done) => ExitCode::SUCCESS,
        Ok(commands::Exit::No) => ExitCode::FAILURE,
        Ok(commands::Exit::Code(code)) => code,
        Err(error) => {
            commands::mouth::complain(&render::error::show(&error));
            ExitCode::from(if error.is::<commands::Misuse>() { 2 } else { 1 })
        }
    }
}
