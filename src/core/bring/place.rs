//! Which file each item becomes: ids, dependencies, builders, and what is here already.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::file::{self, Sheet};
use super::words::{one_line, slug};
use super::{Format, Item, State, fill};
use crate::domain::id::TaskId;

/// What is known here.
pub struct Here<'a> {
    /// The queue directory.
    pub dir: &'a str,
    /// Names of configured builders.
    pub builders: BTreeSet<String>,
    /// What was brought before, by its `source:`.
    pub known: BTreeMap<String, Known>,
    /// Every task of the queue and of `done/`.
    pub ids: BTreeSet<TaskId>,
}

/// A file that was brought before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: TaskId,
    /// Its text as it stands.
    pub text: Vec<u8>,
    /// Where it lies.
    pub room: Room,
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Room {
    /// In the queue.
    Queue,
    /// In `done/`.
    Done,
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Its file is new.
    New,
    /// It was brought before, and says the same.
    Same,
    /// It was brought before; one of the two was changed since. The file here stays.
    Differs,
    /// It was brought before; meanwhile it is done there and not here.
    DoneThere,
    /// No sound file can be made of it: nothing may be written.
    Broken,
}

/// One item with its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// Its id here.
    pub id: TaskId,
    /// What it is called.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Where its file lies.
    pub room: Room,
    /// From the top of the repository.
    pub path: String,
    /// What stays in its text, since a task has no place for it.
    pub as_text: Vec<String>,
    /// What needs a person, or stays behind.
    pub told: Vec<String>,
    /// How many criteria came over.
    pub criteria: usize,
    /// What comes first.
    pub depends_on: Vec<TaskId>,
    /// What holds it.
    pub blockers: Vec<String>,
    /// The file.
    #[serde(skip)]
    pub text: String,
}

/// Gives each item its id, by `give` where it is new, and writes its file.
pub fn place(
    format: Format,
    items: &[Item],
    here: &Here,
    give: &mut dyn FnMut(&str) -> TaskId,
) -> Vec<Brought> {
    let sources: Vec<String> = items.iter().map(|item| file::source_of(format, item)).collect();
    let mut ids = Vec::with_capacity(items.len());
    for (item, source) in items.iter().zip(&sources) {
        ids.push(match here.known.get(source) {
            Some(known) => known.id.clone(),
            None => give(name(item)),
        });
    }
    let index = index(items);
    let mut brought = Vec::with_capacity(items.len());
    for (at, (item, source)) in items.iter().zip(sources).enumerate() {
        let refs = Refs { index: &index, ids: &ids, at, here };
        brought.push(one(item, source, refs));
    }
    brought
}

/// What an id is made of: the title, or the key where no letter of the title can stand in one.
fn name(item: &Item) -> &str {
    match TaskId::suggest(&item.title) {
        Some(_) => &item.title,
        None => item.key.rsplit('#').next().unwrap_or(&item.key),
    }
}

/// Every name that leads to one item alone.
fn index(items: &[Item]) -> BTreeMap<String, Option<usize>> {
    let mut index = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        let title = slug(&item.title);
        let mut names = BTreeSet::from([plain(&item.key), title]);
        names.extend(item.aliases.iter().map(|alias| plain(alias)));
        for name in names {
            let known = index.entry(name).or_insert(Some(at));
            if *known != Some(at) {
                *known = None;
            }
        }
    }
    index
}

fn plain(name: &str) -> String {
    slug(name.trim().trim_start_matches('#').trim_matches(['`', '[', ']', '"']))
}

/// Finding an item by what another one calls it.
struct Refs<'a> {
    index: &'a BTreeMap<String, Option<usize>>,
    ids: &'a [TaskId],
    at: usize,
    here: &'a Here<'a>,
}

impl Refs<'_> {
    /// The ids that a text names, and the words that name none.
    fn find(&self, text: &str) -> (Vec<TaskId>, Vec<String>) {
        if let Some(id) = self.one(text) {
            return (vec![id], Vec::new());
        }
        let (mut ids, mut unknown) = (Vec::new(), Vec::new());
        let words = fill::words_of(&text.replace(" and ", ", ").replace(" · ", ", "));
        match words.iter().map(|word| self.one(word)).collect::<Option<Vec<_>>>() {
            Some(all) if !all.is_empty() => ids.extend(all),
            _ if words.iter().all(|word| word.len() < 60) && words.len() > 1 => {
                for word in words {
                    match self.one(&word) {
                        Some(id) => ids.push(id),
                        None => unknown.push(word),
                    }
                }
            }
            _ => unknown.push(one_line(text)),
        }
        (ids, unknown)
    }

    fn one(&self, word: &str) -> Option<TaskId> {
        let plain = plain(word);
        if let Some(found) = self.index.get(&plain) {
            return found.and_then(|at| self.ids.get(at)).cloned();
        }
        TaskId::new(&plain).ok().filter(|id| self.here.ids.contains(id))
    }
}

