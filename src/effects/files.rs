//! Small files, written whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Puts a file at a path in one step, readable by its owner alone: a reader sees the old bytes
/// or the new ones, also after a power cut.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, File::sync_all)
}

/// The same for what may be lost: a power cut can leave an empty file. Waits for no disk.
pub fn replace_cache(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, |_| Ok(()))
}

fn put(path: &Path, bytes: &[u8], settle: fn(&File) -> io::Result<()>) -> Result<()> {
    let shown = || format!("cannot write `{}`", path.display());
    let folder = path.parent().with_context(shown)?;
    std::fs::create_dir_all(folder).with_context(shown)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(shown)?;
    file.write_all(bytes).with_context(shown)?;
    settle(file.as_file()).with_context(shown)?;
    file.persist(path).map_err(|error| error.error).with_context(shown)?;
    Ok(())
}
