//! The fold itself: what each event makes of a ledger and of a build.

use chrono::{DateTime, Utc};

use super::{
    Approval, Build, End, Ledger, Outcome, PROBE, Pause, Phase, Progress, Run, Wait, Word, refusal,
};
use crate::domain::event::{Fault, Kind, Recorded};

impl Ledger {
    /// Takes in the next event of the ledger's order.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.tip = Some(recorded.commit);
        self.last = Some(recorded.at);
        self.latest = self.latest.max(self.last);
        if refusal(self, &recorded.event.kind, recorded.event.run.as_deref()).is_some() {
            self.superseded.insert(recorded.commit);
            return;
        }
        if self.apply_judgement(recorded) {
            return;
        }
        match recorded.event.kind.task() {
            Some(task) => {
                if let Kind::Approved { task, source, path, risks, until } = &recorded.event.kind {
                    self.approvals.push(Approval {
                        id: recorded.event.id.clone(),
                        task: task.clone(),
                        source: *source,
                        author: recorded.author.clone(),
                        commit: recorded.commit,
                        path: path.clone(),
                        risks: risks.clone(),
                        until: *until,
                        queue: recorded.event.queue,
                    });
                } else if !matches!(recorded.event.kind, Kind::Unknown { .. }) {
                    let build = self.builds.entry(task.clone()).or_default();
                    build.apply(recorded);
                    let builder = build.last().map(|run| run.started.builder.clone());
                    self.judge_builder(builder, recorded);
                }
            }
            None => self.apply_to_all(recorded),
        }
    }

    /// A builder that could not work is paused until the time it named, else probed again after
    /// [`PROBE`]; one that ended a run in any other way works.
    fn judge_builder(&mut self, builder: Option<String>, recorded: &Recorded) {
        let (Some(builder), at) = (builder, recorded.at) else { return };
        match &recorded.event.kind {
            Kind::Failed(failed) if failed.fault == Fault::Builder => {
                let until = failed.resumes.filter(|until| *until > at).unwrap_or(at + PROBE);
                self.pauses.retain(|pause| pause.builder.as_ref() != Some(&builder));
                self.pauses.push(Pause {
                    builder: Some(builder),
                    until: Some(until),
                    reason: failed.reason.clone(),
                    at,
                    author: recorded.author.clone(),
                });
            }
            Kind::Succeeded(_) | Kind::Blocked { .. } => {
                self.pauses.retain(|pause| pause.builder.as_ref() != Some(&builder));
            }
            _ => {}
        }
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

impl Build {
    fn apply(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        let text = recorded.event.body.clone();
        match &recorded.event.kind {
            Kind::Started(started) => {
                if self.is_over() {
                    self.failures = 0;
                    self.words.clear();
                }
                self.phase = Phase::Building;
                self.attempts.push(Run {
                    id: recorded.event.id.clone(),
                    started: started.clone(),
                    at,
                    queue: recorded.event.queue,
                    progress: None,
                    stalled: None,
                    end: None,
                });
            }
            Kind::Progressed { percent, message, tip, .. } => {
                let (percent, message, tip) = (*percent, message.clone(), *tip);
                self.run(|run| {
                    run.progress = Some(Progress { at, percent, message, tip });
                    run.stalled = None;
                });
            }
            Kind::Stalled { since, .. } => self.run(|run| run.stalled = Some(*since)),
            Kind::Succeeded(succeeded) => {
                self.end(at, text, Outcome::Succeeded(succeeded.clone()));
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
                    reason: failed.reason.clone(),
                    tip: failed.tip,
                    base: failed.base,
                    usage: failed.usage.clone(),
                    checks: failed.checks.clone(),
                };
                self.end(at, text, outcome);
                self.phase = phase;
            }
            Kind::Blocked { question, tip, spent, .. } => {
                let question = question.clone();
                let (tip, spent) = (*tip, spent.clone());
                self.end(at, text, Outcome::Blocked { question: question.clone(), tip, spent });
                self.phase = Phase::Blocked { since: at, question };
            }
            other => self.apply_word(other, recorded),
        }
    }

    /// What people decide.
    fn apply_word(&mut self, kind: &Kind, recorded: &Recorded) {
        let at = recorded.at;
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
