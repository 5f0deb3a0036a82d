//! The person's hands: their keys and their screen, or their pipes, and the signals that end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::place::Ready;
use crate::commands::mouth::{self, Pour};
use crate::effects::env;
use crate::effects::process::{self, Channel, Ended, Hands, Invocation};
use crate::effects::pty::{self, Pty, Raw, WholeScreen};
use crate::effects::sandbox::inside::Role;
use crate::render::tryout as view;

/// What is asked to end has so long.
const GRACE: Duration = Duration::from_secs(2);
/// The shell of those who name none.
const SHELL: &str = "/bin/sh";

/// Whether a signal asks this process to end.
#[derive(Clone, Debug)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let told = Arc::new(AtomicUsize::new(0));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal)?;
            signal_hook::flag::register_usize(signal, Arc::clone(&told), number)?;
        }
        Ok(Self(told))
    }

    /// The number of the signal, if one has come.
    pub fn said(&self) -> Option<String> {
        let number = self.0.load(Ordering::Relaxed);
        (number != 0).then(|| number.to_string())
    }
}

/// Runs a command, or the person's shell where there is none, in a place that is ready.
pub fn work(ready: &Ready, command: &[String], stop: &Stop) -> Result<Ended> {
    let at_terminal = mouth::is_read() && mouth::is_answered();
    let mut inside = ready.inside.clone();
    inside.own_terminal = at_terminal;
    let argv = match command {
        [] => {
            // Debian's own prompt begins with the second, whatever the first says.
            let own = format!("try {}", ready.task);
            inside.env.push(("PS1".into(), format!("({own}) $ ").into()));
            inside.env.push(("debian_chroot".into(), own.into()));
            shell()
        }
        command => command.to_vec(),
    };
    let mut call = inside.call(&argv, Role::Check)?;
    (call.timeout, call.grace) = (Duration::MAX, GRACE);
    if command.is_empty() && at_terminal {
        mouth::complain(&view::welcome(&ready.told));
    }
    match at_terminal {
        true => on_terminal(&call, stop),
        false => through_pipes(&call, stop),
    }
}

/// The person's own shell, if it can be found inside as well.
fn shell() -> Vec<String> {
    let own = std::env::var(env::SHELL).ok().filter(|path| which::which(path).is_ok());
    let own = own.unwrap_or_else(|| SHELL.to_owned());
    // Without any file in its new home it would ask what to put there.
    let quiet = own.ends_with("/zsh").then(|| "-f".to_owned());
    std::iter::once(own).chain(quiet).collect()
}

fn on_terminal(call: &Invocation, stop: &Stop) -> Result<Ended> {
    let pty = Pty::like_ours()?;
    let raw = Raw::begin()?;
    pty.connect()?;
    let (mut screen, mut pour) = (WholeScreen::default(), Pour::new(true));
    let mut output = |_, bytes: &[u8]| {
        screen.see(bytes);
        // A terminal that has gone is told by a signal.
        let _ = pour.write(bytes);
    };
    let done = process::attend(call, Hands::Terminal(&pty), &mut output, &mut || stop.said());
    raw.mend(screen.is_on());
    Ok(done?.ended)
}

fn through_pipes(call: &Invocation, stop: &Stop) -> Result<Ended> {
    let (mut out, mut errors) = (Pour::new(false), Pour::of_errors());
    let unread = std::cell::Cell::new(false);
    let mut output = |channel, bytes: &[u8]| {
        let pour = if channel == Channel::Out { &mut out } else { &mut errors };
        unread.set(unread.get() || pour.write(bytes).is_err());
    };
    let input = pty::piped_input()?;
    let pipe = signal_hook::consts::SIGPIPE.to_string();
    let mut watch = || stop.said().or_else(|| unread.get().then(|| pipe.clone()));
    let done = process::attend(call, Hands::Pipes(input), &mut output, &mut watch)?;
    out.finish();
    errors.finish();
    Ok(done.ended)
}
