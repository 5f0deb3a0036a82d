//! A small linear model beside the rules: it weighs the words of a task and what the rules found
//! in them, and so asks also where no rule knows the words.
//!
//! Its weights were fitted by logistic regression to tasks that people have labelled
//! (`tests/judgement/fit.py`); every weight belongs to a word or to a finding of a rule, so what
//! caused a verdict can be told. It only ever holds more than the rules do.

mod features;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::core::language::reading::{Place, Reading, Section};
use crate::core::risk::{KINDS, RiskKind};
use crate::domain::task::Task;

pub use features::{Found, Part, Words, findings};

/// The weights, in hundredths: see the head of the file.
const WEIGHTS: &str = include_str!("model/weights.tsv");

/// What the model answers: whether to ask, whether it is unclear, and for each kind how likely it
/// is the one.
const ANSWERS: usize = 2 + KINDS.len();
const ASK: usize = 0;
const UNCLEAR: usize = 1;

type Row = [f32; ANSWERS];

struct Weights {
    bias: Row,
    title: HashMap<&'static str, Row>,
    text: HashMap<&'static str, Row>,
    rules: HashMap<&'static str, Row>,
}

static MODEL: LazyLock<Weights> = LazyLock::new(|| Weights::read(WEIGHTS));

impl Weights {
    /// Reads lines of a mark, a name and the weights, parted by tabs; marks are `bias`, `title`,
    /// `text`, `rule`. Weights that a line leaves out are zero.
    fn read(text: &'static str) -> Self {
        let none = || HashMap::new();
        let mut weights = Self { bias: [0.0; ANSWERS], title: none(), text: none(), rules: none() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let (Some(mark), Some(name)) = (fields.next(), fields.next()) else { continue };
            let mut row = [0.0; ANSWERS];
            for (at, field) in fields.enumerate().take(ANSWERS) {
                row[at] = field.parse::<f32>().unwrap_or(0.0) / 100.0;
            }
            match mark {
                "title" => weights.title.insert(name, row),
                "text" => weights.text.insert(name, row),
                "rule" => weights.rules.insert(name, row),
                _ => Some(std::mem::replace(&mut weights.bias, row)),
            };
        }
        weights
    }

    fn look(&self, part: Part, name: &str) -> Option<&Row> {
        match part {
            Part::Title => self.title.get(name),
            Part::Text => self.text.get(name),
            Part::Rule => self.rules.get(name),
        }
    }
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
    let model = &*MODEL;
    let mut sum = model.bias;
    let mut add = |part, name: &str, size: f32| {
        if let Some(row) = model.look(part, name) {
            sum.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * size);
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
    let model = &*MODEL;
    let weight = |said: &&crate::core::language::reading::Said| -> f32 {
        let units = said.clause.units.iter();
        let text: String =
            units.flat_map(|unit| [&said.clause.text[unit.at.clone()], " "]).collect();
        let of = |part: Part, word: &str| model.look(part, word).map_or(0.0, |row| row[ASK]);
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
    fn every_line_of_the_weights_is_read() {
        for (index, line) in WEIGHTS.lines().enumerate().filter(|(_, line)| !line.starts_with('#'))
        {
            let fields: Vec<&str> = line.split('\t').collect();
            assert!(
                ["bias", "title", "text", "rule"].contains(&fields[0]),
                "weights.tsv:{}: {line}",
                index + 1
            );
            assert!(fields.len() <= 2 + ANSWERS, "weights.tsv:{}: {line}", index + 1);
            let numbers =
                fields[2..].iter().all(|field| field.is_empty() || field.parse::<i32>().is_ok());
            assert!(numbers, "weights.tsv:{}: {line}", index + 1);
        }
        assert!(MODEL.text.len() > 1000 && MODEL.title.len() > 1000 && MODEL.rules.len() > 30);
    }
}
