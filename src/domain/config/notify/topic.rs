//! What one can be told of.

use serde::{Deserialize, Serialize};

use super::super::super::diagnostic::{nearest, quoted};

/// A kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// A task has come into the queue.
    Queued,
    /// A task does not start without a person.
    Held,
    /// An attempt has begun.
    Started,
    /// A builder says how far it is.
    Progress,
    /// A build waits for a person's review.
    Review,
    /// An attempt has failed.
    Failed,
    /// A build is out of retries.
    Escalated,
    /// A builder asks a person.
    Blocked,
    /// A running attempt shows no sign of life.
    Stalled,
    /// Nothing starts, or one builder does not: a person said so, or it cannot work.
    Paused,
    /// Such a pause is over.
    Resumed,
    /// The work is in the base branch.
    Merged,
    /// Over without a merge.
    Closed,
    /// Called off by a person.
    Cancelled,
    /// The report of a day was stored.
    Report,
    /// The digest of the night.
    Morning,
}

impl Topic {
    /// Every one, in the order in which a task goes through them.
    pub const ALL: [Self; 16] = [
        Self::Queued,
        Self::Held,
        Self::Started,
        Self::Progress,
        Self::Review,
        Self::Failed,
        Self::Escalated,
        Self::Blocked,
        Self::Stalled,
        Self::Paused,
        Self::Resumed,
        Self::Merged,
        Self::Closed,
        Self::Cancelled,
        Self::Report,
        Self::Morning,
    ];

    /// Its word in `on`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Started => "started",
            Self::Progress => "progress",
            Self::Review => "review",
            Self::Failed => "failed",
            Self::Escalated => "escalated",
            Self::Blocked => "blocked",
            Self::Stalled => "stalled",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Merged => "merged",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Report => "report",
            Self::Morning => "morning",
        }
    }

    /// Whether nothing goes on without a person.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::Held | Self::Escalated | Self::Blocked)
    }
}

/// One word of `on`: a topic, `needs-you` or `all`.
pub(super) fn named(text: &str) -> Result<Vec<Topic>, (String, String)> {
    let word = text.trim().to_lowercase().replace('_', "-");
    let of =
        |wanted: &dyn Fn(Topic) -> bool| Topic::ALL.into_iter().filter(|it| wanted(*it)).collect();
    let topics: Vec<Topic> = match word.as_str() {
        "all" => of(&|_| true),
        "needs-you" => of(&Topic::needs_person),
        word => of(&|topic| topic.name() == word),
    };
    if !topics.is_empty() {
        return Ok(topics);
    }
    let words = || Topic::ALL.iter().map(|topic| topic.name()).chain(["needs-you", "all"]);
    let hint = match nearest(&word, words()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known here: {}", words().collect::<Vec<_>>().join(", ")),
    };
    Err((format!("{} is nothing that is told", quoted(text)), hint))
}
