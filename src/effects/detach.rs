//! Starting a buildq process that outlives its parent.
