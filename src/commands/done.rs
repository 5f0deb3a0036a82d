//! `buildq done`
