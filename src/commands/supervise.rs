//! `buildq supervise`
