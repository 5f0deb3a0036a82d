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
struct Place {
    name: &'static str,
    /// `buildq.yaml`, and further files, with what leaves `good`.
    before: Files,
    /// What changes, so that `bad` is left.
    after: Files,
}

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

/// Commits files in one of the ways; what the hook said, where one saw it.
fn change(repo: &TestRepo, files: &Files, way: Way) -> String {
    if way == Way::Own {
        put(repo, repo.dir(), files);
        repo.git(["add", "-A", "-f", "."]);
        return repo.git(["commit", "-qm", "Change it"]).stderr;
    }
    let other = repo.root().join("other");
    let _ = std::fs::remove_dir_all(&other);
    let at = other.to_str().unwrap().to_owned();
    repo.git(["clone", "-q", repo.dir().to_str().unwrap(), &at]);
    put(repo, &other, files);
    repo.git(["-C", &at, "add", "-A", "-f", "."]);
    repo.git(["-C", &at, "commit", "-qm", "Change it"]);
    if way == Way::Merged {
        repo.write("mine.txt", "mine\n");
        repo.git(["add", "mine.txt"]);
        repo.git(["commit", "-qm", "Something of mine"]);
        return repo.git(["pull", "-q", "--no-rebase", "--no-edit", &at, "main"]).stderr;
    }
    repo.git(["pull", "-q", "--ff-only", &at, "main"]).stderr
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
    change(&repo, &place.before, Way::Own);
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo
}

/// After the change a task does not start, in whatever way it came; after `trust` it runs with
/// the change, so that the first half could have failed.
fn check(place: &Place, way: Way) {
    let name = format!("{}, {way:?}", place.name);
    let repo = trusted(place);
    let said = change(&repo, &place.after, way);
    if way == Way::Own {
        assert!(said.contains("nothing starts until `buildq trust`"), "{name}: {said}");
    }
    repo.settle();
    repo.task("x", CLEAR);
    sync_to_the_end(&repo);
    assert!(!ran(&repo).contains("bad"), "{name}: it ran\n{}", repo.scene());
    assert!(!repo.has("x", "started"), "{name}: it started\n{}", repo.scene());
    let why = repo.buildq(["why", "x"]).success().stdout;
    assert!(why.contains("buildq trust"), "{name}: {why}");
    let refused = repo.buildq(["trust"]).clear_refusal();
    refused.stderr_has("nobody is here to ask").stderr_has("hint: buildq trust --yes");
    assert!(!repo.has("x", "started"), "{name}");
    repo.buildq(["trust", "--yes"]).success().stdout_has("trusted");
    repo.wait_for(|repo| repo.has("x", "succeeded") || repo.has("x", "failed")).settle();
    assert!(ran(&repo).contains("bad"), "{name}: the change did not run\n{}", repo.scene());
}
