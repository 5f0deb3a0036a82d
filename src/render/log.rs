//! The ledger for people.
