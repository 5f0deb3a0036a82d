//! `protected`: globs of paths that a person looks at before they are merged.

use super::super::diagnostic::{Findings, quoted};
use super::super::yaml::Field;

/// Patterns that are added to the default, or taken out of it with a leading `!`.
pub(super) fn read(field: &Field, found: &mut Findings) -> Vec<String> {
    let mut patterns = Vec::new();
    for (pattern, at) in field.texts(found) {
        let plain = pattern.trim_start_matches('!');
        let plain = plain.strip_prefix('/').unwrap_or(plain);
        let outside = plain.split('/').any(|part| part == "..");
        match globset::Glob::new(plain) {
            Ok(_) if !outside && !plain.is_empty() => patterns.push(pattern.to_owned()),
            _ => {
                let message =
                    format!("`{}`: {} is no pattern of a path", field.name, quoted(pattern));
                found.error(
                    at,
                    message,
                    "for example `infra/**`, or `!Dockerfile` to take one out",
                );
            }
        }
    }
    patterns
}
