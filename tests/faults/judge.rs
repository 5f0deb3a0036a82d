//! The judge: git's history and the builders' own record, never buildq's view.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{TestRepo, files_below};

/// Begins a builder's script: it notes its start in `$OUT/record`, and says so if another builder
/// of the same task still lives. Whoever inherits its lock counts as that builder.
pub const NOTE: &str = "note() { echo \"$@\" >> \"$OUT/record\"; }\n\
    exec 9>> \"$OUT/live-$BUILDQ_TASK\"\n\
    flock -n 9 || note twice $BUILDQ_TASK $BUILDQ_ATTEMPT\n\
    note start $BUILDQ_TASK $BUILDQ_ATTEMPT\n\
    made() { git add -A && git commit -qm \"$1\" && note commit $BUILDQ_TASK $BUILDQ_ATTEMPT $(git rev-parse HEAD); }\n";
/// Ends it.
pub const END: &str = "\nnote end $BUILDQ_TASK $BUILDQ_ATTEMPT\n";

/// Events that end an attempt.
const ENDS: [&str; 4] = ["succeeded", "failed", "blocked", "cancelled"];

/// One event of the ledger, as git tells it.
#[derive(Debug)]
struct Told {
    kind: String,
    task: String,
    attempt: u32,
}

/// One line of the builders' record.
#[derive(Debug)]
struct Noted {
    what: String,
    task: String,
    attempt: u32,
    commit: String,
}

/// Everything that there is to judge by, read once.
pub struct Judge<'a> {
    repo: &'a TestRepo,
    context: &'a str,
    told: Vec<Told>,
    noted: Vec<Noted>,
}

