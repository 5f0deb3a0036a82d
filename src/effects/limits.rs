//! How much one command may use, all of its processes together.
//!
//! Memory and disk are looked at from outside, twice a second: a limit on address space would
//! stop programs that only reserve it (Node, Java, Go), and control groups need a service
//! manager that a hook or a timer often cannot reach. What grows faster than that is the first
//! that the kernel ends when memory runs out. Processes are bounded by the kernel as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::machine;
use crate::domain::size;

/// How readily the kernel ends a build when memory runs out, from -1000 to 1000.
const BLAME: &[u8] = b"500";
/// Processes of one tree beyond this are not counted.
const MOST: usize = 100_000;

/// The bounds of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Processes and threads at once.
    pub processes: Option<u32>,
    /// Bytes that must stay free where this folder is.
    pub disk: Option<(PathBuf, u64)>,
}

/// What a tree of processes uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Processes and threads.
    pub tasks: u32,
    /// Bytes in memory; what several share counts for each.
    pub resident: u64,
}

impl Bounds {
    /// Whether there is anything to look at.
    pub fn are_some(&self) -> bool {
        self.memory.is_some() || self.processes.is_some() || self.disk.is_some()
    }

    /// Which of them what these processes and their descendants use has passed, in words.
    pub fn passed(&self, roots: &[u32]) -> Option<String> {
        if let Some((folder, least)) = &self.disk
            && let Some(free) = machine::disk_free(folder)
            && free < *least
        {
            let (free, least) = (size::show(free), size::show(*least));
            return Some(format!("the disk is nearly full: {free} free, {least} must stay"));
        }
        if self.memory.is_none() && self.processes.is_none() {
            return None;
        }
        let tree = tree(roots);
        let used = used(&tree);
        if let Some(most) = self.processes.filter(|most| used.tasks > *most) {
            let tasks = used.tasks;
            return Some(format!("it had {tasks} processes and threads, the limit is {most}"));
        }
        let most = self.memory.filter(|most| used.resident > *most)?;
        // Shared pages count once now.
        let proportional = tree.iter().map(|pid| share(*pid)).sum::<u64>();
        (proportional > most).then(|| {
            format!(
                "it used {} of memory, the limit is {}",
                size::show(proportional),
                size::show(most)
            )
        })
    }
}

/// Where the kernel stops what forks: above the limit, so that it is seen to be passed before
/// some of what was refused has ended.
pub fn ceiling(most: u32) -> u32 {
    most.saturating_add(most / 4).saturating_add(16)
}

/// Bounds the processes that this one and what it starts may have at once. Where they do not
/// count apart, those that the user has already come on top. The kernel holds root to no bound.
pub fn processes(most: u32, own_users: bool) {
    let others = if own_users { 0 } else { tasks_of_user() };
    let most = u64::from(ceiling(most)).saturating_add(others);
    let now = getrlimit(Resource::Nproc);
    let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    let new = Rlimit { current: lower(now.current), maximum: lower(now.maximum) };
    let _ = setrlimit(Resource::Nproc, new);
}

/// Makes this process and what it starts the first to go when memory runs out, and lets it
/// leave no dumps of it on the disk.
pub fn yield_to_others() {
    let _ = fs::write("/proc/self/oom_score_adj", BLAME);
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}

/// These processes and all that descend from them.
fn tree(roots: &[u32]) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut open = roots.to_vec();
    while let Some(pid) = open.pop() {
        if found.len() < MOST && found.insert(pid) {
            open.extend(children(pid));
        }
    }
    found
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let listed =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    listed
        .flat_map(|text| {
            text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}

fn used(tree: &BTreeSet<u32>) -> Used {
    let page = rustix::param::page_size() as u64;
    let mut used = Used::default();
    for pid in tree {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let fields: Vec<_> = match stat.rsplit_once(')') {
            Some((_, rest)) => rest.split_ascii_whitespace().collect(),
            None => continue,
        };
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        used.tasks += number(17).and_then(|threads| u32::try_from(threads).ok()).unwrap_or(1);
        used.resident += number(21).unwrap_or(0) * page;
    }
    used
}

/// A process's share of memory in bytes: what n share counts for an nth.
fn share(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Processes and threads of this user on the whole machine.
fn tasks_of_user() -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::getuid().as_raw();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries.filter(|entry| {
        let number = entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
        number && entry.metadata().is_ok_and(|about| about.uid() == me)
    });
    own.map(|entry| fs::read_dir(entry.path().join("task")).map_or(0, |tasks| tasks.count() as u64))
        .sum()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_descends_counts_and_nobody_else_does() {
        let script = "sleep 60 & (sleep 60 & wait) & echo up; wait";
        let mut child =
            Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let root = [child.id()];
        let begun = super::super::clock::tick();
        while tree(&root).len() < 4 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20));
            std::thread::yield_now();
        }
        let bounds = Bounds { processes: Some(3), ..Bounds::default() };
        assert!(bounds.passed(&root).unwrap().contains("4 processes and threads"));
        assert_eq!(Bounds { processes: Some(4), ..Bounds::default() }.passed(&root), None);
        let bounds = Bounds { memory: Some(1 << 10), ..Bounds::default() };
        assert!(bounds.passed(&root).unwrap().contains("of memory, the limit is 1.0 KiB"));
        assert_eq!(Bounds { memory: Some(1 << 40), ..Bounds::default() }.passed(&root), None);
        for pid in
            tree(&root).into_iter().filter_map(|pid| rustix::process::Pid::from_raw(pid as i32))
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        child.wait().unwrap();
    }

    #[test]
    fn a_full_disk_is_told() {
        let here = std::env::temp_dir();
        let full = Bounds { disk: Some((here.clone(), u64::MAX)), ..Bounds::default() };
        assert!(full.passed(&[]).unwrap().starts_with("the disk is nearly full"));
        assert_eq!(Bounds { disk: Some((here, 1)), ..Bounds::default() }.passed(&[]), None);
    }
}
