//! All integration tests, in one program so that it is linked once.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod bad_input;
mod builder_contract;
mod caches;
mod calendar;
mod clocks;
mod clones;
mod crowd;
mod doctor;
mod gc;
mod isolation;
mod hostile;
mod inspect;
mod judge;
mod judgement;
mod kills;
mod layers;
mod life;
mod lint;
mod limits;
mod mended;
mod merges;
mod secrets;
mod trusted;
mod untouched;
mod verbs;
