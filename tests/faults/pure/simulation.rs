//! Seeded simulation of the pure core: the plan's actions are applied to a model of the world, and
//! what is written is replayed.
//!
//! One number is one run: a setup, and up to eighty steps in two clones (edits, approvals, merges,
//! kills, power cuts, a clock that is set, adoption, pushes, merges of two ledgers). After every
//! step a judge of its own ([`judge`]) looks at the histories and at who lived when. A run that
//! fails is shortened, and printed with its number.
//!
//! - `BUILDQ_SIMULATION=100000` goes on where the last long run stopped, for so many runs;
//! - `BUILDQ_SIMULATION_SEED=17` repeats one.
//!
//! `proptest-state-machine` would want a second model that says which step is possible when; here
//! that is the program's own decision. So a step that means nothing where it stands does nothing.

mod acts;
mod healing;
mod judge;
mod people;
mod steps;
mod texts;
mod world;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::steps::{Setup, Step, setup, step};
use self::world::World;
use super::{caught, tally};

/// How many runs every test run makes: about ten seconds without optimisation.
const SHORT: u64 = 1000;
/// Where the long runs begin, so that they are others.
const LONG_FROM: u64 = 1_000_000;
/// The longest run, in steps.
const STEPS: usize = 80;
/// So often a long run notes how far it is.
const PART: u64 = 1000;

/// One run; a panic is its failure.
fn live(setup: &Setup, steps: &[Step]) {
    let mut world = World::new(setup);
    for step in steps {
        world.step(step);
        judge::after_step(&world);
    }
    judge::in_the_end(&mut world);
    judge::after_step(&world);
}

/// The run of one number; `Err` is the shortest run that fails.
fn run(seed: u64) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config =
        Config { cases: 1, max_shrink_iters: 3000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let case = (setup(), vec(step(), 1..STEPS));
    runner
        .run(&case, |(setup, steps)| caught(|| live(&setup, &steps)).map_err(TestCaseError::fail))
        .map_err(|error| match error {
            TestError::Fail(why, (setup, steps)) => {
                let steps: Vec<_> = steps.iter().map(|step| format!("  {step:?}")).collect();
                format!("{why}\n{setup:?}\n{}", steps.join("\n"))
            }
            TestError::Abort(why) => why.to_string(),
        })
}

fn check(seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        if let Err(why) = run(seed) {
            panic!("the simulation fails: BUILDQ_SIMULATION_SEED={seed}\n{why}");
        }
    }
}

#[test]
fn any_night_ends_well() {
    if let Some(seed) = tally::number("BUILDQ_SIMULATION_SEED") {
        return check([seed]);
    }
    let Some(most) = tally::number("BUILDQ_SIMULATION") else { return check(0..SHORT) };
    let begun = std::time::Instant::now();
    for _ in (0..most.div_ceil(PART)).take_while(|_| !tally::is_over(begun)) {
        let first = LONG_FROM + tally::done("simulation");
        check(first..first + PART);
        tally::note("simulation", first, PART);
    }
}
