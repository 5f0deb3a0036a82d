//! `buildq uninstall`
