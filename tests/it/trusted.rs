//! Nothing that was changed after it was trusted or approved runs: for every place that decides
//! what is run, and every way in which a change comes.

mod approvals;
mod authors;
mod places;
mod races;
mod tasks;

use std::os::unix::fs::PermissionsExt;

use crate::support::{CLEAR, TestRepo};

/// A file of the work tree: path and content; one that begins with `->` is a symbolic link.
type Files = Vec<(String, String)>;

/// One place that decides what is run. What runs leaves the word `good` or `bad` outside.
#[derive(Clone)]
struct Place {
    name: &'static str,
    /// `buildq.yaml`, and further files, with what leaves `good`.
    before: Files,
    /// What changes, so that `bad` is left.
    after: Files,
    /// The branch on which it changes.
    branch: &'static str,
    /// Settings of the clone without which it would not be run.
    ready: fn(&TestRepo),
}

impl Place {
    fn new(name: &'static str, before: Files, after: Files) -> Self {
        Self { name, before, after, branch: "main", ready: |_| {} }
    }

    /// The changed files as they were before; those that were not there go.
    fn back(&self) -> Files {
        let before = |path: &String| self.before.iter().find(|(other, _)| other == path);
        let back = |(path, _): &(String, String)| match before(path) {
            Some(file) => file.clone(),
            None => (path.clone(), GONE.to_owned()),
        };
        self.after.iter().map(back).collect()
    }
}

/// The content of a file that is not there.
const GONE: &str = "\0";

/// How a change comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A commit made here.
    Own,
    /// A fast-forward to somebody else's commit.
    Pulled,
    /// A merge of somebody else's commit with one made here.
    Merged,
}

const WAYS: [Way; 3] = [Way::Own, Way::Pulled, Way::Merged];

fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// Puts files into a work tree; scripts may be run. `OUT` stands for the folder of the test.
fn put(repo: &TestRepo, folder: &std::path::Path, files: &Files) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        match text.strip_prefix("->") {
            _ if text == GONE => {}
            Some(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
            None => {
                let text = text.replace("OUT", repo.root().to_str().unwrap());
                std::fs::write(&path, text).unwrap();
                let mode = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(&path, mode).unwrap();
            }
        }
    }
}

/// Commits files to `main` in one of the ways; what the hook said, where one saw it.
fn change(repo: &TestRepo, files: &Files, way: Way) -> String {
    change_on(repo, "main", files, way)
}

/// The same on another branch; `main` is checked out afterwards.
fn change_on(repo: &TestRepo, branch: &str, files: &Files, way: Way) -> String {
    if branch != "main" {
        repo.git(["switch", "-q", branch]);
    }
    let said = commit(repo, branch, files, way);
    if branch != "main" {
        repo.git(["switch", "-q", "main"]);
    }
    said
}

fn commit(repo: &TestRepo, branch: &str, files: &Files, way: Way) -> String {
    if way == Way::Own {
        put(repo, repo.dir(), files);
        repo.git(["add", "-A", "-f", "."]);
        return repo.git(["commit", "-qm", "Change it"]).stderr;
    }
    let other = repo.root().join("other");
    let _ = std::fs::remove_dir_all(&other);
    let at = other.to_str().unwrap().to_owned();
    repo.git(["clone", "-q", "-b", branch, repo.dir().to_str().unwrap(), &at]);
    put(repo, &other, files);
    repo.git(["-C", &at, "add", "-A", "-f", "."]);
    repo.git(["-C", &at, "commit", "-qm", "Change it"]);
    if way == Way::Merged {
        repo.write("mine.txt", "mine\n");
        repo.git(["add", "mine.txt"]);
        repo.git(["commit", "-qm", "Something of mine"]);
        return repo.git(["pull", "-q", "--no-rebase", "--no-edit", &at, branch]).stderr;
    }
    repo.git(["pull", "-q", "--ff-only", &at, branch]).stderr
}

/// What was left by whatever ran.
fn ran(repo: &TestRepo) -> String {
    repo.left("ran")
}

/// Sync until nothing is due.
fn sync_to_the_end(repo: &TestRepo) {
    repo.settle();
    let _ = repo.buildq(["sync"]);
    repo.settle();
    let _ = repo.buildq(["sync"]);
    repo.settle();
}

/// A repository in which the place is trusted as it was before.
fn trusted(place: &Place) -> TestRepo {
    let repo = TestRepo::new().env("LATER_KEY", "bad");
    if place.branch != "main" {
        repo.git(["branch", "-q", place.branch]);
        change_on(&repo, place.branch, &place.before, Way::Own);
    }
    change(&repo, &place.before, Way::Own);
    (place.ready)(&repo);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo
}

/// In each of the three ways: after the change a task does not start and nothing runs; after
/// `trust` it runs with the change, so that the first half could have failed. There, back, and
/// there again.
fn check(place: &Place) {
    let repo = trusted(place);
    for (number, way) in WAYS.into_iter().enumerate() {
        let name = format!("{}, {way:?}", place.name);
        let (files, word) = match number % 2 {
            0 => (place.after.clone(), "bad"),
            _ => (place.back(), "good"),
        };
        let before = ran(&repo);
        let said = change_on(&repo, place.branch, &files, way);
        if way == Way::Own {
            assert!(said.contains("nothing starts until `buildq trust`"), "{name}: {said}");
        }
        repo.settle();
        let task = format!("x{number}");
        repo.task(&task, &CLEAR.replace("result", &format!("result-{number}")));
        sync_to_the_end(&repo);
        assert_eq!(ran(&repo), before, "{name}: it ran\n{}", repo.scene());
        assert!(!repo.has(&task, "started"), "{name}: it started\n{}", repo.scene());
        let why = repo.buildq(["why", &task]).success().stdout;
        assert!(why.contains("buildq trust"), "{name}: {why}");
        let refused = repo.buildq(["trust"]).clear_refusal();
        refused.stderr_has("nobody is here to ask").stderr_has("hint: buildq trust --yes");
        assert!(!repo.has(&task, "started"), "{name}");
        repo.buildq(["trust", "--yes"]).success().stdout_has("trusted");
        let over = |repo: &TestRepo| repo.has(&task, "succeeded") || repo.has(&task, "failed");
        repo.wait_for(over).settle();
        let now = ran(&repo);
        let new: Vec<_> = now[before.len()..].lines().collect();
        let changed = !new.is_empty() && new.iter().all(|line| *line == word);
        assert!(changed, "{name}: the change did not run: {new:?}\n{}", repo.scene());
    }
}
