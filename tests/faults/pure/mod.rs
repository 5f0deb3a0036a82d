//! What happens at night, as far as the pure rooms decide it: no repository, no process, no clock
//! but what a test makes up.
//!
//! They are compiled into the program's own unit tests, since buildq is a program and no library:
//! so they reach every room, and what only a test uses is still told as unused. Each has a short
//! form that runs in every test run, and a long one: see the section "What it survives" of
//! README.md for the variables that start it.

mod clocks;
mod fuzz;
mod simulation;
mod tally;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });

/// Runs something that may panic; `Err` is what it said, which is printed nowhere.
fn caught(run: impl FnOnce()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic)
            }
        }));
    });
    QUIET.set(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    done.map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        words.unwrap_or_else(|| "a panic".into())
    })
}
