//! What buildq's processes do: syncs, supervisors, and their ends.

use chrono::TimeDelta;

use super::judge;
use super::steps::{How, Victim};
use super::world::{Process, Stage, World};
use crate::core::ledger::Build;
use crate::core::plan::{Action, Start};
use crate::domain::event::{Failed, Fault, Judged, Kind, Opinion, Started, Succeeded, Usage};
use crate::domain::id::{Attempt, TaskId};

/// No situation of so few tasks is due for more.
const MOST: usize = 60;

/// What a sync may do.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// It is killed after so many deeds.
    pub most: usize,
    /// Whether the supervisors that it starts begin at once.
    pub begin: bool,
    /// A task that a person wants at once.
    pub forced: Option<&'a TaskId>,
}

/// All that is due, undisturbed.
pub const WHOLE: Turn<'_> = Turn { most: MOST, begin: true, forced: None };

impl World {
    /// `commands/sync.rs`: plan, do the first thing that is due, look again.
    pub fn sync(&mut self, repo: usize, turn: Turn) {
        let mut tried: Vec<Action> = Vec::new();
        self.refused = false;
        self.tidy(repo);
        loop {
            let plan = self.plan(repo, turn.forced);
            let Some(action) = plan.actions.iter().find(|action| !tried.contains(action)) else {
                self.repos[repo].wake = plan.wake;
                self.tidy(repo);
                judge::after_sync(self, repo, &plan, turn);
                return;
            };
            if tried.len() >= turn.most {
                return;
            }
            assert!(tried.len() < MOST, "a plan that is carried out comes to an end: {tried:?}");
            let action = action.clone();
            self.act(repo, &action, turn);
            tried.push(action);
        }
    }

    fn act(&mut self, repo: usize, action: &Action, turn: Turn) {
        let kind = match action.clone() {
            Action::Start(start) => return self.start(repo, *start, turn),
            Action::Bury { task, attempt } => return self.bury(repo, &task, attempt),
            Action::Judge { task, source } => {
                let opinion = Opinion { clear: true, ..Opinion::default() };
                let builder = "agent".into();
                Kind::Judged(Judged { task, source, builder, opinion, fault: None, until: None })
            }
            Action::Report { date } => Kind::Reported { date },
            Action::Morning { date } => Kind::Morning { date },
            Action::Adopt { runner } => Kind::Runner { runner },
            Action::Merge { task, attempt, arrival } => {
                let (commit, how, edited) = (arrival.commit, arrival.how, arrival.edited);
                Kind::Merged { task, attempt, commit, how, edited }
            }
            Action::Close { task, source } => Kind::Closed { task, reason: "moved".into(), source },
            Action::Renew { task } => Kind::Retried { task, reason: "edited".into() },
            Action::Escalate { task, attempt } => Kind::Escalated { task, attempt },
        };
        let judged = matches!(kind, Kind::Judged(_));
        assert!(self.append(repo, kind, None), "what is planned follows: {action:?}");
        if judged {
            let repo = &mut self.repos[repo];
            repo.verdicts.extend(repo.ledger.judgements.values().map(|said| said.record()));
        }
    }

    fn start(&mut self, repo: usize, start: Start, turn: Turn) {
        let locked = self.locked(repo, &start.task, start.attempt);
        // By a superseded attempt of this very number, which has not looked yet.
        self.refused |= locked;
        let process = Process {
            repo,
            task: start.task.clone(),
            attempt: start.attempt,
            forced: turn.forced == Some(&start.task),
            stage: Stage::Fresh,
            start: None,
            begun: None,
            // Whoever does not get the lock leaves.
            supervisor: !locked,
            builder: false,
        };
        self.processes.push(process);
        if turn.begin && !locked {
            self.begin(self.processes.len() - 1);
        }
    }

