//! `buildq steps`
