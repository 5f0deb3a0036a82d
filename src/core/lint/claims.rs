//! What a sentence asks for: a verb that has an opposite, its object, and the place it is about.
//!
//! Only what is said outright counts: a sentence that begins with the verb ("Add a dark mode to
//! the settings", "Don't use Redis"), or that states a condition of a thing ("dark mode is
//! enabled"). Everything else is passed over, since a false alarm costs more than a miss.

use super::words::{bare, stem};

/// What two sentences can be at odds about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Whether it is there.
    Existence,
    /// Whether it is on.
    Switch,
    /// Whether it can be seen.
    Sight,
    /// Whether it may be done.
    Permission,
    /// Whether it is built upon.
    Use,
    /// Whether there is to be more of it.
    Amount,
    /// Whether it becomes newer.
    Version,
    /// What it is set to.
    Value,
}

/// One thing that a sentence asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub axis: Axis,
    pub wanted: bool,
    /// Words of the object, sorted.
    pub object: Vec<String>,
    /// Words of the place ("to the settings"), sorted; may be none.
    pub place: Vec<String>,
    /// As it is written.
    pub said: String,
}

use Axis::{Amount, Existence, Permission, Sight, Switch, Use, Value, Version};

/// Verbs in their base form, with what they want.
const VERBS: &[(&str, Axis, bool)] = &[
    ("add introduce create implement keep", Existence, true),
    ("remove delete drop", Existence, false),
    ("enable activate", Switch, true),
    ("disable deactivate", Switch, false),
    ("show display", Sight, true),
    ("hide", Sight, false),
    ("allow permit", Permission, true),
    ("forbid disallow prohibit", Permission, false),
    ("use adopt", Use, true),
    ("increase raise", Amount, true),
    ("decrease reduce lower", Amount, false),
    ("upgrade", Version, true),
    ("downgrade", Version, false),
    ("set", Value, true),
];

/// Verbs of several words.
const PHRASES: &[(&str, Axis, bool)] = &[
    ("turn on", Switch, true),
    ("turn off", Switch, false),
    ("get rid of", Existence, false),
    ("migrate away from", Use, false),
    ("move away from", Use, false),
    ("switch away from", Use, false),
    ("migrate to", Use, true),
    ("switch to", Use, true),
];

/// What may stand before the verb.
const POLITE: &str = "please also then finally and we should must shall lets let's now always";
/// What turns a verb into its opposite.
const NOT: &[&str] = &["do not", "don't", "don’t", "must not", "should not", "never", "stop"];
/// Where an object ends and a place or a reason begins.
const ENDS: &str = "\
    to from in on for with into onto when if so because by via at as that which and or until \
    unless instead of over under after before while during only without than where whenever but";
const ARTICLES: &str = "the a an all any this that our its my your their";
/// Objects that say nothing alone.
const GENERIC: &str = "\
    it them this that test support file code option feature function field command line case \
    error message log check page button comment doc documentation note example thing stuff issue \
    change value user task item data type name step entry column row section default";
/// A condition, no statement.
const CONDITIONS: &str = "if when while once that whether unless where until after before";

/// What one sentence asks for; most ask for nothing of the kind.
pub fn claims(sentence: &str) -> Vec<Claim> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let low: Vec<String> = words.iter().map(|word| bare(word).to_lowercase()).collect();
    let mut start = low.iter().take(3).take_while(|word| listed(POLITE, word)).count();
    let mut wanted = true;
    if let Some(length) = NOT.iter().find_map(|not| begins(&low[start..], not)) {
        (start, wanted) = (start + length, false);
    }
    let sentence = Sentence { words: &words, low: &low };
    let mut found = sentence.imperative(start, wanted);
    if found.is_empty() && start == 0 {
        found.extend(sentence.statement());
    }
    found.retain(|claim| claim.says_something());
    found
}

struct Sentence<'s> {
    words: &'s [&'s str],
    low: &'s [String],
}

