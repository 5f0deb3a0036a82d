//! Where the keys of a task file stand, for whoever has to point at one.

use std::ops::Range;

use super::super::diagnostic::{Findings, Source};
use super::super::yaml::{self, Kind, Node};
use super::file::front_matter;

/// The values of the keys, by their best spelling, with their bytes in the file.
#[derive(Debug, Default)]
pub struct Spots {
    values: Vec<(String, Node)>,
    /// Where the text after the front matter begins; the start of the file where there is none.
    pub body: usize,
}

/// Looks the keys up; a file that cannot be read has none.
pub fn spots(source: &Source) -> Spots {
    let mut found = Findings::new(source);
    let lower = source.file.to_lowercase();
    let (range, body) = match lower.ends_with(".md") {
        true => match front_matter(&mut found) {
            Some((range, body)) => (range, body),
            None => return Spots::default(),
        },
        false => (source.line_range(1).start..source.text.len(), 0),
    };
    let root = yaml::parse(range, &mut found);
    let Some(Node { kind: Kind::Map(entries), .. }) = root else {
        return Spots { body, ..Spots::default() };
    };
    let plain = |key: &str| key.trim().to_lowercase().replace(['-', ' '], "_");
    let values = entries.into_iter().map(|entry| (plain(&entry.key), entry.value)).collect();
    Spots { values, body }
}

impl Spots {
    /// The bytes of a key's value.
    pub fn value(&self, key: &str) -> Option<Range<usize>> {
        self.node(key).map(|node| node.at.clone())
    }

    /// What a key says, if that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.node(key)?.kind {
            Kind::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The bytes of one entry of a key's list, or of the whole value if it stands in one text.
    pub fn entry(&self, key: &str, word: &str) -> Option<Range<usize>> {
        let node = self.node(key)?;
        match &node.kind {
            Kind::List(items) => {
                let same =
                    |item: &&Node| matches!(&item.kind, Kind::Text(text, _) if text.trim() == word);
                items.iter().find(same).map(|item| item.at.clone())
            }
            _ => Some(node.at.clone()),
        }
    }

    fn node(&self, key: &str) -> Option<&Node> {
        self.values.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }
}
