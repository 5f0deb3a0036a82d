//! Running one command, bounded in time and output.
