//! The charts of the dashboard, as SVG. Colours are named by what they mean: the page's style
//! replaces each for light and dark.

use std::time::Duration;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use serde::Serialize;

use crate::core::dashboard::Day;
use crate::render::text;

/// In the units of the drawing; the page stretches it.
const SIZE: (u32, u32) = (520, 220);
/// What went well. The page's style knows these colours by their value.
const GOOD: RGBColor = RGBColor(0x1a, 0x7f, 0x37);
const BAD: RGBColor = RGBColor(0xcf, 0x22, 0x2e);
const MAIN: RGBColor = RGBColor(0x4f, 0x46, 0xe5);
const SOFT: RGBColor = RGBColor(0x9a, 0x67, 0x00);
const AXIS: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
const INK: RGBColor = RGBColor(0x59, 0x63, 0x6e);

/// One chart with the words that stand for it where it is not seen.
#[derive(Debug, Serialize)]
pub struct Chart {
    id: &'static str,
    title: &'static str,
    /// What can be seen in it.
    said: String,
    /// What the colours mean, by the name of a class.
    legend: &'static [(&'static str, &'static str)],
    /// The drawing, without its outermost tag.
    drawing: String,
    width: u32,
    height: u32,
}

/// One stack of a chart: its colour, and how much of it a day has.
type Part<'a> = (RGBColor, &'a dyn Fn(&Day) -> f64);

/// Throughput, success, durations and retries.
pub fn all(days: &[Day]) -> Result<Vec<Chart>> {
    let sum = |of: &dyn Fn(&Day) -> usize| days.iter().map(of).sum::<usize>();
    let (ended, merged) = (sum(&|day| day.succeeded), sum(&|day| day.merged));
    let (failed, retries) = (sum(&|day| day.failed), sum(&|day| day.retries));
    let started = sum(&|day| day.started);
    let count = |n: usize, word: &str| text::count(n, word);
    let span = format!("in the last {}", count(days.len(), "day"));
    let rate = match ended + failed {
        0 => "nothing ended".to_owned(),
        all => format!("{ended} of {} ended well ({}%)", count(all, "attempt"), ended * 100 / all),
    };
    let longest = days.iter().filter_map(|day| day.longest).max();
    let longest = longest.map_or("nothing ended".to_owned(), |longest| {
        format!("the longest attempt took {}", text::span(longest))
    });
    let unit = Unit::of(days);
    Ok(vec![
        Chart {
            id: "throughput",
            title: "Throughput: builds that were merged, by day",
            said: format!("{} merged {span}", count(merged, "build")),
            legend: &[("main", "merged")],
            drawing: stacks(days, &[(MAIN, &|day| day.merged as f64)])?,
            ..Chart::empty()
        },
        Chart {
            id: "success",
            title: "Success: how attempts ended, by day",
            said: format!("{rate} {span}"),
            legend: &[("good", "ended well"), ("bad", "failed")],
            drawing: stacks(
                days,
                &[(GOOD, &|day| day.succeeded as f64), (BAD, &|day| day.failed as f64)],
            )?,
            ..Chart::empty()
        },
        Chart {
            id: "durations",
            title: unit.title(),
            said: format!("{longest} {span}"),
            legend: &[("main", "half of them took no longer"), ("soft", "the longest")],
            drawing: lines(days, unit)?,
            ..Chart::empty()
        },
        Chart {
            id: "retries",
            title: "Retries: attempts after the first, by day",
            said: format!("{retries} of {} {span}", count(started, "attempt")),
            legend: &[("soft", "retries")],
            drawing: stacks(days, &[(SOFT, &|day| day.retries as f64)])?,
            ..Chart::empty()
        },
    ])
}

impl Chart {
    fn empty() -> Self {
        let (width, height) = SIZE;
        let (said, drawing) = (String::new(), String::new());
        Self { id: "", title: "", said, legend: &[], drawing, width, height }
    }
}

/// In what durations are counted, so that the numbers stay small.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Minutes,
    Hours,
}

