//! `buildq waker`