    /// `commands/supervise/begin.rs`: planned once more, then recorded.
    fn begin(&mut self, index: usize) {
        let Process { repo, task, attempt, forced, .. } = self.processes[index].clone();
        let plan = self.plan_as(repo, forced.then_some(&task), Some((&task, attempt)));
        let due = plan.actions.into_iter().find_map(|action| match action {
            Action::Start(start) if start.task == task && start.attempt == attempt => Some(start),
            _ => None,
        });
        let clear = self.end_earlier(repo, &task, attempt);
        self.refused |= !clear;
        let Some(start) = due.filter(|_| clear) else {
            self.processes[index].supervisor = false;
            return;
        };
        judge::at_start(self, repo, &start, forced);
        let started = Started {
            task: task.clone(),
            attempt,
            runner: self.repos[repo].here.clone(),
            builder: start.builder.clone(),
            source: start.source,
            path: Some(start.path.clone()),
            base: start.base,
            title: start.title.clone(),
            estimate: start.estimate,
            upon: start.upon.clone(),
            spawned: start.spawned,
        };
        assert!(self.append(repo, Kind::Started(started), None), "a start that is due follows");
        let begun = self.repos[repo].history.last().map(|entry| entry.commit);
        self.hands.extend(begun.map(|begun| (begun, begun)));
        self.repos[repo].refs.insert((task, attempt), start.base);
        let process = &mut self.processes[index];
        (process.stage, process.begun, process.start) = (Stage::Begun, begun, Some(start));
    }

    /// What still lives of earlier attempts ends first; `false` while one of them is locked.
    fn end_earlier(&mut self, repo: usize, task: &TaskId, attempt: Attempt) -> bool {
        if (1..attempt.0).any(|earlier| self.locked(repo, task, Attempt(earlier))) {
            return false;
        }
        for process in &mut self.processes {
            if process.repo == repo && process.task == *task && process.attempt < attempt {
                process.builder = false;
            }
        }
        true
    }

    /// `commands/supervise/bury.rs`: with the lock in hand, end what lives, record the death.
    fn bury(&mut self, repo: usize, task: &TaskId, attempt: Attempt) {
        if self.locked(repo, task, attempt) {
            // A superseded attempt of this very number, which has not looked yet.
            self.refused = true;
            return;
        }
        let foreign = {
            let build = &self.repos[repo].ledger.builds[task];
            build.running().is_some_and(|run| run.started.runner != self.repos[repo].here)
        };
        let killed = self.killed.contains(&(repo, task.clone(), attempt));
        assert!(foreign || killed, "only what a fault has killed is buried: {task} {attempt}");
        self.end_strays(repo, task, attempt);
        let tip = self.repos[repo].refs.get(&(task.clone(), attempt)).copied();
        let failed = failed((task, attempt), Fault::Task, tip);
        assert!(self.append(repo, Kind::Failed(failed), None), "a death is recorded");
    }

    /// `commands/supervise/tidy.rs`: strays of attempts that the ledger has the end of.
    fn tidy(&mut self, repo: usize) {
        let builds = self.repos[repo].ledger.builds.clone();
        for (task, build) in &builds {
            for run in build.attempts.iter().filter(|run| run.end.is_some()) {
                if !self.locked(repo, task, run.number()) {
                    self.end_strays(repo, task, run.number());
                }
            }
        }
    }

    fn end_strays(&mut self, repo: usize, task: &TaskId, attempt: Attempt) {
        for process in &mut self.processes {
            if process.repo == repo && process.task == *task && process.attempt == attempt {
                process.builder = false;
            }
        }
    }

    /// The next thing that a process would do.
    pub fn go(&mut self, index: usize) {
        let process = self.processes[index].clone();
        match process.stage {
            _ if !process.supervisor => self.commit(index),
            Stage::Fresh => self.begin(index),
            Stage::Begun => {
                if !self.look(index) {
                    judge::at_builder(self, index);
                    self.processes[index].builder = true;
                    self.processes[index].stage = Stage::Building;
                }
            }
            Stage::Building if process.builder => {
                self.commit(index);
                self.progressed(index);
            }
            // Its builder was killed: that is an end as any other.
            Stage::Building => self.end(index, How::Badly),
            Stage::Ended(kind) => {
                let _: bool = self.append(process.repo, *kind, process.begun);
                self.processes[index].supervisor = false;
                self.sync(process.repo, WHOLE);
            }
        }
    }

