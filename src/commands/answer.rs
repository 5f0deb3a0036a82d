//! `buildq answer`
