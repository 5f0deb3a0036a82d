//! Clearing away: nothing goes whose work is not in the refs, and nothing that is not ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::chance::{Chance, seeds};
use crate::support::{CLEAR, TestRepo, WAITS};

/// Where this clone's workspaces are.
fn workspaces(repo: &TestRepo) -> PathBuf {
    let id = repo.ask(["config", "buildq.cloneId"]);
    repo.home().join(".local/state/buildq").join(id)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// A repository whose build of `one` waits, and a workspace that no ledger knows: a copy of its.
fn with_ghost() -> (TestRepo, PathBuf) {
    let repo = TestRepo::with_agent(WAITS, "");
    repo.task("one", CLEAR);
    repo.wait_alive("one");
    let ghost = workspaces(&repo).join("ghost-7");
    copy(&workspaces(&repo).join("one-1"), &ghost);
    (repo, ghost)
}

#[test]
fn what_cannot_be_taken_over_stays_until_it_can_or_is_given_up() {
    let breaks = "echo made > made; git add made; git commit -qm made; echo more > more\n\
                  cp .git/HEAD $OUT/head; echo nonsense > .git/HEAD; exit 1";
    let repo = TestRepo::with_agent(breaks, "retry: {max: 0}");
    repo.task("one", CLEAR);
    repo.wait_until("one", "escalated");
    let folder = workspaces(&repo).join("one-1");
    repo.wait_for(|_| !repo.processes().iter().any(|process| process.is("supervise")));
    repo.buildq(["gc", "--dry-run"]).stdout_has("would be taken over, then go: workspace one-1");
    let said = repo.buildq(["gc"]).success();
    let said = said.stdout_has("kept: workspace one-1 (").stdout_has("could not be taken over: ");
    said.stdout_has(&format!("hint: look into {}", folder.display()))
        .stdout_has("buildq gc --drop one-1");
    assert_eq!(fs::read_to_string(folder.join("more")).unwrap(), "more\n");

    // Mended by a person, it comes over, committed or not.
    fs::copy(repo.root().join("head"), folder.join(".git/HEAD")).unwrap();
    repo.buildq(["gc"]).stdout_has("taken over and removed: workspace one-1 (").success();
    assert!(!folder.exists());
    assert_eq!(repo.file_at("refs/buildq/attempts/one/1", "made"), "made\n");
    assert_eq!(repo.file_at("refs/buildq/attempts/one/1", "more"), "more\n");
    assert_eq!(names(&workspaces(&repo)), [".buildq-workspaces"]);
}

#[test]
fn a_person_may_give_a_workspace_up_by_name_alone() {
    let breaks = "echo made > made; echo nonsense > .git/HEAD; exit 1";
    let repo = TestRepo::with_agent(breaks, "retry: {max: 0}");
    repo.task("one", CLEAR);
    repo.wait_until("one", "escalated");
    repo.buildq(["gc", "--drop", "two-1"]).code(1).stderr_has("there are: one-1");
    repo.buildq(["gc", "--drop", "one-1"])
        .stdout_has("removed: workspace one-1 (")
        .stdout_has("you gave it up")
        .success();
    assert_eq!(names(&workspaces(&repo)), [".buildq-workspaces"]);
}

#[test]
fn a_running_build_is_never_touched_and_an_orphan_is_taken_over() {
    let (repo, ghost) = with_ghost();
    fs::write(ghost.join("uncommitted"), "work\n").unwrap();
    let said = repo.buildq(["gc"]).success();
    said.stdout_has("kept: workspace one-1 (")
        .stdout_has("a builder may be at work in it")
        .stdout_has("taken over and removed: workspace ghost-7 (");
    assert_eq!(repo.file_at("refs/buildq/attempts/ghost/7", "begun"), "begun\n");
    assert_eq!(repo.file_at("refs/buildq/attempts/ghost/7", "uncommitted"), "work\n");
    assert!(!ghost.exists());
    repo.buildq(["gc", "--drop", "one-1"]).stdout_has("a builder may be at work in it").success();
    repo.go();
    repo.wait_until("one", "succeeded");
    assert_eq!(repo.file_at("build/one", "made"), "made\n");
}

#[test]
fn nothing_that_is_not_ours_goes_and_no_link_is_followed() {
    let (repo, ghost) = with_ghost();
    let all = workspaces(&repo);
    let precious = repo.root().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "dear\n").unwrap();
    // Links inside a workspace, in the place of one, of a log and of a trial.
    symlink(&precious, ghost.join("out")).unwrap();
    for name in ["linked-1", "linked-1-base", "linked-accept", ".gone-linked-1-0"] {
        symlink(&precious, all.join(name)).unwrap();
    }
    symlink(&precious, repo.path(".git/buildq/logs/linked-1")).unwrap();
    for name in ["notes", "unmarked-3", "one-1-base-old"] {
        fs::create_dir(all.join(name)).unwrap();
        fs::write(all.join(name).join("file"), "mine\n").unwrap();
    }
    let said = repo.buildq(["gc"]).success();
    said.stdout_has("kept: notes (")
        .stdout_has("kept: linked-1 (")
        .stdout_has("kept: workspace unmarked-3 (");
    for name in ["notes", "unmarked-3", "one-1-base-old"] {
        assert_eq!(fs::read_to_string(all.join(name).join("file")).unwrap(), "mine\n");
    }
    assert_eq!(fs::read_to_string(precious.join("file")).unwrap(), "dear\n");
    assert!(!ghost.exists());
    repo.go();
    repo.wait_until("one", "succeeded");
}

