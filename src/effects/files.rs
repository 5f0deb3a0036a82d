//! Small files, written whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// Puts a file at a path in one step, readable by its owner alone: a reader sees the old bytes
/// or the new ones, also after a power cut.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, true)
}

/// The same for what can be made again: a power cut may take it, so nobody waits for the disk.
pub fn replace_cache(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, false)
}

/// The name of a file that nobody else has made or will make. Of processes the number alone does not
/// tell them apart: in a sandbox each counts from 1, and the killed leave files behind.
pub fn new_name(kind: &str) -> String {
    format!("{kind}-{}", ulid::Ulid::new())
}

/// After the content of a sealed file: its SHA-256.
const SEAL: usize = 32;

/// A cache that tells when it was cut short or has lost a bit.
pub fn replace_sealed(path: &Path, mut content: Vec<u8>) -> Result<()> {
    let seal = Sha256::digest(&content);
    content.extend_from_slice(&seal);
    put(path, &content, false)
}

/// The content of such a file; `None` where there is none, or any doubt.
pub fn sealed(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    let (content, seal) = bytes.split_last_chunk::<SEAL>()?;
    if Sha256::digest(content).as_slice() != seal {
        return None;
    }
    bytes.truncate(bytes.len() - SEAL);
    Some(bytes)
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
