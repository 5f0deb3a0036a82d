//! What ended builds have left behind: what may go, what is taken over first, and what stays and
//! why. Pure: sizes and dates are found by a look at names alone.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::ledger::{Build, Ledger, Phase, Run};
use crate::domain::id::{Attempt, TaskId};

/// Something that lies in a folder of this clone's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Litter {
    /// Its name there.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
    /// On disk.
    pub bytes: u64,
    /// When something of it last changed, by its own date.
    #[serde(skip)]
    pub changed: DateTime<Utc>,
}

/// What a name and a place say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// The workspace of one attempt.
    Workspace {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
        /// What this look has seen of it.
        #[serde(skip)]
        signs: Signs,
    },
    /// A workspace for a trial: a check on the base, the merged tree of `accept`. No work is in it.
    Trial {
        /// The lock that is held meanwhile, from the local folder.
        #[serde(skip)]
        lock: String,
        /// It is held now: somebody may be at work.
        #[serde(skip)]
        held: bool,
    },
    /// A removal that was cut short.
    Remains,
    /// The output of one attempt.
    Log {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
    },
    /// The file of a lock that nobody holds.
    Lock {
        /// Whose.
        task: TaskId,
        /// Which run.
        attempt: Attempt,
    },
    /// What is made again when it is needed.
    Cache,
    /// Half-written files of a process that died.
    Scrap,
    /// Nothing that buildq makes.
    Foreign,
}

/// What a look from outside tells of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// It was handed to a builder: a file in it or, out of its reach, one beside its log says so.
    pub marked: bool,
    /// Work in it could not be taken over once.
    pub kept: bool,
    /// Its lock is held: something of it lives.
    pub held: bool,
    /// It was kept, whole as it is, for a person's review.
    pub spared: bool,
    /// Somebody tries it out.
    pub tried: bool,
}

/// How much may stay.
#[derive(Clone, Debug)]
pub struct Rules {
    /// In bytes, all together.
    pub disk: u64,
    /// Logs of ended builds go after this long.
    pub age: TimeDelta,
    /// Workspaces that a person gives up, by name.
    pub dropped: BTreeSet<String>,
    /// The one `now` of this run.
    pub now: DateTime<Utc>,
}

/// What becomes of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", content = "why", rename_all = "lowercase")]
pub enum Fate {
    /// It goes, and why that loses nothing.
    Remove(String),
    /// Its work is taken into the refs; then it goes.
    Rescue,
    /// It stays, and why.
    Keep(String),
    /// It stays, as it should: nobody need be told.
    Stay,
}

/// What has become of everything, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cleared {
    /// In bytes.
    pub freed: u64,
    /// Bytes of logs and workspaces that stay,
    pub stays: u64,
    /// and how many may.
    pub allowed: u64,
    /// Nothing was done: it is what would become.
    pub dry: bool,
    /// Everything that was found.
    pub items: Vec<Item>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Where it lies, or lay.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub litter: Litter,
    /// What has become of it.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Cleared {
    /// Adds up.
    pub fn of(items: Vec<Item>, allowed: u64, dry: bool) -> Self {
        let gone = |item: &&Item| matches!(item.fate, Fate::Remove(_) | Fate::Rescue);
        let freed = items.iter().filter(gone).map(|item| item.litter.bytes).sum();
        let counts = items.iter().filter(|item| !gone(item) && item.litter.what.counts());
        let stays = counts.map(|item| item.litter.bytes).sum();
        Self { freed, stays, allowed, dry, items }
    }
}

/// Half-written files and free locks are let be for so long: somebody may be about to use them.
const FRESH: TimeDelta = TimeDelta::days(1);

