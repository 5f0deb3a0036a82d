//! `buildq output`
