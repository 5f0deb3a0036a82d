//! `buildq heartbeat`
