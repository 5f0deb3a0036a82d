//! Tasks that say nearly the same.
//!
//! Candidates come from one-permutation MinHash with rotation (Shrivastava and Li, 2014) and
//! banding, so that a queue of 100,000 tasks is no trouble; each candidate is then measured
//! exactly. Nothing is drawn by chance: the same queue gives the same findings.

use std::collections::{BTreeMap, HashSet};

use super::page::Page;
use super::words::{carried, is_specific, number};
use crate::domain::diagnostic::{Diagnostic, quoted};
use crate::domain::task::Task;

/// Texts that share at least this part of all their words (Jaccard) are nearly the same.
const ALIKE: f64 = 0.7;
/// With the same title this part is enough.
const ALIKE_BY_TITLE: f64 = 0.3;
/// Texts with fewer words are compared by their whole.
const FEWEST: usize = 5;
/// Places of a signature, and how many of them a band has. Two texts at 0.7 share a band with
/// 98.8 %, at 0.8 with 99.9 %.
const PLACES: usize = 64;
const BAND: usize = 4;
/// Of those that share a band each is compared with the first ones only: a thousand equal tasks
/// are found by the first of them.
const COMPARED: usize = 8;

/// What is compared of one task.
#[derive(Default)]
struct Sketch {
    /// Every word that carries something, as numbers in order.
    words: Vec<u64>,
    /// Those of the title.
    title: Vec<u64>,
    /// Those that name one certain thing.
    names: Vec<u64>,
}

impl Sketch {
    fn of(task: &Task) -> Self {
        let mut sketch = Self::default();
        sketch.read(&task.title);
        sketch.title = sketch.words.clone();
        task.description.lines().for_each(|line| sketch.read(line));
        task.criteria.iter().for_each(|criterion| sketch.read(&criterion.text));
        task.steps.iter().flat_map(|step| step.script.lines()).for_each(|line| sketch.read(line));
        for list in [&mut sketch.words, &mut sketch.title, &mut sketch.names] {
            list.sort_unstable();
            list.dedup();
        }
        sketch
    }

    fn read(&mut self, line: &str) {
        let mut first = true;
        for word in line.split_whitespace() {
            if let Some(plain) = carried(word) {
                self.words.push(number(&plain));
                if is_specific(word, first) {
                    self.names.push(number(&plain));
                }
            }
            let mark = !word.contains(char::is_alphanumeric);
            first = (first && mark) || word.ends_with(['.', ':', '!', '?']);
        }
    }

    /// The smallest hash of each place; an empty place takes that of the next.
    fn signature(&self) -> Option<[u64; PLACES]> {
        let mut places = [u64::MAX; PLACES];
        for word in &self.words {
            let hash = mixed(*word);
            let place = &mut places[(hash % PLACES as u64) as usize];
            *place = (*place).min(hash / PLACES as u64);
        }
        let own = places;
        for at in 0..PLACES {
            let full = |skip: &usize| own[(at + skip) % PLACES] != u64::MAX;
            let skip = (0..PLACES).find(full)?;
            places[at] = own[(at + skip) % PLACES].wrapping_add(skip as u64);
        }
        Some(places)
    }

    /// Which part of all their words both have, if they are about the same.
    fn likeness(&self, other: &Self) -> Option<f64> {
        let likeness = jaccard(&self.words, &other.words);
        let same_title = self.title.len() >= 3 && self.title == other.title;
        let enough = match self.words.len().min(other.words.len()) {
            0..FEWEST => 1.0,
            _ if same_title => ALIKE_BY_TITLE,
            _ => ALIKE,
        };
        // "Translate into French" and "… into German" share nearly all words and are two tasks:
        // each has a name, or a word of its title, that the other lacks.
        let apart = |of: fn(&Self) -> &[u64]| {
            lacks(of(self), &other.words) && lacks(of(other), &self.words)
        };
        let same = likeness >= enough && !apart(|s| &s.names) && !apart(|s| &s.title);
        same.then_some(likeness)
    }
}

/// Spreads a hash over all bits (the finish of SplitMix64).
fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Shared over all, of two sorted lists.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, both) = (i + 1, j + 1, both + 1),
        }
    }
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

fn lacks(some: &[u64], all: &[u64]) -> bool {
    some.iter().any(|word| all.binary_search(word).is_err())
}

/// One warning for every picked task that has an earlier twin, or whose later twin is not picked.
pub fn alike(pages: &[Page]) -> Vec<Diagnostic> {
    let sketch = |page: &Page| page.task.as_ref().map(Sketch::of).unwrap_or_default();
    let sketches: Vec<Sketch> = pages.iter().map(sketch).collect();
    let mut best: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for (earlier, later) in candidates(&sketches) {
        let (one, other) = match (pages[earlier].picked, pages[later].picked) {
            (_, true) => (later, earlier),
            (true, false) => (earlier, later),
            (false, false) => continue,
        };
        let Some(likeness) = sketches[one].likeness(&sketches[other]) else { continue };
        let better = |(known, at): &(f64, usize)| (likeness, *at) > (*known, other);
        if best.get(&one).is_none_or(better) {
            best.insert(one, (likeness, other));
        }
    }
    let told = best.into_iter();
    told.map(|(one, (likeness, other))| told_of(&pages[one], &pages[other], likeness)).collect()
}

fn told_of(page: &Page, other: &Page, likeness: f64) -> Diagnostic {
    let title =
        |page: &Page| page.task.as_ref().map(|task| quoted(&task.title)).unwrap_or_default();
    let (own, theirs) = (title(page), title(other));
    let message = match (likeness * 100.0).floor() {
        100.0 => format!("{own} says the same as {theirs} in `{}`", other.path),
        part => {
            let path = other.path;
            format!("{own} says nearly the same as {theirs} in `{path}` ({part} % of the words)")
        }
    };
    let warning = Diagnostic::warning(page.path, message).code("near-duplicate").at(page.title());
    let mut warning = warning.hint("remove one of the two, or say in both what differs");
    warning.related = vec![other.related(other.title(), format!("{theirs} stands here"))];
    warning
}

/// Pairs that may be alike, each once, the earlier first.
fn candidates(sketches: &[Sketch]) -> Vec<(usize, usize)> {
    let signatures: Vec<(usize, [u64; PLACES])> = sketches
        .iter()
        .enumerate()
        .filter_map(|(at, sketch)| Some((at, sketch.signature()?)))
        .collect();
    let mut pairs = HashSet::new();
    let mut found = Vec::new();
    let mut group = |mut keys: Vec<(u64, usize)>| {
        keys.sort_unstable();
        for same in keys.chunk_by(|(a, _), (b, _)| a == b) {
            for (at, (_, later)) in same.iter().enumerate().skip(1) {
                for (_, earlier) in &same[..at.min(COMPARED)] {
                    if pairs.insert((*earlier, *later)) {
                        found.push((*earlier, *later));
                    }
                }
            }
        }
    };
    for band in (0..PLACES).step_by(BAND) {
        let key = |places: &[u64; PLACES]| {
            places[band..band + BAND].iter().fold(0, |key, place| mixed(key ^ place))
        };
        group(signatures.iter().map(|(at, places)| (key(places), *at)).collect());
    }
    let titles = sketches.iter().enumerate().filter(|(_, sketch)| sketch.title.len() >= 3);
    let key = |title: &[u64]| title.iter().fold(0, |key, word| mixed(key ^ word));
    group(titles.map(|(at, sketch)| (key(&sketch.title), at)).collect());
    found.sort_unstable();
    found
}
