//! `buildq pause`
