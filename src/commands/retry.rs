//! `buildq retry`
