//! What people do: edit, merge, and say things. Each verb is as strict as the command of its name.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::acts::{Turn, WHOLE, failed};
use super::steps::{Step, Word};
use super::texts::{Text, id};
use super::world::{Entry, World, replayed};
use crate::core::ledger::{Build, Phase};
use crate::domain::event::{Fault, Kind, Merge};
use crate::domain::id::{Attempt, TaskId};

impl World {
    /// One step.
    pub fn step(&mut self, step: &Step) {
        self.processes.retain(super::world::Process::lives);
        let process = |n: usize| n.checked_rem(self.processes.len());
        match step.clone() {
            Step::Pass(minutes) => self.pass(TimeDelta::minutes(minutes.into())),
            Step::Clock(minutes) => {
                let set = self.now.checked_add_signed(TimeDelta::minutes(minutes.into()));
                self.now = set.unwrap_or(self.now);
            }
            Step::Commit(repo, task, text) => self.write(repo, &id(task), text),
            Step::Remove(repo, task) => {
                self.repos[repo].queue.remove(&id(task));
            }
            Step::File(repo, task) => self.file(repo, &id(task)),
            Step::Merge(repo, task) => self.merge(repo, &id(task)),
            Step::Base(repo) => self.repos[repo].base = self.fresh(),
            Step::Sync(repo, most) => self.sync(repo, Turn { most: most.into(), ..WHOLE }),
            Step::Slow(repo) => self.sync(repo, Turn { begin: false, ..WHOLE }),
            Step::Go(n) => process(n).into_iter().for_each(|n| self.go(n)),
            Step::End(n, how) => process(n).into_iter().for_each(|n| self.end(n, how)),
            Step::Look(n) => process(n).into_iter().for_each(|n| {
                let _: bool = self.look(n);
            }),
            Step::Kill(n, victim) => process(n).into_iter().for_each(|n| self.kill(n, victim)),
            Step::Crash(repo) => self.crash(repo),
            Step::Say(repo, task, word) => self.say(repo, &id(task), word),
            Step::Pause(repo, until, now) => self.pause(repo, until, now),
            Step::Resume(repo, all) => {
                let builder = (!all).then(|| "steps".to_owned());
                let _: bool = self.append(repo, Kind::Resumed { builder }, None);
            }
            Step::Adopt(repo) => self.adopt(repo),
            Step::Push(repo) => self.push(repo),
            Step::Join(repo) => self.join(repo),
            Step::Trust(repo) => self.repos[repo].trusted ^= true,
            Step::Meeting(repo) => self.repos[repo].meeting ^= true,
            Step::Agent(repo) => self.repos[repo].missing ^= true,
        }
    }

    fn write(&mut self, repo: usize, task: &TaskId, text: Text) {
        let repo = &mut self.repos[repo];
        repo.own.insert(text.blob(task));
        repo.queue.insert(task.clone(), text);
    }

    fn file(&mut self, repo: usize, task: &TaskId) {
        if let Some(text) = self.repos[repo].queue.remove(task) {
            self.repos[repo].done.insert(task.clone(), text.blob(task));
        }
    }

    /// The branch of a finished build comes into the base, and with it the file in `done/`.
    fn merge(&mut self, repo: usize, task: &TaskId) {
        let build = self.repos[repo].ledger.builds.get(task);
        let finished = build.and_then(Build::last).filter(|run| run.is_done());
        let Some((tip, source)) = finished.map(|run| (run.tip(), run.started.source)) else {
            return;
        };
        let base = self.fresh();
        let repo = &mut self.repos[repo];
        (repo.base, _) = (base, repo.merged.insert(tip));
        repo.done.insert(task.clone(), source);
        if repo.queue.get(task).is_some_and(|text| text.blob(task) == source) {
            repo.queue.remove(task);
        }
    }

