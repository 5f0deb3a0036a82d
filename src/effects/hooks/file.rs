//! One hook file: what it is, and where our block stands in it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "# >>> buildq >>>\n";
const END: &str = "# <<< buildq <<<";
/// What stands in the id line of every version; the rest is the version and the kind.
const ID: &str = "# buildq hook, id 5e0c2b7a91d4, version ";

/// How our block stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Alone,
    Block,
    Chain,
}

/// A file with our block in it.
pub(super) struct Ours<'a> {
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
    pub(super) kind: Kind,
    pub(super) version: &'a str,
    /// Whether a newline follows the block's last line.
    pub(super) ends_line: bool,
}

/// A hook file as it is.
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
    pub(super) symlink: bool,
}

impl File {
    pub(super) fn ours(&self) -> Option<Ours<'_>> {
        let bytes = self.bytes.as_slice();
        if self.symlink {
            return None;
        }
        let start = find(bytes, format!("{BEGIN}{ID}").as_bytes())?;
        let end = start + find(&bytes[start..], END.as_bytes())? + END.len();
        let id = std::str::from_utf8(&bytes[start + BEGIN.len() + ID.len()..end]).ok()?;
        let (version, kind) = id.lines().next()?.split_once(", ")?;
        let kind = match kind {
            "alone" => Kind::Alone,
            "chain" => Kind::Chain,
            _ => Kind::Block,
        };
        let ends_line = bytes.get(end) == Some(&b'\n');
        let after = &bytes[end + usize::from(ends_line)..];
        Some(Ours { before: &bytes[..start], after, kind, version, ends_line })
    }

    /// Where a block may be put in (after the shebang), or `None` when the hook must be
    /// called from outside; and what its owner should know.
    pub(super) fn shell(&self) -> (Option<usize>, Option<&'static str>) {
        if self.symlink {
            return (None, None);
        }
        if self.mode & 0o111 == 0 {
            return (None, Some("it is not executable, so git never ran it; it stays so"));
        }
        if std::str::from_utf8(&self.bytes).is_err() || self.bytes.contains(&0) {
            return (None, None);
        }
        if !self.bytes.starts_with(b"#!") {
            return (Some(0), Some("it has no `#!` line; git runs it with `sh`"));
        }
        let head = find(&self.bytes, b"\n").map_or(self.bytes.len(), |at| at + 1);
        let line = String::from_utf8_lossy(&self.bytes[2..head]);
        if line.trim_end_matches('\n').ends_with('\r') {
            return (None, Some("its first line ends in CRLF, so the system cannot run it"));
        }
        let note = if find(&self.bytes, b"\r\n").is_some() {
            Some("it has CRLF line ends, on which a shell stumbles")
        } else if !self.bytes.ends_with(b"\n") {
            Some("its last line has no end")
        } else {
            None
        };
        (is_shell(&line).then_some(head), note)
    }
}

/// Whether a shebang (without `#!`) names a shell that understands `sh`.
pub(super) fn is_shell(shebang: &str) -> bool {
    let mut words = shebang.split_whitespace();
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let mut program = words.next().map(name);
    if program.as_deref() == Some("env") {
        program = words.find(|word| !word.starts_with('-') && !word.contains('=')).map(name);
    }
    let shells = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];
    program.is_some_and(|program| shells.contains(&program.as_str()))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// `None` when there is no such file. A link is not followed for reading either: what it
/// points at is somebody else's.
pub(super) fn read(path: &Path) -> Result<Option<File>> {
    let cannot = || format!("cannot read the hook `{}`", path.display());
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(cannot),
    };
    let symlink = meta.file_type().is_symlink();
    let bytes = if symlink { Vec::new() } else { fs::read(path).with_context(cannot)? };
    Ok(Some(File { bytes, mode: meta.permissions().mode() & 0o7777, symlink }))
}

/// All or nothing: a hook is never half there.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut temp = tempfile::NamedTempFile::new_in(dir)?;
        temp.write_all(bytes)?;
        temp.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        temp.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write the hook `{}`", path.display()))
}
