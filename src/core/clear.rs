//! Is it clear what is to be done, and could the outcome be checked?
