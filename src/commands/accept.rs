//! `buildq accept`
