//! What happens at night: whatever is killed, full, broken, hostile or many at once, buildq goes on.
//!
//! The judge ([`judge`]) never asks buildq. It reads git's history and a record that each builder
//! writes beside it when it starts and when it ends. The invariants, by the numbers that the
//! messages of failing tests name:
//!
//! - I1 at most one live builder per task;
//! - I2 at most one completion recorded per attempt, and none by a superseded one;
//! - I3 before success is printed, object, directory, ref and directory are synced;
//! - I4 one `sync` after any fault reaches a legal state;
//! - I5 the user's index, HEAD, branches, configuration and work trees are untouched;
//! - I6 a fault costs at most one attempt;
//! - I7 no process outlives its attempt;
//! - I8 no fault opens a gate.
//!
//! Every run is short, unless `BUILDQ_FAULTS=long`: then each row goes on where its last long run
//! stopped, and its counts are added up ([`tally`]).

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports)] // Some of its words are used by `tests/it/` alone.
mod support;

mod crowd;
mod disk;
mod durable;
mod hostile;
mod judge;
mod kills;
mod stage;
mod strace;
mod syscalls;
mod tally;
