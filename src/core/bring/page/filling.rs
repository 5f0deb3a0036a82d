//! One item while its rows are read: fields whose values go on, criteria, and the text of the rest.

use super::super::fields::{self, Field, Key};
use super::super::rows::{Box, Kind, Row};
use super::super::words::one_line;
use super::super::{Item, table};

/// An item while its rows are read.
pub struct Filling {
    item: Item,
    open: Option<Open>,
}

/// A field whose value goes on.
struct Open {
    name: String,
    key: Key,
    value: String,
    /// How far its line is moved in; a heading takes all below it.
    indent: Option<usize>,
    /// Whether the paragraph goes on.
    goes_on: bool,
}

impl Open {
    /// Whether it is a list of names and the next line, which is not set in, a sentence of the text.
    /// What may be one more name goes on with it: one name too many holds, one too few lets start.
    fn is_over(&self, next: &str) -> bool {
        let lists = matches!(self.key, Key::Tech | Key::Labels | Key::Depends | Key::Blockers);
        let value = self.value.trim_end();
        let goes_on = value.is_empty() || value.ends_with(',') || value.ends_with(" and");
        let sentence = next.ends_with(['.', '!', '?', ':']) && next.split_whitespace().count() > 4;
        lists && !goes_on && sentence
    }
}

impl Filling {
    /// Begins with what is known.
    pub fn new(item: Item) -> Self {
        Self { item, open: None }
    }

    /// Reads rows, of which each is moved in by some blanks.
    pub fn rows(&mut self, rows: &[Row], moved: usize) {
        for row in rows {
            self.row(row, moved);
        }
        self.close();
    }

    /// The item.
    pub fn done(mut self) -> Item {
        self.close();
        let text = self.item.text.trim_end().len();
        self.item.text.truncate(text);
        self.item
    }

    fn row(&mut self, row: &Row, moved: usize) {
        let raw = raw(row, moved);
        match &row.kind {
            Kind::Blank => {
                if let Some(open) = &mut self.open {
                    open.goes_on = false;
                }
                self.item.write("");
            }
            Kind::Heading(_) => self.heading(row),
            Kind::Code => self.item.write(raw),
            Kind::Table => match table::pair(&row.text) {
                Some((name, key, value)) => self.item.take(name, key, value),
                None if table::is_line(&row.text) && self.item.text.trim().is_empty() => {}
                None => self.item.write(raw),
            },
            Kind::Item(indent, _, mark) => self.listed((row, raw), *indent, *mark),
            Kind::Text(indent) => self.text(row, raw, *indent),
        }
    }

    fn heading(&mut self, row: &Row) {
        self.close();
        match fields::key(&row.text) {
            Some(Key::Text) if self.item.text.trim().is_empty() => {}
            Some(Key::Fact | Key::Text | Key::Status | Key::Name | Key::Title) | None => {
                self.item.write("");
                self.item.write(&row.raw);
            }
            Some(key) => self.open = Some(Open { goes_on: true, ..opened(&row.text, key, None) }),
        }
    }

    fn listed(&mut self, (row, raw): (&Row, &str), indent: usize, mark: Option<Box>) {
        if let Some(field) = fields::field(&row.text).filter(|_| mark.is_none()) {
            return self.field(field, Some(indent));
        }
        let ended = |open: &Open| {
            open.indent.is_some_and(|own| own > indent)
                || open.indent == Some(indent) && !open.value.is_empty()
        };
        if self.open.as_ref().is_some_and(ended) {
            self.close();
        }
        match self.open.as_ref().map(|open| open.key) {
            Some(Key::Criteria) => {
                self.flush();
                self.criterion(&row.text, mark);
            }
            Some(Key::Tech | Key::Labels | Key::Depends | Key::Blockers) => {
                let struck = row.text.starts_with("~~") || mark == Some(Box::Done);
                let (name, key) = self.name();
                self.flush();
                if !struck {
                    self.item.take(&name, key, &row.text);
                }
            }
            _ if mark.is_some() => self.criterion(&row.text, mark),
            _ => self.item.write(raw),
        }
    }

    fn criterion(&mut self, text: &str, mark: Option<Box>) {
        let done = matches!(mark, Some(Box::Done));
        self.item.criterion(text, done);
    }

    fn text(&mut self, row: &Row, raw: &str, indent: usize) {
        if let Some(field) = fields::field(&row.text) {
            return self.field(field, Some(indent));
        }
        match &mut self.open {
            Some(open) if open.key == Key::Criteria && open.value.is_empty() => {
                let last = self.item.criteria.last_mut();
                match last.filter(|_| indent > 1) {
                    Some((text, _)) => *text = format!("{text} {}", one_line(&row.text)),
                    None => self.item.write(raw),
                }
            }
            Some(open) if open.key == Key::Text => self.item.write(raw),
            Some(open)
                if open.goes_on && !open.is_over(&row.text)
                    || open.indent.is_some_and(|own| indent > own) =>
            {
                open.value = format!("{} {}", open.value, row.text);
            }
            _ => {
                self.close();
                self.item.write(raw);
            }
        }
    }

    fn field(&mut self, field: Field, indent: Option<usize>) {
        self.close();
        match field.key {
            Key::Text => {
                self.item.write("");
                self.item.write(field.value);
                self.open = Some(opened(field.name, field.key, indent));
            }
            key => {
                let value = field.value.to_owned();
                let open = opened(field.name, key, indent);
                self.open = Some(Open { value, goes_on: true, ..open });
            }
        }
    }

    fn name(&self) -> (String, Key) {
        self.open.as_ref().map_or((String::new(), Key::Fact), |open| (open.name.clone(), open.key))
    }

    /// Takes the value so far; the field stays open.
    fn flush(&mut self) {
        if let Some(open) = &mut self.open {
            let value = std::mem::take(&mut open.value);
            self.item.take(&open.name, open.key, &value);
        }
    }

    fn close(&mut self) {
        self.flush();
        self.open = None;
    }
}

fn opened(name: &str, key: Key, indent: Option<usize>) -> Open {
    Open { name: name.to_owned(), key, value: String::new(), indent, goes_on: false }
}

/// A line without the blanks that its place in the list cost it.
fn raw(row: &Row, moved: usize) -> &str {
    let blanks = row.raw.len() - row.raw.trim_start().len();
    row.raw.get(moved.min(blanks)..).unwrap_or(&row.raw)
}