impl Sentence<'_> {
    fn imperative(&self, start: usize, wanted: bool) -> Vec<Claim> {
        let Some(low) = self.low.get(start..).filter(|low| !low.is_empty()) else {
            return Vec::new();
        };
        if wanted && let Some(swap) = self.swap(start) {
            return swap;
        }
        let phrase = PHRASES.iter().find_map(|(phrase, axis, way)| {
            begins(low, phrase).map(|length| (length, *axis, *way))
        });
        let verb = || {
            let (axis, way) = verb(&low[0])?;
            Some((1, axis, way))
        };
        let Some((length, axis, way)) = phrase.or_else(verb) else { return Vec::new() };
        // "Do not set it" has no opposite in "set it".
        if axis == Value && !wanted {
            return Vec::new();
        }
        let claim = self.about(start + length, axis, way == wanted);
        let instead = low.iter().position(|word| word == "instead");
        let mut found = vec![claim];
        if let Some(at) =
            instead.filter(|at| axis == Use && low.get(at + 1).is_some_and(|w| w == "of"))
        {
            found.push(self.about(start + at + 2, Use, way != wanted));
        }
        found
    }

    /// "Replace A with B", "migrate from A to B".
    fn swap(&self, start: usize) -> Option<Vec<Claim>> {
        let low = &self.low[start..];
        let (length, between) = match low.first()?.as_str() {
            "replace" => (1, "with"),
            "migrate" | "switch" | "move" if low.get(1).is_some_and(|word| word == "from") => {
                (2, "to")
            }
            _ => return None,
        };
        let middle = low.iter().position(|word| word == between)?;
        let (mut old, new) =
            (self.about(start + length, Use, false), self.about(start + middle + 1, Use, true));
        // The place stands behind the second.
        old.place.clone_from(&new.place);
        Some(vec![old, new])
    }

    /// "Dark mode is enabled by default."
    fn statement(&self) -> Option<Claim> {
        let is = self.low.iter().position(|word| matches!(word.as_str(), "is" | "are"))?;
        let not = self.low.get(is + 1).is_some_and(|word| word == "not");
        let at = is + 1 + usize::from(not);
        let word = self.low.get(at).filter(|word| word.ends_with(['d', 'n']))?;
        let (axis, way) = verb(word).filter(|(axis, _)| *axis != Value && *axis != Use)?;
        let ended = self.words[..is].iter().any(|word| word.ends_with([',', ';', ':']));
        if is == 0 || ended || self.low[..is].iter().any(|word| listed(CONDITIONS, word)) {
            return None;
        }
        let mut object = self.low[..is].to_vec();
        object.retain(|word| !word.is_empty() && !listed(ARTICLES, word));
        let mut claim = self.about(at + 1, axis, way != not);
        claim.place.extend(std::mem::take(&mut claim.object));
        claim.place.sort();
        claim.object = sorted(object);
        Some(claim)
    }

    /// The object that begins here, and the place behind it.
    fn about(&self, start: usize, axis: Axis, wanted: bool) -> Claim {
        let (mut object, mut place) = (Vec::new(), Vec::new());
        let mut in_place = false;
        for at in start..self.words.len() {
            let word = &self.low[at];
            if listed(ENDS, word) {
                // "… and remove Y", "… so that Z": neither object nor place.
                if in_place && matches!(word.as_str(), "and" | "so" | "but" | "instead")
                    || matches!(word.as_str(), "so" | "but" | "instead" | "because")
                {
                    break;
                }
                in_place = true;
            } else if !word.is_empty() && !listed(ARTICLES, word) {
                if in_place { &mut place } else { &mut object }.push(word.clone());
            }
            if self.words[at].ends_with([',', ';', ':', '.', '!', '?']) {
                break;
            }
        }
        let said = self.words.join(" ");
        Claim { axis, wanted, object: sorted(object), place: sorted(place), said }
    }
}

