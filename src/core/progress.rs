//! How far a build is, read from its commits.
