//! The one module with unsafe code.
//!
//! Five things that nobody offers safely: `wait4`, which alone tells what one child has used;
//! `mkfifo` where rustix has none (macOS); the version of Landlock, which its library keeps to
//! itself; a setting of libgit2; and what a child does between fork and exec.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// The bytes that one unit of `ru_maxrss` stands for.
const RSS_UNIT: u64 = if cfg!(target_os = "macos") { 1 } else { 1024 };
/// The highest signal number there is.
const LAST_SIGNAL: libc::c_int = 64;
/// How far descriptors are looked for where the kernel has no `close_range`.
const LAST_OLD_FD: RawFd = 4096;

/// What a process and the descendants it waited for have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// The largest resident set of any one of them, in bytes.
    pub memory: u64,
}

impl Usage {
    /// Both together: times add up, of the memory the larger counts.
    pub fn with(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, memory: self.memory.max(other.memory) }
    }
}

/// Takes leave of a child that has ended; `None` when it lives.
pub fn reap(pid: i32) -> io::Result<Option<(ExitStatus, Usage)>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let done = loop {
        // SAFETY: both pointers are to live locals of the right types.
        let done = unsafe { libc::wait4(pid, &mut status, libc::WNOHANG, usage.as_mut_ptr()) };
        if done != -1 {
            break done;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    if done == 0 {
        return Ok(None);
    }
    // SAFETY: all zeroes is a valid rusage, and wait4 has filled it in.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| {
        let micros = i128::from(t.tv_sec) * 1_000_000 + i128::from(t.tv_usec);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    let usage = Usage {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        memory: u64::try_from(usage.ru_maxrss).unwrap_or(0) * RSS_UNIT,
    };
    Ok(Some((ExitStatus::from_raw(status), usage)))
}

/// The version of Landlock in this kernel; 0 where there is none or it is off.
pub fn landlock_version() -> u32 {
    #[cfg(target_os = "linux")]
    {
        const VERSION: libc::c_uint = 1;
        let nothing = std::ptr::null::<libc::c_void>();
        // SAFETY: with this flag the call reads no memory and only returns a number.
        let told =
            unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0usize, VERSION) };
        u32::try_from(told).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// From now on every object, pack and ref that libgit2 writes is on the disk, with its folder,
/// before the call returns.
pub fn sync_what_is_written() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        const SYNC: libc::c_int = libgit2_sys::GIT_OPT_ENABLE_FSYNC_GITDIR as libc::c_int;
        let on: libc::c_int = 1;
        // SAFETY: with this option the call reads one int and sets one flag.
        unsafe { libgit2_sys::git_libgit2_opts(SYNC, on) };
    });
}

/// Makes a FIFO that only this user may use.
pub fn mkfifo(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the pointer is to a live string that ends with a zero byte.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What a child is given beyond std's care.
#[derive(Clone, Copy, Debug, Default)]
pub struct Birth {
    /// The one descriptor above the standard three that the child inherits.
    pub keep: Option<RawFd>,
    /// Linux: the child is killed when the *thread* that started it ends.
    pub dies_with_parent: bool,
    /// The file into which the child writes that it joins a control group. That it may not is
    /// no error: other bounds hold it too.
    pub joins: Option<RawFd>,
    /// The child leads a session of its own, with no terminal.
    pub own_session: bool,
    /// The terminal of that session is the child's standard input.
    pub own_terminal: bool,
}

/// Has the child start clean: default signals, no descriptors but the standard ones (a
/// program that runs git may leak its own down to the hook) and the one kept.
pub fn prepare(command: &mut Command, birth: Birth) {
    let parent = std::process::id();
    // SAFETY: the closure runs between fork and exec; it allocates nothing, takes no lock
    // and calls only async-signal-safe functions.
    unsafe {
        command.pre_exec(move || {
            default_signals();
            if let Some(fd) = birth.joins {
                libc::write(fd, c"0".as_ptr().cast(), 1);
            }
            close_on_exec();
            if let Some(fd) = birth.keep
                && libc::fcntl(fd, libc::F_SETFD, 0) == -1
            {
                return Err(io::Error::last_os_error());
            }
            if birth.own_session && libc::setsid() == -1 {
                return Err(io::Error::last_os_error());
            }
            if birth.own_terminal && libc::ioctl(0, libc::TIOCSCTTY as _, 0) == -1 {
                return Err(io::Error::last_os_error());
            }
            if birth.dies_with_parent { die_with(parent) } else { Ok(()) }
        });
    }
}

fn default_signals() {
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: no handler of ours is involved; the few that cannot be set are refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills the set in before it is read.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

/// Marks every descriptor above the standard three; closing them at once would take from
/// std the pipe by which it learns that exec failed.
fn close_on_exec() {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: a plain system call that only sets flags.
        let done = unsafe {
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC)
        };
        if done == 0 {
            return;
        }
    }
    for fd in 3..LAST_OLD_FD {
        // SAFETY: setting a flag on a descriptor that is not open is refused.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: plain system calls without pointers.
    unsafe {
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == -1 {
            return Err(io::Error::last_os_error());
        }
        // It may have died before it was asked.
        if u32::try_from(libc::getppid()) != Ok(parent) {
            libc::_exit(125);
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::process::Stdio;

    use super::*;

    fn wait(pid: u32) -> (ExitStatus, Usage) {
        let start = super::super::clock::tick();
        loop {
            if let Some(end) = reap(pid as i32).unwrap() {
                return end;
            }
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_childs_use_is_told() {
        let busy = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; exit 3";
        #[allow(clippy::zombie_processes)] // `wait` below is our own
        let child = Command::new("sh").args(["-c", busy]).spawn().unwrap();
        let (status, usage) = wait(child.id());
        assert_eq!(status.code(), Some(3));
        assert!(usage.cpu > Duration::from_millis(1), "{usage:?}");
        assert!(usage.memory > 500_000 && usage.memory < 500_000_000, "{usage:?}");
        assert!(reap(child.id() as i32).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_starts_clean() {
        let dir = tempfile::tempdir().unwrap();
        let [leaked, kept] = ["leaked", "kept"].map(|name| dir.path().join(name));
        let files = [&leaked, &kept].map(|path| std::fs::File::create(path).unwrap());
        for file in &files {
            rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty()).unwrap();
        }
        let script = "ls -l /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status";
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        let keep = Some(files[1].as_raw_fd());
        prepare(&mut command, Birth { keep, own_session: true, ..Birth::default() });
        let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(!out.contains(leaked.to_str().unwrap()), "{out}");
        assert!(out.contains(&format!(" {} -> {}\n", files[1].as_raw_fd(), kept.display())));
        let masks: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("Sig")).collect();
        assert_eq!(masks.len(), 2);
        for mask in masks {
            let bits = u64::from_str_radix(mask.split_ascii_whitespace().nth(1).unwrap(), 16);
            // Two above the plain ones are the C library's own.
            assert_eq!(bits.unwrap() & 0x7fff_ffff, 0, "{out}");
        }
    }
}
