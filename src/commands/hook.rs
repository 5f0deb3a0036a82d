//! `buildq hook`
