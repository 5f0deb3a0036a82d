//! The lines a commit answers with.
