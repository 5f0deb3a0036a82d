//! The last JSON object of a fixed form in whatever an agent printed. Pure.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

/// Of what it printed, so much of the end is read.
pub const READ: usize = 1 << 20;
/// An answer is never longer.
const LONGEST: usize = 64 << 10;
/// Places that an object could begin at, tried from the end.
const TRIES: usize = 2000;
/// Agents wrap what the model says in objects of their own.
const WRAPPED: usize = 3;

/// The last one that is of the form `T`; objects that are none are looked into.
pub fn last_of<T: DeserializeOwned>(printed: &str) -> Option<T> {
    let start = (printed.len().saturating_sub(READ)..=printed.len())
        .find(|at| printed.is_char_boundary(*at))
        .unwrap_or(printed.len());
    let mut tries = TRIES;
    last(&printed[start..], WRAPPED, &mut tries)
}

fn last<T: DeserializeOwned>(text: &str, depth: usize, tries: &mut usize) -> Option<T> {
    for (at, _) in text.rmatch_indices('{') {
        *tries = tries.checked_sub(1)?;
        let mut end = (at + LONGEST).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut values = Deserializer::from_str(&text[at..end]).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { continue };
        if let Some(answer) = T::deserialize(&value).ok().or_else(|| within(&value, depth, tries)) {
            return Some(answer);
        }
    }
    None
}

/// In the texts that an object holds, the last first.
fn within<T: DeserializeOwned>(value: &Value, depth: usize, tries: &mut usize) -> Option<T> {
    if depth == 0 {
        return None;
    }
    match value {
        Value::String(text) if text.contains('{') => last(text, depth - 1, tries),
        Value::Array(values) => values.iter().rev().find_map(|one| within(one, depth, tries)),
        Value::Object(fields) => fields.values().rev().find_map(|one| within(one, depth, tries)),
        _ => None,
    }
}
