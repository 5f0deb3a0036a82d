//! The free texts of an event: what a task, a builder or a person wrote.

use super::{CheckResult, Kind};

impl Kind {
    /// Every free text; names, ids and moments are none.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Started(it) => vec![&mut it.title],
            Self::Progressed { message, .. } => vec![message],
            Self::Succeeded(it) => {
                let mut texts: Vec<_> = it.unticked.iter_mut().collect();
                texts.extend(&mut it.deliverables);
                texts.extend(&mut it.next_steps);
                texts.extend(checks(&mut it.checks));
                texts
            }
            Self::Failed(it) => {
                let mut texts: Vec<_> = checks(&mut it.checks).collect();
                texts.push(&mut it.reason);
                texts
            }
            Self::Blocked { question, .. } => vec![question],
            Self::Judged(it) => {
                let mut texts: Vec<_> = it.opinion.questions.iter_mut().collect();
                texts.extend(it.opinion.risks.iter_mut().map(|risk| &mut risk.words));
                texts.extend(&mut it.fault);
                texts
            }
            Self::Retried { reason, .. }
            | Self::Closed { reason, .. }
            | Self::Cancelled { reason, .. }
            | Self::Paused { reason, .. } => vec![reason],
            Self::Stalled { .. }
            | Self::Escalated { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Answered { .. }
            | Self::Clarified { .. }
            | Self::Merged { .. }
            | Self::Resumed { .. }
            | Self::Runner { .. }
            | Self::Reported { .. }
            | Self::Morning { .. }
            | Self::Unknown { .. } => Vec::new(),
        }
    }
}

fn checks(checks: &mut [CheckResult]) -> impl Iterator<Item = &mut String> {
    checks.iter_mut().flat_map(|check| [&mut check.command, &mut check.ended])
}
