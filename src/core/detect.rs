//! What a repository is made of, and the commands that check it.
