//! One task in full.