#[test]
fn trials_and_removals_that_were_cut_short_go() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.task("one", CLEAR);
    repo.wait_until("one", "succeeded").settle();
    let all = workspaces(&repo);
    for name in ["one-1-base", "one-1-try", "one-accept", ".gone-one-1-0"] {
        fs::create_dir(all.join(name)).unwrap();
        fs::write(all.join(name).join("file"), "x").unwrap();
    }
    repo.buildq(["gc"]).stdout_has("removed: trial one-accept (").success();
    assert_eq!(names(&all), [".buildq-workspaces", "one-1", "one-1.review"]);
}

#[test]
fn logs_go_by_age_by_themselves_and_by_budget() {
    let repo = TestRepo::with_agent("echo made > made; seq 20000", "keep: {age: 10d}");
    for id in ["one", "two"] {
        repo.task(id, CLEAR);
        repo.wait_until(id, "succeeded");
    }
    repo.git(["merge", "-q", "--no-edit", "build/one"]);
    repo.wait_until("one", "merged");
    let logs = || names(&repo.path(".git/buildq/logs"));
    let attempts = || logs().into_iter().filter(|name| name.ends_with("-1")).collect::<Vec<_>>();
    assert_eq!(attempts(), ["one-1", "two-1"]);
    repo.buildq(["gc"]).success();
    assert_eq!(attempts(), ["one-1", "two-1"]);
    // Within the age a smaller budget of this machine's own takes the oldest that nobody waits for.
    repo.git(["config", "buildq.keepDisk", "1kB"]);
    repo.buildq(["gc", "--dry-run"]).stdout_has("would go: 1 log (").success();
    assert_eq!(attempts(), ["one-1", "two-1"]);
    repo.git(["config", "buildq.keepDisk", "much"]);
    repo.buildq(["gc"]).code(2).stderr_has("`buildq.keepDisk` in git config");
    repo.git(["config", "--unset", "buildq.keepDisk"]);
    // Eleven days later a sync sees to it; what waits for review keeps its log.
    repo.step("2026-02-18T10:00:00Z");
    repo.buildq(["sync"]).success();
    repo.wait_for(|_| attempts() == ["two-1"]);
    let json = repo.buildq(["gc", "--json"]).success().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let log = json["items"].as_array().unwrap().iter().find(|item| item["kind"] == "log");
    assert_eq!(log.unwrap()["name"], "two-1");
    assert_eq!(log.unwrap()["fate"], "stay");
}

#[test]
fn two_at_once_and_one_that_is_killed() {
    for seed in seeds(31, 3) {
        let (repo, ghost) = with_ghost();
        for number in 0..300 {
            fs::create_dir_all(ghost.join(format!("d{number}"))).unwrap();
            fs::write(ghost.join(format!("d{number}/file")), "work\n").unwrap();
        }
        let mut chance = Chance::new(seed);
        let gc = || {
            let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
            command.arg("gc").stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let mut two = [gc(), gc()];
        std::thread::sleep(chance.moment(Duration::from_millis(400)));
        for one in &mut two {
            let _ = one.kill();
            one.wait().unwrap();
        }
        // What the killed ones had begun inside the walls ends with them; then all is made good.
        repo.wait_for(|repo| {
            repo.buildq(["gc"]).success();
            names(&workspaces(repo)) == [".buildq-workspaces", "one-1"]
        });
        let at = "refs/buildq/attempts/ghost/7";
        for number in [0, 150, 299] {
            assert_eq!(repo.file_at(at, &format!("d{number}/file")), "work\n", "seed {seed}");
        }
        repo.go();
        repo.wait_until("one", "succeeded");
    }
}

/// Packs of git's that lie there.
fn packs(repo: &TestRepo) -> usize {
    let names = names(&repo.path(".git/objects/pack"));
    names.iter().filter(|name| name.ends_with(".pack")).count()
}

#[test]
fn git_packs_what_lies_loose_after_a_sync_where_it_would_itself() {
    let repo = TestRepo::with_agent("true", "");
    // Of these, about six lie in the folder that git counts.
    let files: Vec<_> = (0..1500).map(|n| format!("loose/{n}")).collect();
    files.iter().for_each(|name| repo.write(name, name));
    let words = ["hash-object", "-w"];
    repo.git(words.into_iter().chain(files.iter().map(String::as_str)));
    for setting in ["gc.auto=0", "maintenance.auto=false"] {
        let (key, value) = setting.split_once('=').unwrap();
        repo.git(["config", "gc.auto", "2"]);
        repo.git(["config", "maintenance.auto", "true"]);
        repo.git(["config", key, value]);
        repo.buildq(["sync"]).success();
        repo.buildq(["gc", "--pack"]).success();
        assert_eq!(packs(&repo), 0, "{setting}");
    }
    let _ = fs::remove_file(repo.path(".git/buildq/cache/upkeep"));
    repo.git(["config", "maintenance.auto", "true"]);
    repo.git(["config", "gc.auto", "2"]);
    repo.buildq(["sync"]).success();
    repo.wait_for(|repo| packs(repo) > 0);
}
