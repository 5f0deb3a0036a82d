//! Reading and appending to the ledger branch.
