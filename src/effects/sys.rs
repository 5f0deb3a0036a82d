//! The one module with unsafe code.
