//! Small files, written whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts a file at a path in one step, readable by its owner alone: a reader sees the old bytes
/// or the new ones, also after a power cut.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, true)
}

/// The same for what can be made again: a power cut may take it, so nobody waits for the disk.
pub fn replace_cache(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, false)
}

fn put(path: &Path, bytes: &[u8], durably: bool) -> Result<()> {
    let shown = || format!("cannot write `{}`", path.display());
    let folder = path.parent().with_context(shown)?;
    std::fs::create_dir_all(folder).with_context(shown)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(shown)?;
    file.write_all(bytes).with_context(shown)?;
    if durably {
        file.as_file().sync_all().with_context(shown)?;
    }
    file.persist(path).map_err(|error| error.error).with_context(shown)?;
    Ok(())
}
