//! The fold itself: what each event makes of a ledger and of a build.

use chrono::{DateTime, Utc};

use super::{
    Approval, Build, End, Ledger, Outcome, PROBE, Pause, Phase, Progress, Run, Wait, Word,
    is_refused,
};
use crate::domain::event::{Fault, Kind, Recorded};

/// Whether a person or a rule says it, rather than the attempt itself.
fn is_word(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Started(_)
            | Kind::Progressed { .. }
            | Kind::Stalled { .. }
            | Kind::Succeeded(_)
            | Kind::Failed(_)
            | Kind::Blocked { .. }
    )
}

impl Ledger {
    /// Takes in a copy of the next event, for those who go on with it.
    #[cfg(test)]
    pub fn apply(&mut self, recorded: &Recorded) {
        self.take(recorded.clone());
    }

    /// Takes in the next event of the ledger's order.
    pub fn take(&mut self, recorded: Recorded) {
        self.tip = Some(recorded.commit);
        self.last = Some(recorded.at);
        self.latest = self.latest.max(self.last);
        self.first = self.first.min(self.last).or(self.last);
        if is_refused(self, &recorded.event.kind, recorded.event.run.as_deref()) {
            self.superseded.insert(recorded.commit);
            return;
        }
        if self.apply_judgement(&recorded) {
            return;
        }
        match &recorded.event.kind {
            Kind::Approved { task, source, path, risks, until } => self.approvals.push(Approval {
                id: recorded.event.id,
                task: task.clone(),
                source: *source,
                author: recorded.author,
                commit: recorded.commit,
                path: path.clone(),
                risks: risks.clone(),
                until: *until,
                queue: recorded.event.queue,
            }),
            Kind::Unknown { task: Some(_), .. } => {}
            _ => self.take_of_a_build(recorded),
        }
    }

    fn take_of_a_build(&mut self, recorded: Recorded) {
        let Some(task) = recorded.event.kind.task() else { return self.apply_to_all(&recorded) };
        if !self.builds.contains_key(task) {
            self.builds.insert(task.clone(), Build::default());
        }
        let Some(build) = self.builds.get_mut(task) else { return };
        let builder = build.last().map(|run| run.started.builder.clone());
        if let Some(builder) = builder {
            judge_builder(&mut self.pauses, builder, &recorded);
        }
        build.take(recorded);
    }

    fn apply_to_all(&mut self, recorded: &Recorded) {
        match &recorded.event.kind {
            Kind::Paused { until, builder, reason } => {
                self.pauses.retain(|pause| pause.builder != *builder);
                self.pauses.push(Pause {
                    builder: builder.clone(),
                    until: *until,
                    reason: reason.clone(),
                    at: recorded.at,
                    author: recorded.author.clone(),
                });
            }
            Kind::Resumed { builder } => self.pauses.retain(|pause| pause.builder != *builder),
            Kind::Runner { runner } => self.runner = Some(runner.clone()),
            Kind::Reported { date } => {
                self.reported.insert(*date);
            }
            Kind::Morning { date } => {
                self.mornings.insert(*date);
            }
            _ => {}
        }
    }
}

/// A builder that could not work is paused until the time it named, else probed again after
/// [`PROBE`]; one that ended a run in any other way works.
fn judge_builder(pauses: &mut Vec<Pause>, builder: String, recorded: &Recorded) {
    let at = recorded.at;
    match &recorded.event.kind {
        Kind::Failed(failed) if failed.fault == Fault::Builder => {
            let until = failed.resumes.filter(|until| *until > at).unwrap_or(at + PROBE);
            pauses.retain(|pause| pause.builder.as_ref() != Some(&builder));
            pauses.push(Pause {
                builder: Some(builder),
                until: Some(until),
                reason: failed.reason.clone(),
                at,
                author: recorded.author.clone(),
            });
        }
        Kind::Succeeded(_) | Kind::Blocked { .. } => {
            pauses.retain(|pause| pause.builder.as_ref() != Some(&builder));
        }
        _ => {}
    }
}

