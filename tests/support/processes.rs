//! The processes of one test, found by the folder that everything of it lies in.

use std::fmt;
use std::fs;
use std::path::Path;

/// A process that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its words.
    pub argv: Vec<String>,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.argv.join(" "))
    }
}

impl Process {
    /// The first of its words; empty while it is being born or dies.
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// Whether it is this buildq verb.
    pub fn is(&self, verb: &str) -> bool {
        self.program().ends_with("buildq") && self.argv.iter().skip(1).any(|word| word == verb)
    }

    /// The one process that may outlive what started it.
    pub fn is_waker(&self) -> bool {
        self.is("waker")
    }
}

/// The living processes whose environment, working folder or words name a folder.
pub fn of_folder(folder: &Path) -> Vec<Process> {
    let name = folder.as_os_str().as_encoded_bytes();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let own = std::process::id() as i32;
    let belongs = |pid: &i32| {
        let proc = format!("/proc/{pid}");
        let holds = |bytes: Vec<u8>| bytes.windows(name.len()).any(|window| window == name);
        let file = |file: &str| fs::read(format!("{proc}/{file}")).unwrap_or_default();
        let cwd = fs::read_link(format!("{proc}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        cwd || holds(file("environ")) || holds(file("cmdline"))
    };
    let look = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let state = stat.rsplit_once(") ")?.1.chars().next()?;
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let argv = words.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let argv = argv.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        (!matches!(state, 'Z' | 'X')).then_some(Process { pid, argv })
    };
    pids.filter(|pid| *pid != own && belongs(pid)).filter_map(look).collect()
}

/// Whether a process is there and no zombie.
pub fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Ends a process without asking it.
pub fn kill(pid: i32) {
    signal(pid, rustix::process::Signal::KILL);
}

/// Halts a process, so that several can be ended at one moment.
pub fn stop(pid: i32) {
    signal(pid, rustix::process::Signal::STOP);
}

fn signal(pid: i32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
