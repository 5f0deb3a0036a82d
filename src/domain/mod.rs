//! Plain data and total parsers: what a task, a configuration, an event *is*.
//!
//! Nothing here knows of git, files, processes, the environment or the clock.

pub mod config;
pub mod cost;
pub mod diagnostic;
pub mod event;
pub mod id;
pub mod keys;
pub mod masks;
pub mod risk;
pub mod size;
pub mod span_of_time;
pub mod task;
pub mod trailers;
pub mod yaml;
