//! The report of a span, as Markdown, plain text, HTML or JSON.
//!
//! The Markdown comes from a template over exactly what the JSON holds (see
//! [`crate::core::report::Report`]), but for a queue that a page has no room for, and `summary`, one
//! sentence of counts; `queue_more` tasks are left out. A repository's own
//! `queue/templates/report.md.j2` is used in its stead. Filters: `md` (one line, nothing in it
//! is markup), `quote` (several lines, quoted), `code`, `link`, `short` (of a commit), `clock`
//! (a time, in the report's zone), `span` (seconds), `count("word")`.

mod html;
mod page;

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};
use serde::Serialize;

use super::text;
use crate::core::report::{Completed, Report, Tally, Used, Waiting};

use crate::domain::event::Spent;

pub use html::html;

/// Where a repository's own template stands, from its queue directory.
pub const OVERRIDE: &str = "templates/report.md.j2";

const TEMPLATE: &str = include_str!("../../templates/report.md.j2");
/// Steps that a template may take.
const FUEL: u64 = 5_000_000;
/// The longest report, in bytes.
const LONGEST: usize = 4 << 20;

/// The context of the template.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Tasks of the queue that there is no room for.
    queue_more: usize,
    summary: String,
    weeks: Option<String>,
}

/// As JSON; [`Report`] documents its shape.
pub fn json(report: &Report) -> Result<String> {
    Ok(super::text::json(report)? + "\n")
}

/// As Markdown, by the repository's own template where there is one.
pub fn markdown(report: &Report, own: Option<&str>) -> Result<String> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(FUEL));
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.add_filter("md", |text: String| md(&text));
    env.add_filter("quote", |text: String| quote(&text));
    env.add_filter("code", |text: String| code(&text));
    env.add_filter("link", |text: String| link(&text));
    env.add_filter("short", |text: String| text.chars().take(7).collect::<String>());
    env.add_filter("span", |seconds: u64| text::span(Duration::from_secs(seconds)));
    env.add_filter("count", counted);
    let clock = Clock::of(report);
    env.add_filter("clock", move |at: String| {
        at.parse().map(|at| clock.show(at)).unwrap_or_else(|_| md(&at))
    });
    let (name, template) = match own {
        Some(own) => (OVERRIDE, own),
        None => ("the built-in report", TEMPLATE),
    };
    let (short, queue_more) = page::short(report);
    let (summary, weeks) = (summary(report), weeks(report));
    let view = View { report: &short, queue_more, summary, weeks };
    let text = env
        .render_named_str(name, template, Serde(view))
        .with_context(|| format!("cannot write the report by `{name}`"))?;
    anyhow::ensure!(text.len() <= LONGEST, "the report by `{name}` is longer than 4 MiB");
    Ok(without_gaps(&text::safe_lines(&text)))
}

/// Times of a report: within a day's span the clock alone tells which is meant.
#[derive(Clone, Copy)]
struct Clock {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    zone: chrono_tz::Tz,
}

impl Clock {
    fn of(report: &Report) -> Self {
        Self { since: report.since, until: report.until, zone: report.zone }
    }

    fn show(self, at: DateTime<Utc>) -> String {
        let edge = at == self.since || at == self.until;
        let short = self.until - self.since <= TimeDelta::hours(24);
        let plain = short && !edge && self.since < at && at < self.until;
        let pattern = if plain { "%H:%M" } else { "%F %H:%M" };
        at.with_timezone(&self.zone).format(pattern).to_string()
    }
}

fn counted(number: usize, one: String, many: Option<String>) -> String {
    match many {
        Some(many) if number != 1 => format!("{number} {many}"),
        _ => text::count(number, &one),
    }
}

