//! `buildq demo`

pub mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use self::stage::Stage;
use super::{Exit, Scene, print};
use crate::core::ledger::{Build, Ledger, Phase};
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::{clock, ledger, sweep, waker};
use crate::render::text;

/// See it work in a throwaway repository: about ten seconds, asks nothing
///
/// Sets up a small project, commits a few tasks with plain `git commit`, and shows what becomes
/// of them: built, retried, held. The repository stays for looking at.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make the repository in this folder, which must be new or empty, not in a temporary one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Everything is in review long before.
const LONGEST: Duration = Duration::from_secs(50);
const LOOK: Duration = Duration::from_millis(50);
/// What is asked to end does so within this time.
const END: Duration = Duration::from_secs(5);
/// The exit code of a program that an interrupt ended.
const INTERRUPTED: u8 = 130;

/// The task that everything else in the demo stands upon.
const FIRST: &str = "greet-by-name";
/// Those that are built without a person.
const BUILT: [&str; 3] = [FIRST, "usage-section", "languages"];
/// The one that a person has to approve.
const HELD: &str = "go-live";

/// Plays it; an interrupt ends everything that was started.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    super::gather::refuse_workspace(&scene.dir)?;
    let stop = Arc::new(AtomicBool::new(false));
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let stage = Stage::new(args.keep.map(|dir| scene.dir.join(dir)))?;
    let played = play(&stage, &stop);
    if stop.load(Ordering::Relaxed) {
        stage.leave()?;
        print(&format!("\ninterrupted: nothing of it runs any more; {} stays", stage.shown()));
        return Ok(Exit::Code(INTERRUPTED.into()));
    }
    let all = played?;
    print(&stage.farewell(FIRST, HELD));
    Ok(if all { Exit::Done } else { Exit::No })
}

/// Whether everything that should came to review.
fn play(stage: &Stage, stop: &AtomicBool) -> Result<bool> {
    print(&format!("a new repository in {}\n", stage.shown()));
    stage.project()?;
    stage.set_up()?;
    let repo = Repo::at(&stage.git_dir())?;
    let paths = super::gather::places(&repo)?;
    let mut watch = Watch { repo: &repo, paths: &paths, begun: clock::tick(), stop, shown: 0 };
    print("\n# A task is a file. Committing it is all there is to do:");
    stage.commit(&[FIRST], "Let greet.sh take a name")?;
    watch.until(|ledger| ledger.builds.values().any(|build| !build.attempts.is_empty()))?;
    print("\n# More come while it works: one needs it, one fails once, one sounds dangerous.");
    stage.commit(&["usage-section", "languages", HELD], "Add three more tasks")?;
    let all = watch.until(|ledger| BUILT.iter().all(|id| is_in_review(ledger, id)))?;
    if stop.load(Ordering::Relaxed) {
        return Ok(false);
    }
    settle(&paths)?;
    if !all {
        print("\nnot everything came to review in time; this is how it stands:");
    }
    for words in [&["why", HELD][..], &["status"], &["report"]] {
        stage.show(words)?;
    }
    stage.show_ledger()?;
    Ok(all)
}

fn is_in_review(ledger: &Ledger, id: &str) -> bool {
    let build = ledger.builds.iter().find(|(known, _)| known.as_str() == id);
    build.is_some_and(|(_, build)| matches!(build.phase, Phase::Review { .. }))
}

/// Eyes on the ledger.
struct Watch<'a> {
    repo: &'a Repo,
    paths: &'a Paths,
    begun: Instant,
    stop: &'a AtomicBool,
    shown: usize,
}

impl Watch<'_> {
    /// Prints every event as it comes, until the ledger says so; `false` if it never does.
    fn until(&mut self, enough: impl Fn(&Ledger) -> bool) -> Result<bool> {
        while !self.stop.load(Ordering::Relaxed) && self.begun.elapsed() < LONGEST {
            let ledger = ledger::read(self.repo, self.paths)?;
            let events = ledger::events(self.repo)?;
            for event in events.iter().skip(self.shown) {
                let seconds = self.begun.elapsed().as_secs_f32();
                print(&format!("{seconds:5.1}s  {}", text::safe(&event.subject)));
            }
            self.shown = events.len();
            if enough(&ledger) {
                return Ok(true);
            }
            let tired = |build: &Build| matches!(build.phase, Phase::Escalated { .. });
            if let Some((id, _)) = ledger.builds.iter().find(|(_, build)| tired(build)) {
                return Err(anyhow!("`{id}` failed too often\nhint: buildq show {id}"));
            }
            thread::sleep(LOOK);
        }
        Ok(false)
    }
}

/// Lets the last sync finish, and puts the sleeper to rest: a demo leaves nothing running.
fn settle(paths: &Paths) -> Result<()> {
    // Supervisors and the syncs of hooks work in the git directory; the sleeper does not.
    soon(|| sweep::living("", &paths.common).is_empty());
    let turn = Lock::take(&paths.lock("sync"), END)?;
    waker::leave(paths, None)?;
    soon(|| !waker::is_awake(paths));
    drop(turn);
    Ok(())
}

fn soon(done: impl Fn() -> bool) {
    let begun = clock::tick();
    while !done() && begun.elapsed() < END {
        thread::sleep(LOOK);
    }
}
