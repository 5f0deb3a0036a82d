//! `buildq add`
