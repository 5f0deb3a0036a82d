//! Replay: the ledger as a fold over its events.
