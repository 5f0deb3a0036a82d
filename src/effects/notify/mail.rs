//! Mails, by SMTP.

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};

use super::{Until, roots};
use crate::core::notices::Answer;
use crate::core::notices::payload::Message;
use crate::domain::config::notify::{Email, Security};

/// Hands a mail to its server.
pub(super) fn send(
    email: &Email,
    password: Option<String>,
    message: &Message,
    until: Until,
) -> Result<(), Answer> {
    let mail = mail(email, message).map_err(Answer::Refused)?;
    let transport = transport(email, password, until).map_err(Answer::unreached)?;
    // Each step of it has an end, and a server that drips none together.
    let sent = until.bounds(move || transport.send(&mail).map(|_| ()));
    match sent {
        None => Err(Answer::unreached(until.too_long())),
        Some(Ok(())) => Ok(()),
        Some(Err(error)) if error.is_timeout() => Err(Answer::unreached(until.too_long())),
        // 550, 552, 554 …: this mail, and not this hour. What a login lacks can be mended.
        Some(Err(error)) if error.is_permanent() && !is_login(&error) => {
            Err(Answer::Refused(told(&error)))
        }
        Some(Err(error)) => Err(Answer::unreached(told(&error))),
    }
}

fn is_login(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(code.to_string().as_str(), "530" | "534" | "535" | "538"))
}

/// With what lies below, which says more.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let below = std::error::Error::source(error).map(ToString::to_string);
    match below.filter(|below| !error.to_string().contains(below.as_str())) {
        Some(below) => format!("{error}: {below}"),
        None => error.to_string(),
    }
}

fn transport(
    email: &Email,
    password: Option<String>,
    until: Until,
) -> Result<SmtpTransport, String> {
    let tls = || tls(&email.server);
    let tls = match email.security {
        Security::Tls => Tls::Wrapper(tls()?),
        Security::Starttls => Tls::Required(tls()?),
        Security::None => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(&email.server)
        .port(email.port)
        .tls(tls)
        .timeout(Some(until.left()));
    if let (Some(user), Some(password)) = (&email.user, password) {
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
}

fn tls(server: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(pem) = roots::own()? {
        let own = Certificate::from_pem(&pem).map_err(|error| error.to_string())?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(own);
    }
    builder.build().map_err(|error| error.to_string())
}

fn mail(email: &Email, message: &Message) -> Result<Mail, String> {
    let mailbox = |text: &String| {
        text.parse::<Mailbox>().map_err(|error| format!("`{text}` is no mail address: {error}"))
    };
    let from = mailbox(&email.from)?;
    let host = from.email.domain().to_owned();
    // The same name each time, by which mail programs know a double.
    let id = format!("<{}@{host}>", message.id);
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut mail = Mail::builder()
        .from(from)
        .subject(&message.title)
        .message_id(Some(id))
        .raw_header(HeaderValue::new(automatic, "auto-generated".into()));
    for to in &email.to {
        mail = mail.to(mailbox(to)?);
    }
    let body = MultiPart::alternative_plain_html(message.text.clone(), message.html.clone());
    mail.multipart(body).map_err(|error| error.to_string())
}