impl Claim {
    fn says_something(&self) -> bool {
        let generic = self.object.iter().all(|word| listed(GENERIC, word));
        !self.object.is_empty() && !generic && self.object.len() <= 6
    }

    /// Whether both cannot be had: the same object in the same place, wanted and not, or set to
    /// two values.
    pub fn contradicts(&self, other: &Self) -> bool {
        if self.axis != other.axis || self.object != other.object {
            return false;
        }
        if self.axis == Value {
            let concrete = |claim: &Self| claim.place.iter().any(|word| is_value(word));
            return self.place != other.place && concrete(self) && concrete(other);
        }
        let within = |a: &[String], b: &[String]| a.iter().all(|word| b.contains(word));
        let near = within(&self.place, &other.place) || within(&other.place, &self.place);
        // One word alone means something else in every place.
        let same = self.place == other.place;
        self.wanted != other.wanted
            && if self.object.len() == 1 && self.axis != Use { same } else { near }
    }
}

fn is_value(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || matches!(word, "true" | "false" | "on" | "off" | "none" | "zero")
}

/// The verb of which this word is a form.
fn verb(word: &str) -> Option<(Axis, bool)> {
    let irregular = match word {
        "hidden" => "hide",
        "shown" => "show",
        "forbidden" => "forbid",
        "kept" => "keep",
        other => other,
    };
    let mut forms = vec![irregular.to_owned()];
    for end in ["s", "es", "d", "ed", "ing"] {
        if let Some(root) = irregular.strip_suffix(end).filter(|root| root.len() > 1) {
            let mut letters = root.chars();
            let doubled = letters.next_back() == letters.next_back();
            forms.extend([root.to_owned(), format!("{root}e")]);
            forms.extend(doubled.then(|| root[..root.len() - 1].to_owned()));
        }
    }
    let is = |(verbs, _, _): &&(&str, Axis, bool)| forms.iter().any(|form| listed(verbs, form));
    VERBS.iter().find(is).map(|(_, axis, way)| (*axis, *way))
}

fn begins(words: &[String], phrase: &str) -> Option<usize> {
    let parts: Vec<&str> = phrase.split(' ').collect();
    (words.len() >= parts.len() && words.iter().zip(&parts).all(|(word, part)| word == part))
        .then_some(parts.len())
}

fn listed(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_whitespace().any(|other| other == word)
}

fn sorted(words: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = words.iter().map(|word| stem(word)).collect();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sentence: &str) -> String {
        let one = |claim: &Claim| {
            let sign = if claim.wanted { '+' } else { '-' };
            format!("{sign}{:?} {} @{}", claim.axis, claim.object.join(" "), claim.place.join(" "))
        };
        claims(sentence).iter().map(one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn sentences_are_read() {
        for (sentence, claims) in [
            ("Add a dark mode to the settings", "+Existence dark mode @setting"),
            ("Please remove the dark mode from settings.", "-Existence dark mode @setting"),
            ("Don't use Redis for sessions", "-Use redis @session"),
            ("Stop using Redis", "-Use redis @"),
            ("Use Postgres instead of Redis", "+Use postgre @; -Use redis @"),
            ("Replace Redis with Valkey in the cache", "-Use redis @cache; +Use valkey @cache"),
            ("Migrate away from Jest", "-Use jest @"),
            ("Migrate from Jest to Vitest", "-Use jest @; +Use vitest @"),
            ("Dark mode is not enabled by default", "-Switch dark mode @default"),
            ("The legacy API is removed", "-Existence api legacy @"),
            ("Set the request timeout to 30 seconds", "+Value request timeout @30 second"),
            ("If dark mode is enabled, the page is black", ""),
            ("Add tests", ""),
            ("The button that removes users is broken", ""),
            ("Users ask us to remove the login page", ""),
        ] {
            assert_eq!(told(sentence), claims, "{sentence}");
        }
    }
}
