//! What became of a task at once.

use crate::core::gates::Gate;
use crate::core::plan::{Action, Outcome};
use crate::domain::id::TaskId;
use crate::render::text;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A builder works on it.
    Started {
        /// Which run.
        attempt: u32,
        /// Who.
        builder: String,
    },
    /// It was due, but could not be started.
    Trouble(String),
    /// It starts by itself.
    Queued {
        /// What it waits for.
        reason: String,
    },
    /// It needs a person: every reason, with what to do.
    Held(Vec<(String, String)>),
    /// Nothing was said of it.
    Unknown,
}

impl Fate {
    /// Reads it off a sync.
    pub fn of(task: &TaskId, outcome: &Outcome) -> Self {
        for deed in &outcome.deeds {
            if let Action::Start(start) = &deed.action
                && start.task == *task
            {
                return match &deed.trouble {
                    Some(trouble) => Self::Trouble(text::safe(trouble)),
                    None => Self::Started {
                        attempt: start.attempt.0,
                        builder: text::safe(&start.builder),
                    },
                };
            }
        }
        if let Some(idle) = &outcome.idle {
            return Self::Trouble(idle.clone());
        }
        let verdict = outcome.plan.verdicts.iter().find(|verdict| verdict.task == *task);
        let Some(verdict) = verdict else { return Self::Unknown };
        let by_itself = |gate: Gate| {
            use Gate::{Calendar, Capacity, NotBefore, Retry, Window};
            matches!(gate, Window | NotBefore | Calendar | Capacity | Retry)
        };
        let holds: Vec<_> = verdict.holds().collect();
        match holds.first() {
            None => Self::Unknown,
            Some((_, first)) if holds.iter().all(|(gate, _)| by_itself(*gate)) => {
                Self::Queued { reason: text::safe(&first.reason) }
            }
            Some(_) => Self::Held(
                holds
                    .iter()
                    .filter(|(gate, _)| !by_itself(*gate))
                    .map(|(_, hold)| (text::safe(&hold.reason), text::safe(&hold.remedy)))
                    .collect(),
            ),
        }
    }

    /// In one line.
    pub fn line(&self, task: &TaskId) -> String {
        match self {
            Self::Started { attempt, builder } => {
                format!("started, attempt {attempt} with {builder}")
            }
            Self::Trouble(why) => format!("not started: {why}"),
            Self::Queued { reason } => format!("queued: {reason}"),
            Self::Held(reasons) => {
                let (reason, _) = reasons.first().cloned().unwrap_or_default();
                format!("held: {reason} (buildq why {task})")
            }
            Self::Unknown => format!("queued (buildq why {task})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::gates::{Hold, Ruling};
    use crate::core::plan::{Plan, Verdict};

    #[test]
    fn time_is_told_from_trouble() {
        let task = TaskId::new("x").unwrap();
        let hold = |reason: &str| {
            Some(Hold {
                reason: reason.into(),
                until: None,
                remedy: "do it".into(),
                asks: Vec::new(),
            })
        };
        for (holds, line) in [
            (vec![(Gate::Window, "opens 22:00")], "queued: opens 22:00"),
            (
                vec![(Gate::Clear, "no description"), (Gate::Window, "opens 22:00")],
                "held: no description (buildq why x)",
            ),
            (
                vec![(Gate::Window, "opens 22:00"), (Gate::Conflict, "a clash")],
                "held: a clash (buildq why x)",
            ),
            (vec![], "queued (buildq why x)"),
        ] {
            let rulings =
                holds.into_iter().map(|(gate, why)| Ruling { gate, hold: hold(why).map(Box::new) });
            let rulings = rulings.collect();
            let verdict = Verdict { task: task.clone(), position: 1, rulings };
            let plan = Plan { verdicts: vec![verdict], ..Plan::default() };
            let outcome = Outcome { plan, ..Outcome::default() };
            assert_eq!(Fate::of(&task, &outcome).line(&task), line);
        }
    }
}
