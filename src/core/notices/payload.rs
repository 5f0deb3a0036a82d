//! What each service wants to be sent, and where.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Letter, Notice};
use crate::domain::config::notify::Payload;

/// A letter as people and programs read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Stays the same however often it is sent.
    pub id: String,
    /// One line.
    pub title: String,
    /// Plain text; may be empty.
    pub text: String,
    /// The same as HTML, for mails.
    pub html: String,
    /// A person is waited for.
    pub urgent: bool,
    /// The facts, as JSON: `docs/notice-schema.md`.
    pub facts: String,
}

/// One request to an HTTP server.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `PUT` rather than `POST`: the address names what is sent, and twice is once.
    pub put: bool,
    /// Where to.
    pub url: String,
    /// For the header `Authorization`.
    pub bearer: Option<String>,
    /// JSON.
    pub body: String,
}

/// The facts of a letter, as `docs/notice-schema.md` has them.
#[derive(Serialize)]
struct Facts<'a> {
    id: &'a str,
    notifier: &'a str,
    #[serde(flatten)]
    notice: &'a Notice,
}

/// The facts of a letter, as JSON on one line.
pub fn facts(letter: &Letter) -> serde_json::Result<String> {
    let Letter { id, notifier, notice, .. } = letter;
    serde_json::to_string(&Facts { id, notifier, notice })
}

/// What a service is sent; why not, where its address does not fit it.
pub fn request(
    payload: &Payload,
    (url, token): (&str, Option<&str>),
    message: &Message,
) -> Result<Request, String> {
    let url = url.trim();
    let bearer = token.map(str::to_owned);
    let post = |url: &str, body: &Value| Request {
        put: false,
        url: url.to_owned(),
        bearer: bearer.clone(),
        body: body.to_string(),
    };
    Ok(match payload {
        Payload::Json => Request { body: message.facts.clone(), ..post(url, &Value::Null) },
        Payload::Slack => post(url, &slack(message)),
        Payload::Discord => post(url, &discord(message)),
        Payload::Teams => post(url, &teams(message)),
        Payload::Ntfy => {
            let (server, topic) = url.trim_end_matches('/').rsplit_once('/').unwrap_or_default();
            if server.ends_with('/') || server.is_empty() || topic.is_empty() {
                return Err("an address of ntfy ends with its topic: https://ntfy.sh/TOPIC".into());
            }
            post(server, &ntfy(topic, message))
        }
        Payload::Telegram { chat } => {
            let token = token.unwrap_or_default().trim_start_matches("bot");
            let url = format!("{}/bot{token}/sendMessage", url.trim_end_matches('/'));
            let text = cut(&whole(message), 4096);
            let body = json!({"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": true}});
            // Its token stands in the address.
            Request { bearer: None, ..post(&url, &body) }
        }
        Payload::Matrix { room } => {
            let server = url.trim_end_matches('/');
            let (room, id) = (encoded(room), encoded(&message.id));
            let url = format!("{server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{id}");
            let body = json!({"msgtype": "m.text", "body": cut(&whole(message), 30_000)});
            Request { put: true, ..post(&url, &body) }
        }
    })
}

/// `&`, `<` and `>` are all that its markup is made of: no `<!channel>` gets through.
fn slack(message: &Message) -> Value {
    let tame = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (title, text) = (tame(&message.title), tame(&message.text));
    let head = format!("*{}*", title.replace('*', "∗"));
    let text = if text.is_empty() { head } else { format!("{head}\n{text}") };
    json!({"text": cut(&text, 4000), "unfurl_links": false})
}

fn discord(message: &Message) -> Value {
    let text = cut(&whole(message), 1900);
    // Nobody is called by a title that names them.
    json!({"username": "buildq", "content": text, "allowed_mentions": {"parse": []}})
}

fn teams(message: &Message) -> Value {
    let block = |text: &str, heavy: bool| {
        let (weight, size) = if heavy { ("Bolder", "Medium") } else { ("Default", "Default") };
        json!({"type": "TextBlock", "text": cut(text, 10_000), "wrap": true, "weight": weight, "size": size})
    };
    let mut body = vec![block(&message.title, true)];
    if !message.text.is_empty() {
        body.push(block(&message.text, false));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.4", "body": body,
    });
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": card}]})
}

