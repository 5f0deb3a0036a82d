//! What a judge said of one exact text, and what a person answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::core::patience;
use crate::domain::event::{Judged, Kind, Recorded};

/// A judge's word, as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Of the event.
    pub id: String,
    /// When it was given.
    pub at: DateTime<Utc>,
    /// What it says.
    pub judged: Judged,
    /// What people answered to its questions.
    pub answers: Vec<Answer>,
}

/// A person's answer to a judge's questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Of the event; an answer opens the gate only in the clone that wrote it.
    pub id: String,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

impl Judgement {
    /// What the clone that asked the judge remembers of it.
    pub fn record(&self) -> String {
        format!("{} {} {}", self.id, self.judged.task, self.judged.source)
    }

    /// Whether it says anything against the task.
    pub fn holds(&self) -> bool {
        let opinion = &self.judged.opinion;
        let clean = opinion.clear && opinion.risks.is_empty() && opinion.questions.is_empty();
        self.judged.fault.is_some() || !clean
    }

    /// Whether its time is over: one that came to nothing is asked for again.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.judged.until.is_some_and(|until| !patience::until(self.at, until, now))
    }

    /// Whether it asked something.
    pub fn asks(&self) -> bool {
        self.judged.fault.is_none() && !self.judged.opinion.questions.is_empty()
    }
}

impl Answer {
    /// What the clone where it was given remembers of it.
    pub fn record(&self, on: &Judgement) -> String {
        format!("{} {} {}", self.id, on.judged.task, on.judged.source)
    }
}

impl Ledger {
    /// Takes in what is said of a text before it starts; whether the event was such a word.
    pub(super) fn apply_judgement(&mut self, recorded: &Recorded) -> bool {
        let event = &recorded.event;
        match &event.kind {
            Kind::Judged(judged) => {
                let (id, judged) = (event.id.clone(), judged.clone());
                let judgement = Judgement { id, at: recorded.at, judged, answers: Vec::new() };
                self.judgements.insert(judgement.judged.source, judgement);
            }
            Kind::Clarified { source, .. } => {
                let answer = Answer {
                    id: event.id.clone(),
                    author: recorded.author.clone(),
                    text: event.body.clone(),
                };
                if let Some(judgement) = self.judgements.get_mut(source) {
                    judgement.answers.push(answer);
                }
            }
            _ => return false,
        }
        true
    }
}
