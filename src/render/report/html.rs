//! The same report as one HTML page that loads nothing and runs nothing.

use std::time::Duration;

use anyhow::{Context as _, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};
use serde::Serialize;
use serde_json::Value;

use super::{Clock, page, summary, weeks};
use crate::core::report::Report;
use crate::domain::masks::Masks;
use crate::render::{dashboard, text};

const TEMPLATE: &str = include_str!("../../../templates/report.html.j2");

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    report: Value,
    queue_more: usize,
    summary: String,
    weeks: Option<String>,
    style: &'static str,
    policy: String,
}

/// As HTML.
pub fn html(report: &Report, masks: &Masks) -> Result<String> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.add_filter("span", |seconds: u64| text::span(Duration::from_secs(seconds)));
    env.add_filter("short", |name: String| name.chars().take(7).collect::<String>());
    env.add_filter("is_web", dashboard::is_web);
    let clock = Clock::of(report);
    env.add_filter("clock", move |at: String| at.parse().map(|at| clock.show(at)).unwrap_or(at));
    let (short, queue_more) = page::short(report);
    let mut shown = serde_json::to_value(&short)?;
    dashboard::tame(&mut shown, masks, usize::MAX);
    let (style, policy) = (dashboard::STYLE, dashboard::still_policy());
    let (summary, weeks) = (summary(report), weeks(report));
    let view = View { report: shown, queue_more, summary, weeks, style, policy };
    let template = env.template_from_named_str("report.html", TEMPLATE);
    let text = template.and_then(|template| template.render(Serde(view)));
    text.context("the report cannot be written")
}
