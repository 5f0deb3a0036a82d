//! The blocks of a Markdown text, as far as a task is told by them.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// One block at the top level of the body.
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub range: Range<usize>,
}

/// What a block is, as far as it matters here.
pub enum Kind {
    /// A heading and its text.
    Heading {
        /// 1 to 6.
        level: usize,
        /// Without its markup.
        text: String,
    },
    /// Plain text.
    Paragraph,
    /// A list with its items.
    List(Vec<Item>),
    /// A fenced `sh` block.
    Script,
    /// Any other.
    Other,
}

/// One item of a top-level list.
pub struct Item {
    /// Its bytes, from the bullet on.
    pub range: Range<usize>,
    /// Its own text, without that of lists in it.
    pub text: String,
    /// Where its text, or its box, begins.
    pub content: Option<usize>,
    /// A task list marker and its range.
    pub mark: Option<(bool, Range<usize>)>,
}

/// What the parser tells, put together.
pub struct Blocks {
    /// The blocks at the top level, in order.
    pub top: Vec<Block>,
    /// The `sh` blocks at any level, in order.
    pub scripts: Vec<(Range<usize>, String)>,
}

impl Blocks {
    /// Reads a whole body.
    pub fn of(text: &str) -> Self {
        let mut blocks = Blocks { top: Vec::new(), scripts: Vec::new() };
        let mut reader = Reader::default();
        let options = Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reader.take(event, range, &mut blocks);
        }
        blocks
    }
}

/// The parser's events, from outside in.
#[derive(Default)]
struct Reader {
    /// How many block containers are open.
    depth: usize,
    /// How many lists among them.
    lists: usize,
    heading: Option<String>,
    items: Vec<Item>,
    /// The text of a fenced `sh` block.
    script: Option<String>,
    in_code: bool,
}

impl Reader {
    fn take(&mut self, event: Event, range: Range<usize>, blocks: &mut Blocks) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range, blocks),
            Event::Text(text) => self.text(&text, &range),
            Event::Code(text) => self.text(&format!("`{text}`"), &range),
            Event::SoftBreak | Event::HardBreak => self.text(" ", &range),
            Event::InlineHtml(text) if !text.starts_with("<!--") => self.text(&text, &range),
            Event::TaskListMarker(ticked) => {
                if let Some(item) = self.item() {
                    item.mark = Some((ticked, range));
                }
            }
            Event::Rule if self.depth == 0 => blocks.top.push(Block { kind: Kind::Other, range }),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag, range: Range<usize>) {
        match tag {
            Tag::Heading { .. } if self.depth == 0 => self.heading = Some(String::new()),
            Tag::List(_) => {
                self.lists += 1;
                if self.depth == 0 {
                    self.items.clear();
                }
            }
            Tag::Item if self.lists == 1 && self.depth == 1 => {
                self.items.push(Item { range, text: String::new(), content: None, mark: None });
            }
            Tag::CodeBlock(kind) => {
                self.in_code = true;
                if let CodeBlockKind::Fenced(info) = kind
                    && info.split_whitespace().next() == Some("sh")
                {
                    self.script = Some(String::new());
                }
            }
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Link { .. }
            | Tag::Image { .. } => {
                self.content(&range);
                return;
            }
            Tag::Paragraph => {
                if let Some(item) = self.item() {
                    item.text.push(' ');
                }
            }
            _ => {}
        }
        self.depth += 1;
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>, blocks: &mut Blocks) {
        if matches!(
            tag,
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image
        ) {
            return;
        }
        self.depth = self.depth.saturating_sub(1);
        let mut is_script = false;
        if tag == TagEnd::CodeBlock {
            self.in_code = false;
            if let Some(script) = self.script.take() {
                blocks.scripts.push((range.clone(), script));
                is_script = true;
            }
        }
        if matches!(tag, TagEnd::List(_)) {
            self.lists = self.lists.saturating_sub(1);
        }
        if self.depth > 0 {
            return;
        }
        let kind = match tag {
            TagEnd::Heading(level) => Kind::Heading {
                level: level as usize,
                text: self.heading.take().unwrap_or_default(),
            },
            TagEnd::Paragraph => Kind::Paragraph,
            TagEnd::List(_) => Kind::List(std::mem::take(&mut self.items)),
            TagEnd::CodeBlock if is_script => Kind::Script,
            _ => Kind::Other,
        };
        blocks.top.push(Block { kind, range });
    }

    fn text(&mut self, text: &str, range: &Range<usize>) {
        if let Some(script) = &mut self.script {
            script.push_str(text);
        } else if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        } else if !self.in_code {
            self.content(range);
            if let Some(item) = self.item() {
                item.text.push_str(text);
            }
        }
    }

    fn content(&mut self, range: &Range<usize>) {
        if let Some(item) = self.item() {
            item.content.get_or_insert(range.start);
        }
    }

    /// The top-level item whose own text is being read.
    fn item(&mut self) -> Option<&mut Item> {
        if self.lists == 1 { self.items.last_mut() } else { None }
    }
}