/// One sentence of what is not nought.
fn summary(report: &Report) -> String {
    let counts = &report.counts;
    let words = [
        (counts.completed, "completed"),
        (counts.merged, "merged"),
        (counts.failed, "failed"),
        (counts.rejected, "sent back"),
        (counts.active, "at work"),
        (counts.escalated, "out of retries"),
        (counts.review, "in review"),
        (counts.blocked, "blocked"),
        (counts.queued, "in the queue"),
    ];
    let said = words.iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = said.map(|(count, word)| format!("{count} {word}")).collect();
    let said = if said.is_empty() { "Nothing happened".into() } else { said.join(", ") };
    format!("{said}.{}", used(&report.used))
}

/// The last seven days against the seven before, if anything happened in either.
fn weeks(report: &Report) -> Option<String> {
    let (now, before) = (report.week, report.week_before);
    if [now, before].iter().all(|week| *week == Tally::default()) {
        return None;
    }
    let span = |week: Tally| {
        let span = week.median_seconds.map(|it| text::span(Duration::from_secs(it)));
        span.unwrap_or_else(|| "–".into())
    };
    let words = [
        (now.completed.to_string(), before.completed.to_string(), "completed"),
        (now.merged.to_string(), before.merged.to_string(), "merged"),
        (now.failed.to_string(), before.failed.to_string(), "failed"),
        (span(now), span(before), "for half of the attempts"),
    ];
    let words = words.map(|(now, before, word)| format!("{now} {word} (before: {before})"));
    Some(format!("Seven days against the seven before: {}.", words.join(", ")))
}

/// What the agents say they have used, if they say anything.
fn used(used: &Used) -> String {
    let some = |tokens: u64| Some(tokens).filter(|tokens| *tokens > 0);
    let cost = (used.told > 0).then_some(used.cost);
    let (tokens_in, tokens_out) = (some(used.tokens_in), some(used.tokens_out));
    let Some(said) = text::spent(&Spent { tokens_in, tokens_out, cost }) else {
        return String::new();
    };
    let silent = match used.silent {
        0 => String::new(),
        n => format!(" ({} told no cost)", text::count(n, "attempt")),
    };
    format!(" Agents used {said}{silent}.")
}

