//! `buildq progress`
