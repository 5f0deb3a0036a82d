use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use super::*;

const HOSTILE: &str = "trap '' TERM HUP INT; echo $$ >> $0; sleep 600 & \
    while :; do wait; done";

/// Waits until the file has this many lines.
fn pids_in(file: &Path, count: usize) -> Vec<u32> {
    let start = clock::tick();
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.ends_with('\n') && text.lines().count() >= count {
            return text.lines().map(|line| line.parse().unwrap()).collect();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no {count} pids in time");
        thread::yield_now();
    }
}

fn lives(pid: u32) -> bool {
    Process::look(pid).is_some_and(|process| process.lives)
}

fn start(script: &str, file: &Path, cwd: &Path, token: Option<&str>) {
    let mut command = Command::new("setsid");
    command.args(["-f", "sh", "-c", script]).arg(file).current_dir(cwd);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(token) = token {
        command.env(env::TOKEN, token);
    }
    assert!(command.status().unwrap().success());
}

#[test]
fn strays_are_found_by_token_and_by_folder_and_ended() {
    let dir = tempfile::tempdir().unwrap();
    let [ws, file] = ["ws", "pids"].map(|name| dir.path().join(name));
    std::fs::create_dir_all(ws.join("sub")).unwrap();
    let token = format!("sweep-{}", std::process::id());
    start(HOSTILE, &file, Path::new("/"), Some(&token));
    start(HOSTILE, &file, &ws.join("sub"), None);
    let longer = format!("{token}x");
    start(HOSTILE, &file, dir.path(), Some(&longer));
    let pids = pids_in(&file, 3);
    let spared = pids
        .iter()
        .copied()
        .find(|pid| carries(*pid, &longer))
        .expect("the third carries another token");

    let found = living(&token, &ws);
    assert!(pids.iter().all(|pid| found.contains(pid) != (*pid == spared)), "{found:?}");
    let ended = end_all(&token, &ws, Duration::from_millis(50)).unwrap();
    assert!(ended >= 4, "two shells and their sleeps: {ended}");
    assert!(living(&token, &ws).is_empty());
    assert!(pids.iter().all(|pid| lives(*pid) == (*pid == spared)));
    end_all(&longer, &ws, Duration::ZERO).unwrap();
    assert!(!lives(spared));
    assert_eq!(end_all("", &ws, Duration::ZERO).unwrap(), 0);
}

#[test]
fn what_ends_when_asked_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    // In short sleeps: a signal that comes just before a `wait` is heard after it.
    let polite = "trap 'echo $$ >> $0; exit' TERM; echo $$ >> $0; \
        while :; do sleep 0.05; done";
    start(polite, &file, dir.path(), None);
    pids_in(&file, 1);
    let (begun, grace) = (clock::tick(), Duration::from_secs(600));
    end_all("", dir.path(), grace).unwrap();
    // Many looks on a machine that is busy with other things take their time.
    assert!(begun.elapsed() < grace / 2);
    assert_eq!(pids_in(&file, 2).len(), 2, "it could say goodbye");
}

#[test]
fn what_forks_faster_than_it_is_looked_for_ends_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let forks = "echo $$ >> $0; f() { trap '' TERM; (sleep 0.02; f) & exit; }; f";
    for _ in 0..2 {
        start(forks, &file, dir.path(), None);
    }
    pids_in(&file, 2);
    end_all("", dir.path(), Duration::ZERO).unwrap();
    assert!(living("", dir.path()).is_empty());
}

#[test]
fn a_process_is_known_by_all_of_its_words() {
    let seconds = format!("600.{}", std::process::id());
    let seen = |words: &[&str]| is_seen(&words.iter().map(OsStr::new).collect::<Vec<_>>());
    assert!(!seen(&[&seconds]));
    // What is not detached is none of them.
    let mut child = Command::new("sleep").arg(&seconds).process_group(0).spawn().unwrap();
    let near =
        seen(&[&seconds]) && Process::look(child.id()).is_some_and(|process| !process.terminal);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!near, "a child looks like one that was detached");
    let mut child = Command::new("setsid").args(["sleep", &seconds]).spawn().unwrap();
    let begun = clock::tick();
    while !seen(&[&seconds]) && begun.elapsed() < Duration::from_secs(20) {}
    let known = seen(&[&seconds]);
    let more = seen(&[&seconds, "more"]);
    child.kill().unwrap();
    assert!(known && !more, "with other words it is another process");
    while seen(&[&seconds]) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the dead are seen");
    }
    child.wait().unwrap();
}

#[test]
fn children_are_told_where_one_is_known() {
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    assert!(children_with(child.id()).is_some_and(|all| all.contains(&child.id())));
    let walled = |group| Quarry { group: Some(group), walled: true, ..Quarry::default() };
    assert_eq!(hunt_near(&walled(child.id()), &mut |_| None), Some(Vec::new()));
    assert!(!dead_children(child.id()).contains(&child.id()));
    child.kill().unwrap();
    while lives(child.id()) {}
    assert!(dead_children(child.id()).contains(&child.id()));
    child.wait().unwrap();
    // Without one that is known, the list is not believed.
    assert_eq!(children_with(child.id()), None);
    assert_eq!(hunt_near(&walled(child.id()), &mut |_| None), None);
    let open = Quarry { group: Some(std::process::id()), ..Quarry::default() };
    assert_eq!(hunt_near(&open, &mut |_| None), None);
}

#[test]
fn names_cannot_forge_a_stat_line() {
    let stat = "7 (a) Z 1 (b) R) S 3 4 5 34816 0 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0";
    let process = Process::parse(7, stat).unwrap();
    assert!(process.lives && process.terminal);
    let Process { parent, group, session, start, .. } = process;
    assert_eq!((parent, group, session, start), (3, 4, 5, 99));
    assert_eq!(Process::parse(7, "7 (x"), None);
}

#[test]
fn this_process_and_its_ancestors_are_spared() {
    let here = std::env::current_dir().unwrap();
    assert!(!living("", &here).contains(&std::process::id()));
}
