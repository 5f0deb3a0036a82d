//! This very program, told apart from every other version of it.

use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// Length and date of the program's file: what another version made has another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(u64, u128);

/// The mark of the program that runs; `None` where its file cannot be seen.
pub fn mark() -> Option<Mark> {
    let meta = std::env::current_exe().ok()?.metadata().ok()?;
    let date = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Mark(meta.len(), date.as_nanos()))
}
