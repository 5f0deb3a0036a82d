//! Values that nobody is to read: finding them in text, and putting `***` in their place.
//!
//! A value is looked for as it is, and in the forms in which programs print it: base64 (at any
//! of the three places where it can stand in a longer text), percent-encoded, in hexadecimal
//! digits, as JSON. It is a net for accidents: who wants to smuggle a value out writes it in a
//! form that nobody looks for.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

mod forms;
mod values;

pub use values::{Secret, login_tokens, pairs};

/// What stands in the place of a value.
pub const MASK: &str = "***";
/// Shorter values are not looked for: they stand in any text by chance.
const SHORTEST: usize = 6;

/// All values that are not to be seen, ready to be looked for.
#[derive(Clone, Default)]
pub struct Masks {
    finder: Option<AhoCorasick>,
    /// Sorted, for telling whether the end of a text may be the beginning of one.
    patterns: Vec<Vec<u8>>,
    /// Of each pattern as the finder numbers them: whose it is.
    owners: Vec<Owner>,
    longest: usize,
}

#[derive(Clone)]
struct Owner {
    name: String,
    holds: bool,
}

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The variable, or the place, whose value it is.
    pub name: String,
    /// The first byte.
    pub at: usize,
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masks({} patterns)", self.patterns.len())
    }
}

impl Masks {
    /// Of these values; the first that claims a value names it.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut found: Vec<(Vec<u8>, Owner)> = Vec::new();
        for secret in secrets.iter().filter(|secret| secret.value.trim().len() >= SHORTEST) {
            for form in forms::of(secret.value.trim()) {
                if form.len() < SHORTEST || found.iter().any(|(known, _)| *known == form) {
                    continue;
                }
                let owner = Owner { name: secret.name.clone(), holds: secret.holds() };
                found.push((form, owner));
            }
        }
        let (mut patterns, owners): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let kind = MatchKind::LeftmostLongest;
        // Without a finder nothing could be masked: an error here needs more than 2^31 patterns.
        let finder = AhoCorasick::builder().match_kind(kind).build(&patterns).ok();
        let finder = finder.filter(|_| !patterns.is_empty());
        patterns.sort();
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        Self { finder, patterns, owners, longest }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// The text with [`MASK`] for every value.
    pub fn mask(&self, text: &str) -> String {
        match &self.finder {
            // Every pattern is text, so that what is left between them is text too.
            Some(_) => String::from_utf8_lossy(&self.mask_bytes(text.as_bytes())).into_owned(),
            None => text.to_owned(),
        }
    }

    /// The same of bytes.
    pub fn mask_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for found in self.finder.iter().flat_map(|finder| finder.find_iter(bytes)) {
            shown.extend_from_slice(&bytes[from..found.start()]);
            shown.extend_from_slice(MASK.as_bytes());
            from = found.end();
        }
        shown.extend_from_slice(&bytes[from..]);
        shown
    }

    /// Where values stand for which a build is held.
    pub fn sightings(&self, bytes: &[u8]) -> Vec<Sighting> {
        let all = self.finder.iter().flat_map(|finder| finder.find_iter(bytes));
        let owned = all.map(|found| (&self.owners[found.pattern().as_usize()], found.start()));
        let holding = owned.filter(|(owner, _)| owner.holds);
        holding.map(|(owner, at)| Sighting { name: owner.name.clone(), at }).collect()
    }

    /// Where the end of a text begins that could go on to be a value.
    fn open_end(&self, bytes: &[u8]) -> usize {
        let first = (bytes.len() + 1).saturating_sub(self.longest);
        let begins = |end: &[u8]| {
            let next = self.patterns.partition_point(|pattern| pattern.as_slice() <= end);
            self.patterns.get(next).is_some_and(|pattern| pattern.starts_with(end))
        };
        (first..bytes.len()).find(|at| begins(&bytes[*at..])).unwrap_or(bytes.len())
    }
}

/// Masks output that comes in pieces: what may be the beginning of a value is held back until
/// the next piece shows whether it is one.
#[derive(Debug, Default)]
pub struct Stream {
    held: Vec<u8>,
}

