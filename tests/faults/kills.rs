//! Kill anything at any moment: never two builders at once, nothing lost, and on to the end.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::judge::{END, Judge, NOTE};
use crate::support::chance::Chance;
use crate::support::{Process, TestRepo, kill, lives, sandbox_works, stop};
use crate::tally::Tally;

/// Works for about a third of a second.
const WORK: &str = "for n in 1 2 3; do echo $BUILDQ_ATTEMPT $n > step-$n; made $n; sleep 0.1; done";
/// The same inside the sandbox, where there is nowhere to write a record to.
const WALLED: &str = "for n in 1 2 3; do echo $BUILDQ_ATTEMPT $n > step-$n; git add -A\n\
    git commit -qm \"step $n\"; sleep 0.1; done";
const TASK: &str =
    "Write the files step-1 to step-3.\n\n## Completion criteria\n- [ ] step-3 is there";
/// Kills in one storm.
const KILLS: usize = 25;
/// Storms of all long runs together: 10,000 kills.
const STORMS: u64 = 400;
/// A build is at its end by then, and on its way again after a kill.
const LATE: Duration = Duration::from_secs(60);

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    /// Whoever is about: one buildq process, whatever it does.
    Any,
    Verb(&'static str),
    Builder,
    /// Supervisor, sandbox, builder and helpers, at once.
    WholeBuild,
    Everything,
}

const VICTIMS: [Victim; 8] = [
    Victim::Any,
    Victim::Verb("supervise"),
    Victim::WholeBuild,
    Victim::Verb("sync"),
    Victim::Builder,
    Victim::Everything,
    Victim::Verb("supervise"),
    Victim::Verb("waker"),
];

impl Victim {
    fn of(self, all: &[Process]) -> Vec<&Process> {
        let buildq = |process: &&Process| process.program().ends_with("buildq");
        let builder = |process: &Process| process.argv.iter().any(|word| word.ends_with("/agent"));
        let of_build = |process: &&Process| {
            let verbs = ["supervise", "workspace"];
            builder(process)
                || verbs.iter().any(|verb| process.is(verb))
                || process.program().ends_with("bwrap")
        };
        match self {
            Self::Any => all.iter().filter(buildq).take(1).collect(),
            Self::Verb(verb) => all.iter().filter(|process| process.is(verb)).take(1).collect(),
            Self::Builder => all.iter().filter(|process| builder(process)).collect(),
            Self::WholeBuild => all.iter().filter(of_build).collect(),
            Self::Everything => all.iter().collect(),
        }
    }
}

#[test]
fn whoever_is_killed_one_sync_makes_it_good() {
    storms("random kills", 1, false);
}

#[test]
fn whoever_is_killed_around_a_sandbox_one_sync_makes_it_good() {
    if sandbox_works() {
        storms("random kills", 2, true);
    }
}

fn storms(row: &'static str, own: u64, walls: bool) {
    let seeds = (0..STORMS / 2).map(|n| own * 1_000_000 + n);
    let seed = std::env::var("BUILDQ_SEED").ok().and_then(|text| text.parse().ok());
    let seeds: Vec<u64> = seed.map_or(seeds.collect(), |seed| vec![seed]);
    Tally::open(row).run(seeds, 2, |seed| Storm::new(seed, walls).run());
}

/// One repository, one task after the other, and somebody who kills.
struct Storm {
    repo: TestRepo,
    chance: Chance,
    context: String,
    task: String,
    minutes: u64,
}

impl Storm {
    fn new(seed: u64, walls: bool) -> Self {
        let work = if walls { WALLED.to_owned() } else { format!("{NOTE}{WORK}{END}") };
        let repo = TestRepo::with_agent(&work, "");
        repo.git(["config", "buildq.sandbox", if walls { "require" } else { "off" }]);
        repo.agent_config(
            "max_review: 100\nretry: {max: 100, delay: 1m}\nverify: [\"test -e step-3\"]\nhooks: {quiet: true}",
        );
        let context = format!("seed {seed}, sandbox {walls}");
        let mut storm =
            Self { repo, chance: Chance::new(seed), context, task: String::new(), minutes: 0 };
        storm.next_task();
        storm
    }

    fn next_task(&mut self) {
        let number: u32 = self.task.trim_start_matches("task-").parse().unwrap_or(0);
        self.task = format!("task-{}", number + 1);
        self.repo.task(&self.task, TASK);
    }

    /// Kills, syncs once, judges, and so on; gives the number of kills.
    fn run(mut self) -> usize {
        let mut faults = 0;
        while faults < KILLS {
            if self.repo.last(&self.task) == "succeeded" {
                self.next_task();
            }
            if !self.strike() {
                self.go_on();
                continue;
            }
            faults += 1;
            let held = self.held();
            let _ = self.repo.buildq(["sync"]).success();
            self.is_legal();
            self.holds_on_to(&held);
            self.go_on();
        }
        let begun = Instant::now();
        while self.repo.last(&self.task) != "succeeded" {
            self.watch();
            self.go_on();
            assert!(begun.elapsed() < LATE, "{}: no end\n{}", self.context, self.repo.scene());
        }
        let judge = Judge::at_rest(&self.repo, &self.context);
        let lost: usize = (1..=100).map(|n| judge.failures(&format!("task-{n}"))).sum();
        assert!(lost <= faults, "I6: {faults} kills cost {lost} attempts\n{}", self.repo.scene());
        assert_eq!(lost_folders(&self.repo), Vec::<String>::new(), "{}", self.context);
        faults
    }

