//! The simulated world: two clones, their refs and processes, two clocks, and the side record of
//! who lived when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::steps::Setup;
use super::texts::{NAMES, Text, id};
use crate::core::calendar::Busy;
use crate::core::ledger::{Build, Ledger, Phase, Run, refusal};
use crate::core::plan::{self, Plan, Start};
use crate::core::queue::Queue;
use crate::core::situation::{Arrival, Doubt, Observations, Origin, Situation, Trust};
use crate::domain::config::{Builder, Config, Judge};
use crate::domain::event::{Event, Kind, Merge, Recorded};
use crate::domain::id::{Attempt, Oid, TaskId};

/// An object's name from a number.
pub fn number(n: u64) -> Oid {
    format!("{n:040x}").parse().unwrap()
}

/// A commit of the ledger: an event, or a merge of two ledgers.
#[derive(Clone, Debug)]
pub struct Entry {
    pub commit: Oid,
    pub recorded: Option<Recorded>,
}

/// One clone with all that is its own.
#[derive(Clone, Debug)]
pub struct Repo {
    pub here: String,
    pub history: Vec<Entry>,
    pub ledger: Ledger,
    pub queue: BTreeMap<TaskId, Text>,
    pub done: BTreeMap<TaskId, Oid>,
    pub base: Oid,
    pub merged: BTreeSet<Oid>,
    pub own: BTreeSet<Oid>,
    pub approvals: BTreeSet<String>,
    pub verdicts: BTreeSet<String>,
    pub refs: BTreeMap<(TaskId, Attempt), Oid>,
    pub trusted: bool,
    pub meeting: bool,
    pub missing: bool,
    pub wake: Option<DateTime<Utc>>,
}

/// How far a supervisor is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It has been started, and has the lock.
    Fresh,
    /// `started` stands in the ledger.
    Begun,
    /// Its builder is at work, or has been.
    Building,
    /// The builder has ended; this is to be recorded.
    Ended(Box<Kind>),
}

/// One attempt's processes.
#[derive(Clone, Debug)]
pub struct Process {
    pub repo: usize,
    pub task: TaskId,
    pub attempt: Attempt,
    pub forced: bool,
    pub stage: Stage,
    pub start: Option<Box<Start>>,
    pub begun: Option<Oid>,
    pub supervisor: bool,
    pub builder: bool,
}

/// Everything.
pub struct World {
    pub now: DateTime<Utc>,
    /// Time that has passed, whatever the clock says.
    pub steady: TimeDelta,
    pub setup: Setup,
    pub config: Config,
    pub repos: [Repo; 2],
    pub processes: Vec<Process>,
    /// Which attempt's supervisor wrote an event: the commit of that attempt's `started`.
    pub hands: BTreeMap<Oid, Oid>,
    /// Which clone wrote an event.
    pub writers: BTreeMap<Oid, usize>,
    /// Attempts whose supervisor was killed, by clone.
    pub killed: BTreeSet<(usize, TaskId, Attempt)>,
    /// Something was not done, since an earlier builder was still being ended.
    pub refused: bool,
    count: u64,
}

impl World {
    /// An evening, an empty queue, nobody has adopted it.
    pub fn new(setup: &Setup) -> Self {
        let repo = |n: usize| Repo {
            here: format!("host{n}/{n}"),
            history: Vec::new(),
            ledger: Ledger::default(),
            queue: BTreeMap::new(),
            done: BTreeMap::new(),
            base: number(900),
            merged: BTreeSet::new(),
            own: BTreeSet::new(),
            approvals: BTreeSet::new(),
            verdicts: BTreeSet::new(),
            refs: BTreeMap::new(),
            trusted: true,
            meeting: false,
            missing: false,
            wake: None,
        };
        Self {
            now: "2026-02-07T18:00:00Z".parse().unwrap(),
            steady: TimeDelta::zero(),
            setup: setup.clone(),
            config: config(setup),
            repos: [repo(0), repo(1)],
            processes: Vec::new(),
            hands: BTreeMap::new(),
            writers: BTreeMap::new(),
            killed: BTreeSet::new(),
            refused: false,
            count: 0,
        }
    }

    /// A new object.
    pub fn fresh(&mut self) -> Oid {
        self.count += 1;
        number(0xc000_0000 + self.count)
    }

    /// Time passes; nobody sets the clock.
    pub fn pass(&mut self, time: TimeDelta) {
        self.now = self.now.checked_add_signed(time).unwrap_or(self.now);
        self.steady += time;
    }

