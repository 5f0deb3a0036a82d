//! What a heartbeat looks like in a unit file, a crontab and a launch agent: text alone.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, bail};

/// The longest line that cron takes, with room to spare.
pub(super) const CRON_LINE: usize = 900;

/// How often: always a whole part of an hour or of a day, which is what every kind of timer
/// can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// 1 to 30, a divisor of 60.
    Minutes(u8),
    /// 1 to 24, a divisor of 24.
    Hours(u8),
}

impl Every {
    /// As a span of time.
    pub fn span(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minutes(minutes) => u64::from(minutes) * 60,
            Self::Hours(hours) => u64::from(hours) * 3600,
        })
    }

    pub(super) fn calendar(self) -> String {
        match self {
            Self::Minutes(minutes) => format!("*:0/{minutes}"),
            Self::Hours(24) => "0:00".into(),
            Self::Hours(hours) => format!("0/{hours}:00"),
        }
    }

    pub(super) fn cron(self) -> String {
        match self {
            Self::Minutes(1) => "* * * * *".into(),
            Self::Minutes(minutes) => format!("*/{minutes} * * * *"),
            Self::Hours(24) => "0 0 * * *".into(),
            Self::Hours(hours) => format!("0 */{hours} * * *"),
        }
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Minutes(minutes) => write!(f, "{minutes}m"),
            Self::Hours(hours) => write!(f, "{hours}h"),
        }
    }
}

impl FromStr for Every {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = humantime::parse_duration(text).map_or(0, |span| span.as_secs());
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        match u8::try_from(if hours > 0 { hours } else { minutes }) {
            Ok(n @ 1..=24) if seconds.is_multiple_of(3600) && hours > 0 && 24 % n == 0 => {
                Ok(Self::Hours(n))
            }
            Ok(n @ 1..=30) if seconds.is_multiple_of(60) && hours == 0 && 60 % n == 0 => {
                Ok(Self::Minutes(n))
            }
            _ => Err("use a whole part of an hour or a day, such as 5m, 10m, 15m, 30m, 1h, 2h, \
                      6h, 24h"
                .into()),
        }
    }
}

/// One heartbeat: which clone, and what runs.
#[derive(Clone, Debug)]
pub struct Beat {
    /// Tells this clone's timer from those of others.
    pub clone_id: String,
    /// This program: absolute.
    pub exe: PathBuf,
    /// Where it runs: absolute.
    pub repo: PathBuf,
    /// The search path it runs with.
    pub path: OsString,
    /// How often.
    pub every: Every,
}

pub(super) fn label(clone_id: &str) -> String {
    format!("dev.buildq.{clone_id}")
}

/// As text for a file of lines.
fn plain<'a>(what: &'a OsStr, name: &str) -> Result<&'a str> {
    match what.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text),
        _ => bail!("{name} cannot be written into a timer: `{}`", what.display()),
    }
}

/// The service that the timer starts. `KillMode=process`: the builds that a sync starts live
/// longer than the sync.
pub(super) fn service_text(beat: &Beat) -> Result<String> {
    let exe = plain(beat.exe.as_os_str(), "the path of buildq")?;
    let repo = plain(beat.repo.as_os_str(), "the path of the repository")?;
    let path = plain(&beat.path, "the search path")?;
    Ok(format!(
        "# Written by `buildq heartbeat install`; `buildq heartbeat remove` takes it away.\n\
         [Unit]\n\
         Description=buildq sync in {name}\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         KillMode=process\n\
         WorkingDirectory={repo}\n\
         Environment={path}\n\
         ExecStart={exe} sync --quiet\n",
        name = repo.replace('%', "%%").replace('\\', "/"),
        repo = repo.replace('%', "%%"),
        path = unit_word(&format!("PATH={path}"), false),
        exe = unit_word(exe, true),
    ))
}

/// A timer that fires at round times, and at once when one was slept through.
pub(super) fn timer_text(beat: &Beat) -> Result<String> {
    let repo = plain(beat.repo.as_os_str(), "the path of the repository")?;
    Ok(format!(
        "# Written by `buildq heartbeat install`; `buildq heartbeat remove` takes it away.\n\
         [Unit]\n\
         Description=buildq heartbeat in {name}\n\
         \n\
         [Timer]\n\
         OnCalendar={calendar}\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        name = repo.replace('%', "%%").replace('\\', "/"),
        calendar = beat.every.calendar(),
    ))
}

/// One quoted word of a unit file. Only commands know `$`.
fn unit_word(text: &str, command: bool) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    let text = if command { text.replace('$', "$$") } else { text };
    format!("\"{text}\"")
}

/// One line of a crontab. Cron takes `%` for a newline unless it is escaped, also in quotes.
pub(super) fn cron_line(beat: &Beat) -> Result<String> {
    let exe = shell_words::quote(plain(beat.exe.as_os_str(), "the path of buildq")?);
    let repo = shell_words::quote(plain(beat.repo.as_os_str(), "the path of the repository")?);
    let path = shell_words::quote(plain(&beat.path, "the search path")?);
    let line = |path: &str| {
        let command = format!("cd {repo} && {path}{exe} sync --quiet >/dev/null 2>&1");
        format!("{} {}", beat.every.cron(), command.replace('%', r"\%"))
    };
    let whole = line(&format!("PATH={path} "));
    Ok(if whole.len() <= CRON_LINE { whole } else { line("") })
}

/// A launch agent. `AbandonProcessGroup`: the builds that a sync starts live longer than it.
pub(super) fn plist_text(beat: &Beat) -> Result<String> {
    let xml = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let exe = xml(plain(beat.exe.as_os_str(), "the path of buildq")?);
    let repo = xml(plain(beat.repo.as_os_str(), "the path of the repository")?);
    let path = xml(plain(&beat.path, "the search path")?);
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>{label}</string>
  <key>ProgramArguments</key>
  <array><string>{exe}</string><string>sync</string><string>--quiet</string></array>
  <key>WorkingDirectory</key><string>{repo}</string>
  <key>EnvironmentVariables</key>
  <dict><key>PATH</key><string>{path}</string></dict>
  <key>StartInterval</key><integer>{seconds}</integer>
  <key>RunAtLoad</key><true/>
  <key>AbandonProcessGroup</key><true/>
</dict>
</plist>
"#,
        label = label(&beat.clone_id),
        seconds = beat.every.span().as_secs(),
    ))
}

fn marks(clone_id: &str) -> [String; 2] {
    [format!("# >>> buildq {clone_id} >>>\n"), format!("# <<< buildq {clone_id} <<<\n")]
}

/// Where this clone's block stands in a crontab.
pub(super) fn block_of(text: &str, clone_id: &str) -> Option<std::ops::Range<usize>> {
    let [begin, end] = marks(clone_id);
    let start = text.find(&begin)?;
    let length = text[start..].find(&end)? + end.len();
    Some(start..start + length)
}

pub(super) fn without_block(text: &str, clone_id: &str) -> String {
    let mut text = text.to_owned();
    while let Some(range) = block_of(&text, clone_id) {
        text.replace_range(range, "");
    }
    text
}

pub(super) fn with_block(text: &str, clone_id: &str, line: &str) -> String {
    let mut text = without_block(text, clone_id);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let [begin, end] = marks(clone_id);
    text + &begin + line + "\n" + &end
}
