//! What the machine itself tells: the terminal's width, free disk.

use std::path::Path;

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

/// Bytes that this user may still write where a folder is, or will be.
pub fn disk_free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let told = rustix::fs::statvfs(there).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_room() {
        let dir = tempfile::tempdir().unwrap();
        assert!(disk_free(&dir.path().join("a/b")).is_some_and(|free| free > 0));
        assert!(width() > 0);
    }
}
