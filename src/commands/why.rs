//! `buildq why`
