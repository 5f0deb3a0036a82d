//! A finding, with its line and a caret.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::domain::diagnostic::{Diagnostic, Place, Severity};

/// ```text
/// error: `priority`: `urgent` is not one of `high`, `medium`, `low`
///  --> queue/hello.md:2:11
///   |
/// 2 | priority: urgent
///   |           ^^^^^^
/// hint: use `high`, `medium` or `low`
/// ```
/// Without a line end at its end.
pub fn show(diagnostic: &Diagnostic) -> String {
    titled(diagnostic, None)
}

/// The same with the code behind the first word: `error[bad-value]: …`.
pub fn coded(diagnostic: &Diagnostic) -> String {
    titled(diagnostic, Some(diagnostic.code))
}

fn titled(diagnostic: &Diagnostic, code: Option<&str>) -> String {
    let message = plain(&diagnostic.message);
    let file = plain(&diagnostic.file);
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, "error"),
        Severity::Warning => (Level::WARNING, "warning"),
        Severity::Note => (Level::NOTE, "note"),
    };
    let line = diagnostic.place.as_ref().map(|place| plain(&place.text));
    let mut shown = match (&diagnostic.place, &line) {
        (Some(place), Some(line)) if !line.trim().is_empty() => {
            let snippet = Snippet::source(line.as_str())
                .line_start(place.line)
                .path(file.as_str())
                .annotation(AnnotationKind::Primary.span(bytes(place, line)));
            let title = level.primary_title(message);
            let title = match code {
                Some(code) => title.id(code),
                None => title,
            };
            Renderer::plain().render(&[title.element(snippet)])
        }
        (place, _) => {
            let at = place.as_ref().map_or(String::new(), |p| format!(":{}:{}", p.line, p.column));
            let code = code.map_or(String::new(), |code| format!("[{code}]"));
            format!("{word}{code}: {message}\n --> {file}{at}")
        }
    };
    if let Some(hint) = &diagnostic.hint {
        shown = format!("{}\nhint: {}", shown.trim_end(), plain(hint));
    }
    shown
}

fn bytes(place: &Place, line: &str) -> std::ops::Range<usize> {
    let offset =
        |column: usize| line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset);
    let start = place.column.saturating_sub(1);
    offset(start)..offset(start.saturating_add(place.width))
}

/// Control characters, and those that turn the direction of writing, become visible signs; one
/// for one, so that columns stay. Tabs stay too.
fn plain(text: &str) -> String {
    let visible = |c: char| match c {
        '\t' => '\t',
        '\u{7f}' => '\u{2421}',
        c if c.is_ascii_control() => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize, width: usize, text: &str) -> Option<Place> {
        Some(Place { line, column, width, text: text.into() })
    }

    #[test]
    fn a_caret_stands_below_what_is_meant() {
        let error = Diagnostic::error("queue/hello.md", "`urgent` is no priority")
            .at(at(12, 11, 6, "priority: urgent # now"))
            .hint("use `high`, `medium` or `low`");
        assert_eq!(
            show(&error),
            "error: `urgent` is no priority
  --> queue/hello.md:12:11
   |
12 | priority: urgent # now
   |           ^^^^^^
hint: use `high`, `medium` or `low`"
        );
    }

    #[test]
    fn what_has_no_line_names_the_file() {
        let warning = Diagnostic::warning("queue/x.md", "nothing says when it is done");
        assert_eq!(show(&warning), "warning: nothing says when it is done\n --> queue/x.md");
        assert_eq!(
            show(&warning.at(at(3, 9000, 2, ""))),
            "warning: nothing says when it is done\n --> queue/x.md:3:9000"
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_unseen() {
        let error = Diagnostic::error("q\u{1b}[2J.md", "bad \u{7}")
            .at(at(1, 3, 2, "é\u{1b}é\u{9b}\u{202e}x"))
            .hint("a\nb");
        assert_eq!(
            show(&error),
            "error: bad ␇
 --> q␛[2J.md:1:3
  |
1 | é␛é��x
  |   ^^
hint: a␊b"
        );
    }

    #[test]
    fn a_place_beside_its_line_is_no_trouble() {
        for place in [at(1, 1, 1, ""), at(1, 99, 9, "abc"), at(0, 0, 0, "abc"), at(1, 4, 1, "abc")]
        {
            assert!(show(&Diagnostic::error("f", "m").at(place)).starts_with("error: m"));
        }
    }
}