    /// Retries are due a minute later.
    fn go_on(&mut self) {
        self.minutes += 2;
        let (hours, minutes) = (9 + self.minutes / 60, self.minutes % 60);
        let day = hours / 24;
        self.repo.step(&format!("2026-03-{:02}T{:02}:{minutes:02}:00Z", day + 1, hours % 24));
        let _ = self.repo.buildq(["sync"]).success();
    }

    /// Waits for the moment and for somebody to kill, and kills; whether there was anybody.
    fn strike(&mut self) -> bool {
        let victim = VICTIMS[self.chance.below(VICTIMS.len() as u64) as usize];
        let delay = self.chance.moment(Duration::from_millis(400));
        let begun = Instant::now();
        // A sync is seldom at work by itself.
        let mut sync = (victim == Victim::Verb("sync")).then(|| {
            let mut command = self.repo.command(env!("CARGO_BIN_EXE_buildq"));
            command.args(["sync", "--quiet"]).stderr(std::process::Stdio::null()).spawn().unwrap()
        });
        let mut struck = false;
        while !struck && begun.elapsed() < delay + Duration::from_millis(500) {
            let all = self.watch();
            let chosen = if begun.elapsed() < delay { Vec::new() } else { victim.of(&all) };
            struck = !chosen.is_empty();
            chosen.iter().for_each(|process| stop(process.pid));
            chosen.iter().for_each(|process| kill(process.pid));
            sync.iter_mut().for_each(|sync| drop(sync.try_wait()));
            // The kernel takes a moment to let go of what they held.
            self.repo.wait_for(|_| !chosen.iter().any(|process| lives(process.pid)));
        }
        if let Some(mut sync) = sync {
            sync.wait().unwrap();
        }
        struck
    }

    /// One look: builders of two attempts must never live at one time.
    fn watch(&self) -> Vec<Process> {
        let all = self.repo.processes();
        let is_builder = |process: &&Process| {
            process.program().ends_with("sh")
                && process.argv.iter().any(|word| word.ends_with("/agent"))
        };
        let builders = all.iter().filter(is_builder);
        let first: Vec<_> =
            builders.filter_map(|process| Some((attempt_of(process.pid)?, process.pid))).collect();
        let mut attempts: Vec<_> = first.iter().map(|(attempt, _)| attempt).collect();
        attempts.sort();
        attempts.dedup();
        // One look takes a while: only who is still there afterwards lived beside the others.
        let still = |pid: &i32| Path::new(&format!("/proc/{pid}/cwd")).exists();
        if attempts.len() > 1 && first.iter().all(|(_, pid)| still(pid)) {
            panic!("I1: {}: two at once: {first:?}\n{}", self.context, self.repo.scene());
        }
        std::thread::sleep(Duration::from_millis(5));
        all
    }

    /// I4: after the one sync whatever is told to be building has a supervisor.
    fn is_legal(&self) {
        let task = &self.task;
        Judge::of(&self.repo, &self.context).always();
        let supervised = || self.repo.processes().iter().any(|process| process.is("supervise"));
        // It may end between the two looks.
        let builds = |repo: &TestRepo| repo.last(task) == "started";
        if builds(&self.repo) && !supervised() && builds(&self.repo) {
            panic!("I4: {}: `{task}` was not buried\n{}", self.context, self.repo.scene());
        }
    }

    /// What stands in the workspaces: task, attempt and commit, as the killed builder left it.
    fn held(&self) -> Vec<(String, String)> {
        let tip = |folder: &Path| {
            let name = folder.file_name()?.to_str()?;
            let (task, attempt) = name.rsplit_once('-')?;
            let tip = folder.join(format!(".git/refs/heads/build/{task}"));
            let tip = std::fs::read_to_string(tip).ok()?;
            Some((format!("refs/buildq/attempts/{task}/{attempt}"), tip.trim().to_owned()))
        };
        workspaces(&self.repo).iter().filter_map(|folder| tip(folder)).collect()
    }

