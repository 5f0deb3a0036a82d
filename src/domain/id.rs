//! The names of things: tasks, attempts, git objects, percentages.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use deunicode::deunicode_char;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest task id, in bytes.
pub const MAX_ID: usize = 64;

/// The name of a task: `[a-z0-9][a-z0-9-]{0,63}`, so that it is a safe file name, ref
/// name and argument everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// Why a text is no task id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no task id: use 1 to 64 of a-z, 0-9 and `-`, beginning with a letter or a digit")]
pub struct BadId(pub String);

impl TaskId {
    /// Accepts exactly the texts that are ids; see [`TaskId::suggest`] for the rest.
    pub fn new(text: &str) -> Result<Self, BadId> {
        let mut bytes = text.bytes();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let head = bytes.next().is_some_and(plain);
        if head && text.len() <= MAX_ID && bytes.all(|b| plain(b) || b == b'-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId(text.to_owned()))
        }
    }

    /// The id nearest to free text: lower case, runs of anything else become one `-`. A text with
    /// letters of another script than Latin is spelt in Latin ones first. `None` when nothing
    /// usable is left.
    pub fn suggest(text: &str) -> Option<Self> {
        let text = spelt_in_latin(text);
        let mut id = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                id.push(c);
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
            if id.len() == MAX_ID {
                break;
            }
        }
        let id = id.trim_end_matches('-');
        Self::new(id).ok()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The beginning of a text, its letters and digits in ASCII; a text of Latin letters stays as it is,
/// accents too, since ids are made of it already.
fn spelt_in_latin(text: &str) -> Cow<'_, str> {
    let latin = |c: char| matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    if !text.chars().any(|c| c.is_alphabetic() && !latin(c)) {
        return Cow::Borrowed(text);
    }
    let spelt = |c: char| match c.is_alphanumeric() {
        true => deunicode_char(c).map_or("-".into(), Cow::Borrowed),
        false => Cow::Owned(c.to_string()),
    };
    // Hardly any letter becomes nothing: so many are enough for an id.
    text.chars().take(4 * MAX_ID).map(spelt).collect::<String>().into()
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::new(text)
    }
}

impl TryFrom<String> for TaskId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        Self::new(&text)
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> String {
        id.0
    }
}

/// One run of a builder for a build, counted from 1. It is the fencing token too: what a
/// lower number still says is no longer listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt(pub u32);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much of a build is done, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Percent(u8);

impl Percent {
    /// `None` above 100.
    pub fn new(value: u8) -> Option<Self> {
        (value <= 100).then_some(Self(value))
    }

    /// `part` of `whole`, rounded down; nothing of nothing is 0.
    pub fn of(part: usize, whole: usize) -> Self {
        let percent = (part.min(whole) * 100).checked_div(whole).unwrap_or(0);
        Self(u8::try_from(percent).unwrap_or(100))
    }

    /// The number, 0 to 100.
    pub fn value(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// The name of a git object (SHA-1), held as its twenty bytes. It is written as forty digits where
/// people read, and as the bytes in caches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub [u8; 20]);

/// The text was not forty hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a git object (40 hexadecimal digits)")]
pub struct BadOid(String);

impl Oid {
    /// The first seven digits, as people quote commits.
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(7);
        hex
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        halves.into_iter().try_for_each(|half| fmt::Write::write_char(f, digit(half)))
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 20]>::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Oid {
    type Err = BadOid;
    fn from_str(text: &str) -> Result<Self, BadOid> {
        let bad = || BadOid(text.to_owned());
        if text.len() != 40 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 20];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = &text[2 * index..2 * index + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_everywhere() {
        for good in ["a", "0", "hello-world", "a--b", &"x".repeat(64)] {
            assert!(TaskId::new(good).is_ok(), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", "-a", "--x", "A", "a b", "../x", "a/b", "a.b", "é", "a\n", &long] {
            assert!(TaskId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_object_is_written_for_people_and_for_caches() {
        let oid = Oid([0x0f; 20]);
        let text = format!("\"{}\"", "0f".repeat(20));
        assert_eq!(serde_json::to_string(&oid).unwrap(), text);
        assert_eq!(serde_json::from_str::<Oid>(&text).unwrap(), oid);
        assert!(serde_json::from_str::<Oid>("\"0f\"").is_err());
        assert_eq!(postcard::to_stdvec(&oid).unwrap(), oid.0);
        assert_eq!(postcard::from_bytes::<Oid>(&oid.0).unwrap(), oid);
    }

    #[test]
    fn free_text_suggests_an_id() {
        let suggest = |text| TaskId::suggest(text).map(String::from);
        assert_eq!(suggest("Spotify: Playlist (v2)!"), Some("spotify-playlist-v2".into()));
        assert_eq!(suggest("--x"), Some("x".into()));
        assert_eq!(suggest("…"), None);
        for (text, id) in [
            ("Добавить экспорт CSV", "dobavit-eksport-csv"),
            ("音楽プレイリスト", "yin-le-pureirisuto"),
            ("Εξαγωγή σε CSV", "exagoge-se-csv"),
            ("🚀 Запуск: v2", "zapusk-v2"),
            // Of Latin letters ids are made as they always were.
            ("Café für Zoë", "caf-f-r-zo"),
            ("🚀 Launch", "launch"),
            ("Việt", "vi-t"),
        ] {
            assert_eq!(suggest(text), Some(id.into()), "{text}");
        }
        let long = suggest(&"é漢".repeat(10_000)).unwrap();
        assert!(long.len() <= MAX_ID && !long.ends_with('-'), "{long}");
    }

    #[test]
    fn percent_of_nothing_is_nothing() {
        assert_eq!(Percent::of(0, 0).value(), 0);
        assert_eq!(Percent::of(2, 3).value(), 66);
        assert_eq!(Percent::of(9, 3).value(), 100);
    }

    #[test]
    fn object_ids_survive_the_round_trip() {
        let hex = "00ff10203040506070809000a0b0c0d0e0f01122";
        assert_eq!(hex.parse::<Oid>().unwrap().to_string(), hex);
        assert!("00ff".parse::<Oid>().is_err());
        assert!("é".repeat(20).parse::<Oid>().is_err());
    }
}
