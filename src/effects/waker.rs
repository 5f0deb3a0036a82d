//! The one sleeping process of a clone.