    /// What lay in a workspace when its builder died is in the refs by the time that the
    /// attempt has ended.
    fn holds_on_to(&self, held: &[(String, String)]) {
        for (name, tip) in held {
            let kept = |repo: &TestRepo| {
                repo.try_git(["merge-base", "--is-ancestor", tip, name]).code == 0
            };
            let begun = Instant::now();
            while !kept(&self.repo) {
                assert!(
                    begun.elapsed() < LATE,
                    "{}: {tip} of {name} is lost\n{}",
                    self.context,
                    self.repo.scene()
                );
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn attempt_of(pid: i32) -> Option<String> {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environ.split(|byte| *byte == 0);
    let attempt = variables.find_map(|variable| variable.strip_prefix(b"BUILDQ_ATTEMPT="))?;
    Some(String::from_utf8_lossy(attempt).into_owned())
}

/// The workspaces that there are.
fn workspaces(repo: &TestRepo) -> Vec<std::path::PathBuf> {
    let below = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let clones = below(&repo.home().join(".local/state/buildq"));
    clones.iter().flat_map(|clone| below(clone)).filter(|path| path.join(".git").exists()).collect()
}

/// Workspaces that were left lying when all was done. What is called `.gone-…` is the rest of a
/// removal that was cut short, which the daily clearing away takes.
fn lost_folders(repo: &TestRepo) -> Vec<String> {
    // What waits for review keeps its own, with a mark beside it.
    let lost = workspaces(repo).into_iter().filter(|folder| {
        let mark = format!("{}.review", folder.file_name().unwrap().to_string_lossy());
        !folder.with_file_name(mark).exists()
    });
    let all = lost.map(|folder| folder.display().to_string());
    all.filter(|folder| !folder.contains("/.gone-")).collect()
}

#[test]
fn what_holds_the_lock_after_its_supervisor_was_killed_is_ended_by_the_one_sync() {
    let work = "echo $BUILDQ_TOKEN > $OUT/token.new; mv $OUT/token.new $OUT/token\n\
                until test -e $OUT/go; do sleep 0.02; done; echo made > made";
    let repo = TestRepo::with_agent(work, "");
    repo.task("x", TASK);
    repo.wait_for(|repo| !repo.left("token").is_empty());
    let all = repo.processes();
    let supervisor = all.iter().find(|process| process.is("supervise")).unwrap();
    kill(supervisor.pid);
    repo.wait_for(|_| !lives(supervisor.pid));
    // As a sandbox does that outlives it for a moment, or a child that has not become another
    // program yet: that one bears the supervisor's own words.
    let git_dir = repo.git_dir();
    let lock = git_dir.join("buildq/builds/x-1.lock");
    std::fs::write(repo.root().join("supervise"), "touch held; sleep 600\n").unwrap();
    let mut orphan = repo.command("setsid");
    orphan.current_dir(repo.root()).arg("flock").arg(lock).args(["sh", "supervise", "--repo"]);
    orphan.arg(&git_dir).args(["--attempt", "1", "--", "x"]);
    let mut orphan = orphan.env("BUILDQ_TOKEN", repo.left("token").trim()).spawn().unwrap();
    repo.wait_for(|repo| repo.root().join("held").exists());
    let _ = repo.buildq(["sync"]).success();
    assert_eq!(repo.story("x"), ["started", "failed"], "{}", repo.scene());
    assert!(!orphan.wait().unwrap().success());
    repo.go();
    repo.step("09:06");
    let _ = repo.buildq(["sync"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_build_that_was_called_off_and_then_died_loses_nothing_and_does_not_live_on() {
    let script = "echo begun > begun; git add begun; git commit -qm begun; echo more > more\n\
                  touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done";
    let repo = TestRepo::with_agent(script, "");
    repo.task("x", TASK);
    repo.wait_alive("x");
    let all = repo.processes();
    let supervisor = all.iter().find(|process| process.is("supervise")).unwrap();
    // It dies at the very moment in which a person calls the build off.
    stop(supervisor.pid);
    repo.buildq(["cancel", "x"]).success();
    kill(supervisor.pid);
    repo.wait_for(|_| !lives(supervisor.pid));
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(repo.story("x"), ["started", "cancelled"]);
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "begun"), "begun\n");
    assert_eq!(repo.file_at("refs/buildq/attempts/x/1", "more"), "more\n");
    assert_eq!(lost_folders(&repo), Vec::<String>::new());
}

#[test]
fn locks_that_the_killed_left_on_refs_are_made_good() {
    let repo = TestRepo::new();
    let lock = |name: &str| {
        let path = repo.git_dir().join(format!("{name}.lock"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    };
    for name in ["refs/heads/buildq", "refs/heads/build/x", "refs/buildq/attempts/x/1"] {
        lock(name);
    }
    repo.runbook("x", "echo made > made");
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.file_at("build/x", "made"), "made\n");
    // Nothing is to be written there any more, and still they go: git's housekeeping minds them.
    let names = ["refs/heads/buildq", "refs/heads/build/x", "refs/buildq/branches/x"];
    names.into_iter().for_each(lock);
    let _ = repo.buildq(["sync"]).success();
    repo.git(["pack-refs", "--all"]);
    lock("refs/heads/main");
    repo.buildq(["add", "--name", "Y", "--desc", "Write a file.", "--criterion", "it is there"])
        .clear_refusal()
        .stderr_has("refs/heads/main.lock");
    std::fs::remove_file(repo.git_dir().join("refs/heads/main.lock")).unwrap();
}
