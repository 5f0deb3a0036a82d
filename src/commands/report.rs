//! `buildq report`
