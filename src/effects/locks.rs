//! Advisory locks in the repository's local folder.
