//! `buildq review`
