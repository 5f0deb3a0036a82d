//! `buildq workspace`
