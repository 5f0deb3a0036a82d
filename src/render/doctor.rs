//! What the examination found, line by line.

use super::text::{count, pad, safe};
use crate::core::doctor::{Finding, Level};

/// Every finding, what was mended first, the sum last.
pub fn page(findings: &[Finding], fixed: &[String]) -> String {
    let mut text: String = fixed.iter().map(|done| format!("fixed    {}\n", safe(done))).collect();
    for finding in findings {
        let check = pad(finding.check, CHECK);
        text += &format!("{} {check} {}\n", pad(word(finding.level), LEVEL), safe(&finding.found));
        if let Some(remedy) = finding.remedy.as_ref().filter(|_| finding.level > Level::Ok) {
            text += &format!("{} hint: {}\n", pad("", LEVEL + 1 + CHECK), safe(remedy));
        }
    }
    text + &sum(findings)
}

/// Columns of the first two words.
const LEVEL: usize = 8;
const CHECK: usize = 10;

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}

fn sum(findings: &[Finding]) -> String {
    let of = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    match (of(Level::Problem), of(Level::Warning)) {
        (0, 0) => "all is well\n".into(),
        (0, warnings) => format!("no problem, {}\n", count(warnings, "warning")),
        (problems, 0) => format!("{}\n", count(problems, "problem")),
        (problems, warnings) => {
            format!("{}, {}\n", count(problems, "problem"), count(warnings, "warning"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_each_and_a_hint_where_one_is_needed() {
        let finding = |level, found: &str, remedy: Option<&str>| Finding {
            check: "hooks",
            level,
            found: found.into(),
            remedy: remedy.map(str::to_owned),
        };
        let findings = [
            finding(Level::Ok, "in place", None),
            finding(Level::Problem, "gone\u{1b}[2J", Some("buildq init")),
        ];
        assert_eq!(
            page(&findings, &["installed the hook post-commit".into()]),
            "fixed    installed the hook post-commit\n\
             ok       hooks      in place\n\
             problem  hooks      gone\u{fffd}[2J\n                    hint: buildq init\n\
             1 problem\n"
        );
        assert_eq!(page(&findings[..1], &[]), "ok       hooks      in place\nall is well\n");
    }
}
