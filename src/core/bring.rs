//! Bringing over what other lists hold: their items, read and judged by nobody yet.
//!
//! Each reader is total: it takes any text and gives items and words on what is none. What an item
//! says and no task file has a place for stays in its text; what stays behind is told. Orders that
//! such a file gives to whoever reads it are text like any other.

mod backlog;
mod beads;
mod build_queue;
mod fields;
mod fill;
mod file;
mod fold;
mod github;
mod inline;
mod json;
mod orders;
mod outline;
mod page;
mod place;
mod rows;
mod table;
mod taskwarrior;
mod todo;
mod values;
mod words;

use std::time::Duration;

use serde::Serialize;

use crate::domain::task::Priority;

pub use place::{Brought, Fate, Here, Known, Room, place};

/// More items than that are no list of tasks.
pub const MOST_ITEMS: usize = 20_000;

/// So much of what stays behind is told one by one.
const MOST_TOLD: usize = 1000;

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A `BUILD_QUEUE.md`: lists by state, details of each below a heading of its own.
    BuildQueue,
    /// A folder of Backlog.md, or one task file of it.
    Backlog,
    /// The JSON lines of beads.
    Beads,
    /// What `task export` prints.
    Taskwarrior,
    /// What `gh issue list --json …` prints, or the API of GitHub.
    Github,
    /// A to-do list in Markdown, or the lines of a `todo.txt`.
    Todo,
}

impl Format {
    /// Each with its name.
    pub const ALL: &[(&str, Self)] = &[
        ("build-queue", Self::BuildQueue),
        ("backlog", Self::Backlog),
        ("beads", Self::Beads),
        ("taskwarrior", Self::Taskwarrior),
        ("github", Self::Github),
        ("todo", Self::Todo),
    ];

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
        if self.notes.len() >= fill::MOST {
            return self.lose("facts");
        }
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
    if let [page] = pages {
        let name = page.name.to_lowercase();
        let markdown = [".md", ".markdown", ".txt"].iter().any(|end| name.ends_with(end));
        let list = markdown || todo::is_one(&page.text);
        return plainly(page).or(list.then_some(Format::Todo));
    }
    let seen: Vec<Format> = pages.iter().filter_map(plainly).collect();
    let order = [Format::Beads, Format::Backlog, Format::BuildQueue];
    let first = order.into_iter().find(|format| seen.contains(format));
    first.or(seen.first().copied()).or_else(|| {
        let lists = pages.iter().any(|page| todo::is_named(&page.name));
        lists.then_some(Format::Todo)
    })
}

/// What tells its own format.
fn plainly(page: &Page) -> Option<Format> {
    if let Some(format) = json::format(&page.text) {
        return Some(format);
    }
    if backlog::is_one(&page.text) {
        return Some(Format::Backlog);
    }
    build_queue::is_one(&page.name.to_lowercase(), &page.text).then_some(Format::BuildQueue)
}

/// Reads the pages of one list. An error says what the list is not.
pub fn read(format: Format, pages: &[Page]) -> Result<Found, String> {
    let (own, others): (Vec<Page>, Vec<Page>) = match pages {
        [_] => (pages.to_vec(), Vec::new()),
        _ => pages.iter().cloned().partition(|page| belongs(format, page)),
    };
    let mut found = match format {
        Format::BuildQueue => build_queue::read(&own),
        Format::Backlog => backlog::read(&own),
        Format::Beads => json::read(&own, beads::item)?,
        Format::Taskwarrior => json::read(&own, taskwarrior::item)?,
        Format::Github => json::read(&own, github::item)?,
        Format::Todo => todo::read(&own),
    };
    if found.items.len() > MOST_ITEMS {
        return Err(format!("more than {MOST_ITEMS} items"));
    }
    for item in found.items.iter_mut().filter(|item| words::one_line(&item.title).is_empty()) {
        item.title = "Without a title".into();
    }
    distinct(&mut found.items);
    found.orders = own.iter().flat_map(orders::of).collect();
    if found.left.len() > MOST_TOLD {
        let more = found.left.len() - MOST_TOLD;
        found.left.truncate(MOST_TOLD);
        found.left.push(format!("… and {more} more of the kind"));
    }
    found.left.extend(others.iter().map(|page| format!("{}: not of this list", page.name)));
    Ok(found)
}

/// Whether a file of a folder is part of its list.
fn belongs(format: Format, page: &Page) -> bool {
    match format {
        Format::Todo => todo::is_named(&page.name),
        format => plainly(page) == Some(format),
    }
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
