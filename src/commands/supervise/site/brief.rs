//! What a builder is told: its task, and all that was tried and said before.

use anyhow::Result;

use super::Site;
use crate::core::ledger::{Outcome, Word};
use crate::render::prompt::{self, CriterionView, FailureView, PromptView, WordsKind, WordsView};

impl Site<'_> {
    pub(super) fn prompt(&self) -> Result<String> {
        let (world, start, task) = (&self.begun.world, &self.begun.start, &self.begun.task);
        let path = format!("{}/{}", world.config.queue_dir, prompt::OVERRIDE);
        let own = world.queue.tip.and_then(|tip| world.repo.file(tip, &path));
        let own = own.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let checks = world.config.verify.iter().chain(&task.verify);
        let view = PromptView {
            task: start.task.to_string(),
            title: task.title.clone(),
            text: task.description.clone(),
            criteria: task
                .criteria
                .iter()
                .map(|c| CriterionView { text: c.text.clone(), done: c.done })
                .collect(),
            tech: task.tech.clone(),
            estimate: task.estimate.map(crate::render::text::span).unwrap_or_default(),
            due: String::new(),
            task_file: start.path.clone(),
            attempt: start.attempt.0,
            branch: world.branch_of(&start.task),
            base_branch: world.base_branch(),
            base_short: start.base.short(),
            continues: self.continues(),
            checks: checks.map(|check| shell_words::join(&check.argv)).collect(),
            failures: self.failures(),
            words: self.words(),
        };
        // What an earlier attempt printed before a value was a secret is not told again.
        Ok(world.masks().mask(&prompt::prompt(&view, own.as_deref())?))
    }

    fn continues(&self) -> bool {
        let build = self.begun.world.ledger.builds.get(&self.begun.start.task);
        let earlier = build.into_iter().flat_map(|build| &build.attempts);
        let mut earlier = earlier.filter(|run| run.number() < self.begun.start.attempt);
        earlier.any(|run| run.work() == self.begun.start.base && run.work() != run.started.base)
    }

    fn failures(&self) -> Vec<FailureView> {
        let build = self.begun.world.ledger.builds.get(&self.begun.start.task);
        let runs = build.into_iter().flat_map(|build| &build.attempts);
        let failed = runs.filter_map(|run| {
            let end = run.end.as_ref()?;
            let Outcome::Failed { reason, .. } = &end.outcome else { return None };
            let (attempt, reason) = (run.number().0, reason.clone());
            Some(FailureView { attempt, reason, last_lines: end.text.clone() })
        });
        failed.collect()
    }

    fn words(&self) -> Vec<WordsView> {
        self.told_before().into_iter().chain(self.told_since()).collect()
    }

    /// What a judge asked of this very text, and what a person answered here.
    fn told_before(&self) -> Vec<WordsView> {
        let world = &self.begun.world;
        let judgement = world.ledger.judgements.get(&self.begun.start.source);
        let Some(judgement) = judgement.filter(|judgement| judgement.asks()) else {
            return Vec::new();
        };
        let questions = judgement.judged.opinion.questions.join(" ");
        let ours = judgement.answers.iter();
        let ours = ours.filter(|answer| world.seen.approvals.contains(&answer.record(judgement)));
        let view = |answer: &crate::core::ledger::Answer| WordsView {
            kind: WordsKind::Before,
            attempt: 0,
            question: questions.clone(),
            by: answer.author.clone(),
            text: answer.text.clone(),
        };
        ours.map(view).collect()
    }

    fn told_since(&self) -> Vec<WordsView> {
        let Some(build) = self.begun.world.ledger.builds.get(&self.begun.start.task) else {
            return Vec::new();
        };
        let question = |attempt| {
            let run = build.attempts.iter().find(|run| run.number() == attempt);
            run.and_then(|run| Some(run.end.as_ref()?.text.clone())).unwrap_or_default()
        };
        let view = |word: &Word| WordsView {
            kind: if word.answer { WordsKind::Answer } else { WordsKind::Feedback },
            attempt: word.attempt.0,
            question: if word.answer { question(word.attempt) } else { String::new() },
            by: word.author.clone(),
            text: word.text.clone(),
        };
        build.words.iter().map(view).collect()
    }
}
