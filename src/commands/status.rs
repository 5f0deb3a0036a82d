//! `buildq status`
