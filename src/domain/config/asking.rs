//! What a person wants to be asked about, and what not: `risk.ask` and `risk.allow`.

use serde::Serialize;

use super::super::diagnostic::{Findings, nearest, quoted};
use super::super::risk::{KINDS, RiskKind};
use super::super::yaml::{Field, Fields};
use super::read::globs;

/// What one side names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Kinds of risk.
    pub kinds: Vec<RiskKind>,
    /// Words of the text, compared without case.
    pub phrases: Vec<String>,
    /// Globs of what a task touches, or names.
    pub paths: Vec<String>,
    /// Labels of the task, compared without case.
    pub labels: Vec<String>,
}

/// Both sides. What `ask` names is asked about whatever `allow` names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asking {
    /// Nothing is asked about these.
    pub allow: Named,
    /// These are always asked about.
    pub ask: Named,
}

/// Reads one side.
pub(super) fn named(fields: &Fields, found: &mut Findings) -> Named {
    let words = |field: Field, found: &mut Findings| {
        let texts = field.texts(found).into_iter();
        texts.map(|(text, _)| text.to_owned()).filter(|text| !text.is_empty()).collect()
    };
    Named {
        kinds: fields.get("kinds").map(|f| kinds(&f, found)).unwrap_or_default(),
        phrases: fields.get("phrases").map(|f| words(f, found)).unwrap_or_default(),
        paths: fields.get("paths").map(|f| globs(&f, found)).unwrap_or_default(),
        labels: fields.get("labels").map(|f| words(f, found)).unwrap_or_default(),
    }
}

fn kinds(field: &Field, found: &mut Findings) -> Vec<RiskKind> {
    let mut kinds = Vec::new();
    for (text, at) in field.texts(found) {
        match KINDS.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text)) {
            Some(kind) => kinds.push(kind),
            None => {
                let names = KINDS.map(RiskKind::name);
                let hint = match nearest(text, names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("write one of `{}`", names.join("`, `")),
                };
                found.error(at, format!("{} is no kind of risk", quoted(text)), hint);
            }
        }
    }
    kinds
}
