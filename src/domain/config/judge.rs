//! `judge`: a second opinion on a task before it first starts.

use std::time::Duration;

use serde::Serialize;

use super::super::diagnostic::{Findings, Severity, nearest, quoted};
use super::super::keys;
use super::super::yaml::{Field, Fields, Keys, Kind};
use super::argv::some_span;
use super::keys::JUDGE;

/// Who judges, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judge {
    /// One of the configured builders.
    pub builder: String,
    /// It is ended after this long, and has given no verdict.
    pub timeout: Duration,
}

/// Where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// `judge: opus`, or `judge: {builder: opus, timeout: 10m}`.
pub(super) fn read(field: &Field, builders: &[&str], found: &mut Findings) -> Option<Judge> {
    let Kind::Map(_) = field.node.kind else {
        return Some(Judge { builder: builder(field, builders, found)?, timeout: TIMEOUT });
    };
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(JUDGE), &[], Severity::Error, found);
    let timeout = match fields.get("timeout") {
        Some(field) => some_span(&field, found)?,
        None => TIMEOUT,
    };
    let Some(named) = fields.get("builder") else {
        let message = format!("`{}.builder` is missing", field.name);
        found.error(field.at(), message, "write `{builder: NAME, timeout: 10m}`");
        return None;
    };
    Some(Judge { builder: builder(&named, builders, found)?, timeout })
}

fn builder(field: &Field, builders: &[&str], found: &mut Findings) -> Option<String> {
    field.read(found, |text| {
        let name = text.trim();
        if builders.contains(&name) {
            return Ok(name.to_owned());
        }
        let hint = match nearest(name, builders.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "name one that is defined below `builders:`".into(),
        };
        Err((format!("there is no builder {} that could judge", quoted(name)), hint))
    })
}
