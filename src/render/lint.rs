//! Findings of lint, for people and for programs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::diagnostic::{coded, show};
use super::text::count;
use crate::domain::diagnostic::{Diagnostic, Place, Severity};

/// The version of the JSON; docs/lint-schema.md describes it.
const VERSION: u32 = 1;
/// Findings that are shown in full after a commit; the rest is counted.
const MOST_IN_HOOK: usize = 5;
/// Files that a command names one by one.
const MOST_NAMED: usize = 3;

/// Every finding with its line and a caret, the places that it is related to, and a sum.
pub fn page(findings: &[Diagnostic], files: usize) -> String {
    let mut text: String = findings.iter().map(|found| one(found) + "\n").collect();
    text += &format!("{} in {}\n", sum(findings), count(files, "file"));
    text
}

/// What a commit is told: the first findings, and how the rest is seen.
pub fn in_hook(findings: &[Diagnostic], refused: bool) -> String {
    let shown = findings.iter().take(MOST_IN_HOOK);
    let mut text: String = shown.map(|found| one(found) + "\n").collect();
    let more = match (findings.len() > MOST_IN_HOOK, refused) {
        (false, _) => String::new(),
        (true, true) => "; buildq lint --staged shows all".into(),
        // By the time that this is read, nothing is staged any more.
        (true, false) => format!("; {} shows all", command(findings)),
    };
    text += &format!("buildq: {} in what is staged{more}\n", sum(findings));
    if refused {
        text += "buildq: not committed, since buildq.yaml says `lint: deny`\n\
                 hint: mend it, or commit with --no-verify\n";
    }
    text
}

/// What shows these findings again.
fn command(findings: &[Diagnostic]) -> String {
    let files: BTreeSet<_> = findings.iter().map(|found| found.file.as_str()).collect();
    match files.len() <= MOST_NAMED {
        true => format!("buildq lint {}", shell_words::join(files)),
        false => "buildq lint".into(),
    }
}

fn one(found: &Diagnostic) -> String {
    let mut text = coded(found) + "\n";
    for related in &found.related {
        let note = Diagnostic::note(&related.file, &related.message);
        text += &show(&Diagnostic { place: related.place.clone(), ..note });
        text.push('\n');
    }
    text
}

fn sum(findings: &[Diagnostic]) -> String {
    let of = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let kinds = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
        (of(Severity::Note), "note"),
    ];
    let some: Vec<String> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    if some.is_empty() { "nothing to say".into() } else { some.join(", ") }
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    #[serde(flatten)]
    spot: Spot<'a>,
    severity: Severity,
    code: &'a str,
    message: &'a str,
    suggestion: Option<&'a str>,
    related: Vec<Also<'a>>,
}

#[derive(Serialize)]
struct Also<'a> {
    #[serde(flatten)]
    spot: Spot<'a>,
    message: &'a str,
}

/// A place; all but the file is null where a finding is about a whole file.
#[derive(Serialize)]
struct Spot<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    end: Option<End>,
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct End {
    line: usize,
    column: usize,
}

impl<'a> Spot<'a> {
    fn of(file: &'a str, place: Option<&'a Place>) -> Self {
        let end = |place: &Place| End { line: place.line, column: place.column + place.width };
        Self {
            file,
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            end: place.map(end),
            text: place.map(|place| place.text.as_str()),
        }
    }
}

/// The same for programs.
pub fn json(findings: &[Diagnostic], files: usize) -> serde_json::Result<String> {
    let of = |severity| findings.iter().filter(|found| found.severity == severity).count();
    fn finding(found: &Diagnostic) -> Finding<'_> {
        let related = found.related.iter();
        let also = related.map(|also| Also {
            spot: Spot::of(&also.file, also.place.as_ref()),
            message: &also.message,
        });
        Finding {
            spot: Spot::of(&found.file, found.place.as_ref()),
            severity: found.severity,
            code: found.code,
            message: &found.message,
            suggestion: found.hint.as_deref(),
            related: also.collect(),
        }
    }
    let report = Report {
        version: VERSION,
        files,
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        notes: of(Severity::Note),
        findings: findings.iter().map(finding).collect(),
    };
    super::text::json(&report).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Diagnostic {
        let place =
            |column, width, text: &str| Some(Place { line: 2, column, width, text: text.into() });
        let warning = Diagnostic::warning("queue/b.md", "`B` contradicts `A` in `queue/a.md`");
        let mut found = warning.code("contradiction").at(place(8, 1, "title: B")).hint("keep one");
        let (file, message) = ("queue/a.md".into(), "`A` stands here".into());
        found.related.push(crate::domain::diagnostic::Related {
            file,
            place: place(8, 1, "title: A"),
            message,
        });
        found
    }

    #[test]
    fn both_places_are_shown() {
        assert_eq!(
            page(&[found()], 2),
            "warning[contradiction]: `B` contradicts `A` in `queue/a.md`
 --> queue/b.md:2:8
  |
2 | title: B
  |        ^
hint: keep one
note: `A` stands here
 --> queue/a.md:2:8
  |
2 | title: A
  |        ^

1 warning in 2 files
"
        );
        assert_eq!(page(&[], 1), "nothing to say in 1 file\n");
    }

    #[test]
    fn a_hook_shows_a_few_and_counts_the_rest() {
        let text = in_hook(&vec![found(); 7], true);
        assert_eq!(text.matches("warning[contradiction]").count(), 5);
        assert!(
            text.contains("buildq: 7 warnings in what is staged; buildq lint --staged shows all")
        );
        assert!(text.contains("hint: mend it, or commit with --no-verify"));
        let passed = in_hook(&vec![found(); 7], false);
        assert!(passed.ends_with("in what is staged; buildq lint queue/b.md shows all\n"));
        let files = ["queue/a.md", "queue/b c.md", "queue/d.md", "queue/e.md"];
        let found = |file: &&str| Diagnostic { file: (*file).to_owned(), ..found() };
        let many: Vec<_> = files[..3].iter().map(found).collect();
        assert_eq!(command(&many), "buildq lint queue/a.md 'queue/b c.md' queue/d.md");
        assert_eq!(command(&files.iter().map(found).collect::<Vec<_>>()), "buildq lint");
    }

    #[test]
    fn the_json_is_as_it_is_documented() {
        let value: serde_json::Value = serde_json::from_str(&json(&[found()], 2).unwrap()).unwrap();
        let documented = include_str!("../../docs/lint-schema.md");
        let example = documented.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(value, serde_json::from_str::<serde_json::Value>(example).unwrap());
    }
}