impl Stream {
    /// What can be shown of all that came so far.
    pub fn feed(&mut self, masks: &Masks, bytes: &[u8]) -> Vec<u8> {
        let Some(finder) = &masks.finder else { return bytes.to_vec() };
        self.held.extend_from_slice(bytes);
        let mut cut = masks.open_end(&self.held);
        // A whole value may lie across that place.
        let across = finder.find_iter(&self.held).find(|found| found.end() > cut);
        if let Some(found) = across.filter(|found| found.start() < cut) {
            cut = found.end() + masks.open_end(&self.held[found.end()..]);
        }
        let later = self.held.split_off(cut);
        let now = std::mem::replace(&mut self.held, later);
        masks.mask_bytes(&now)
    }

    /// What was held back, at the end.
    pub fn finish(&mut self, masks: &Masks) -> Vec<u8> {
        masks.mask_bytes(&std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(values: &[&str]) -> Masks {
        let secret = |value: &&str| Secret::given("API_KEY", value);
        Masks::new(&values.iter().map(secret).collect::<Vec<_>>())
    }

    #[test]
    fn a_value_is_masked_in_every_form_that_programs_print() {
        let value = "s3cr3t/+val ue\"x";
        let masks = masks(&[value]);
        let table = [
            ("plain", format!("a {value} b"), "a *** b"),
            ("base64", "a czNjcjN0Lyt2YWwgdWUieA== b".into(), "a *** b"),
            ("percent", "a=s3cr3t%2F%2Bval%20ue%22x&b".into(), "a=***&b"),
            ("plus for space", "a=s3cr3t%2F%2Bval+ue%22x&b".into(), "a=***&b"),
            ("lower digits", "a=s3cr3t%2f%2bval%20ue%22x&b".into(), "a=***&b"),
            ("json", r#"{"k": "s3cr3t/+val ue\"x"}"#.into(), r#"{"k": "***"}"#),
            ("hex", "7333637233742f2b76616c2075652278".into(), "***"),
            ("nothing", "s3cr3t/+val".into(), "s3cr3t/+val"),
        ];
        for (what, text, expected) in table {
            assert_eq!(masks.mask(&text), expected, "{what}");
        }
    }

    #[test]
    fn base64_is_found_at_every_place_of_a_longer_text() {
        let masks = masks(&["hunter2-hunter2!"]);
        for text in [
            "YXhodW50ZXIyLWh1bnRlcjIhIQ==",
            "dXNlcjpodW50ZXIyLWh1bnRlcjIh",
            "eHg6aHVudGVyMi1odW50ZXIyISE=",
        ] {
            let shown = masks.mask(text);
            assert!(shown.contains(MASK) && shown.len() < 14, "{text}: {shown}");
        }
    }

    #[test]
    fn a_value_is_found_wherever_the_pieces_are_cut() {
        let masks = masks(&["abcabcabd", "abcabd-and-more", "caf\u{e9}-secret"]);
        let raw = "x abcabcabcabd y abcabd-and-mor abcabd-and-more caf\u{e9}-secret abcab";
        let expected = "x abc*** y abcabd-and-mor *** *** abcab";
        assert_eq!(masks.mask(raw), expected);
        for size in 1..=raw.len() {
            let mut stream = Stream::default();
            let mut shown = Vec::new();
            for piece in raw.as_bytes().chunks(size) {
                shown.extend(stream.feed(&masks, piece));
            }
            shown.extend(stream.finish(&masks));
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn nothing_is_held_back_that_is_no_beginning() {
        let masks = masks(&["abcdefgh"]);
        let mut stream = Stream::default();
        assert_eq!(stream.feed(&masks, b"hello\nabc"), b"hello\n");
        assert_eq!(stream.feed(&masks, b"x\n"), b"abcx\n");
        assert_eq!(Stream::default().feed(&Masks::default(), b"abc"), b"abc");
    }

    #[test]
    fn plain_words_are_masked_and_hold_nothing() {
        let secrets = [Secret::given("MODE", "production"), Secret::given("API_KEY", "q8Zt-77aa")];
        let masks = Masks::new(&secrets);
        assert_eq!(masks.mask("production q8Zt-77aa"), "*** ***");
        let seen = masks.sightings(b"production q8Zt-77aa");
        assert_eq!(seen, [Sighting { name: "API_KEY".into(), at: 11 }]);
        assert_eq!(masks.mask("short"), "short");
        assert!(!format!("{masks:?}").contains("q8Zt"));
    }
}
