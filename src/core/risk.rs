//! Would a careful owner want to be asked first?
