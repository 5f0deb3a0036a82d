//! What the machine itself tells: the terminal's width, free disk, whose disk it is.

pub mod sleep;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::env;
use super::process::{self, Invocation};

/// Columns of a text that goes to no terminal.
const NO_TERMINAL: usize = 100;

/// Columns of the terminal that standard output is.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    match size.map(|size| usize::from(size.ws_col)) {
        Ok(columns) if columns > 0 => columns,
        _ => NO_TERMINAL,
    }
}

/// A file as a link of a terminal: with the name of this machine, since a terminal may show another's.
pub fn file_url(path: &Path) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_bytes().iter();
    let mut url = String::from("file://");
    for byte in host.chain(path.as_os_str().as_encoded_bytes()) {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => url.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => url.push(char::from(*byte)),
            byte => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// Bytes that this user may still write where a folder is, or will be.
pub fn disk_free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let told = rustix::fs::statvfs(there).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Magic numbers of file systems that lie on another machine (`statfs(2)`, `linux/magic.h`).
const NETWORKS: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0x7375_7245, "Coda"),
    (0x5346_414f, "AFS"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
];

/// The kind of network file system that a folder lies on, if it is known to be one.
pub fn network(folder: &Path) -> Option<&'static str> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    #[cfg(target_os = "linux")]
    {
        // As wide as the system has it; only the low half is the number.
        let magic = rustix::fs::statfs(there).ok()?.f_type as u64 & 0xffff_ffff;
        NETWORKS.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (there, NETWORKS);
        None
    }
}

/// What a tool of the system says; nothing where it is missing, fails or takes long.
fn ask(words: &[&str]) -> Option<String> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let argv = words.iter().map(OsString::from).collect();
    let mut call = Invocation::new(argv, Path::new("/"), env::scrubbed(std::env::vars_os()));
    (call.timeout, call.own_tree) = (PATIENCE, false);
    let mut said = Vec::new();
    let mut sink = |bytes: &[u8]| {
        said.extend_from_slice(bytes);
        Ok(())
    };
    let (done, _) = process::pipe_to(&call, &mut sink, 1 << 20).ok()?;
    done.is_success().then(|| String::from_utf8_lossy(&said).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_room() {
        let dir = tempfile::tempdir().unwrap();
        assert!(disk_free(&dir.path().join("a/b")).is_some_and(|free| free > 0));
        assert!(width() > 0);
        assert_eq!(network(Path::new("/proc")), None);
    }

    #[test]
    fn a_link_to_a_file_has_letters_of_a_url_alone() {
        let url = file_url(Path::new("/tmp/a b\u{1b}/\u{e9};.md"));
        assert!(url.starts_with("file://"));
        assert!(url.ends_with("/tmp/a%20b%1B/%C3%A9%3B.md"), "{url}");
    }
}
