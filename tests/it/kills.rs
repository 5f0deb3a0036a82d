//! Kill anything at any moment: never two builders at once, nothing lost, and on to the end.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::chance::{Chance, seeds};
use crate::support::{Process, TestRepo, kill, lives, sandbox_works, stop};

/// Works for about half a second and puts down what it did in `$OUT/record`, where it can.
const BUILDER: &str = r#"
note() { echo "$@" >> OUT/record 2>/dev/null || true; }
note start $BUILDQ_ATTEMPT $$
for n in 1 2 3 4; do
  echo "$BUILDQ_ATTEMPT $n" > step-$n
  git add step-$n && git commit -qm "step $n" && note commit $BUILDQ_ATTEMPT $(git rev-parse HEAD)
  sleep 0.1
done
note end $BUILDQ_ATTEMPT $$
"#;

const TASK: &str =
    "Write the files 1 to 4.\n\n## Completion criteria\n- [ ] 1.txt to 4.txt are there";

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

#[test]
fn a_killed_sync_is_made_good() {
    rounds(1, 3, Victim::Verb("sync"));
}

#[test]
fn a_killed_supervisor_is_made_good() {
    rounds(2, 3, Victim::Verb("supervise"));
}

#[test]
fn a_killed_waker_is_made_good() {
    rounds(3, 2, Victim::Verb("waker"));
}

#[test]
fn a_killed_builder_is_made_good() {
    rounds(4, 2, Victim::Builder);
}

#[test]
fn a_build_that_dies_as_a_whole_is_made_good() {
    rounds(5, 3, Victim::WholeBuild);
}

#[test]
fn whatever_dies_is_made_good() {
    rounds(6, 3, Victim::Any);
}

#[test]
fn if_all_die_it_is_made_good() {
    rounds(7, 2, Victim::Everything);
}

fn rounds(own: u64, count: u64, victim: Victim) {
    let walls = sandbox_works();
    for (index, seed) in seeds(own, count).into_iter().enumerate() {
        // The first without a sandbox, the second inside one, and so on.
        round(seed, victim, walls && index % 2 == 1);
    }
}

fn round(seed: u64, victim: Victim, walls: bool) {
    let mut chance = Chance::new(seed);
    let repo = TestRepo::in_real_time();
    let out = repo.root().display().to_string();
    repo.program("agent", &format!("#!/bin/sh\n{}", BUILDER.replace("OUT", &out)));
    repo.git(["config", "buildq.sandbox", if walls { "require" } else { "off" }]);
    repo.config(
        "builder: agent\nbuilders: {agent: {command: [agent]}}\nretry: {max: 5, delay: 1s}\n\
         verify: [\"sh -c 'ls step-4'\"]",
    );
    let context = format!("seed {seed}, {victim:?}, sandbox {walls}");
    let watch = Watch { repo: &repo, context: &context };
    repo.task("x", TASK);
    for _ in 0..1 + chance.below(3) {
        strike(&watch, victim, chance.moment(Duration::from_millis(900)));
        let held = held_in_workspaces(&repo);
        repo.buildq(["sync"]).success();
        watch.holds_on_to(&held);
    }
    let begun = Instant::now();
    while repo.last("x") != "succeeded" {
        watch.look();
        let late = begun.elapsed() > Duration::from_secs(40);
        assert!(!late, "{context}: it did not go on to its end\n{}", repo.scene());
    }
    repo.settle();
    whole(&repo, &context);
}

/// Waits for the moment and for somebody to kill, and kills.
fn strike(watch: &Watch, victim: Victim, delay: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < delay {
        watch.look();
    }
    while begun.elapsed() < delay + Duration::from_millis(1500) {
        watch.look();
        let all = watch.repo.processes();
        let buildq = |process: &&Process| process.program().ends_with("buildq");
        let builder = |process: &Process| process.argv.iter().any(|word| word.ends_with("/agent"));
        let of_build = |process: &Process| {
            builder(process)
                || process.is("supervise")
                || process.is("workspace")
                || process.program().ends_with("bwrap")
        };
        let chosen: Vec<&Process> = match victim {
            Victim::Any => all.iter().filter(buildq).take(1).collect(),
            Victim::Verb(verb) => all.iter().filter(|p| p.is(verb)).take(1).collect(),
            Victim::Builder => all.iter().filter(|p| builder(p)).collect(),
            Victim::WholeBuild => all.iter().filter(|p| of_build(p)).collect(),
            Victim::Everything => all.iter().collect(),
        };
        if !chosen.is_empty() {
            chosen.iter().for_each(|process| stop(process.pid));
            chosen.iter().for_each(|process| kill(process.pid));
            // The kernel takes a moment to let go of what they held.
            watch.repo.wait_for(|_| !chosen.iter().any(|process| lives(process.pid)));
            return;
        }
    }
}

