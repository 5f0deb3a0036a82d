//! `buildq watch`: what the whole screen shows, as a model that keys and facts change, and a drawing of it.
//! Pure: it decides nothing about tasks; keys become words for the command line.

mod list;
mod model;
mod page;

use std::collections::BTreeMap;

pub use model::{Model, Wish};
pub use page::draw;

use crate::core::overview::Overview;
use crate::domain::id::TaskId;

/// What one look at the world told.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The same facts as `buildq status`.
    pub view: Overview,
    /// What each build in review changes: files, lines added, lines removed.
    pub changes: BTreeMap<TaskId, Changed>,
}

/// How much a branch changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Files.
    pub files: usize,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

/// What is told of the chosen entry beside the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What its builder and checks print.
    Output,
    /// Every gate, and what would open it.
    Why,
    /// The finished build, as `buildq review` shows it.
    Review,
    /// All that is known of it, as `buildq show` tells it.
    Show,
}

/// A question to whoever looks at the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// About whom.
    pub task: TaskId,
    /// What.
    pub topic: Topic,
    /// For a page of so many columns.
    pub columns: usize,
}

#[cfg(test)]
mod tests;
