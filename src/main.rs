//! buildq: a Git-native autonomous build queue.
//!
//! The modules, in the order in which a newcomer should read them.

mod commands;
mod core;
mod domain;
mod effects;
mod render;

fn main() {}
