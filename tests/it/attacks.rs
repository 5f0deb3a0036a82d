//! The attacks of `tests/attacks/`, each carried out and judged by what the machine, the user's
//! repository and the user's home look like afterwards.

mod ground;
mod script;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::ground::{Ground, UNLISTED};
use self::script::{Fate, Script, scripts};
use crate::support::{Said, TestRepo, Walls};

/// A task that is held for its risk; approving it is what forgers are after.
const HELD: &str = "---\npriority: high\n---\nDelete all customer records in the production database.\n\n\
                    ## Completion criteria\n- [ ] the table `customers` is empty\n";

/// A text that would pass every gate if it came from the user.
const GOOD: &str = "---\npriority: high\n---\nWrite a file with the result.\n\n\
                    ## Completion criteria\n- [ ] the file is there\n";

/// The victim: a repository that is lived in, with a remote, a home that holds secrets, and a
/// held task.
fn victim(script: &Script) -> (TestRepo, Ground) {
    let repo = TestRepo::new()
        .env("UNLISTED", UNLISTED)
        .env("SSH_AUTH_SOCK", "/run/user/0/agent")
        .env("DISPLAY", ":7")
        .env("DOCKER_HOST", "unix:///run/docker.sock")
        // Git's own progress would be told where a machine is slow.
        .env("GIT_PROGRESS_DELAY", "600");
    let ground = Ground::new(&repo);
    ground.live_in(&repo);
    let needs = script.header("needs").unwrap_or_default();
    repo.write("check.sh", "exit 0\n");
    repo.git(["add", "check.sh"]);
    repo.config(&format!(
        "builder: agent\nbuilders: {{agent: {{command: [agent]}}}}\nretry: {{max: 0}}\n{needs}"
    ));
    repo.task("held", HELD);
    repo.settle();
    (repo, ground)
}

/// Runs an attack as the builder of the task `x`; what it left undone by the rules of the house
/// is told, an empty list says that it achieved nothing.
fn as_builder(script: &Script, walls: Walls) -> Vec<String> {
    let (repo, mut ground) = victim(script);
    walls.around(&repo);
    let body = format!("{}\n{}", ground.places(&repo), script.text);
    repo.program("agent", &body);
    repo.buildq(["pause", "-m", "until all is in place"]).success();
    repo.task("x", GOOD);
    repo.settle();
    ground.remember(&repo);
    repo.buildq(["resume"]).success();
    let over = |repo: &TestRepo| {
        let story = repo.story("x");
        let ends = ["succeeded", "escalated", "blocked"];
        story.last().is_some_and(|last| ends.contains(&last.as_str()))
    };
    repo.settle();
    if !over(&repo) {
        // Whoever was to end it has been killed.
        let _ = repo.buildq(["sync"]);
        repo.settle();
    }
    if !over(&repo) {
        return vec![format!("it has no end\n{}", repo.scene())];
    }
    let mut told = ground.violations(&repo);
    ground.forged(&repo, &mut told);
    if let Some(then) = script.header("then") {
        Said::of(repo.command("sh").args(["-c", then])).success();
        repo.settle();
        repo.buildq(["sync"]).success();
        repo.settle();
        if repo.has("evil", "started") {
            told.push("the task `evil` has been started".into());
        }
        if repo.file_at("main", "queue/evil.md").is_empty() {
            told.push("the attack did not bring its task in".into());
        }
        return told;
    }
    ground.look_everywhere(&repo, &mut told);
    told
}

/// Every attack by a builder behind these walls; what went otherwise than its file says.
fn behind(walls: Walls) -> Vec<String> {
    if !walls.work() {
        return Vec::new();
    }
    each("builder", |script| match script.fate(walls) {
        Fate::Unsafe => Vec::new(),
        Fate::Blocked => as_builder(script, walls),
        Fate::Works if as_builder(script, walls).is_empty() => {
            vec![format!("it says that it works behind {walls:?}, and achieved nothing")]
        }
        Fate::Works => Vec::new(),
    })
}

