//! The report of a span of time, from history alone.