/// What stands in the workspaces: attempt and commit, as the killed builder left it.
fn held_in_workspaces(repo: &TestRepo) -> Vec<(String, String)> {
    let mut held = Vec::new();
    let below = repo.home().join(".local/state/buildq");
    for clone in std::fs::read_dir(below).into_iter().flatten().flatten() {
        for folder in std::fs::read_dir(clone.path()).into_iter().flatten().flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            let tip = std::fs::read_to_string(folder.path().join(".git/refs/heads/build/x"));
            if let (Some(attempt), Ok(tip)) = (name.strip_prefix("x-"), tip) {
                held.push((attempt.to_owned(), tip.trim().to_owned()));
            }
        }
    }
    held
}

/// Eyes on the builders of one repository.
struct Watch<'a> {
    repo: &'a TestRepo,
    context: &'a str,
}

impl Watch<'_> {
    /// One look: builders of two attempts must never live at one time.
    fn look(&self) {
        let builders = || -> Vec<(String, i32)> {
            let all = self.repo.processes().into_iter();
            let all =
                all.filter(|process| process.argv.iter().any(|word| word.ends_with("/agent")));
            let all = all.filter(|process| process.program().ends_with("sh"));
            all.filter_map(|process| Some((attempt_of(process.pid)?, process.pid))).collect()
        };
        let first = builders();
        let mut attempts: Vec<_> = first.iter().map(|(attempt, _)| attempt).collect();
        attempts.sort();
        attempts.dedup();
        // One look takes a while: only who is still there afterwards lived beside the others.
        let still = |pid: &i32| Path::new(&format!("/proc/{pid}/cwd")).exists();
        if attempts.len() > 1 && first.iter().all(|(_, pid)| still(pid)) {
            panic!("{}: two at once: {first:?}\n{}", self.context, self.repo.scene());
        }
        std::thread::sleep(Duration::from_millis(5));
    }

    /// What lay in a workspace when its builder died is in the refs by the time that the
    /// attempt has ended.
    fn holds_on_to(&self, held: &[(String, String)]) {
        let repo = self.repo;
        for (attempt, tip) in held {
            let kept = |repo: &TestRepo| {
                let name = format!("refs/buildq/attempts/x/{attempt}");
                repo.try_git(["merge-base", "--is-ancestor", tip, &name]).code == 0
            };
            let begun = Instant::now();
            while !kept(repo) {
                let late = begun.elapsed() > Duration::from_secs(30);
                assert!(!late, "{}: {tip} of {attempt} is lost\n{}", self.context, repo.scene());
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

/// The story is whole: every attempt ended before the next began, one end each, and what was
/// ever committed is in the refs.
fn whole(repo: &TestRepo, context: &str) {
    let story = repo.story("x");
    let mut open = false;
    for event in &story {
        match event.as_str() {
            "started" => assert!(!std::mem::replace(&mut open, true), "{context}: {story:?}"),
            _ => assert!(std::mem::replace(&mut open, false), "{context}: {story:?}"),
        }
    }
    assert_eq!(story.iter().filter(|event| *event == "succeeded").count(), 1, "{context}");
    let record = std::fs::read_to_string(repo.root().join("record")).unwrap_or_default();
    for line in record.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["commit", attempt, commit] = words[..] {
            let name = format!("refs/buildq/attempts/x/{attempt}");
            let kept = repo.try_git(["merge-base", "--is-ancestor", commit, &name]).code == 0;
            assert!(kept, "{context}: {commit} of attempt {attempt} is lost\n{}", repo.scene());
        }
    }
    assert!(repo.file_at("build/x", "step-4").ends_with(" 4\n"), "{context}");
    let left = held_in_workspaces(repo);
    assert!(left.is_empty(), "{context}: workspaces were left: {left:?}");
    repo.git(["fsck", "--strict", "--no-dangling"]);
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
    assert!(held_in_workspaces(&repo).is_empty());
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
    lock("refs/heads/main");
    repo.buildq(["add", "--name", "Y", "--desc", "Write a file.", "--criterion", "it is there"])
        .clear_refusal()
        .stderr_has("refs/heads/main.lock");
    std::fs::remove_file(repo.git_dir().join("refs/heads/main.lock")).unwrap();
}
