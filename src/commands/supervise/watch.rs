//! Watching a running attempt: what people say of it in the ledger, its commits, its pulse.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::{say, sync};
use super::begin::Begun;
use super::site::Site;
use crate::core::ledger::{Build, Phase, Run};
use crate::core::progress::Progress;
use crate::core::vitals::{self, Ear, Pulse};
use crate::domain::event::Kind;
use crate::domain::id::{Oid, Percent};
use crate::effects::ledger::{self, Appended, Draft, Pen, append};
use crate::effects::{clock, output, workspace};

/// The workspace's refs are looked at this often.
const LOOK: Duration = Duration::from_millis(500);
/// The clock and the queue are looked at this often.
const SLOWLY: Duration = Duration::from_secs(5);

/// The status page is told of progress this often.
const PAGE_EVERY: Duration = Duration::from_secs(60);

const BY_LEDGER: &str = "ended in the ledger";
const BY_SIGNAL: &str = "buildq was told to stop";
const BY_SILENCE: &str = "no sign of life for";
const BY_ABSENCE: &str = "its task file is gone";
const BY_TIME: &str = "the attempt took longer than";

/// Why a watcher ended a builder.
pub enum Reason {
    /// The ledger says so already.
    Ledger,
    /// This process was asked to stop.
    Signal,
    /// The builder showed no sign of life.
    Lost,
    /// The task is no longer in the queue.
    Gone,
    /// The attempt's own time is up.
    Late,
}

/// What a watcher's words mean.
pub fn reason(words: &str) -> Reason {
    match words {
        words if words.starts_with(BY_LEDGER) => Reason::Ledger,
        words if words.starts_with(BY_SILENCE) => Reason::Lost,
        words if words.starts_with(BY_ABSENCE) => Reason::Gone,
        words if words.starts_with(BY_TIME) => Reason::Late,
        _ => Reason::Signal,
    }
}

/// Eyes on one attempt.
pub struct Watch<'a> {
    begun: &'a Begun,
    since: Instant,
    stop: Arc<AtomicBool>,
    looked: Instant,
    slow: Instant,
    refs: Vec<PathBuf>,
    refs_at: Option<SystemTime>,
    ledger: Option<Oid>,
    head: Oid,
    ear: Ear,
    stalled: bool,
    told: Option<Duration>,
    said: Option<(Percent, String)>,
    gone: Option<Duration>,
    page: Page,
}

/// What the status page knows of this attempt.
#[derive(Default)]
struct Page {
    /// The percent that it was last told.
    percent: Option<Percent>,
    /// It has not been told the newest.
    behind: bool,
    /// When it was last told.
    told: Option<Instant>,
}

impl<'a> Watch<'a> {
    /// Begins to watch.
    pub fn new(begun: &'a Begun, site: &Site) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        let git = site.folder().join(".git");
        let branch = begun.world.branch_of(&begun.start.task);
        let refs =
            ["HEAD", "logs/HEAD", &format!("refs/heads/{branch}")].map(|name| git.join(name));
        let mut watch = Self {
            begun,
            since: clock::tick(),
            stop,
            looked: clock::tick(),
            slow: clock::tick(),
            refs: refs.to_vec(),
            refs_at: None,
            ledger: begun.world.ledger.tip,
            head: begun.start.base,
            ear: Ear::new(clock::now(), clock::awake()),
            stalled: false,
            told: None,
            said: None,
            gone: None,
            page: Page::default(),
        };
        watch.refs_at = watch.newest_ref();
        Ok(watch)
    }

