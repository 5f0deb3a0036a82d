//! A look with the help of caches says what a fresh look says, whatever has become of them.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::support::{CLEAR, TestRepo, files_below, runbook};

fn cache(repo: &TestRepo) -> PathBuf {
    repo.path(".git/buildq/cache")
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    for file in files_below(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&file, there).unwrap();
    }
}

/// The plan as people read it and as scripts do.
fn look(repo: &TestRepo) -> (String, String, String) {
    let page = repo.buildq(["sync", "--check"]).success().stdout;
    let json = repo.buildq(["sync", "--check", "--json"]).success().stdout;
    (page, json, status(repo))
}

/// What `status` says of tasks and builds, how long ago left open.
fn status(repo: &TestRepo) -> String {
    let page = repo.buildq(["status"]).success().stdout;
    let told = page.split("Health").next().unwrap_or_default();
    let timeless = told.split_whitespace().filter(|word| {
        let digits = word.trim_start_matches('(').trim_end_matches(['s', 'm', 'h', 'd']);
        *word != "now)" && (digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()))
    });
    timeless.collect::<Vec<_>>().join(" ").replace("(now", "").replace("ago)", "")
}

/// The plan with the caches of every earlier moment is the plan without any.
#[track_caller]
fn same(repo: &TestRepo, step: usize) -> String {
    let kept = |n: usize| repo.root().join(format!("cache-{n}"));
    copy(&cache(repo), &kept(step));
    let _ = fs::remove_dir_all(cache(repo));
    let fresh = look(repo);
    for n in 0..=step {
        copy(&kept(n), &cache(repo));
        assert_eq!(look(repo), fresh, "step {step} with the cache of step {n}");
        assert_eq!(look(repo), fresh, "step {step}, once more");
    }
    fresh.1
}

#[test]
fn whatever_happens_to_the_queue_a_cached_look_is_a_fresh_one() {
    let repo = TestRepo::new();
    repo.buildq(["pause"]).success();
    for n in 0..4 {
        repo.task(&format!("task-{n}"), &format!("{CLEAR} of case {n}"));
    }
    repo.task("sub/deploy", "Deploy the API to production.\n\n## Done when\n- [ ] it is there");
    repo.settle();
    let mut step = 0;
    let mut next = |what: &dyn Fn()| {
        what();
        repo.settle();
        step += 1;
        same(&repo, step - 1)
    };
    let first = next(&|| {});
    let edited = next(&|| _ = repo.task("task-1", "Make it better"));
    assert_ne!(first, edited);
    next(&|| _ = repo.git(["mv", "queue/task-2.md", "queue/task-9.md"]));
    next(&|| _ = repo.git(["commit", "-qm", "Rename"]));
    next(&|| _ = repo.git(["rm", "-q", "queue/task-0.md"]));
    next(&|| _ = repo.git(["commit", "-qm", "Remove"]));
    // The text that stood there before comes back.
    next(&|| _ = repo.task("task-1", &format!("{CLEAR} of case 1")));
    next(&|| _ = repo.git(["commit", "-q", "--amend", "-m", "Amended"]));
    next(&|| _ = repo.git(["reset", "-q", "--hard", "HEAD~2"]));
    next(&|| {
        repo.git(["switch", "-q", "-c", "other"]);
        repo.task("only-there", CLEAR);
        repo.git(["config", "buildq.queueBranch", "other"]);
    });
    next(&|| _ = repo.git(["config", "buildq.queueBranch", "main"]));
    next(&|| {
        repo.git(["switch", "-q", "main"]);
        repo.task("task-7", &format!("{CLEAR} of case 7"));
        repo.git(["merge", "-q", "-m", "Merge", "other"]);
    });
    let held = next(&|| {});
    let approved = next(&|| _ = repo.buildq(["approve", "deploy"]).success());
    assert_ne!(held, approved);
    let text = "Deploy the API to production now.\n\n## Done when\n- [ ] it is there";
    let edited = next(&|| _ = repo.task("sub/deploy", text));
    assert!(edited.contains("production"), "an approval is not remembered for another text");
    next(&|| repo.config("queue: {dir: queue}\nbuilder: steps"));
}

#[test]
fn a_damaged_cache_is_no_cache() {
    let repo = TestRepo::new();
    repo.buildq(["pause"]).success();
    repo.task("task-1", CLEAR);
    repo.task("deploy", "Deploy the API to production.\n\n## Done when\n- [ ] it is there");
    repo.settle();
    same(&repo, 0);
    let fresh = look(&repo);
    let files = files_below(&cache(&repo));
    for name in ["readings", "origins", "lasting"] {
        assert!(files.iter().any(|file| file.ends_with(name)), "{files:?}");
    }
    for file in files {
        let whole = fs::read(&file).unwrap();
        for at in [0, 40, whole.len() / 2, whole.len().saturating_sub(1)] {
            let mut bytes = whole.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 4;
            }
            for bytes in [bytes, whole[..at.min(whole.len())].to_vec(), b"format 0".to_vec()] {
                fs::write(&file, bytes).unwrap();
                assert_eq!(look(&repo), fresh, "{} at {at}", file.display());
            }
        }
    }
}

