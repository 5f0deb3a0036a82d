//! `buildq sync`