    /// The tip of a clone's queue branch: the same for the same files.
    pub fn queue_tip(&self, repo: usize) -> Oid {
        let files = self.repos[repo].queue.iter();
        let sum = files.fold(7_u64, |sum, (id, text)| {
            let blob = text.blob(id).0;
            blob.iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
        });
        number(sum | 1 << 63)
    }

    /// Appends as the program does: refused where the event does not follow. What is kept is what
    /// can be read back from the text.
    pub fn append(&mut self, repo: usize, kind: Kind, hand: Option<Oid>) -> bool {
        let run = hand.and_then(|hand| self.event_id(hand)).filter(|_| !is_begin(&kind));
        if refusal(&self.repos[repo].ledger, &kind, run.as_deref()).is_some() {
            return false;
        }
        let commit = self.fresh();
        let body = if self.count.is_multiple_of(3) { "said.\n\n---\nKey: value" } else { "" };
        let (id, queue) = (self.count.to_string(), Some(self.queue_tip(repo)));
        let run = run.or_else(|| spoken_of(&self.repos[repo].ledger, &kind));
        let event = Event { id, kind, queue, run, body: body.into() };
        let read = Event::parse(&event.message());
        assert_eq!(read.as_ref(), Some(&event), "an event is read back as it was written");
        let subject = event.kind.subject();
        let recorded = Recorded { commit, at: self.now, author: "Ada".into(), subject, event };
        self.writers.insert(commit, repo);
        let repo = &mut self.repos[repo];
        repo.ledger.apply(&recorded);
        assert!(!repo.ledger.superseded.contains(&commit), "what was accepted is not superseded");
        repo.history.push(Entry { commit, recorded: Some(recorded) });
        self.hands.extend(hand.map(|hand| (commit, hand)));
        true
    }

    /// The id of the event in a commit.
    fn event_id(&self, commit: Oid) -> Option<String> {
        let histories = self.repos.iter().flat_map(|repo| repo.history.iter().rev());
        let mut events = histories.filter_map(|entry| entry.recorded.as_ref());
        events.find(|recorded| recorded.commit == commit).map(|it| it.event.id.clone())
    }

