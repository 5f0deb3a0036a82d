//! `buildq reject`
