//! Long runs: where each goes on, and the sum of all, in a file outside the tree.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        text.replace('_', "").parse().unwrap_or_else(|_| panic!("`{name}={text}` is no number"))
    })
}

/// Whether a long run that began then has lasted for `BUILDQ_FAULTS_MINUTES`, else eight hours.
pub fn is_over(begun: Instant) -> bool {
    let minutes = number("BUILDQ_FAULTS_MINUTES").unwrap_or(480);
    begun.elapsed() > Duration::from_secs(60 * minutes)
}

/// The file of counts: `BUILDQ_FAULTS_FILE`, else where the tests' repositories lie.
fn file() -> PathBuf {
    let chosen = std::env::var_os("BUILDQ_FAULTS_FILE").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    chosen.unwrap_or_else(|| home().join(".cache/buildq-tests/faults.tsv"))
}

/// How many of a row earlier long runs have done: each line is `row, first, count, day, commit`.
pub fn done(row: &str) -> u64 {
    let text = fs::read_to_string(file()).unwrap_or_default();
    let count = |line: &str| {
        let mut words = line.split('\t');
        let is_it = words.next() == Some(row);
        words.nth(1).filter(|_| is_it)?.parse::<u64>().ok()
    };
    text.lines().filter_map(count).sum()
}

/// Notes that so many more were done, from the one of this number on.
pub fn note(row: &str, first: u64, count: u64) {
    let ask = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        let done = command.args(words).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let said = done.map(|done| done.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).trim().to_owned()
    };
    let (day, at) = (ask("date", &["-uI"]), ask("git", &["rev-parse", "--short", "HEAD"]));
    let path = file();
    path.parent().map(fs::create_dir_all);
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
    writeln!(file, "{row}\t{first}\t{count}\t{day}\t{at}").unwrap();
    eprintln!("{row}: {} in all", done(row));
}
