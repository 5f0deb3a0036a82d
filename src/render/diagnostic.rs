//! Findings with the line and a caret.
