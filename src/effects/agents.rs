//! Coding agents found on PATH and their non-interactive flags.
