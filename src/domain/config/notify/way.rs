//! The ways by which somebody is reached.

use std::ops::Range;

use serde::Serialize;

use super::super::super::diagnostic::{Findings, Severity, quoted};
use super::super::super::keys;
use super::super::super::yaml::{Field, Fields, Keys, Kind};
use super::super::argv::command;
use super::super::keys::{EMAIL, WEBHOOK};
use super::given::{Given, Literal, given, refuse_secret_words};

/// The keys of which a notifier has one.
const WAYS: &[&str] = &["command", "webhook", "email", "desktop", "speech"];

/// How a notifier is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A program and its arguments, the facts as JSON on its standard input.
    Command(Vec<String>),
    /// An HTTP server.
    Webhook(Webhook),
    /// A mail.
    Email(Email),
    /// A notice on the person's desktop.
    Desktop,
    /// The title is said aloud.
    Speech,
}

/// A server, and what it understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// The shape of what it is sent.
    pub payload: Payload,
    /// Its address.
    pub url: Given,
    /// For its `Authorization` header, or as the service wants it.
    pub token: Option<Given>,
}

/// What services want to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Payload {
    /// The facts, as `docs/notice-schema.md` has them.
    Json,
    /// An incoming webhook of Slack, Mattermost or Rocket.Chat.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// A workflow of Microsoft Teams.
    Teams,
    /// A topic of ntfy.
    Ntfy,
    /// A bot of Telegram.
    Telegram {
        /// Where it writes.
        chat: String,
    },
    /// A room of Matrix.
    Matrix {
        /// Its id, `!…:server`.
        room: String,
    },
}

impl Payload {
    /// Its word in `kind`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::Ntfy => "ntfy",
            Self::Telegram { .. } => "telegram",
            Self::Matrix { .. } => "matrix",
        }
    }
}

/// A mail server and an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Email {
    /// Its name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept to itself.
    pub security: Security,
    /// Who logs in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Given>,
    /// Who writes.
    pub from: String,
    /// Who reads; never empty.
    pub to: Vec<String>,
}

/// How a mail server's connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// It begins in the clear and must go over to TLS.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

/// The one way that a notifier names.
pub(super) fn read(
    fields: &Fields,
    path: &str,
    at: &Range<usize>,
    found: &mut Findings,
) -> Option<Way> {
    let named: Vec<_> = WAYS.iter().filter_map(|way| Some((*way, fields.get(way)?))).collect();
    let (way, field) = match named.as_slice() {
        [one] => one,
        [] => {
            let ways: Vec<_> = WAYS.iter().map(|way| format!("`{way}`")).collect();
            found.error(at, format!("`{path}` says no way"), format!("one of {}", ways.join(", ")));
            return None;
        }
        [(one, _), (other, _), ..] => {
            let message = format!("`{path}` says two ways: `{one}` and `{other}`");
            found.error(at, message, "give each a notifier of its own");
            return None;
        }
    };
    match *way {
        "command" => {
            let argv = command(field, found)?;
            refuse_secret_words(field, &argv, found).then_some(Way::Command(argv))
        }
        "webhook" => webhook(field, found).map(Way::Webhook),
        "email" => email(field, found).map(Way::Email),
        "desktop" => on(field, found).then_some(Way::Desktop),
        _ => on(field, found).then_some(Way::Speech),
    }
}

/// `true`, since there is nothing more to say.
fn on(field: &Field, found: &mut Findings) -> bool {
    let on = field.flag(found);
    if on == Some(false) {
        let message = format!("`{}` is false, and there is no other way", field.name);
        found.error(field.at(), message, "take the notifier out");
    }
    on == Some(true)
}

/// An address, or the keys that a service wants.
fn webhook(field: &Field, found: &mut Findings) -> Option<Webhook> {
    let Kind::Map(entries) = &field.node.kind else {
        let url = given(field, Literal::Address, found)?;
        return Some(Webhook { payload: guessed(&url), url, token: None });
    };
    // `{env: NAME}` is an address too.
    if entries.iter().all(|entry| matches!(entry.key.as_str(), "env" | "command")) {
        let url = given(field, Literal::Address, found)?;
        return Some(Webhook { payload: Payload::Json, url, token: None });
    }
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(WEBHOOK), &[], Severity::Error, found);
    let kinds = [
        ("json", "json"),
        ("slack", "slack"),
        ("discord", "discord"),
        ("teams", "teams"),
        ("ntfy", "ntfy"),
        ("telegram", "telegram"),
        ("matrix", "matrix"),
    ];
    let kind = match fields.get("kind") {
        Some(kind) => Some(kind.word(&kinds, found)?),
        None => None,
    };
    // The addresses of these services are keys to them.
    let secret = matches!(kind, Some("slack" | "discord" | "teams"));
    let literal = if secret { Literal::Secret } else { Literal::Address };
    let token = match fields.get("token") {
        Some(token) => Some(given(&token, Literal::Secret, found)?),
        None => None,
    };
    let url = match (fields.get("url"), kind) {
        (Some(url), _) => address(&url, literal, found)?,
        (None, Some("telegram")) => Given::Plain("https://api.telegram.org".into()),
        (None, _) => return missing(field, "url", "{env: HOOK_URL}", found),
    };
    let mut text = |key: &str, example: &str| match fields.get(key) {
        Some(value) => value.text(found).map(|text| text.trim().to_owned()),
        None => missing(field, key, example, found),
    };
    let payload = match kind {
        None => guessed(&url),
        Some("slack") => Payload::Slack,
        Some("discord") => Payload::Discord,
        Some("teams") => Payload::Teams,
        Some("ntfy") => Payload::Ntfy,
        Some("telegram") => Payload::Telegram { chat: text("chat", "\"-1001234\"")? },
        Some("matrix") => Payload::Matrix { room: text("room", "\"!room:example.org\"")? },
        Some(_) => Payload::Json,
    };
    let wants = matches!(payload, Payload::Telegram { .. } | Payload::Matrix { .. });
    if wants && token.is_none() {
        return missing(field, "token", "{env: BOT_TOKEN}", found);
    }
    Some(Webhook { payload, url, token })
}