/// One line in which nothing is markup but whole `code` spans.
fn md(text: &str) -> String {
    let line = text::safe(text);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line.as_str();
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if let Some(span) = code_span(rest) {
            out.push_str(span);
            rest = &rest[span.len()..];
            before = '`';
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let after = rest.chars().next().unwrap_or(' ');
        let inside_word = before.is_alphanumeric() && after.is_alphanumeric();
        let markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '&' | '|' => true,
            '_' => !inside_word,
            '#' | '+' | '-' | '=' => out.is_empty(),
            '.' | ')' => out.chars().all(|c| c.is_ascii_digit()) && !out.is_empty(),
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// The code span that a text begins with: one backtick, anything else, one backtick.
fn code_span(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('`')?;
    let end = inside.find('`').filter(|end| *end > 0)?;
    let whole = &text[..end + 2];
    (!text[whole.len()..].starts_with('`')).then_some(whole)
}

/// Several lines as a quotation; what would be a heading or a block in it is plain text.
fn quote(text: &str) -> String {
    let list = |line: &str| line.starts_with("- ").then(|| format!("- {}", md(&line[2..])));
    let lines = text.trim().lines().map(|line| {
        let line = line.trim();
        let shown = list(line).unwrap_or_else(|| md(line));
        format!("> {shown}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// As code, whatever backticks it holds.
fn code(text: &str) -> String {
    let text = text::safe(text);
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    let room = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A web address as a link, anything else as it is.
fn link(text: &str) -> String {
    let web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '\\');
    if web && text.chars().all(plain) { format!("<{text}>") } else { code(text) }
}

/// At most one empty line in a row; one newline at the end.
fn without_gaps(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines() {
        let blank = line.trim().is_empty();
        if !(blank && empty) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        empty = blank;
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// As plain text.
pub fn plain(report: &Report) -> String {
    let (short, more) = page::short(report);
    let report = short.as_ref();
    let clock = Clock::of(report);
    let (since, until) = (clock.show(report.since), clock.show(report.until));
    let mut lines = vec![format!("Report: {since} to {until} ({})", report.zone)];
    lines.push(summary(report));
    lines.extend(weeks(report));
    lines.extend(report.nothing.iter().map(|why| format!("Nothing was built: {why}.")));
    let mut section = |title: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.push(format!("\n{title}"));
            lines.extend(entries);
        }
    };
    let waiting = report.waiting.iter().map(|one| waiting_line(one, clock));
    let escalated = report.escalated.iter().map(|one| {
        let attempts = text::count(one.attempts, "attempt");
        let (task, reason) = (&one.task, &one.reason);
        format!("  {task}: out of retries after {attempts}: {reason} (buildq show {task})")
    });
    let held = report.queue.iter().filter_map(|one| {
        let (remedy, held) = (one.remedy.as_ref()?, one.held.as_ref()?);
        Some(format!("  {}: is held: {held} ({remedy})", one.task))
    });
    section("Waiting for you", waiting.chain(escalated).chain(held).collect());
    section(
        "Completed",
        report.completed.iter().flat_map(|one| completed_lines(one, clock)).collect(),
    );
    let merged = report.merged.iter().map(|one| {
        let edited = if one.edited { "; edited while it was built: not built" } else { "" };
        format!("  {}: {} at {}{edited}", one.task, one.commit.short(), clock.show(one.at))
    });
    section("Merged", merged.collect());
    let active = report.active.iter().map(|one| {
        let words =
            if one.message.is_empty() { String::new() } else { format!(", {}", one.message) };
        let stalled = one.stalled.map(|at| format!("; no sign of life since {}", clock.show(at)));
        let (since, stalled) = (clock.show(one.since), stalled.unwrap_or_default());
        let ends = one.ends.map(|at| format!(", should end {}", clock.show(at)));
        let ends = ends.unwrap_or_default();
        format!("  {}: {}{words} (since {since}{ends}){stalled}", one.task, one.percent)
    });
    section("At work", active.collect());
    let failed = report.failed.iter().map(|one| {
        let (at, span) = (clock.show(one.at), text::span(Duration::from_secs(one.seconds)));
        let (task, attempt, reason) = (&one.task, one.attempt, &one.reason);
        format!("  {task} attempt {attempt} at {at} after {span}: {reason} (now: {})", one.state)
    });
    section("Failed", failed.collect());
    let dropped = report.dropped.iter().map(|one| {
        format!("  {} {} at {}: {}", one.task, one.state, clock.show(one.at), one.reason)
    });
    section("Closed and cancelled", dropped.collect());
    let queue = report.queue.iter().map(|one| {
        let held = one.held.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let due = one.due.map(|due| format!(", due {}", clock.show(due))).unwrap_or_default();
        format!("  {}. {} ({}){due}{held}", one.position, one.task, one.title)
    });
    let more = (more > 0).then(|| format!("  … and {more} more: buildq status --queue"));
    section("Queue", queue.chain(more).collect());
    text::safe_lines(&lines.join("\n"))
}

fn waiting_line(one: &Waiting, clock: Clock) -> String {
    let said = match (&one.question, one.state.as_str()) {
        (Some(question), _) => format!("asks: {question}"),
        (None, "edited") => "edited while it was built; the edit is not built".into(),
        _ => format!("in review since {}", clock.show(one.since)),
    };
    format!("  {}: {said} ({})", one.task, one.remedy)
}

fn completed_lines(one: &Completed, clock: Clock) -> Vec<String> {
    let span = text::span(Duration::from_secs(one.seconds));
    let (task, title, at) = (&one.task, &one.title, clock.show(one.at));
    let mut lines = vec![format!("  {task}: {title}, {span}, at {at} (now: {})", one.state)];
    lines.extend(one.unticked.iter().map(|text| format!("    not ticked: {text}")));
    lines.extend(one.summary.lines().map(|line| format!("    | {line}")));
    let failed = one.checks.iter().filter(|check| !check.passed);
    lines.extend(failed.map(|check| format!("    `{}`: {}", check.command, check.ended)));
    lines.extend(one.deliverables.iter().map(|link| format!("    deliverable: {link}")));
    lines.extend(one.next_steps.iter().map(|step| format!("    next: {step}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::{at, recorded};
    use crate::core::report::{Past, Span, Stood, report};
    use crate::domain::config::Config;

    fn day(lines: &str) -> Report {
        let span = Span { since: at("09:00"), until: at("18:00") };
        report(Past::of(recorded(lines), span), Stood::default(), &Config::default())
    }

    #[test]
    fn what_strangers_write_is_no_markup() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
            (
                "[x](javascript:y) *b* _c_ snake_case",
                "\\[x\\](javascript:y) \\*b\\* \\_c\\_ snake_case",
            ),
            ("`pytest -q <x>` fails: `", "`pytest -q <x>` fails: \\`"),
            ("``x`", "\\``x`"),
            ("# head\nand 1. more", "\\# head and 1. more"),
            ("1. x &amp; y", "1\\. x \\&amp; y"),
            ("a\u{1b}[2Jb", "a\u{fffd}\\[2Jb"),
        ] {
            assert_eq!(md(text), shown, "{text}");
        }
        assert_eq!(quote("# a\n\n- b <i>\n---"), "> \\# a\n>\n> - b \\<i\\>\n> \\---");
        assert_eq!((code("a`b"), code("`")), ("``a`b``".into(), "`` ` ``".into()));
        assert_eq!(link("https://example.org/x?y"), "<https://example.org/x?y>");
        assert_eq!(link("javascript:x"), "`javascript:x`");
    }

    #[test]
    fn a_report_reads_well() {
        let report = day("09:10 a started\n09:20 a succeeded *all* of it\n09:30 b started\n\
             09:31 b failed `x` exits 1\n10:00 c started\n10:01 c blocked Which <key>?");
        let text = markdown(&report, None).unwrap();
        let expected = "# Report: 2026-02-07 09:00 to 2026-02-07 18:00 (UTC)\n\n\
            1 completed, 1 failed, 1 in review, 1 blocked.\n\n\
            Seven days against the seven before: 1 completed (before: 0), 0 merged (before: 0), \
            1 failed (before: 0), 0s for half of the attempts (before: –).\n\n\
            ## Waiting for you\n\n\
            - **a** (a) waits for review since 09:20: `buildq review a`\n\
            - **c** asks: Which \\<key\\>?: `buildq answer c \"…\"`\n\n\
            ## Completed\n\n\
            ### a: a\n\n\
            Attempt 1 ended at 09:20 after 0s, 1 of 1 criterion ticked; now: review.\n\n\
            > \\*all\\* of it\n\n\
            ## Failed\n\n\
            - **b** attempt 1 at 09:31 after 0s: `x` exits 1; now: waiting\n";
        assert_eq!(text, expected);
        let text = plain(&report);
        assert!(text.contains("\nWaiting for you\n  a: in review since 09:20"), "{text}");
        assert!(json(&report).unwrap().contains("\"completed\": ["));
    }

    #[test]
    fn an_own_template_is_bounded_and_strict() {
        let report = day("08:00 - paused lunch");
        let own = "{{ nothing | md }} {{ counts.queued }} {{ summary }}";
        assert_eq!(
            markdown(&report, Some(own)).unwrap(),
            "paused by Ada since 2026-02-07 08:00: lunch 0 Nothing happened.\n"
        );
        for bad in [
            "{{ nonsense }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
        ] {
            let error = markdown(&report, Some(bad)).unwrap_err().to_string();
            assert!(
                error.contains("cannot write the report by `templates/report.md.j2`"),
                "{error}"
            );
        }
    }
}
