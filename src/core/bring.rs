//! Bringing over what other lists hold: their items, read and judged by nobody yet.
//!
//! Each reader is total: it takes any text and gives items and words on what is none. What an item
//! says and no task file has a place for stays in its text; what stays behind is told. Orders that
//! such a file gives to whoever reads it are text like any other.

mod build_queue;
mod fields;
mod fill;
mod file;
mod fold;
mod inline;
mod orders;
mod outline;
mod page;
mod place;
mod rows;
mod table;
mod todo;
mod values;
mod words;

use std::time::Duration;

use serde::Serialize;

use crate::domain::task::Priority;

pub use place::{Brought, Fate, Here, Known, Room, place};

/// More items than that are no list of tasks.
pub const MOST_ITEMS: usize = 20_000;

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A `BUILD_QUEUE.md`: lists by state, details of each below a heading of its own.
    BuildQueue,
    /// A to-do list in Markdown, or the lines of a `todo.txt`.
    Todo,
}

impl Format {
    /// Each with its name.
    pub const ALL: &[(&str, Self)] = &[("build-queue", Self::BuildQueue), ("todo", Self::Todo)];

    /// As it is written on the command line and in `source:`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("todo", |(name, _)| name)
    }
}

/// Where an item stands in its own list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// To be done.
    #[default]
    Open,
    /// Done, or given up: its file belongs into `done/`.
    Done,
}

/// One item of a list, as far as it was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Its name in its list; the same in every reading.
    pub key: String,
    /// What it is called.
    pub title: String,
    /// Markdown.
    pub text: String,
    /// What is to be reached, and whether it is.
    pub criteria: Vec<(String, bool)>,
    /// How soon.
    pub priority: Option<Priority>,
    /// A guess of the work.
    pub estimate: Option<Duration>,
    /// `2026-02-07 20:00`, as task files have it.
    pub due: Option<String>,
    /// The same.
    pub not_before: Option<String>,
    /// What it is made with.
    pub tech: Vec<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// What comes first, as the list calls it: a key, a number, a title.
    pub depends_on: Vec<String>,
    /// What stands in the way.
    pub blockers: Vec<String>,
    /// A model or an agent.
    pub builder: Option<String>,
    /// Whether it is done.
    pub state: State,
    /// Facts without a place of their own: they go into the text, `Added: 2026-02-07`.
    pub notes: Vec<(String, String)>,
    /// What stays behind, in words.
    pub lost: Vec<String>,
    /// Other names that this list has for it.
    pub aliases: Vec<String>,
}

impl Item {
    /// Keeps a fact as text.
    fn note(&mut self, name: &str, value: &str) {
        let value = words::one_line(value);
        if !value.is_empty() && !self.notes.iter().any(|(n, v)| n == name && *v == value) {
            self.notes.push((name.to_owned(), value));
        }
    }
}

/// One file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// As it is called in `source:`, from the top of the repository where it lies in it.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// What a reading gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of the list; no two have one key.
    pub items: Vec<Item>,
    /// What is no item and stays behind, each in words with its place.
    pub left: Vec<String>,
    /// Lines that give orders to whoever reads them; they are carried as text, or left.
    pub orders: Vec<String>,
}

/// What the pages are written as, by their names and their text; `None` where nothing tells.
pub fn detect(pages: &[Page]) -> Option<Format> {
    let first = pages.first()?;
    let name = first.name.to_lowercase();
    let markdown = [".md", ".markdown", ".txt"].iter().any(|end| name.ends_with(end));
    if build_queue::is_one(&name, &first.text) {
        return Some(Format::BuildQueue);
    }
    (markdown || todo::is_one(&first.text)).then_some(Format::Todo)
}

/// Reads the pages of one list. An error says what the list is not.
pub fn read(format: Format, pages: &[Page]) -> Result<Found, String> {
    let mut found = match format {
        Format::BuildQueue => build_queue::read(pages),
        Format::Todo => todo::read(pages),
    };
    if found.items.len() > MOST_ITEMS {
        return Err(format!("{} items are more than {MOST_ITEMS}", found.items.len()));
    }
    distinct(&mut found.items);
    found.orders = pages.iter().flat_map(orders::of).collect();
    Ok(found)
}

/// Gives each of the same key a number, in order.
fn distinct(items: &mut [Item]) {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for item in items {
        let times = seen.entry(item.key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            item.key = format!("{}~{times}", item.key);
        }
    }
}