impl Build {
    fn take(&mut self, recorded: Recorded) {
        let at = recorded.at;
        if is_word(&recorded.event.kind) {
            return self.apply_word(&recorded);
        }
        let text = recorded.event.body;
        match recorded.event.kind {
            Kind::Started(started) => {
                if self.is_over() {
                    self.failures = 0;
                    self.words.clear();
                }
                self.phase = Phase::Building;
                self.attempts.push(Run {
                    id: recorded.event.id,
                    started,
                    at,
                    queue: recorded.event.queue,
                    progress: None,
                    stalled: None,
                    end: None,
                });
            }
            Kind::Progressed { percent, message, tip, .. } => {
                self.run(|run| {
                    run.progress = Some(Progress { at, percent, message, tip });
                    run.stalled = None;
                });
            }
            Kind::Stalled { since, .. } => self.run(|run| run.stalled = Some(since)),
            Kind::Succeeded(succeeded) => {
                self.end(at, text, Outcome::Succeeded(succeeded));
                self.phase = Phase::Review { since: at };
                self.failures = 0;
            }
            Kind::Failed(failed) => {
                let waits = |why| Phase::Waiting { since: at, why };
                let phase = match failed.fault {
                    Fault::Task => waits(Wait::Failure),
                    Fault::Builder => waits(Wait::Builder),
                    Fault::Base => waits(Wait::Base),
                    Fault::Person => waits(Wait::Stopped),
                    Fault::Secret => Phase::Escalated { since: at },
                };
                self.failures += u32::from(failed.fault == Fault::Task);
                let outcome = Outcome::Failed {
                    fault: failed.fault,
                    reason: failed.reason,
                    tip: failed.tip,
                    base: failed.base,
                    usage: failed.usage,
                    checks: failed.checks,
                };
                self.end(at, text, outcome);
                self.phase = phase;
            }
            Kind::Blocked { question, tip, spent, .. } => {
                self.end(at, text, Outcome::Blocked { question: question.clone(), tip, spent });
                self.phase = Phase::Blocked { since: at, question };
            }
            _ => {}
        }
    }

    /// What people decide.
    fn apply_word(&mut self, recorded: &Recorded) {
        let (at, kind) = (recorded.at, &recorded.event.kind);
        match kind {
            Kind::Escalated { .. } => self.phase = Phase::Escalated { since: at },
            Kind::Rejected { attempt, .. } | Kind::Answered { attempt, .. } => {
                self.words.push(Word {
                    attempt: *attempt,
                    answer: matches!(kind, Kind::Answered { .. }),
                    author: recorded.author.clone(),
                    text: recorded.event.body.clone(),
                });
                self.phase = Phase::Waiting { since: at, why: Wait::Words };
            }
            Kind::Retried { .. } => {
                self.phase = Phase::Queued;
                self.failures = 0;
                self.words.clear();
            }
            Kind::Merged { how, edited, .. } => {
                self.phase = Phase::Merged { at, how: *how, edited: *edited };
            }
            Kind::Closed { reason, source, .. } => {
                let source = source.or(self.source());
                self.phase = Phase::Closed { at, reason: reason.clone(), source };
            }
            Kind::Cancelled { reason, source, .. } => {
                if self.phase == Phase::Building {
                    let outcome = Outcome::Cancelled { reason: reason.clone() };
                    self.end(at, recorded.event.body.clone(), outcome);
                }
                if let Phase::Merged { edited, .. } = &mut self.phase {
                    *edited = false;
                } else {
                    let source = source.or(self.source());
                    self.phase = Phase::Cancelled { at, reason: reason.clone(), source };
                }
            }
            _ => {}
        }
    }

    fn run(&mut self, change: impl FnOnce(&mut Run)) {
        if let Some(run) = self.attempts.last_mut() {
            change(run);
        }
    }

    fn end(&mut self, at: DateTime<Utc>, text: String, outcome: Outcome) {
        self.run(|run| run.end = Some(End { at, outcome, text }));
    }
}
