//! buildq: a Git-native autonomous build queue.
//!
//! The modules, in the order in which a newcomer should read them.

mod domain;
mod core;
mod effects;
mod render;
mod commands;

fn main() {}
