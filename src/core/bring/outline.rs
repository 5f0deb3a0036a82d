//! The headings of a page, and what each of them is: a list of items, an item, a part of one.

use std::ops::Range;

use crate::domain::task::Priority;

use super::fields::{self, Key};
use super::fill::{self, Status};
use super::rows::{self, Kind, Row};
use super::words::{one_line, trimmed};
use super::{inline, values};

/// A heading and what stands below it up to the next one.
#[derive(Clone, Debug)]
pub struct Section {
    /// 0 is the top of the page.
    pub level: usize,
    /// What it says.
    pub text: String,
    /// Its line.
    pub line: usize,
    /// Its own rows.
    pub rows: Range<usize>,
    /// The section that it is in.
    pub parent: usize,
    /// What it is.
    pub role: Role,
}

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A list of items that have this state and this priority.
    List(Option<Status>, Option<Priority>),
    /// Below it each heading tells more of an item.
    Details(Option<Status>),
    /// An item.
    Task,
    /// A part of the item above it.
    Part,
    /// Whatever comes after it waits for it.
    Gate,
    /// Nothing of the list.
    Apart,
}

/// Headings made of these words alone name a list. The words are in lower case.
const LIST_WORDS: &str = "a active all and archive archived backlog batch batches being blocked bug bugs build builds building built cancelled closed \
    complete completed critical current currently days details doing done features feature finished for future \
    have hold icebox ideas immediate important in issues item items last later list low medium high maybe might minor must my next \
    nice normal not now of on open optional or our out p0 p1 p2 p3 p4 parked pending phase planned planning priorities priority progress \
    proposed queue queued quick wins ready recent recently release remaining review roadmap scheduled short should could shipped someday soon \
    started sprint stuff task tasks the things this to today todo todos tomorrow under undone unstarted up upcoming urgent waiting week weeks month wip wishlist work \
    aufgaben erledigt offen warteschlange fertig geplant aktuell abgeschlossen hoch mittel niedrig priorität arbeit nächste \
    pendiente pendientes tareas completado completadas hecho hechas curso en cola lista próximas prioridad alta media baja \
    à faire fait terminé terminées tâches cours attente priorité haute moyenne basse \
    concluído concluídas feito pendentes tarefas fazer prioridade fila \
    待办 待办事项 进行中 已完成 未开始 任务 队列 完了 未着手 進行中 タスク \
    готово задачи выполнено работе очередь";

/// Headings that begin with these are about the list and not in it.
const APART: &[&str] = &[
    "template",
    "how this",
    "how to use",
    "how it works",
    "usage",
    "instruction",
    "rules",
    "legend",
    "guideline",
    "about ",
    "overview",
    "format",
    "example",
    "convention",
    "workflow",
    "protocol",
    "reference",
    "see ",
    "metrics",
    "statistics",
    "stats",
    "summary",
    "introduction",
    "standing",
    "agent instruction",
    "configuration",
    "contributing",
    "changelog",
    "related",
    "links",
    "adding ",
    "add new",
    "notes",
    "vorlage",
    "anleitung",
    "plantilla",
    "instrucciones",
    "modèle",
];

/// Headings beyond these are text: no list has so many.
const MOST_SECTIONS: usize = 50_000;

/// The sections of a page; the first is its top.
pub fn sections(rows: &[Row]) -> Vec<Section> {
    let mut sections = vec![Section {
        level: 0,
        text: String::new(),
        line: 1,
        rows: 0..rows.len(),
        parent: 0,
        role: Role::List(None, None),
    }];
    let mut open = vec![0];
    for (index, row) in rows.iter().enumerate() {
        let Kind::Heading(level) = row.kind else { continue };
        if sections.len() > MOST_SECTIONS {
            break;
        }
        let last = sections.len() - 1;
        sections[last].rows.end = index;
        while open.len() > 1 && open.last().is_some_and(|of| sections[*of].level >= level) {
            open.pop();
        }
        let parent = open.last().copied().unwrap_or(0);
        open.push(sections.len());
        sections.push(Section {
            level,
            text: row.text.clone(),
            line: row.line,
            rows: index + 1..rows.len(),
            parent,
            role: Role::Apart,
        });
    }
    let page = Page::look(&sections, rows);
    for index in 1..sections.len() {
        sections[index].role = page.role(&sections, index);
    }
    sections
}