/// What becomes of each, in the same order.
pub fn fates(ledger: &Ledger, litter: &[Litter], rules: &Rules) -> Vec<Fate> {
    let mut fates: Vec<Fate> = litter.iter().map(|one| fate(ledger, one, rules)).collect();
    let staying = |(one, fate): &(&Litter, &Fate)| {
        one.what.counts() && matches!(fate, Fate::Keep(_) | Fate::Stay)
    };
    let both = litter.iter().zip(&fates).filter(staying);
    let mut stays: u64 = both.map(|(one, _)| one.bytes).sum();
    let mut old: Vec<usize> = (0..litter.len())
        .filter(|at| fates[*at] == Fate::Stay && may_go(ledger, &litter[*at]))
        .collect();
    // A workspace can be made again from its branch, what a log tells cannot.
    let is_log = |one: &Litter| matches!(one.what, What::Log { .. });
    old.sort_by_key(|at| (is_log(&litter[*at]), ended_at(ledger, &litter[*at])));
    for at in old {
        if stays <= rules.disk {
            break;
        }
        stays = stays.saturating_sub(litter[at].bytes);
        fates[at] = Fate::Remove("the oldest, and more is kept than `keep.disk` allows".into());
    }
    fates
}

impl What {
    /// Whether the budget is about it.
    pub fn counts(&self) -> bool {
        matches!(
            self,
            Self::Workspace { .. } | Self::Log { .. } | Self::Trial { .. } | Self::Remains
        )
    }
}

impl Litter {
    /// A workspace whose work could not be taken over once.
    pub fn is_kept(&self) -> bool {
        matches!(&self.what, What::Workspace { signs: Signs { kept: true, .. }, .. })
    }
}

fn fate(ledger: &Ledger, one: &Litter, rules: &Rules) -> Fate {
    let age = rules.now - one.changed;
    match &one.what {
        What::Workspace { task, attempt, signs } => {
            let dropped = rules.dropped.contains(&one.name);
            let awaited = signs.spared && in_review(ledger, task, *attempt);
            match workspace(run(ledger, task, *attempt), *signs, dropped) {
                Fate::Remove(_) if awaited && !dropped => Fate::Stay,
                fate => fate,
            }
        }
        What::Trial { held: true, .. } => Fate::Keep("it is in use".into()),
        What::Trial { held: false, .. } => {
            Fate::Remove("nobody works in it, and no work is in it".into())
        }
        What::Remains => Fate::Remove("a removal that was cut short".into()),
        What::Log { .. } => {
            let old = rules.now - ended_at(ledger, one) >= rules.age;
            match may_go(ledger, one) && old {
                true => Fate::Remove("older than `keep.age`".into()),
                false => Fate::Stay,
            }
        }
        What::Lock { task, attempt } => {
            let ended = run(ledger, task, *attempt).is_none_or(|run| run.end.is_some());
            match ended && age >= FRESH {
                true => Fate::Remove("its attempt is over".into()),
                false => Fate::Stay,
            }
        }
        What::Cache if age >= rules.age => Fate::Remove("nobody has used it for long".into()),
        What::Scrap if age >= FRESH => Fate::Remove("its writer died".into()),
        What::Cache | What::Scrap => Fate::Stay,
        What::Foreign => Fate::Keep("it was not made by buildq".into()),
    }
}

fn workspace(run: Option<&Run>, signs: Signs, dropped: bool) -> Fate {
    match run {
        _ if signs.held => Fate::Keep("a builder may be at work in it".into()),
        _ if signs.tried => Fate::Keep("somebody tries it out".into()),
        Some(run) if run.end.is_none() => {
            Fate::Keep("its attempt is not over; the next sync sees to it".into())
        }
        _ if dropped => Fate::Remove("you gave it up".into()),
        Some(run) if run.is_done() && !signs.kept => Fate::Remove("its work is in the refs".into()),
        // The mark is set last: without it no builder was ever there.
        Some(_) if !signs.marked && !signs.kept => Fate::Remove("no builder was ever in it".into()),
        None if !signs.marked => {
            Fate::Keep("the ledger does not know it, and it bears no mark of buildq".into())
        }
        Some(_) if !signs.marked => Fate::Keep(
            "its work could not be taken over, and it bears no mark of buildq now".into(),
        ),
        _ => Fate::Rescue,
    }
}

