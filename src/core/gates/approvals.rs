//! What a person's approvals of a task are worth now.

use super::Case;
use crate::core::ledger::Approval;
use crate::core::situation::Situation;

impl Case<'_> {
    /// Approvals that count in this clone, for this very text at this path, now.
    fn standing(&self) -> impl Iterator<Item = &Approval> {
        self.given().filter(|approval| self.void(approval).is_none())
    }

    /// All of this task, the newest first.
    fn given(&self) -> impl Iterator<Item = &Approval> {
        let all = self.situation.ledger.approvals.iter().rev();
        all.filter(|approval| approval.task == *self.id())
    }

    /// A person has approved this exact text.
    pub(super) fn approved(&self) -> bool {
        self.standing().next().is_some()
    }

    /// Why an approval does not count.
    fn void(&self, approval: &Approval) -> Option<String> {
        let seen = self.situation.seen;
        let (by, source) = (&approval.author, approval.source.short());
        if !seen.approvals.contains(&approval.record()) {
            if !seen.strangers.contains(&approval.commit) {
                let word = "on another machine, unsigned: does not count here";
                return Some(format!("approved by {by} {word}"));
            }
            let why = seen.no_signers.as_deref();
            let why = why.unwrap_or("by a key that is no allowed signer's");
            return Some(format!("approved by {by}, signed {why}: does not count here"));
        }
        if approval.source != self.item.blob {
            return Some(format!("approved as of {source}, edited since"));
        }
        if let Some(path) = approval.path.as_ref().filter(|path| **path != self.item.path) {
            return Some(format!("approved as `{path}`, moved since"));
        }
        let Situation { ledger, now, .. } = self.situation;
        let latest = ledger.latest.map_or(now, |latest| latest.max(now));
        let over = approval.until.filter(|until| *until <= latest);
        over.map(|until| {
            let there = until.with_timezone(&self.situation.config.timezone);
            format!("the approval ended {}", there.format("%F %H:%M"))
        })
    }

    /// A reason to hold, with what has become of the newest approval.
    pub(super) fn and_void(&self, reason: impl Into<String>) -> String {
        let reason = reason.into();
        match self.given().next().and_then(|approval| self.void(approval)) {
            Some(void) => format!("{reason}; {void}"),
            None => reason,
        }
    }

    /// Which of these kinds of risk no approval covers, and what those that stand do cover. One
    /// of before kinds were noted covers none.
    pub(super) fn uncovered(&self, kinds: &[&'static str]) -> (Vec<&'static str>, Vec<String>) {
        let covered: Vec<Vec<String>> =
            self.standing().map(|approval| approval.risks.clone().unwrap_or_default()).collect();
        let open = |known: &Vec<String>| {
            let new = kinds.iter().filter(|kind| !known.iter().any(|one| one == *kind));
            new.copied().collect::<Vec<_>>()
        };
        let best = covered.into_iter().min_by_key(|known| open(known).len()).unwrap_or_default();
        (open(&best), best)
    }
}
