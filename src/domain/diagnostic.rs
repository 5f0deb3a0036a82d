//! What is wrong in a file that a person wrote, where, and what to do about it.

use std::ops::Range;

use serde::Serialize;

/// How bad it is: an error holds the task, a warning only speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used as it stands.
    Error,
    /// The file can be used, though probably not as meant.
    Warning,
    /// Nothing is wrong; a person may want to know.
    Note,
}

/// Another place that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Path from the top of the repository.
    pub file: String,
    /// Where in the file, if it is about one place.
    pub place: Option<Place>,
    /// What stands there.
    pub message: String,
}

/// A place in a file, with its line quoted so that it can be shown without the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub width: usize,
    /// The whole line, without its end; empty when it is too long to be quoted.
    pub text: String,
}

/// One finding in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error, warning or note.
    pub severity: Severity,
    /// What kind of finding it is, in one stable kebab-case word; see docs/lint-schema.md.
    pub code: &'static str,
    /// Path from the top of the repository.
    pub file: String,
    /// Where in the file, if it is about one place.
    pub place: Option<Place>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// An error about a whole file.
    pub fn error(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: "bad-file",
            file: file.to_owned(),
            place: None,
            message: message.into(),
            hint: None,
            related: Vec::new(),
        }
    }

    /// A warning about a whole file.
    pub fn warning(file: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, message) }
    }

    /// A remark about a whole file.
    pub fn note(file: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(file, message) }
    }

    /// The same, under its own code.
    pub fn code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The same, at a place.
    pub fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// The same, with advice.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// `file:line:column: message`, in one line.
    pub fn one_line(&self) -> String {
        match &self.place {
            Some(place) => {
                format!("{}:{}:{}: {}", self.file, place.line, place.column, self.message)
            }
            None => format!("{}: {}", self.file, self.message),
        }
    }

    /// The same, and what to do.
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.one_line()),
            None => self.one_line(),
        }
    }
}

/// No file is told of more than this many findings.
pub const MOST_FINDINGS: usize = 50;

/// A longer line is not quoted.
const LONGEST_QUOTE: usize = 4096;

/// A file's text, with the way from byte offsets to places.
pub struct Source<'a> {
    /// Path from the top of the repository.
    pub file: &'a str,
    /// The whole text, with its byte order mark if it has one.
    pub text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    /// Looks up where the lines begin, once.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(bom).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts }
    }

    /// The line that a byte offset stands in, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// The bytes of a line, counted from 1, without its end.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_starts.get(line - 1).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find('\n').unwrap_or(rest.len());
        start..start + rest[..length].trim_end_matches('\r').len()
    }

    /// The byte offset of a column, in characters from 0, of a line, counted from 1.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let range = self.line_range(line);
        let text = &self.text[range.clone()];
        range.start + text.char_indices().nth(column).map_or(text.len(), |(at, _)| at)
    }

    /// Where a range of bytes stands; of several lines it is the first.
    pub fn place(&self, at: &Range<usize>) -> Place {
        let start = self.floor(at.start);
        let line = self.line(start);
        let range = self.line_range(line);
        let start = start.clamp(range.start, range.end);
        let end = self.floor(at.end).clamp(start, range.end);
        let text = &self.text[range.clone()];
        Place {
            line,
            column: self.text[range.start..start].chars().count() + 1,
            width: self.text[start..end].trim_end().chars().count().max(1),
            text: if text.len() > LONGEST_QUOTE { String::new() } else { text.to_owned() },
        }
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// Collects what is wrong in one file, so that all of it is told at once.
pub struct Findings<'s> {
    /// The file that is read.
    pub source: &'s Source<'s>,
    list: Vec<Diagnostic>,
    errors: usize,
    left_out: usize,
    /// The code of the next finding at a place.
    code: Option<&'static str>,
}

impl<'s> Findings<'s> {
    /// Nothing found yet.
    pub fn new(source: &'s Source<'s>) -> Self {
        Self { source, list: Vec::new(), errors: 0, left_out: 0, code: None }
    }

    /// The next finding at a place has this code instead of `bad-value`.
    pub fn code(&mut self, code: &'static str) -> &mut Self {
        self.code = Some(code);
        self
    }

    /// The file cannot be used as it stands, because of this place.
    pub fn error(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.errors += 1;
        self.note(Diagnostic::error(self.source.file, message), at, hint);
    }

    /// Probably not as meant.
    pub fn warning(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(Diagnostic::warning(self.source.file, message), at, hint);
    }

    /// Something about the whole file.
    pub fn whole(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.list.push(diagnostic);
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// What was found, errors first, else in the order of the file.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        let place = |d: &Diagnostic| d.place.as_ref().map(|p| (p.line, p.column));
        self.list.sort_by(|a, b| {
            (a.severity, place(a).is_none(), place(a)).cmp(&(
                b.severity,
                place(b).is_none(),
                place(b),
            ))
        });
        if self.left_out > 0 {
            let message = format!("and {} more findings", self.left_out);
            let severity = if self.errors > 0 { Severity::Error } else { Severity::Warning };
            self.list.push(Diagnostic { severity, ..Diagnostic::error(self.source.file, message) });
        }
        self.list
    }

    fn note(&mut self, diagnostic: Diagnostic, at: &Range<usize>, hint: impl Into<String>) {
        let code = self.code.take().unwrap_or("bad-value");
        if self.list.len() >= MOST_FINDINGS {
            self.left_out += 1;
            return;
        }
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        let place = Some(self.source.place(at));
        self.list.push(Diagnostic { hint, place, code, ..diagnostic });
    }
}

/// A text in messages: shortened, on one line, without control characters.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.trim().chars().take(LONGEST).map(plain).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

/// The one of `known` that was probably meant by `text`.
pub fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let short: String = text.chars().take(80).flat_map(char::to_lowercase).collect();
    let nearness = |name: &str| {
        let name = name.to_lowercase();
        let edits = strsim::osa_distance(&short, &name);
        let close =
            edits <= 1 + name.chars().count() / 4 || strsim::jaro_winkler(&short, &name) >= 0.9;
        close.then_some(edits)
    };
    known
        .into_iter()
        .filter_map(|name| nearness(name).map(|edits| (edits, name)))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_quote_the_line() {
        let source = Source::new("f", "\u{feff}ä: b\r\nzweite: é x\nlast");
        let place = |needle: &str| {
            let start = source.text.find(needle).unwrap();
            let place = source.place(&(start..start + needle.len()));
            format!("{}:{}+{} {}", place.line, place.column, place.width, place.text)
        };
        assert_eq!(place("ä"), "1:1+1 ä: b");
        assert_eq!(place("b"), "1:4+1 ä: b");
        assert_eq!(place("é x"), "2:9+3 zweite: é x");
        assert_eq!(place("x\nlast"), "2:11+1 zweite: é x");
        assert_eq!(place("last"), "3:1+4 last");
        assert_eq!(source.place(&(999..1000)).line, 3);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["priority", "depends_on", "due"];
        assert_eq!(nearest("prioriy", known), Some("priority"));
        assert_eq!(nearest("Depends", known), Some("depends_on"));
        assert_eq!(nearest("deu", known), Some("due"));
        assert_eq!(nearest("assignee", known), None);
    }
}
