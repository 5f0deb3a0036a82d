//! `buildq demo`
