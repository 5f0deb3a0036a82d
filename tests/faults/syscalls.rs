//! A kill, and each error of a broken disk, at every system call that writes: from `sync` to
//! clean-up.

use std::fmt;
use std::process::Stdio;

use crate::stage::Stage;
use crate::strace::{self, Fault, Point, Points, Shim};
use crate::tally::{Tally, is_long};

/// What a disk, or a crowded machine, answers.
const ERRORS: [Fault; 4] =
    [Fault::Error("ENOSPC"), Fault::Error("EIO"), Fault::Error("EROFS"), Fault::Error("EAGAIN")];

/// What a disk answers that has lost a block.
const READ: &[Fault] = &[Fault::Error("EIO")];

/// Whose system calls are struck.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// The sync that starts an attempt.
    Sync,
    /// The supervisor that runs it, from its lock to its clean-up.
    Supervisor,
    /// The sync that buries an attempt whose supervisor was killed.
    Burial,
}

impl Role {
    fn words(self, git_dir: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Sync | Self::Burial => &["sync"],
            Self::Supervisor => &["supervise", "--repo", git_dir, "--attempt", "1", "--", "x"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// Everything up to the moment at which this role acts.
    fn prepare(self, stage: &Stage) {
        stage.reset();
        if self == Self::Burial {
            let repo = &stage.repo;
            hold_the_builder(stage);
            repo.buildq(["sync"]).success();
            repo.wait_for(|repo| repo.root().join("alive").exists());
            let supervisor =
                repo.processes().into_iter().find(|process| process.is("supervise")).unwrap();
            crate::support::kill(supervisor.pid);
            repo.wait_for(|repo| repo.processes().iter().all(|p| p.pid != supervisor.pid));
        }
    }

    fn census(self, stage: &Stage) -> Points {
        self.prepare(stage);
        let git_dir = stage.repo.git_dir();
        let words = self.words(git_dir.to_str().unwrap());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let points = strace::census(&stage.repo, &words);
        stage.is_made_good(&format!("{self:?} without a fault"));
        points
    }

    /// Gives the number of faults that were struck: a call may not come to pass in every run.
    fn round(self, stage: &Stage, (fault, point): &(Fault, Point)) -> usize {
        let context = format!("{self:?}: {fault} at {point}");
        self.prepare(stage);
        let git_dir = stage.repo.git_dir();
        let words = self.words(git_dir.to_str().unwrap());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (said, hit) = strace::struck(&stage.repo, &words, (*fault, point));
        assert!(!said.stderr.contains("panicked"), "{context}: {said:?}");
        stage.is_made_good(&context);
        usize::from(hit)
    }
}

/// The builder of the first attempt waits for `go`, with something in its hands.
fn hold_the_builder(stage: &Stage) {
    let held = "test $BUILDQ_ATTEMPT = 1 && { echo begun > begun; touch $OUT/alive\n\
                until test -e $OUT/go; do sleep 0.02; done; }\n";
    let text = std::fs::read_to_string(stage.repo.root().join("bin/agent")).unwrap();
    stage.repo.program("agent", &text.replace("echo one > one", &format!("{held}echo one > one")));
}

/// One point, one fault, and its name in the tally.
struct Round {
    name: String,
    at: (Fault, Point),
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// In a short run a sample of all points, the same in every run; in a long one all of them.
fn strike(row: &'static str, role: Role, faults: &[Fault], sample: usize) {
    if !strace::works() {
        return;
    }
    let stage = Stage::new();
    let Points { writes, reads } = role.census(&stage);
    let points = if faults == READ { reads } else { writes };
    assert!(points.len() > 30, "{role:?} does more than that: {points:?}");
    let of = |fault: Fault| {
        let round = move |point: &Point| {
            let name = format!("{role:?} {fault} {point}");
            Round { name, at: (fault, point.clone()) }
        };
        points.iter().map(round).collect::<Vec<_>>()
    };
    let rounds: Vec<Round> = faults.iter().flat_map(|fault| of(*fault)).collect();
    // Neither even nor a divisor of the errors: every kind of call gets its turn.
    let apart = if is_long() { 1 } else { rounds.len() / sample };
    Tally::open(row)
        .run(rounds.into_iter().step_by(apart), sample, |round| role.round(&stage, &round.at));
}

/// Programs that a supervisor starts outside or inside the workspace.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Helper {
    /// Every git that takes over what was made.
    Git,
    /// The one in the workspace that commits what was left and packs it, and its git.
    Pack,
}

impl Helper {
    /// One attempt with this helper struck, from beginning to end; how many were.
    fn round(self, stage: &Stage, (fault, point): &(Fault, Point)) -> usize {
        stage.reset();
        let (repo, at) = (&stage.repo, (*fault, point));
        let git_dir = repo.git_dir();
        let words = Role::Supervisor.words(git_dir.to_str().unwrap());
        let hits = if self == Self::Git {
            let shim = Shim::of_git(repo, at);
            let _ = repo.buildq(words);
            repo.settle();
            shim.take_away()
        } else {
            let own = repo.root().join("bin/own-buildq");
            let buildq = env!("CARGO_BIN_EXE_buildq");
            // 180 MB are not copied where they can be linked.
            std::fs::hard_link(buildq, &own)
                .or_else(|_| std::fs::copy(buildq, &own).map(drop))
                .unwrap();
            hold_the_builder(stage);
            let mut supervisor =
                repo.command(&own).args(words).stdout(Stdio::null()).spawn().unwrap();
            repo.wait_for(|repo| repo.root().join("alive").exists());
            let shim = Shim::of_helper(repo, at, &own);
            repo.go();
            supervisor.wait().unwrap();
            repo.settle();
            shim.take_away()
        };
        stage.is_made_good(&format!("{self:?}: {fault} at {point}"));
        hits
    }
}

/// The calls of a helper and of what it starts, each process counted by itself.
fn strike_helper(row: &'static str, helper: Helper, faults: &[Fault], sample: usize) {
    if !strace::works() {
        return;
    }
    let stage = Stage::new();
    let calls: [(&str, usize); 8] = [
        ("openat", 30),
        ("write", 12),
        ("pwrite64", 4),
        ("fsync", 4),
        ("link", 3),
        ("rename", 3),
        ("unlink", 4),
        ("fchmod", 3),
    ];
    let mut rounds = Vec::new();
    for (fault, (call, most)) in faults.iter().flat_map(|f| calls.iter().map(move |c| (f, c))) {
        for nth in 1..=*most {
            let at = (*fault, Point { call: (*call).into(), nth });
            rounds.push(Round { name: format!("{helper:?} {fault} {}", at.1), at });
        }
    }
    let apart = if is_long() { 1 } else { rounds.len() / sample };
    let rounds = rounds.into_iter().step_by(apart);
    Tally::open(row).run(rounds, sample, |round| helper.round(&stage, &round.at));
}

#[test]
fn a_machine_that_gives_no_thread_or_process_is_told_of_and_nothing_panics() {
    if !strace::works() {
        return;
    }
    let stage = Stage::new();
    for nth in [1, 2] {
        let point = Point { call: "clone3".into(), nth };
        assert_eq!(Role::Sync.round(&stage, &(Fault::Error("EAGAIN"), point)), 1);
    }
}

#[test]
fn a_sync_cannot_read_what_it_needs() {
    strike("error at each read", Role::Sync, READ, 3);
}

#[test]
fn a_supervisor_cannot_read_what_it_needs() {
    strike("error at each read", Role::Supervisor, READ, 3);
}

#[test]
fn the_git_of_a_supervisor_is_killed_wherever_it_writes() {
    strike_helper("kill at each write", Helper::Git, &[Fault::Kill], 2);
}

#[test]
fn the_git_of_a_supervisor_meets_a_broken_disk() {
    strike_helper("error at each write", Helper::Git, &ERRORS, 3);
}

#[test]
fn the_helper_in_a_workspace_is_killed_wherever_it_writes() {
    strike_helper("kill at each write", Helper::Pack, &[Fault::Kill], 2);
}

#[test]
fn the_helper_in_a_workspace_meets_a_broken_disk() {
    strike_helper("error at each write", Helper::Pack, &ERRORS, 3);
}

#[test]
fn a_sync_is_killed_wherever_it_writes() {
    strike("kill at each write", Role::Sync, &[Fault::Kill], 4);
}

#[test]
fn a_supervisor_is_killed_wherever_it_writes() {
    strike("kill at each write", Role::Supervisor, &[Fault::Kill], 4);
}

#[test]
fn a_burial_is_killed_wherever_it_writes() {
    strike("kill at each write", Role::Burial, &[Fault::Kill], 3);
}

#[test]
fn a_sync_meets_a_broken_disk_wherever_it_writes() {
    strike("error at each write", Role::Sync, &ERRORS, 4);
}

#[test]
fn a_supervisor_meets_a_broken_disk_wherever_it_writes() {
    strike("error at each write", Role::Supervisor, &ERRORS, 4);
}

#[test]
fn a_burial_meets_a_broken_disk_wherever_it_writes() {
    strike("error at each write", Role::Burial, &ERRORS, 3);
}
