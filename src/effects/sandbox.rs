//! Bubblewrap, where it works.
