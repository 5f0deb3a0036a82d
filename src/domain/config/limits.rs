//! How much builds may use: `limits` and `max_review`.

use std::time::Duration;

use serde::Serialize;

use super::super::cost::Cost;
use super::super::diagnostic::{Findings, quoted};
use super::super::size;
use super::super::yaml::{Field, Fields};
use super::argv::some_span;

/// What is kept of an attempt's output where nothing is said.
const OUTPUT: u64 = 10 << 20;

/// Bounds of what builds may use. `None` is no bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Attempts that start by themselves from one noon to the next.
    pub builds_per_night: Option<u32>,
    /// Cost of those that started by themselves and ended from one noon to the next, in US
    /// dollars, as far as the agents told it.
    pub cost_per_night: Option<Cost>,
    /// One attempt from its start to its end, checks included; never longer than the builder's
    /// own `timeout` grants.
    pub attempt_time: Option<Duration>,
    /// Of all processes of one attempt together, in bytes.
    pub memory: Option<u64>,
    /// Processes and threads of one attempt at once.
    pub processes: Option<u32>,
    /// What is kept of one attempt's output, in bytes.
    pub output: u64,
    /// Bytes that must be free, where workspaces lie, before anything starts.
    pub free_disk: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            builds_per_night: None,
            cost_per_night: None,
            attempt_time: None,
            memory: None,
            // More than the largest honest build needs, and little enough to survive a fork bomb.
            processes: Some(4096),
            output: OUTPUT,
            free_disk: Some(1 << 30),
        }
    }
}

impl Limits {
    /// Reads the mapping `limits`.
    pub(super) fn read(fields: &Fields, found: &mut Findings) -> Self {
        let mut limits = Self::default();
        let mut each = |key: &str, set: &mut dyn FnMut(&Field, &mut Findings)| {
            if let Some(field) = fields.get(key) {
                set(&field, found);
            }
        };
        each("builds_per_night", &mut |field, found| {
            unless_none(field, &mut limits.builds_per_night, found, |f, to| {
                f.number(1, 10_000, to)
            });
        });
        each("cost_per_night", &mut |field, found| {
            unless_none(field, &mut limits.cost_per_night, found, cost);
        });
        each("attempt_time", &mut |field, found| {
            unless_none(field, &mut limits.attempt_time, found, some_span);
        });
        each("memory", &mut |field, found| {
            unless_none(field, &mut limits.memory, found, |f, to| amount(f, 16 << 20, to));
        });
        each("processes", &mut |field, found| {
            unless_none(field, &mut limits.processes, found, |f, to| f.number(16, 4_194_304, to));
        });
        each("output", &mut |field, found| {
            limits.output = amount(field, 64 << 10, found).unwrap_or(limits.output);
        });
        each("free_disk", &mut |field, found| {
            unless_none(field, &mut limits.free_disk, found, |f, to| amount(f, 0, to));
        });
        limits
    }
}

/// `none` takes a bound away; a wrong value is told and leaves the default.
fn unless_none<T>(
    field: &Field,
    bound: &mut Option<T>,
    found: &mut Findings,
    read: impl FnOnce(&Field, &mut Findings) -> Option<T>,
) {
    if field.is_word("none") {
        *bound = None;
    } else if let Some(value) = read(field, found) {
        *bound = Some(value);
    }
}

fn cost(field: &Field, found: &mut Findings) -> Option<Cost> {
    field.read(found, |text| {
        let wrong = || format!("{} is no sum of US dollars", quoted(text));
        Cost::parse(text).ok_or_else(|| (wrong(), "write a plain number, e.g. `5.00`".into()))
    })
}

fn amount(field: &Field, least: u64, found: &mut Findings) -> Option<u64> {
    let hint = || "for example `512MB` or `4 GiB`".to_owned();
    field.read(found, |text| match size::parse(text) {
        Ok(bytes) if bytes >= least => Ok(bytes),
        Ok(_) => Err((format!("{} is less than {} KiB", quoted(text), least >> 10), hint())),
        Err(message) => Err((message, hint())),
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn every_limit_is_read() {
        let text = "max_review: 3\nlimits:\n  builds_per_night: 20\n  cost_per_night: 5.00\n  \
                    attempt_time: 8h\n  memory: 4GB\n  processes: 512\n  output: 20 MiB\n  free_disk: 2G\n";
        let config = parse("buildq.yaml", text.as_bytes()).unwrap().0;
        let wanted = Limits {
            builds_per_night: Some(20),
            cost_per_night: Cost::parse("5"),
            attempt_time: Some(Duration::from_secs(8 * 3600)),
            memory: Some(4_000_000_000),
            processes: Some(512),
            output: 20 << 20,
            free_disk: Some(2 << 30),
        };
        assert_eq!((config.limits, config.max_review), (wanted, 3));
    }

    #[test]
    fn none_takes_a_limit_away() {
        let text = "limits: {processes: none, free_disk: None, memory: none}";
        let limits = parse("buildq.yaml", text.as_bytes()).unwrap().0.limits;
        assert_eq!((limits.processes, limits.free_disk, limits.memory), (None, None, None));
    }

    #[test]
    fn wrong_limits_are_told_with_their_place() {
        for (text, message, hint) in [
            (
                "limits: {memory: 4}",
                "1:18: `limits.memory`: `4` has no unit: write `4MB` or `4GB`",
                "for example `512MB` or `4 GiB`",
            ),
            (
                "limits: {memory: 1MB}",
                "1:18: `limits.memory`: `1MB` is less than 16384 KiB",
                "for example `512MB` or `4 GiB`",
            ),
            (
                "limits: {cost_per_night: 5 euros}",
                "1:26: `limits.cost_per_night`: `5 euros` is no sum of US dollars",
                "write a plain number, e.g. `5.00`",
            ),
            (
                "limits: {builds_per_night: 0}",
                "1:28: `limits.builds_per_night`: `0` is not a number from 1 to 10000",
                "write a number, e.g. `1`",
            ),
            (
                "limits: {attempt_time: 8}",
                "1:24: `limits.attempt_time`: `8` has no unit: write `8m`, `8h` or `8d`",
                "for example `90s`, `45 minutes` or `4h`",
            ),
            (
                "limits:\n  output: none",
                "2:11: `limits.output`: `none` is no amount of memory or disk",
                "for example `512MB` or `4 GiB`",
            ),
            (
                "limits: {process: 512}",
                "1:10: unknown key `limits.process`",
                "did you mean `limits.processes`?",
            ),
            (
                "max_review: none",
                "1:13: `max_review`: `none` is not a number from 1 to 10000",
                "write a number, e.g. `1`",
            ),
        ] {
            let list = parse("f", text.as_bytes()).expect_err(text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert_eq!(list[0].one_line(), format!("f:{message}"));
            assert_eq!(list[0].hint.as_deref(), Some(hint), "{text}");
        }
    }
}
