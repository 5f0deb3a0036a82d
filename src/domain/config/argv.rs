//! Commands as people write them, split into argv: there is no shell.

use std::time::Duration;

use super::super::diagnostic::{Findings, Severity, quoted};
use super::super::keys;
use super::super::span_of_time;
use super::super::yaml::{Field, Fields, Keys, Kind};
use super::Check;
use super::keys::CHECK;

/// A check that says nothing else is ended after this long.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(3600);

/// Splits a command line as a shell would, and refuses what only a shell could do:
/// `Err` holds what is wrong and a hint.
pub fn split(line: &str) -> Result<Vec<String>, (String, String)> {
    if let Some(sign) = needs_shell(line) {
        return Err((
            format!("{} needs a shell (`{sign}`), and there is none here", quoted(line)),
            format!(
                "put it into a script and name that, or write [\"sh\", \"-c\", {}]",
                double_quoted(line.trim())
            ),
        ));
    }
    let argv = shell_words::split(line).map_err(|_| {
        (format!("a quote is not closed in {}", quoted(line)), "close it".to_owned())
    })?;
    whole(argv)
}

/// A list of `Check`s: texts, lists of texts, or `{run: …, timeout: …}`.
pub fn checks(field: &Field, found: &mut Findings) -> Vec<Check> {
    // `["cargo", "test"]` could be two checks as well as one: a list is always a list of checks.
    field.list().iter().filter_map(|item| check(item, found)).collect()
}

/// A command: a text is split, a list is argv as it stands.
pub fn command(field: &Field, found: &mut Findings) -> Option<Vec<String>> {
    if !matches!(field.node.kind, Kind::List(_)) {
        return field.read(found, split);
    }
    let before = found.errors();
    let items = field.list();
    let argv: Vec<String> =
        items.iter().filter_map(|item| item.text(found)).map(str::to_owned).collect();
    if found.errors() > before {
        return None;
    }
    whole(argv)
        .map_err(|(message, hint)| {
            found.error(field.at(), format!("`{}`: {message}", field.name), hint);
        })
        .ok()
}

/// A span of time, as a field's value.
pub fn span(field: &Field, found: &mut Findings) -> Option<Duration> {
    field.read(found, |text| {
        span_of_time::parse(text)
            .map_err(|message| (message, "for example `90s`, `45 minutes` or `4h`".to_owned()))
    })
}

/// A span of time of which nothing is not enough.
pub fn some_span(field: &Field, found: &mut Findings) -> Option<Duration> {
    let span = span(field, found)?;
    if span.is_zero() {
        let message = format!("`{}` must be more than nothing", field.name);
        found.error(field.at(), message, "for example `45 minutes` or `4h`");
        return None;
    }
    Some(span)
}

fn check(field: &Field, found: &mut Findings) -> Option<Check> {
    let Kind::Map(_) = field.node.kind else {
        return Some(Check { argv: command(field, found)?, timeout: CHECK_TIMEOUT });
    };
    // `- cargo test: x` is a text with a colon rather than a mapping.
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(CHECK), &[], Severity::Error, found);
    let timeout = match fields.get("timeout") {
        Some(field) => some_span(&field, found)?,
        None => CHECK_TIMEOUT,
    };
    let Some(run) = fields.get("run") else {
        let message = format!("`{}.run` is missing", field.name);
        found.error(field.at(), message, "write `{run: cargo test, timeout: 10m}`");
        return None;
    };
    Some(Check { argv: command(&run, found)?, timeout })
}

fn whole(argv: Vec<String>) -> Result<Vec<String>, (String, String)> {
    let hint = || "write a program and its arguments, e.g. `cargo test`".to_owned();
    if argv.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(("a command is missing".to_owned(), hint()));
    }
    if argv.iter().any(|argument| argument.contains('\0')) {
        return Err(("a command cannot hold a NUL character".to_owned(), hint()));
    }
    Ok(argv)
}

/// The first sign in a command line that only a shell would understand.
fn needs_shell(line: &str) -> Option<String> {
    let (mut single, mut double) = (false, false);
    let mut chars = line.trim().char_indices().peekable();
    let mut word_start = true;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        match c {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ if single => {}
            '\\' => drop(chars.next()),
            '`' => return Some("a backtick".into()),
            '$' if next == Some('(') => return Some("$(".into()),
            '$' if next.is_some_and(|c| c == '{' || c == '_' || c.is_ascii_alphabetic()) => {
                return Some("$".into());
            }
            _ if double => {}
            '&' if next == Some('&') => return Some("&&".into()),
            '|' if next == Some('|') => return Some("||".into()),
            '|' | '>' | '<' | '&' | ';' => return Some(c.to_string()),
            '\n' => return Some("a second line".into()),
            '~' if word_start && next.is_none_or(|c| c == '/' || c == ' ') => {
                return Some("~".into());
            }
            '=' if assigns(&line.trim()[..at]) => return Some("=".into()),
            _ => {}
        }
        word_start = c == ' ';
    }
    None
}

/// Whether a command line that begins so and goes on with `=` sets a variable.
fn assigns(head: &str) -> bool {
    let name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    head.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()) && head.chars().all(name)
}

/// A text as a double-quoted YAML or JSON scalar on one line.
pub fn double_quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_without_a_shell() {
        for (line, argv) in [
            ("cargo test", vec!["cargo", "test"]),
            ("  pytest -q 'a b' ", vec!["pytest", "-q", "a b"]),
            (r#"sh -c "a | b; c""#, vec!["sh", "-c", "a | b; c"]),
            ("grep 'a|b' x", vec!["grep", "a|b", "x"]),
            ("env A=1 make", vec!["env", "A=1", "make"]),
            ("make X=1", vec!["make", "X=1"]),
            (r"echo a\;b", vec!["echo", "a;b"]),
            ("awk '{print $1}' f", vec!["awk", "{print $1}", "f"]),
            ("grep x$ f", vec!["grep", "x$", "f"]),
        ] {
            assert_eq!(split(line).unwrap(), argv, "{line}");
        }
    }

    #[test]
    fn what_needs_a_shell_is_refused() {
        for (line, sign) in [
            ("a | b", "|"),
            ("a || b", "||"),
            ("a > b", ">"),
            ("a 2>&1", ">"),
            ("a < b", "<"),
            ("a && b", "&&"),
            ("a; b", ";"),
            ("a &", "&"),
            ("a $(b)", "$("),
            ("a `b`", "a backtick"),
            (r#"a "$(b)""#, "$("),
            ("test -d $HOME/x", "$"),
            ("ls ~/x", "~"),
            ("A=1 make", "="),
            ("a\nb", "a second line"),
        ] {
            let (message, hint) = split(line).unwrap_err();
            assert!(message.ends_with(&format!("(`{sign}`), and there is none here")), "{message}");
            assert!(hint.contains(r#"["sh", "-c", "#), "{hint}");
        }
        assert_eq!(split("a 'b").unwrap_err().0, "a quote is not closed in `a 'b`");
        assert_eq!(split("").unwrap_err().0, "a command is missing");
    }
}