fn run<'a>(ledger: &'a Ledger, task: &TaskId, attempt: Attempt) -> Option<&'a Run> {
    let attempts = &ledger.builds.get(task)?.attempts;
    attempts.iter().find(|run| run.number() == attempt)
}

/// Whether this attempt waits for a person's review.
pub fn in_review(ledger: &Ledger, task: &TaskId, attempt: Attempt) -> bool {
    let build = ledger.builds.get(task);
    let build = build.filter(|build| matches!(build.phase, Phase::Review { .. }));
    build.and_then(Build::last).is_some_and(|run| run.number() == attempt)
}

/// A workspace that is kept for review, as its mark tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<P> {
    /// Which.
    pub place: P,
    /// Since when.
    pub since: DateTime<Utc>,
    /// On disk, in bytes.
    pub bytes: u64,
}

/// Which workspaces must go so that one more of `bytes` may stay, the oldest first; `None` where it
/// would not fit even then. `rest`: bytes of logs, which have their own rules.
pub fn make_room<P>(mut kept: Vec<Kept<P>>, bytes: u64, rest: u64, disk: u64) -> Option<Vec<P>> {
    let mut all = kept.iter().map(|one| one.bytes).sum::<u64>() + bytes + rest;
    kept.sort_by_key(|one| one.since);
    let mut kept = kept.into_iter();
    let mut go = Vec::new();
    while all > disk {
        let oldest = kept.next()?;
        all -= oldest.bytes;
        go.push(oldest.place);
    }
    Some(go)
}

/// Whether nobody waits for this: a workspace that could be made again, or a log, if it is not the
/// newest of a build that is still open.
fn may_go(ledger: &Ledger, one: &Litter) -> bool {
    let What::Log { task, attempt } = &one.what else {
        return matches!(one.what, What::Workspace { .. });
    };
    let Some(build) = ledger.builds.get(task) else { return true };
    let newest = build.last().is_none_or(|run| run.number() <= *attempt);
    let ended = run(ledger, task, *attempt).is_none_or(|run| run.end.is_some());
    ended && (!newest || build.is_over() || run(ledger, task, *attempt).is_none())
}

