//! Typed reading of a tree: every wrong value is told, none stops the reading.

use std::ops::Range;

use super::super::diagnostic::{Findings, Severity, nearest, quoted};
use super::{Entry, Kind, Node, Style};

/// How keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Letter by letter.
    Exact,
    /// In any case, `-` and blanks as good as `_`.
    Loose,
}

/// A mapping whose keys are asked for by name.
pub struct Fields<'n> {
    path: String,
    keys: Keys,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The keys of a mapping that is named `path` in messages, e.g. `retry`; the top is empty.
    /// Nothing at all is an empty mapping.
    pub fn of(node: &'n Node, path: &str, keys: Keys, found: &mut Findings) -> Option<Self> {
        let entries: &[Entry] = match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            other => {
                let what = if path.is_empty() { "this".into() } else { format!("`{path}`") };
                let message = format!("{what} must be keys with values, not {}", name(other));
                found.error(&node.at, message, "write `key: value`, one per line");
                return None;
            }
        };
        let fields = Self { path: path.to_owned(), keys, entries };
        if keys == Keys::Loose {
            fields.refuse_twins(found);
        }
        Some(fields)
    }

    /// What it is called in messages; the top is empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of a key, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<Field<'n>> {
        let entry = self.entries.iter().find(|entry| self.plain(&entry.key) == key)?;
        match entry.value.kind {
            Kind::Null => None,
            _ => Some(Field { name: self.path_of(key), node: &entry.value }),
        }
    }

    /// The mapping below a key; an empty one when there is none.
    pub fn below(&self, key: &str, found: &mut Findings) -> Fields<'n> {
        let path = self.path_of(key);
        let nothing = Fields { path: path.clone(), keys: self.keys, entries: &[] };
        match self.get(key) {
            Some(field) => Fields::of(field.node, &path, self.keys, found).unwrap_or(nothing),
            None => nothing,
        }
    }

    /// Every key with its value, null or not, as they stand in the file.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// Tells of each key that is not `known`, and which one of `all` (full paths of the whole
    /// file) was probably meant.
    pub fn only(&self, known: &[&str], all: &[&str], severity: Severity, found: &mut Findings) {
        for entry in self.entries {
            if known.contains(&self.plain(&entry.key).as_str()) {
                continue;
            }
            let path = self.path_of(&entry.key);
            let message = format!("unknown key {}", quoted(&path));
            let hint = self.meant(&entry.key, known, all);
            match severity {
                Severity::Error => found.code("unknown-key").error(&entry.key_at, message, hint),
                _ => found.code("unknown-key").warning(&entry.key_at, message, hint),
            }
        }
    }

    fn meant(&self, key: &str, known: &[&str], all: &[&str]) -> String {
        let plain = self.plain(key);
        if all.contains(&key)
            && let Some((above, last)) = key.rsplit_once('.')
        {
            return format!("write `{above}:` and below it, indented, `{last}: …`");
        }
        if let Some(name) = nearest(&plain, known.iter().copied()) {
            return format!("did you mean `{}`?", self.path_of(name));
        }
        let last = |path: &&&str| path.rsplit('.').next() == Some(plain.as_str());
        if let Some(path) = all.iter().find(last) {
            return format!("did you mean `{path}`?");
        }
        if let Some(path) = nearest(&self.path_of(&plain), all.iter().copied()) {
            return format!("did you mean `{path}`?");
        }
        let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        format!("known here: {}", names.join(", "))
    }

    fn refuse_twins(&self, found: &mut Findings) {
        for (index, entry) in self.entries.iter().enumerate().take(100) {
            let twin = |other: &&Entry| self.plain(&other.key) == self.plain(&entry.key);
            if let Some(first) = self.entries[..index].iter().find(twin) {
                let line = found.source.line(first.key_at.start);
                found.code("duplicate-key").error(
                    &entry.key_at,
                    format!("{} is given twice", quoted(&entry.key)),
                    format!("{} stands in line {line}: keep one of the two", quoted(&first.key)),
                );
            }
        }
    }

    fn plain(&self, key: &str) -> String {
        match self.keys {
            Keys::Exact => key.to_owned(),
            Keys::Loose => key.trim().to_lowercase().replace(['-', ' '], "_"),
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// A value under its name.
#[derive(Clone, Debug)]
pub struct Field<'n> {
    /// Full name for messages, e.g. `retry.delay`.
    pub name: String,
    /// The value.
    pub node: &'n Node,
}

impl<'n> Field<'n> {
    /// Where it stands.
    pub fn at(&self) -> &'n Range<usize> {
        &self.node.at
    }

    /// A text; numbers and truth values are as good.
    pub fn text(&self, found: &mut Findings) -> Option<&'n str> {
        match &self.node.kind {
            Kind::Text(text, _) => Some(text),
            Kind::Map(entries) if entries.len() == 1 => {
                let source = found.source.text.get(self.node.at.clone()).unwrap_or_default();
                let line = source.lines().next().unwrap_or_default().trim_end();
                let hint = format!("put quotes around it: \"{}\"", line.replace('"', "\\\""));
                self.wrong("a text", found, &hint)
            }
            _ => self.wrong("a text", found, "write one text"),
        }
    }

    /// A text that means something: `read` gives the value, or what is wrong and a hint.
    pub fn read<T>(
        &self,
        found: &mut Findings,
        read: impl FnOnce(&str) -> Result<T, (String, String)>,
    ) -> Option<T> {
        let text = self.text(found)?;
        read(text)
            .map_err(|(message, hint)| {
                found.error(self.at(), format!("`{}`: {message}", self.name), hint);
            })
            .ok()
    }

    /// One of some words, in any case.
    pub fn word<T: Copy>(&self, words: &[(&str, T)], found: &mut Findings) -> Option<T> {
        self.read(found, |text| {
            let same = |(word, _): &&(&str, T)| word.eq_ignore_ascii_case(text.trim());
            words.iter().find(same).map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<String> = words.iter().map(|(w, _)| format!("`{w}`")).collect();
                let hint = match nearest(text.trim(), words.iter().map(|(word, _)| *word)) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("use {}", either(&names)),
                };
                (format!("{} is not one of {}", quoted(text), names.join(", ")), hint)
            })
        })
    }

    /// Whether it is this one word, in any case and without quotes.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.node.kind, Kind::Text(text, Style::Plain) if text.eq_ignore_ascii_case(word))
    }

    /// `true` or `false`, and nothing that merely looks like it.
    pub fn flag(&self, found: &mut Findings) -> Option<bool> {
        match &self.node.kind {
            Kind::Text(text, Style::Plain) if matches!(&**text, "true" | "True" | "TRUE") => {
                Some(true)
            }
            Kind::Text(text, Style::Plain) if matches!(&**text, "false" | "False" | "FALSE") => {
                Some(false)
            }
            _ => self.wrong("`true` or `false`", found, "write `true` or `false`, without quotes"),
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, low: u32, high: u32, found: &mut Findings) -> Option<u32> {
        self.read(found, |text| {
            let number = text.trim().parse().ok().filter(|n| (low..=high).contains(n));
            let wrong = || format!("{} is not a number from {low} to {high}", quoted(text));
            number.ok_or_else(|| (wrong(), format!("write a number, e.g. `{}`", low.max(1))))
        })
    }

    /// The entries of a list; a single value stands for a list of it, and nulls are left out.
    pub fn list(&self) -> Vec<Field<'n>> {
        let named = |node: &'n Node| Field { name: self.name.clone(), node };
        match &self.node.kind {
            Kind::Null => Vec::new(),
            Kind::List(nodes) => {
                nodes.iter().filter(|node| node.kind != Kind::Null).map(named).collect()
            }
            _ => vec![named(self.node)],
        }
    }

    /// The texts of a list.
    pub fn texts(&self, found: &mut Findings) -> Vec<(&'n str, &'n Range<usize>)> {
        self.list()
            .iter()
            .filter_map(|field| Some((field.text(found)?.trim(), field.at())))
            .filter(|(text, _)| !text.is_empty())
            .collect()
    }

    /// The words of a list, or of one text with commas between them.
    pub fn words(&self, found: &mut Findings) -> Vec<(&'n str, &'n Range<usize>)> {
        let single = matches!(self.node.kind, Kind::Text(..));
        let texts = self.texts(found).into_iter();
        let parts = texts.flat_map(|(text, at)| {
            let comma = if single { "," } else { "\0" };
            text.split(comma).map(move |word| (word.trim(), at))
        });
        parts.filter(|(word, _)| !word.is_empty()).collect()
    }

    fn wrong<T>(&self, wanted: &str, found: &mut Findings, hint: &str) -> Option<T> {
        let name = name(&self.node.kind);
        found.error(self.at(), format!("`{}` must be {wanted}, not {name}", self.name), hint);
        None
    }
}

fn name(kind: &Kind) -> String {
    match kind {
        Kind::Null => "nothing".into(),
        Kind::Text(text, _) => quoted(text),
        Kind::List(_) => "a list".into(),
        Kind::Map(_) => "a mapping".into(),
    }
}

/// `a`, `b` or `c`
fn either(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
