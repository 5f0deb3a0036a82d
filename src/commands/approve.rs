//! `buildq approve`