    fn commit(&mut self, index: usize) {
        let Process { repo, task, attempt, builder, supervisor, .. } = &self.processes[index];
        if *builder && *supervisor {
            let key = (*repo, task.clone(), *attempt);
            let tip = self.fresh();
            self.repos[key.0].refs.insert((key.1, key.2), tip);
        }
    }

    fn progressed(&mut self, index: usize) {
        let Process { repo, task, attempt, begun, .. } = self.processes[index].clone();
        let tip = self.repos[repo].refs[&(task.clone(), attempt)];
        let percent = crate::domain::id::Percent::of(1, 3);
        let kind = Kind::Progressed { task, attempt, percent, message: "on it".into(), tip };
        let _: bool = self.append(repo, kind, begun);
    }

    /// A builder ends; its supervisor knows how, and has not said so yet.
    pub fn end(&mut self, index: usize, how: How) {
        if self.processes[index].stage != Stage::Building || !self.processes[index].supervisor {
            self.processes[index].builder = false;
            return;
        }
        self.commit(index);
        let Process { repo, task, attempt, start, .. } = self.processes[index].clone();
        let tip = self.repos[repo].refs[&(task.clone(), attempt)];
        let fault = |fault| Kind::Failed(failed((&task, attempt), fault, Some(tip)));
        let kind = match how {
            How::Well => Kind::Succeeded(Succeeded {
                task: task.clone(),
                attempt,
                tip,
                work: tip,
                criteria: (1, 1),
                unticked: Vec::new(),
                usage: Usage::default(),
                checks: Vec::new(),
                deliverables: Vec::new(),
                next_steps: Vec::new(),
            }),
            How::Badly => fault(Fault::Task),
            How::Unable => fault(Fault::Builder),
            How::Leaking => fault(Fault::Secret),
            How::OnBase => {
                let base = start.map(|start| start.base);
                Kind::Failed(Failed { base, ..failed((&task, attempt), Fault::Base, Some(tip)) })
            }
            How::Asking => {
                let (question, spent) = ("which one?".into(), Default::default());
                Kind::Blocked { task: task.clone(), attempt, tip, question, spent }
            }
        };
        self.processes[index].builder = false;
        self.processes[index].stage = Stage::Ended(Box::new(kind));
    }

    /// `commands/supervise/watch.rs`: what the ledger has ended, ends; whether it did.
    pub fn look(&mut self, index: usize) -> bool {
        let Process { repo, task, attempt, supervisor, stage, .. } = &self.processes[index];
        let repo = &self.repos[*repo];
        let running = repo.ledger.builds.get(task).and_then(Build::running);
        let is_it =
            running.is_some_and(|run| run.number() == *attempt && run.started.runner == repo.here);
        let over = *supervisor && *stage != Stage::Fresh && !is_it;
        if over {
            self.processes[index].supervisor = false;
            self.processes[index].builder = false;
        }
        over
    }

    /// A fault.
    pub fn kill(&mut self, index: usize, victim: Victim) {
        let sandboxed = self.setup.sandboxed;
        let process = &mut self.processes[index];
        if matches!(victim, Victim::Builder | Victim::Both) {
            process.builder = false;
        }
        if matches!(victim, Victim::Supervisor | Victim::Both) && process.supervisor {
            process.supervisor = false;
            process.builder &= !sandboxed;
            let dead = (process.repo, process.task.clone(), process.attempt);
            self.killed.insert(dead);
        }
    }

    /// Everything in one clone dies.
    pub fn crash(&mut self, repo: usize) {
        for index in 0..self.processes.len() {
            if self.processes[index].repo == repo {
                self.kill(index, Victim::Both);
            }
        }
        self.repos[repo].wake = None;
        self.pass(TimeDelta::minutes(1));
    }
}

/// A failure.
pub fn failed(
    (task, attempt): (&TaskId, Attempt),
    fault: Fault,
    tip: Option<crate::domain::id::Oid>,
) -> Failed {
    Failed {
        task: task.clone(),
        attempt,
        fault,
        reason: "exit 1".into(),
        tip,
        base: None,
        usage: Usage::default(),
        checks: Vec::new(),
        resumes: None,
    }
}
