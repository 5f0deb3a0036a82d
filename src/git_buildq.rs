//! `git buildq …`: git runs this program, which hands over to the `buildq` beside it.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let beside = std::env::current_exe().map(|exe| exe.with_file_name("buildq"));
    let program = beside.ok().filter(|exe| exe.exists()).unwrap_or_else(|| "buildq".into());
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    eprintln!("error: cannot run `{}`: {error}", program.display());
    ExitCode::FAILURE
}
