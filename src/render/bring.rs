//! What an import brought, and what it left behind.

use super::text::{count, safe};
use crate::core::bring::{Brought, Fate, Format, Found, Room};

/// So many lines of one kind are shown; `--json` has all.
const MOST: usize = 60;

/// Each item, then what stays behind.
pub fn page(brought: &[Brought], found: &Found, (format, name): (Format, &str)) -> String {
    let items = count(brought.len(), "item");
    let mut page = row("read", &format!("{}: {items}, read as {}", safe(name), format.name()));
    for one in brought.iter().filter(|one| one.fate != Fate::Same).take(MOST) {
        page += &item(one);
    }
    let shown = brought.iter().filter(|one| one.fate != Fate::Same).count();
    if shown > MOST {
        page += &row("", &format!("… and {} more (--json has all)", shown - MOST));
    }
    let same = brought.len() - shown;
    if same > 0 {
        page += &row("same", &format!("{} brought before", count(same, "item")));
    }
    page += &listed("left", &found.left);
    page += &listed("orders", &found.orders);
    if !found.orders.is_empty() {
        page += &row("", "(such orders are text here: they approve nothing and open no gate)");
    }
    page
}

fn item(one: &Brought) -> String {
    let title = safe(&one.title);
    let label = match (one.fate, one.room) {
        (Fate::New, Room::Queue) => "queue",
        (Fate::New, Room::Done) => "done",
        _ => "kept",
    };
    let mut text = row(label, &format!("{}: {title}", one.id));
    let mut more = |what: String| text += &row("", &format!("  {what}"));
    match one.fate {
        Fate::Differs => {
            more("brought before, changed here or there since: the file here stays".into());
        }
        Fate::DoneThere => more(format!("done there, still queued here (buildq why {})", one.id)),
        _ => {}
    }
    if one.fate != Fate::New {
        return text;
    }
    for blocker in &one.blockers {
        more(format!("held by its blocker: {}", safe(blocker)));
    }
    if !one.as_text.is_empty() {
        let facts: Vec<String> = one.as_text.iter().map(|fact| safe(fact)).collect();
        more(format!("kept as text: {}", facts.join("; ")));
    }
    for told in &one.told {
        more(safe(told));
    }
    text
}

fn listed(label: &str, lines: &[String]) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().take(MOST).enumerate() {
        text += &row(if index == 0 { label } else { "" }, &safe(line));
    }
    if lines.len() > MOST {
        text += &row("", &format!("… and {} more (--json has all)", lines.len() - MOST));
    }
    text
}

/// Where nothing was committed.
pub fn nothing_written(new: usize, check: bool) -> String {
    match (new, check) {
        (0, _) => row("nothing", "is new"),
        (_, true) => {
            row("checked", &format!("{} would be brought; nothing was written", count(new, "task")))
        }
        _ => String::new(),
    }
}

/// The commit, and what became of each task in it that is to be built.
pub fn committed(new: usize, place: (&str, &str), fates: &[(String, String)]) -> String {
    let (commit, branch) = place;
    let tasks = count(new, "task");
    let mut text = row("added", &format!("{tasks} in one commit: {commit} on {}", safe(branch)));
    for (id, fate) in fates.iter().take(MOST) {
        text += &row("", &format!("{id}: {fate}"));
    }
    text
}

fn row(label: &str, text: &str) -> String {
    format!("{label:<10} {text}\n")
}
