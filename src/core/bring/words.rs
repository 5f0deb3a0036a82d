//! Small questions about words.

use crate::domain::id::TaskId;

/// Runs of blanks, line breaks and control characters become one blank.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that stays the same: letters and digits of any script, in lower case, joined by `-`.
pub fn slug(text: &str) -> String {
    if text.is_ascii()
        && let Some(id) = TaskId::suggest(text)
    {
        return id.to_string();
    }
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase).take(80) {
        match c.is_alphanumeric() {
            true => slug.push(c),
            false if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            false => {}
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "item".into() } else { slug.to_owned() }
}

/// Signs, pictures and blanks at both ends go.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_picture(c))
}

/// Emoji, arrows, boxes and what joins them.
pub fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2460..=0x27bf
        | 0x2900..=0x2bff | 0x1f000..=0x1faff | 0xfe0f | 0x200d | 0x20e3)
}

/// Without the emphasis around or in it: `**Title** of it` is `Title of it`.
pub fn unstressed(text: &str) -> String {
    text.replace("**", "").replace("__", "").trim_matches('*').trim().to_owned()
}

/// At most so many bytes, cut between two characters.
pub fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `3 criteria`, `1 line`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_the_same() {
        for (text, name) in [
            ("Stripe Integration (v2)", "stripe-integration-v2"),
            ("Grüße senden!", "grüße-senden"),
            ("音楽 再生", "音楽-再生"),
            ("🎉", "item"),
            ("", "item"),
        ] {
            assert_eq!(slug(text), name);
        }
        assert_eq!(trimmed(" 🔴 High 🔥"), "High");
        assert_eq!(cut("aé", 2), "a");
    }
}
