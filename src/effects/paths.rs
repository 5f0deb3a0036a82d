//! Where everything local lives.
