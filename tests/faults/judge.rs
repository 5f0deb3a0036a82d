//! The judge: git's history and the builders' own record, never buildq's view.

use std::collections::BTreeSet;

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

/// What history and record say.
#[derive(Debug, Default)]
struct Facts {
    told: Vec<Told>,
    noted: Vec<Noted>,
}

impl Facts {
    /// `log`: kind, task and attempt of each event, with tabs between; `record`: what the
    /// builders' notes say, with spaces.
    fn read(log: &str, record: &str) -> Self {
        let told = log.lines().filter_map(|line| {
            let mut words = line.split('\t').map(str::to_owned);
            let (kind, task) = (words.next()?, words.next()?);
            let attempt = words.next()?.parse().unwrap_or(0);
            (!kind.is_empty()).then_some(Told { kind, task, attempt })
        });
        let noted = record.lines().filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            let (what, task) = (words.next()?, words.next()?);
            let attempt = words.next()?.parse().ok()?;
            Some(Noted { what, task, attempt, commit: words.next().unwrap_or_default() })
        });
        Self { told: told.collect(), noted: noted.collect() }
    }

    /// Every task that the history knows.
    fn tasks(&self) -> BTreeSet<&str> {
        self.told.iter().map(|told| told.task.as_str()).filter(|task| !task.is_empty()).collect()
    }

    fn count(&self, task: &str, kind: &str) -> usize {
        self.told.iter().filter(|told| told.task == task && told.kind == kind).count()
    }

    /// I1 and I2: what must hold at any time, while builds run too.
    fn always(&self) -> Result<(), String> {
        self.tasks().into_iter().try_for_each(|task| self.one_after_the_other(task))?;
        if let Some(noted) = self.noted.iter().find(|noted| noted.what == "twice") {
            return Err(format!("I1: a builder of `{}` lived beside another", noted.task));
        }
        let mut begun = BTreeSet::new();
        for noted in self.noted.iter().filter(|noted| noted.what == "start") {
            let (task, attempt) = (noted.task.as_str(), noted.attempt);
            if !begun.insert((task, attempt)) {
                return Err(format!("I1: two builders of `{task}` had the number {attempt}"));
            }
            let is_it = |told: &Told| told.kind == "started" && told.task == task;
            if !self.told.iter().any(|told| is_it(told) && told.attempt == attempt) {
                return Err(format!("I2: `{task}` was built as {attempt}, which never began"));
            }
        }
        Ok(())
    }

    /// Attempts of a task: each ended once, before the next began.
    fn one_after_the_other(&self, task: &str) -> Result<(), String> {
        let (mut last, mut open) = (0, false);
        for told in self.told.iter().filter(|told| told.task == task) {
            let kind = told.kind.as_str();
            if kind == "started" {
                if open || told.attempt <= last {
                    return Err(format!("I1: `{task}` began again before {last} had ended"));
                }
                (last, open) = (told.attempt, true);
            } else if ENDS.contains(&kind) && (open || kind != "cancelled") {
                if !open || !(kind == "cancelled" || told.attempt == last) {
                    return Err(format!("I2: `{task}` ended twice, or as an older attempt"));
                }
                open = false;
            }
        }
        Ok(())
    }

    /// I8: none of these ever began.
    fn closed(&self, tasks: &[&str]) -> Result<(), String> {
        let began = |task: &&&str| {
            self.count(task, "started") > 0 || self.noted.iter().any(|noted| noted.task == **task)
        };
        match tasks.iter().find(began) {
            Some(task) => Err(format!("I8: `{task}` was built behind a closed gate")),
            None => Ok(()),
        }
    }

    /// Each of these was built once and no more, and never were there more at once than may be.
    fn once(&self, tasks: &[String], most: usize) -> Result<(), String> {
        for task in tasks {
            let starts = self.noted.iter().filter(|n| n.task == *task && n.what == "start").count();
            if (self.count(task, "started"), self.count(task, "succeeded"), starts) != (1, 1, 1) {
                return Err(format!("I1: `{task}` was not built exactly once"));
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
                return Err(format!("I8: {open:?} at once, {most} may"));
            }
        }
        Ok(())
    }

    /// I4: where nothing lives nothing is told to be building.
    fn none_is_open(&self) -> Result<(), String> {
        for task in self.tasks() {
            let mut events = self.told.iter().filter(|told| told.task == task);
            let last = events.rfind(|told| !matches!(&*told.kind, "progressed" | "stalled"));
            if last.is_some_and(|told| told.kind == "started") {
                return Err(format!("I4: nothing lives, and `{task}` is told to be building"));
            }
        }
        Ok(())
    }
}

/// The facts of one repository, and what to say where they are not as they must be.
pub struct Judge<'a> {
    repo: &'a TestRepo,
    context: &'a str,
    facts: Facts,
}

impl<'a> Judge<'a> {
    /// Reads history and record. The record first: what it says has begun stands in the history.
    pub fn of(repo: &'a TestRepo, context: &'a str) -> Self {
        let record = repo.left("record");
        let value = |key: &str| format!("%(trailers:key=Buildq-{key},valueonly,separator=%x20)");
        let format = ["Event", "Task", "Attempt"].map(value).join("%x09");
        let log = repo.ask(["log", "--reverse", &format!("--format={format}"), "buildq", "--"]);
        Self { repo, context, facts: Facts::read(&log, &record) }
    }

