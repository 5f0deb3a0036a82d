//! Lists of phrases, looked for in one pass over a text.

use aho_corasick::AhoCorasick;

/// A list of phrases of which a text mostly holds none.
pub struct Phrases {
    /// `None` for a list that is too long to be made one machine of: then each may stand anywhere.
    all: Option<AhoCorasick>,
    count: usize,
}

impl Phrases {
    /// The phrases, in the order in which they are told.
    pub fn new<'p>(list: impl IntoIterator<Item = &'p str>) -> Self {
        let list: Vec<&str> = list.into_iter().collect();
        Self { all: AhoCorasick::new(&list).ok(), count: list.len() }
    }

    /// The places in the list of those that stand somewhere in a text, within words or not, each
    /// once and in the order of the list.
    pub fn within(&self, text: &str) -> Vec<usize> {
        let Some(all) = &self.all else { return (0..self.count).collect() };
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
        for text in ["", "on hold", "we hold wait", "????", "wait untilon hold w", "Hold"] {
            let plain: Vec<usize> = (0..list.len()).filter(|n| text.contains(list[*n])).collect();
            assert_eq!(phrases.within(text), plain, "{text}");
        }
    }
}
