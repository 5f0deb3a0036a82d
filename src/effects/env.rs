//! Every environment variable that buildq reads or sets.