    #[track_caller]
    fn must(&self, holds: Result<(), String>) -> &Self {
        let Self { repo, context, facts } = self;
        match holds {
            Ok(()) => self,
            Err(why) => panic!("{why}\nin: {context}\n{:#?}\n{}", facts.noted, repo.scene()),
        }
    }

    /// How often attempts of a task have failed.
    pub fn failures(&self, task: &str) -> usize {
        self.facts.count(task, "failed")
    }

    /// I1 and I2: what must hold at any time, while builds run too.
    #[track_caller]
    pub fn always(&self) -> &Self {
        self.must(self.facts.always())
    }

    /// I8: none of these ever began.
    #[track_caller]
    pub fn closed(&self, tasks: &[&str]) -> &Self {
        self.must(self.facts.closed(tasks))
    }

    /// Each of these was built once and no more, and never were there more at once than may be.
    #[track_caller]
    pub fn once(&self, tasks: &[String], most: usize) -> &Self {
        self.must(self.facts.once(tasks, most))
    }

    /// The same once it is quiet: nothing lives but a waker (I7), no attempt is open, no work is
    /// lost, the repository is whole and nobody left a lock in it.
    #[track_caller]
    pub fn at_rest(repo: &'a TestRepo, context: &'a str) -> Self {
        repo.settle();
        let judge = Self::of(repo, context);
        judge.always().must(judge.facts.none_is_open());
        judge.must(judge.no_work_is_lost()).must(judge.is_whole());
        judge
    }

    fn no_work_is_lost(&self) -> Result<(), String> {
        for noted in self.facts.noted.iter().filter(|noted| noted.what == "commit") {
            let name = format!("refs/buildq/attempts/{}/{}", noted.task, noted.attempt);
            let kept = ["merge-base", "--is-ancestor", &noted.commit, &name];
            if self.repo.try_git(kept).code != 0 && !self.is_kept(noted) {
                return Err(format!("work is lost: {} of {name}", noted.commit));
            }
        }
        Ok(())
    }

    /// Work that could not be taken over lies in its workspace, which is marked to stay.
    fn is_kept(&self, noted: &Noted) -> bool {
        let clones = std::fs::read_dir(self.repo.home().join(".local/state/buildq"));
        let name = format!("{}-{}", noted.task, noted.attempt);
        clones.into_iter().flatten().flatten().any(|clone| {
            let (folder, mark) =
                (clone.path().join(&name), clone.path().join(format!("{name}.kept")));
            let mut git = self.repo.command("git");
            git.current_dir(&folder).args(["cat-file", "-e", &noted.commit]);
            mark.exists() && git.output().is_ok_and(|done| done.status.success())
        })
    }

    fn is_whole(&self) -> Result<(), String> {
        let said = self.repo.try_git(["fsck", "--strict", "--no-dangling"]);
        if said.code != 0 {
            return Err(format!("the repository is broken: {said:?}"));
        }
        let own = self.repo.git_dir().join("buildq");
        let files = files_below(&self.repo.git_dir());
        let mut locks = files.iter().filter(|file| file.extension().is_some_and(|e| e == "lock"));
        match locks.find(|lock| !lock.starts_with(&own)) {
            Some(lock) => Err(format!("a lock is left in the repository: {}", lock.display())),
            None => Ok(()),
        }
    }
}

#[test]
fn the_judge_sees_what_it_is_there_to_see() {
    let check = |log: &str, record: &str, expected: &str| {
        let log = log.replace(", ", "\n").replace(' ', "\t");
        let facts = Facts::read(&log, &record.replace(", ", "\n"));
        let judged = facts.always().and_then(|()| facts.none_is_open());
        let judged = judged.and_then(|()| facts.closed(&["shut"]));
        let told = judged.err().unwrap_or_default();
        assert_eq!(told.split(':').next(), Some(expected), "{log} | {record}: {told}");
    };
    let fine = "started x 1, failed x 1, started x 2, progressed x 2, succeeded x 2";
    check(fine, "start x 1, start x 2, end x 2", "");
    check("started x 1, cancelled x 0, started x 2, blocked x 2", "start x 1", "");
    check("cancelled y 0", "", "");
    check("started x 1, started x 2, succeeded x 2", "", "I1");
    check("started x 2, failed x 2, started x 1, failed x 1", "", "I1");
    check(fine, "start x 1, twice x 2, start x 2", "I1");
    check(fine, "start x 2, start x 2", "I1");
    check("started x 1, succeeded x 1, succeeded x 1", "", "I2");
    check("started x 1, failed x 1, started x 2, succeeded x 1", "", "I2");
    check("started x 1, failed x 1, succeeded x 1", "", "I2");
    check(fine, "start x 3", "I2");
    check("started x 1", "start x 1", "I4");
    check("started x 1, progressed x 1, stalled x 1", "", "I4");
    check("started shut 1, failed shut 1", "", "I8");
    let facts = Facts::read(
        "started\tx\t1\nstarted\ty\t1\nsucceeded\tx\t1\nsucceeded\ty\t1",
        "start x 1\nstart y 1",
    );
    let both = ["x".to_owned(), "y".to_owned()];
    assert_eq!(facts.once(&both, 2), Ok(()));
    assert!(facts.once(&both, 1).is_err(), "two at once");
    assert!(facts.once(&["z".to_owned()], 2).is_err(), "never built");
}
