//! Calendars: files, and commands that print one.

use std::time::Duration;

use serde::Serialize;

use super::super::diagnostic::{Findings, Severity, quoted};
use super::super::keys;
use super::super::yaml::{Field, Fields, Keys, Kind};
use super::Check;
use super::argv::{command, some_span};
use super::keys::CALENDAR;

/// A command that prints a calendar is ended after this long, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Every sync waits for it: more is a slip.
const LONGEST: Duration = Duration::from_secs(120);

/// Where a calendar comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Calendar {
    /// A file: absolute, below the home folder (`~/…`), or from the top of the repository.
    File(String),
    /// A command that prints it.
    Command(Check),
}

impl Calendar {
    /// The command, if it is one.
    pub fn command(&self) -> Option<&Check> {
        match self {
            Self::Command(check) => Some(check),
            Self::File(_) => None,
        }
    }
}

/// A path, `{run: …, timeout: …}`, or a list of these.
pub(super) fn calendars(field: &Field, found: &mut Findings) -> Vec<Calendar> {
    field.list().iter().filter_map(|item| calendar(item, found)).collect()
}

fn calendar(field: &Field, found: &mut Findings) -> Option<Calendar> {
    if !matches!(field.node.kind, Kind::Map(_)) {
        return field.read(found, file).map(Calendar::File);
    }
    let fields = Fields::of(field.node, &field.name, Keys::Exact, found)?;
    fields.only(&keys::names(CALENDAR), &[], Severity::Error, found);
    let timeout = match fields.get("timeout") {
        Some(field) => some_span(&field, found)?,
        None => TIMEOUT,
    };
    if timeout > LONGEST {
        let message = format!("`{}.timeout` is longer than two minutes", field.name);
        found.error(field.at(), message, "every sync waits for it: write for example `10s`");
        return None;
    }
    let Some(run) = fields.get("run") else {
        let message = format!("`{}.run` is missing", field.name);
        found.error(field.at(), message, "write `{run: [scripts/calendar, --ics], timeout: 10s}`");
        return None;
    };
    Some(Calendar::Command(Check { argv: command(&run, found)?, timeout }))
}

fn file(text: &str) -> Result<String, (String, String)> {
    let path = text.trim();
    if path.contains("://") {
        let hint = format!("fetch it: `{{run: [curl, -fsS, {}]}}`", path);
        return Err((format!("{} is no file, and buildq opens no connection", quoted(text)), hint));
    }
    match path.is_empty() || path.contains('\0') {
        true => Err((format!("{} is no path", quoted(text)), "write `work.ics`".into())),
        false => Ok(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn files_and_commands() {
        let text = "calendar:\n  - ~/work.ics\n  - {run: [khal, export], timeout: 5s}\n  \
                    - {run: \"scripts/cal.sh --today\"}\n";
        let run = |argv: &[&str], seconds| {
            let argv = argv.iter().map(|word| (*word).to_owned()).collect();
            Calendar::Command(Check { argv, timeout: Duration::from_secs(seconds) })
        };
        let wanted = [
            Calendar::File("~/work.ics".into()),
            run(&["khal", "export"], 5),
            run(&["scripts/cal.sh", "--today"], 10),
        ];
        assert_eq!(parse("f", text.as_bytes()).unwrap().0.calendars, wanted);
        let one = parse("f", b"calendar: team.ics").unwrap().0.calendars;
        assert_eq!(one, [Calendar::File("team.ics".into())]);
    }

    #[test]
    fn wrong_calendars_are_told_with_their_place() {
        for (text, message, hint) in [
            (
                "calendar: [https://example.org/a.ics]",
                "1:12: `calendar`: `https://example.org/a.ics` is no file, and buildq opens no connection",
                "fetch it: `{run: [curl, -fsS, https://example.org/a.ics]}`",
            ),
            (
                "calendar: {timeout: 5s}",
                "1:11: `calendar.run` is missing",
                "write `{run: [scripts/calendar, --ics], timeout: 10s}`",
            ),
            (
                "calendar: [{run: [x], timeout: 1h}]",
                "1:12: `calendar.timeout` is longer than two minutes",
                "every sync waits for it: write for example `10s`",
            ),
            (
                "calendar: {run: cat a | b}",
                "1:17: `calendar.run`: `cat a | b` needs a shell (`|`), and there is none here",
                "put it into a script and name that, or write [\"sh\", \"-c\", \"cat a | b\"]",
            ),
        ] {
            let list = parse("f", text.as_bytes()).expect_err(text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert_eq!(list[0].one_line(), format!("f:{message}"));
            assert_eq!(list[0].hint.as_deref(), Some(hint), "{text}");
        }
    }
}
