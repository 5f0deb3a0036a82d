//! The heartbeat: a timer of the system that runs `buildq sync` now and then, so that a
//! reboot, a missed hook or a killed waker delays the queue but never stops it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;

mod texts;
pub use texts::{Beat, Every};
use texts::{
    block_of, cron_line, label, plist_text, service_text, timer_text, with_block, without_block,
};

/// What keeps time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A timer of the user's systemd.
    Systemd,
    /// The user's crontab.
    Cron,
    /// A launch agent.
    Launchd,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Systemd => "systemd user timer",
            Self::Cron => "crontab line",
            Self::Launchd => "launch agent",
        })
    }
}

/// A heartbeat that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What keeps time.
    pub kind: Kind,
    /// Its files; for cron none.
    pub files: Vec<PathBuf>,
    /// Whether it will fire; `false` when only its files are there.
    pub active: bool,
    /// What else its owner should know or do.
    pub hint: Option<String>,
}

/// Where timers are kept on this machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where `systemctl`, `loginctl`, `crontab` and `launchctl` are looked for.
    pub path: OsString,
    /// The user's configuration folder.
    pub config: PathBuf,
    /// The user's home.
    pub home: PathBuf,
    /// Whether launchd keeps time here.
    pub macos: bool,
}

impl Host {
    /// This machine and this user.
    pub fn here() -> Result<Self> {
        let base = etcetera::base_strategy::Xdg::new().context("cannot find the home directory")?;
        Ok(Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            config: base.config_dir(),
            home: base.home_dir().to_owned(),
            macos: cfg!(target_os = "macos"),
        })
    }

    /// Runs a tool to its end; `None` when there is no such tool.
    fn run(&self, tool: &str, args: &[&OsStr], input: &str) -> Result<Option<Ran>> {
        let exe =
            which::which_in_global(tool, Some(&self.path)).ok().and_then(|mut all| all.next());
        let Some(exe) = exe else { return Ok(None) };
        let cannot = || format!("cannot run `{}`", exe.display());
        let mut child = Command::new(&exe)
            .args(args)
            .env("PATH", &self.path)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(cannot)?;
        // A tool that does not read its input closes it; its exit code tells the rest.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes());
        }
        let out = child.wait_with_output().with_context(cannot)?;
        Ok(Some(Ran {
            good: out.status.success(),
            out: String::from_utf8_lossy(&out.stdout).into_owned(),
            err: String::from_utf8_lossy(&out.stderr).trim().to_owned(),
        }))
    }

    fn systemctl(&self, args: &[&str]) -> Result<Option<Ran>> {
        let args: Vec<&OsStr> = ["--user"].iter().chain(args).map(OsStr::new).collect();
        self.run("systemctl", &args, "")
    }

    fn systemd_answers(&self) -> Result<bool> {
        Ok(!self.macos && self.systemctl(&["show-environment"])?.is_some_and(|ran| ran.good))
    }

    fn units(&self, clone_id: &str) -> [PathBuf; 2] {
        let folder = self.config.join("systemd/user");
        ["service", "timer"].map(|kind| folder.join(format!("buildq-{clone_id}.{kind}")))
    }

    fn agent(&self, clone_id: &str) -> PathBuf {
        self.home.join("Library/LaunchAgents").join(format!("{}.plist", label(clone_id)))
    }
}

/// How a tool ended.
struct Ran {
    good: bool,
    out: String,
    err: String,
}

impl Ran {
    fn must(self, what: &str) -> Result<String> {
        if self.good { Ok(self.out) } else { bail!("{what} failed: {}", self.err) }
    }
}

/// Installs it with the first that answers; one that is there already is replaced.
pub fn install(host: &Host, beat: &Beat) -> Result<Found> {
    let kind = if host.macos {
        Kind::Launchd
    } else if host.systemd_answers()? {
        Kind::Systemd
    } else {
        Kind::Cron
    };
    let found = match kind {
        Kind::Systemd => install_units(host, beat),
        Kind::Cron => install_cron(host, beat),
        Kind::Launchd => install_agent(host, beat),
    }?;
    // One from a time when another kind answered would fire beside it.
    let all = status(host, &beat.clone_id)?;
    all.iter()
        .filter(|one| one.kind != kind)
        .try_for_each(|one| drop_one(host, &beat.clone_id, one))?;
    Ok(found)
}

