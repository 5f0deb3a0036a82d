//! Writing YAML: single values, so that they are read back as they were meant.

/// Words that YAML readers take for something else than text.
const SPECIAL: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// A text as a scalar: bare where nothing in it could mean anything else, in a block as in a
/// flow list, else in double quotes.
pub fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '/' | '-' | '.' | '+');
    let word = text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(plain)
        && !SPECIAL.contains(&text.to_lowercase().as_str());
    if word || is_amount(text) { text.to_owned() } else { quoted(text) }
}

/// `30m`, `2h`: a number and letters, which no reader takes for a number or a date.
fn is_amount(text: &str) -> bool {
    let letters = text.trim_start_matches(|c: char| c.is_ascii_digit());
    !matches!(letters.len(), 0)
        && letters.len() < text.len()
        && letters.chars().all(|c| matches!(c, 'a'..='d' | 'f'..='n' | 'p'..='w'))
}

/// Every JSON string is a YAML one; what YAML holds to be unprintable is written as its number.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let printable = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if printable(c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    shown
}

/// A list on one line.
pub fn flow(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| scalar(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::super::diagnostic::{Findings, Source};
    use super::super::{Kind, parse};
    use super::*;

    #[test]
    fn scalars_are_quoted_where_they_must_be() {
        for (text, wanted) in [
            ("claude", "claude"),
            ("Europe/Berlin", "Europe/Berlin"),
            ("Greet by name", "Greet by name"),
            ("Grüße", "Grüße"),
            ("30m", "30m"),
            ("1e5", "\"1e5\""),
            ("0x1f", "\"0x1f\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("a, b", "\"a, b\""),
            ("it ", "\"it \""),
            ("no", "\"no\""),
            ("-p", "\"-p\""),
            ("", "\"\""),
            ("a\"b\n", "\"a\\\"b\\n\""),
            ("a\u{7f}\u{85}", "\"a\\u007f\\u0085\""),
        ] {
            assert_eq!(scalar(text), wanted);
        }
        assert_eq!(flow(["a b", "c, d"]), "[a b, \"c, d\"]");
        assert_eq!(flow([""; 0]), "[]");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "a: b",
            "# c",
            "null",
            "~",
            "'",
            "\\",
            "\u{1}\u{9b}\u{feff}x",
            "- a",
            "[x] y",
            "*a",
            "🙂",
        ] {
            let yaml = format!("[{}, x]", scalar(text));
            let source = Source::new("f", &yaml);
            let mut found = Findings::new(&source);
            let root = parse(0..yaml.len(), &mut found).unwrap();
            let Kind::List(items) = root.kind else { panic!("{yaml}") };
            assert!(matches!(&items[0].kind, Kind::Text(read, _) if read == text), "{yaml}");
        }
    }
}
