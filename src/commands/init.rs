//! `buildq init`
