//! Reading a task as a person would: what is to be done, to what, where, and what is only
//! spoken of. Words have classes (`verbs`, `nouns`), clauses have verbs and objects.

pub mod clause;
pub mod lexicon;
mod nouns;
pub mod phrases;
pub mod reading;
mod sections;
mod tokens;
mod verbs;
