//! What is signed by somebody whose signature counts in this clone.

use std::collections::BTreeSet;

use super::World;
use crate::core::situation::Observations;
use crate::domain::id::Oid;
use crate::effects::signers::Signers;
use crate::effects::trust::Record;

impl World {
    /// Approvals that count: given here, or signed by an allowed signer.
    pub(super) fn signatures(&self, seen: &mut Observations) {
        seen.approvals = self.all_of(Record::Approvals);
        let signers = match Signers::of(&self.repo) {
            Ok(signers) => signers,
            Err(error) => {
                seen.no_signers = Some(error.to_string());
                None
            }
        };
        let given = &self.ledger.approvals;
        let foreign: Vec<_> =
            given.iter().filter(|a| !seen.approvals.contains(&a.record())).collect();
        let commits = foreign.iter().map(|approval| approval.commit);
        let signed: Vec<Oid> = commits.filter(|oid| self.repo.signature(*oid).is_some()).collect();
        let good = signers.map(|signers| self.good(&signers, &signed));
        let good = good.unwrap_or_default();
        seen.strangers = signed.into_iter().filter(|oid| !good.contains(oid)).collect();
        let counts = foreign.into_iter().filter(|approval| good.contains(&approval.commit));
        let records: Vec<_> = counts.map(|approval| approval.record()).collect();
        seen.approvals.extend(records);
    }

    /// Of these commits, those that are not this person's own and that an allowed signer signed.
    pub(super) fn signed<'c>(
        &self,
        commits: impl Iterator<Item = &'c Oid>,
        mine: &BTreeSet<String>,
    ) -> BTreeSet<Oid> {
        let Ok(Some(signers)) = Signers::of(&self.repo) else { return BTreeSet::new() };
        let asked = commits.filter(|commit| !mine.contains(&commit.to_string()));
        let asked: BTreeSet<Oid> =
            asked.copied().filter(|oid| self.repo.signature(*oid).is_some()).collect();
        self.good(&signers, &asked.into_iter().collect::<Vec<_>>())
    }

    /// A commit waits for no verification: what a look in haste does not know yet counts later.
    fn good(&self, signers: &Signers, commits: &[Oid]) -> BTreeSet<Oid> {
        signers.good((&self.repo, &self.paths), commits, self.writes)
    }
}
