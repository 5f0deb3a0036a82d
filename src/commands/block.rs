//! `buildq block`
