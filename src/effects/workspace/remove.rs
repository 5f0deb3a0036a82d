//! Removing workspaces, whatever a builder has left in them.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Stands in the folder of all workspaces: below it, and nowhere else, folders are removed.
pub const SIGN: &str = ".buildq-workspaces";

/// What the name of a workspace begins with while it is removed.
pub const GOING: &str = ".gone-";
/// What the name of the mark ends with that lies beside a workspace that is to stay.
pub const KEPT: &str = ".kept";

/// Folders nested deeper are moved up first, so that open files and stack stay bounded.
const MAX_DEPTH: usize = 64;
/// What the name of a workspace's throw-away home ends in; it lies beside it.
pub const HOME: &str = ".home";

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW);

/// Says that a workspace holds what could not be taken over: it stays until a person has looked.
/// The mark lies beside it, where its builder cannot write.
pub fn keep(folder: &Path) -> Result<()> {
    let mark = mark(folder);
    std::fs::write(&mark, b"").with_context(|| format!("cannot write `{}`", mark.display()))
}

/// Whether it is to stay.
pub fn is_kept(folder: &Path) -> bool {
    std::fs::symlink_metadata(mark(folder)).is_ok()
}

fn mark(folder: &Path) -> std::path::PathBuf {
    let name = folder.file_name().unwrap_or_default();
    folder.with_file_name(format!("{}{KEPT}", name.to_string_lossy()))
}

/// Removes a workspace and its throw-away home; what is not there is fine. Never follows a
/// link, and makes read-only folders writable on its way (Go's module cache is made of them).
pub fn remove(folder: &Path) -> Result<()> {
    remove_home(folder)?;
    remove_whole(folder)?;
    let _ = std::fs::remove_file(mark(folder));
    super::spared::forget(folder);
    Ok(())
}

/// Removes the throw-away home of a workspace alone: it may hold a copy of a login.
pub fn remove_home(folder: &Path) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    remove_whole(&folder.with_file_name(format!("{name}{HOME}")))
}

fn remove_whole(folder: &Path) -> Result<()> {
    let about = match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        about => about.with_context(|| format!("cannot look at `{}`", folder.display()))?,
    };
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        bail!("`{}` is no workspace", folder.display());
    };
    if !about.is_dir() || !parent.join(SIGN).is_file() {
        bail!("`{}` is no workspace of buildq: it is left alone", folder.display());
    }
    let failed = || format!("cannot remove `{}`", folder.display());
    let parent = rustix::fs::open(parent, FOLDER | OFlags::CLOEXEC, Mode::empty());
    let parent = parent.with_context(failed)?;
    let going = set_aside(parent.as_fd(), name).with_context(failed)?;
    remove_folder(parent.as_fd(), &going).with_context(failed)
}

/// Takes the folder's name away in one step: half a workspace is never taken for a whole one,
/// whenever its removal is cut short.
fn set_aside(parent: BorrowedFd, name: &OsStr) -> Result<CString> {
    if name.as_bytes().starts_with(GOING.as_bytes()) {
        return Ok(CString::new(name.as_bytes())?);
    }
    for number in 0_u32.. {
        let going = format!("{GOING}{}-{number}", name.to_string_lossy());
        // To a folder that is there already only if that one is empty.
        match rustix::fs::renameat(parent, name, parent, going.as_str()) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(Errno::ACCESS) => {
                // A folder must be writable to be moved: its `..` changes.
                rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
                rustix::fs::renameat(parent, name, parent, going.as_str())?;
                return Ok(CString::new(going)?);
            }
            done => {
                done?;
                return Ok(CString::new(going)?);
            }
        }
    }
    bail!("too many removals were cut short")
}

/// Removes a folder below one that is open, whatever a builder has left in it.
pub fn remove_below(parent: &OwnedFd, name: &OsStr) -> Result<()> {
    Ok(remove_folder(parent.as_fd(), &CString::new(name.as_bytes())?)?)
}

fn remove_folder(parent: BorrowedFd, name: &CStr) -> Result<(), Errno> {
    let top = open_folder(parent, name)?;
    let mut moved = 0;
    loop {
        let before = moved;
        empty(top.as_fd(), top.as_fd(), &mut moved, 0)?;
        if moved == before {
            break;
        }
    }
    rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Removes all that a folder holds; what is nested too deeply is moved to the top instead.
fn empty(folder: BorrowedFd, top: BorrowedFd, moved: &mut u64, depth: usize) -> Result<(), Errno> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let is_folder = match entry.file_type() {
            FileType::Unknown => {
                let about = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(about.st_mode) == FileType::Directory
            }
            kind => kind == FileType::Directory,
        };
        if !is_folder {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        } else if depth < MAX_DEPTH {
            let below = open_folder(folder, name)?;
            empty(below.as_fd(), top, moved, depth + 1)?;
            rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?;
        } else {
            move_up(folder, name, top, moved)?;
        }
    }
    Ok(())
}

fn move_up(folder: BorrowedFd, name: &CStr, top: BorrowedFd, moved: &mut u64) -> Result<(), Errno> {
    // A folder must be writable to be moved: its `..` changes.
    drop(open_folder(folder, name)?);
    loop {
        *moved += 1;
        let target = format!(".buildq-deep-{moved}");
        match rustix::fs::renameat(folder, name, top, OsStr::new(&target)) {
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
            done => return done,
        }
    }
}

/// Opens a folder so that its entries can be removed.
fn open_folder(parent: BorrowedFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let open = || rustix::fs::openat(parent, name, FOLDER | OFlags::CLOEXEC, Mode::empty());
    let folder = match open() {
        Err(Errno::ACCESS) => {
            // Not even readable. The builder has ended: nobody swaps it for a link now.
            rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
            open()?
        }
        opened => opened?,
    };
    let mode = Mode::from_raw_mode(rustix::fs::fstat(&folder)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        rustix::fs::fchmod(&folder, mode | Mode::RWXU)?;
    }
    Ok(folder)
}
