//! Ending every process of an attempt, strays too.
