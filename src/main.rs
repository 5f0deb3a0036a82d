//! buildq: a Git-native autonomous build queue.
//!
//! The modules, in the order in which a newcomer should read them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod domain;
mod core;
mod effects;
mod render;
mod commands;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    let now = effects::clock::now();
    match commands::run(cli, now) {
        Ok(commands::Exit::Done) => ExitCode::SUCCESS,
        Ok(commands::Exit::No) => ExitCode::FAILURE,
        Ok(commands::Exit::Code(code)) => code,
        Err(error) => {
            anstream::eprintln!("{}", render::error::show(&error));
            ExitCode::from(if error.is::<commands::Misuse>() { 2 } else { 1 })
        }
    }
}
