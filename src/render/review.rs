//! Branches waiting for a person.
