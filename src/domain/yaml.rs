//! YAML into a tree that knows where everything stands.
//!
//! The only place that names the YAML crate. Its event parser is used rather than serde, so
//! that all that is wrong in a file can be told at once, each with its place.

mod fields;
pub mod write;

use std::collections::HashMap;
use std::ops::Range;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, Span};

pub use fields::{Field, Fields, Keys};

use super::diagnostic::{Findings, quoted};

/// Lists in lists in lists … at most so many.
const DEEPEST: usize = 16;

/// Texts, lists and mappings of one file, at most so many.
const MOST_NODES: usize = 5_000;

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the whole file.
    pub at: Range<usize>,
}

/// What a value is. Numbers and truth values are texts until somebody wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, and how it is written.
    Text(String, Style),
    /// Entries in order.
    List(Vec<Node>),
    /// Keys and values in order; a key never comes twice.
    Map(Vec<Entry>),
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is written.
    pub key: String,
    /// Its bytes in the whole file.
    pub key_at: Range<usize>,
    /// What belongs to it.
    pub value: Node,
}

/// Reads the one document in these bytes of the file; `None` after an error that leaves
/// nothing to go on with.
pub fn parse(range: Range<usize>, found: &mut Findings) -> Option<Node> {
    let text = found.source.text.get(range.clone())?;
    let mut options = granit_parser::Options::default();
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    options.set_emit_comments(false);
    let mut tree = Tree { base: range.start, text, open: Vec::new(), nodes: 0, root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                if let Err(refusal) = tree.take(event, &span, found) {
                    found.code("bad-yaml").error(&refusal.at, refusal.message, refusal.hint);
                    return None;
                }
            }
            Err(error) => {
                broken(&error, range.start, found);
                return None;
            }
        }
    }
    let nothing = Node { kind: Kind::Null, at: range.start..range.start };
    Some(tree.root.unwrap_or(nothing))
}

struct Refusal {
    at: Range<usize>,
    message: String,
    hint: String,
}

enum Open {
    List(Vec<Node>),
    Map(Vec<Entry>, HashMap<String, usize>, Option<(String, Range<usize>)>),
}

struct Tree<'a> {
    base: usize,
    text: &'a str,
    open: Vec<(Open, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Tree<'_> {
    fn take(&mut self, event: Event, span: &Span, found: &mut Findings) -> Result<(), Refusal> {
        let at = self.bytes(span);
        if event.is_node() {
            self.admit(&event, span, &at)?;
        }
        match event {
            Event::Scalar(text, style, ..) => {
                self.place(Node { kind: scalar(&text, style), at }, found)
            }
            Event::SequenceStart(..) => {
                self.open.push((Open::List(Vec::new()), at.start));
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push((Open::Map(Vec::new(), HashMap::new(), None), at.start));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, start)) = self.open.pop() else { return Ok(()) };
                let kind = match open {
                    Open::List(nodes) => Kind::List(nodes),
                    Open::Map(entries, ..) => Kind::Map(entries),
                };
                let end = at.end.max(start);
                self.place(Node { kind, at: start..end }, found)
            }
            Event::DocumentStart(..) if self.root.is_some() => Err(Refusal {
                at,
                message: "a second document begins here".into(),
                hint: "one file holds one document: remove this `---` and what follows it".into(),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses what could make a small file grow, and what nobody needs here.
    fn admit(&mut self, event: &Event, span: &Span, at: &Range<usize>) -> Result<(), Refusal> {
        let refuse = |at: Range<usize>, message: String, hint: &str| {
            Err(Refusal { at, message, hint: hint.into() })
        };
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("more than {MOST_NODES} values in one file");
            return refuse(at.clone(), message, "split it, or move text into the description");
        }
        if self.open.len() >= DEEPEST {
            let message = format!("nested deeper than {DEEPEST} levels");
            return refuse(at.clone(), message, "nothing here needs that");
        }
        let quote = "put quotes around a text that begins with it";
        if matches!(event, Event::Alias(_) | Event::UnresolvedAlias(_)) {
            return refuse(at.clone(), "references (`*`) are not read here".into(), quote);
        }
        if event.anchor_id().is_some_and(|id| id != 0) {
            return refuse(at.clone(), "anchors (`&`) are not read here".into(), quote);
        }
        if event.tag().is_some() {
            let at = span.tag_span().map_or(at.clone(), |tag| self.bytes(&tag));
            return refuse(at, "tags (`!`) are not read here".into(), quote);
        }
        Ok(())
    }

    fn place(&mut self, node: Node, found: &mut Findings) -> Result<(), Refusal> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Open::List(nodes), _)) => nodes.push(node),
            Some((Open::Map(entries, seen, key @ None), _)) => {
                let Kind::Text(text, style) = node.kind else {
                    return Err(Refusal {
                        at: node.at,
                        message: "a key must be one word or a text".into(),
                        hint: "write `key: value`".into(),
                    });
                };
                if text == "<<" && style == Style::Plain {
                    return Err(Refusal {
                        at: node.at,
                        message: "merge keys (`<<`) are not read here".into(),
                        hint: "write the keys out".into(),
                    });
                }
                if let Some(first) = seen.get(&text).and_then(|index| entries.get(*index)) {
                    let line = found.source.line(first.key_at.start);
                    found.code("duplicate-key").error(
                        &node.at,
                        format!("{} is given twice", quoted(&text)),
                        format!("it already stands in line {line}: keep one of the two"),
                    );
                }
                *key = Some((text, node.at));
            }
            Some((Open::Map(entries, seen, key @ Some(_)), _)) => {
                if let Some((key, key_at)) = key.take()
                    && !seen.contains_key(&key)
                {
                    seen.insert(key.clone(), entries.len());
                    entries.push(Entry { key, key_at, value: node });
                }
            }
        }
        Ok(())
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let offset = |marker: granit_parser::Marker| {
            marker.byte_offset().unwrap_or(self.text.len()).min(self.text.len())
        };
        let (start, end) = (offset(span.start), offset(span.end));
        let end = end.max(start);
        let trimmed = self.text.get(start..end).map_or(0, |text| text.trim_end().len());
        self.base + start..self.base + start + trimmed
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Kind {
    match style {
        ScalarStyle::Plain if matches!(text, "" | "~" | "null" | "Null" | "NULL") => Kind::Null,
        ScalarStyle::Plain => Kind::Text(text.to_owned(), Style::Plain),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            Kind::Text(text.to_owned(), Style::Quoted)
        }
        _ => Kind::Text(text.to_owned(), Style::Block),
    }
}

