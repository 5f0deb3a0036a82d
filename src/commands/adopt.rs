//! `buildq adopt`
