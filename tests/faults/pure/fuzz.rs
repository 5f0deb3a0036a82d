//! Fuzzing of whatever reads the text of strangers, and of whatever shows it.
//!
//! Each [`Target`] takes any bytes; an input is a number: from it bytes are grown by a small
//! grammar, or taken from a corpus, and then mutated. What must hold beside "no panic" stands in
//! the targets: what is written is read back, what is shown is harmless to a terminal. Time is the
//! thread's own processor time, memory is what the thread allocates at its peak, so that other
//! tests beside it count for neither.
//!
//! A short form of fixed numbers, and so of fixed inputs, runs in every test run: a count and not
//! a time bounds it, so that each run tests the same and a slow machine tests no less.
//!
//! - `BUILDQ_FUZZ=long` goes on where the last long run stopped, up to ten million inputs a target
//!   (or for `BUILDQ_FAULTS_MINUTES`);
//! - `BUILDQ_FUZZ_INPUT=17` repeats one input of the targets that are run.
//!
//! A crash that is found becomes a row of a table in the room where it was mended.

mod grow;
mod lists;
mod mutate;
mod pages;
mod targets;
mod words;

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use self::mutate::{Chance, mutated};
use super::{caught, tally};

/// The aim of a long run, in inputs of each target.
const AIM: u64 = 10_000_000;
/// So often a long run notes how far it is.
const PART: u64 = 10_000;
/// Where the long runs begin, so that they are others.
const LONG_FROM: u64 = 1_000_000;
/// What one input may take, and what it may take where nothing is optimised.
const SLOWEST: Duration = Duration::from_millis(100);
const SLOWEST_UNOPTIMISED: Duration = Duration::from_millis(1500);
/// What one input may allocate at its peak, in bytes.
const LARGEST: u64 = 64 << 20;

/// What reads or shows the text of strangers.
struct Target {
    name: &'static str,
    /// Takes any bytes; panics where something does not hold.
    run: fn(&[u8]),
    /// Makes an input of the kind that is meant.
    grow: fn(&mut Chance) -> Vec<u8>,
    /// Inputs to begin with.
    corpus: fn() -> Vec<Vec<u8>>,
    /// Words that mean something here.
    words: &'static [&'static str],
    /// How many inputs every test run tries: seven targets together take half a minute of one
    /// processor without optimisation.
    short: u64,
}

/// What one input has cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    time: Duration,
    memory: u64,
}

/// The input of one number.
fn input(target: &Target, corpus: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut chance = Chance::new(number.wrapping_mul(31).wrapping_add(target.name.len() as u64));
    let grown = corpus.is_empty() || chance.below(5) < 3;
    let start = match grown {
        true => (target.grow)(&mut chance),
        false => chance.pick(corpus).clone(),
    };
    // Some stay as they are: a mutation more often spoils than deepens.
    let rounds = chance.below(4);
    mutated(start, rounds, (corpus, target.words), &mut chance)
}

/// Runs one input; `Err` says what did not hold.
fn tried(target: &Target, bytes: &[u8]) -> (Result<(), String>, Cost) {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let before = now();
    let mut done = Ok(());
    let counted = allocation_counter::measure(|| {
        done = caught(|| (target.run)(bytes));
    });
    let cost = Cost { time: now().saturating_sub(before), memory: counted.bytes_max };
    let slowest = if is_long() { SLOWEST } else { SLOWEST_UNOPTIMISED };
    let done = done.and_then(|()| match cost {
        Cost { time, .. } if time > slowest => Err(format!("it takes {time:?}")),
        Cost { memory, .. } if memory > LARGEST => Err(format!("it takes {memory} bytes")),
        _ => Ok(()),
    });
    (done, cost)
}

/// Leaves out whatever the failure does not need.
fn shortened(target: &Target, mut bytes: Vec<u8>) -> Vec<u8> {
    let begun = Instant::now();
    let mut size = bytes.len() / 2;
    while size > 0 && begun.elapsed() < Duration::from_secs(20) {
        let mut at = 0;
        while at < bytes.len() {
            let mut less = bytes.clone();
            less.drain(at..(at + size).min(bytes.len()));
            match tried(target, &less).0 {
                Err(_) => bytes = less,
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    bytes
}

fn check(target: &Target, numbers: impl IntoIterator<Item = u64>) -> Cost {
    let corpus = (target.corpus)();
    let mut worst = Cost::default();
    for number in numbers {
        let bytes = input(target, &corpus, number);
        let (done, cost) = tried(target, &bytes);
        if let Err(why) = done {
            let short = shortened(target, bytes);
            let text = String::from_utf8_lossy(&short).chars().take(4000).collect::<String>();
            let name = target.name;
            panic!("{name}, BUILDQ_FUZZ_INPUT={number}: {why}\n{} bytes: {text:?}", short.len());
        }
        worst.time = worst.time.max(cost.time);
        worst.memory = worst.memory.max(cost.memory);
    }
    worst
}

fn is_long() -> bool {
    std::env::var("BUILDQ_FUZZ").is_ok_and(|word| word == "long")
}

fn fuzz(target: &Target) {
    if let Some(number) = tally::number("BUILDQ_FUZZ_INPUT") {
        check(target, [number]);
    } else if !is_long() {
        check(target, 0..target.short);
    } else {
        let (begun, row) = (Instant::now(), format!("fuzz {}", target.name));
        while tally::done(&row) < AIM && !tally::is_over(begun) {
            let first = LONG_FROM + tally::done(&row);
            let worst = check(target, first..first + PART);
            tally::note(&row, first, PART);
            eprintln!("{row}: at most {:?} and {} KiB", worst.time, worst.memory >> 10);
        }
    }
}

#[test]
fn front_matter() {
    fuzz(&targets::FRONT_MATTER);
}

#[test]
fn body() {
    fuzz(&targets::BODY);
}

#[test]
fn configuration() {
    fuzz(&targets::CONFIGURATION);
}

#[test]
fn events() {
    fuzz(&targets::EVENTS);
}

#[test]
fn calendars() {
    fuzz(&targets::CALENDARS);
}

#[test]
fn renderers() {
    fuzz(&targets::RENDERERS);
}

#[test]
fn judgement() {
    fuzz(&targets::JUDGEMENT);
}

#[test]
fn lists() {
    fuzz(&lists::LISTS);
}

/// What fails is told with its number, and shortened to what it needs.
#[test]
fn a_crash_is_found_and_shortened() {
    fn run(bytes: &[u8]) {
        assert!(!bytes.windows(2).any(|pair| pair == b"xy"), "found");
    }
    fn grow(chance: &mut Chance) -> Vec<u8> {
        (0..40).map(|_| *chance.pick(b"abcxy")).collect()
    }
    let corpus = || vec![b"xy".to_vec()];
    let target = Target { name: "planted", run, grow, corpus, words: &["xy"], short: 0 };
    let words = caught(|| {
        check(&target, 0..1000);
    });
    let words = words.unwrap_err();
    assert!(words.starts_with("planted, BUILDQ_FUZZ_INPUT="), "{words}");
    assert!(words.ends_with("found\n2 bytes: \"xy\""), "{words}");
}
