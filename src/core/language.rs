//! Reading a task as a person would: what is to be done, to what, where, and what is only
//! spoken of. Words have classes (`verbs`, `nouns`: `build.rs` makes the lexicon of them), clauses have
//! verbs and objects.

mod classes;
pub mod clause;
#[cfg(test)]
mod forms;
pub mod lexicon;
#[cfg(test)]
mod nouns;
pub mod phrases;
pub mod reading;
mod sections;
mod tokens;
#[cfg(test)]
mod verbs;
