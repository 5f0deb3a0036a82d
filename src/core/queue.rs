//! The queue: every task file at the tip of the queue branch.
