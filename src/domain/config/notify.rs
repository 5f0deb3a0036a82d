//! `notify`: who is told of what happens, and by which way.

mod given;
mod topic;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::super::diagnostic::{Findings, Severity, quoted};
use super::super::keys;
use super::super::yaml::{Entry, Field, Fields, Keys};
use super::argv::some_span;
use super::keys::{PROGRESS, TABLE};

pub use given::Given;
pub use topic::Topic;
pub use way::{Email, Payload, Security, Way};

/// One that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notifier {
    /// What it is told of; never empty.
    pub on: BTreeSet<Topic>,
    /// Of one build's progress it is told at most this often.
    #[serde(rename = "every_seconds", serialize_with = "seconds")]
    pub every: Duration,
    /// How it is reached.
    #[serde(flatten)]
    pub way: Way,
    /// One notice may take so long.
    #[serde(rename = "timeout_seconds", serialize_with = "seconds")]
    pub timeout: Duration,
}

/// By name.
pub type Notifiers = BTreeMap<String, Notifier>;

/// Of progress, where nothing else is said.
const EVERY: Duration = Duration::from_secs(2 * 3600);
/// Of one notice, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More is a slip: others wait behind it.
const LONGEST: Duration = Duration::from_secs(300);

impl Notifier {
    /// Every value of it that may come from elsewhere.
    pub fn given(&self) -> Vec<&Given> {
        match &self.way {
            Way::Webhook(hook) => {
                [Some(&hook.url), hook.token.as_ref()].into_iter().flatten().collect()
            }
            Way::Email(mail) => mail.password.iter().collect(),
            Way::Command(_) | Way::Desktop | Way::Speech => Vec::new(),
        }
    }

    /// Commands that are run for it: its own, and those that print its secrets.
    pub fn commands(&self) -> Vec<&Vec<String>> {
        let own = match &self.way {
            Way::Command(argv) => Some(argv),
            _ => None,
        };
        let secrets = self.given().into_iter().filter_map(Given::command);
        own.into_iter().chain(secrets).collect()
    }

    /// Variables that its secrets are in.
    pub fn variables(&self) -> impl Iterator<Item = &String> {
        self.given().into_iter().filter_map(Given::variable)
    }
}

/// The mapping below `notify`: name and notifier.
pub(super) fn read(top: &Fields, found: &mut Findings) -> Notifiers {
    let named = top.below("notify", found);
    let read = |entry: &Entry| Some((entry.key.clone(), notifier(entry, found)?));
    named.entries().iter().filter_map(read).collect()
}

fn notifier(entry: &Entry, found: &mut Findings) -> Option<Notifier> {
    let path = format!("notify.{}", entry.key);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if entry.key.is_empty() || entry.key.len() > 40 || !entry.key.chars().all(plain) {
        let message = format!("{} is no name for a notifier", quoted(&entry.key));
        found.error(&entry.key_at, message, "use letters, digits, `-` and `_`");
        return None;
    }
    let fields = Fields::of(&entry.value, &path, Keys::Exact, found)?;
    fields.only(&keys::below(TABLE, "notify.NAME"), &[], Severity::Error, found);
    let way = way::read(&fields, &path, &entry.key_at, found);
    let timeout = match fields.get("timeout") {
        Some(field) => bounded(&field, found),
        None => Some(TIMEOUT),
    };
    let Some(on) = fields.get("on") else {
        let message = format!("`{path}.on` is missing");
        found.error(&entry.key_at, message, "say of what, e.g. `on: [review, needs-you]`");
        return None;
    };
    let (on, every) = topics(&on, found)?;
    Some(Notifier { on, every, way: way?, timeout: timeout? })
}

fn bounded(field: &Field, found: &mut Findings) -> Option<Duration> {
    let timeout = some_span(field, found)?;
    if timeout > LONGEST {
        let message = format!("`{}` is longer than five minutes", field.name);
        found.error(field.at(), message, "other notices wait meanwhile: write for example `30s`");
        return None;
    }
    Some(timeout)
}

/// Words, and `progress: every 2h`.
fn topics(field: &Field, found: &mut Findings) -> Option<(BTreeSet<Topic>, Duration)> {
    let (mut topics, mut every) = (BTreeSet::new(), EVERY);
    let before = found.errors();
    for item in field.list() {
        if let super::super::yaml::Kind::Map(_) = item.node.kind {
            let fields = Fields::of(item.node, &item.name, Keys::Exact, found)?;
            fields.only(&keys::names(PROGRESS), &[], Severity::Error, found);
            if let Some(span) = fields.get("progress").and_then(|f| f.read(found, spaced)) {
                every = span;
                topics.insert(Topic::Progress);
            }
        } else if let Some(more) = item.read(found, topic::named) {
            topics.extend(more);
        }
    }
    if topics.is_empty() && found.errors() == before {
        let message = format!("`{}` names nothing", field.name);
        found.error(field.at(), message, "say of what, e.g. `on: [review, needs-you]`");
    }
    (found.errors() == before).then_some((topics, every))
}