fn one(item: &Item, source: String, refs: Refs) -> Brought {
    let own = refs.ids[refs.at].clone();
    let mut item = item.clone();
    let mut told = std::mem::take(&mut item.lost);
    let mut depends_on: Vec<TaskId> = Vec::new();
    for text in std::mem::take(&mut item.depends_on) {
        let (ids, unknown) = refs.find(&text);
        for id in ids {
            if id == own {
                told.push("it depended on itself: left out".into());
            } else if !depends_on.contains(&id) {
                depends_on.push(id);
            }
        }
        for word in unknown {
            match item.state {
                State::Open => {
                    told.push(format!("depends on `{word}`, which is not here: now a blocker"));
                    item.blockers.push(format!("depends on {word}"));
                }
                State::Done => item.note("Depends on", &word),
            }
        }
    }
    let builder = item.builder.take().and_then(|wish| {
        let named = builder(&wish, &refs.here.builders);
        if named.is_none() {
            told.push(format!("builder `{wish}` is not configured: kept as text"));
        }
        if named.as_ref().is_none_or(|name| *name != wish.to_lowercase()) {
            item.note("Builder", &wish);
        }
        named
    });
    let sheet = Sheet {
        item: &item,
        id: &own,
        source: &source,
        depends_on: &depends_on,
        builder: builder.as_deref(),
    };
    let (text, broken) = match file::write(&sheet) {
        Ok((text, cuts)) => {
            told.extend(cuts.into_iter().map(|cut| format!("left behind: {cut}")));
            (text, false)
        }
        Err(why) => {
            told.push(why);
            (String::new(), true)
        }
    };
    finished(item, (own, source), (text, broken, told, depends_on), refs.here)
}

fn finished(
    item: Item,
    (id, source): (TaskId, String),
    (text, broken, told, depends_on): (String, bool, Vec<String>, Vec<TaskId>),
    here: &Here,
) -> Brought {
    let there = if item.state == State::Done { Room::Done } else { Room::Queue };
    let known = here.known.get(&source);
    let fate = match known {
        _ if broken => Fate::Broken,
        None => Fate::New,
        Some(known) if known.room == Room::Queue && there == Room::Done => Fate::DoneThere,
        Some(known) if known.text == text.as_bytes() => Fate::Same,
        Some(_) => Fate::Differs,
    };
    let room = known.map_or(there, |known| known.room);
    let path = match room {
        Room::Queue => format!("{}/{id}.md", here.dir),
        Room::Done => format!("{}/done/{id}.md", here.dir),
    };
    Brought {
        title: one_line(&item.title),
        as_text: item.notes.iter().map(|(name, value)| format!("{name}: {value}")).collect(),
        criteria: item.criteria.len(),
        blockers: item.blockers,
        id,
        source,
        fate,
        room,
        path,
        told,
        depends_on,
        text,
    }
}

/// The configured builder that a wish names: `Opus (revenue-critical)` is `opus`.
fn builder(wish: &str, known: &BTreeSet<String>) -> Option<String> {
    let word = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let lower = wish.to_lowercase();
    lower
        .split(word)
        .find_map(|word| known.iter().find(|name| name.to_lowercase() == word))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        let item = |key: &str, title: &str| Item {
            key: format!("a.md#{key}"),
            title: title.into(),
            aliases: vec![key.into()],
            ..Item::default()
        };
        let mut items = vec![item("1", "Parse"), item("2", "Print"), item("3", "Parse")];
        items[1].depends_on = vec!["#1, #9".into(), "Print".into(), "old-one".into()];
        items[1].builder = Some("Opus (big)".into());
        items
    }

    fn here() -> Here<'static> {
        Here {
            dir: "queue",
            builders: ["opus".to_owned()].into(),
            known: BTreeMap::new(),
            ids: [TaskId::new("old-one").unwrap()].into(),
        }
    }

    fn placed(items: &[Item], here: &Here) -> Vec<Brought> {
        let mut number = 0;
        place(Format::Todo, items, here, &mut |name| {
            number += 1;
            TaskId::suggest(&format!("{name}-{number}")).unwrap()
        })
    }

    #[test]
    fn names_become_ids_and_what_is_missing_holds() {
        let brought = placed(&items(), &here());
        let ids: Vec<_> = brought.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["parse-1", "print-2", "parse-3"]);
        let print = &brought[1];
        let first: Vec<_> = print.depends_on.iter().map(TaskId::as_str).collect();
        assert_eq!(
            (first, &print.blockers[..]),
            (vec!["parse-1", "old-one"], &["depends on 9".to_owned()][..])
        );
        assert!(
            print.text.contains("builder: opus\n")
                && print.text.contains("- Builder: Opus (big)\n")
        );
        assert_eq!(print.told.len(), 2, "{:?}", print.told);
    }

    #[test]
    fn a_second_time_nothing_is_new() {
        let first = placed(&items(), &here());
        let mut here = here();
        for one in &first {
            let known = Known { id: one.id.clone(), text: one.text.clone().into(), room: one.room };
            here.known.insert(one.source.clone(), known);
        }
        let fates = |items: &[Item], here: &Here| -> Vec<Fate> {
            placed(items, here).iter().map(|one| one.fate).collect()
        };
        assert_eq!(fates(&items(), &here), [Fate::Same; 3]);
        let mut later = items();
        later[0].state = State::Done;
        later[1].text = "More.".into();
        assert_eq!(fates(&later, &here), [Fate::DoneThere, Fate::Differs, Fate::Same]);
    }
}
