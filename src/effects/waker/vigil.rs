//! The waker in the foreground: as exact, and woken by refs as well as by time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::watch::RefsWatch;
use super::{Bell, SET_BACK, longest, poke, write_due};
use crate::effects::clock;
use crate::effects::locks::Lock;
use crate::effects::paths::Paths;

/// The sleeping process hands over within this time.
const HANDOVER: Duration = Duration::from_secs(20);
/// A ref that has moved is seldom the last one: what comes within this time is looked at together.
const SETTLING: Duration = Duration::from_millis(30);

/// Whether there is anything more to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// Sleep until the next thing is due, or a ref moves.
    Sleep,
    /// This was the last round.
    End,
}

/// Why a daemon looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Something was due at this time, or the clock was set back.
    Due(DateTime<Utc>),
    /// A ref may have moved; or a minute has passed, in which a notification may have been lost.
    Look,
}

/// What keeps a clone awake: one process at most.
pub struct Vigil {
    _one: Lock,
    waker: Lock,
    bell: Bell,
    stop: Arc<AtomicBool>,
    watch: Result<RefsWatch>,
}

impl Vigil {
    /// Takes over from the sleeping process.
    pub fn begin(paths: &Paths) -> Result<Self> {
        let Some(one) = Lock::try_take(&super::daemon_lock(paths))? else {
            bail!(
                "a daemon of this clone is at work already\nhint: one is enough; end the other one first, if it is to run here"
            );
        };
        poke(paths);
        let Some(waker) = Lock::take(&paths.lock("waker"), HANDOVER)? else {
            bail!("the sleeping process does not hand over\nhint: buildq doctor");
        };
        let bell = Bell::hang(paths)?;
        let stop = Arc::new(AtomicBool::new(false));
        for signal in
            [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP]
        {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .context("cannot hear of signals")?;
            signal_hook::low_level::pipe::register(signal, bell.hand()?)
                .context("cannot hear of signals")?;
        }
        let watch = RefsWatch::of(&paths.common, &bell);
        Ok(Self { _one: one, waker, bell, stop, watch })
    }

    /// Why refs are looked at once a minute alone, if so.
    pub fn is_deaf(&self) -> Option<&anyhow::Error> {
        self.watch.as_ref().err()
    }

    /// Looks, sleeps, and looks again, until it is told to end, or the repository has gone.
    pub fn keep(&self, paths: &Paths, round: &mut dyn FnMut(Call) -> Result<Onward>) -> Result<()> {
        let mut last = clock::now();
        while !self.stop.load(Ordering::SeqCst) {
            if !paths.common.join("HEAD").exists() {
                bail!("the repository has gone\nhint: nothing is left to watch over");
            }
            if !self.waker.is_in_place() {
                bail!(
                    "`{}` was removed, and with it the lock\nhint: start the daemon again",
                    paths.local.display()
                );
            }
            self.bell.still();
            let (due, now) = (super::due(paths), clock::now());
            let was_set = last - now > SET_BACK;
            last = now;
            let call = due.filter(|due| *due <= now || was_set).map_or(Call::Look, Call::Due);
            if round(call)? == Onward::End {
                return Ok(());
            }
            // A word that the round has left as it was was its last.
            if let Call::Due(was) = call
                && super::due(paths) == Some(was)
            {
                write_due(paths, None)?;
            }
            reap();
            let left =
                super::due(paths).map(|due| (due - clock::now()).to_std().unwrap_or_default());
            if self.bell.wait(left.unwrap_or(longest()).min(longest())) {
                std::thread::sleep(SETTLING);
            }
        }
        Ok(())
    }
}

/// What was started and has ended is this long-lived process's to bury.
fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
}
