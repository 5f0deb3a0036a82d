//! Taking a builder's commits over, without parsing its repository.
