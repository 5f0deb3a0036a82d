//! `buildq cancel`