    /// The supervisors and builders of one attempt in one clone.
    pub fn of<'a>(
        &'a self,
        repo: usize,
        task: &'a TaskId,
        attempt: Attempt,
    ) -> impl Iterator<Item = &'a Process> {
        let is_it = move |p: &&Process| {
            p.repo == repo && p.task == *task && p.attempt == attempt && p.lives()
        };
        self.processes.iter().filter(is_it)
    }

    /// Whether the lock of an attempt is held: by its supervisor, or by the sandbox.
    pub fn locked(&self, repo: usize, task: &TaskId, attempt: Attempt) -> bool {
        let sandboxed = self.setup.sandboxed;
        self.of(repo, task, attempt).any(|p| p.supervisor || (sandboxed && p.builder))
    }

    /// Plans for one clone.
    pub fn plan(&self, repo: usize, forced: Option<&TaskId>) -> Plan {
        self.plan_as(repo, forced, None)
    }

    /// The same to the eyes of a supervisor that holds the lock of this attempt.
    pub fn plan_as(
        &self,
        repo: usize,
        forced: Option<&TaskId>,
        own: Option<(&TaskId, Attempt)>,
    ) -> Plan {
        let (queue, mut seen) = self.observe(repo, own);
        let ledger = &self.repos[repo].ledger;
        let (config, now) = (&self.config, self.now);
        let merged = {
            let situation = Situation { queue: &queue, ledger, seen: &seen, config, now, forced };
            let upon = |task| plan::upon(situation, task);
            let items = queue.items.values().filter_map(|item| Some((item, item.task.as_ref()?)));
            let several = items.filter(|(_, task)| upon(task).len() > 1);
            several.map(|(item, _)| (item.id.clone(), Ok(number(0xfeed)))).collect()
        };
        seen.merged = merged;
        plan::plan(Situation { queue: &queue, ledger, seen: &seen, config, now, forced })
    }

    fn observe(&self, index: usize, own: Option<(&TaskId, Attempt)>) -> (Queue, Observations) {
        let repo = &self.repos[index];
        let mut queue = Queue::default();
        queue.tip = Some(self.queue_tip(index));
        queue.done = repo.done.clone();
        let mut seen = Observations {
            here: repo.here.clone(),
            trust: match repo.trusted {
                true => Trust::Trusted,
                false => Trust::Never,
            },
            base: Some(("main".into(), repo.base)),
            approvals: repo.approvals.clone(),
            verdicts: repo.verdicts.clone(),
            ..Observations::default()
        };
        for (age, (id, text)) in (0..).zip(&repo.queue) {
            let (item, judged) = text.item(id);
            let doubt = (!repo.own.contains(&item.blob)).then_some(Doubt::Elsewhere);
            let added = DateTime::UNIX_EPOCH + TimeDelta::minutes(age);
            let author = "Eve".to_owned();
            seen.origins.insert(id.clone(), Origin { doubt, commit: item.blob, author, added });
            seen.judged.extend(judged.map(|judged| (id.clone(), judged)));
            queue.add(item);
        }
        for (id, build) in &repo.ledger.builds {
            self.observe_build(index, (id, build), &mut seen);
        }
        let held = self.processes.iter().filter(|p| {
            let running = repo.ledger.builds.get(&p.task).and_then(Build::running);
            let runs = |run: &Run| run.number() == p.attempt && run.started.runner == repo.here;
            let counts = own != Some((&p.task, p.attempt)) && !running.is_some_and(runs);
            p.repo == index && counts && self.locked(index, &p.task, p.attempt)
        });
        seen.ending = held.map(|p| p.task.clone()).collect();
        if repo.meeting {
            let (from, until) = (self.now, self.now + TimeDelta::hours(1));
            seen.busy = vec![Busy { title: "Meeting".into(), from, until }];
        }
        if repo.missing {
            seen.broken_builders.insert("agent".into(), "`agent` is not on PATH".into());
        }
        (queue, seen)
    }

    /// What `commands/gather.rs` and its rooms find out about one build.
    fn observe_build(&self, index: usize, (id, build): (&TaskId, &Build), seen: &mut Observations) {
        let repo = &self.repos[index];
        let locked = |attempt| self.locked(index, id, attempt);
        if build.running().is_some_and(|run| locked(run.number())) {
            seen.alive.insert(id.clone());
        }
        let Some(run) = build.last() else { return };
        let tip = repo.refs.get(&(id.clone(), run.number())).copied();
        if matches!(build.phase, Phase::Waiting { .. }) && !run.is_done() {
            seen.tips.extend(tip.filter(|tip| *tip != run.work()).map(|tip| (id.clone(), tip)));
        }
        if matches!(build.phase, Phase::Review { .. }) && repo.merged.contains(&run.tip()) {
            let arrival = Arrival { commit: repo.base, how: Merge::Ancestry, edited: false };
            seen.arrived.insert(id.clone(), arrival);
        }
    }

    /// The commits of a clone's ledger.
    pub fn commits(&self, repo: usize) -> BTreeSet<Oid> {
        self.repos[repo].history.iter().map(|entry| entry.commit).collect()
    }
}

impl Process {
    /// Whether anything of it lives.
    pub fn lives(&self) -> bool {
        self.supervisor || self.builder
    }
}

/// A ledger from its first event on.
pub fn replayed<'a>(history: impl IntoIterator<Item = &'a Entry>) -> Ledger {
    let mut ledger = Ledger::default();
    for entry in history {
        match &entry.recorded {
            Some(recorded) => ledger.apply(recorded),
            None => ledger.tip = Some(entry.commit),
        }
    }
    ledger
}

fn is_begin(kind: &Kind) -> bool {
    matches!(kind, Kind::Started(_))
}

/// `effects/ledger.rs`: whoever is no supervisor speaks of the attempt that the ledger has.
fn spoken_of(ledger: &Ledger, kind: &Kind) -> Option<String> {
    let attempt = kind.attempt().filter(|_| !is_begin(kind))?;
    let run = ledger.builds.get(kind.task()?)?.last().filter(|run| run.number() == attempt)?;
    Some(run.id.clone())
}

fn config(setup: &Setup) -> Config {
    let command = vec!["agent".to_owned()];
    let (prompt, env, timeout) = Default::default();
    let agent = Builder { command, prompt, env, timeout, network: None };
    let mut config = Config {
        max_parallel: setup.parallel,
        max_review: setup.reviews,
        retry_max: setup.retries,
        retry_from: setup.from,
        depends: setup.depends,
        builders: [("agent".to_owned(), agent)].into(),
        ..Config::default()
    };
    config.limits.builds_per_night = setup.night;
    let timeout = std::time::Duration::from_secs(600);
    config.judge = setup.judge.then(|| Judge { builder: "agent".into(), timeout });
    config
}

/// The ids of all tasks.
pub fn tasks() -> impl Iterator<Item = TaskId> {
    (0..NAMES.len()).map(id)
}
