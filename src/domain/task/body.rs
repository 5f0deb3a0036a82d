//! The Markdown of a task: description, criteria, `sh` blocks.

use std::ops::Range;

use super::blocks::{Block, Blocks, Item, Kind};
use super::{Criterion, Splice, Step};

/// Headings below which the criteria stand, in lower case.
pub const CRITERIA_HEADINGS: &[&str] = &[
    "completion criteria",
    "acceptance criteria",
    "success criteria",
    "deliverables",
    "definition of done",
    "done when",
];

/// What a body says.
#[derive(Default)]
pub struct Body {
    /// The first level-1 heading, if it was asked for.
    pub title: Option<String>,
    /// All that is neither title nor criteria.
    pub description: String,
    /// The list items below the criteria headings.
    pub criteria: Vec<Criterion>,
    /// The `sh` blocks; `line` holds a byte offset until the body is placed in its file.
    pub steps: Vec<Step>,
}

impl Body {
    /// Turns offsets in the body into offsets and lines of the file.
    pub fn shift(&mut self, by: usize, line: impl Fn(usize) -> usize) {
        for criterion in &mut self.criteria {
            criterion.mark = criterion.mark.map(|mark| mark + by);
            if let Some(splice) = &mut criterion.tick {
                splice.range = splice.range.start + by..splice.range.end + by;
            }
        }
        for step in &mut self.steps {
            step.line = line(step.line + by);
        }
    }

    /// For a body that is no slice of its file: nothing can be ticked by offset.
    pub fn unplace(&mut self, line: impl Fn(usize) -> usize) {
        self.shift(0, line);
        for criterion in &mut self.criteria {
            (criterion.mark, criterion.tick) = (None, None);
        }
    }
}

/// Reads a body; total, for any text.
pub fn read(text: &str, wants_title: bool) -> Body {
    let blocks = Blocks::of(text);
    let mut body = Body::default();
    let mut parts = Parts::default();
    let mut section: Option<Section> = None;
    for (index, block) in blocks.top.iter().enumerate() {
        if section.as_ref().is_some_and(|open| open.ends_before(block)) {
            section = None;
        }
        match &block.kind {
            Kind::Heading { level, text: heading } if is_criteria_heading(heading) => {
                section = Some(Section::Heading(*level));
                parts.cut.push(block.range.clone());
            }
            Kind::Heading { level: 1, text: heading }
                if wants_title && body.title.is_none() && !heading.trim().is_empty() =>
            {
                body.title = Some(heading.clone());
                parts.cut.push(block.range.clone());
            }
            Kind::Paragraph if section.is_none() => {
                let next = blocks.top.get(index + 1);
                let lists_next = next.is_some_and(|next| matches!(next.kind, Kind::List(_)));
                if let Some(start) = lead_in(text, &block.range).filter(|_| lists_next) {
                    section = Some(Section::Lists);
                    parts.cut.push(start..block.range.end);
                }
            }
            _ if section.is_some() => parts.take(text, block, &mut body),
            _ => {}
        }
    }
    body.description = without(text, &parts.cut);
    body.steps = steps(&blocks, &parts);
    body
}

/// What the walk over the blocks sets aside.
#[derive(Default)]
struct Parts {
    /// What is no part of the description, in order.
    cut: Vec<Range<usize>>,
    /// The blocks below criteria headings, in order.
    sections: Vec<Range<usize>>,
    /// Each criterion's item and index, in order.
    items: Vec<(Range<usize>, usize)>,
}

impl Parts {
    /// A block below a criteria heading.
    fn take(&mut self, text: &str, block: &Block, body: &mut Body) {
        self.sections.push(block.range.clone());
        let keep = match &block.kind {
            Kind::List(items) => {
                for item in items {
                    let criterion = criterion(text, item);
                    if !criterion.text.is_empty() {
                        self.items.push((item.range.clone(), body.criteria.len()));
                        body.criteria.push(criterion);
                    }
                }
                false
            }
            Kind::Heading { .. } | Kind::Script => false,
            Kind::Other => !text[block.range.clone()].trim_start().starts_with("<!--"),
            Kind::Paragraph => true,
        };
        if !keep {
            self.cut.push(block.range.clone());
        }
    }
}

