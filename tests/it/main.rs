//! All integration tests, in one program so that it is linked once.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports)] // Some of its words are used by `tests/faults/` alone.
mod support;

mod agents;
mod attacks;
mod bad_input;
mod builder_contract;
mod caches;
mod calendar;
mod clocks;
mod clones;
mod dashboard;
mod daemon;
mod doctor;
mod faces;
mod gc;
mod golden;
mod isolation;
mod helps;
mod hostile;
mod import;
mod inspect;
mod judge;
mod judgement;
mod layers;
mod life;
mod lint;
mod limits;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(feature = "mcp")]
mod mcp_install;
mod mended;
mod merges;
mod notify;
mod schema;
mod secrets;
mod terminal;
mod status_branch;
mod tryout;
mod trusted;
mod untouched;
mod verbs;
