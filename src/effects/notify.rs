//! Bringing one notice to one receiver, bounded in time: whatever becomes of it is an answer, and
//! no error.

mod errand;
mod mail;
mod person;
mod roots;
mod secret;
mod web;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::clock;
use super::repo::Repo;
use crate::core::notices::Answer;
use crate::core::notices::payload::Message;
use crate::domain::config::Notifier;
use crate::domain::config::notify::{Given, Way};
use crate::domain::diagnostic::quoted;
use crate::domain::id::Oid;
use crate::domain::masks::{Masks, Secret};

pub use errand::Files;
pub use person::desktop_program;

/// A longer complaint is cut.
const LONGEST: usize = 300;

/// One notifier, and the tracked files that its commands name.
pub struct Post {
    notifier: Notifier,
    files: Files,
}

impl Post {
    /// With the files as they stand at a commit, which must be trusted.
    pub fn new(repo: &Repo, tip: Option<Oid>, notifier: &Notifier) -> Self {
        let files = Files::named(repo, tip, &notifier.commands());
        Self { notifier: notifier.clone(), files }
    }

    /// Sends one message.
    pub fn send(&self, message: &Message) -> Answer {
        let until = Until::after(self.notifier.timeout);
        let mut secrets = Vec::new();
        let answer = self.by_its_way(message, until, &mut secrets);
        let masks = Masks::new(&secrets);
        let tame = |error: String| -> String {
            let line = masks.mask(&error).split_whitespace().collect::<Vec<_>>().join(" ");
            line.chars().take(LONGEST).collect()
        };
        match answer {
            Ok(()) => Answer::Taken,
            Err(Answer::Refused(error)) => Answer::Refused(tame(error)),
            Err(Answer::Unreached(error, after)) => Answer::Unreached(tame(error), after),
            Err(Answer::Taken) => Answer::Taken,
        }
    }

    fn by_its_way(
        &self,
        message: &Message,
        until: Until,
        secrets: &mut Vec<Secret>,
    ) -> Result<(), Answer> {
        let mut value = |given: &Given| -> Result<String, Answer> {
            let value = secret::value(given, &self.files, until).map_err(Answer::unreached)?;
            if !matches!(given, Given::Plain(_)) {
                secrets.extend(secret::to_mask(&value));
            }
            Ok(value)
        };
        match &self.notifier.way {
            Way::Command(argv) => {
                let said = errand::run(argv, &self.files, Some(&message.facts), until);
                said.map(|_| ()).map_err(Answer::unreached)
            }
            Way::Webhook(hook) => {
                let url = value(&hook.url)?;
                let token = hook.token.as_ref().map(value).transpose()?;
                web::send(&hook.payload, (&url, token.as_deref()), message, until)
            }
            Way::Email(mail) => {
                let password = mail.password.as_ref().map(value).transpose()?;
                mail::send(mail, password, message, until)
            }
            Way::Desktop => person::show(message, until).map_err(Answer::unreached),
            Way::Speech => person::say(message, until).map_err(Answer::unreached),
        }
    }
}

/// The moment at which a notice has taken too long.
#[derive(Clone, Copy)]
pub(super) struct Until(Instant, Duration);

impl Until {
    fn after(span: Duration) -> Self {
        Self(clock::tick(), span)
    }

    /// What is left, never quite nothing.
    fn left(self) -> Duration {
        self.1.saturating_sub(self.0.elapsed()).max(Duration::from_millis(10))
    }

    fn too_long(self) -> String {
        format!("no answer within {}s", self.1.as_secs())
    }

    /// Lets something work that may hang, for as long as is left. What hangs ends with this process.
    fn bounds<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = mpsc::channel();
        let thread = std::thread::Builder::new().spawn(move || {
            let _ = answer.send(work());
        });
        thread.ok().and_then(|_| answered.recv_timeout(self.left()).ok())
    }
}

/// The last line that says anything, as the end of a sentence.
fn last_words(text: &str) -> String {
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(String::new, |line| format!(": {}", quoted(line.trim())))
}
