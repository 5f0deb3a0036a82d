//! The items of a Markdown page.

mod filling;

use super::fields;
use super::fill::Status;
use super::outline::{self, Role, Section};
use super::rows::{self, Box, Kind, Row};
use super::words::{count, cut, one_line};
use super::{Found, Item, State, inline, table};
use crate::domain::task::Priority;
use filling::Filling;

/// Reads a page.
pub fn read(text: &str, name: &str) -> Found {
    let (rows, comments) = rows::rows(text);
    let sections = outline::sections(&rows);
    let mut reader = Reader { rows: &rows, name, found: Found::default(), gates: Vec::new() };
    let mut index = 0;
    while index < sections.len() && reader.found.items.len() <= super::MOST_ITEMS {
        index = reader.section(&sections, index);
    }
    if comments > 0 {
        let left = count(comments, "HTML comment", "HTML comments");
        reader.found.left.push(format!("{name}: {left}"));
    }
    reader.found
}

struct Reader<'a> {
    rows: &'a [Row],
    name: &'a str,
    found: Found,
    gates: Vec<String>,
}

impl Reader<'_> {
    /// Reads one section and what belongs to it; gives the next.
    fn section(&mut self, sections: &[Section], index: usize) -> usize {
        let section = &sections[index];
        let inner = sections[index + 1..].iter().take_while(|s| s.level > section.level).count();
        match section.role {
            Role::List(status, priority) => self.list(section, status, priority),
            Role::Details(status) => self.list(section, status, None),
            Role::Task | Role::Part => {
                let next = index + 1 + inner;
                self.task(sections, index..next);
                return next;
            }
            Role::Gate => {
                let gate = one_line(&section.text);
                self.found.left.push(format!(
                    "{}:{}: `{}` is no task: it holds every item below it",
                    self.name,
                    section.line,
                    cut(&gate, 80)
                ));
                self.gates.push(gate);
                return index + 1 + inner;
            }
            Role::Apart => {
                let next = index + 1 + inner;
                let end = sections.get(next).map_or(self.rows.len(), |s| s.rows.start);
                let lines =
                    self.rows[section.rows.start..end].iter().filter(|r| r.kind != Kind::Blank);
                let lines = count(lines.count(), "line", "lines");
                let text = one_line(&section.text);
                self.leave(section.line, &format!("`{}` ({lines}) is no task", cut(&text, 80)));
                return next;
            }
        }
        index + 1
    }

    fn leave(&mut self, line: usize, what: &str) {
        self.found.left.push(format!("{}:{line}: {what}", self.name));
    }

    fn add(&mut self, mut item: Item, status: Option<Status>, priority: Option<Priority>) {
        match status {
            Some(Status::Done | Status::Dropped) => item.state = State::Done,
            Some(Status::Blocked) => item.blockers.push("its list says that it waits".into()),
            Some(Status::Begun) if item.state == State::Open => item.note("Status", "in progress"),
            _ => {}
        }
        item.priority = item.priority.or(priority);
        if item.state == State::Open {
            item.blockers.extend(self.gates.iter().cloned());
        }
        self.found.items.push(item);
    }

    /// A list: its entries, the rows of its tables.
    fn list(&mut self, section: &Section, status: Option<Status>, priority: Option<Priority>) {
        let rows = &self.rows[section.rows.clone()];
        let (mut index, mut apart) = (0, Vec::new());
        let template = |row: &Row| row.text.starts_with("**[") || row.text.starts_with("[ ");
        while index < rows.len() && self.found.items.len() <= super::MOST_ITEMS {
            let row = &rows[index];
            let end = index + 1 + inner(&rows[index..]);
            match &row.kind {
                Kind::Item(_, number, mark) if !template(row) => {
                    if !inline::is_placeholder(&row.text) {
                        let item = entry(row, &rows[index + 1..end], (number.as_deref(), *mark));
                        self.add(item, status, priority);
                    }
                    index = end;
                }
                Kind::Table => {
                    let length = rows[index..].iter().take_while(|r| r.kind == Kind::Table).count();
                    let table = &rows[index..index + length];
                    match table::items(table) {
                        Some(items) => {
                            items.into_iter().for_each(|item| self.add(item, status, priority));
                        }
                        None => apart.extend(table),
                    }
                    index += length;
                }
                kind => {
                    if !matches!(kind, Kind::Blank) && !inline::is_placeholder(&row.text) {
                        apart.push(row);
                    }
                    index += 1;
                }
            }
        }
        if let Some(first) = apart.first() {
            let lines = count(apart.len(), "line", "lines");
            let start = one_line(&first.text);
            self.leave(first.line, &format!("{lines} of text: `{}`", cut(&start, 60)));
        }
    }

    /// A heading that is an item, with all that stands below it.
    fn task(&mut self, sections: &[Section], all: std::ops::Range<usize>) {
        let section = &sections[all.start];
        let above = sections[section.parent].role;
        let (status, priority) = match above {
            Role::List(status, priority) => (status, priority),
            Role::Details(status) => (status, None),
            _ => (None, None),
        };
        let item = inline::item(&section.text);
        let end = sections.get(all.end).map_or(self.rows.len(), |next| next.rows.start - 1);
        let mut filling = Filling::new(item);
        filling.rows(&self.rows[section.rows.start.min(end)..end], 0);
        self.add(filling.done(), status, priority);
    }
}

