//! The walls that a test is run behind, and whether this machine has them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::TestRepo;

/// The walls of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// The best ones, and nothing less.
    Bubblewrap,
    /// What is left where bubblewrap does not work.
    Landlock,
    /// None.
    Off,
}

impl Walls {
    /// Whether they work here; where not it is said aloud, so that nobody takes a
    /// skip for a pass.
    pub fn work(self) -> bool {
        match self {
            Self::Bubblewrap => sandbox_works(),
            Self::Landlock => landlock_works(),
            Self::Off => true,
        }
    }

    /// Builds of this repository run behind them from here on.
    pub fn around(self, repo: &TestRepo) {
        match self {
            Self::Bubblewrap => drop(repo.git(["config", "buildq.sandbox", "require"])),
            Self::Landlock => {
                repo.git(["config", "buildq.sandbox", "auto"]);
                let says = "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1";
                repo.program("bwrap", &format!("#!/bin/sh\n{says}\n"));
            }
            Self::Off => drop(repo.git(["config", "buildq.sandbox", "off"])),
        }
    }

    /// A repository with these walls; nothing, said aloud, where they do not work.
    pub fn up(self) -> Option<TestRepo> {
        if !self.work() {
            return None;
        }
        let repo = TestRepo::new();
        self.around(&repo);
        Some(repo)
    }
}

/// Where bubblewrap works, or why not.
pub fn sandbox_works() -> bool {
    let words =
        ["--ro-bind", "/", "/", "--unshare-pid", "--dev", "/dev", "--proc", "/proc", "true"];
    let missing = "bubblewrap does not work here; the part inside the sandbox is not tested";
    works(Command::new("bwrap").args(words), missing)
}

/// Landlock renames between folders from its second version on.
fn landlock_works() -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildq"));
    command.args(["confine", "--landlock", "--read", "/", "--", "true"]);
    works(&mut command, "this kernel has no Landlock; behind it nothing is tested")
}

fn works(command: &mut Command, missing: &str) -> bool {
    let done = command.stderr(Stdio::null()).status();
    let works = done.is_ok_and(|status| status.success());
    if !works {
        // Past the test's own capture: nobody reads what a passing test has printed.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {missing}");
    }
    works
}
