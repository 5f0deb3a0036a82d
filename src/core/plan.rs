//! The planner: from what is known to what is due.
