//! One task file, with the way from its words to their places.

use std::ops::Range;

use super::Sheet;
use crate::core::queue::Content;
use crate::domain::diagnostic::{Diagnostic, Place, Related, Source};
use crate::domain::id::TaskId;
use crate::domain::task::{Spots, Task, spots};

/// A task file that has a good name.
pub struct Page<'a> {
    pub id: TaskId,
    pub path: &'a str,
    pub picked: bool,
    /// `None` when the file has an error.
    pub task: Option<Task>,
    pub diagnostics: Vec<Diagnostic>,
    text: &'a str,
}

impl<'a> Page<'a> {
    pub fn new(
        id: TaskId,
        sheet: &'a Sheet,
        task: Option<Task>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let bytes: &[u8] = if let Content::Bytes(bytes) = &sheet.content { bytes } else { &[] };
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        Self { id, path: &sheet.path, picked: sheet.picked, task, diagnostics, text }
    }

    /// Where a key's value stands.
    pub fn value(&self, key: &str) -> Option<Place> {
        self.spot(|spots| spots.value(key))
    }

    /// Where one entry of a key's list stands.
    pub fn entry(&self, key: &str, word: &str) -> Option<Place> {
        self.spot(|spots| spots.entry(key, word))
    }

    /// Where the title stands; else the first line that says anything.
    pub fn title(&self) -> Option<Place> {
        self.value("title").or_else(|| {
            let source = Source::new(self.path, self.text);
            let body = spots(&source).body;
            let said = |c: char| !c.is_whitespace() && c != '#' && c != '\u{feff}';
            let start = body + self.text.get(body..)?.find(said)?;
            let length = self.text[start..].find('\n').unwrap_or(self.text.len() - start);
            Some(source.place(&(start..start + length)))
        })
    }

    /// Where a text of the task stands in the file, however its lines are broken there: below
    /// the front matter if it is there, else anywhere.
    pub fn quote(&self, words: &str) -> Option<Place> {
        let source = Source::new(self.path, self.text);
        let body = spots(&source).body;
        let exact = |from: usize| find(self.text, from, words, |a, b| a.strip_prefix(b));
        let loose = |from: usize| find(self.text, from, words, strip_prefix_any_case);
        let range = exact(body).or_else(|| exact(0)).or_else(|| loose(body)).or_else(|| loose(0));
        range.map(|range| source.place(&range))
    }

    /// This page as the other place of a finding.
    pub fn related(&self, place: Option<Place>, message: impl Into<String>) -> Related {
        Related { file: self.path.to_owned(), place, message: message.into() }
    }

    fn spot(&self, look: impl Fn(&Spots) -> Option<Range<usize>>) -> Option<Place> {
        let source = Source::new(self.path, self.text);
        look(&spots(&source)).map(|range| source.place(&range))
    }
}

/// What is left of a text behind a word, if it begins with that.
type Strip = for<'t> fn(&'t str, &str) -> Option<&'t str>;

fn strip_prefix_any_case<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

/// The bytes of the words, any white space between them.
fn find(text: &str, from: usize, words: &str, strip: Strip) -> Option<Range<usize>> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let first = words.first()?;
    let whole = |start: usize| {
        let mut rest = strip(&text[start..], first)?;
        for word in &words[1..] {
            let next = rest.trim_start();
            rest = if next.len() < rest.len() { strip(next, word)? } else { return None };
        }
        Some(start..text.len() - rest.len())
    };
    let begins = |at: &usize| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric())
            || !first.starts_with(|c: char| c.is_alphanumeric())
    };
    let starts = text.char_indices().map(|(at, _)| at).filter(|at| *at >= from);
    starts.filter(begins).find_map(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_across_lines() {
        let text = "é deploy the\n  API now";
        let found = |words: &str, strip: Strip| find(text, 0, words, strip).map(|at| &text[at]);
        assert_eq!(found("the API", |a, b| a.strip_prefix(b)), Some("the\n  API"));
        assert_eq!(found("THE api", |a, b| a.strip_prefix(b)), None);
        assert_eq!(found("THE api", strip_prefix_any_case), Some("the\n  API"));
        assert_eq!(found("ploy", strip_prefix_any_case), None, "it begins in a word");
        assert_eq!(found("", strip_prefix_any_case), None);
    }
}
