//! `buildq resume`
