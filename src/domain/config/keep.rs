//! `keep`: how much, and for how long, of what ended builds leave behind.

use std::time::Duration;

use serde::Serialize;

use super::super::diagnostic::Findings;
use super::super::size;
use super::super::yaml::{Field, Fields};
use super::argv::some_span;

/// What may lie about on this machine once a build has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// Logs and workspaces of ended builds together, in bytes: beyond it the oldest logs go.
    pub disk: u64,
    /// Logs of ended builds go after this long.
    pub age: Duration,
}

impl Default for Keep {
    fn default() -> Self {
        Self { disk: 5_000_000_000, age: Duration::from_secs(30 * 24 * 3600) }
    }
}

pub(super) fn read(fields: &Fields, found: &mut Findings) -> Keep {
    let own = Keep::default();
    let disk = fields.get("disk").and_then(|field| bytes(&field, found));
    let age = fields.get("age").and_then(|field| some_span(&field, found));
    Keep { disk: disk.unwrap_or(own.disk), age: age.unwrap_or(own.age) }
}

fn bytes(field: &Field, found: &mut Findings) -> Option<u64> {
    field.read(found, |text| {
        size::parse(text).map_err(|message| (message, "for example `500MB` or `5GB`".to_owned()))
    })
}
