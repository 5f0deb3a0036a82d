//! Notifiers: who is told of what, and how that goes.

use chrono::{DateTime, Utc};

use super::text::{self, safe};
use crate::core::notices::{Answer, Standing};
use crate::domain::config::Notifier;
use crate::domain::config::notify::{Topic, Way};

/// One notifier and how it does.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Told<'a> {
    /// Its name.
    pub name: &'a str,
    /// What `buildq.yaml` says of it.
    #[serde(flatten)]
    pub notifier: &'a Notifier,
    /// So many notices wait for it.
    pub waiting: usize,
    /// How it fails, if it does.
    pub failing: Option<&'a Standing>,
}

/// All of them, one a paragraph.
pub fn page(all: &[Told], now: DateTime<Utc>) -> String {
    if all.is_empty() {
        return "nobody is told of anything\nhint: name somebody below `notify:` in `buildq.yaml`\n".into();
    }
    let one = |told: &Told| {
        let Told { name, notifier, waiting, failing } = told;
        let on = notifier.on.iter().map(|topic| topic.name()).collect::<Vec<_>>();
        let on = if on.len() == Topic::ALL.len() { "all".to_owned() } else { on.join(", ") };
        let mut page = format!("{name}  {}\n  told of    {on}\n", safe(&way(&notifier.way)));
        page += &format!("  waiting    {}\n", text::count(*waiting, "notice"));
        if let Some(standing) = failing {
            page += &format!("  failing    {}\n", failure(standing, now));
        }
        page
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn failure(standing: &Standing, now: DateTime<Utc>) -> String {
    let Standing { failures, since, next, error, given_up, .. } = standing;
    let mut said = match error.is_empty() {
        true => "too many notices waited".to_owned(),
        false => {
            let times = text::count(*failures as usize, "time");
            let when = if next > &now { "is tried again soon" } else { "is due" };
            format!("since {}, {times}, {when}: {}", text::ago(*since, now), safe(error))
        }
    };
    if *given_up > 0 {
        said += &format!("; {} given up", text::count(*given_up as usize, "notice"));
    }
    said
}

/// By which way, in a few words.
fn way(way: &Way) -> String {
    match way {
        Way::Command(argv) => format!("command {}", argv.join(" ")),
        Way::Webhook(hook) => format!("webhook {}", hook.payload.name()),
        Way::Email(mail) => format!("email to {} by {}", mail.to.join(", "), mail.server),
        Way::Desktop => "desktop".into(),
        Way::Speech => "speech".into(),
    }
}

/// What became of a try.
pub fn tried(name: &str, answer: &Answer) -> String {
    match answer {
        Answer::Taken => format!("{name}: sent"),
        Answer::Refused(why) => format!("{name}: refused: {}", safe(why)),
        Answer::Unreached(why, _) => format!("{name}: not sent: {}", safe(why)),
    }
}
