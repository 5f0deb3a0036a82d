//! Long runs: what was done, by row, so that the next run goes on from there, and its sum.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::base_folder;

/// Whether the long forms run: `BUILDQ_FAULTS=long`.
pub fn is_long() -> bool {
    std::env::var("BUILDQ_FAULTS").is_ok_and(|word| word == "long")
}

/// Where counts are kept: `BUILDQ_FAULTS_FILE`, else beside the tests' repositories.
fn file() -> PathBuf {
    let chosen = std::env::var_os("BUILDQ_FAULTS_FILE").map(PathBuf::from);
    chosen.unwrap_or_else(|| base_folder().join("faults.tsv"))
}

/// A long run ends after `BUILDQ_FAULTS_MINUTES`, by itself after eight hours.
fn time() -> Duration {
    let minutes = std::env::var("BUILDQ_FAULTS_MINUTES").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(60 * minutes.unwrap_or(480))
}

/// One row of the table.
pub struct Tally {
    row: &'static str,
    done: BTreeSet<String>,
    begun: Instant,
}

impl Tally {
    /// What the earlier long runs of this row have done.
    pub fn open(row: &'static str) -> Self {
        let lines = lines().into_iter().filter(|line| line.row == row);
        Self { row, done: lines.map(|line| line.key).collect(), begun: Instant::now() }
    }

    /// Of these keys the ones to do now: in a short run the first `short`, in a long one all that
    /// no earlier run has done, until the time is up.
    pub fn run<K: ToString>(
        &mut self,
        keys: impl IntoIterator<Item = K>,
        short: usize,
        mut round: impl FnMut(K) -> usize,
    ) {
        let mut broken = Vec::new();
        let most = if is_long() { usize::MAX } else { short };
        for key in keys.into_iter().take(most) {
            let name = key.to_string();
            if is_long() && (self.done.contains(&name) || self.begun.elapsed() > time()) {
                continue;
            }
            if !is_long() {
                round(key);
                continue;
            }
            // One fault that is found must not keep the others from being found.
            match std::panic::catch_unwind(AssertUnwindSafe(|| round(key))) {
                Ok(count) => self.note(name, count),
                Err(_) => broken.push(name),
            }
        }
        if is_long() {
            let sum: usize = lines().iter().filter(|l| l.row == self.row).map(|l| l.count).sum();
            eprintln!("{}: {sum} in all", self.row);
        }
        assert!(broken.is_empty(), "{}: {} broke: {broken:?}", self.row, broken.len());
    }

    fn note(&mut self, key: String, count: usize) {
        let ask = |program: &str, words: &[&str]| {
            let mut command = Command::new(program);
            command.current_dir(env!("CARGO_MANIFEST_DIR")).args(words);
            let said = command.output().ok().map(|done| done.stdout).unwrap_or_default();
            String::from_utf8_lossy(&said).trim().to_owned()
        };
        let at = ask("git", &["rev-parse", "--short", "HEAD"]);
        let line = format!("{}\t{key}\t{count}\t{}\t{at}\n", self.row, ask("date", &["-uI"]));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(file()).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        self.done.insert(key);
    }
}

struct Line {
    row: String,
    key: String,
    count: usize,
    date: String,
}

fn lines() -> Vec<Line> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.split('\t').map(str::to_owned);
        let (row, key) = (words.next()?, words.next()?);
        let (count, date) = (words.next()?.parse().ok()?, words.next()?);
        Some(Line { row, key, count, date })
    };
    text.lines().filter_map(line).collect()
}

/// Not a test: prints what the long runs have come to.
#[test]
#[ignore = "prints the counts of the long runs"]
fn sum() {
    let lines = lines();
    let rows: BTreeSet<&str> = lines.iter().map(|line| line.row.as_str()).collect();
    for row in rows {
        let of_row = || lines.iter().filter(|line| line.row == row);
        let sum: usize = of_row().map(|line| line.count).sum();
        let dates = || of_row().map(|line| line.date.as_str());
        let (first, last) = (dates().min().unwrap_or(""), dates().max().unwrap_or(""));
        println!("{row:24} {sum:7}  {:6} rounds  {first} to {last}", of_row().count());
    }
}
