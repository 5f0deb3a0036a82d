//! Pipes, sockets and devices that a builder has put where git would read a file: opening one
//! hangs for as long as nobody writes to it.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Entries looked at, the shallow ones first.
const MOST: usize = 2_000_000;

/// Removes them: everywhere in git's own folder, and in the work tree where the name is one
/// that git reads (`.gitignore`, `.gitattributes`, …). Others are the builder's own affair.
pub fn remove(folder: &Path) {
    let mut folders = std::collections::VecDeque::from([folder.to_owned()]);
    let mut left = MOST;
    while let Some(next) = folders.pop_front() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let Some(fewer) = left.checked_sub(1) else { return };
            left = fewer;
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                folders.push_back(path);
            } else if !kind.is_file() && is_read_by_git(folder, &path) && hangs(&path) {
                _ = fs::remove_file(&path);
            }
        }
    }
}

fn is_read_by_git(folder: &Path, path: &Path) -> bool {
    let named = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".git"));
    named || path.starts_with(folder.join(".git"))
}

/// Whether there is no file at the end of it; links are followed, as git follows them.
fn hangs(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| {
        let kind = about.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_would_hang_on_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at(".git/info")).unwrap();
        fs::create_dir_all(at("sub")).unwrap();
        let pipes = [".git/index", ".git/info/exclude", ".gitignore", "sub/.gitattributes", "pipe"];
        for name in pipes {
            let path = at(name);
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RWXU,
                0,
            )
            .unwrap();
        }
        std::os::unix::fs::symlink("../pipe", at(".git/packed-refs")).unwrap();
        std::os::unix::fs::symlink("nowhere", at(".git/dangling")).unwrap();
        fs::write(at(".git/config"), "kept").unwrap();
        remove(dir.path());
        for gone in [".git/index", ".git/info/exclude", ".gitignore", "sub/.gitattributes"] {
            assert!(fs::symlink_metadata(at(gone)).is_err(), "{gone}");
        }
        assert!(fs::symlink_metadata(at(".git/packed-refs")).is_err());
        for kept in ["pipe", ".git/dangling", ".git/config"] {
            assert!(fs::symlink_metadata(at(kept)).is_ok(), "{kept}");
        }
    }
}
