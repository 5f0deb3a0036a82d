//! `buildq log`
