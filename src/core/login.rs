//! Whether a login that comes back from an agent is the same login, refreshed.
//!
//! Agents renew their tokens while they work, and the old ones are then worth nothing. So what
//! an agent wrote is taken back, if it differs from what it was given in tokens and dates alone:
//! no other account, no other server, nothing that was not there.

use serde_json::Value;

/// Whether `after` is `before` with other values under the names `may_change`, of the same
/// kind, wherever they stand.
pub fn is_refreshed(before: &[u8], after: &[u8], may_change: &[&str]) -> bool {
    let parse = |bytes| serde_json::from_slice::<Value>(bytes).ok();
    match (parse(before), parse(after)) {
        (Some(before), Some(after)) => same_but(&before, &after, may_change),
        _ => false,
    }
}

fn same_but(before: &Value, after: &Value, may_change: &[&str]) -> bool {
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return before == after };
    let same = |(key, old): (&String, &Value)| {
        let Some(new) = new.get(key) else { return false };
        match may_change.contains(&key.as_str()) {
            true => is_kind(old, new),
            false => same_but(old, new, may_change),
        }
    };
    old.len() == new.len() && old.iter().all(same)
}

/// Tokens are texts, dates are texts or numbers.
fn is_kind(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::String(_), Value::String(new)) => new.len() < 16 << 10,
        (Value::Number(_), Value::Number(_)) => true,
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_and_dates_change() {
        let before = r#"{"o":{"access":"a","expires":1,"account":"ada","list":[1]},"mode":"web"}"#;
        for (after, refreshed) in [
            (before, true),
            (r#"{"mode":"web","o":{"access":"b","expires":2,"account":"ada","list":[1]}}"#, true),
            // Another account, another kind, something more, something less, no JSON.
            (r#"{"o":{"access":"b","expires":2,"account":"eve","list":[1]},"mode":"web"}"#, false),
            (r#"{"o":{"access":{},"expires":1,"account":"ada","list":[1]},"mode":"web"}"#, false),
            (
                r#"{"o":{"access":"a","expires":1,"account":"ada","list":[1]},"mode":"web","hooks":1}"#,
                false,
            ),
            (r#"{"o":{"access":"a","expires":1,"account":"ada"},"mode":"web"}"#, false),
            ("", false),
            ("[]", false),
        ] {
            let is = is_refreshed(before.as_bytes(), after.as_bytes(), &["access", "expires"]);
            assert_eq!(is, refreshed, "{after}");
        }
        assert!(!is_refreshed(b"x", b"x", &[]), "what is no JSON never comes back");
    }
}
