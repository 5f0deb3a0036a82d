//! What the README shows of a terminal is what a terminal shows: a demo, captured, with ages, names of
//! machines and commits put as they stand there. `UPDATE_GOLDEN=1` writes the captures anew.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Said, Terminal, TestRepo, sandbox_works};

/// What differs from run to run, and what stands for it.
const VARYING: [(&str, &str); 4] = [
    (r"(\d+[ms] )*\d+[ms] ago|\bnow\b", "5m ago"),
    (r"after (\d+m )?\d+s", "after 0s"),
    (r"\b[0-9a-f]{7}\b", "1a2b3c4"),
    // The column of a page beside the list ends where its words do.
    (r" +\n", "\n"),
];

pub fn steady(screen: &str) -> String {
    let screen = screen.split("\nHealth\n").next().unwrap().trim_end().to_owned() + "\n";
    VARYING.iter().fold(screen, |text, (pattern, fixed)| {
        Regex::new(pattern).unwrap().replace_all(&text, *fixed).into_owned()
    })
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The capture that is kept; written where that is asked for.
pub fn kept(name: &str, screen: &str) -> String {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden(name), screen).unwrap();
    }
    fs::read_to_string(golden(name)).unwrap()
}

#[test]
fn a_demo_looks_as_the_captures_do() {
    if !sandbox_works() {
        eprintln!("left out: the captures of a demo (no sandbox)");
        return;
    }
    let repo = TestRepo::in_real_time();
    let Some(terminal) = Terminal::open(&repo, (100, 40), &[]) else { return };
    let demo = repo.root().join("demo");
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    Said::of(command.arg("demo").arg("--keep").arg(&demo)).success();
    terminal.runs(&format!("cd {}", demo.display()));
    terminal.runs("buildq status");
    let screen = terminal.shows("Health");
    let screen = steady(&screen[screen.find("Needs you").unwrap()..]);
    assert_eq!(screen, kept("status.txt", &screen), "look at it, then: UPDATE_GOLDEN=1");
    terminal.resize(100, 26).runs("clear; buildq watch");
    terminal.until(|screen| screen.contains("? help") && screen.contains("look at it"));
    let screen = steady(&terminal.screen());
    assert_eq!(screen, kept("watch.txt", &screen), "look at it, then: UPDATE_GOLDEN=1");
    terminal.keys(&["q"]).shows("ready>");
    drop(terminal);
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    Said::of(command.arg("-C").arg(&demo).args(["uninstall", "--yes"])).success();
    repo.settle();
}

#[test]
fn the_readme_shows_the_captures() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for name in ["status.txt", "watch.txt", "building.txt"] {
        let capture = fs::read_to_string(golden(name)).unwrap();
        let shown = readme.contains(&format!("\n{capture}```\n"));
        assert!(shown, "README.md does not show tests/golden/{name} as it is");
    }
}
