//! Is a running attempt alive, stalled, or to be ended?
