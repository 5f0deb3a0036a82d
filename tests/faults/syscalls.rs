//! A kill, and each error of a broken disk, at every system call that writes: from `sync` to
//! clean-up.

use std::fmt;

use crate::stage::Stage;
use crate::strace::{self, Fault, Point, Points};
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
            let script =
                "echo begun > begun; touch $OUT/alive; until test -e $OUT/go; do sleep 0.02; done";
            let text = std::fs::read_to_string(repo.root().join("bin/agent")).unwrap();
            let dying = text.replace(
                "echo one > one",
                &format!("test $BUILDQ_ATTEMPT = 1 && {{ {script}; }}\necho one > one"),
            );
            repo.program("agent", &dying);
            repo.buildq(["sync"]).success();
            let alive = repo.root().join("alive");
            repo.wait_for(|_| alive.exists());
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

/// The calls of every git that a supervisor runs, each counted by itself.
fn strike_git(row: &'static str, faults: &[Fault], sample: usize) {
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
            rounds.push(Round { name: format!("Git {fault} {}", at.1), at });
        }
    }
    let apart = if is_long() { 1 } else { rounds.len() / sample };
    Tally::open(row).run(rounds.into_iter().step_by(apart), sample, |round| {
        stage.reset();
        let (fault, point) = &round.at;
        let shim = strace::Shim::put(&stage.repo, (*fault, point));
        let git_dir = stage.repo.git_dir();
        let words = Role::Supervisor.words(git_dir.to_str().unwrap());
        let _ = stage.repo.buildq(words);
        stage.repo.settle();
        let hits = shim.take_away();
        stage.is_made_good(&round.name);
        hits
    });
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
    strike_git("kill at each write", &[Fault::Kill], 2);
}

#[test]
fn the_git_of_a_supervisor_meets_a_broken_disk() {
    strike_git("error at each write", &ERRORS, 3);
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
