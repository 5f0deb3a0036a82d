//! What was cleared away, what stays and why.

use super::text::{bytes, count, safe};
use crate::core::gc::{Cleared, Fate, Item, What};

/// For people: everything that went or could not go; of small things only how many.
pub fn page(cleared: &Cleared) -> String {
    let (goes, rescued) = match cleared.dry {
        true => ("would go", "would be taken over, then go"),
        false => ("removed", "taken over and removed"),
    };
    let mut text = String::new();
    for item in &cleared.items {
        let name = named(item);
        match &item.fate {
            Fate::Remove(why) if is_large(item) => text += &format!("{goes}: {name}: {why}\n"),
            Fate::Rescue => text += &format!("{rescued}: {name}\n"),
            Fate::Keep(why) => {
                text += &format!("kept: {name}: {}\n", safe(why));
                text += &look(item);
            }
            Fate::Remove(_) | Fate::Stay => {}
        }
    }
    for (word, is_it) in SMALL {
        let gone: Vec<_> = cleared.items.iter().filter(|item| is_it(item)).collect();
        if !gone.is_empty() {
            let size = bytes(gone.iter().map(|item| item.litter.bytes).sum());
            text += &format!("{goes}: {} ({size})\n", count(gone.len(), word));
        }
    }
    text + &sum(cleared)
}

/// In one clause.
pub fn brief(cleared: &Cleared) -> String {
    let gone = |item: &&Item| matches!(item.fate, Fate::Remove(_) | Fate::Rescue);
    let things = cleared.items.iter().filter(gone).count();
    format!("{}, {}", count(things, "thing"), bytes(cleared.freed))
}

fn sum(cleared: &Cleared) -> String {
    let verb = if cleared.dry { "would free" } else { "freed" };
    let mut text = format!(
        "{verb} {}; {} of logs and workspaces stay, {} may\n",
        bytes(cleared.freed),
        bytes(cleared.stays),
        bytes(cleared.allowed)
    );
    if cleared.stays > cleared.allowed {
        text += "hint: what stays belongs to builds that are not over, or waits for you above: \
                 buildq review, or raise `keep.disk`\n";
    }
    text
}

type Is = fn(&Item) -> bool;

/// Things that are counted rather than named.
const SMALL: [(&str, Is); 3] = [
    ("log", |item| goes(item) && matches!(item.litter.what, What::Log { .. })),
    ("lock file", |item| goes(item) && matches!(item.litter.what, What::Lock { .. })),
    ("cache or scrap file", |item| {
        goes(item) && matches!(item.litter.what, What::Cache | What::Scrap)
    }),
];

fn goes(item: &Item) -> bool {
    matches!(item.fate, Fate::Remove(_))
}

fn is_large(item: &Item) -> bool {
    matches!(item.litter.what, What::Workspace { .. } | What::Trial { .. } | What::Remains)
}

fn named(item: &Item) -> String {
    let word = match item.litter.what {
        What::Workspace { .. } => "workspace ",
        What::Trial { .. } => "trial ",
        What::Log { .. } => "log ",
        _ => "",
    };
    format!("{word}{} ({})", safe(&item.litter.name), bytes(item.litter.bytes))
}

/// What a person can do about a workspace that holds what could not be taken over.
fn look(item: &Item) -> String {
    let What::Workspace { signs, .. } = &item.litter.what else { return String::new() };
    if signs.held {
        return String::new();
    }
    let path = safe(&item.path);
    let path = shell_words::quote(&path);
    format!("hint: look into {path}, then: buildq gc --drop {}\n", item.litter.name)
}
