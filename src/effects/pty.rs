//! A terminal within the person's own: what runs in it has jobs, colours and a size, and can type
//! into nothing but itself. The person's own is never handed on: whoever has a terminal can read
//! what is typed there, and on many systems type into it (TIOCSTI).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread;

use anyhow::{Context as _, Result};
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableFocusChange, DisableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::LeaveAlternateScreen;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::SIGWINCH;
use signal_hook::iterator::Signals;

/// How much is read of what is typed at a time.
const CHUNK: usize = 4096;

/// A terminal: what runs has the inner end, we have the outer one.
#[derive(Debug)]
pub struct Pty {
    outer: OwnedFd,
    inner: OwnedFd,
}

impl Pty {
    /// One with the modes and the size of the person's own.
    pub fn like_ours() -> Result<Self> {
        let made = || "cannot make a terminal";
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).with_context(made)?;
        // Not every system can open it so.
        fcntl_setfd(&outer, FdFlags::CLOEXEC).with_context(made)?;
        grantpt(&outer).and_then(|()| unlockpt(&outer)).with_context(made)?;
        let name = ptsname(&outer, Vec::new()).with_context(made)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let inner = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).with_context(made)?;
        let pty = Self { outer, inner };
        if let Ok(modes) = tcgetattr(stdin()) {
            tcsetattr(&pty.inner, OptionalActions::Now, &modes).with_context(made)?;
        }
        size_of_ours(&pty.outer);
        Ok(pty)
    }

    /// The end of what runs, once more.
    pub fn inner(&self) -> io::Result<Stdio> {
        Ok(self.inner.try_clone()?.into())
    }

    /// Our end, once more.
    pub fn outer(&self) -> io::Result<OwnedFd> {
        self.outer.try_clone()
    }

    /// Hands on what is typed and the size of the person's own terminal, until this process ends.
    pub fn connect(&self) -> Result<()> {
        let keys = self.outer()?;
        thread::Builder::new().spawn(move || feed(&keys))?;
        let (size, mut signals) = (self.outer()?, Signals::new([SIGWINCH])?);
        thread::Builder::new()
            .spawn(move || signals.forever().for_each(|_| size_of_ours(&size)))?;
        // It may have changed before that was listened to.
        size_of_ours(&self.outer);
        Ok(())
    }
}

fn size_of_ours(outer: &OwnedFd) {
    if let Ok(size) = tcgetwinsize(stdin()) {
        // What runs is told by the kernel.
        let _ = rustix::termios::tcsetwinsize(outer, size);
    }
}

/// A pipe into which goes, from now on, what this process reads. Its input itself is not handed
/// on: what may read a file can often open it anew, to write.
pub fn piped_input() -> Result<Stdio> {
    let (end, ours) = io::pipe().context("cannot make a pipe")?;
    let ours: OwnedFd = ours.into();
    thread::Builder::new().spawn(move || feed(&ours))?;
    Ok(end.into())
}

/// Reads our standard input to its end, or until nobody takes it any more.
fn feed(to: &OwnedFd) {
    let mut typed = [0; CHUNK];
    loop {
        match rustix::io::read(stdin(), &mut typed) {
            Ok(0) => return,
            Ok(length) if put(to, &typed[..length]).is_err() => return,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Writes all of it; our end never blocks, so its time is waited for.
fn put(to: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(to, PollFlags::OUT)], None)?;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The person's terminal hands every key on as it is, until this is dropped: then it is as it was,
/// whatever ran in the other one.
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// From now on.
    pub fn begin() -> Result<Self> {
        let failed = || "cannot read single keys from the terminal";
        let before = tcgetattr(stdin()).with_context(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Drain, &raw).with_context(failed)?;
        Ok(Self { before })
    }

    /// Puts back what a program that was ended, or one that means ill, has left turned on.
    pub fn mend(&self, whole_screen: bool) {
        let Ok(mut tty) = OpenOptions::new().write(true).open("/dev/tty") else { return };
        if whole_screen {
            let _ = execute!(tty, LeaveAlternateScreen);
        }
        let _ = execute!(tty, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
        let _ = execute!(tty, ResetColor, Show);
        // Plain letters, and arrow keys as shells want them.
        let _ = tty.write_all(b"\x1b(B\x1b[?1l\x1b>");
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // What was typed too late, and what the terminal answers to a question of the program, is
        // not for the shell that reads next.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.before);
    }
}

/// Whether a program has the whole screen, by what it writes.
#[derive(Debug, Default)]
pub struct WholeScreen {
    on: bool,
    rest: Vec<u8>,
}

impl WholeScreen {
    /// The next of what it writes.
    pub fn see(&mut self, bytes: &[u8]) {
        const SWITCH: &[u8] = b"\x1b[?1049";
        self.rest.extend_from_slice(bytes);
        for window in self.rest.windows(SWITCH.len() + 1).filter(|it| it.starts_with(SWITCH)) {
            match window[SWITCH.len()] {
                b'h' => self.on = true,
                b'l' => self.on = false,
                _ => {}
            }
        }
        let whole = self.rest.len().saturating_sub(SWITCH.len());
        self.rest.drain(..whole);
    }

    /// Whether it has it now.
    pub fn is_on(&self) -> bool {
        self.on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_that_is_taken_over_is_seen_in_whatever_pieces() {
        for (said, on) in [
            (&["a\x1b[?1049h"][..], true),
            (&["\x1b[?10", "49", "hello"], true),
            (&["\x1b[?1049h\x1b[2J", "x\x1b[?1049", "l"], false),
            (&["\x1b[?1049l", "\x1b[?1048h"], false),
            (&["?1049h"], false),
        ] {
            let mut screen = WholeScreen::default();
            said.iter().for_each(|part| screen.see(part.as_bytes()));
            assert_eq!(screen.is_on(), on, "{said:?}");
        }
    }

    #[test]
    fn what_is_written_into_one_end_comes_out_of_the_other() {
        let pty = Pty::like_ours().unwrap();
        put(&pty.outer, b"hello\n").unwrap();
        let mut line = [0; 64];
        let length = rustix::io::read(&pty.inner, &mut line).unwrap();
        assert_eq!(&line[..length], b"hello\n");
        let size = rustix::termios::Winsize { ws_row: 7, ws_col: 33, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&pty.outer, size).unwrap();
        assert_eq!(tcgetwinsize(&pty.inner).unwrap().ws_col, 33);
        assert!(rustix::termios::isatty(&pty.inner) && pty.inner().is_ok());
    }
}
