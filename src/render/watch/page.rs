//! The drawing: where what stands, for any size.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span as Drawn, Text};

use super::list::{self, Section};
use super::model::{Mode, Model};
use crate::render::ink::{Ink, Signs, Span};
use crate::render::status;
use crate::render::text::{cut, fold, safe_page, width};

/// From so many columns on the detail stands beside the list.
const WIDE: u16 = 90;
/// From so many rows on it stands below the list.
const HIGH: u16 = 14;

/// Where what stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One line: how it goes.
    pub head: Rect,
    /// All but head and foot.
    pub body: Rect,
    /// The entries.
    pub list: Rect,
    /// What is told of the chosen one; empty where there is no room.
    pub detail: Rect,
    /// One line: keys, or what is asked.
    pub foot: Rect,
}

impl Plan {
    /// For a screen of this size; with `whole` the detail takes all of it.
    pub fn of((columns, rows): (u16, u16), whole: bool) -> Self {
        let line = |y| Rect::new(0, y, columns, 1.min(rows));
        let body = Rect::new(0, 1.min(rows), columns, rows.saturating_sub(2));
        let none = Rect::new(0, body.y, 0, 0);
        let (list, detail) = if whole {
            (none, body)
        } else if columns >= WIDE {
            let left = columns * 9 / 20;
            let right = Rect { x: left + 2, width: columns - left - 2, ..body };
            (Rect { width: left, ..body }, right)
        } else if body.height >= HIGH {
            let top = body.height / 2;
            let below = Rect { y: body.y + top + 1, height: body.height - top - 1, ..body };
            (Rect { height: top, ..body }, below)
        } else {
            (body, none)
        };
        Self { head: line(0), body, list, detail, foot: line(rows.saturating_sub(1)) }
    }
}

/// Draws all of it.
pub fn draw(model: &Model, colours: bool, frame: &mut Frame) {
    let area = frame.area();
    let plan = Plan::of((area.width, area.height), model.whole);
    let pen = Pen { colours, signs: model.signs };
    if model.mode == Mode::Help {
        frame.render_widget(pen.text(help(plan.body.width.into())), plan.body);
    } else {
        frame.render_widget(pen.text(list_lines(model, plan.list)), plan.list);
        let (detail, _) = model.detail();
        let detail = detail.into_iter().map(|line| vec![Span::new(Ink::Plain, line)]).collect();
        frame.render_widget(pen.text(detail), plan.detail);
        rule(&plan, pen, frame);
    }
    frame.render_widget(pen.text(vec![head(model, plan.head.width.into())]), plan.head);
    if plan.foot.y > 0 {
        frame.render_widget(pen.text(vec![foot(model, plan.foot.width.into())]), plan.foot);
    }
    wall(frame);
}

/// The wall behind all care that was taken: nothing that a terminal would obey leaves the buffer.
fn wall(frame: &mut Frame) {
    for cell in &mut frame.buffer_mut().content {
        let tame = safe_page(cell.symbol()).replace(['\n', '\t'], " ");
        if tame != cell.symbol() {
            cell.set_symbol(&tame);
        }
    }
}

#[derive(Clone, Copy)]
struct Pen {
    colours: bool,
    signs: Signs,
}

impl Pen {
    fn text(self, lines: Vec<Vec<Span>>) -> Text<'static> {
        let line = |spans: Vec<Span>| {
            let drawn = spans.into_iter().map(|it| Drawn::styled(it.text, self.style(it.ink)));
            Line::from(drawn.collect::<Vec<_>>())
        };
        Text::from(lines.into_iter().map(line).collect::<Vec<_>>())
    }

    fn style(self, ink: Ink) -> Style {
        let plain = Style::new();
        let colour = |colour| if self.colours { plain.fg(colour) } else { plain };
        match ink {
            Ink::Plain => plain,
            Ink::Heading => plain.add_modifier(Modifier::BOLD),
            Ink::Name => colour(Color::Cyan),
            Ink::Good => colour(Color::Green),
            Ink::Warning => colour(Color::Yellow),
            Ink::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Ink::Faint => plain.add_modifier(Modifier::DIM),
            Ink::Command => colour(Color::Cyan),
            Ink::Chosen => plain.add_modifier(Modifier::REVERSED),
        }
    }
}

/// Between list and detail.
fn rule(plan: &Plan, pen: Pen, frame: &mut Frame) {
    let (across, down) = if pen.signs == Signs::Unicode { ("─", "│") } else { ("-", "|") };
    if plan.list.is_empty() || plan.detail.is_empty() {
        return;
    }
    let (area, sign) = match plan.detail.x {
        0 => (Rect { y: plan.detail.y - 1, height: 1, ..plan.detail }, across),
        x => (Rect { x: x - 2, width: 1, ..plan.detail }, down),
    };
    for place in area.positions() {
        let cell = &mut frame.buffer_mut()[place];
        cell.set_symbol(sign).set_style(pen.style(Ink::Faint));
    }
}