/// What the whole page is like.
struct Page<'a> {
    rows: &'a [Row],
    /// Which sections name something by number, box or fields.
    plain: Vec<bool>,
    /// Which sections have others in them, and whether one of those is plain.
    inner: Vec<Option<bool>>,
    /// Whether any item is plain to see.
    any: bool,
    /// Which levels hold numbered headings.
    numbered: [bool; 8],
    /// The first heading of level 1.
    title: Option<usize>,
}

impl<'a> Page<'a> {
    fn look(sections: &[Section], rows: &'a [Row]) -> Self {
        let mut numbered = [false; 8];
        let mut plain = Vec::with_capacity(sections.len());
        for section in sections {
            let number = inline::numbered(&section.text).0.is_some() && section.level > 0;
            numbered[section.level.min(7)] |= number && !is_phase(&section.text);
            plain.push(
                section.level > 0
                    && (number
                        || rows::boxed(&section.text).0.is_some()
                        || has_fields(rows, section)),
            );
        }
        let mut inner = vec![None; sections.len()];
        for (index, section) in sections.iter().enumerate().skip(1) {
            let of: &mut Option<bool> = &mut inner[section.parent];
            *of = Some(of.unwrap_or(false) || plain[index]);
        }
        let boxes = rows.iter().any(|row| matches!(row.kind, Kind::Item(_, _, Some(_))));
        let any = boxes || plain.iter().any(|plain| *plain);
        let title = sections.iter().position(|section| section.level == 1);
        Self { rows, plain, inner, any, numbered, title }
    }

    fn role(&self, sections: &[Section], index: usize) -> Role {
        let section = &sections[index];
        let above = &sections[section.parent];
        match above.role {
            Role::Task | Role::Part => return Role::Part,
            Role::Apart => return Role::Apart,
            _ => {}
        }
        let lower = trimmed(&section.text).to_lowercase();
        if matches!(above.role, Role::Details(_)) && self.plain[index] {
            return Role::Task;
        }
        if is_gate(&section.text) {
            return Role::Gate;
        }
        if lower.contains("task detail") || lower.contains("item detail") || lower == "details" {
            return Role::Details(fill::status(&section.text));
        }
        if is_list(&section.text) {
            let status = fill::status(&section.text).or(inherited(above));
            return Role::List(status, heading_priority(&section.text).or(priority_of(above)));
        }
        let about = APART.iter().any(|begin| lower.starts_with(begin));
        if about && !self.plain[index] {
            return Role::Apart;
        }
        if matches!(above.role, Role::Details(_)) {
            return Role::Task;
        }
        let first = self.title == Some(index);
        if first && !self.plain[index] {
            return Role::List(fill::status(&section.text).filter(|s| *s == Status::Done), None);
        }
        self.kind(section, index, above)
    }

    /// A heading with words of its own.
    fn kind(&self, section: &Section, index: usize, above: &Section) -> Role {
        let (status, priority) = (inherited(above), priority_of(above));
        let body = Body::of(&self.rows[section.rows.clone()]);
        match self.inner[index] {
            Some(true) if !has_fields(self.rows, section) => return Role::List(status, priority),
            _ if self.plain[index] && !is_phase(&section.text) => return Role::Task,
            // Headings within a list and text below: each heading is an item.
            Some(false) if !body.text && self.inner_text(section) => {
                return Role::List(status, priority);
            }
            _ => {}
        }
        let named = matches!(above.role, Role::List(..)) && above.level > 1;
        match (named, &body) {
            _ if body.items && !body.text => Role::List(status, priority),
            _ if body.boxes => Role::List(status, priority),
            _ if self.numbered[section.level.min(7)] => Role::Apart,
            (true, _) => Role::Task,
            _ if section.level == 1 || self.any => Role::Apart,
            _ => Role::Task,
        }
    }

    fn inner_text(&self, section: &Section) -> bool {
        !self.rows[section.rows.clone()].iter().any(|row| matches!(row.kind, Kind::Code))
    }
}

struct Body {
    items: bool,
    boxes: bool,
    text: bool,
}

