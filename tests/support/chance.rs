//! Chance that can be had again: every choice comes from a seed.

use std::time::Duration;

/// A small generator (xorshift64*); good enough to choose a moment.
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same choices.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below this number.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % most
    }

    /// A moment up to this far away.
    pub fn moment(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros() as u64))
    }
}

/// The seeds of a test's rounds: `BUILDQ_SEED` names one, `BUILDQ_LONG` multiplies them.
pub fn seeds(own: u64, rounds: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("BUILDQ_SEED") {
        Some(seed) => vec![seed],
        None => (0..rounds * number("BUILDQ_LONG").unwrap_or(1)).map(|n| own * 1000 + n).collect(),
    }
}
