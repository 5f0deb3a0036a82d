//! Every gate of one task.
