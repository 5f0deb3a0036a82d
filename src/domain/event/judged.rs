//! What a judge says of one exact text.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::id::{Oid, TaskId};

/// A judge's word, or why it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Which task.
    pub task: TaskId,
    /// The blob that was judged.
    pub source: Oid,
    /// The builder that judged.
    pub builder: String,
    /// What it says.
    pub opinion: Opinion,
    /// Why it says nothing: no answer, one that does not fit, a timeout.
    pub fault: Option<String>,
    /// When it can be asked again, where it was the judge itself that could not work.
    pub until: Option<DateTime<Utc>>,
}

/// What a judge found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// It is clear what is to be done.
    pub clear: bool,
    /// What a careful owner would want to be asked about.
    pub risks: Vec<Concern>,
    /// What it would ask the person.
    pub questions: Vec<String>,
}

/// One thing that a careful owner would want to be asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// What could go wrong, in one of the words of the gate `risk`.
    pub kind: String,
    /// The words that it means.
    pub words: String,
    /// Whether those words stand in the task; else they are the judge's own.
    pub quoted: bool,
}

impl Concern {
    /// For people: `destructive: "drop the table"`.
    pub fn shown(&self) -> String {
        match self.quoted {
            true => format!("{}: \"{}\"", self.kind, self.words),
            false => format!("{}, in its own words: {}", self.kind, self.words),
        }
    }
}

impl Judged {
    /// On one line, for people.
    pub fn summary(&self) -> String {
        let Opinion { clear, risks, questions } = &self.opinion;
        match &self.fault {
            Some(fault) => format!("no verdict: {fault}"),
            None if *clear && risks.is_empty() && questions.is_empty() => {
                "nothing against it".into()
            }
            None => {
                let mut parts = Vec::new();
                if !clear {
                    parts.push("unclear".to_owned());
                }
                parts.extend(risks.iter().map(|risk| risk.kind.clone()));
                match questions.len() {
                    0 => {}
                    1 => parts.push("1 question".into()),
                    n => parts.push(format!("{n} questions")),
                }
                parts.join(", ")
            }
        }
    }
}
