//! Making text of strangers safe to show; tables, ages, plurals.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::domain::event::Spent;
use crate::domain::{size, span_of_time};

/// One line without anything that a terminal would obey or that turns text around: control
/// characters and bidirectional marks become `�`; line breaks and tabs become spaces.
pub fn safe(text: &str) -> String {
    text.chars().map(tame).collect::<String>().trim_end().to_owned()
}

/// The same for several lines, which stay lines.
pub fn safe_lines(text: &str) -> String {
    text.lines().map(|line| safe(line) + "\n").collect()
}

/// A whole page as it goes to a terminal: lines and tabs stay, whatever else a terminal would obey
/// becomes `�`. What is printed was made safe where it was put together; this is the wall behind it.
pub fn safe_page(page: &str) -> String {
    page.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { tame(c) }).collect()
}

/// JSON for people and programs: what a terminal would obey is written as `\u….` within its strings,
/// so that nothing is lost to whoever reads it.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(tame_json(&serde_json::to_string_pretty(value)?))
}

/// The same on one line.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(tame_json(&serde_json::to_string(value)?))
}

fn tame_json(plain: &str) -> String {
    let mut shown = String::with_capacity(plain.len());
    for c in plain.chars() {
        // Outside of strings nothing of that kind stands but the ends of lines.
        match c == '\n' || tame(c) == c {
            true => shown.push(c),
            false => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                shown.push_str(&format!("\\u{unit:04x}"));
            }),
        }
    }
    shown
}

fn tame(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{061c}' => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        // What cannot be seen: zero width, line and paragraph marks, tags.
        '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{2028}'
        | '\u{2029}' => '\u{fffd}',
        '\u{e0000}'..='\u{e007f}' | '\u{fff9}'..='\u{fffb}' => '\u{fffd}',
        c => c,
    }
}

/// Makes output of strangers safe for a terminal, piece by piece: escape sequences are taken
/// out, a lone carriage return begins a new line, other control characters become `�`.
#[derive(Debug, Default)]
pub struct Tamer {
    escapes: anstream::adapter::StripBytes,
    /// The beginning of a letter whose end has not come yet.
    rest: Vec<u8>,
    returned: bool,
}

impl Tamer {
    /// What can be shown of all that came so far.
    pub fn tame(&mut self, bytes: &[u8]) -> String {
        for plain in self.escapes.strip_next(bytes) {
            self.rest.extend_from_slice(plain);
        }
        let unfinished = |bytes: &[u8]| {
            std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
        };
        let open = self.rest.utf8_chunks().last().map(|last| last.invalid());
        let open = open.filter(|bytes| unfinished(bytes)).map_or(0, <[u8]>::len);
        let later = self.rest.split_off(self.rest.len() - open);
        let now = std::mem::replace(&mut self.rest, later);
        self.show(&now)
    }

    /// What was left unfinished at the end.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.rest);
        self.show(&rest)
    }

    fn show(&mut self, bytes: &[u8]) -> String {
        let mut shown = String::with_capacity(bytes.len());
        for c in String::from_utf8_lossy(bytes).chars() {
            if std::mem::take(&mut self.returned) && c != '\n' {
                shown.push('\n');
            }
            match c {
                '\r' => self.returned = true,
                '\n' | '\t' => shown.push(c),
                c => shown.push(tame(c)),
            }
        }
        shown
    }
}

/// `1 task`, `2 tasks`.
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// A span for people: the two largest units at most.
pub fn span(duration: Duration) -> String {
    span_of_time::show(duration)
}

/// How long ago a moment was; a moment to come is `now`.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - at).to_std() {
        Ok(age) if age.as_secs() > 0 => format!("{} ago", span(age)),
        _ => "now".into(),
    }
}

/// A moment on the clock of a zone, with the day where it is another than today.
pub fn clock(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (there, here) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let same = there.date_naive() == here.date_naive();
    there.format(if same { "%H:%M" } else { "%F %H:%M" }).to_string()
}

/// Bytes for people.
pub fn bytes(count: u64) -> String {
    size::show(count)
}

