//! Values that may be secrets: from a variable or a command, never as they are in the tracked file.

use serde::Serialize;

use super::super::super::diagnostic::{Findings, Severity, quoted};
use super::super::super::keys;
use super::super::super::yaml::{Field, Fields, Keys, Kind};
use super::super::argv::command;
use super::super::keys::GIVEN;

/// A value, or where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Given {
    /// As it stands in the file: no secret.
    Plain(String),
    /// The value of this variable.
    Env(String),
    /// The first line that this command prints.
    Command(Vec<String>),
}

impl Given {
    /// The variable, if it comes from one.
    pub fn variable(&self) -> Option<&String> {
        match self {
            Self::Env(name) => Some(name),
            _ => None,
        }
    }

    /// The command, if one prints it.
    pub fn command(&self) -> Option<&Vec<String>> {
        match self {
            Self::Command(argv) => Some(argv),
            _ => None,
        }
    }
}

/// What a literal value would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// A secret whatever it says.
    Secret,
    /// An address, which may hold one.
    Address,
}

/// A text, `{env: NAME}` or `{command: [pass, show, …]}`.
pub(super) fn given(field: &Field, literal: Literal, found: &mut Findings) -> Option<Given> {
    let Kind::Map(_) = field.node.kind else {
        return plain(field, literal, found);
    };
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(GIVEN), &[], Severity::Error, found);
    match (fields.get("env"), fields.get("command")) {
        (Some(name), None) => name.read(found, variable).map(Given::Env),
        (None, Some(run)) => {
            let argv = command(&run, found)?;
            refuse_secret_words(&run, &argv, found).then_some(Given::Command(argv))
        }
        _ => {
            let message = format!("`{}` says not where its value comes from", field.name);
            found.error(field.at(), message, HINT);
            None
        }
    }
}

const HINT: &str = "write `{env: NAME}`, or `{command: [pass, show, NAME]}`";

fn plain(field: &Field, literal: Literal, found: &mut Findings) -> Option<Given> {
    let text = field.text(found)?.trim();
    let secret = literal == Literal::Secret || holds_secret(text);
    if !secret {
        return Some(Given::Plain(text.to_owned()));
    }
    // The value itself is not repeated: what is said here goes into logs.
    let message = format!("`{}` is a secret, and this file is for everybody to read", field.name);
    found.code("secret").error(field.at(), message, HINT);
    None
}

/// Tells of each word that is a secret; whether there was none.
pub(super) fn refuse_secret_words(field: &Field, argv: &[String], found: &mut Findings) -> bool {
    let secret = argv.iter().any(|word| holds_secret(word));
    if secret {
        let message =
            format!("`{}` holds a secret, and this file is for everybody to read", field.name);
        let hint = "put it into a variable and a script that reads it, and name the script";
        found.code("secret").error(field.at(), message, hint);
    }
    !secret
}

fn variable(text: &str) -> Result<String, (String, String)> {
    let name = text.trim().trim_start_matches('$');
    let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let named = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    match named && name.chars().all(plain) {
        true => Ok(name.to_owned()),
        false => Err((
            format!("{} is no name of a variable", quoted(text)),
            "write `{env: SLACK_URL}`".into(),
        )),
    }
}

/// Whether a text holds what only its owner should know: a login in an address, a parameter whose
/// name says so, the beginning that a service gives its tokens, or a part that nobody would type.
pub(super) fn holds_secret(text: &str) -> bool {
    const BEGINNINGS: [&str; 13] = [
        "xoxb-",
        "xoxp-",
        "xapp-",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "sk-",
        "AKIA",
        "tk_",
        "syt_",
        "Bearer ",
    ];
    const NAMES: [&str; 8] = ["token", "key", "sig", "secret", "auth", "passw", "pwd", "code"];
    let part = |part: &str| {
        let begins = BEGINNINGS
            .iter()
            .any(|beginning| part.starts_with(beginning) && part.len() >= beginning.len() + 6);
        begins || is_random(part)
    };
    let login = text.split_once("://").is_some_and(|(_, rest)| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        host.contains('@')
    });
    let asked = text.split_once('?').map_or("", |(_, asked)| asked);
    let named = asked.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
        let name = name.to_lowercase();
        !value.is_empty() && NAMES.iter().any(|word| name.contains(word))
    });
    let bearer = text.contains("Bearer ") && !text.trim_end().ends_with("Bearer");
    login || named || bearer || text.split(['/', '?', '&', '=', ' ', ':']).any(part)
}

/// Twenty characters and more in which letters and digits take turns.
fn is_random(part: &str) -> bool {
    let spelt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let letters = part.chars().filter(char::is_ascii_alphabetic).count();
    part.len() >= 20 && part.chars().all(spelt) && digits >= 3 && letters >= 3
}

#[cfg(test)]
mod tests {
    use super::super::super::parse;
    use super::*;

    #[test]
    fn secrets_are_told_from_addresses() {
        for (text, secret) in [
            ("https://ntfy.sh/ada-builds", false),
            ("http://127.0.0.1:8080/hook", false),
            ("https://example.org/hooks/build-finished-for-the-whole-team", false),
            ("https://example.org/notify?room=builds", false),
            ("https://ada:pw@example.org/", true),
            ("https://example.org/hook?token=abc", true),
            ("https://example.org/hook?sig=abc&v=1", true),
            ("https://hooks.slack.com/services/T00000000/B00000000/XXa1XX2XXX3XXXXXXXXXXXXX", true),
            ("xoxb-123456789", true),
            ("https://discord.com/api/webhooks/1130000000000000000/aB3_dE6fG-hI9jK2lM5nO8p", true),
            ("Authorization: Bearer abcdef", true),
            ("scripts/told.sh", false),
            ("", false),
        ] {
            assert_eq!(holds_secret(text), secret, "{text}");
        }
    }

    #[test]
    fn a_secret_in_the_file_is_an_error_that_does_not_repeat_it() {
        let url = "https://hooks.slack.com/services/T0/B0/abc";
        for text in [
            format!("notify: {{a: {{on: review, webhook: {{kind: slack, url: \"{url}\"}}}}}}"),
            format!("notify: {{a: {{on: review, webhook: {{kind: discord, url: \"{url}\"}}}}}}"),
            "notify: {a: {on: review, webhook: {url: \"https://a.example/?token=hooks.slack.com/services\"}}}".into(),
            "notify: {a: {on: review, webhook: {kind: telegram, chat: 1, token: hooks.slack.com}}}".into(),
            "notify: {a: {on: review, email: {server: h, to: a@b, from: a@b, user: q, password: hooks.slack.com}}}".into(),
            "notify: {a: {on: review, command: [curl, -H, \"Authorization: Bearer hooks.slack.com\"]}}".into(),
        ] {
            let list = parse("f", text.as_bytes()).expect_err(&text);
            let said = format!("{} {:?}", list[0].one_line(), list[0].hint);
            assert!(said.contains("secret, and this file is for everybody to read"), "{said}");
            assert!(!said.contains("hooks.slack.com") && list[0].code == "secret", "{said}");
        }
        let text = "notify: {a: {on: review, webhook: {kind: slack, url: {env: \"1 x\"}}}}";
        let list = parse("f", text.as_bytes()).unwrap_err();
        assert!(list[0].message.contains("is no name of a variable"), "{list:?}");
    }
}
