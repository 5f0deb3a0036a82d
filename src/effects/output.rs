//! The bounded log of one attempt's output.