    /// A verb about one task; what the command refuses, it refuses.
    pub fn say(&mut self, repo: usize, task: &TaskId, word: Word) {
        let text = self.repos[repo].queue.get(task).copied();
        let build = self.repos[repo].ledger.builds.get(task).cloned().unwrap_or_default();
        let last = build.last().map(|run| run.number());
        let kind = match (word, &build.phase, last, text) {
            (Word::Approve | Word::ApproveForAnHour, _, _, Some(text)) => {
                return self.approve(repo, task, text, matches!(word, Word::ApproveForAnHour));
            }
            (Word::Reject, Phase::Review { .. }, Some(attempt), _) => {
                Kind::Rejected { task: task.clone(), attempt }
            }
            (Word::Answer, Phase::Blocked { .. }, Some(attempt), _) => {
                Kind::Answered { task: task.clone(), attempt }
            }
            (Word::Retry, phase, Some(_), Some(_)) if *phase != Phase::Building => {
                Kind::Retried { task: task.clone(), reason: "by hand".into() }
            }
            (Word::Cancel, _, last, text) if last.is_some() || text.is_some() => {
                let source = text.map(|text| text.blob(task));
                Kind::Cancelled { task: task.clone(), reason: "by hand".into(), source }
            }
            (Word::Fail, Phase::Building | Phase::Review { .. }, Some(attempt), _) => {
                let tip = self.repos[repo].refs.get(&(task.clone(), attempt)).copied();
                Kind::Failed(failed((task, attempt), Fault::Task, tip))
            }
            (Word::Accept, Phase::Review { .. }, Some(attempt), _) => {
                self.merge(repo, task);
                let (commit, how) = (self.repos[repo].base, Merge::Accepted);
                Kind::Merged { task: task.clone(), attempt, commit, how, edited: false }
            }
            (Word::Spawn, ..) => {
                return self.sync(repo, Turn { forced: Some(task), ..WHOLE });
            }
            _ => return,
        };
        if self.append(repo, kind, None) {
            self.sync(repo, WHOLE);
        }
    }

    fn approve(&mut self, repo: usize, task: &TaskId, text: Text, brief: bool) {
        let (item, judged) = text.item(task);
        let kinds = judged.into_iter().flat_map(|judged| judged.risks);
        let kinds: BTreeSet<_> = kinds.map(|risk| risk.kind.name().to_owned()).collect();
        let kind = Kind::Approved {
            task: task.clone(),
            source: item.blob,
            path: Some(item.path),
            risks: Some(kinds.into_iter().collect()),
            until: brief.then(|| self.now + TimeDelta::hours(1)),
        };
        if self.append(repo, kind, None) {
            let repo = &mut self.repos[repo];
            repo.approvals.extend(repo.ledger.approvals.last().map(|given| given.record()));
        }
        self.sync(repo, WHOLE);
    }

    fn pause(&mut self, repo: usize, until: Option<u16>, now: bool) {
        let until = until.map(|minutes| self.now + TimeDelta::minutes(minutes.into()));
        let kind = Kind::Paused { until, builder: None, reason: "lunch".into() };
        let _: bool = self.append(repo, kind, None);
        if now {
            self.stop_all(repo);
        }
    }

    fn stop_all(&mut self, repo: usize) {
        let ledger = &self.repos[repo].ledger;
        let running = ledger.builds.iter().filter_map(|(id, b)| Some((id.clone(), b.running()?)));
        let running: Vec<(TaskId, Attempt)> = running.map(|(id, run)| (id, run.number())).collect();
        for (task, attempt) in running {
            let tip = self.repos[repo].refs.get(&(task.clone(), attempt)).copied();
            let failed = failed((&task, attempt), Fault::Person, tip);
            let _: bool = self.append(repo, Kind::Failed(failed), None);
        }
    }

    fn adopt(&mut self, repo: usize) {
        let runner = self.repos[repo].here.clone();
        if self.repos[repo].ledger.runner.as_ref() == Some(&runner) {
            return;
        }
        self.stop_all(repo);
        let _: bool = self.append(repo, Kind::Runner { runner }, None);
        self.sync(repo, WHOLE);
    }

    /// `git push` of everything: git takes only what the other side is an ancestor of.
    fn push(&mut self, from: usize) {
        let to = 1 - from;
        if !self.commits(to).is_subset(&self.commits(from)) {
            return;
        }
        let source = self.repos[from].clone();
        let repo = &mut self.repos[to];
        (repo.history, repo.ledger) = (source.history, source.ledger);
        (repo.queue, repo.done) = (source.queue, source.done);
        (repo.base, repo.merged) = (source.base, source.merged);
        repo.refs.extend(source.refs);
    }

    /// `git merge` of the other ledger: first parent, then the rest of the second.
    fn join(&mut self, at: usize) {
        let (known, theirs) = (self.commits(at), self.commits(1 - at));
        if theirs.is_subset(&known) {
            return;
        }
        let other = self.repos[1 - at].clone();
        if known.is_subset(&theirs) {
            (self.repos[at].history, self.repos[at].ledger) = (other.history, other.ledger);
            return;
        }
        let rest = other.history.into_iter().filter(|entry| !known.contains(&entry.commit));
        let commit = self.fresh();
        let repo = &mut self.repos[at];
        repo.history.extend(rest.chain([Entry { commit, recorded: None }]));
        repo.ledger = replayed(&repo.history);
        repo.refs.extend(other.refs);
    }
}
