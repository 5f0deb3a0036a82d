//! Thin hands: the repository, processes, files. No decisions.

pub mod agents;
pub mod awake;
pub mod clock;
pub mod collect;
pub mod commit;
pub mod detach;
pub mod env;
pub mod files;
pub mod foreground;
pub mod git;
pub mod hooks;
pub mod ledger;
pub mod litter;
pub mod locks;
pub mod machine;
pub mod output;
pub mod paths;
pub mod process;
pub mod repo;
pub mod sandbox;
pub mod sweep;
pub mod sys;
pub mod timers;
pub mod trust;
pub mod waker;
pub mod workspace;
