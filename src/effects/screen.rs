//! The whole screen of a terminal: taken over, drawn upon, and given back as it was, also when the
//! program panics or is asked to end.

use std::fs::{File, OpenOptions};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, terminal};
use ratatui::{Frame, Terminal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether the screen is taken over by this process.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOKED: Once = Once::new();

/// What happens at the terminal.
#[derive(Debug)]
pub enum Happening {
    /// A key, pasted text, another size.
    Event(Event),
    /// This signal asks us to end.
    Signal(i32),
    /// The terminal is gone.
    Gone,
}

/// The screen, until it is dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<File>>,
}

impl Screen {
    /// Takes the terminal of this process over; an error where there is none.
    pub fn take() -> Result<Self> {
        HOOKED.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        let terminal = Terminal::new(CrosstermBackend::new(tty()?))?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut screen = Self { terminal };
        enable_raw_mode().context("cannot read single keys from the terminal")?;
        execute!(screen.terminal.backend_mut(), EnterAlternateScreen, EnableBracketedPaste)?;
        screen.terminal.clear()?;
        Ok(screen)
    }

    /// Draws what has changed; an error once the screen was given back.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> Result<()> {
        if !TAKEN.load(Ordering::SeqCst) {
            bail!("the screen was given back");
        }
        self.terminal.draw(draw)?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn tty() -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.context("there is no terminal")
}

/// Puts everything as it was, once.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = disable_raw_mode();
    if let Ok(mut tty) = tty() {
        let _ = execute!(tty, DisableBracketedPaste, LeaveAlternateScreen, Show);
    }
}

/// Columns and rows of the terminal.
pub fn size() -> (u16, u16) {
    terminal::size().unwrap_or((80, 24))
}

/// Who reads what is typed at the terminal.
#[derive(Clone, Debug, Default)]
pub struct Ears {
    /// Nobody here is to.
    stopped: Arc<AtomicBool>,
    /// Nobody here does.
    quiet: Arc<AtomicBool>,
}

impl Ears {
    /// Leaves the keys to somebody else: when this returns, none is taken any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        while !self.quiet.load(Ordering::SeqCst) {
            std::thread::sleep(HUSH);
        }
    }

    /// Listens again.
    pub fn go_on(&self) {
        self.stopped.store(false, Ordering::SeqCst);
    }

    /// The next that happens; an error where the terminal has gone.
    fn next(&self) -> std::io::Result<Event> {
        loop {
            let stopped = self.stopped.load(Ordering::SeqCst);
            self.quiet.store(stopped, Ordering::SeqCst);
            match stopped {
                true => std::thread::sleep(HUSH),
                false if event::poll(LOOK)? => return event::read(),
                false => {}
            }
        }
    }
}

/// How often it is looked whether somebody else reads the keys.
const HUSH: Duration = Duration::from_millis(20);

/// Tells everything that happens at the terminal from now on, as what `wrap` makes of it.
pub fn listen<T: Send + 'static>(
    to: &Sender<T>,
    wrap: impl Fn(Happening) -> T + Clone + Send + 'static,
) -> Result<Ears> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let (at_signals, tell) = (to.clone(), wrap.clone());
    std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            let _ = at_signals.send(tell(Happening::Signal(signal)));
        }
    })?;
    let (to, ears) = (to.clone(), Ears::default());
    let own = ears.clone();
    std::thread::Builder::new().spawn(move || {
        loop {
            let happening = own.next().map_or(Happening::Gone, Happening::Event);
            let over = matches!(happening, Happening::Gone);
            if to.send(wrap(happening)).is_err() || over {
                // Nobody waits in vain for it to be quiet.
                own.quiet.store(true, Ordering::SeqCst);
                return;
            }
        }
    })?;
    Ok(ears)
}

/// One key, for whoever asks for a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter, a digit, a sign.
    Letter(char),
    /// A key that means to leave: Ctrl-C, Ctrl-D, Esc; or a signal that asks us to end.
    End,
    /// Any other.
    Other,
}

/// How often a signal is looked for while a key is waited for.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for one key. The terminal is as it was when this returns.
pub fn key() -> Result<Key> {
    let ended = Arc::new(AtomicBool::new(false));
    let mut hooked = Vec::new();
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        hooked.push(signal_hook::flag::register(signal, Arc::clone(&ended))?);
    }
    enable_raw_mode().context("cannot read single keys from the terminal")?;
    let key = next_key(&ended);
    let _ = disable_raw_mode();
    for id in hooked {
        signal_hook::low_level::unregister(id);
    }
    Ok(key)
}

fn next_key(ended: &AtomicBool) -> Key {
    while !ended.load(Ordering::Relaxed) {
        match event::poll(LOOK).and_then(|there| there.then(event::read).transpose()) {
            Ok(Some(Event::Key(key))) if key.kind == KeyEventKind::Press => return of_event(key),
            Ok(_) => {}
            Err(_) => return Key::End,
        }
    }
    Key::End
}

fn of_event(key: KeyEvent) -> Key {
    match key.code {
        KeyCode::Esc => Key::End,
        KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::End,
        KeyCode::Char(letter) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
            Key::Letter(letter)
        }
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::effects::clock;

    /// Run by the test below, in a terminal of its own.
    #[test]
    #[ignore = "takes the terminal over and panics"]
    fn panics_on_the_whole_screen() {
        let mut screen = Screen::take().unwrap();
        screen.draw(|frame| frame.render_widget("all mine", frame.area())).unwrap();
        // Not before the other side has seen it.
        let go = std::env::temp_dir().join("go");
        while !go.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("as was asked");
    }

    fn tmux(socket: &Path, words: &[&str]) -> String {
        let output = Command::new("tmux").arg("-S").arg(socket).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn until(socket: &Path, so: impl Fn(&str) -> bool) -> String {
        let begun = clock::tick();
        loop {
            let screen = tmux(socket, &["capture-pane", "-p"]);
            if so(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_panic_gives_the_screen_back_before_it_speaks() {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("left out: what a terminal shows (no tmux)");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("tmux");
        let program = std::env::current_exe().unwrap();
        let test = "effects::screen::tests::panics_on_the_whole_screen";
        let line = format!(
            "stty -g > before; TMPDIR=. {} --exact {test} --ignored --nocapture; \
             stty -g > after; echo it is over; read _",
            program.display()
        );
        let mut start = Command::new("tmux");
        start.arg("-S").arg(&socket).args(["-f", "/dev/null", "new-session", "-d"]);
        start.args(["-x", "160", "-y", "50", "-c"]).arg(dir.path()).arg(line);
        assert!(start.status().unwrap().success());
        until(&socket, |screen| screen.starts_with("all mine"));
        std::fs::write(dir.path().join("go"), "").unwrap();
        let screen = until(&socket, |screen| screen.contains("it is over"));
        let taken = tmux(&socket, &["display-message", "-p", "#{alternate_on}"]);
        tmux(&socket, &["kill-server"]);
        assert_eq!(taken.trim(), "0");
        assert!(screen.contains("as was asked") && !screen.contains("all mine"), "{screen}");
        let modes = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(modes("before"), modes("after"));
    }
}