/// Tells a syntax error where it is most likely caused, with the likeliest mend.
fn broken(error: &ScanError, base: usize, found: &mut Findings) {
    let marker = error.marker();
    let offset = base
        + marker.byte_offset().unwrap_or_else(|| {
            let first = found.source.line(base);
            found.source.offset(first + marker.line().saturating_sub(1), marker.col()) - base
        });
    let line = found.source.line(offset);
    // The parser often notices only at the next token; an unquoted text stands in this line
    // or in the one before.
    for line in [line, line.saturating_sub(1).max(1)] {
        let range = found.source.line_range(line);
        if range.end < base {
            continue;
        }
        let text = &found.source.text[range.clone()];
        if let Some((from, hint)) = unquoted(text) {
            found.code("bad-yaml").error(
                &(range.start + from..range.end),
                "this text must stand in quotes: YAML reads its signs as syntax",
                hint,
            );
            return;
        }
    }
    let text = &found.source.text[found.source.line_range(line)];
    let indent = &text[..text.len() - text.trim_start().len()];
    let hint = if indent.contains('\t') {
        "indent with spaces, not with tabs"
    } else {
        "see the lines around: quotes and brackets closed, `: ` after each key, same indentation?"
    };
    let message = error.info();
    let message = format!("this is not YAML: {message}");
    found.code("bad-yaml").error(&(offset..offset + 1), message, hint);
}

