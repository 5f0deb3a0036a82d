//! Fifty at once: each due build starts exactly once, whoever else is at work.

use std::process::{Child, Command, Stdio};

use crate::judge::{END, Judge, NOTE};
use crate::support::chance::Chance;
use crate::support::{CLEAR, Said, TestRepo};
use crate::tally::Tally;

/// Processes in one round.
const AT_ONCE: usize = 50;
/// Rounds in one repository.
const ROUNDS: usize = 5;
/// Builds that may run side by side.
const MOST: usize = 3;

fn buildq(repo: &TestRepo, words: &[&str]) -> Command {
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    command.args(words);
    command
}

fn spawn(mut command: Command) -> (String, Child) {
    let line = format!("{:?}", command.get_args().collect::<Vec<_>>());
    (line, command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn fifty_syncs_start_one_build_once() {
    let script = format!("{NOTE}echo made > made; made it{END}");
    let repo = TestRepo::with_agent(&script, "");
    repo.buildq(["pause"]).success();
    repo.task("only", CLEAR);
    repo.settle();
    // The hook that would have synced is gone; the crowd finds it.
    repo.git(["config", "core.hooksPath", "/dev/null"]);
    repo.buildq(["resume"]).success();
    let crowd: Vec<_> = (0..AT_ONCE).map(|_| spawn(buildq(&repo, &["sync", "--quiet"]))).collect();
    for (line, child) in crowd {
        let _ = Said::from(line, child.wait_with_output().unwrap()).success();
    }
    repo.wait_until("only", "succeeded");
    Judge::at_rest(&repo, "fifty syncs").once(&["only".to_owned()], MOST);
}

/// Hooks, timers and people, all in one repository at one time.
struct Crowd {
    repo: TestRepo,
    chance: Chance,
    context: String,
    /// In review by now, for somebody to accept or reject.
    built: Vec<String>,
}

/// What is to be built in one round, and what must not be.
struct Tasks {
    committed: Vec<String>,
    approved: Vec<String>,
    cancelled: Vec<String>,
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let script = format!("{NOTE}echo $BUILDQ_ATTEMPT > $BUILDQ_TASK; made it{END}");
        let config = format!("max_parallel: {MOST}\nmax_review: 100\nhooks: {{quiet: true}}");
        let repo = TestRepo::with_agent(&script, &config);
        let context = format!("seed {seed}");
        Self { repo, chance: Chance::new(seed), context, built: Vec::new() }
    }

    fn tasks(&self, round: usize) -> Tasks {
        let named = |what: &str, count: usize| {
            (0..count).map(|n| format!("{what}-{round}-{n}")).collect::<Vec<_>>()
        };
        let (committed, approved, cancelled) = (named("new", 5), named("low", 3), named("off", 3));
        let low = format!("---\npriority: low\n---\n{CLEAR}");
        approved.iter().for_each(|task| drop(self.repo.draft(task, &low)));
        let later = format!("---\npriority: high\nnot_before: 2030-01-01\n---\n{CLEAR}");
        cancelled.iter().for_each(|task| drop(self.repo.draft(task, &later)));
        self.repo.git(["add", "-A"]);
        self.repo.git(["commit", "-qm", "Add what waits"]);
        self.repo.settle();
        Tasks { committed, approved, cancelled }
    }

    /// A person's commit, tried until git's own lock is free.
    fn commit(&self, task: &str) -> Command {
        let path = self.repo.draft(task, CLEAR);
        let script =
            "until git add \"$0\" && git commit -qm \"Add $0\" -- \"$0\"; do sleep 0.03; done";
        let mut command = self.repo.command("sh");
        command.args(["-c", script, &path]);
        command
    }

    fn all(&mut self, tasks: &Tasks) -> Vec<Command> {
        let repo = &self.repo;
        let mut all: Vec<Command> = tasks.committed.iter().map(|task| self.commit(task)).collect();
        all.extend(tasks.approved.iter().map(|task| buildq(repo, &["approve", task])));
        all.extend(tasks.cancelled.iter().map(|task| buildq(repo, &["cancel", task])));
        let mut pauses = repo.command("sh");
        pauses.args(["-c", "buildq pause && buildq resume"]);
        all.push(pauses);
        if let [one, other, ..] = &self.built[..] {
            all.push(buildq(repo, &["accept", one]));
            all.push(buildq(repo, &["reject", other, "-m", "again"]));
        }
        for words in [&["status"][..], &["log"], &["review"], &["sync", "--check"]] {
            all.push(buildq(repo, words));
        }
        for number in all.len()..AT_ONCE {
            let leave = ["sync", "--quiet", "--leave"];
            all.push(buildq(repo, if number % 3 == 0 { &leave[..2] } else { &leave }));
        }
        for index in (1..all.len()).rev() {
            all.swap(index, self.chance.below(index as u64 + 1) as usize);
        }
        all
    }

    fn round(&mut self, round: usize) {
        let tasks = self.tasks(round);
        let all: Vec<_> = self.all(&tasks).into_iter().map(spawn).collect();
        assert_eq!(all.len(), AT_ONCE);
        for (line, child) in all {
            let said = Said::from(line.clone(), child.wait_with_output().unwrap());
            // Whoever merges may find git's own lock held by somebody's commit, and says so.
            match said.code == 1 && (line.contains("accept") || line.contains("reject")) {
                true => drop(said.clear_refusal()),
                false => drop(said.success()),
            }
        }
        let repo = &self.repo;
        let _ = repo.buildq(["sync"]).success();
        for task in tasks.committed.iter().chain(&tasks.approved) {
            repo.wait_until(task, "succeeded");
        }
        let context = format!("{}, round {round}", self.context);
        let judge = Judge::at_rest(repo, &context);
        let once = [tasks.committed, tasks.approved].concat();
        judge.once(&once, MOST);
        let off: Vec<&str> = tasks.cancelled.iter().map(String::as_str).collect();
        judge.closed(&off);
        assert!(tasks.cancelled.iter().all(|task| repo.story(task) == ["cancelled"]), "{context}");
        self.built = once;
    }
}

#[test]
fn fifty_at_once_build_everything_once() {
    Tally::open("concurrent").run((0..40_u64).map(|seed| 8000 + seed), 1, |seed| {
        let mut crowd = Crowd::new(seed);
        (0..ROUNDS).for_each(|round| crowd.round(round));
        AT_ONCE * ROUNDS
    });
}
