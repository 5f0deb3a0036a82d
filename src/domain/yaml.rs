//! The one door to YAML: bounded, without anchors, with places for errors.
