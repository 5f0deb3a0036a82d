//! Windows of the wall clock, across midnight and both DST changes.
