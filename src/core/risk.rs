//! What in a task a careful owner would want to be asked about first. Advice, not a wall: a text
//! can evade it.

mod acts;
mod commands;
mod frame;
mod policy;
mod topics;
mod waits;

use serde::{Deserialize, Serialize};

use crate::core::language::reading::{Place, Reading, Said, Section};
use crate::domain::task::Task;

pub use crate::domain::risk::{KINDS, RiskKind};
pub use frame::Frame;
pub use policy::{Ask, asks};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What could go wrong.
    pub kind: RiskKind,
    /// Quoted from the task.
    pub words: String,
}

/// From this weight on a person is asked.
const ASKS: f32 = 0.75;

/// From this weight on a kind is mentioned.
const MENTIONED: f32 = 0.1;

/// Words of the task, as they stand there.
#[derive(Clone, Debug)]
struct Words(String);

/// Words that speak for a risk.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// For which.
    pub kind: RiskKind,
    /// How much they weigh: 1.0 is an order to do it.
    pub score: f32,
    /// Whether they stand in the title.
    pub titled: bool,
    words: Words,
}

/// All that speaks for a risk in a task's words and commands.
pub fn evidence(reading: &Reading, task: &Task) -> Vec<Evidence> {
    let mut found = said(reading);
    scripts(task, reading, &mut found);
    found
}

/// What of it is strong enough that a person should know of it before the task starts; at most
/// one finding of each kind, in the order of the kinds.
pub fn strong(evidence: &[Evidence]) -> Vec<Risk> {
    KINDS.iter().filter_map(|kind| strongest(*kind, evidence, ASKS)).collect()
}

/// What kind of work a task is.
pub fn frame(reading: &Reading) -> Frame {
    frame::of_task(reading)
}

/// What is mentioned of some kinds.
fn mentions(task: &Task, kinds: &[RiskKind]) -> Vec<Risk> {
    if kinds.is_empty() {
        return Vec::new();
    }
    let found = said(&Reading::of(task));
    kinds.iter().filter_map(|kind| strongest(*kind, &found, MENTIONED)).collect()
}

/// The words by which a task says itself that it is not to be started yet.
pub fn waits_in(reading: &Reading) -> Option<String> {
    waits::waits(reading)
}

/// Further words of one kind add a little to the strongest.
const FURTHER: f32 = 0.08;

fn strongest(kind: RiskKind, found: &[Evidence], asks: f32) -> Option<Risk> {
    let mine = || found.iter().filter(|evidence| evidence.kind == kind);
    let best = mine().max_by(|a, b| a.score.total_cmp(&b.score))?;
    let further = mine().filter(|evidence| evidence.score >= 0.4).count().saturating_sub(1);
    let score = best.score + FURTHER * further.min(3) as f32;
    (score >= asks).then(|| Risk { kind, words: best.words.0.clone() })
}

/// The evidence in all that is said.
fn said(reading: &Reading) -> Vec<Evidence> {
    let task = frame::of_task(reading);
    let mut all = Vec::new();
    for said in &reading.said {
        let share = section(said);
        if share == 0.0 {
            continue;
        }
        let clause = frame::frame(&said.clause);
        let weak = if task.share() < clause.share() { task } else { clause };
        let mut found = Vec::new();
        acts::acts(&said.clause, clause, &mut found);
        let trial = if matches!(task, Frame::Test | Frame::Document) { 0.5 } else { 1.0 };
        found.iter_mut().for_each(|evidence| evidence.score *= trial);
        topics::topics(said, weak, &mut found);
        for evidence in &mut found {
            evidence.score *= share;
            evidence.titled = said.place == Place::Title;
        }
        all.append(&mut found);
    }
    all
}

/// A line without bullet and code marks.
fn bare(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_whitespace() || "-*`$>.1234567890)".contains(c))
}

/// How much what is said in a part of the task weighs.
fn section(said: &Said) -> f32 {
    let place = match said.place {
        Place::Heading => 0.95,
        Place::Title | Place::Item | Place::Text | Place::Criterion => 1.0,
    };
    place
        * match said.section {
            Section::Task => 1.0,
            Section::Open | Section::Waiting => 0.8,
            Section::Tech => 0.7,
            Section::Background => 0.4,
            Section::Files => 0.3,
            Section::Excluded | Section::Meta => 0.0,
        }
}

/// The evidence in commands: steps and checks are run; other shell code is shown to be run,
/// unless it is shown to tell how things are.
fn scripts(task: &Task, reading: &Reading, found: &mut Vec<Evidence>) {
    let steps = task.steps.iter().flat_map(|step| step.script.lines());
    let checks: Vec<String> = task.verify.iter().map(|check| check.argv.join(" ")).collect();
    for line in steps.chain(checks.iter().map(String::as_str)) {
        commands::commands(line, found);
    }
    for line in task.description.lines().map(bare) {
        if commands::is_command(line) {
            commands::commands(line, found);
        }
    }
    for shown in reading.shown.iter().filter(|shown| shown.shell) {
        if !matches!(shown.section, Section::Background | Section::Excluded) {
            let mut here = Vec::new();
            commands::commands(shown.line, &mut here);
            found.extend(here.into_iter().filter(|e| e.kind != RiskKind::External));
        }
    }
}

#[cfg(test)]
#[path = "risk/tests.rs"]
mod situations;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn told(text: &str) -> String {
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        let task = parsed.task.unwrap();
        let risks = strong(&evidence(&Reading::of(&task), &task));
        let lines: Vec<_> =
            risks.iter().map(|r| format!("{}: {}", r.kind.name(), r.words)).collect();
        lines.join("; ")
    }

    #[test]
    fn risky_words_are_quoted() {
        let mut wrong = Vec::new();
        for (text, risks) in [
            ("Deploy the API.", "production: Deploy the API"),
            ("Then send the weekly emails.", "external: send the weekly emails"),
            ("Charge the customer through Stripe.", "financial: Stripe"),
            ("Delete all of last year's logs", "destructive: Delete all"),
            ("DROP the old users table", "destructive: DROP the old users table"),
            ("Store the API keys", "sensitive: Store the API keys"),
            ("Grant the bot access", "access: Grant the bot access"),
            ("Rewrite the parser from scratch", "architecture: Rewrite the parser from scratch"),
            ("Text\n```sh\nrm -rf \"$HOME\"/x\n```", "destructive: rm -rf \"$HOME\"/x"),
            ("Text\n```sh\ncd a && rm -r -f /\n```", "destructive: rm -r -f /"),
            (
                "Text\n```sh\ngit push --force\n```",
                "production: git push; destructive: git push --force",
            ),
            ("Text\n```sh\nsudo make install\n```", "access: sudo"),
        ] {
            if told(text) != risks {
                wrong.push(format!("{text}: {}", told(text)));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn what_is_denied_or_only_spoken_of_is_no_risk() {
        for text in [
            "Write hello.txt with a greeting",
            "Do not deploy anything.",
            "Never delete all records.",
            "Test the delete all command",
            "Document how to deploy the API",
            "Add tests for payment parsing",
            "Fix the typo in the password label",
            "Text\n```sh\nrm -rf target/x build\n```",
            "Fix the tokenizer; it drops the last token",
        ] {
            assert_eq!(told(text), "", "{text}");
        }
    }
}
