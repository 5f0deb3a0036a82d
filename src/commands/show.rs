//! `buildq show`