/// How many rows behind the first belong to it.
fn inner(rows: &[Row]) -> usize {
    let Some(Row { kind: Kind::Item(indent, ..), .. }) = rows.first() else { return 0 };
    let (mut last, mut blank, mut fenced) = (0, false, false);
    for (at, row) in rows.iter().enumerate().skip(1) {
        let deeper = |own: usize| own > *indent;
        let belongs = match &row.kind {
            Kind::Blank => {
                blank = true;
                continue;
            }
            Kind::Item(own, ..) => deeper(*own),
            Kind::Text(own) => deeper(*own) || (!blank && fields::field(&row.text).is_none()),
            Kind::Code => fenced || row.raw.starts_with([' ', '\t']) || !blank,
            Kind::Heading(_) | Kind::Table => false,
        };
        if !belongs {
            break;
        }
        fenced = row.kind == Kind::Code;
        (last, blank) = (at, false);
    }
    last
}

/// An entry of a list and what is moved in below it.
fn entry(row: &Row, rows: &[Row], (number, mark): (Option<&str>, Option<Box>)) -> Item {
    let mut head = row.text.clone();
    let mut skip = 0;
    // A line that goes on is one line.
    while let Some(Row { kind: Kind::Text(_), text, .. }) = rows.get(skip) {
        if head.len() > 400 || fields::field(text).is_some() {
            break;
        }
        head = format!("{head} {text}");
        skip += 1;
    }
    let mut item = inline::item(&head);
    item.aliases.extend(number.map(str::to_owned));
    match mark {
        Some(Box::Done) => item.state = State::Done,
        Some(Box::Dropped) => {
            item.state = State::Done;
            item.note("Status", "dropped");
        }
        Some(Box::Begun) => item.note("Status", "in progress"),
        _ => {}
    }
    let mut filling = Filling::new(item);
    let moved = rows[skip..].iter().filter(|r| r.kind != Kind::Blank);
    let moved = moved.map(|row| row.raw.len() - row.raw.trim_start().len()).min().unwrap_or(0);
    filling.rows(&rows[skip..], moved);
    filling.done()
}

/// Reads a text that belongs to an item: fields, boxes and criteria go to their places. How far
/// the item is, its own list knows.
pub fn body(item: &mut Item, text: &str) {
    let (rows, comments) = rows::rows(text);
    let before = (item.state, item.title.clone(), std::mem::take(&mut item.blockers));
    let mut filling = Filling::new(std::mem::take(item));
    filling.rows(&rows, 0);
    *item = filling.done();
    (item.state, item.title) = (before.0, before.1);
    item.blockers.splice(0..0, before.2);
    if comments > 0 {
        item.lost
            .push(format!("left behind: {}", count(comments, "HTML comment", "HTML comments")));
    }
}

/// Reads a text of nothing but criteria.
pub fn criteria(item: &mut Item, text: &str) {
    for row in rows::rows(text).0 {
        match row.kind {
            Kind::Item(_, _, mark) => item.criterion(&row.text, mark == Some(Box::Done)),
            Kind::Text(_) | Kind::Table | Kind::Code => item.criterion(&row.text, false),
            Kind::Blank | Kind::Heading(_) => {}
        }
    }
}