fn address(field: &Field, literal: Literal, found: &mut Findings) -> Option<Given> {
    let given = given(field, literal, found)?;
    if let Given::Plain(url) = &given
        && !url.starts_with("https://")
        && !url.starts_with("http://")
    {
        let message = format!("`{}`: {} is no address", field.name, quoted(url));
        found.error(field.at(), message, "it begins with `https://`");
        return None;
    }
    Some(given)
}

/// Of services that their addresses tell.
fn guessed(url: &Given) -> Payload {
    match url {
        Given::Plain(url) if url.starts_with("https://ntfy.sh/") => Payload::Ntfy,
        _ => Payload::Json,
    }
}

fn missing<T>(field: &Field, key: &str, example: &str, found: &mut Findings) -> Option<T> {
    let message = format!("`{}.{key}` is missing", field.name);
    found.error(field.at(), message, format!("write `{key}: {example}`"));
    None
}

fn email(field: &Field, found: &mut Findings) -> Option<Email> {
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(EMAIL), &[], Severity::Error, found);
    let before = found.errors();
    let words =
        [("starttls", Security::Starttls), ("tls", Security::Tls), ("none", Security::None)];
    let security = fields.get("security").and_then(|f| f.word(&words, found));
    let security = security.unwrap_or(Security::Starttls);
    let port = fields.get("port").and_then(|f| f.number(1, 65_535, found));
    let usual = match security {
        Security::Starttls => 587,
        Security::Tls => 465,
        Security::None => 25,
    };
    let password = fields.get("password").and_then(|f| given(&f, Literal::Secret, found));
    let user = fields.get("user").and_then(|f| f.text(found)).map(|user| user.trim().to_owned());
    let server =
        fields.get("server").and_then(|f| f.text(found)).map(|name| name.trim().to_owned());
    let from = fields.get("from").and_then(|f| f.read(found, mailbox));
    let to = fields.get("to").map(|f| f.list()).unwrap_or_default();
    let to: Vec<_> = to.iter().filter_map(|f| f.read(found, mailbox)).collect();
    if found.errors() > before {
        return None;
    }
    let Some(server) = server else { return missing(field, "server", "smtp.example.org", found) };
    let Some(from) = from else { return missing(field, "from", "buildq@example.org", found) };
    if to.is_empty() {
        return missing(field, "to", "[you@example.org]", found);
    }
    if user.is_some() != password.is_some() {
        let key = if user.is_some() { "password" } else { "user" };
        return missing(field, key, "{env: SMTP_PASSWORD}", found);
    }
    if security == Security::None && password.is_some() && !is_here(&server) {
        let message = format!("`{}` would send a password in the clear", field.name);
        found.error(field.at(), message, "write `security: starttls`, or `tls`");
        return None;
    }
    Some(Email { server, port: port.unwrap_or(usual) as u16, security, user, password, from, to })
}

fn is_here(server: &str) -> bool {
    matches!(server, "localhost" | "::1") || server.starts_with("127.")
}

/// `a@example.org`, or `Ada <a@example.org>`.
fn mailbox(text: &str) -> Result<String, (String, String)> {
    let text = text.trim();
    let address = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
    let odd = |c: char| c.is_control() || c == ' ' || c == ',';
    let whole =
        address.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
    match whole && !address.contains(odd) && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => {
            Err((format!("{} is no mail address", quoted(text)), "write `you@example.org`".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::parse;

    #[test]
    fn what_a_service_wants_is_asked_for() {
        for (way, message) in [
            ("webhook: {kind: slack}", "`notify.a.webhook.url` is missing"),
            ("webhook: {kind: telegram, token: {env: T}}", "`notify.a.webhook.chat` is missing"),
            (
                "webhook: {kind: matrix, url: 'https://m.example', token: {env: T}}",
                "`notify.a.webhook.room` is missing",
            ),
            (
                "webhook: {kind: matrix, url: 'https://m.example', room: r}",
                "`notify.a.webhook.token` is missing",
            ),
            ("webhook: {kind: msn, url: {env: T}}", "`notify.a.webhook.kind`: `msn` is not one of"),
            ("webhook: {url: ftp://a}", "`notify.a.webhook.url`: `ftp://a` is no address"),
            ("email: {server: h, from: a@b}", "`notify.a.email.to` is missing"),
            (
                "email: {server: h, from: ab, to: a@b}",
                "`notify.a.email.from`: `ab` is no mail address",
            ),
            (
                "email: {server: h, from: a@b, to: a@b, user: q}",
                "`notify.a.email.password` is missing",
            ),
            (
                "email: {server: h, from: a@b, to: a@b, user: q, password: {env: P}, security: none}",
                "`notify.a.email` would send a password in the clear",
            ),
            ("desktop: false", "`notify.a.desktop` is false, and there is no other way"),
        ] {
            let text = format!("notify: {{a: {{on: review, {way}}}}}");
            let list = parse("f", text.as_bytes()).expect_err(&text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert!(list[0].message.starts_with(message), "{text}: {}", list[0].message);
            assert!(list[0].place.is_some() && list[0].hint.is_some(), "{list:#?}");
        }
        let here = "notify: {a: {on: review, email: {server: 127.0.0.1, from: a@b, to: a@b, user: q, password: {env: P}, security: none, port: 2525}}}";
        assert!(parse("f", here.as_bytes()).is_ok());
    }
}
