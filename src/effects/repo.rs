//! The repository, through libgit2: the only place that names git2.