/// Whether a line holds a text that YAML takes for syntax: where it begins, and the line as
/// it should be written.
fn unquoted(line: &str) -> Option<(usize, String)> {
    let body = line.trim_start_matches([' ', '-']);
    let (key, rest) = match body.split_once(": ") {
        Some((key, rest)) if !key.contains(['"', '\'', '[', '{', '#']) => (Some(key), rest.trim()),
        _ => (None, body.trim()),
    };
    let rest = rest.split(" #").next().unwrap_or_default().trim_end();
    if key.is_none() && !line.trim_start().starts_with("- ") {
        return None;
    }
    let first = rest.chars().next()?;
    let colon = key.is_some() && (rest.contains(": ") || rest.ends_with(':'));
    let slip = match first {
        '"' | '\'' | '#' => false,
        '|' | '>' => false,
        '@' | '`' | '%' | '&' | '*' | '!' => true,
        '[' => rest.contains(']') && !rest.ends_with([']', ',']),
        '{' => rest.contains('}') && !rest.ends_with(['}', ',']),
        _ => colon,
    };
    if !slip {
        return None;
    }
    let start = line.len() - body.len() + body.find(rest)?;
    let quoted = if rest.contains(['"', '\\']) {
        format!("'{}'", rest.replace('\'', "''"))
    } else {
        format!("\"{rest}\"")
    };
    let key = key.map_or(String::new(), |key| format!("{}: ", key.trim_end()));
    Some((start, format!("put quotes around it: {key}{quoted}")))
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Source;
    use super::*;

    /// The tree in short, or what was found.
    fn told(text: &str) -> String {
        let source = Source::new("f", text);
        let mut found = Findings::new(&source);
        let node = parse(0..text.len(), &mut found);
        let list = found.into_list();
        match (node, list.first()) {
            (Some(node), None) => short(&node),
            (_, Some(first)) => first.one_line(),
            (None, None) => "nothing".into(),
        }
    }

    fn short(node: &Node) -> String {
        match &node.kind {
            Kind::Null => "~".into(),
            Kind::Text(text, Style::Plain) => text.clone(),
            Kind::Text(text, Style::Quoted) => format!("\"{text}\""),
            Kind::Text(text, Style::Block) => format!("|{text}|"),
            Kind::List(nodes) => {
                format!("[{}]", nodes.iter().map(short).collect::<Vec<_>>().join(", "))
            }
            Kind::Map(entries) => {
                let pair = |entry: &Entry| format!("{}: {}", entry.key, short(&entry.value));
                format!("{{{}}}", entries.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn trees_keep_the_words_as_they_stand() {
        for (text, tree) in [
            ("", "~"),
            ("# only a comment", "~"),
            (
                "a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n- ~\n- null\n",
                "{a: 1, b: [x, \"y\", \"z\n\"], c: [~, ~]}",
            ),
            ("a: 07:30\nb: 2026-02-07 20:00\nc: yes\n", "{a: 07:30, b: 2026-02-07 20:00, c: yes}"),
            ("a: |\n  one\n  two\nb: 'null'", "{a: |one\ntwo\n|, b: \"null\"}"),
            ("{a: {b: [c]}}", "{a: {b: [c]}}"),
        ] {
            assert_eq!(told(text), tree, "{text:?}");
        }
    }

    #[test]
    fn what_could_grow_or_surprise_is_refused() {
        let many = "- a\n".repeat(MOST_NODES);
        let brackets = "[".repeat(60_000);
        let dashes = "- ".repeat(DEEPEST + 1) + "a";
        for (text, message) in [
            ("a: &x 1\nb: *x", "f:1:7: anchors (`&`) are not read here"),
            ("b: *x", "f:1:4: references (`*`) are not read here"),
            ("<<: {a: b}", "f:1:1: merge keys (`<<`) are not read here"),
            ("a: !!str 1", "f:1:4: tags (`!`) are not read here"),
            ("a: 1\na: 2", "f:2:1: `a` is given twice"),
            ("? [a]\n: b", "f:1:3: a key must be one word or a text"),
            ("a: 1\n---\nb: 2", "f:2:1: a second document begins here"),
            ("%YAML 1.2\n---\na: 1", "f:1:1: this is not YAML: YAML directives are disallowed"),
            ("a: [1, 2", "f:1:4: this is not YAML: unclosed bracket '['"),
            ("a:\n\tb: 1", "f:2:2: this is not YAML: tabs disallowed"),
            (&many, "f:5000:3: more than 5000 values in one file"),
            (&brackets, "f:1:17: this is not YAML: recursion limit exceeded"),
            (&dashes, "f:1:33: "),
        ] {
            let told = told(text);
            assert!(told.starts_with(message), "{told} / {message}");
        }
    }

    #[test]
    fn texts_that_need_quotes_are_told_so() {
        for (line, hint) in [
            ("title: fix: x", "title: \"fix: x\""),
            ("- Fix: it: now", "Fix: \"it: now\""),
            ("title: @x # c", "title: \"@x\""),
            ("title: `x` \"y\"", "title: '`x` \"y\"'"),
            ("title: [a] b", "title: \"[a] b\""),
        ] {
            let (_, told) = unquoted(line).unwrap();
            assert_eq!(told, format!("put quotes around it: {hint}"), "{line}");
        }
        for line in ["", "a: b", "a: [b, c]", "a: \"b: c\"", "a: # b: c", "a: |", "a: [b,"] {
            assert_eq!(unquoted(line), None, "{line}");
        }
    }
}