fn ntfy(topic: &str, message: &Message) -> Value {
    let text = if message.text.is_empty() { &message.title } else { &message.text };
    let priority = if message.urgent { 4 } else { 3 };
    json!({"topic": topic, "title": cut(&message.title, 200), "message": cut(text, 3500), "priority": priority})
}

fn whole(message: &Message) -> String {
    match message.text.is_empty() {
        true => message.title.clone(),
        false => format!("{}\n\n{}", message.title, message.text),
    }
}

/// At most so many bytes, at a character.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most.saturating_sub(3)).rev().find(|at| text.is_char_boundary(*at));
    format!("{}…", &text[..end.unwrap_or(0)])
}

/// As one part of an address.
fn encoded(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    part.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(title: &str, text: &str) -> Message {
        let (title, text) = (title.to_owned(), text.to_owned());
        Message {
            id: "01X-a".into(),
            title,
            text,
            html: String::new(),
            urgent: true,
            facts: "{}".into(),
        }
    }

    #[test]
    fn each_service_gets_what_it_understands() {
        let hostile = message("<!channel> *Ready* & @everyone", "see <b>\n\"it\"");
        let telegram = Payload::Telegram { chat: "-100".into() };
        let matrix = Payload::Matrix { room: "!a:b.c".into() };
        for (payload, url, sent, body) in [
            (Payload::Json, "https://h/x", "POST https://h/x tk", "{}"),
            (
                Payload::Slack,
                "https://h/x",
                "POST https://h/x tk",
                r#"{"text":"*&lt;!channel&gt; ∗Ready∗ &amp; @everyone*\nsee &lt;b&gt;\n\"it\"","unfurl_links":false}"#,
            ),
            (
                Payload::Discord,
                "https://h/x",
                "POST https://h/x tk",
                r#"{"allowed_mentions":{"parse":[]},"content":"<!channel> *Ready* & @everyone\n\nsee <b>\n\"it\"","username":"buildq"}"#,
            ),
            (
                Payload::Ntfy,
                "https://ntfy.sh/ada/",
                "POST https://ntfy.sh tk",
                r#"{"message":"see <b>\n\"it\"","priority":4,"title":"<!channel> *Ready* & @everyone","topic":"ada"}"#,
            ),
            (
                telegram,
                "https://t/",
                "POST https://t/bottk/sendMessage -",
                r#"{"chat_id":"-100","link_preview_options":{"is_disabled":true},"text":"<!channel> *Ready* & @everyone\n\nsee <b>\n\"it\""}"#,
            ),
            (
                matrix,
                "https://m",
                "PUT https://m/_matrix/client/v3/rooms/%21a%3Ab.c/send/m.room.message/01X-a tk",
                r#"{"body":"<!channel> *Ready* & @everyone\n\nsee <b>\n\"it\"","msgtype":"m.text"}"#,
            ),
        ] {
            let made = request(&payload, (url, Some("tk")), &hostile).unwrap();
            let verb = if made.put { "PUT" } else { "POST" };
            let to = format!("{verb} {} {}", made.url, made.bearer.as_deref().unwrap_or("-"));
            assert_eq!((to.as_str(), made.body.as_str()), (sent, body), "{payload:?}");
        }
        let teams = request(&Payload::Teams, ("https://h", None), &hostile).unwrap();
        let card: Value = serde_json::from_str(&teams.body).unwrap();
        assert_eq!(card["attachments"][0]["content"]["body"][0]["text"], hostile.title);
        for url in ["https://ntfy.sh", "ntfy", ""] {
            assert!(request(&Payload::Ntfy, (url, None), &hostile).is_err(), "{url}");
        }
    }

    #[test]
    fn nothing_is_longer_than_a_service_takes() {
        let long = message(&"é".repeat(9000), &"ü".repeat(90_000));
        for (payload, most) in [
            (Payload::Slack, 4100),
            (Payload::Discord, 2100),
            (Payload::Teams, 21_000),
            (Payload::Ntfy, 4096),
            (Payload::Telegram { chat: "1".into() }, 4300),
            (Payload::Matrix { room: "!a:b".into() }, 31_000),
        ] {
            let made = request(&payload, ("https://h/t", Some("x")), &long).unwrap();
            assert!(made.body.len() <= most, "{payload:?}: {}", made.body.len());
        }
    }
}
