//! The gates: what a task must pass before it may start.
