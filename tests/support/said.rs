//! What a command answered, and what it should have answered.

use std::process::{Command, Output};

/// A command's answer. Every assertion shows all of it when it fails.
#[derive(Debug)]
pub struct Said {
    line: String,
    /// The exit code; 128 and more for a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let line = format!("{command:?}");
        let line =
            line.rsplit_once("BUILDQ_TEST_CLOCK").map_or(line.clone(), |(_, end)| end.into());
        let output = command.output().unwrap_or_else(|error| panic!("{line}: {error}"));
        Self::from(line, output)
    }

    /// The answer of a command that was run by other means.
    pub fn from(line: String, output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let code = output.status.code();
        let code = code.unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { line, code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn whole(&self) -> String {
        let Self { line, code, stdout, stderr } = self;
        format!("{line}\n── exit {code}\n── stdout\n{stdout}\n── stderr\n{stderr}")
    }

    /// It ended with 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert!(self.code == code, "expected exit {code}\n{}", self.whole());
        self
    }

    /// Standard output is exactly this.
    #[track_caller]
    pub fn stdout(self, text: &str) -> Self {
        assert!(self.stdout == text, "expected on stdout:\n{text}\n{}", self.whole());
        self
    }

    /// Standard output holds this.
    #[track_caller]
    pub fn stdout_has(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "expected on stdout: {part}\n{}", self.whole());
        self
    }

    /// Standard output holds these words, wherever its lines are broken.
    #[track_caller]
    pub fn stdout_says(self, words: &str) -> Self {
        let said = self.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "expected on stdout: {words}\n{}", self.whole());
        self
    }

    /// Standard output does not hold this.
    #[track_caller]
    pub fn stdout_lacks(self, part: &str) -> Self {
        assert!(!self.stdout.contains(part), "not expected on stdout: {part}\n{}", self.whole());
        self
    }

    /// Standard error is exactly this.
    #[track_caller]
    pub fn stderr(self, text: &str) -> Self {
        assert!(self.stderr == text, "expected on stderr:\n{text}\n{}", self.whole());
        self
    }

    /// Standard error holds this.
    #[track_caller]
    pub fn stderr_has(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "expected on stderr: {part}\n{}", self.whole());
        self
    }

    /// Standard error does not hold this.
    #[track_caller]
    pub fn stderr_lacks(self, part: &str) -> Self {
        assert!(!self.stderr.contains(part), "not expected on stderr: {part}\n{}", self.whole());
        self
    }

    /// It did not panic, and what it complains of comes with a way out.
    #[track_caller]
    pub fn clear_refusal(self) -> Self {
        assert!(self.code == 1 || self.code == 2, "expected a refusal\n{}", self.whole());
        assert!(self.stderr.starts_with("error: "), "expected an error\n{}", self.whole());
        assert!(self.stderr.contains("hint: "), "expected a hint\n{}", self.whole());
        assert!(!self.stderr.contains("panicked"), "it panicked\n{}", self.whole());
        self
    }
}
