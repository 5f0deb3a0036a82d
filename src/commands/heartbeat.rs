//! `buildq heartbeat`

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;

use crate::effects::timers::{self, Beat, Every, Found, Host};

/// Let the system's own timer look at the queue now and then
///
/// It makes sure that windows open, retries start and reports are written also after a reboot.
#[derive(clap::Args, Debug)]
pub struct Heartbeat {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Install it, or change how often it runs
    Install {
        /// How often: a whole part of an hour or a day
        #[arg(long, value_name = "SPAN", default_value = "30m")]
        every: Every,
    },
    /// Say what is installed
    Status,
    /// Remove it
    Remove,
}

/// The clone that it is for.
pub struct Clone {
    /// Tells its timer from those of others.
    pub id: String,
    /// Where `sync` is to run.
    pub repo: PathBuf,
    /// This program.
    pub exe: PathBuf,
    /// The search path to run with.
    pub path: OsString,
}

/// Runs it.
pub fn run(args: &Heartbeat, host: &Host, clone: &Clone, out: &mut impl Write) -> Result<()> {
    match args.action {
        Action::Install { every } => {
            let found = install(host, clone, every)?;
            writeln!(out, "installed, every {every}: {}", describe(&found))?;
            writeln!(out, "undo: buildq heartbeat remove")?;
        }
        Action::Status => {
            let all = timers::status(host, &clone.id)?;
            for found in &all {
                let state = if found.active { "installed" } else { "installed, but not running" };
                writeln!(out, "{state}: {}", describe(found))?;
            }
            if all.is_empty() {
                writeln!(out, "not installed\nhint: buildq heartbeat install")?;
            }
        }
        Action::Remove => {
            let all = timers::remove(host, &clone.id)?;
            for found in &all {
                writeln!(out, "removed: {}", describe(&Found { hint: None, ..found.clone() }))?;
            }
            if all.is_empty() {
                writeln!(out, "nothing to remove")?;
            }
        }
    }
    Ok(())
}

/// Installs it for a clone.
pub fn install(host: &Host, clone: &Clone, every: Every) -> Result<Found> {
    let beat = Beat {
        clone_id: clone.id.clone(),
        exe: clone.exe.clone(),
        repo: clone.repo.clone(),
        path: clone.path.clone(),
        every,
    };
    timers::install(host, &beat)
}

/// What keeps time, where its files are, and what else to know.
pub fn describe(found: &Found) -> String {
    let mut text = found.kind.to_string();
    let files: Vec<_> = found.files.iter().map(|file| file.display().to_string()).collect();
    if !files.is_empty() {
        text += &format!(" ({})", files.join(", "));
    }
    if let Some(hint) = &found.hint {
        text += &format!("\nhint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::os::unix::fs::PermissionsExt;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Heartbeat,
    }

    #[test]
    fn it_says_what_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("crontab");
        let table = dir.path().join("table");
        let text = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\n[ \"$1\" = - ] && exec cat >'{0}'\n\
             [ -e '{0}' ] || {{ echo no crontab >&2; exit 1; }}\ncat '{0}'\n",
            table.display()
        );
        std::fs::write(&tool, text).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let host = Host {
            path: dir.path().into(),
            config: dir.path().join("config"),
            home: dir.path().into(),
            macos: false,
        };
        let clone = Clone {
            id: "4f1c".into(),
            repo: "/r".into(),
            exe: "/bin/buildq".into(),
            path: "/bin".into(),
        };
        let said = |words: &str| {
            let args = Cli::try_parse_from(words.split_whitespace()).unwrap().args;
            let mut out = Vec::new();
            run(&args, &host, &clone, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(said("heartbeat status"), "not installed\nhint: buildq heartbeat install\n");
        assert_eq!(
            said("heartbeat install --every 1h"),
            "installed, every 1h: crontab line\nundo: buildq heartbeat remove\n"
        );
        assert_eq!(said("heartbeat status"), "installed: crontab line\n");
        assert_eq!(said("heartbeat remove"), "removed: crontab line\n");
        assert_eq!(said("heartbeat remove"), "nothing to remove\n");
        assert!(Cli::try_parse_from(["heartbeat", "install", "--every", "7m"]).is_err());
    }
}