/// What is installed for this clone.
pub fn status(host: &Host, clone_id: &str) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    let [service, timer] = host.units(clone_id);
    if timer.exists() || service.exists() {
        let name = format!("buildq-{clone_id}.timer");
        let active = host.systemctl(&["is-active", &name])?.is_some_and(|ran| ran.good);
        let files = [service, timer].into_iter().filter(|file| file.exists()).collect();
        all.push(Found { kind: Kind::Systemd, files, active, hint: linger(host)? });
    }
    let agent = host.agent(clone_id);
    if agent.exists() {
        let name = format!("{}/{}", domain(), label(clone_id));
        let args = [OsStr::new("print"), OsStr::new(&name)];
        let active = host.run("launchctl", &args, "")?.is_some_and(|ran| ran.good);
        all.push(Found { kind: Kind::Launchd, files: vec![agent], active, hint: None });
    }
    // A table that this user may not read holds nothing of ours.
    let table = crontab(host).ok().flatten().unwrap_or_default();
    if block_of(&table, clone_id).is_some() {
        all.push(Found { kind: Kind::Cron, files: Vec::new(), active: true, hint: None });
    }
    Ok(all)
}

/// Removes this clone's, and nothing else. Returns what was there.
pub fn remove(host: &Host, clone_id: &str) -> Result<Vec<Found>> {
    let all = status(host, clone_id)?;
    all.iter().try_for_each(|found| drop_one(host, clone_id, found))?;
    Ok(all)
}

fn drop_one(host: &Host, clone_id: &str, found: &Found) -> Result<()> {
    match found.kind {
        Kind::Systemd => {
            let name = format!("buildq-{clone_id}.timer");
            // Where no systemd answers, none is running either.
            host.systemctl(&["disable", "--now", &name])?;
            remove_files(&found.files)?;
            host.systemctl(&["daemon-reload"])?;
        }
        Kind::Launchd => {
            let name = format!("{}/{}", domain(), label(clone_id));
            host.run("launchctl", &[OsStr::new("bootout"), OsStr::new(&name)], "")?;
            remove_files(&found.files)?;
        }
        Kind::Cron => {
            let text = crontab(host)?.unwrap_or_default();
            write_crontab(host, &without_block(&text, clone_id))?;
        }
    }
    Ok(())
}

fn remove_files(files: &[PathBuf]) -> Result<()> {
    files.iter().try_for_each(|file| {
        fs::remove_file(file).with_context(|| format!("cannot remove `{}`", file.display()))
    })
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

fn install_units(host: &Host, beat: &Beat) -> Result<Found> {
    let [service, timer] = host.units(&beat.clone_id);
    let text = service_text(beat)?;
    write_file(&service, &text)?;
    write_file(&timer, &timer_text(beat)?)?;
    let name = format!("buildq-{}.timer", beat.clone_id);
    // `restart`, since an interval that has changed is not taken up by `enable --now`.
    for args in [&["daemon-reload"][..], &["enable", &name], &["restart", &name]] {
        if let Some(ran) = host.systemctl(args)? {
            ran.must(&format!("`systemctl --user {}`", args.join(" ")))?;
        }
    }
    let hint = linger(host)?;
    Ok(Found { kind: Kind::Systemd, files: vec![service, timer], active: true, hint })
}

/// Without lingering a user's timers run only while that user is logged in.
fn linger(host: &Host) -> Result<Option<String>> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let args = ["show-user", &uid, "--property=Linger", "--value"].map(OsStr::new);
    let off =
        host.run("loginctl", &args, "")?.is_some_and(|ran| ran.good && ran.out.trim() == "no");
    Ok(off.then(|| {
        "it runs only while you are logged in; `loginctl enable-linger` lets it run always".into()
    }))
}