/// What an agent says it has used: `12.3k tokens read, 450 written, $0.12`; `None` when it says
/// nothing.
pub fn spent(spent: &Spent) -> Option<String> {
    let read = spent.tokens_in.map(|tokens| format!("{} tokens read", thousands(tokens)));
    let word = if read.is_some() { "" } else { "tokens " };
    let written = spent.tokens_out.map(|count| format!("{} {word}written", thousands(count)));
    let cost = spent.cost.map(|cost| format!("${cost}"));
    let said: Vec<_> = [read, written, cost].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// `450`, `12.3k`, `1.2M`
fn thousands(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Padded with spaces to a number of columns.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Broken at spaces into lines of at most this many columns; a longer word stays whole, so
/// that it can be copied.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Broken into lines that never are wider than this many columns: at spaces, and within words that are
/// too long for a line. A letter wider than a whole line stands alone.
pub fn fold(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let words: Vec<String> =
        text.split_whitespace().flat_map(|word| pieces(word, columns)).collect();
    // The next piece of a word did not fit, so that no space comes in between.
    wrap(&words.join(" "), columns)
}

fn pieces(line: &str, columns: usize) -> Vec<String> {
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns && used > 0 {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// Two columns of text: labels, and what is said beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Of the labels.
    pub label: usize,
    /// Of the whole page.
    pub page: usize,
}

impl Columns {
    /// Room for these labels on a page of this width.
    pub fn fit<'a>(labels: impl IntoIterator<Item = &'a str>, page: usize) -> Self {
        let page = page.max(40);
        let longest = labels.into_iter().map(width).max().unwrap_or(0);
        Self { label: longest.min(page / 3), page }
    }

    /// What is said beside a label, wrapped; a label that is too long stands above it.
    pub fn entry(self, label: &str, said: &str) -> String {
        let mut text = String::new();
        let mut label = label;
        if width(label) > self.label {
            text += &format!("  {label}\n");
            label = "";
        }
        for line in wrap(said, self.page.saturating_sub(self.label + 4)) {
            text += &format!("  {}  {line}\n", pad(label, self.label));
            label = "";
        }
        if !label.is_empty() {
            text += &format!("  {label}\n");
        }
        text
    }

    /// A line that must stay whole: a command to copy.
    pub fn whole(self, line: &str) -> String {
        format!("  {}  {line}\n", pad("", self.label))
    }
}

/// One line of Markdown that shows a text as it is: nothing in it is markup or HTML.
pub fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '@' => shown.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A text as Markdown code.
pub fn code(text: &str) -> String {
    let text = safe(text);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_move_the_cursor_or_turn_text_around() {
        assert_eq!(safe("a\u{1b}[2Jb\u{7}c\u{202e}d\ne"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d e");
        assert_eq!(safe("\u{9b}31m"), "\u{fffd}31m");
        assert_eq!(safe_lines("a\r\nb\u{8}"), "a\nb\u{fffd}\n");
        assert_eq!(safe("a\u{200b}b\u{2028}c\u{e0041}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(
            safe_page("\u{1b}[1;31mred\t\u{1b}]8;;x\u{7}\u{9b}\n"),
            "\u{fffd}[1;31mred\t\u{fffd}]8;;x\u{fffd}\u{fffd}\n"
        );
    }

    #[test]
    fn json_keeps_what_it_does_not_show() {
        let hostile = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{e0041}\n\t\"é";
        let shown = json(&[hostile]).unwrap();
        assert_eq!(safe_page(&shown), shown);
        assert!(shown.contains("\\u202e\\udb40\\udc41"), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [hostile]);
    }

    #[test]
    fn output_is_tamed_wherever_it_is_cut() {
        let raw = "a\u{1b}[31mred\u{1b}[0m \u{e9}\u{202e}x\r\n10%\r20%\r\nend\u{1b}]0;t\u{7}\t.";
        let expected = "ared \u{e9}\u{fffd}x\n10%\n20%\nend\t.";
        for cut in 1..raw.len() {
            let mut tamer = Tamer::default();
            let mut shown = String::new();
            for piece in raw.as_bytes().chunks(cut) {
                shown += &tamer.tame(piece);
            }
            assert_eq!(shown + &tamer.finish(), expected, "{cut}");
        }
        let mut tamer = Tamer::default();
        assert_eq!(tamer.tame(b"a\xff\xc3") + &tamer.finish(), "a\u{fffd}");
    }

    #[test]
    fn spans_and_sizes_are_short() {
        let table = [(5, "5s"), (65, "1m 5s"), (600, "10m"), (3600, "1h"), (5400, "1h 30m")];
        for (seconds, expected) in table {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(span(Duration::from_secs(90_000)), "1d 1h");
        assert_eq!(
            (bytes(100), bytes(2048), bytes(5 << 30)),
            ("100 B".into(), "2.0 KiB".into(), "5.0 GiB".into())
        );
    }

    #[test]
    fn what_was_spent_is_short() {
        let cost = crate::domain::cost::Cost::dollars(0.1234);
        for (tokens_in, tokens_out, cost, expected) in [
            (Some(12_345), Some(450), cost, Some("12.3k tokens read, 450 written, $0.1234")),
            (None, Some(2_500_000), None, Some("2.5M tokens written")),
            (None, None, cost, Some("$0.1234")),
            (None, None, None, None),
        ] {
            let said = spent(&Spent { tokens_in, tokens_out, cost });
            assert_eq!(said.as_deref(), expected);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_wide_letters_count_twice() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrap("\u{65e5}\u{672c} \u{8a9e}", 6), ["\u{65e5}\u{672c}", "\u{8a9e}"]);
        assert_eq!(fold("a-very-long-word b", 5), ["a-ver", "y-lon", "g-wor", "d b"]);
        assert_eq!(fold("\u{65e5}\u{672c}\u{8a9e}", 5), ["\u{65e5}\u{672c}", "\u{8a9e}"]);
        assert_eq!(fold("\u{65e5}a", 1), ["\u{65e5}", "a"]);
        assert_eq!(pad("\u{65e5}", 4), "\u{65e5}  ");
        let columns = Columns::fit(["ab", "a-label-that-is-long"], 40);
        assert_eq!(columns.label, 13);
        assert_eq!(columns.entry("ab", "x"), "  ab             x\n");
        assert_eq!(
            columns.entry("a-label-that-is-long", "said"),
            "  a-label-that-is-long\n                 said\n"
        );
    }

    #[test]
    fn markdown_shows_markup_and_obeys_none() {
        assert_eq!(markdown("<b>|a_b| `x` @all"), "&lt;b&gt;\\|a\\_b\\| \\`x\\` &#64;all");
        assert_eq!(code("a `b`"), "`` a `b` ``");
    }
}