impl<'a> Judge<'a> {
    /// Reads history and record.
    pub fn of(repo: &'a TestRepo, context: &'a str) -> Self {
        let value = |key: &str| format!("%(trailers:key=Buildq-{key},valueonly,separator=%x20)");
        let format = ["Event", "Task", "Attempt"].map(value).join("%x09");
        let log = repo.ask(["log", "--reverse", &format!("--format={format}"), "buildq", "--"]);
        let told = log.lines().filter_map(|line| {
            let mut words = line.split('\t').map(str::to_owned);
            let (kind, task) = (words.next()?, words.next()?);
            let attempt = words.next()?.parse().unwrap_or(0);
            (!kind.is_empty()).then_some(Told { kind, task, attempt })
        });
        let record = repo.left("record");
        let noted = record.lines().filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            let (what, task) = (words.next()?, words.next()?);
            let attempt = words.next()?.parse().ok()?;
            Some(Noted { what, task, attempt, commit: words.next().unwrap_or_default() })
        });
        Self { repo, context, told: told.collect(), noted: noted.collect() }
    }

    fn fail(&self, invariant: &str) -> ! {
        let Self { repo, context, noted, .. } = self;
        panic!("{invariant}\nin: {context}\nrecord: {noted:#?}\n{}", repo.scene())
    }

    /// Every task that the history knows.
    fn tasks(&self) -> BTreeSet<&str> {
        self.told.iter().map(|told| told.task.as_str()).filter(|task| !task.is_empty()).collect()
    }

    /// How often attempts of a task have failed.
    pub fn failures(&self, task: &str) -> usize {
        self.told.iter().filter(|told| told.task == task && told.kind == "failed").count()
    }

    /// I1, I2 and lost work: what must hold at any time, while builds run too.
    pub fn always(&self) -> &Self {
        for task in self.tasks() {
            self.one_after_the_other(task);
        }
        if let Some(noted) = self.noted.iter().find(|noted| noted.what == "twice") {
            self.fail(&format!("I1: a builder of `{}` lived beside another", noted.task));
        }
        let mut begun = BTreeMap::new();
        for noted in self.noted.iter().filter(|noted| noted.what == "start") {
            let (task, attempt) = (noted.task.as_str(), noted.attempt);
            *begun.entry((task, attempt)).or_insert(0) += 1;
            let is_it = |told: &&Told| told.kind == "started" && told.task == task;
            if !self.told.iter().filter(is_it).any(|told| told.attempt == attempt) {
                self.fail(&format!("I2: `{task}` was built as {attempt}, which never began"));
            }
        }
        if let Some(((task, attempt), _)) = begun.iter().find(|(_, count)| **count > 1) {
            self.fail(&format!("I1: two builders of `{task}` had the number {attempt}"));
        }
        self
    }

    /// Attempts of a task: each ended once, before the next began.
    fn one_after_the_other(&self, task: &str) {
        let (mut last, mut open) = (0, false);
        for told in self.told.iter().filter(|told| told.task == task) {
            let kind = told.kind.as_str();
            if kind == "started" {
                if open || told.attempt <= last {
                    self.fail(&format!("I1: `{task}` began again before {last} had ended"));
                }
                (last, open) = (told.attempt, true);
            } else if ENDS.contains(&kind) && (open || kind != "cancelled") {
                let by_number = kind == "cancelled" || told.attempt == last;
                if !open || !by_number {
                    self.fail(&format!("I2: `{task}` ended twice, or as an older attempt"));
                }
                open = false;
            }
        }
    }

    /// Each of these was built once and no more, and never were there more at once than may be.
    pub fn once(&self, tasks: &[String], most: usize) -> &Self {
        for task in tasks {
            let count = |kind: &str| {
                self.told.iter().filter(|told| told.task == *task && told.kind == kind).count()
            };
            let starts =
                self.noted.iter().filter(|noted| noted.task == *task && noted.what == "start");
            if (count("started"), count("succeeded"), starts.count()) != (1, 1, 1) {
                self.fail(&format!("I1: `{task}` was not built exactly once"));
            }
        }
        let mut open = BTreeSet::new();
        for told in &self.told {
            match told.kind.as_str() {
                "started" => drop(open.insert(&told.task)),
                kind if ENDS.contains(&kind) => drop(open.remove(&told.task)),
                _ => {}
            }
            if open.len() > most {
                self.fail(&format!("I8: {open:?} at once, {most} may"));
            }
        }
        self
    }

    /// I8: none of these ever began.
    pub fn closed(&self, tasks: &[&str]) -> &Self {
        for task in tasks {
            let told = self.told.iter().any(|told| told.task == *task && told.kind == "started");
            if told || self.noted.iter().any(|noted| noted.task == *task) {
                self.fail(&format!("I8: `{task}` was built behind a closed gate"));
            }
        }
        self
    }

    /// The same once it is quiet: nothing lives but a waker (I7), no attempt is open, no work is
    /// lost, the repository is whole and nobody left a lock in it.
    pub fn at_rest(repo: &'a TestRepo, context: &'a str) -> Self {
        repo.settle();
        let judge = Self::of(repo, context);
        judge.always();
        judge.nothing_is_left();
        judge
    }

    fn nothing_is_left(&self) {
        for task in self.tasks() {
            let mut events = self.told.iter().filter(|told| told.task == task);
            let last = events.rfind(|told| !matches!(&*told.kind, "progressed" | "stalled"));
            if last.is_some_and(|told| told.kind == "started") {
                self.fail(&format!("I4: nothing lives, and `{task}` is told to be building"));
            }
        }
        for noted in self.noted.iter().filter(|noted| noted.what == "commit") {
            let name = format!("refs/buildq/attempts/{}/{}", noted.task, noted.attempt);
            let kept = ["merge-base", "--is-ancestor", &noted.commit, &name];
            if self.repo.try_git(kept).code != 0 {
                self.fail(&format!("work is lost: {} of {name}", noted.commit));
            }
        }
        self.whole_repository();
    }

    fn whole_repository(&self) {
        let said = self.repo.try_git(["fsck", "--strict", "--no-dangling"]);
        if said.code != 0 {
            self.fail(&format!("the repository is broken: {said:?}"));
        }
        let own = self.repo.git_dir().join("buildq");
        let files = files_below(&self.repo.git_dir());
        let mut locks = files.iter().filter(|file| file.extension().is_some_and(|e| e == "lock"));
        if let Some(lock) = locks.find(|lock| !lock.starts_with(&own)) {
            self.fail(&format!("a lock is left in the user's repository: {}", lock.display()));
        }
    }
}
