//! What sync did or would do.
