//! `buildq trust`
