//! What status shows: the same facts for every face.
