//! The dashboard as one HTML page that needs nothing else: no network, no file beside it, and
//! nothing that is not named by its hash in the page's own security policy.
//!
//! What strangers wrote comes in as text: every string of the view is masked and freed of what
//! cannot be seen before the template escapes it.

mod charts;

use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use data_encoding::BASE64;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, syntax::SyntaxConfig};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{status, text};
use crate::core::dashboard::{Dashboard, ROWS};
use crate::domain::masks::Masks;

const TEMPLATE: &str = include_str!("../../templates/dashboard/page.html.j2");
pub(super) const STYLE: &str = include_str!("../../templates/dashboard/style.css");
const SCRIPT: &str = include_str!("../../templates/dashboard/script.js");

/// No page is longer, in bytes.
pub const LONGEST: usize = 5_000_000;
/// So much of it is shown: rows of a table, and builds in full. What is too long even so is cut
/// further, until it fits.
const CUTS: [Cut; 5] = [
    Cut { rows: ROWS, builds: 150, letters: 4000 },
    Cut { rows: ROWS, builds: 50, letters: 2000 },
    Cut { rows: 300, builds: 20, letters: 1000 },
    Cut { rows: 100, builds: 10, letters: 400 },
    Cut { rows: 20, builds: 3, letters: 100 },
];
/// So many builds are worth gathering.
pub const BUILDS: usize = CUTS[0].builds;

/// How much is shown.
#[derive(Clone, Copy, Debug, Serialize)]
struct Cut {
    rows: usize,
    builds: usize,
    /// The most of one text.
    letters: usize,
}

/// Where a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file: it stays as it is.
    File,
    /// From `buildq serve`: it asks for what is new.
    Live,
}

/// The context of the template.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    page: Value,
    said: String,
    charts: &'a [charts::Chart],
    cut: Cut,
    style: &'static str,
    script: &'static str,
    policy: &'a str,
    live: bool,
}

/// The page, of at most [`LONGEST`] bytes.
///
/// # Errors
///
/// When not even the shortest page is short enough.
pub fn page(view: &Dashboard, masks: &Masks, place: Place) -> Result<String> {
    let charts = charts::all(&view.days)?;
    let whole = serde_json::to_value(view)?;
    let policy = policy(place);
    for cut in CUTS {
        let mut page = whole.clone();
        tame(&mut page, masks, cut.letters);
        let shown = write(
            View {
                page,
                said: text::safe(&masks.mask(&status::brief(&view.overview))),
                charts: &charts,
                cut,
                style: STYLE,
                script: SCRIPT,
                policy: &policy,
                live: place == Place::Live,
            },
            view.overview.timezone,
        )?;
        if shown.len() <= LONGEST {
            return Ok(shown);
        }
    }
    anyhow::bail!("the dashboard is longer than {}", text::bytes(LONGEST as u64))
}

fn write(view: View, zone: Tz) -> Result<String> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.add_filter("clock", move |at: String| clock(&at, zone));
    env.add_filter("span", |seconds: u64| text::span(Duration::from_secs(seconds)));
    env.add_filter("count", |number: usize, word: String| text::count(number, &word));
    env.add_filter("short", |name: String| name.chars().take(7).collect::<String>());
    env.add_filter("bytes", text::bytes);
    env.add_filter("is_web", is_web);
    let template = env.template_from_named_str("dashboard.html", TEMPLATE);
    let text = template.and_then(|template| template.render(Serde(view)));
    text.context("the dashboard cannot be written")
}

/// Whether a text can be the target of a link.
#[expect(clippy::needless_pass_by_value)] // A filter owns what it is given.
pub(super) fn is_web(text: String) -> bool {
    let web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    web && text.chars().all(|c| c.is_ascii_graphic())
}

/// A moment as people read it, always with its day: a page is read later than it is written.
fn clock(at: &str, zone: Tz) -> Result<String, Error> {
    let wrong = |error: chrono::ParseError| {
        Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
    };
    let at: DateTime<Utc> = at.parse().map_err(wrong)?;
    Ok(at.with_timezone(&zone).format("%F %H:%M").to_string())
}

/// What the page may do: show its one style and run its one script, and nothing else.
pub fn policy(place: Place) -> String {
    let script = named(SCRIPT);
    let connect = if place == Place::Live { "; connect-src 'self'" } else { "" };
    format!("{}; script-src {script}{connect}", still_policy())
}

/// What a page without a script may do: show its one style.
pub(super) fn still_policy() -> String {
    let style = named(STYLE);
    format!("default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'")
}

/// A text as a policy names it.
fn named(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
}

/// Every text of the view: without values that nobody is to see, without what cannot be seen, and
/// no longer than a page has room for.
pub(super) fn tame(value: &mut Value, masks: &Masks, letters: usize) {
    match value {
        Value::String(text) => {
            let shown = text::safe_page(&masks.mask(text));
            *text = match shown.char_indices().nth(letters) {
                Some((end, _)) => format!("{} […]", &shown[..end]),
                None => shown,
            };
        }
        Value::Array(all) => all.iter_mut().for_each(|one| tame(one, masks, letters)),
        Value::Object(all) => all.values_mut().for_each(|one| tame(one, masks, letters)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dashboard::dashboard;
    use crate::core::overview::tests::Desk;

    fn written(desk: &Desk) -> String {
        let view = dashboard(&desk.ledger, desk.view(&[]), "songs & <more>".into());
        page(&view, &Masks::default(), Place::File).unwrap()
    }

    #[test]
    fn what_strangers_write_is_no_markup() {
        let title = "title: \"<script>a\\u202e</script> & 'b'\"";
        let task = format!("---\n{title}\nblockers: [\"<img src=x>\"]\n---\nWrite it.");
        let shown = written(&Desk::new(&[("a", &task)], "", "09:00"));
        assert!(shown.contains("&lt;script&gt;a\u{fffd}&lt;&#x2f;script&gt; &amp; &#x27;b&#x27;"));
        assert!(!shown.contains("<img") && !shown.contains("<script>a"));
        assert!(shown.contains("songs &amp; &lt;more&gt;"));
    }

    #[test]
    fn the_policy_names_what_the_page_holds() {
        let shown = written(&Desk::new(&[], "", "09:00"));
        let part = |tag: &str| {
            let (_, rest) = shown.split_once(&format!("<{tag}>")).unwrap();
            let text = rest.split_once(&format!("</{tag}>")).unwrap().0;
            format!("{tag}-src 'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
        };
        for tag in ["style", "script"] {
            assert!(shown.contains(&part(tag)), "{}", part(tag));
        }
        assert!(shown.contains("default-src 'none'") && !shown.contains(" style=\""));
    }

    #[test]
    fn a_crowd_of_tasks_fits_and_says_what_is_left_out() {
        let title = "long & <hostile> ".repeat(40);
        let task = format!("---\ntitle: {title}\nblockers: [{title}]\n---\nWrite it.\n");
        let names: Vec<_> = (0..1500).map(|number| format!("task-{number}")).collect();
        let tasks: Vec<_> = names.iter().map(|name| (name.as_str(), task.as_str())).collect();
        let shown = written(&Desk::new(&tasks, "", "09:00"));
        assert!(shown.len() <= LONGEST, "{}", shown.len());
        assert!(
            shown.contains(" more, which this page has no room for: <code>buildq status --queue")
        );
        assert!(shown.contains("Queue <span class=\"n\">1500</span>"));
    }
}
