//! A private repository for one attempt.
