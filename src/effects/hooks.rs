//! Installing, finding and removing the hook shims.