fn install_cron(host: &Host, beat: &Beat) -> Result<Found> {
    let line = cron_line(beat)?;
    let Some(text) = crontab(host)? else {
        bail!(
            "neither `systemctl --user` nor `crontab` answers here\nhint: let something run \
             `buildq sync --quiet` in `{}` every {}",
            beat.repo.display(),
            beat.every
        );
    };
    write_crontab(host, &with_block(&text, &beat.clone_id, &line))?;
    Ok(Found { kind: Kind::Cron, files: Vec::new(), active: true, hint: None })
}

/// The user's crontab; empty where there is none, `None` where there is no cron.
fn crontab(host: &Host) -> Result<Option<String>> {
    let Some(ran) = host.run("crontab", &[OsStr::new("-l")], "")? else { return Ok(None) };
    // Any other failure must not be taken for an empty table, which would then be written.
    if !ran.good && ran.err.to_lowercase().contains("no crontab") {
        return Ok(Some(String::new()));
    }
    ran.must("`crontab -l`").map(Some)
}

fn write_crontab(host: &Host, text: &str) -> Result<()> {
    match host.run("crontab", &[OsStr::new("-")], text)? {
        Some(ran) => ran.must("`crontab -`").map(drop),
        None => bail!("`crontab` is gone"),
    }
}

fn install_agent(host: &Host, beat: &Beat) -> Result<Found> {
    let path = host.agent(&beat.clone_id);
    let text = plist_text(beat)?;
    let name = format!("{}/{}", domain(), label(&beat.clone_id));
    host.run("launchctl", &[OsStr::new("bootout"), OsStr::new(&name)], "")?;
    write_file(&path, &text)?;
    let domain = domain();
    let args = [OsStr::new("bootstrap"), OsStr::new(&domain), path.as_os_str()];
    if let Some(ran) = host.run("launchctl", &args, "")? {
        ran.must("`launchctl bootstrap`")?;
    }
    Ok(Found { kind: Kind::Launchd, files: vec![path], active: true, hint: None })
}

fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::texts::CRON_LINE;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn beat(repo: &str) -> Beat {
        Beat {
            clone_id: "4f1c".into(),
            exe: "/opt/50% \"off\"/$b/buildq".into(),
            repo: repo.into(),
            path: "/usr/bin:/opt/my tools/100%".into(),
            every: Every::Minutes(30),
        }
    }

    /// A machine whose tools are scripts that note down what they are told. `crontab` keeps
    /// its table in a file.
    struct Machine {
        dir: tempfile::TempDir,
    }

    impl Machine {
        fn new(tools: &[(&str, &str)]) -> Self {
            let machine = Self { dir: tempfile::tempdir().unwrap() };
            fs::create_dir(machine.at("bin")).unwrap();
            for (name, body) in tools {
                let exe = machine.at("bin").join(name);
                let notes = machine.at("notes");
                let text = format!(
                    "#!/bin/sh\nPATH=/usr/bin:/bin\ncd '{}'\necho {name} \"$@\" >>'{}'\n{body}\n",
                    machine.dir.path().display(),
                    notes.display()
                );
                fs::write(&exe, text).unwrap();
                fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).unwrap();
            }
            machine
        }

        fn at(&self, path: &str) -> PathBuf {
            self.dir.path().join(path)
        }

        fn host(&self, macos: bool) -> Host {
            Host {
                path: self.at("bin").into_os_string(),
                config: self.at("config"),
                home: self.at("home"),
                macos,
            }
        }

        fn notes(&self) -> String {
            let text = fs::read_to_string(self.at("notes")).unwrap_or_default();
            let _ = fs::remove_file(self.at("notes"));
            text
        }
    }

    const CRONTAB: (&str, &str) = (
        "crontab",
        "if [ \"$1\" = - ]; then exec cat >table; fi\n\
         [ -e table ] || { echo 'no crontab for ada' >&2; exit 1; }\nexec cat table",
    );

    #[test]
    fn unit_files_say_exactly_what_runs() {
        assert_eq!(
            service_text(&beat("/home/ada/my 100% repo")).unwrap(),
            "# Written by `buildq heartbeat install`; `buildq heartbeat remove` takes it away.\n\
             [Unit]\n\
             Description=buildq sync in /home/ada/my 100%% repo\n\
             \n\
             [Service]\n\
             Type=oneshot\n\
             KillMode=process\n\
             WorkingDirectory=/home/ada/my 100%% repo\n\
             Environment=\"PATH=/usr/bin:/opt/my tools/100%%\"\n\
             ExecStart=\"/opt/50%% \\\"off\\\"/$$b/buildq\" sync --quiet\n"
        );
        let timer = timer_text(&beat("/r")).unwrap();
        assert!(timer.contains("OnCalendar=*:0/30\nPersistent=true\n"), "{timer}");
        assert!(service_text(&beat("/a\nExecStart=/bin/evil")).is_err());
    }

    #[test]
    fn a_cron_line_reaches_the_shell_as_meant() {
        let mut beat = beat("/home/ada/it's 100%");
        let line = cron_line(&beat).unwrap();
        let command = line.strip_prefix("*/30 * * * * ").unwrap();
        assert_eq!(command.matches('%').count(), command.matches(r"\%").count(), "{line}");
        let words = shell_words::split(&command.replace(r"\%", "%")).unwrap();
        assert_eq!(
            words[..5],
            [
                "cd",
                "/home/ada/it's 100%",
                "&&",
                "PATH=/usr/bin:/opt/my tools/100%",
                "/opt/50% \"off\"/$b/buildq"
            ]
        );
        beat.path = "/x:".repeat(400).into();
        let line = cron_line(&beat).unwrap();
        assert!(line.len() <= CRON_LINE && !line.contains("PATH"), "{line}");
        beat.repo = "/a\n* * * * * evil".into();
        assert!(cron_line(&beat).is_err());
    }

    #[test]
    fn a_launch_agent_is_escaped() {
        let text = plist_text(&beat("/Users/a&b/<x>")).unwrap();
        assert!(text.contains("<string>/Users/a&amp;b/&lt;x&gt;</string>"), "{text}");
        assert!(text.contains("<integer>1800</integer>"), "{text}");
        assert!(text.contains("<string>dev.buildq.4f1c</string>"), "{text}");
    }

    #[test]
    fn only_round_parts_of_an_hour_or_a_day_can_be_said() {
        for (text, calendar, cron) in [
            ("30m", "*:0/30", "*/30 * * * *"),
            ("1m", "*:0/1", "* * * * *"),
            ("60 minutes", "0/1:00", "0 */1 * * *"),
            ("6h", "0/6:00", "0 */6 * * *"),
            ("1d", "0:00", "0 0 * * *"),
        ] {
            let every: Every = text.parse().unwrap();
            assert_eq!((every.calendar().as_str(), every.cron().as_str()), (calendar, cron));
            assert_eq!(every.to_string().parse(), Ok(every));
        }
        for text in ["7m", "45m", "90m", "5h", "2d", "30s", "0m", "often", "", "-5m"] {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }

    #[test]
    fn systemd_is_preferred_and_forgotten_whole() {
        let machine = Machine::new(&[("systemctl", "exit 0"), ("loginctl", "echo no"), CRONTAB]);
        let host = machine.host(false);
        assert_eq!(status(&host, "4f1c").unwrap(), []);
        machine.notes();
        let found = install(&host, &beat("/r")).unwrap();
        assert_eq!((found.kind, found.active), (Kind::Systemd, true));
        assert!(found.hint.as_ref().unwrap().contains("enable-linger"));
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(
            machine.notes(),
            format!(
                "systemctl --user show-environment\n\
                 systemctl --user daemon-reload\n\
                 systemctl --user enable buildq-4f1c.timer\n\
                 systemctl --user restart buildq-4f1c.timer\n\
                 loginctl show-user {uid} --property=Linger --value\n\
                 systemctl --user is-active buildq-4f1c.timer\n\
                 loginctl show-user {uid} --property=Linger --value\n\
                 crontab -l\n"
            )
        );
        install(&host, &beat("/r")).unwrap();
        assert_eq!(status(&host, "4f1c").unwrap(), std::slice::from_ref(&found));
        assert_eq!(status(&host, "beef").unwrap(), []);
        let other = host.config.join("systemd/user/buildq-beef.timer");
        fs::write(&other, "theirs").unwrap();
        assert_eq!(remove(&host, "4f1c").unwrap(), [found]);
        assert!(machine.notes().contains("disable --now buildq-4f1c.timer\n"));
        assert_eq!(status(&host, "4f1c").unwrap(), []);
        assert_eq!(fs::read_dir(host.config.join("systemd/user")).unwrap().count(), 1);
    }

    #[test]
    fn cron_keeps_every_other_line() {
        for theirs in ["", "MAILTO=ada\n0 5 * * * backup 100\\%\n", "# no end"] {
            let machine = Machine::new(&[("systemctl", "exit 1"), CRONTAB]);
            let host = machine.host(false);
            if !theirs.is_empty() {
                fs::write(machine.at("table"), theirs).unwrap();
            }
            let found = install(&host, &beat("/r")).unwrap();
            assert_eq!(found.kind, Kind::Cron);
            install(&host, &beat("/elsewhere")).unwrap();
            install(&host, &Beat { clone_id: "beef".into(), ..beat("/b") }).unwrap();
            let table = fs::read_to_string(machine.at("table")).unwrap();
            assert!(table.starts_with(theirs), "{table}");
            assert_eq!(table.matches("# >>> buildq 4f1c >>>\n").count(), 1, "{table}");
            assert!(table.contains("cd /elsewhere && ") && !table.contains("cd /r "), "{table}");
            assert_eq!(status(&host, "4f1c").unwrap(), [found]);
            remove(&host, "4f1c").unwrap();
            let table = fs::read_to_string(machine.at("table")).unwrap();
            assert!(table.starts_with(theirs) && table.contains("cd /b "), "{table}");
            remove(&host, "beef").unwrap();
            remove(&host, "beef").unwrap();
            let table = fs::read_to_string(machine.at("table")).unwrap();
            assert_eq!(table.trim_end(), theirs.trim_end());
        }
    }

    #[test]
    fn there_is_never_more_than_one() {
        let machine = Machine::new(&[("systemctl", "[ -e awake ]"), CRONTAB]);
        let host = machine.host(false);
        let kinds = || status(&host, "4f1c").unwrap().into_iter().map(|found| found.kind);
        install(&host, &beat("/r")).unwrap();
        assert!(kinds().eq([Kind::Cron]));
        fs::write(machine.at("awake"), "").unwrap();
        install(&host, &beat("/r")).unwrap();
        assert!(kinds().eq([Kind::Systemd]));
    }

    #[test]
    fn a_table_that_cannot_be_read_is_not_written() {
        let machine =
            Machine::new(&[("crontab", "[ \"$1\" = -l ] && { echo 'not allowed' >&2; exit 1; }")]);
        let error = install(&machine.host(false), &beat("/r")).unwrap_err();
        assert!(error.to_string().contains("not allowed"), "{error}");
        assert_eq!(machine.notes(), "crontab -l\n");
    }

    #[test]
    fn where_nothing_keeps_time_it_is_said() {
        let machine = Machine::new(&[]);
        let error = install(&machine.host(false), &beat("/r")).unwrap_err();
        assert!(error.to_string().contains("hint: let something run"), "{error}");
        assert_eq!(remove(&machine.host(false), "4f1c").unwrap(), []);
    }

    #[test]
    fn launchd_is_told() {
        let machine = Machine::new(&[("launchctl", "exit 0")]);
        let host = machine.host(true);
        let found = install(&host, &beat("/r")).unwrap();
        assert_eq!(found.kind, Kind::Launchd);
        let notes = machine.notes();
        assert!(notes.contains("launchctl bootstrap gui/"), "{notes}");
        assert_eq!(status(&host, "4f1c").unwrap(), [found]);
        remove(&host, "4f1c").unwrap();
        assert_eq!(status(&host, "4f1c").unwrap(), []);
    }
}
