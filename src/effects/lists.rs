//! The files of a list that is to be brought over: read within bounds, and never through a link
//! in a folder.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::core::bring::Page;

/// All files of a list together, in bytes.
const LARGEST: u64 = 50 << 20;
/// Files of one list.
const MOST_FILES: usize = 20_000;
/// Folders in folders are looked into this far.
const DEEPEST: usize = 8;
/// Among so many bytes one that is no text spoils it.
const SOUND: usize = 50;

/// What was read, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Pages {
    /// In the order of their names.
    pub pages: Vec<Page>,
    /// Files that were left alone, and why.
    pub left: Vec<String>,
}

/// Standard input, a file, or what in a folder may be part of a list. Files are called as they
/// are from `top`, if they lie in it.
pub fn read(path: &Path, top: Option<&Path>) -> Result<Pages> {
    if path == Path::new("-") {
        let (text, left) = text("stdin", std::io::stdin().lock())?;
        let pages = vec![Page { name: "stdin".into(), text }];
        return Ok(Pages { pages, left });
    }
    let found = fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut files = Vec::new();
    match found.is_dir() {
        true => walk(path, 0, &mut files)?,
        false if found.is_file() => files.push(path.to_owned()),
        false => bail!("`{}` is neither a file nor a folder", path.display()),
    }
    files.sort();
    let mut read = Pages::default();
    let mut bytes = 0;
    for file in files {
        let name = name(&file, path, top);
        let opened = File::open(&file).with_context(|| format!("cannot read `{name}`"))?;
        match text(&name, opened) {
            Ok((text, left)) => {
                bytes += text.len() as u64;
                read.left.extend(left);
                read.pages.push(Page { name, text });
            }
            Err(error) if found.is_dir() => read.left.push(error.to_string()),
            Err(error) => return Err(error),
        }
        if bytes > LARGEST {
            bail!("`{}` holds more than {} MiB", path.display(), LARGEST >> 20);
        }
    }
    if read.pages.is_empty() {
        let why = read.left.first().cloned().unwrap_or_else(|| "there is no list in it".into());
        bail!("`{}`: {why}\nhint: name a Markdown or JSON file", path.display());
    }
    Ok(read)
}

/// Markdown and JSON below a folder; hidden folders are passed over but for beads' own.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("`{}`", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                let hidden = name.starts_with('.') && !matches!(&*name, ".beads" | ".backlog");
                if !hidden && !matches!(&*name, "node_modules" | "target") {
                    walk(&path, depth + 1, files)?;
                }
            }
            Ok(kind) if kind.is_file() => {
                let ends = [".md", ".markdown", ".json", ".jsonl", "todo.txt"];
                if ends.iter().any(|end| name.ends_with(end)) {
                    files.push(path);
                }
            }
            _ => {}
        }
        if files.len() > MOST_FILES {
            bail!("`{}` holds more than {MOST_FILES} files", folder.display());
        }
    }
    Ok(())
}

fn name(file: &Path, asked: &Path, top: Option<&Path>) -> String {
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let inside = top.and_then(|top| whole.strip_prefix(top.canonicalize().ok()?).ok());
    let below = file.strip_prefix(asked).ok().filter(|rest| !rest.as_os_str().is_empty());
    let last = whole.file_name().map(PathBuf::from).unwrap_or_default();
    inside.or(below).unwrap_or(&last).to_string_lossy().into_owned()
}

/// Text in UTF-8, or in UTF-16 with its mark, as PowerShell writes it; a few broken characters are
/// shown as such and told.
fn text(name: &str, from: impl Read) -> Result<(String, Vec<String>)> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("`{name}`"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("`{name}` is larger than {} MiB\nhint: split it", LARGEST >> 20);
    }
    let wide = |pair: &[u8]| match bytes[0] {
        0xff => u16::from_le_bytes([pair[0], pair[1]]),
        _ => u16::from_be_bytes([pair[0], pair[1]]),
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(wide).collect();
        return Ok((String::from_utf16_lossy(&units), Vec::new()));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => return Ok((text, Vec::new())),
        Ok(_) => bail!("`{name}` is binary, not text"),
        Err(error) => error.into_bytes(),
    };
    let broken: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    if bytes.contains(&0) || broken > 16 && broken * SOUND > bytes.len() {
        bail!("`{name}` is not UTF-8 text\nhint: save it as UTF-8");
    }
    let left = format!("{name}: {broken} bytes are no UTF-8 and show as \u{fffd}");
    Ok((String::from_utf8_lossy(&bytes).into_owned(), vec![left]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_noise() {
        let of = |bytes: &[u8]| text("f", bytes).map(|(text, left)| (text, left.len()));
        assert_eq!(of(b"- a").unwrap(), ("- a".into(), 0));
        assert_eq!(of(b"caf\xe9 with much more text around").unwrap().1, 1);
        assert_eq!(of(b"\xff\xfea\0b\0").unwrap(), ("ab".into(), 0));
        assert!(of(&[0x80; 400]).is_err());
        assert!(of(b"a\0b").is_err());
        let error = text("f", std::io::repeat(b'a')).unwrap_err();
        assert!(error.to_string().starts_with("`f` is larger than 50 MiB"));
    }

    #[test]
    fn a_folder_is_read_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["tasks", ".git", ".beads"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in ["tasks/b.md", "a.md", ".git/c.md", ".beads/issues.jsonl", "x.png"] {
            fs::write(at(file), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc", at("out")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("p.md")).unwrap();
        let read = read(dir.path(), None).unwrap();
        let names: Vec<_> = read.pages.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(names, [".beads/issues.jsonl", "a.md", "tasks/b.md"]);
        let inside = super::read(&at("a.md"), Some(dir.path())).unwrap();
        assert_eq!(inside.pages[0].name, "a.md");
    }
}