#[test]
fn in_a_large_queue_a_commit_is_answered_for_what_it_changes() {
    let repo = TestRepo::new();
    let later = |text: &str| format!("---\nnot_before: 2999-01-01\n---\n{text}");
    for n in 0..2001 {
        let text = later(&format!("{CLEAR} of case {n}"));
        repo.write(&format!("queue/{}/many-{n}.md", n % 20), text);
    }
    repo.git(["add", "queue"]);
    let all = repo.git(["commit", "-qm", "Many"]).stderr;
    assert!(all.contains("2001 tasks changed, buildq status tells of each"), "{all}");
    assert_eq!(all.matches("many-").count(), 0, "{all}");
    repo.wait_for(|repo| {
        fs::read_to_string(repo.path(".git/buildq/seen.json"))
            .is_ok_and(|seen| seen.contains("\"tasks\":2001"))
    });
    repo.settle();
    let upon = format!("---\ndepends_on: [many-7]\n---\n{}", runbook("true"));
    for (id, text, answer) in [
        ("vague", "Make it better".to_owned(), "vague held: "),
        ("upon", upon, "upon queued"),
        ("7/many-7", later(&runbook("false")), "many-7 queued, "),
        ("new", later(&runbook("true")), "new queued, "),
    ] {
        let said = repo.task(id, &text).stderr;
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(answer), "{id}: {said}");
        repo.settle();
    }
    // The sync after it knows the whole queue.
    let why = repo.buildq(["why", "upon"]).stdout;
    assert!(why.contains("`many-7` is not done yet"), "{why}");
}

/// Makes the plan that is kept tell that it was used: its words in capitals, sealed again.
fn mark(repo: &TestRepo) {
    let file = cache(repo).join("lasting");
    let mut content = fs::read(&file).unwrap();
    content.truncate(content.len() - 32);
    for word in ["hold ", "nothing "] {
        let places = content.windows(word.len()).enumerate();
        let places = places.filter(|(_, bytes)| *bytes == word.as_bytes()).map(|(at, _)| at);
        let places: Vec<usize> = places.collect();
        places.iter().for_each(|at| content[*at..*at + word.len()].make_ascii_uppercase());
    }
    let seal = Sha256::digest(&content);
    content.extend_from_slice(&seal);
    fs::write(&file, content).unwrap();
}

/// Whether `sync --check` and `sync` are answered by the plan that was kept.
#[track_caller]
fn is_used(repo: &TestRepo) -> bool {
    let check = repo.buildq(["sync", "--check"]).success().stdout.contains("HOLD ");
    let sync = repo.buildq(["sync"]).success().stdout.contains("NOTHING ");
    assert_eq!(check, sync, "{}", repo.scene());
    check
}

#[test]
fn a_plan_stands_while_all_that_it_was_made_of_does() {
    let repo = TestRepo::new().at("09:00");
    repo.task("later", CLEAR);
    repo.task("deploy", "Deploy the API to production.\n\n## Done when\n- [ ] it is there");
    repo.task("dated", &format!("---\npriority: high\nnot_before: 2026-02-07 10:30\n---\n{CLEAR}"));
    repo.settle();
    let data = files_below(&repo.home());
    let commits = data.iter().find(|file| file.ends_with("commits")).unwrap();
    let changes: [(&str, &dyn Fn()); 12] = [
        ("a minute earlier", &|| repo.step("08:59")),
        ("the moment that a task names", &|| repo.step("10:30")),
        ("an event", &|| _ = repo.buildq(["approve", "deploy"]).success()),
        ("an empty commit", &|| _ = repo.git(["commit", "-q", "--allow-empty", "-m", "Empty"])),
        ("a branch", &|| _ = repo.git(["branch", "build/dated"])),
        ("no branch", &|| _ = repo.git(["branch", "-D", "build/dated"])),
        ("a setting", &|| _ = repo.git(["config", "buildq.base", "other"])),
        ("no setting", &|| _ = repo.git(["config", "--unset", "buildq.base"])),
        ("a setting of the person", &|| _ = repo.git(["config", "--global", "a.b", "c"])),
        ("what was made here", &|| {
            let known = fs::read_to_string(commits).unwrap();
            fs::write(commits, known.lines().skip(1).collect::<Vec<_>>().join("\n")).unwrap();
        }),
        ("the next day", &|| repo.step("2026-02-08T00:00:00Z")),
        ("the policy", &|| repo.config("max_review: 9")),
    ];
    repo.buildq(["pause"]).success();
    for (what, change) in changes {
        repo.buildq(["sync"]).success();
        mark(&repo);
        assert!(is_used(&repo), "before {what}\n{}", repo.scene());
        change();
        repo.settle();
        assert!(!is_used(&repo), "{what}");
        assert_eq!(look(&repo).0, {
            let _ = fs::remove_dir_all(cache(&repo));
            look(&repo).0
        });
    }
}

#[test]
fn a_plan_that_stands_lets_start_what_becomes_due() {
    let repo = TestRepo::new().at("21:58");
    repo.task("tonight", &format!("---\npriority: medium\n---\n{}", runbook("echo made > made")));
    repo.settle();
    let held = repo.buildq(["sync", "--check"]).success().stdout;
    assert!(held.contains("hold tonight: window: opens 22:00"), "{held}");
    assert_eq!(repo.buildq(["sync"]).success().stdout, "nothing is due\n");
    repo.step("22:00");
    repo.wait_until("tonight", "succeeded").settle();
}