impl Unit {
    fn of(days: &[Day]) -> Self {
        let longest = days.iter().filter_map(|day| day.longest).max().unwrap_or_default();
        if longest > Duration::from_secs(2 * 3600) { Self::Hours } else { Self::Minutes }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Minutes => "Durations: minutes that attempts took, by day",
            Self::Hours => "Durations: hours that attempts took, by day",
        }
    }

    fn count(self, span: Duration) -> f64 {
        let seconds = span.as_secs_f64();
        seconds / if self == Self::Hours { 3600.0 } else { 60.0 }
    }
}

/// Bars, one upon the other.
fn stacks(days: &[Day], parts: &[Part]) -> Result<String> {
    let whole = |day: &Day| parts.iter().map(|(_, of)| of(day)).sum::<f64>();
    let highest = days.iter().map(whole).fold(0.0, f64::max);
    let mut bars = Vec::new();
    for (at, day) in (0u32..).map(f64::from).zip(days) {
        let mut below = 0.0;
        for (colour, of) in parts {
            let above = below + of(day);
            if above > below {
                let edges = [(at - 0.36, below), (at + 0.36, above)];
                bars.push(Rectangle::new(edges, colour.filled()));
            }
            below = above;
        }
    }
    draw(days, highest, |chart| chart.draw_series(bars).map(|_| ()))
}

/// The median and the longest, with a point on each day that has one.
fn lines(days: &[Day], unit: Unit) -> Result<String> {
    let points = |of: &dyn Fn(&Day) -> Option<Duration>| -> Vec<(f64, f64)> {
        let told = (0u32..).map(f64::from).zip(days);
        told.filter_map(|(at, day)| Some((at, unit.count(of(day)?)))).collect()
    };
    let all = [(SOFT, points(&|day| day.longest)), (MAIN, points(&|day| day.median))];
    let highest = all[0].1.iter().map(|(_, y)| *y).fold(0.0, f64::max);
    draw(days, highest, |chart| {
        for (colour, points) in all {
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            chart.draw_series(points.into_iter().map(|at| Circle::new(at, 3, colour.filled())))?;
        }
        Ok(())
    })
}

type Canvas<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Fault = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// Axes, and what is drawn between them; the outermost tag is the page's affair.
fn draw(
    days: &[Day],
    highest: f64,
    inside: impl FnOnce(&mut Canvas) -> std::result::Result<(), Fault>,
) -> Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    fill(&area, days, highest, inside).map_err(|error| anyhow!("a chart fails: {error}"))?;
    drop(area);
    let inner = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
    Ok(inner.map(|(inner, _)| inner.trim().to_owned()).unwrap_or_default())
}

fn fill(
    area: &DrawingArea<SVGBackend, Shift>,
    days: &[Day],
    highest: f64,
    inside: impl FnOnce(&mut Canvas) -> std::result::Result<(), Fault>,
) -> std::result::Result<(), Fault> {
    let end = days.len() as f64 - 0.5;
    let top = (highest * 1.1).max(4.0);
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_right(6)
        .x_label_area_size(26)
        .y_label_area_size(34)
        .build_cartesian_2d(-0.5..end, 0.0..top)?;
    let font = ("sans-serif", 13).into_font().color(&INK);
    let day = |at: &f64| {
        let whole = at.fract().abs() < 1e-9 && *at >= 0.0;
        let date = whole.then(|| days.get(*at as usize)).flatten();
        date.map(|day| day.date.format("%-d %b").to_string()).unwrap_or_default()
    };
    let amount = |y: &f64| if y.fract().abs() < 1e-9 { format!("{y:.0}") } else { String::new() };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(AXIS.mix(0.35))
        .axis_style(AXIS)
        .x_labels(7)
        .y_labels(5)
        .x_label_formatter(&day)
        .y_label_formatter(&amount)
        .label_style(font)
        .draw()?;
    inside(&mut chart)?;
    area.present()
}