impl Body {
    fn of(rows: &[Row]) -> Self {
        let items = rows.iter().any(|row| matches!(row.kind, Kind::Item(..) | Kind::Table));
        let boxes = rows.iter().any(|row| matches!(row.kind, Kind::Item(_, _, Some(_))));
        let says = |row: &Row| match row.kind {
            Kind::Code => true,
            Kind::Text(indent) => indent < 2 && !is_remark(&row.text),
            _ => false,
        };
        Self { items, boxes, text: rows.iter().any(says) }
    }
}

/// A line in italics or in brackets explains a list.
fn is_remark(text: &str) -> bool {
    let whole = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    whole('*', '*') && !text.starts_with("**")
        || whole('_', '_')
        || whole('(', ')')
        || text.starts_with('>')
}

fn inherited(above: &Section) -> Option<Status> {
    match above.role {
        Role::List(status, _) | Role::Details(status) => status,
        _ => None,
    }
}

fn priority_of(above: &Section) -> Option<Priority> {
    match above.role {
        Role::List(_, priority) => priority,
        _ => None,
    }
}

fn is_phase(text: &str) -> bool {
    let lower = trimmed(text).to_lowercase();
    ["phase ", "sprint ", "milestone ", "week ", "stage ", "meilenstein "]
        .iter()
        .any(|word| lower.starts_with(word))
}

/// `Tasks`, `🟡 Active Queue (Next Up)`, `P0 — Critical`.
fn is_list(text: &str) -> bool {
    let lower = text.to_lowercase().replace("un-done", "undone").replace("to-do", "todo");
    let outside = match lower.split_once('(') {
        Some((before, _)) if !trimmed(before).is_empty() => before.to_owned(),
        _ => lower,
    };
    let word = |c: char| c.is_alphanumeric();
    let mut words = outside.split(|c| !word(c)).filter(|w| !w.is_empty()).peekable();
    words.peek().is_some()
        && words.all(|w| {
            let counts = w.chars().all(|c| c.is_ascii_digit());
            counts || LIST_WORDS.split_whitespace().any(|known| known == w)
        })
        && inline::numbered(text).0.is_none()
}

/// A priority that a heading names in words; pictures there more often mean a state.
fn heading_priority(text: &str) -> Option<Priority> {
    let plain: String = text.chars().filter(|c| !super::words::is_picture(*c)).collect();
    let words = [
        "high", "medium", "low", "critical", "urgent", "p0", "p1", "p2", "p3", "p4", "must",
        "hoch", "mittel", "niedrig", "alta", "media", "baja", "haute", "basse", "someday", "nice",
    ];
    let lower = plain.to_lowercase();
    let word = lower.split(|c: char| !c.is_alphanumeric()).find(|word| words.contains(word))?;
    match word {
        "someday" | "nice" => Some(Priority::Low),
        word => values::priority(word),
    }
}

/// What everything behind waits for.
fn is_gate(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = ["everything below", "before anything", "do not start until", "prerequisites"];
    text.contains("GATE") || words.iter().any(|word| lower.contains(word))
}

fn has_fields(rows: &[Row], section: &Section) -> bool {
    if section.level == 0 {
        return false;
    }
    let counts = |key: Key| !matches!(key, Key::Fact | Key::Name | Key::Title);
    let mut above = None;
    rows[section.rows.clone()].iter().any(|row| {
        let outer = match row.kind {
            Kind::Item(indent, _, None) => {
                let first = *above.get_or_insert(indent);
                indent <= first
            }
            Kind::Text(indent) => indent < 2,
            _ => false,
        };
        let field = fields::field(&row.text).filter(|field| counts(field.key));
        let short = |row: &Row| one_line(&row.text).len() > 3;
        outer && short(row) && field.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_lists_are_told_from_names() {
        for list in [
            "🔴 Priority (Building Now)",
            "🟡 Active Queue (Next Up)",
            "Completed (Last 7 Days)",
            "Un-done batches",
            "✅ Done (verified)",
            "P0 — Critical",
            "To-Do",
            "Erledigt",
            "待办",
            "Nice to have",
        ] {
            assert!(is_list(list), "{list}");
        }
        for name in ["Stripe Integration", "Wire the upsell ladder", "1. Stable URL", "Frontend"] {
            assert!(!is_list(name), "{name}");
        }
    }
}
