//! The forms in which a value may stand in a text.

use std::fmt::Write as _;

/// A line of a value of several lines is looked for by itself from this length on.
const LINE: usize = 16;
/// What is left of a base64 form without the letters that depend on its neighbours must be at
/// least this long.
const BASE64: usize = 8;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// All forms of a value, the value itself first.
pub fn of(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_owned()];
    let mut lines = value.lines().map(str::trim);
    if value.contains('\n') {
        forms.extend(lines.by_ref().filter(|line| line.len() >= LINE).map(str::to_owned));
    }
    forms.push(json(value));
    for (upper, plus) in [(true, false), (true, true), (false, false), (false, true)] {
        forms.push(percent(value, upper, plus));
    }
    for standard in (0..3).flat_map(|shift| base64(value.as_bytes(), shift)) {
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    forms.extend([hex(value, false), hex(value, true)]);
    forms.retain(|form| !form.is_empty());
    forms.into_iter().map(String::into_bytes).collect()
}

/// As it stands between the quotes of a JSON text.
fn json(value: &str) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

fn percent(value: &str, upper: bool, plus: bool) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let _ = match byte {
            b' ' if plus => write!(text, "+"),
            byte if plain => write!(text, "{}", char::from(byte)),
            byte if upper => write!(text, "%{byte:02X}"),
            byte => write!(text, "%{byte:02x}"),
        };
    }
    text
}

fn hex(value: &str, upper: bool) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        let _ = match upper {
            true => write!(text, "{byte:02X}"),
            false => write!(text, "{byte:02x}"),
        };
        text
    })
}

/// What is the same in the base64 of every text that holds the value `shift` bytes after a
/// multiple of three, and the same where the text ends with the value, with its padding.
fn base64(value: &[u8], shift: usize) -> Vec<String> {
    let mut bytes = vec![0; shift];
    bytes.extend_from_slice(value);
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().chain(&[0, 0]).take(3).fold(0, |sum, b| sum << 8 | usize::from(*b));
        let letters = [18, 12, 6, 0].map(|bits| char::from(STANDARD[word >> bits & 63]));
        text.extend(letters.iter().take(group.len() + 1));
    }
    // The first letters depend on what stands before, the last one on what follows.
    let own = text.split_off([0, 2, 3][shift].min(text.len()));
    let padding = "==".get(..(4 - (own.len() + [0, 2, 3][shift]) % 4) % 4).unwrap_or_default();
    let inner = if padding.is_empty() { own.as_str() } else { &own[..own.len().max(1) - 1] };
    if inner.len() < BASE64 {
        return Vec::new();
    }
    vec![inner.to_owned(), format!("{own}{padding}"), own.clone()]
}
