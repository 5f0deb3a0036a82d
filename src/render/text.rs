//! Making text of strangers safe to show; tables, ages, plurals.