/// The entries that fit, with the chosen one among them.
fn list_lines(model: &Model, room: Rect) -> Vec<Vec<Span>> {
    let columns = usize::from(room.width);
    let names = model.entries.iter().map(|entry| width(&entry.name)).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut chosen = 0..0;
    let mut section: Option<Section> = None;
    for (at, entry) in model.entries.iter().enumerate() {
        if section != Some(entry.section) {
            if section.is_some() {
                lines.push(Vec::new());
            }
            section = Some(entry.section);
            lines.push(vec![Span::new(Ink::Heading, cut(entry.section.name(), columns))]);
        }
        let mut own = list::lines(entry, model.signs, (columns, names));
        if at == model.chosen {
            chosen = lines.len()..lines.len() + own.len();
            own.iter_mut().for_each(|line| mark_chosen(line, columns));
        }
        lines.extend(own);
    }
    if lines.is_empty() {
        let said = if model.facts.is_some() { "nothing is queued" } else { "looking" };
        lines.push(vec![Span::new(Ink::Plain, cut(said, columns))]);
    }
    let height = usize::from(room.height);
    let above = chosen.end.saturating_sub(height).max(chosen.start.saturating_sub(height / 2));
    // With the first entry its heading comes into view.
    let above = if model.chosen == 0 { 0 } else { above.min(lines.len().saturating_sub(height)) };
    lines.into_iter().skip(above).take(height).collect()
}

fn mark_chosen(line: &mut Vec<Span>, columns: usize) {
    let used: usize = line.iter().map(|span| width(&span.text)).sum();
    line.push(Span::new(Ink::Plain, " ".repeat(columns.saturating_sub(used))));
    line.iter_mut().for_each(|span| span.ink = Ink::Chosen);
}

fn head(model: &Model, columns: usize) -> Vec<Span> {
    let said = match (&model.trouble, &model.facts) {
        (Some(trouble), _) => return vec![Span::new(Ink::Bad, cut(trouble, columns))],
        (None, Some(facts)) => status::brief(&facts.view),
        (None, None) => "buildq".into(),
    };
    vec![Span::new(Ink::Heading, cut(&model.signs.words(&said), columns))]
}

fn foot(model: &Model, columns: usize) -> Vec<Span> {
    let (ink, said) = match &model.mode {
        Mode::Words { question, typed, .. } => {
            // The end of what is typed is what one looks at.
            let room = columns.saturating_sub(width(question) + 2).max(columns / 2);
            let mut typed = typed.clone();
            while width(&typed) > room {
                typed.remove(0);
            }
            let question = cut(question, columns.saturating_sub(width(&typed) + 2));
            return vec![
                Span::new(Ink::Warning, question),
                Span::new(Ink::Plain, format!(" {typed}_")),
            ];
        }
        Mode::Sure { verb } => (Ink::Warning, format!("{}? y/n", verb.join(" "))),
        Mode::Help => (Ink::Faint, "any key closes this page".into()),
        Mode::Keys => match &model.busy {
            Some(line) => (Ink::Warning, model.signs.words(&format!("{line} …"))),
            None => (Ink::Faint, keys(model)),
        },
    };
    vec![Span::new(ink, cut(&said, columns))]
}

/// The keys that make sense for the chosen entry.
fn keys(model: &Model) -> String {
    let own = match model.entry().filter(|entry| entry.task.is_some()).map(|entry| entry.section) {
        Some(Section::Needs) => "n answer  R retry  c cancel  ",
        Some(Section::Building) => "o output  c cancel  ",
        Some(Section::Review) => "a accept  r reject  t try  ",
        Some(Section::Queue) => "w why  s start now  p approve  ",
        Some(Section::History) => "R retry  ",
        None => "",
    };
    format!("? help  q quit  {own}Enter whole page")
}

/// What every key does.
const KEYS: [(&str, &str); 17] = [
    ("Up, Down, j, k", "another entry; in a whole page, another line"),
    ("Home, End, g, G", "the first, the last"),
    ("PgUp, PgDn, Space", "the page beside the list, up and down"),
    ("Enter", "that page on the whole screen, and back"),
    ("Esc", "back to the list, and to what fits the entry"),
    ("f", "follow the end of the output"),
    ("o", "what the builder prints"),
    ("w", "why it is where it is"),
    ("i", "all that is known of it"),
    ("a", "accept: merge it"),
    ("r", "reject, with words for the builder"),
    ("n", "answer the builder's question"),
    ("p", "approve this exact text"),
    ("t", "try: a shell where it was built"),
    ("R", "retry"),
    ("s", "start now, whatever the clock says"),
    ("c", "cancel"),
];

fn help(columns: usize) -> Vec<Vec<Span>> {
    let label = KEYS.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let line = |(keys, said): &(&str, &str)| -> Vec<Vec<Span>> {
        let beside = columns >= 60;
        let room = columns.saturating_sub(if beside { label + 4 } else { 3 });
        let lines = fold(said, room).into_iter().enumerate().map(|(at, said)| {
            let name = if beside && at == 0 { *keys } else { "" };
            let indent = if beside { label + 2 } else { 2 };
            vec![Span::new(Ink::Name, format!(" {name:indent$}")), Span::new(Ink::Plain, said)]
        });
        let above = (!beside).then(|| vec![Span::new(Ink::Name, format!(" {keys}"))]);
        above.into_iter().chain(lines).collect()
    };
    KEYS.iter().flat_map(line).collect()
}
