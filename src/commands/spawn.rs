//! `buildq spawn`