fn ended_at(ledger: &Ledger, one: &Litter) -> DateTime<Utc> {
    let known = match &one.what {
        What::Log { task, attempt } | What::Workspace { task, attempt, .. } => {
            run(ledger, task, *attempt).and_then(|run| run.end.as_ref())
        }
        _ => None,
    };
    known.map_or(one.changed, |end| end.at)
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::ledger;
    use super::*;

    const DAY: &str = "2026-02-07T12:00:00Z";

    fn now() -> DateTime<Utc> {
        DAY.parse().unwrap()
    }

    /// `workspace a-1 marked kept held | trial a-1-base held | log a-1 100 | lock a-1 | …`, each
    /// changed so many hours ago (`3h`; ten days where nothing is said).
    fn litter(text: &str) -> Vec<Litter> {
        text.split(" | ").map(one).collect()
    }

    fn one(text: &str) -> Litter {
        let words: Vec<_> = text.split(' ').collect();
        let has = |word: &str| words.contains(&word);
        let whose = || {
            let (task, attempt) = words[1].rsplit_once('-').unwrap();
            (TaskId::new(task).unwrap(), Attempt(attempt.parse().unwrap()))
        };
        let what = match words[0] {
            "workspace" => {
                let signs = Signs {
                    marked: has("marked"),
                    kept: has("kept"),
                    held: has("held"),
                    spared: has("spared"),
                    tried: has("tried"),
                };
                What::Workspace { task: whose().0, attempt: whose().1, signs }
            }
            "trial" => What::Trial { lock: "x.lock".into(), held: has("held") },
            "remains" => What::Remains,
            "log" => What::Log { task: whose().0, attempt: whose().1 },
            "lock" => What::Lock { task: whose().0, attempt: whose().1 },
            "cache" => What::Cache,
            "scrap" => What::Scrap,
            _ => What::Foreign,
        };
        let number =
            |end: &str| words.iter().find_map(|word| word.strip_suffix(end)?.parse::<u32>().ok());
        let hours = number("h").unwrap_or(240);
        Litter {
            name: words[1].to_owned(),
            what,
            bytes: number("B").unwrap_or(10).into(),
            changed: now() - TimeDelta::hours(hours.into()),
        }
    }

    fn rules(disk: u64) -> Rules {
        let dropped = BTreeSet::from(["given-1".to_owned()]);
        Rules { disk, age: TimeDelta::days(30), dropped, now: now() }
    }

    #[track_caller]
    fn check(events: &str, lying: &str, disk: u64, expected: &str) {
        let litter = litter(lying);
        let fates = fates(&ledger(events), &litter, &rules(disk));
        let shown = litter.iter().zip(fates).map(|(one, fate)| match fate {
            Fate::Remove(why) => format!("{} goes: {why}", one.name),
            Fate::Rescue => format!("{} is rescued", one.name),
            Fate::Keep(why) => format!("{} stays: {why}", one.name),
            Fate::Stay => format!("{} stays", one.name),
        });
        assert_eq!(shown.collect::<Vec<_>>().join("\n"), expected, "{lying}");
    }

    #[test]
    fn a_workspace_goes_once_its_work_is_safe() {
        let done = "09:00 a started\n09:01 a succeeded";
        let failed = "09:00 a started\n09:01 a failed exit 1";
        let runs = "09:00 a started";
        for (events, one, fate) in [
            (done, "workspace a-1 marked", "a-1 goes: its work is in the refs"),
            (done, "workspace a-1 marked kept", "a-1 is rescued"),
            (done, "workspace a-1 marked held", "a-1 stays: a builder may be at work in it"),
            (failed, "workspace a-1 marked", "a-1 is rescued"),
            (failed, "workspace a-1", "a-1 goes: no builder was ever in it"),
            (
                failed,
                "workspace a-1 kept",
                "a-1 stays: its work could not be taken over, and it bears no mark of buildq now",
            ),
            (runs, "workspace a-1 marked held", "a-1 stays: a builder may be at work in it"),
            (
                runs,
                "workspace a-1 marked",
                "a-1 stays: its attempt is not over; the next sync sees to it",
            ),
            ("", "workspace a-1 marked", "a-1 is rescued"),
            (
                "",
                "workspace a-1",
                "a-1 stays: the ledger does not know it, and it bears no mark of buildq",
            ),
            ("", "workspace given-1 marked", "given-1 goes: you gave it up"),
            ("", "workspace given-1 marked held", "given-1 stays: a builder may be at work in it"),
        ] {
            check(events, one, 1000, fate);
        }
    }

    #[test]
    fn what_waits_for_review_keeps_its_workspace_within_the_budget() {
        let done = "09:00 a started\n09:01 a succeeded\n09:00 b started\n09:02 b succeeded";
        let decided = |more: &str| format!("{done}\n{more}");
        let goes = "goes: its work is in the refs";
        for (events, one, fate) in [
            (done.to_owned(), "workspace a-1 marked spared", "a-1 stays"),
            (
                done.to_owned(),
                "workspace a-1 marked spared tried",
                "a-1 stays: somebody tries it out",
            ),
            // Not whole: what set it up was killed.
            (done.to_owned(), "workspace a-1 marked", &format!("a-1 {goes}")),
            (decided("09:10 a merged"), "workspace a-1 marked spared", &format!("a-1 {goes}")),
            (decided("09:10 a rejected"), "workspace a-1 marked spared", &format!("a-1 {goes}")),
            (
                decided("09:10 a rejected"),
                "workspace a-1 marked spared tried",
                "a-1 stays: somebody tries it out",
            ),
            (
                "09:00 given started\n09:01 given succeeded".into(),
                "workspace given-1 spared",
                "given-1 goes: you gave it up",
            ),
        ] {
            check(&events, one, 1000, fate);
        }
        let lying = "log b-1 100B | workspace b-1 100B spared | workspace a-1 100B spared";
        check(done, lying, 300, "b-1 stays\nb-1 stays\na-1 stays");
        let over = "the oldest, and more is kept than `keep.disk` allows";
        check(done, lying, 299, &format!("b-1 stays\nb-1 stays\na-1 goes: {over}"));
        check(done, lying, 199, &format!("b-1 stays\nb-1 goes: {over}\na-1 goes: {over}"));
    }

    #[test]
    fn room_is_made_for_the_newest() {
        let kept = |text: &str| -> Vec<Kept<String>> {
            let one = |word: &str| {
                let (name, bytes) = word.split_once(':').unwrap();
                let hour = name.bytes().next().unwrap() - b'a';
                let since = now() + TimeDelta::hours(hour.into());
                Kept { place: name.to_owned(), since, bytes: bytes.parse().unwrap() }
            };
            text.split_whitespace().map(one).collect()
        };
        for (there, bytes, rest, go) in [
            ("", 100, 0, Some("")),
            ("", 101, 0, None),
            ("", 60, 41, None),
            ("c:20 a:30 b:50", 0, 0, Some("")),
            ("c:20 a:30 b:50", 10, 0, Some("a")),
            ("c:20 a:30 b:50", 10, 30, Some("a b")),
            ("c:20 a:30 b:50", 101, 0, None),
        ] {
            let gone = make_room(kept(there), bytes, rest, 100).map(|all| all.join(" "));
            assert_eq!(gone.as_deref(), go, "{there} + {bytes}");
        }
    }

    #[test]
    fn what_is_no_workspace() {
        for (one, fate) in [
            ("trial a-1-base", "a-1-base goes: nobody works in it, and no work is in it"),
            ("trial a-1-base held", "a-1-base stays: it is in use"),
            ("remains .gone-a-1", ".gone-a-1 goes: a removal that was cut short"),
            ("other notes", "notes stays: it was not made by buildq"),
            ("scrap .tmpX 2h", ".tmpX stays"),
            ("scrap .tmpX 25h", ".tmpX goes: its writer died"),
            ("cache absent.json 719h", "absent.json stays"),
            ("cache absent.json 720h", "absent.json goes: nobody has used it for long"),
        ] {
            check("09:00 a started\n09:01 a failed", one, 1000, fate);
        }
    }

    #[test]
    fn a_log_goes_by_age_but_never_that_of_an_open_build() {
        let events = "09:00 a started\n09:01 a failed\n09:10 a started\n09:11 a succeeded";
        check(events, "log a-1 800h | log a-2 800h", 1000, "a-1 stays\na-2 stays");
        // Ended this morning, whatever the date of the file: nothing is old yet.
        let merged = format!("{events}\n09:20 a merged");
        check(&merged, "log a-1 800h | log a-2 800h", 1000, "a-1 stays\na-2 stays");
        check(events, "log gone-1 800h", 1000, "gone-1 goes: older than `keep.age`");
        check(events, "lock a-1 | lock a-2 1h", 1000, "a-1 goes: its attempt is over\na-2 stays");
        check("09:00 a started", "lock a-1", 1000, "a-1 stays");
    }

    #[test]
    fn beyond_the_budget_the_oldest_go_first() {
        let events = "09:00 a started\n09:01 a failed\n09:10 a started\n09:11 a failed\n\
                      09:20 a started\n09:21 a failed";
        let lying = "log a-3 | log a-2 | log a-1 | workspace b-1 500B held";
        let goes = "goes: the oldest, and more is kept than `keep.disk` allows";
        let held = "b-1 stays: a builder may be at work in it";
        check(events, lying, 530, &format!("a-3 stays\na-2 stays\na-1 stays\n{held}"));
        check(events, lying, 529, &format!("a-3 stays\na-2 stays\na-1 {goes}\n{held}"));
        check(events, lying, 0, &format!("a-3 stays\na-2 {goes}\na-1 {goes}\n{held}"));
    }
}
