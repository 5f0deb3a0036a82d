//! What a person has trusted on this machine.
