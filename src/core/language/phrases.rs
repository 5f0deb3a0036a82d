//! Lists of phrases, looked for in a text: one by one in the first few texts, later in one pass.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::AhoCorasick;

/// Making one machine of a list takes as long as looking for each phrase in so many texts: whoever
/// reads a single task, as a commit hook does, makes none.
const FEW: usize = 32;

/// A list of phrases of which a text mostly holds none.
pub struct Phrases {
    list: Vec<String>,
    /// `None` for a list that is too long to be made one machine of.
    all: OnceLock<Option<AhoCorasick>>,
    texts: AtomicUsize,
}

impl Phrases {
    /// The phrases, in the order in which they are told.
    pub fn new(list: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let list = list.into_iter().map(Into::into).collect();
        Self { list, all: OnceLock::new(), texts: AtomicUsize::new(0) }
    }

    /// The places in the list of those that stand somewhere in a text, within words or not, each
    /// once and in the order of the list.
    pub fn within(&self, text: &str) -> Vec<usize> {
        let is_one_of_few = self.texts.fetch_add(1, Ordering::Relaxed) < FEW;
        let machine = || self.all.get_or_init(|| AhoCorasick::new(&self.list).ok()).as_ref();
        let Some(all) = (!is_one_of_few).then(machine).flatten() else {
            let stands = |phrase: &String| text.contains(phrase.as_str());
            return self.list.iter().enumerate().filter(|it| stands(it.1)).map(|it| it.0).collect();
        };
        let hits = all.find_overlapping_iter(text).map(|hit| hit.pattern().as_usize());
        let mut found: Vec<usize> = hits.collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phrase_that_stands_in_a_text_is_found() {
        let list = ["on hold", "hold", "???", "wait until", "old w"];
        let phrases = Phrases::new(list);
        for count in 0..2 * FEW {
            for text in ["", "on hold", "we hold wait", "????", "wait untilon hold w", "Hold"] {
                let stands = |n: &usize| text.contains(list[*n]);
                let plain: Vec<usize> = (0..list.len()).filter(stands).collect();
                assert_eq!(phrases.within(text), plain, "{text}, turn {count}");
            }
        }
        assert!(phrases.all.get().is_some_and(Option::is_some));
    }
}