/// Runs of whitespace and control characters become one blank.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without the box it begins with, and whether that was ticked.
pub fn unboxed(text: &str) -> (Option<bool>, &str) {
    let text = text.trim();
    for (mark, ticked) in [("[ ]", false), ("[]", false), ("[x]", true), ("[X]", true)] {
        if let Some(rest) = text.strip_prefix(mark)
            && !rest.starts_with(['(', '['])
        {
            return (Some(ticked), rest.trim_start());
        }
    }
    (None, text)
}

/// Where criteria are listed.
enum Section {
    /// Until a heading of this level or above.
    Heading(usize),
    /// As long as lists follow.
    Lists,
}

impl Section {
    fn ends_before(&self, block: &Block) -> bool {
        match (self, &block.kind) {
            (Section::Heading(open), Kind::Heading { level, .. }) => level <= open,
            (Section::Lists, Kind::List(_) | Kind::Script) => false,
            (Section::Lists, _) => true,
            _ => false,
        }
    }
}

fn criterion(text: &str, item: &Item) -> Criterion {
    let own = one_line(&item.text);
    if let Some((done, range)) = &item.mark {
        let mark = range.start + 1;
        let tick = (!done).then(|| Splice { range: mark..mark + 1, with: "x".into() });
        return Criterion { text: own, done: *done, mark: Some(mark), tick };
    }
    let at = item.content.unwrap_or(item.range.end);
    let (boxed, plain) = unboxed(&own);
    let written = &text[at.min(text.len())..];
    let close = written.find(']').unwrap_or(2);
    // Alone in its line a ticked box would be all that the item says.
    let is_alone = written.get(close + 1..).is_some_and(|rest| rest.starts_with(['\n', '\r']));
    let (mark, tick) = match boxed {
        Some(_) if written.starts_with('[') && is_alone => (None, None),
        Some(_) if written.starts_with("[]") => {
            (None, Some(Splice { range: at + 1..at + 1, with: "x".into() }))
        }
        Some(_) if written.starts_with('[') => {
            // There may be several blanks between its brackets.
            (Some(at + 1), Some(Splice { range: at + 1..at + close, with: "x".into() }))
        }
        _ => (None, Some(Splice { range: at..at, with: "[x] ".into() })),
    };
    let done = boxed == Some(true);
    Criterion { text: plain.to_owned(), done, mark, tick: tick.filter(|_| !done) }
}

fn steps(blocks: &Blocks, parts: &Parts) -> Vec<Step> {
    let covers = |range: &Range<usize>, at: usize| range.start <= at && at < range.end;
    let under = |at: usize| {
        let before = parts.items.partition_point(|(range, _)| range.start <= at);
        let (item, index) = &parts.items[before.checked_sub(1)?];
        let before = parts.sections.partition_point(|range| range.start <= at);
        let section = &parts.sections[before.checked_sub(1)?];
        (covers(item, at) || covers(section, at)).then_some(*index)
    };
    let step = |(range, script): &(Range<usize>, String)| Step {
        script: script.clone(),
        criterion: under(range.start),
        line: range.start,
    };
    blocks.scripts.iter().map(step).collect()
}

fn is_criteria_heading(text: &str) -> bool {
    let plain = text.trim_matches(|c: char| !c.is_alphanumeric());
    let plain = plain.trim_start_matches(|c: char| !c.is_alphabetic());
    CRITERIA_HEADINGS.contains(&one_line(plain).to_lowercase().as_str())
}

/// Where the last line of a paragraph begins, if it stands for a criteria heading:
/// `**Acceptance criteria:**`, or bare with a colon.
fn lead_in(text: &str, paragraph: &Range<usize>) -> Option<usize> {
    let lines = text[paragraph.clone()].trim_end();
    let start = lines.rfind('\n').map_or(0, |at| at + 1);
    let line = lines[start..].trim();
    let marked = line.starts_with("**") || line.starts_with("__") || line.ends_with(':');
    (marked && is_criteria_heading(line)).then_some(paragraph.start + start)
}

/// The text without these ranges, which are in order.
fn without(text: &str, cut: &[Range<usize>]) -> String {
    let mut kept = String::new();
    let mut start = 0;
    for range in cut.iter().cloned().chain(std::iter::once(text.len()..text.len())) {
        let part = text.get(start..range.start.max(start)).unwrap_or_default();
        let part = part.trim_end().trim_start_matches(['\n', '\r']);
        if !part.trim().is_empty() {
            if !kept.is_empty() {
                kept.push_str("\n\n");
            }
            kept.push_str(part);
        }
        start = range.end.max(start);
    }
    kept.trim().replace("\r\n", "\n")
}
