//! Words of a task's text, made comparable: without case, inflection, and what carries nothing.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Words that carry nothing of what a task is about.
const EMPTY: &str = "\
    a an the it its this that these those and or of for to in on at by with from as is are be was \
    were been we i you they he she our your their my should must shall can could will would may \
    might so then than also just please when where which who what how if there here into onto up \
    out not no do does done have has had all any some each every both more most other only own \
    such very via per etc";

/// Verbs that say the same of an object, under one name.
const SAME: &[(&str, &str)] = &[
    ("add", "add implement create introduce build write make provide support"),
    ("fix", "fix repair resolve correct mend"),
    ("remove", "remove delete drop"),
    ("change", "change update modify adjust"),
];

/// The lists again, to be looked up: every word of every task is.
static IS_EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| EMPTY.split_whitespace().collect());
static ONE_NAME: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let verbs = SAME.iter();
    verbs.flat_map(|(name, all)| all.split_whitespace().map(move |verb| (verb, *name))).collect()
});

/// Without signs at its ends.
pub fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// A word without case and inflection; `None` when it carries nothing.
pub fn carried(word: &str) -> Option<String> {
    let word = bare(word).to_lowercase();
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(&word);
    if word.is_empty() || IS_EMPTY.contains(word) {
        return None;
    }
    let stem = stem(word);
    Some(ONE_NAME.get(stem.as_str()).map_or(stem, |name| (*name).to_owned()))
}

/// A plural without its end; other words as they are.
pub fn stem(word: &str) -> String {
    let ends = |end: &str| word.ends_with(end);
    match word.len() {
        0..=3 => word.to_owned(),
        _ if ends("ss") || ends("us") || ends("is") => word.to_owned(),
        _ if ends("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        _ if ends("ches") || ends("shes") || ends("xes") || ends("sses") => {
            word[..word.len() - 2].to_owned()
        }
        _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

/// Whether a word names one certain thing: a number, a path, an identifier, a name.
pub fn is_specific(word: &str, first: bool) -> bool {
    let inner = bare(word);
    let mut letters = inner.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    let inner_capital = letters.any(char::is_uppercase);
    let code = |c: char| matches!(c, '/' | '_' | ':' | '`' | '=' | '@' | '#') || c.is_ascii_digit();
    inner.contains(code)
        || inner.trim_matches('.').contains('.')
        || word.starts_with(['`', '-', '/'])
        || inner_capital
        || (capital && !first)
}

/// A number for a word: the same on every machine (FNV-1a).
pub fn number(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_the_same_are_the_same() {
        for (word, same) in [
            ("Settings", Some("setting")),
            ("the", None),
            ("Implement", Some("add")),
            ("queries,", Some("query")),
            ("class", Some("class")),
            ("user's", Some("user")),
            ("patches", Some("patch")),
            ("—", None),
        ] {
            assert_eq!(carried(word).as_deref(), same, "{word}");
        }
    }

    #[test]
    fn names_are_told_from_words() {
        for (word, first, specific) in [
            ("parser.rs", false, true),
            ("`x`", false, true),
            ("French", false, true),
            ("Write", true, false),
            ("OAuth", true, true),
            ("v2", false, true),
            ("end.", false, false),
            ("GET", true, true),
        ] {
            assert_eq!(is_specific(word, first), specific, "{word}");
        }
    }
}
