//! Webhooks: one request, one answer.

use chrono::TimeDelta;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::{Until, last_words, roots};
use crate::core::notices::Answer;
use crate::core::notices::payload::{self, Message, Request};
use crate::domain::config::notify::Payload;

/// More of an answer is not read.
const MOST: u64 = 16 << 10;

/// Sends a message to a service.
pub(super) fn send(
    kind: &Payload,
    to: (&str, Option<&str>),
    message: &Message,
    until: Until,
) -> Result<(), Answer> {
    let request = payload::request(kind, to, message).map_err(Answer::unreached)?;
    if !request.url.starts_with("https://") && !request.url.starts_with("http://") {
        return Err(Answer::unreached("its address does not begin with `https://`"));
    }
    let id = message.id.clone();
    // Looking a name up has no end of its own.
    let answer = until.bounds(move || post(&request, &id, until));
    answer.unwrap_or_else(|| Err(Answer::unreached(until.too_long())))
}

fn post(request: &Request, id: &str, until: Until) -> Result<(), Answer> {
    let config = Agent::config_builder()
        .timeout_global(Some(until.left()))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls().map_err(Answer::unreached)?)
        .user_agent(concat!("buildq/", env!("CARGO_PKG_VERSION")));
    let agent: Agent = config.build().into();
    let call = if request.put { agent.put(&request.url) } else { agent.post(&request.url) };
    let mut call = call
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Idempotency-Key", id)
        .header("X-Buildq-Notice", id);
    if let Some(token) = &request.bearer {
        call = call.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer =
        call.send(&request.body).map_err(|error| Answer::unreached(why(&error, until)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
    let after = after.and_then(|seconds: u32| TimeDelta::try_seconds(seconds.into()));
    let body = answer.body_mut().with_config().limit(MOST).lossy_utf8(true).read_to_string();
    let said = format!("it answered {}{}", status.as_u16(), last_words(&body.unwrap_or_default()));
    Err(match status {
        // Of the sender's doing: the same notice will not be taken later either.
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Answer::Refused(said),
        _ => Answer::Unreached(said, after),
    })
}

fn tls() -> Result<TlsConfig, String> {
    let Some(pem) = roots::own()? else { return Ok(TlsConfig::default()) };
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(one)) => Some(one),
        _ => None,
    });
    let own: Vec<_> = certificates.collect();
    Ok(TlsConfig::builder().root_certs(RootCerts::from(own)).build())
}

fn why(error: &ureq::Error, until: Until) -> String {
    match error {
        ureq::Error::Timeout(_) => until.too_long(),
        ureq::Error::HostNotFound => "its host is not found".into(),
        error => error.to_string(),
    }
}
