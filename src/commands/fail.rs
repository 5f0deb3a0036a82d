//! `buildq fail`