/// `every 2h`, or `2h`.
fn spaced(text: &str) -> Result<Duration, (String, String)> {
    let text = text.trim();
    let span = text.strip_prefix("every").map_or(text, str::trim);
    let hint = || "for example `progress: every 2h`".to_owned();
    match super::super::span_of_time::parse(span) {
        Ok(span) if span.is_zero() => Err(("it must be more than nothing".into(), hint())),
        Ok(span) => Ok(span),
        Err(message) => Err((message, hint())),
    }
}

/// A span in JSON: whole seconds.
fn seconds<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    span.as_secs().serialize(to)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn good(text: &str) -> Notifiers {
        parse("f", text.as_bytes()).unwrap_or_else(|d| panic!("{text}: {d:#?}")).0.notify
    }

    #[test]
    fn every_way_is_read() {
        let all = good(
            "notify:\n  desk: {desktop: true, on: needs-you}\n  voice: {speech: true, on: [review]}\n  \
             log: {command: [scripts/told.sh, --now], on: [all], timeout: 5s}\n  \
             team:\n    webhook: {kind: slack, url: {env: SLACK_URL}}\n    on: [review, failed, progress: every 90m]\n  \
             chat:\n    webhook: {kind: matrix, url: https://matrix.example.org, room: '!a:b', token: {command: pass show matrix}}\n    on: merged\n  \
             bird:\n    webhook: {kind: telegram, chat: -1001, token: {env: BOT}}\n    on: Escalated\n  \
             phone: {webhook: https://ntfy.sh/ada, on: morning}\n  \
             mail:\n    email: {server: mail.example.org, to: [a@example.org, B <b@example.org>], from: q@example.org, user: q, password: {env: SMTP_PASSWORD}}\n    on: [report, morning]\n",
        );
        assert_eq!(all.len(), 8);
        let on = |name: &str| {
            all[name].on.iter().map(|topic| topic.name()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(on("desk"), "held escalated blocked");
        assert_eq!(on("team"), "progress review failed");
        assert_eq!(all["team"].every, Duration::from_secs(5400));
        assert_eq!(all["log"].on.len(), Topic::ALL.len());
        assert_eq!(all["log"].timeout, Duration::from_secs(5));
        assert_eq!(all["log"].way, Way::Command(vec!["scripts/told.sh".into(), "--now".into()]));
        assert_eq!(all["team"].variables().collect::<Vec<_>>(), ["SLACK_URL"]);
        assert_eq!(all["chat"].commands(), [&["pass", "show", "matrix"]]);
        let Way::Webhook(phone) = &all["phone"].way else { panic!() };
        assert_eq!(
            (&phone.payload, &phone.url),
            (&Payload::Ntfy, &Given::Plain("https://ntfy.sh/ada".into()))
        );
        let Way::Webhook(bird) = &all["bird"].way else { panic!() };
        assert_eq!(bird.payload, Payload::Telegram { chat: "-1001".into() });
        let Way::Email(mail) = &all["mail"].way else { panic!() };
        assert_eq!((mail.security, mail.port, mail.to.len()), (Security::Starttls, 587, 2));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, message, hint) in [
            (
                "notify: {a: {on: review}}",
                "1:10: `notify.a` says no way",
                "one of `command`, `webhook`, `email`, `desktop`, `speech`",
            ),
            (
                "notify: {a: {desktop: true}}",
                "1:10: `notify.a.on` is missing",
                "say of what, e.g. `on: [review, needs-you]`",
            ),
            (
                "notify: {a: {desktop: true, on: []}}",
                "1:33: `notify.a.on` names nothing",
                "say of what",
            ),
            (
                "notify: {a: {desktop: true, on: [reveiw]}}",
                "1:34: `notify.a.on`: `reveiw` is nothing that is told",
                "did you mean `review`?",
            ),
            (
                "notify: {a: {desktop: true, speech: true, on: review}}",
                "1:10: `notify.a` says two ways: `desktop` and `speech`",
                "give each a notifier of its own",
            ),
            (
                "notify: {a b: {desktop: true, on: review}}",
                "1:10: `a b` is no name for a notifier",
                "use letters, digits, `-` and `_`",
            ),
            (
                "notify: {a: {desktop: true, on: [progress: often]}}",
                "1:44: `notify.a.on.progress`:",
                "for example `progress: every 2h`",
            ),
            (
                "notify: {a: {speech: true, on: review, timeout: 1h}}",
                "1:49: `notify.a.timeout` is longer than five minutes",
                "other notices wait",
            ),
            (
                "notify: {a: {speech: true, on: review, tone: 1}}",
                "1:40: unknown key `notify.a.tone`",
                "known here",
            ),
        ] {
            let list = parse("f", text.as_bytes()).expect_err(text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert!(
                list[0].one_line().starts_with(&format!("f:{message}")),
                "{text}: {}",
                list[0].one_line()
            );
            assert!(
                list[0].hint.as_deref().unwrap_or_default().contains(hint),
                "{text}: {:?}",
                list[0].hint
            );
        }
    }
}
