//! Lines of ours in a file that is a person's: between two marks, and nowhere else.

/// The first line.
const BEGIN: &str = "<!-- buildq -->";
/// The last one.
const END: &str = "<!-- /buildq -->";

/// Why a text is left alone: one mark stands there without the other, or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its marks `{BEGIN}` and `{END}` do not match")]
pub struct Torn;

/// Where the section stands, marks and the last line's end included.
fn place(text: &str) -> Result<Option<std::ops::Range<usize>>, Torn> {
    let (mut begins, mut ends, mut at) = (Vec::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        match line.trim() {
            BEGIN => begins.push(at),
            END => ends.push(at + line.len()),
            _ => {}
        }
        at += line.len();
    }
    match (&begins[..], &ends[..]) {
        ([], []) => Ok(None),
        (&[begin], &[end]) if begin < end => Ok(Some(begin..end)),
        _ => Err(Torn),
    }
}

/// Whether it is there.
pub fn is_there(text: &str) -> bool {
    matches!(place(text), Ok(Some(_)))
}

/// The text with this section, marks included: renewed where it stands, else at the end. Its lines end
/// as those of the text do.
pub fn put(text: &str, section: &str) -> Result<String, Torn> {
    let windows = text.contains("\r\n");
    let section = if windows { section.replace('\n', "\r\n") } else { section.to_owned() };
    if let Some(range) = place(text)? {
        return Ok(format!("{}{section}{}", &text[..range.start], &text[range.end..]));
    }
    let line = if windows { "\r\n" } else { "\n" };
    let gap = match text {
        "" => String::new(),
        text if text.ends_with('\n') => line.to_owned(),
        _ => line.repeat(2),
    };
    Ok(format!("{text}{gap}{section}"))
}

/// The text without it, and without the blank line before it.
pub fn take_out(text: &str) -> Result<String, Torn> {
    let Some(range) = place(text)? else { return Ok(text.to_owned()) };
    let (mut before, after) = (&text[..range.start], &text[range.end..]);
    for blank in ["\r\n\r\n", "\n\n"] {
        if before.ends_with(blank) {
            before = &before[..before.len() - blank.len() / 2];
            break;
        }
    }
    Ok(format!("{before}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "<!-- buildq -->\nline\n<!-- /buildq -->\n";

    #[test]
    fn it_comes_is_renewed_and_goes() {
        for (text, with) in [
            ("", OURS.to_owned()),
            ("# Mine\n", format!("# Mine\n\n{OURS}")),
            ("# Mine\n\nno end", format!("# Mine\n\nno end\n\n{OURS}")),
            ("a\r\nb\r\n", format!("a\r\nb\r\n\r\n{}", OURS.replace('\n', "\r\n"))),
        ] {
            assert!(!is_there(text));
            let put_in = put(text, OURS).unwrap();
            assert_eq!(put_in, with);
            assert!(is_there(&with));
            assert_eq!(put(&with, OURS).unwrap(), with, "twice is once");
            let out = take_out(&with).unwrap();
            assert_eq!(out.trim_end_matches('\n'), text.trim_end_matches('\n'));
            assert_eq!(take_out(text).unwrap(), text);
        }
        let around = format!("before\n{OURS}after\n");
        let newer = OURS.replace("line", "two\nlines");
        assert_eq!(put(&around, &newer).unwrap(), format!("before\n{newer}after\n"));
        assert_eq!(take_out(&around).unwrap(), "before\nafter\n");
    }

    #[test]
    fn torn_marks_are_left_alone() {
        for text in [
            "<!-- buildq -->\n",
            "<!-- /buildq -->\n",
            "<!-- /buildq -->\n<!-- buildq -->\n",
            "<!-- buildq -->\n<!-- buildq -->\n<!-- /buildq -->\n",
        ] {
            assert_eq!(put(text, OURS), Err(Torn), "{text}");
            assert_eq!(take_out(text), Err(Torn), "{text}");
            assert!(!is_there(text));
        }
        assert!(!is_there("see `<!-- buildq -->` and `<!-- /buildq -->`\n"));
    }
}
