//! A small linear model beside the rules: it weighs the words of a task and what the rules found
//! in them, and so asks also where no rule knows the words.
//!
//! Its weights were fitted by logistic regression to tasks that people have labelled
//! (`tests/judgement/fit.py`); every weight belongs to a word or to a finding of a rule, so what
//! caused a verdict can be told. It only ever holds more than the rules do.

mod features;

use crate::core::language::reading::{Place, Reading, Section};
use crate::core::risk::{KINDS, RiskKind};
use crate::domain::task::Task;

pub use features::{Found, Part, Words, findings};

/// What the model answers: whether to ask, whether it is unclear, and for each kind how likely it
/// is the one.
const ANSWERS: usize = 2 + KINDS.len();
const ASK: usize = 0;
const UNCLEAR: usize = 1;

/// Weights in hundredths.
type Row = [i16; ANSWERS];

// `BIAS`, `TITLE`, `TEXT` and `RULES`: `build.rs` makes them of `model/weights.tsv`.
include!(concat!(env!("OUT_DIR"), "/weights.rs"));

fn look(part: Part, name: &str) -> Option<&'static Row> {
    match part {
        Part::Title => TITLE.get(name),
        Part::Text => TEXT.get(name),
        Part::Rule => RULES.get(name),
    }
}

fn whole(hundredths: i16) -> f32 {
    f32::from(hundredths) / 100.0
}

/// What the model thinks of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opinion {
    /// Logarithm of the odds that a careful owner would want to be asked, less what it takes to
    /// ask: from 0 on a person is asked.
    pub ask: f32,
    /// The same for a text that leaves open what is meant.
    pub unclear: f32,
    /// The kind of risk that fits best.
    pub kind: RiskKind,
}

/// Weighs a task.
pub fn opinion(task: &Task, found: &Found) -> Opinion {
    let mut sum = BIAS.map(whole);
    let mut add = |part, name: &str, size: f32| {
        if let Some(row) = look(part, name) {
            sum.iter_mut().zip(row).for_each(|(sum, weight)| *sum += whole(*weight) * size);
        }
    };
    Words::of(task).each(&mut add);
    findings(found, |name, size| add(Part::Rule, name, size));
    let kinds = KINDS.iter().zip(&sum[2..]);
    let best = kinds.max_by(|a, b| a.1.total_cmp(b.1));
    let kind = best.map_or(RiskKind::Production, |(kind, _)| *kind);
    Opinion { ask: sum[ASK], unclear: sum[UNCLEAR], kind }
}

/// Words that weigh less than this are no reason to ask.
const LEAST: f32 = 0.05;

/// The clause whose words speak most for asking, as it stands in the task; `None` where none do.
pub fn words(reading: &Reading, task: &Task) -> Option<String> {
    let weight = |said: &&crate::core::language::reading::Said| -> f32 {
        let units = said.clause.units.iter();
        let text: String =
            units.flat_map(|unit| [&said.clause.text[unit.at.clone()], " "]).collect();
        let of = |part: Part, word: &str| look(part, word).map_or(0.0, |row| whole(row[ASK]));
        let sum: f32 = features::stems(&text)
            .map(|word| {
                let titled = if said.place == Place::Title { of(Part::Title, &word) } else { 0.0 };
                titled + of(Part::Text, &word)
            })
            .sum();
        sum / (said.clause.units.len() as f32 + 3.0).sqrt()
    };
    let counts = |said: &&crate::core::language::reading::Said| {
        !matches!(said.section, Section::Excluded | Section::Meta)
            && (task.titled || said.place != Place::Title)
    };
    let heavy = reading.said.iter().filter(counts).map(|said| (said, weight(&said)));
    let (said, most) = heavy.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (most >= LEAST).then(|| said.clause.quote(0..said.clause.units.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_weights_is_in_its_table() {
        let weights = include_str!("model/weights.tsv");
        for line in weights.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let (mark, name) = (fields.next().unwrap(), fields.next().unwrap());
            let row = match mark {
                "bias" => Some(&BIAS),
                "title" => look(Part::Title, name),
                "text" => look(Part::Text, name),
                _ => look(Part::Rule, name),
            };
            let row = row.unwrap_or_else(|| panic!("{line}"));
            let told = fields.chain(std::iter::repeat("")).take(ANSWERS);
            let told: Vec<i16> = told.map(|field| field.parse().unwrap_or(0)).collect();
            assert_eq!(row.as_slice(), told, "{line}");
        }
        assert!(TEXT.len() > 1000 && TITLE.len() > 1000 && RULES.len() > 30);
    }
}
