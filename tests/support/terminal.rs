//! A real terminal: a tmux of the test's own, into which is typed, and whose screen is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{BOUND, TestRepo};

/// Between two looks at the screen.
const LOOK: Duration = Duration::from_millis(30);
/// What the shell in it asks with.
pub const ASKS: &str = "ready>";

/// One window with a shell in the repository's folder; it is closed when it is dropped.
pub struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Opens one of this size, with these variables besides; `None` where there is no tmux, which is
    /// said.
    pub fn open(
        repo: &TestRepo,
        (columns, rows): (u16, u16),
        vars: &[(&str, &str)],
    ) -> Option<Self> {
        if !Command::new("tmux")
            .arg("-V")
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|it| it.success())
        {
            eprintln!("left out: what a terminal shows (no tmux)");
            return None;
        }
        let socket = repo.root().join("tmux");
        let rc = repo.root().join("shell");
        fs::write(&rc, format!("PS1='{ASKS} '\n")).unwrap();
        let mut command = repo.command("tmux");
        command.envs(vars.iter().copied()).env("ENV", &rc).arg("-S").arg(&socket);
        command.args(["-u", "-f", "/dev/null", "new-session", "-d"]);
        command.args(["-x", &columns.to_string(), "-y", &rows.to_string(), "sh -i"]);
        let terminal = Self { socket };
        assert!(command.status().unwrap().success(), "tmux does not start");
        terminal.until(|screen| screen.contains(ASKS));
        Some(terminal)
    }

    fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        let output = command.arg("-S").arg(&self.socket).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, each by tmux's name for it: `Enter`, `Down`, `q`.
    pub fn keys(&self, keys: &[&str]) -> &Self {
        self.tmux(&[&["send-keys"], keys].concat());
        self
    }

    /// Types letters as they are.
    pub fn types(&self, text: &str) -> &Self {
        self.tmux(&["send-keys", "-l", text]);
        self
    }

    /// Types a command line into the shell.
    pub fn runs(&self, line: &str) -> &Self {
        self.types(line).keys(&["Enter"])
    }

    /// Another size.
    pub fn resize(&self, columns: u16, rows: u16) -> &Self {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
        self
    }

    /// What it shows now, without what it obeys.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with colours and links.
    pub fn colours(&self) -> String {
        self.tmux(&["capture-pane", "-pe"])
    }

    /// The process that runs in the shell, by tmux's word.
    pub fn runs_now(&self) -> String {
        self.tmux(&["display-message", "-p", "#{pane_current_command}"]).trim_end().to_owned()
    }

    /// Whether it is on the screen that full-screen programs use.
    pub fn is_taken_over(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{alternate_on}"]).trim_end() == "1"
    }

    /// Looks again and again until the screen is so, for at most [`BOUND`]; the screen.
    #[track_caller]
    pub fn until(&self, mut so: impl FnMut(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if so(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < BOUND, "it did not show within {BOUND:?}:\n{screen}");
            std::thread::sleep(LOOK);
        }
    }

    /// Looks until these words are to be seen.
    #[track_caller]
    pub fn shows(&self, words: &str) -> String {
        self.until(|screen| screen.contains(words))
    }

    /// Where its server listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