    /// One look; `Some` says why the builder is to be ended.
    pub fn look(&mut self, site: &Site) -> Option<String> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(BY_SIGNAL.into());
        }
        if let Some(why) = self.ended_by_ledger() {
            return Some(why);
        }
        let most = self.begun.world.config.limits.attempt_time;
        if let Some(most) = most.filter(|most| self.since.elapsed() >= *most) {
            let most = crate::render::text::span(most);
            return Some(format!("{BY_TIME} {most} (`limits.attempt_time`)"));
        }
        if self.looked.elapsed() >= LOOK {
            self.looked = clock::tick();
            self.take_new_commits(site);
        }
        if self.slow.elapsed() >= SLOWLY.min(self.begun.world.config.stall_after / 4) {
            self.slow = clock::tick();
            site.keep_logins();
            self.tell_page();
            return self.judge(site);
        }
        None
    }

    /// A sync keeps the status page: it is told of a new percent, at most once a minute.
    fn tell_page(&mut self) {
        let world = &self.begun.world;
        let lately = self.page.told.is_some_and(|told| told.elapsed() < PAGE_EVERY);
        if self.page.behind && !lately && world.config.status_branch {
            self.page.behind = false;
            self.page.told = Some(clock::tick());
            // The page is told with the next sync then, and the build does not hang on it.
            let _ = sync::in_background(&world.paths.common);
        }
    }

    fn newest_ref(&self) -> Option<SystemTime> {
        // By `lstat` alone: nothing in there is opened by the host.
        let times = self.refs.iter().filter_map(|path| fs::symlink_metadata(path).ok());
        times.filter_map(|data| data.modified().ok()).max()
    }

    /// The attempt is over in the ledger: cancelled, failed by hand, adopted by another clone.
    fn ended_by_ledger(&mut self) -> Option<String> {
        let world = &self.begun.world;
        let tip = world.repo.reference(ledger::REF);
        if tip == self.ledger {
            return None;
        }
        let ledger = ledger::read(&world.repo, &world.paths).ok()?;
        self.ledger = tip;
        let start = &self.begun.start;
        let runs = |build: &Build| build.running().is_some_and(|run| self.is_it(run));
        let build = ledger.builds.get(&start.task);
        if build.is_some_and(runs) {
            return None;
        }
        let phase = build.map_or("unknown", |build| say::state(&build.phase));
        Some(format!("{BY_LEDGER}: it is {phase}"))
    }

    fn take_new_commits(&mut self, site: &Site) {
        let newest = self.newest_ref();
        if newest == self.refs_at {
            return;
        }
        self.refs_at = newest;
        // A builder in the middle of a rebase is asked again at its next commit.
        if let Ok(taken) = site.take(false) {
            let _ = self.arrived(taken.head.unwrap_or(self.begun.start.base));
            if let Ok(facts) = site.progress(self.head) {
                self.page.behind |= self.page.percent != Some(facts.percent);
                self.page.percent = Some(facts.percent);
                self.tell(facts.percent, &facts.message);
            }
        }
    }

    /// New commits are in the attempt's ref.
    pub fn saw(&mut self, head: Oid) {
        if head != self.head {
            self.head = head;
            self.ear.sign(clock::awake());
        }
    }

    /// The same, and the branch follows.
    pub fn arrived(&mut self, head: Oid) -> Result<()> {
        self.saw(head);
        let world = &self.begun.world;
        let fresh = &self.begun.start.task;
        let build = world.ledger.builds.get(fresh);
        if let Some(run) = build.and_then(Build::last) {
            sync::point_branch(world, fresh, run)?;
        }
        Ok(())
    }

    /// Progress goes into the ledger at most every ten minutes.
    fn tell(&mut self, percent: Percent, message: &str) {
        let awake = clock::awake();
        let lately = |told: Duration| awake.saturating_sub(told) < vitals::PROGRESS_EVERY;
        if self.told.is_some_and(lately) {
            return;
        }
        self.told = Some(awake);
        self.said = Some((percent, message.to_owned()));
        let start = &self.begun.start;
        self.append(Kind::Progressed {
            task: start.task.clone(),
            attempt: start.attempt,
            percent,
            message: message.to_owned(),
            tip: self.head,
        });
    }

    /// The last that an attempt says of itself goes into the ledger in any case.
    pub fn tell_last(&mut self, facts: &Progress) {
        let said = (facts.percent, facts.message.clone());
        if facts.percent.value() > 0 && self.said.as_ref() != Some(&said) && self.is_ours() {
            self.told = None;
            self.tell(facts.percent, &facts.message);
        }
    }

    fn append(&mut self, kind: Kind) {
        let world = &self.begun.world;
        let author = super::super::gather::builder_person();
        let pen = Pen {
            repo: &world.repo,
            paths: &world.paths,
            author,
            queue: world.queue.tip,
            now: clock::now(),
            masks: world.masks(),
        };
        let draft = Draft { run: Some(self.begun.run.clone()), ..Draft::new(kind) };
        if let Ok(Appended::Yes(ledger, _)) = append(&pen, &mut |_| Ok(Ok(draft.clone()))) {
            self.ledger = ledger.tip;
        }
    }

    /// Stall, silence, and a task file that has gone.
    fn judge(&mut self, site: &Site) -> Option<String> {
        let awake = clock::awake();
        let (world, start) = (&self.begun.world, &self.begun.start);
        if let Some(newest) = output::newest(&world.paths.output(&start.task, start.attempt)) {
            self.ear.hear("output", newest.into(), awake);
        }
        let after = world.config.stall_after;
        if vitals::pulse(self.ear.silence(awake), after) != Pulse::Alive {
            // A walk through all its files is made only when nothing else has spoken.
            if let Some(newest) = workspace::newest_change(site.folder()) {
                self.ear.hear("workspace", newest.into(), awake);
            }
        }
        let silent = self.ear.silence(awake);
        match vitals::pulse(silent, after) {
            Pulse::Alive => self.stalled = false,
            Pulse::Stalled if self.stalled => {}
            Pulse::Stalled => {
                self.stalled = true;
                let (task, attempt) = (start.task.clone(), start.attempt);
                self.append(Kind::Stalled { task, attempt, since: ago(silent) });
            }
            Pulse::Lost => {
                return Some(format!("{BY_SILENCE} {}", crate::render::text::span(silent)));
            }
        }
        self.absence(awake)
    }

    /// Whether a run of the ledger is this very one, and not another clone's of that number.
    fn is_it(&self, run: &Run) -> bool {
        run.id == self.begun.run
    }

    fn absence(&mut self, awake: Duration) -> Option<String> {
        let world = &self.begun.world;
        let path = &self.begun.start.path;
        let tip = world.repo.branch(&world.queue_branch)?;
        let there = path.starts_with("specs/")
            || world.repo.entry(tip, path).is_some()
            || self.renamed(tip);
        if there {
            self.gone = None;
            return None;
        }
        let away = awake.saturating_sub(*self.gone.get_or_insert(awake));
        let since = || ago(away).format("%H:%M UTC").to_string();
        (away >= vitals::GONE).then(|| format!("{BY_ABSENCE} since {}", since()))
    }

    /// The very text stands under another name.
    fn renamed(&self, tip: Oid) -> bool {
        let world = &self.begun.world;
        let files = world.repo.queue_files(tip, &world.config.queue_dir).unwrap_or_default();
        let inside = format!("{}/done/", world.config.queue_dir);
        let source = self.begun.start.source;
        files.iter().any(|file| file.blob == source && !file.path.starts_with(&inside))
    }

    /// Whether the ledger still has this attempt running.
    pub fn is_ours(&self) -> bool {
        let world = &self.begun.world;
        let start = &self.begun.start;
        let ledger = ledger::read(&world.repo, &world.paths).unwrap_or_default();
        ledger.builds.get(&start.task).is_some_and(|build| {
            build.phase == Phase::Building && build.last().is_some_and(|run| self.is_it(run))
        })
    }
}

/// So long ago, on the wall clock.
fn ago(span: Duration) -> DateTime<Utc> {
    let now = clock::now();
    let span = TimeDelta::from_std(span).unwrap_or_default();
    now.checked_sub_signed(span).unwrap_or(now)
}