#[test]
fn builders_achieve_nothing_behind_the_walls() {
    let failed = behind(Walls::Bubblewrap);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn behind_landlock_alone_they_achieve_what_they_say() {
    let failed = behind(Walls::Landlock);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn without_walls_they_achieve_what_they_say() {
    let failed = behind(Walls::Off);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_readme_names_what_works_and_nothing_else() {
    let readme = include_str!("../../README.md").replace('\n', " ");
    let all = scripts("builder");
    for (walls, begin) in [
        (Walls::Landlock, "Behind Landlock alone these achieve what they try:"),
        (Walls::Off, "With the sandbox off these achieve what they try:"),
    ] {
        let from = readme.find(begin).unwrap_or_else(|| panic!("the README has no `{begin}`"));
        let sentence = readme[from..].split([';', '.']).next().unwrap();
        let named: BTreeSet<_> = sentence.split('`').skip(1).step_by(2).collect();
        let works = all.iter().filter(|script| script.fate(walls) == Fate::Works);
        assert_eq!(named, works.map(|script| script.name.as_str()).collect(), "{walls:?}");
    }
    let count = format!("all {} attacks by builders", all.len());
    assert!(readme.contains(&count), "the README does not say `{count}`");
}

/// Runs an attack in the clone of a stranger who pushes; the user pulls.
fn as_stranger(script: &Script) -> Vec<String> {
    let (repo, mut ground) = victim(script);
    repo.agent(&format!("mkdir -p {0}; touch {0}/started\necho work > work", ground.loot()));
    let stranger = repo.clone_to("stranger");
    stranger.git(["config", "user.name", "Eve"]);
    stranger.git(["config", "user.email", "eve@example.org"]);
    stranger.git(["config", "remote.origin.url", repo.dir().to_str().unwrap()]);
    repo.git(["config", "receive.denyCurrentBranch", "ignore"]);
    ground.remember(&repo);
    let body = format!(
        "set -e\nGOOD='{}'\n{}\n{}",
        GOOD.replace('\n', "\\n"),
        ground.places(&repo),
        script.text
    );
    stranger.program("attack", &format!("#!/bin/sh\n{body}"));
    Said::of(stranger.command("sh").args(["-c", "attack"])).success();
    repo.git(["remote", "add", "stranger", stranger.dir().to_str().unwrap()]);
    let pulled = match script.header("pull") {
        // What git itself would not check out may still come in by a fetch.
        Some("by ref") => repo.git(["fetch", "-q", "--update-head-ok", "stranger", "main:main"]),
        _ => repo.git(["pull", "-q", "--ff-only", "stranger", "main"]),
    };
    repo.git(["remote", "remove", "stranger"]);
    repo.settle();
    let synced = repo.buildq(["sync"]);
    repo.settle();
    let mut told = Vec::new();
    ground::spoken_safely("git pull", &pulled, &mut told);
    ground::spoken_safely("buildq sync", &synced, &mut told);
    ground.allow_pull(&repo);
    told.extend(ground.violations(&repo));
    let started: Vec<_> =
        repo.ledger().into_iter().filter(|line| line.contains("started")).collect();
    if !started.is_empty() {
        told.push(format!("started: {started:?}"));
    }
    ground.look_everywhere(&repo, &mut told);
    told
}

#[test]
fn what_strangers_push_is_held_and_shown_as_text() {
    let failed = each("stranger", as_stranger);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Every attack of a folder, or the one that `BUILDQ_ATTACK` names, two at a time; what is told
/// names its attack.
fn each(folder: &str, judge: impl Fn(&Script) -> Vec<String> + Sync) -> Vec<String> {
    let mut all = scripts(folder);
    assert!(!all.is_empty(), "there are no attacks in `{folder}`");
    let only = std::env::var("BUILDQ_ATTACK").ok();
    all.retain(|script| only.as_ref().is_none_or(|only| *only == script.name));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed = std::sync::Mutex::new(Vec::new());
    let work = || {
        while let Some(script) = all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let judged = catch_unwind(AssertUnwindSafe(|| judge(script)));
            let told = judged.unwrap_or_else(|_| vec!["the test itself gave up, see above".into()]);
            let lines = told.iter().map(|line| format!("{}: {line}", script.name));
            failed.lock().unwrap().extend(lines);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    failed
}
